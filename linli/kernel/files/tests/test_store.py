import hashlib
import uuid

import pytest

from linli.kernel.files import store
from linli.kernel.files.tests.conftest import files_under


def test_the_same_bytes_are_kept_once_under_their_hash(folder):
    digest = store.keep(b"bytes")
    assert digest == store.keep(b"bytes") == hashlib.sha256(b"bytes").hexdigest()
    assert files_under(folder) == [folder / "blobs" / digest[:2] / digest[2:4] / digest]
    assert store.blob_path(digest).stat().st_mode & 0o077 == 0


def test_a_write_that_fails_leaves_nothing(folder, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        store.keep(b"bytes")
    assert files_under(folder) == []


def test_pieces_join_in_any_write_order(folder):
    key = uuid.uuid4()
    store.write_piece(key, 3, b"def")
    store.write_piece(key, 0, b"abc")
    assert store.read_part(key, 0, 6) == b"abcdef"
    store.drop_part(key)
    assert store.read_part(key, 0, 6) == b""
    store.drop_part(key)


def test_removing_takes_the_thumbnails_along(folder):
    digest = store.keep(b"bytes")
    store.write_whole(store.thumb_path(digest, 320), b"small")
    store.remove(digest, (320, 1280))
    assert files_under(folder) == []
