import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.rules import SYSTEM
from linli.kernel.files import actions, registry, store
from linli.kernel.files.actions import WrongOffset, append, attach, begin, destroy_due, finish, store_file
from linli.kernel.files.models import Attachment
from linli.kernel.files.tests.conftest import (
    NOBODY,
    VISITOR,
    acting,
    encoded,
    files_under,
    photo,
    scene,
    send,
    sha,
    start,
    upload,
)
from linli.kernel.ledger.models import Entry

pytestmark = pytest.mark.django_db
SUBJECT = "incidents.incident:17"


def test_a_photo_sent_in_pieces_is_ready_and_clean(worker, folder):
    row = upload(acting(worker), photo(), "IMG 001.jpeg")
    assert (row.state, row.content_type, row.name) == ("ready", "image/jpeg", "IMG 001.jpg")
    assert (row.width, row.height, row.lat, row.lon) == (640, 480, 28.16, 113.64)
    kept = store.blob_path(row.stored).read_bytes()
    assert sha(kept) == row.stored != row.sha256
    assert b"SecretPhone" not in kept


def test_the_same_uuid_goes_on_where_it_was(worker):
    data, client = photo(), uuid.uuid4()
    first = start(acting(worker), data, client=client)
    send(acting(worker), first, data[:1000])
    again = start(acting(worker), data, client=client)
    assert (again.pk, again.received) == (first.pk, 1000)


def test_the_same_uuid_with_other_content_is_409(worker):
    client = uuid.uuid4()
    start(acting(worker), photo(1), client=client)
    with pytest.raises(Refused) as refused:
        start(acting(worker), photo(2), client=client)
    assert refused.value.status == 409


def test_the_same_uuid_of_two_people_is_two_uploads(worker, other):
    client = uuid.uuid4()
    assert start(acting(worker), photo(), client=client).pk != start(acting(other), photo(), client=client).pk


def test_the_same_piece_twice_is_the_same_answer(worker):
    data = photo()
    row = start(acting(worker), data)
    assert send(acting(worker), row, data[:1000]).received == 1000
    assert send(acting(worker), row, data[:1000]).received == 1000
    assert send(acting(worker), row, data[200:700], 200).received == 1000


def test_a_wrong_offset_is_answered_with_the_right_one(worker):
    data = photo()
    row = start(acting(worker), data)
    send(acting(worker), row, data[:1000])
    for offset in (2000, 500, -1):
        piece = data[1000:2000]
        with pytest.raises(WrongOffset) as wrong:
            send(acting(worker), row, piece, offset)
        assert (wrong.value.status, wrong.value.offset) == (409, 1000)


def test_other_bytes_at_a_place_already_received_are_refused(worker):
    data = photo()
    row = start(acting(worker), data)
    send(acting(worker), row, data[:1000])
    with pytest.raises(Refused) as refused:
        send(acting(worker), row, b"x" * 1000)
    assert (refused.value.code, refused.value.status) == ("piece_differs", 409)


def test_a_damaged_an_oversized_and_an_empty_piece_are_refused(worker):
    row = start(acting(worker), photo())
    with pytest.raises(Refused) as refused:
        append(by=acting(worker), upload_id=row.key, offset=0, data=b"abc", sha256=sha(b"abd"))
    assert refused.value.code == "piece_damaged"
    with pytest.raises(Refused) as refused:
        send(acting(worker), row, b"x" * (registry.limits().piece_bytes + 1))
    assert refused.value.status == 413
    with pytest.raises(Refused):
        send(acting(worker), row, b"")


def test_more_bytes_than_said_are_refused(worker):
    row = begin(by=acting(worker), name="a.jpg", size=10, sha256=sha(b"0123456789"), client_uuid=uuid.uuid4())
    with pytest.raises(Refused) as refused:
        send(acting(worker), row, b"0123456789x")
    assert refused.value.code == "longer_than_said"


def test_an_incomplete_upload_is_not_finished(worker):
    data = photo()
    row = start(acting(worker), data)
    send(acting(worker), row, data[:1000])
    with pytest.raises(WrongOffset) as wrong:
        finish(by=acting(worker), upload_id=row.key)
    assert wrong.value.offset == 1000


