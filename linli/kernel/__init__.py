"""What every room stands on; the kernel knows no room.

Only values live in this file, so that `rules.py` anywhere may import it without Django.
"""

from collections.abc import Mapping, Sequence


class Refused(Exception):
    """A request linli refuses, said in the room's own words.

    `message` is shown to the person as it stands; `fields` maps a form or JSON field to the
    sentences that name what is wrong with it and the remedy (all defects at once).
    `status` is the HTTP answer: 422 wrong input, 403 not allowed, 404 not there for you,
    409 somebody was faster (or the same client UUID came with other content), 413, 429.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        fields: Mapping[str, Sequence[str]] | None = None,
        status: int = 422,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.fields = {name: list(said) for name, said in (fields or {}).items()}
        self.status = status
