"""Turns a drawn page into what a phone sends: a table under it, perspective, shade, noise, blur, JPEG. Seeded."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from linli.onestop.scans import drawing


def photograph(page: Image.Image, condition: str, seed: int) -> bytes:
    """PNG for `clean`; JPEG else. `photographed`: tilted to 6°, shaded, noisy. `bad`: that, blurred and in low light.
    `upside_down`: photographed, turned by 180°. ValueError for another condition."""
    if condition not in drawing.CONDITIONS:
        raise ValueError(f"no condition {condition}")
    if condition == "clean":
        return _encoded(page, "PNG")
    chance = random.Random(f"{condition}:{seed}")
    image = _shaded(_on_a_table(page, chance), chance)
    if condition == "bad":
        light = chance.uniform(0.28, 0.42)
        image = image.filter(ImageFilter.GaussianBlur(chance.uniform(1.2, 1.9))).point(
            [value * light for value in range(256)] * 3
        )
    if condition == "upside_down":
        image = image.transpose(Image.Transpose.ROTATE_180)
    return _encoded(
        _noisy(image, chance, 7 if condition == "bad" else 4), "JPEG", 60 if condition == "bad" else 78
    )


def _on_a_table(page: Image.Image, chance: random.Random) -> Image.Image:
    """Seen a little from the side, on wood, with a margin around."""
    width, height = page.width + 160, page.height + 160
    corners = [(80, 80), (page.width + 80, 80), (page.width + 80, page.height + 80), (80, page.height + 80)]
    turn = np.deg2rad(chance.uniform(-6, 6))
    middle = np.array([width / 2, height / 2])
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shake = 0.022 * min(page.size)
    seen = [
        spin @ (np.array(c) - middle) * 0.93 + middle + [chance.uniform(-shake, shake) for _ in "xy"]
        for c in corners
    ]
    flat = [(0, 0), (page.width, 0), (page.width, page.height), (0, page.height)]
    table = Image.new("RGB", (width, height), (118, 92, 70))
    paper = page.transform(
        (width, height), Image.Transform.PERSPECTIVE, _coefficients(seen, flat), Image.Resampling.BICUBIC
    )
    mask = Image.new("L", page.size, 255).transform(
        (width, height), Image.Transform.PERSPECTIVE, _coefficients(seen, flat), Image.Resampling.BILINEAR
    )  # fmt: skip
    table.paste(paper, (0, 0), mask)
    return table


def _coefficients(seen: list[np.ndarray], flat: list[tuple[int, int]]) -> list[float]:
    """The eight numbers that send a point of the photo to its point of the page (direct linear transform)."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip(seen, flat, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return [float(one) for one in np.linalg.solve(np.array(rows), np.array(wanted))]


def _shaded(image: Image.Image, chance: random.Random) -> Image.Image:
    """Light falls off to one corner, a hand's shadow lies somewhere."""
    width, height = image.size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = chance.uniform(0, 6.28)
    fall = (np.cos(angle) * x / width + np.sin(angle) * y / height) * 0.25
    shade = 0.93 - (fall - fall.min()) * chance.uniform(0.6, 1.0)
    middle, reach = (chance.uniform(0, width), chance.uniform(0, height)), 0.3 * width
    shade -= 0.12 * np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / (2 * reach**2))
    return Image.fromarray((np.asarray(image) * shade[..., None]).clip(0, 255).astype(np.uint8))


def _noisy(image: Image.Image, chance: random.Random, strength: float) -> Image.Image:
    noise = np.random.default_rng(chance.randrange(2**32)).normal(0, strength, (*image.size[::-1], 1))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def _encoded(image: Image.Image, form: str, quality: int = 90) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **({"quality": quality} if form == "JPEG" else {}))
    return out.getvalue()


def write_set(folder: Path, seed: int = 1, each: int = 5) -> int:
    """Draws `each` people per kind and condition into a folder, with truth.json. Returns the pages. Raises NoFont."""
    folder.mkdir(parents=True, exist_ok=True)
    font, told = drawing.han_font(), []
    for kind, condition, number in _each(each):
        at = seed * 1000 + number
        page, truth = drawing.draw(kind, at, font)
        name = f"{kind}-{condition}-{number}.{'png' if condition == 'clean' else 'jpg'}"
        (folder / name).write_bytes(photograph(page, condition, at))
        told.append({"file": name, "kind": kind, "condition": condition, "fields": truth})
    (folder / "truth.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    return len(told)


def _each(each: int) -> Iterator[tuple[str, str, int]]:
    """Every page shows somebody else, so that no two conditions share a face."""
    for kind in drawing.KINDS:
        for place, condition in enumerate(drawing.CONDITIONS):
            for number in range(each):
                yield kind, condition, place * each + number
