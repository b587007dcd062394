"""Personal values at rest: authenticated encryption, and an HMAC blind index to find them by.

Ciphertext is `1:<key id>:<base64(nonce ‖ ciphertext ‖ tag)>`, AES-256-GCM or SM4-GCM by setting; the column's
name is bound in as associated data, so that a value copied to another column does not open. Keys come from a
JSON file `{"cipher": "aes"|"sm4", "current": "1", "keys": {"1": base64}, "index": base64}`.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.lookups import Exact

from linli.kernel import Refused


class Keys:
    """The key ring in memory."""

    def __init__(self, ring: dict) -> None:
        self.cipher = ring.get("cipher", "aes")
        self.current = ring["current"]
        self.keys = {name: base64.b64decode(key) for name, key in ring["keys"].items()}
        self.index = base64.b64decode(ring["index"])

    def seal(self, text: str, bound: str) -> str:
        """Encrypts under the current key; a fresh 96-bit nonce each time."""
        nonce = os.urandom(12)
        key = self.keys[self.current]
        if self.cipher == "sm4":
            work = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce)).encryptor()
            work.authenticate_additional_data(bound.encode())
            sealed = work.update(text.encode()) + work.finalize() + work.tag
        else:
            sealed = AESGCM(key).encrypt(nonce, text.encode(), bound.encode())
        return self.head() + base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, bound: str) -> str:
        """Decrypts whatever key and cipher it was sealed with; raises Refused when it was tampered with."""
        mark, key_id, body = sealed.split(":", 2)
        raw = base64.b64decode(body)
        nonce, rest = raw[:12], raw[12:]
        try:
            key = self.keys[key_id]
            if mark == "2":
                work = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce, rest[-16:])).decryptor()
                work.authenticate_additional_data(bound.encode())
                return (work.update(rest[:-16]) + work.finalize()).decode()
            return AESGCM(key).decrypt(nonce, rest, bound.encode()).decode()
        except (InvalidTag, KeyError) as why:
            raise Refused(
                "加密数据无法解开：密钥缺失或数据被改动，请联系管理员。", code="sealed_value", status=500
            ) from why

    def head(self) -> str:
        """How everything sealed under the current key and cipher begins."""
        return f"{'2' if self.cipher == 'sm4' else '1'}:{self.current}:"

    def blind(self, text: str) -> bytes:
        """HMAC-SHA-256, first 16 bytes: equal texts, equal index; nothing else can be read from it."""
        return hmac.new(self.index, text.encode(), hashlib.sha256).digest()[:16]


def new_ring(cipher: str = "aes") -> dict:
    return {
        "cipher": cipher,
        "current": "1",
        "keys": {"1": base64.b64encode(secrets.token_bytes(32)).decode()},
        "index": base64.b64encode(secrets.token_bytes(32)).decode(),
    }


@cache
def keys() -> Keys:
    """The ring of settings.LINLI_KEYS; made on first use, readable by the owner only."""
    path = Path(settings.LINLI_KEYS)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(new_ring(settings.LINLI_CIPHER), out)
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)  # the first process wins; the others read its ring
        fresh.unlink()
    return Keys(json.loads(path.read_text()))


def add_key() -> str:
    """Adds a fresh key to the ring file and makes it current; the file is replaced whole. Returns its name."""
    path = Path(settings.LINLI_KEYS)
    keys()  # made on first use
    ring = json.loads(path.read_text())
    name = str(max(int(one) for one in ring["keys"]) + 1)
    ring["keys"][name] = base64.b64encode(secrets.token_bytes(32)).decode()
    ring |= {"current": name, "cipher": settings.LINLI_CIPHER}
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(ring, out)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
    keys.cache_clear()
    return name


def unseal(sealed: str, bound: str) -> str:
    """Opens a value; a key this process has not met yet is looked for in the file once more (rotation)."""
    if sealed.split(":", 2)[1] not in keys().keys:
        keys.cache_clear()
    return keys().open(sealed, bound)


class OnlyEmpty(Exact):
    """The one comparison ciphertext allows: with "" (nonces make equal texts differ)."""

    def __init__(self, lhs: object, rhs: object) -> None:
        if rhs != "":
            raise FieldError(
                "an encrypted field can only be compared with ''; look values up by their blind index"
            )
        super().__init__(lhs, rhs)


class EncryptedTextField(models.TextField):
    """Text in Python, ciphertext in the table; "" stays "". Cannot be filtered on, except for being empty:
    keep a BlindIndexField beside it."""

    @property
    def bound(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        return unseal(value, self.bound) if value else value

    def get_prep_value(self, value: object) -> str | None:
        text = super().get_prep_value(value)
        return keys().seal(text, self.bound) if text else text

    def get_lookup(self, name: str):  # type: ignore[no-untyped-def]
        return OnlyEmpty if name == "exact" else super().get_lookup(name) if name == "isnull" else None


class BlindIndexField(models.BinaryField):
    """Sixteen bytes of HMAC over the normalised value; make them with `blind(text)`."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs["max_length"] = 16
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def get_prep_value(self, value: object) -> object:
        return bytes(value) if isinstance(value, memoryview) else super().get_prep_value(value)


def blind(text: str) -> bytes:
    """The blind index of a phone, identity number or card, spaces and case folded."""
    return keys().blind("".join(text.split()).upper())
