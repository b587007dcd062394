"""One real reading: the models come with the wheel and read a page that stands on its head."""

import io
from pathlib import Path

import pytest
from PIL import Image

from linli.kernel.ocr import reader

PAGE = Path(__file__).parent / "page.png"


def test_a_page_on_its_head_is_turned_and_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise AssertionError("the models are asked for from outside")

    monkeypatch.setattr("socket.socket.connect", offline)
    out = io.BytesIO()
    Image.open(PAGE).convert("RGB").transpose(Image.Transpose.ROTATE_180).save(out, "JPEG", quality=85)
    page = reader.read(out.getvalue())
    assert page.turned == 180
    assert "残疾人证" in page.text and "残疾等级" in page.text
    assert min(line.score for line in page.lines) >= reader.SURE


def test_an_empty_page_has_no_lines() -> None:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), (240, 240, 235)).save(out, "PNG")
    assert reader.read(out.getvalue()).lines == ()


def test_what_is_no_picture_is_refused_before_the_models_are_asked() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        reader.read(b"no picture")
