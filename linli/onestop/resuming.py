"""The code by which a draft is gone on with elsewhere: unguessable, repeatable, stored only as a hash."""

import hashlib
import hmac
import uuid

from django.conf import settings

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U: read aloud over the phone


def resume_code(sender: str, client_uuid: uuid.UUID) -> str:
    """Ten characters, the same each time for the same draft."""
    key = settings.SECRET_KEY.encode()
    raw = hmac.new(key, f"draft\x1f{sender}\x1f{client_uuid}".encode(), hashlib.sha256).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in raw[:10])


def resume_hash(code: str) -> bytes:
    folded = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(b"linli-draft" + folded.encode()).digest()
