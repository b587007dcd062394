"""Reading, cleaning and shrinking pictures with Pillow. Bytes in, bytes out; no database, no file system."""

import contextlib
import io
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from PIL import ExifTags, Image, ImageOps

from linli.kernel import Refused
from linli.kernel.files.rules import dhash

SHANGHAI = timezone(timedelta(hours=8))
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_SMALL_PROFILE = 4096  # bytes; colour profiles of phones are under 1 KiB


@dataclass(frozen=True, slots=True)
class Picture:
    """A cleaned picture and what was hidden in the one received."""

    data: bytes
    content_type: str
    width: int
    height: int
    phash: int
    taken_at: datetime | None
    lat: float | None
    lon: float | None


def _refuse(said: str, code: str) -> Refused:
    return Refused(said, code=code, fields={"file": [said]})


def clean(data: bytes, content_type: str, most_pixels: int) -> Picture:
    """Turned upright, re-encoded without EXIF, GPS, XMP, comments, later frames or trailing bytes.

    Raises Refused for a picture that is broken, cut off, or too large to decode safely.
    """
    image = _open(data, content_type, most_pixels)
    taken_at, lat, lon = _evidence(image)
    try:
        upright = ImageOps.exif_transpose(image)
    except Exception:  # an EXIF block that cannot be written back
        upright = image
    return Picture(
        data=_encode(upright, content_type, image.info.get("icc_profile")),
        content_type=content_type,
        width=upright.width,
        height=upright.height,
        phash=fingerprint(upright),
        taken_at=taken_at,
        lat=lat,
        lon=lon,
    )


def _open(data: bytes, content_type: str, most_pixels: int) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is judged below, before anything is decoded
            image = Image.open(io.BytesIO(data), formats=[_FORMATS[content_type]])
        if image.width * image.height > most_pixels:
            raise _refuse(
                f"照片有 {image.width}×{image.height} 像素，过大。请调低相机分辨率后重拍。", "too_many_pixels"
            )
        image.load()
    except Refused:
        raise
    except Image.DecompressionBombError:
        raise _refuse("照片像素过大，请调低相机分辨率后重拍。", "too_many_pixels") from None
    except Exception:  # Pillow's decoders raise many kinds on broken input
        raise _refuse("照片已损坏或不完整，请重新拍摄或重新选择。", "broken_picture") from None
    return image


def _encode(image: Image.Image, content_type: str, profile: bytes | None) -> bytes:
    out = io.BytesIO()
    options: dict = {"icc_profile": profile if profile and len(profile) <= _SMALL_PROFILE else None}
    if content_type == "image/jpeg":
        if image.mode != "RGB":
            image, options["icc_profile"] = image.convert("RGB"), None
        options |= {"quality": 90}
    elif content_type == "image/webp":
        options |= {"quality": 90, "method": 2}
    else:
        options |= {"compress_level": 6}
    bare = Image.new(image.mode, image.size)
    if image.mode == "P" and (palette := image.getpalette()):
        bare.putpalette(palette)
        if "transparency" in image.info:
            options["transparency"] = image.info["transparency"]
    bare.paste(image)
    bare.save(out, _FORMATS[content_type], **options)
    return out.getvalue()


def _evidence(image: Image.Image) -> tuple[datetime | None, float | None, float | None]:
    """When and where the camera says the picture was taken; None for what is missing or nonsense."""
    try:
        exif = image.getexif()
        detail = exif.get_ifd(ExifTags.IFD.Exif)
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:
        return None, None, None
    lat = _degrees(gps, 2, {"N": 1, "S": -1}, 90)
    lon = _degrees(gps, 4, {"E": 1, "W": -1}, 180)
    if lat is None or lon is None or (lat == 0 and lon == 0):
        lat = lon = None
    return _taken(detail, exif), lat, lon


def _taken(detail: dict, exif: Image.Exif) -> datetime | None:
    said = detail.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    offset = str(detail.get(ExifTags.Base.OffsetTimeOriginal) or "+08:00").strip("\x00 ")
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        bare = str(said).strip("\x00 ")
        return datetime.strptime(f"{bare} {offset}", "%Y:%m:%d %H:%M:%S %z").astimezone(UTC)
    return None


def _degrees(gps: dict, tag: int, signs: dict[str, int], most: int) -> float | None:
    with contextlib.suppress(KeyError, TypeError, ValueError, ZeroDivisionError, IndexError):
        degrees, minutes, seconds = (float(part) for part in gps[tag])
        value = signs[str(gps[tag - 1]).strip("\x00 ").upper()] * (degrees + minutes / 60 + seconds / 3600)
        return round(value, 7) if abs(value) <= most else None
    return None


def fingerprint(image: Image.Image) -> int:
    """The 64-bit difference hash of a picture as it is seen."""
    grey = image.convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    return dhash(list(grey.tobytes()))


def thumbnail(data: bytes, size: int) -> bytes:
    """A WebP no longer than `size` pixels on its longer side, of a picture `clean` has made."""
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (size, size))
    small = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
    small.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=78, method=3)
    return out.getvalue()
