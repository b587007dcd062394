"""The reading machine: PP-OCR models through rapidocr and onnxruntime, all inside the rapidocr wheel, no download.

Imported by the process `linli ocr` and the evaluation only: loading takes seconds and most of a gigabyte.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from linli.kernel.ocr.lines import Line, Page

LONGEST = 2000  # pixels of the longer side that are looked at
SMALLEST = 900  # a smaller picture is enlarged to this
SURE = 0.5  # lines below are noise
DARK = 0.45  # of full white: below, brightness is stretched before reading


@cache
def _machine() -> Any:
    """Loaded once a process. Threads: two at most, so that the web keeps answering on a small machine."""
    from rapidocr import RapidOCR

    machine = RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.max_side_len": LONGEST,
            "EngineConfig.onnxruntime.intra_op_num_threads": 2,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    for load_model in (machine._load_det_model, machine._load_cls_model, machine._load_rec_model):
        load_model()
    return machine


def load() -> None:
    """Loads the models now rather than at the first page."""
    _machine()


def read(data: bytes) -> Page:
    """All lines of a picture (JPEG, PNG, WebP), turned upright first. An empty page when there is no text.

    Raises OSError (Pillow's UnidentifiedImageError among them) for bytes that are no picture.
    """
    image = _prepared(data)
    turned = 0
    boxes = _boxes(image)
    if boxes is not None and _lies_on_its_side(boxes):
        image, turned = np.rot90(image, k=-1).copy(), 90  # clockwise
        boxes = _boxes(image)
    if boxes is not None and _stands_on_its_head(image, boxes):
        image, turned = np.rot90(image, k=2).copy(), turned + 180
        boxes = _boxes(image)
    height, width = image.shape[:2]
    lines = () if boxes is None else _lines(image, boxes)
    return Page(lines, width, height, turned)


def _prepared(data: bytes) -> np.ndarray:
    """Upright by its EXIF, three channels, of readable size, stretched when it is dark. BGR, as the models learnt."""
    with Image.open(io.BytesIO(data)) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    longest = max(image.size)
    scale = min(1.0, LONGEST / longest) if longest > SMALLEST else SMALLEST / longest
    if scale != 1.0:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    if np.percentile(np.asarray(image.convert("L")), 90) < DARK * 255:
        image = ImageOps.autocontrast(image, cutoff=1)
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _boxes(image: np.ndarray) -> np.ndarray | None:
    return _machine().text_det(image).boxes  # type: ignore[no-any-return]


def _sides(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Width and height of each box along its own edges."""
    return np.linalg.norm(boxes[:, 1] - boxes[:, 0], axis=1), np.linalg.norm(
        boxes[:, 3] - boxes[:, 0], axis=1
    )


def _lies_on_its_side(boxes: np.ndarray) -> bool:
    """More length of text runs down than across. Single characters are about square and say nothing."""
    wide, high = _sides(boxes)
    return bool(high[high > 1.5 * wide].sum() > wide[wide > 1.5 * high].sum())


def _stands_on_its_head(image: np.ndarray, boxes: np.ndarray) -> bool:
    """What the direction model says of the dozen longest lines, weighed by how sure it is."""
    wide, _ = _sides(boxes)
    crops = _machine().crop_text_regions(image, boxes[np.argsort(-wide)[:12]])
    said = _machine()._load_cls_model()(crops).cls_res
    return sum(score if "180" in label else -score for label, score in said) > 0


def _lines(image: np.ndarray, boxes: np.ndarray) -> tuple[Line, ...]:
    machine = _machine()
    read = machine.recognize_txt(machine.crop_text_regions(image, boxes))
    found = zip(boxes, read.txts, read.scores, strict=True)
    return tuple(
        Line(text.strip(), tuple((float(x), float(y)) for x, y in box), float(score))
        for box, text, score in found
        if text.strip() and score >= SURE
    )
