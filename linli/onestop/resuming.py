"""The code by which a draft is gone on with elsewhere."""

import uuid

from linli.kernel.codes import code_for, hash_of


def resume_code(sender: str, client_uuid: uuid.UUID) -> str:
    """Ten characters, the same each time for the same draft."""
    return code_for("draft", sender, client_uuid)


def resume_hash(code: str) -> bytes:
    return hash_of("draft", code)