def test_finishing_twice_is_the_same_answer_and_so_is_a_late_piece(worker):
    data = photo()
    row = upload(acting(worker), data)
    assert finish(by=acting(worker), upload_id=row.key).pk == row.pk
    assert send(acting(worker), row, data[:1000]).state == "ready"
    assert Attachment.objects.count() == 1


def test_content_that_differs_from_its_hash_is_refused(worker):
    data = photo()
    row = begin(by=acting(worker), name="a.jpg", size=len(data), sha256=sha(b"x"), client_uuid=uuid.uuid4())
    send(acting(worker), row, data)
    with pytest.raises(Refused) as refused:
        finish(by=acting(worker), upload_id=row.key)
    assert refused.value.code == "file_damaged"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"MZ\x90\x00" + b"\0" * 500, "可执行程序"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "SVG"),
        (b"<!doctype html><script>alert(1)</script>", "网页"),
        (b"\x00\x00\x00\x18ftypheic" + b"\0" * 500, "HEIC"),
        (b"GIF89a" + b"\0" * 500, "GIF"),
        (b"\xff\xd8\xff\xe0" + b"MZ" * 500, "损坏"),
        (photo()[:5000], "不完整"),
    ],
)
def test_a_wrong_file_named_jpg_is_refused_and_nothing_is_kept(worker, folder, data, said):
    row = start(acting(worker), data, "照片.jpg")
    send(acting(worker), row, data)
    with pytest.raises(Refused, match=said) as refused:
        finish(by=acting(worker), upload_id=row.key)
    assert "file" in refused.value.fields
    row.refresh_from_db()
    assert (row.state, files_under(folder)) == ("refused", [])
    with pytest.raises(Refused, match=said):
        finish(by=acting(worker), upload_id=row.key)


def test_sizes_and_hashes_are_checked_before_anything_is_sent(worker):
    with pytest.raises(Refused) as refused:
        begin(
            by=acting(worker), name="a", size=10 * 1024 * 1024 + 1, sha256=sha(b""), client_uuid=uuid.uuid4()
        )
    assert (refused.value.status, list(refused.value.fields)) == (413, ["size"])
    with pytest.raises(Refused) as refused:
        begin(by=acting(worker), name="a", size=0, sha256="xyz", client_uuid=uuid.uuid4())
    assert set(refused.value.fields) == {"size", "sha256"}


def test_too_many_open_uploads_are_429(worker, monkeypatch):
    few = registry.limits()._replace(open_uploads=2)
    monkeypatch.setattr(registry, "limits", lambda: few)
    start(acting(worker), photo(1))
    start(acting(worker), photo(2))
    with pytest.raises(Refused) as refused:
        start(acting(worker), photo(3))
    assert refused.value.status == 429


def test_a_form_without_javascript_stores_a_whole_file_once(worker):
    data, client = photo(), uuid.uuid4()
    first = store_file(by=acting(worker), name="a.jpg", data=data, client_uuid=client)
    again = store_file(by=acting(worker), name="a.jpg", data=data, client_uuid=client)
    assert (first.state, first.pk) == ("ready", again.pk)
    with pytest.raises(Refused):
        store_file(by=acting(worker), name="a.jpg", data=b"MZ", client_uuid=uuid.uuid4())


def test_the_same_photo_of_two_people_is_kept_once(worker, other, folder):
    one, two = upload(acting(worker), photo()), upload(acting(other), photo())
    assert one.stored == two.stored
    assert len(files_under(folder / "blobs")) == 1


def test_files_are_tied_to_a_matter_once(worker):
    rows = [upload(acting(worker), photo(seed)) for seed in (1, 2)]
    keys = [row.key for row in rows]
    tied = attach(by=acting(worker), keys=keys, subject=SUBJECT, phase="after")
    assert [(row.subject, row.phase) for row in tied] == [(SUBJECT, "after")] * 2
    assert tied[0].retention_until > timezone.now() + timedelta(days=1000)
    assert [row.pk for row in attach(by=acting(worker), keys=keys, subject=SUBJECT)] == [
        row.pk for row in tied
    ]
    with pytest.raises(Refused, match="不能使用") as refused:
        attach(by=acting(worker), keys=[*keys, uuid.uuid4()], subject="incidents.incident:18")
    assert len(refused.value.fields["files"]) == 3


