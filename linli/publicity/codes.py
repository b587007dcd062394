"""The code an objector without an account asks after the answer by: unguessable, repeatable, stored only as a hash."""

import hashlib
import hmac
import uuid

from django.conf import settings

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U: read aloud over the phone
LENGTH = 12


def answer_code(sender: str, client_uuid: uuid.UUID) -> str:
    """The same each time for the same sending."""
    key = settings.SECRET_KEY.encode()
    raw = hmac.new(key, f"publicity\x1f{sender}\x1f{client_uuid}".encode(), hashlib.sha256).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in raw[:LENGTH])


def code_hash(code: str) -> bytes:
    folded = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(b"linli-publicity" + folded.encode()).digest()
