import io
import struct
import zlib
from datetime import UTC, datetime

import pytest
from PIL import Image

from linli.kernel import Refused
from linli.kernel.files.pictures import clean, fingerprint, thumbnail
from linli.kernel.files.rules import distance
from linli.kernel.files.tests.conftest import encoded, photo, scene

MOST = 60_000_000


def reopened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_time_and_place_are_read_before_they_are_stripped():
    picture = clean(photo(), "image/jpeg", MOST)
    assert picture.taken_at == datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    assert (picture.lat, picture.lon) == (28.16, 113.64)
    assert (picture.width, picture.height) == (640, 480)


def test_nothing_hidden_is_left():
    dirty = photo() + b"<script>alert(1)</script>"
    picture = clean(dirty, "image/jpeg", MOST)
    assert b"SecretPhone" in dirty and b"hidden words" in dirty
    for hidden in (b"SecretPhone", b"hidden words", b"<script>", b"Exif"):
        assert hidden not in picture.data
    assert not reopened(picture.data).getexif()


def test_a_turned_picture_stands_upright():
    picture = clean(photo(turned=6), "image/jpeg", MOST)
    assert (picture.width, picture.height) == (480, 640)
    assert reopened(picture.data).size == (480, 640)


@pytest.mark.parametrize(
    "when", ["0000:00:00 00:00:00", "yesterday", "2026:13:40 99:00:00", "", "9999:99:99 00:00:00"]
)
def test_a_nonsense_time_is_no_time(when):
    assert clean(photo(when=when), "image/jpeg", MOST).taken_at is None


def test_a_picture_without_place_has_none():
    picture = clean(photo(place=False), "image/jpeg", MOST)
    assert (picture.lat, picture.lon) == (None, None)


@pytest.mark.parametrize(
    ("form", "mode", "content_type"),
    [
        ("PNG", "RGBA", "image/png"),
        ("PNG", "P", "image/png"),
        ("PNG", "1", "image/png"),
        ("PNG", "I;16", "image/png"),
        ("WEBP", "RGBA", "image/webp"),
        ("JPEG", "CMYK", "image/jpeg"),
        ("JPEG", "L", "image/jpeg"),
    ],
)
def test_every_usual_colour_mode_is_cleaned_and_shrunk(form, mode, content_type):
    image = Image.new("I;16", (640, 480), 300) if mode == "I;16" else scene().convert(mode)
    picture = clean(encoded(image, form), content_type, MOST)
    assert reopened(picture.data).format == form
    small = reopened(thumbnail(picture.data, 320))
    assert (small.format, small.size) == ("WEBP", (320, 240))


def test_text_chunks_of_a_png_are_dropped():
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "hidden words")
    assert b"hidden words" not in clean(encoded(scene(), "PNG", pnginfo=info), "image/png", MOST).data


def test_only_the_first_frame_of_an_animation_is_kept():
    frames = [scene(1), scene(2)]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100)
    assert getattr(reopened(clean(data, "image/webp", MOST).data), "n_frames", 1) == 1


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_truncated_picture_is_refused(keep):
    data = photo()
    with pytest.raises(Refused, match="不完整") as refused:
        clean(data[: int(len(data) * keep)], "image/jpeg", MOST)
    assert "file" in refused.value.fields


def test_a_file_that_only_begins_like_a_picture_is_refused():
    for content_type, head in [("image/jpeg", b"\xff\xd8\xff\xe0"), ("image/png", b"\x89PNG\r\n\x1a\n")]:
        with pytest.raises(Refused):
            clean(head + b"MZ" * 500, content_type, MOST)


def bomb(width: int, height: int) -> bytes:
    """A few kilobytes that decode into gigabytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8_000, 30_000, 2_000_000])
def test_a_decompression_bomb_is_refused_undecoded(side):
    with pytest.raises(Refused, match="像素"):
        clean(bomb(side, side), "image/png", MOST)


def test_a_small_picture_is_not_blown_up():
    assert reopened(thumbnail(clean(encoded(scene(size=(64, 48))), "image/jpeg", MOST).data, 320)).size == (
        64,
        48,
    )


def test_a_compressed_copy_has_nearly_the_same_fingerprint_and_another_scene_has_not():
    original = fingerprint(scene(1))
    copy = fingerprint(reopened(encoded(scene(1, (320, 240)), quality=40)))
    assert distance(original, copy) <= 6
    assert distance(original, fingerprint(scene(2))) > 12
