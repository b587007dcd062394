import pytest
from PIL import Image

from linli.kernel import Refused
from linli.kernel.access.rules import SYSTEM, Actor
from linli.kernel.files import registry
from linli.kernel.files.actions import attach
from linli.kernel.files.queries import attachment, content_path, of_subject, readable, similar, thumb_file
from linli.kernel.files.queries import upload as find_upload
from linli.kernel.files.tests.conftest import ANYBODY, VISITOR, acting, encoded, photo, scene, start, upload

pytestmark = pytest.mark.django_db
SUBJECT = "incidents.incident:17"


def test_the_sender_sees_his_file_and_a_stranger_does_not(worker, other):
    row = upload(acting(worker), photo())
    assert attachment(acting(worker), row.pk) == row
    assert readable(SYSTEM, row)
    for stranger in (acting(other), VISITOR):
        with pytest.raises(Refused) as refused:
            attachment(stranger, row.pk)
        assert refused.value.status == 404


def test_who_may_see_the_matter_sees_its_files(worker, other):
    row = upload(acting(worker), photo())
    attach(by=acting(worker), keys=[row.key], subject=SUBJECT)
    registry.bind_may_see(lambda subject, viewer: subject == SUBJECT and viewer.account == other.pk)
    assert attachment(acting(other), row.pk) == row
    assert of_subject(acting(other), SUBJECT) == [row]
    assert of_subject(VISITOR, SUBJECT) == []
    assert of_subject(acting(other), "incidents.incident:18") == []


def test_a_bar_beats_even_the_sender(worker):
    row = upload(acting(worker), photo())
    row = attach(by=acting(worker), keys=[row.key], subject=SUBJECT)[0]
    barred = Actor(worker.pk, "account", "", ANYBODY, bars=frozenset({SUBJECT}))
    assert not readable(barred, row)


def test_a_visitors_file_is_seen_by_no_other_visitor():
    row = upload(VISITOR, photo())
    assert not readable(VISITOR, row)


def test_an_upload_is_looked_up_by_its_sender_only(worker, other):
    row = start(acting(worker), photo())
    assert find_upload(acting(worker), row.key) == row
    with pytest.raises(Refused):
        find_upload(acting(other), row.key)
    with pytest.raises(Refused):
        attachment(acting(worker), row.pk)  # not ready


def test_a_thumbnail_is_made_on_demand_once(worker):
    row = upload(acting(worker), photo())
    path = thumb_file(row, 320)
    made = path.stat().st_mtime_ns
    assert Image.open(path).size == (320, 240)
    assert thumb_file(row, 320).stat().st_mtime_ns == made
    assert content_path(row).exists()
    with pytest.raises(ValueError, match="321"):
        thumb_file(row, 321)


def test_a_photo_used_again_is_recognised(worker):
    first = upload(acting(worker), photo(1))
    reused = upload(acting(worker), encoded(scene(1, (500, 375)), quality=50))
    upload(acting(worker), photo(2))
    found = similar(reused.phash, besides=reused.pk)
    assert [alike.attachment for alike in found] == [first.pk]
    assert found[0].bits <= 6
    assert similar(reused.phash)[0].attachment in (first.pk, reused.pk)
