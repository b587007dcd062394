"""The code a reporter without an account follows a report by."""

import uuid

from linli.kernel.codes import code_for, hash_of


def tracking_code(sender: str, client_uuid: uuid.UUID) -> str:
    """Ten characters nobody can guess, the same each time for the same sending; only their hash is stored."""
    return code_for("track", sender, client_uuid)


def tracking_hash(code: str) -> bytes:
    return hash_of("track", code)