def test_an_unfinished_file_or_a_wrong_phase_is_not_tied(worker):
    row = start(acting(worker), photo())
    with pytest.raises(Refused):
        attach(by=acting(worker), keys=[row.key], subject=SUBJECT)
    with pytest.raises(Refused) as refused:
        attach(by=acting(worker), keys=[], subject=SUBJECT, phase="later")
    assert "phase" in refused.value.fields


def test_a_visitor_uploads_without_an_account():
    row = upload(VISITOR, photo())
    assert row.owner is None
    assert attach(by=VISITOR, keys=[row.key], subject=SUBJECT)[0].subject == SUBJECT


def test_a_stranger_cannot_go_on_finish_or_use_anothers_upload(worker, other):
    data = photo()
    row = start(acting(worker), data)
    for stranger in (acting(other), VISITOR):
        with pytest.raises(Refused) as refused:
            send(stranger, row, data[:100])
        assert refused.value.status == 404
        with pytest.raises(Refused):
            finish(by=stranger, upload_id=row.key)
        with pytest.raises(Refused):
            attach(by=stranger, keys=[row.key], subject=SUBJECT)


def test_somebody_without_any_right_sends_nothing():
    data = photo()
    with pytest.raises(Refused) as refused:
        begin(by=NOBODY, name="a.jpg", size=len(data), sha256=sha(data), client_uuid=uuid.uuid4())
    assert refused.value.status == 403
    with pytest.raises(Refused):
        store_file(by=NOBODY, name="a.jpg", data=data, client_uuid=uuid.uuid4())
    assert not Attachment.objects.exists()


def test_files_over_their_time_are_destroyed_and_leave_a_tombstone(worker, folder):
    row = upload(acting(worker), photo(), "张家门口.jpg")
    attach(by=acting(worker), keys=[row.key], subject=SUBJECT, keep_days=30)
    assert destroy_due(by=SYSTEM, now=timezone.now() + timedelta(days=29)) == 0
    assert destroy_due(by=SYSTEM, now=timezone.now() + timedelta(days=31)) == 1
    row.refresh_from_db()
    assert (row.state, row.name, row.owner, row.lat, row.phash, row.subject) == (
        "gone",
        "已销毁",
        None,
        None,
        None,
        SUBJECT,
    )
    assert files_under(folder) == []
    assert Entry.objects.get().verb == "files.destroy"


def test_bytes_somebody_else_still_needs_are_kept(worker, other, folder):
    one, two = upload(acting(worker), photo()), upload(acting(other), photo())
    Attachment.objects.filter(pk=one.pk).update(retention_until=timezone.now())
    assert destroy_due(by=SYSTEM) == 1
    assert store.blob_path(two.stored).exists()
    Attachment.objects.filter(pk=two.pk).update(retention_until=timezone.now())
    assert destroy_due(by=SYSTEM) == 1
    assert files_under(folder) == []


def test_unfinished_uploads_are_swept_away(worker, folder):
    row = start(acting(worker), photo())
    send(acting(worker), row, photo()[:1000])
    assert destroy_due(by=SYSTEM, now=timezone.now() + timedelta(days=2, minutes=1)) == 1
    assert files_under(folder) == []
    assert not Entry.objects.exists()


def test_nobody_but_the_rule_destroys(worker):
    with pytest.raises(Refused) as refused:
        destroy_due(by=acting(worker))
    assert refused.value.status == 403


def test_a_picture_over_the_pixel_limit_is_refused(worker, monkeypatch):
    small = registry.limits()._replace(most_pixels=1000)
    monkeypatch.setattr(actions.registry, "limits", lambda: small)
    with pytest.raises(Refused, match="像素"):
        store_file(by=acting(worker), name="a.png", data=encoded(scene(), "PNG"), client_uuid=uuid.uuid4())
