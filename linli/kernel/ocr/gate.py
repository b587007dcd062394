"""Whether a photo of a paper is worth reading, told at once: a few sums over a small grey copy, no models.

A fault is advice to take the photo again, with its reason; whoever sent it may keep it.  The limits were set on drawn
papers photographed by `linli.onestop.scans.photographing` (clean and photographed pass, bad ones do not).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

SMALL = 600  # pixels of the shorter side: below, small print has too few pixels
LEAST = 32  # pixels: smaller is no photo of anything
LOOKED_AT = 1200  # pixels of the longer side of the grey copy
DARK = 95  # the paper (90th percentile of grey, 0–255) is darker than this
PALE = 40  # between paper and ink (90th and 2nd percentile): less, and nothing stands out
EDGE = 0.40  # the steepest edges rise less than this share of the contrast in one pixel: blurred
GLARE = 0.04  # share of the picture burnt out while the paper around it is not white
INK = 0.5  # a border as busy as this share of the inside: something is cut off

SAID = {
    "small": "照片太小，字看不清。请靠近一些，让证件占满画面。",
    "dark": "照片太暗。请到光线好的地方，或打开灯再拍。",
    "pale": "字和纸分不清。请换个光线再拍。",
    "blurred": "照片模糊。请拿稳手机，对准文字，对上焦再拍。",
    "glare": "照片有反光，盖住了字。请换个角度再拍，不要用闪光灯。",
    "cut_off": "纸边没有拍全。请把整页都放进画面再拍。",
}

FAULTS = {
    "small": "太小",
    "dark": "太暗",
    "pale": "反差太小",
    "blurred": "模糊",
    "glare": "反光",
    "cut_off": "没有拍全",
}


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured; `faults` are keys of SAID, the worst first."""

    faults: tuple[str, ...]
    paper: float
    contrast: float
    edge: float
    glare: float
    border: float


def judge(data: bytes) -> Quality:
    """Raises OSError for bytes that are no picture. Some tens of milliseconds for a phone's photo."""
    with Image.open(io.BytesIO(data)) as opened:
        shorter = min(opened.size)
        opened.draft("L", (LOOKED_AT, LOOKED_AT))  # JPEG: decoded at the small size already
        grey = ImageOps.exif_transpose(opened).convert("L")
    grey.thumbnail((LOOKED_AT, LOOKED_AT), Image.Resampling.BILINEAR)
    if min(grey.size) < LEAST:
        return Quality(("small",), 0.0, 0.0, 0.0, 0.0, 0.0)
    seen = np.asarray(grey, dtype=np.float32)
    ink, paper = (float(one) for one in np.percentile(seen, (2, 90)))
    contrast = paper - ink
    glare = _glare(seen, float(np.median(seen)))
    edge, border = _edge(seen, contrast), _border(seen, contrast)
    told = {
        "small": shorter < SMALL,
        "dark": paper < DARK,
        "pale": contrast < PALE and paper >= DARK,
        "blurred": contrast >= 12 and edge < EDGE,
        "glare": glare > GLARE,
        "cut_off": border > INK and paper >= DARK,  # in the dark, noise is busy everywhere
    }
    faults = tuple(name for name, is_so in told.items() if is_so)
    return Quality(
        faults, round(paper, 1), round(contrast, 1), round(edge, 3), round(glare, 4), round(border, 3)
    )


def _steps(seen: np.ndarray) -> np.ndarray:
    """How much each pixel differs from its right and lower neighbour, the larger of both."""
    across = np.abs(np.diff(seen, axis=1))[:-1]
    down = np.abs(np.diff(seen, axis=0))[:, :-1]
    return np.maximum(across, down)


def _edge(seen: np.ndarray, contrast: float) -> float:
    """The steepest half per cent of all steps as a share of the contrast: sharp print rises within a pixel or two."""
    return float(np.percentile(_steps(seen), 99.5)) / max(contrast, 1.0)


def _glare(seen: np.ndarray, usual: float) -> float:
    """The share burnt out; nothing on a page that is white all over."""
    return float((seen >= 252).mean()) if usual < 215 else 0.0


def _border(seen: np.ndarray, contrast: float) -> float:
    """How busy the busiest of the four outermost strips is, against the page as a whole. 0 on an empty page."""
    busy = _steps(seen) > 0.25 * contrast
    high, wide = busy.shape
    band = max(2, min(high, wide) // 100)
    inside = float(busy[high // 8 : -(high // 8) or None, wide // 8 : -(wide // 8) or None].mean())
    if inside < 0.002:
        return 0.0
    strips = (busy[:band], busy[-band:], busy[:, :band], busy[:, -band:])
    return max(float(strip.mean()) for strip in strips) / inside
