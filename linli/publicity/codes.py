"""The code an objector without an account asks after the answer by."""

import uuid

from linli.kernel.codes import code_for, hash_of


def answer_code(sender: str, client_uuid: uuid.UUID) -> str:
    """Twelve characters, the same each time for the same sending."""
    return code_for("publicity", sender, client_uuid, 12)


def code_hash(code: str) -> bytes:
    return hash_of("publicity", code)
