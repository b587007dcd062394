"""The gate: a good photo passes, each fault is named with its reason."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from linli.kernel.ocr import gate


def page(
    paper: int = 215, ink: int = 30, size: tuple[int, int] = (1400, 1000), margin: int = 120
) -> Image.Image:
    """Lines of strokes as print has them."""
    image = Image.new("L", size, paper)
    pen = ImageDraw.Draw(image)
    for y in range(margin, size[1] - margin, 48):
        for x in range(margin, size[0] - margin, 26):
            pen.line((x, y, x + 14, y + 18), ink, 3)
            pen.line((x + 14, y, x, y + 18), ink, 3)
    return image


def faults(image: Image.Image, form: str = "PNG") -> tuple[str, ...]:
    out = io.BytesIO()
    image.save(out, form)
    return gate.judge(out.getvalue()).faults


def lit(image: Image.Image, share: float) -> Image.Image:
    return image.point(lambda value: int(value * share))


def burnt(image: Image.Image) -> Image.Image:
    ImageDraw.Draw(image).ellipse((400, 250, 1000, 750), 255)
    return image


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (page(), ()),
        (page(paper=255), ()),
        (lit(page(), 0.3), ("dark",)),
        (page().filter(ImageFilter.GaussianBlur(4)), ("blurred",)),
        (page(size=(500, 420), margin=60), ("small",)),
        (burnt(page(paper=190)), ("glare",)),
        (page(ink=190), ("pale",)),
        (page().crop((300, 0, 1400, 1000)), ("cut_off",)),
        (Image.new("L", (8, 8)), ("small",)),
        (Image.new("L", (900, 900), 230), ("pale",)),
    ],
)
def test_each_fault_is_told_and_a_good_photo_has_none(image: Image.Image, said: tuple[str, ...]) -> None:
    assert faults(image) == said


def test_a_phones_jpeg_with_noise_passes() -> None:
    noise = np.random.default_rng(1).normal(0, 4, (1000, 1400))
    noisy = Image.fromarray((np.asarray(page()) + noise).clip(0, 255).astype(np.uint8))
    assert faults(noisy, "JPEG") == ()


def test_every_fault_has_a_reason_and_a_remedy() -> None:
    assert set(gate.SAID) == set(gate.FAULTS)
    assert all(said.count("。") == 2 or "请" in said for said in gate.SAID.values())


def test_what_is_no_picture_is_said_to_be_none() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        gate.judge(b"no picture")
