import hashlib
import io
import random
import uuid
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from linli.kernel.actor import Actor, Scope
from linli.kernel.files import actions, registry
from linli.kernel.files.models import Attachment
from linli.kernel.identity.models import Account

ANYBODY = (Scope("anyone", "", "", frozenset({"incidents.report"})),)
VISITOR = Actor(None, "anonymous", "", ANYBODY)
NOBODY = Actor(None, "anonymous", "")  # not even a visitor's rights


def scene(seed: int = 1, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A picture with soft patches, as photos have."""
    dice = random.Random(seed)
    small = Image.new("RGB", (8, 6))
    small.putdata([tuple(dice.randrange(256) for _ in range(3)) for _ in range(48)])
    return small.resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def photo(seed: int = 1, *, turned: int = 1, when: str = "2026:03:02 09:30:00", place: bool = True) -> bytes:
    """A JPEG as a phone writes it: time, place, make and orientation in EXIF."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SecretPhone"
    exif[ExifTags.Base.Orientation] = turned
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = when
    if place:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        gps[1], gps[2] = "N", (28.0, 9.0, 36.0)
        gps[3], gps[4] = "E", (113.0, 38.0, 24.0)
    return encoded(scene(seed), exif=exif, quality=92, comment=b"hidden words")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def acting(account: Account) -> Actor:
    return Actor(account.pk, "account", account.name, ANYBODY)


def start(by: Actor, data: bytes, name: str = "现场.jpg", client: uuid.UUID | None = None) -> Attachment:
    return actions.begin(
        by=by, name=name, size=len(data), sha256=sha(data), client_uuid=client or uuid.uuid4()
    )


def send(by: Actor, row: Attachment, data: bytes, offset: int = 0) -> Attachment:
    return actions.append(by=by, upload_id=row.key, offset=offset, data=data, sha256=sha(data))


def upload(by: Actor, data: bytes, name: str = "现场.jpg") -> Attachment:
    row = start(by, data, name)
    for at in range(0, len(data), 100_000):
        send(by, row, data[at : at + 100_000], at)
    return actions.finish(by=by, upload_id=row.key)


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path, monkeypatch) -> Path:
    settings.LINLI_FILES = tmp_path / "files"
    monkeypatch.setattr(registry, "_may_see", [])
    return settings.LINLI_FILES


@pytest.fixture
def worker(db) -> Account:
    return Account.objects.create(username="worker", name="网格员甲")


@pytest.fixture
def other(db) -> Account:
    return Account.objects.create(username="other", name="网格员乙")
