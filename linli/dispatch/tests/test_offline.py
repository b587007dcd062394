"""Acts queued on a phone: done once, overtaken ones kept as notes, pictures claimed when they come."""

import io
import random
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from linli.dispatch import actions
from linli.dispatch.actions import Assignee, Said
from linli.dispatch.models import WorkOrder
from linli.dispatch.tests.conftest import LAT, LON, SL, Posts, Raise
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.files.actions import store_file
from linli.kernel.files.models import Attachment
from linli.kernel.web import sync


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.LINLI_FILES = tmp_path / "files"


def photo(seed: int) -> bytes:
    """A picture unlike any other seed's."""
    noise = random.Random(seed)
    image = Image.frombytes("RGB", (32, 24), bytes(noise.randrange(256) for _ in range(32 * 24 * 3)))
    out = io.BytesIO()
    image.resize((320, 240)).save(out, "PNG")
    return out.getvalue()


def item(
    kind: str, order: WorkOrder, base: int | str = "", files: list[str] | None = None, **data: Any
) -> dict[str, Any]:
    return {
        "uuid": str(uuid.uuid4()),
        "kind": kind,
        "base_version": str(base),
        "captured_at": (timezone.now() - timedelta(minutes=9)).isoformat(),
        "position": {"lon": LON, "lat": LAT},
        "data": {"order": order.pk, **data},
        "files": files or [],
    }


def send(by: Actor, *items: dict[str, Any]) -> list[dict[str, Any]]:
    return sync.receive(by, {"sent_at": timezone.now().isoformat(), "items": list(items)})["answers"]


def test_a_day_without_a_network_is_done_in_its_order(posts: Posts, order: Raise) -> None:
    row = order()
    queued = [
        item("order.accept", row, row.version),
        item("order.arrive", row, row.version),
        item("order.note", row, row.version, text="已联系业主"),
        item("order.handle", row, row.version, outcome="已换灯泡", files=[str(uuid.uuid4())]),
    ]
    assert [one["status"] for one in send(posts.worker, *queued)] == ["done"] * 4
    row.refresh_from_db()
    assert row.state == "handled" and row.outcome == "已换灯泡" and row.flags == ["photo_awaited"]
    arrived = row.moves.get(action="arrive")
    assert arrived.device_at and arrived.device_at < arrived.at and arrived.data["lon"] == LON
    assert [one["status"] for one in send(posts.worker, *queued)] == ["already"] * 4


def test_an_overtaken_act_moves_nothing_and_is_kept_as_a_note(posts: Posts, order: Raise) -> None:
    row = order()
    actions.accept_order(by=posts.worker, order=row.pk)
    base = WorkOrder.objects.get(pk=row.pk).version
    actions.recall_order(by=posts.chief, order=row.pk, said=Said(text="改由水利处置"))
    actions.dispatch_order(by=posts.chief, order=row.pk, to=Assignee(SL), said=Said(text="归水利"))
    (answer,) = send(posts.worker, item("order.handle", row, base, outcome="已修好"))
    assert answer["status"] == "superseded" and "赵班长" in answer["message"]
    row.refresh_from_db()
    assert (row.state, row.unit, row.outcome) == ("dispatched", SL, "")
    note = row.moves.order_by("-id")[0]
    assert (note.action, note.reason, note.by) == (
        "note",
        "superseded",
        posts.worker.ref,
    ) and "已修好" in note.text


def test_an_act_that_the_state_refuses_is_kept_as_a_note_too(posts: Posts, order: Raise) -> None:
    row = order()
    (answer,) = send(posts.worker, item("order.arrive", row, row.version))  # never accepted
    assert answer["status"] == "superseded"
    assert row.moves.filter(reason="superseded").count() == 1


def test_a_refused_act_stays_for_repair_and_a_stranger_learns_nothing(posts: Posts, order: Raise) -> None:
    row = order()
    (bare,) = send(posts.worker, item("order.return", row, row.version, reason="not_ours"))
    assert bare["status"] == "refused" and bare["fields"]["text"] == ["请填写依据"]
    (far,) = send(posts.far, item("order.accept", row, row.version))
    assert far["status"] == "refused" and far["code"] == "no_order"
    row.refresh_from_db()
    assert row.state == "dispatched"
    wrong = item("order.return", row, row.version, reason="not_ours", text="归水利", propose="水利局")
    assert send(posts.worker, wrong)[0]["status"] == "done"
    row.refresh_from_db()
    assert row.explanation["proposed"] == SL
    with pytest.raises(Refused):
        actions.keep_as_note(by=posts.far, order=row.pk, text="x", said=Said())


def test_pictures_that_come_later_are_tied_and_judged(posts: Posts, order: Raise) -> None:
    row, ident = order(), uuid.uuid4()
    actions.accept_order(by=posts.worker, order=row.pk)
    act = item("order.handle", row, "", files=[str(ident)], outcome="好了")
    assert send(posts.worker, act)[0]["status"] == "done"
    assert actions.judge_late_photos() == 0
    sent = store_file(by=posts.worker, name="a.png", data=photo(1), client_uuid=ident)
    assert sync.add_files(posts.worker, act["uuid"], [str(sent.key)]) == 1
    assert actions.judge_late_photos() == 1 and actions.judge_late_photos() == 0
    sent.refresh_from_db()
    assert (sent.subject, sent.phase) == (row.subject, "after")
    row.refresh_from_db()
    assert row.flags == ["photo_old"]  # captured nine minutes ago, before the order was accepted
    assert list(row.moves.order_by("-id")[0].files) == [sent.pk]


def test_a_picture_used_before_is_flagged(posts: Posts, order: Raise) -> None:
    first, second = order(), order()
    for n, row in enumerate((first, second)):
        actions.accept_order(by=posts.worker, order=row.pk)
        key = store_file(by=posts.worker, name="a.png", data=photo(7), client_uuid=uuid.uuid4()).key
        actions.handle_with_photos(
            by=posts.worker, order=row.pk, outcome=f"好了{n}", keys=[key], position=(LON, LAT)
        )
        row.refresh_from_db()
    assert first.flags == [] and second.flags == ["photo_reused"]
    with pytest.raises(Refused) as refused:
        actions.handle_with_photos(by=posts.far, order=first.pk, outcome="x")
    assert refused.value.status == 403


def test_somebody_elses_pictures_are_not_attached(posts: Posts, order: Raise) -> None:
    row = order()
    key = store_file(by=posts.far, name="a.png", data=photo(3), client_uuid=uuid.uuid4()).key
    with pytest.raises(Refused):
        actions.attach_photos(by=posts.worker, keys=[key], subject=row.subject, phase="after")
    assert Attachment.objects.get(key=key).subject == ""


def test_the_phone_keeps_its_own_open_orders(posts: Posts, order: Raise) -> None:
    row = order(title="路灯不亮")
    order("unit")
    kept = sync.shell(posts.worker)["sources"]
    assert [one["title"] for one in kept["orders"]] == ["路灯不亮"] and kept["orders"][0][
        "version"
    ] == row.version
    assert f"/orders/{row.pk}/" in kept["pages"] and f"/orders/{row.pk}/return/" in kept["pages"]
    assert kept["grids"][0]["name"].endswith("第一网格")
    assert sync.shell(posts.far)["sources"]["orders"] == []
    assert sync.shell(posts.leader)["sources"]["pages"] == []
    assert posts.client("worker").get("/sync/shell.json").json()["sources"]["orders"][0]["id"] == row.pk
