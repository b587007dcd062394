"""Reading requirements.lock: which versions this program was tested with."""

from __future__ import annotations

import re

PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)[^\n;]*(;[^\\\n]*)?", re.MULTILINE)


def pinned(text: str) -> dict[str, str]:
    """Package name -> exact version, of the lines without a marker (those with one may not apply here)."""
    return {match[1]: match[2] for match in PIN.finditer(text) if not match[3]}
