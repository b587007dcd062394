"""The code a reporter without an account follows a report by: unguessable, repeatable, stored only as a hash."""

import hashlib
import hmac
import uuid

from django.conf import settings

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U: read aloud over the phone


def tracking_code(sender: str, client_uuid: uuid.UUID) -> str:
    """Ten characters nobody can guess, the same each time for the same sending; only their hash is stored."""
    key = settings.SECRET_KEY.encode()
    raw = hmac.new(key, f"track\x1f{sender}\x1f{client_uuid}".encode(), hashlib.sha256).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in raw[:10])


def tracking_hash(code: str) -> bytes:
    folded = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(b"linli-track" + folded.encode()).digest()
