"""What a file is, judged by its bytes, and how alike two pictures are. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

PHASES = {"none": "未注明", "before": "处置前", "during": "处置中", "after": "处置后"}
EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
_BIDI = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_HEIC = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis", b"avif")
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Kind:
    """What the first bytes say: a content type and what people call it."""

    content_type: str
    zh: str


UNKNOWN = Kind("application/octet-stream", "无法识别的文件")
_MAGIC = (
    (b"\xff\xd8\xff", Kind("image/jpeg", "JPEG 照片")),
    (b"\x89PNG\r\n\x1a\n", Kind("image/png", "PNG 图片")),
    (b"GIF8", Kind("image/gif", "GIF 动图")),
    (b"BM", Kind("image/bmp", "BMP 图片")),
    (b"%PDF-", Kind("application/pdf", "PDF 文档")),
    (b"PK\x03\x04", Kind("application/zip", "压缩包或 Office 文档")),
    (b"\xd0\xcf\x11\xe0", Kind("application/x-ole-storage", "旧版 Office 文档")),
    (b"MZ", Kind("application/x-msdownload", "可执行程序")),
    (b"\x7fELF", Kind("application/x-elf", "可执行程序")),
    (b"#!", Kind("text/x-script", "脚本")),
)


def sniff(head: bytes) -> Kind:
    """The kind of a file by its first kilobyte; name and declared type are never believed."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind("image/webp", "WebP 图片")
    if head[4:8] == b"ftyp":
        return Kind("image/heic", "HEIC 照片") if head[8:12] in _HEIC else Kind("video/mp4", "视频")
    text = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<?xml")):
        return Kind("image/svg+xml", "SVG 或 XML 文件")
    if text.startswith((b"<!doctype", b"<html", b"<script", b"<!--")):
        return Kind("text/html", "网页文件")
    return UNKNOWN


def refusal(kind: Kind, allowed: Sequence[str]) -> str:
    """Why a kind is not taken and what to do instead; "" when it is."""
    if kind.content_type in allowed:
        return ""
    if kind.content_type == "image/heic":
        return "暂不支持 HEIC 照片。请在手机相机设置中把格式改为“兼容性最佳”（JPEG）后重拍，或截屏后上传。"
    return f"这是{kind.zh}，不能作为照片上传。请上传 JPEG、PNG 或 WebP 格式的照片。"


def clean_name(name: str, content_type: str = "") -> str:
    """A name without path, control or direction characters, at most 80 long, ending as its content says."""
    bare = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    bare = _BIDI.sub("", "".join(c for c in bare if unicodedata.category(c)[0] != "C"))
    stem = re.sub(r'[<>:"|?*]', "_", bare).strip(". ") or "照片"
    extension = EXTENSIONS.get(content_type, "")
    if extension:
        stem = re.sub(r"(\.[A-Za-z0-9]{1,5})+$", "", stem) or "照片"
    return stem[: LONGEST_NAME - len(extension)] + extension


def dhash(pixels: Sequence[int]) -> int:
    """Difference hash of 9 × 8 grey values in rows, as a signed 64-bit number (Krawetz, "Kind of Like That", 2013)."""
    bits = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            bits = bits << 1 | (pixels[at] < pixels[at + 1])
    return bits - (1 << 64) if bits >= 1 << 63 else bits


def distance(one: int, other: int) -> int:
    """How many of the 64 bits differ."""
    return ((one ^ other) & (1 << 64) - 1).bit_count()


def bands(phash: int) -> list[int]:
    """Four numbers, one a 16-bit band: hashes at most 3 bits apart share at least one of them."""
    bits = phash & (1 << 64) - 1
    return [band << 16 | (bits >> 16 * band) & 0xFFFF for band in range(4)]
