"""Codes that stand for an account: unguessable, read aloud over the phone, repeatable, stored only as a hash."""

import hashlib
import hmac
import uuid

from django.conf import settings

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U: read aloud over the phone


def code_for(purpose: str, sender: str, client_uuid: uuid.UUID, length: int = 10) -> str:
    """`length` characters, the same each time for the same sending; about 4.9 bits each."""
    key = settings.SECRET_KEY.encode()
    raw = hmac.new(key, f"{purpose}\x1f{sender}\x1f{client_uuid}".encode(), hashlib.sha256).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in raw[:length])


def hash_of(purpose: str, code: str) -> bytes:
    """What is kept of a code; spaces, dashes and small letters make no difference."""
    folded = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(f"linli-{purpose}".encode() + folded.encode()).digest()
