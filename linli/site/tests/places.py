"""A folder for real servers; imported by the tests that start some."""

import shutil
import tempfile
from pathlib import Path

import pytest

from linli.site import pginstall


@pytest.fixture(name="place")
def reachable_place(monkeypatch):
    """A folder that the server's account can reach (pytest's own is closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="linli-test-"))
    folder.chmod(0o711)
    monkeypatch.setattr(pginstall, "STATE_PLACE", folder / "state")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
