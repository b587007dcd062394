"""Posting without a network: at the phone's time, photos following, done once."""

import uuid
from datetime import date, datetime
from typing import Any

from linli.kernel.actor import Actor
from linli.kernel.files.actions import store_file
from linli.kernel.files.models import Attachment
from linli.kernel.web import sync
from linli.publicity import actions
from linli.publicity.models import Notice
from linli.publicity.tests.conftest import Open, Town
from linli.publicity.tests.test_pages import picture


def item(kind: str, order: int, captured: datetime, **data: Any) -> dict[str, Any]:
    return {
        "uuid": str(uuid.uuid4()),
        "kind": kind,
        "base_version": "",
        "captured_at": captured.isoformat(),
        "data": {"order": order, **data},
        "files": [str(uuid.uuid4())] if kind == "publicity.post" else [],
    }


def send(by: Actor, now: datetime, *items: dict[str, Any]) -> list[dict[str, Any]]:
    return sync.receive(by, {"sent_at": now.isoformat(), "items": list(items)})["answers"]


def late_photo(by: Actor, answered: dict[str, Any]) -> Attachment:
    row = store_file(by=by, name="a.png", data=picture().read(), client_uuid=uuid.uuid4())
    assert sync.add_files(by, answered["uuid"], [str(row.key)]) == 1
    row.refresh_from_db()
    return row


def test_a_list_posted_without_a_network_counts_from_when_it_hung(town: Town, opened: Open, at: Any) -> None:
    at("2026-03-02 09:00")
    row = opened()
    order = row.postings.get().order_id
    assert order is not None
    hung, now = at("2026-03-02 15:00"), at("2026-03-04 08:00")
    acts = [item("order.accept", order, hung), item("publicity.post", order, hung, text="贴好了")]
    answers = send(town.keeper, now, *acts)
    assert [one["status"] for one in answers] == ["done", "done"], answers
    row.refresh_from_db()
    assert (row.starts, row.ends) == (date(2026, 3, 2), date(2026, 3, 9))
    shot = late_photo(town.keeper, answers[1])
    assert (shot.subject, shot.phase) == (row.postings.get().ref, "before")
    assert [one["status"] for one in send(town.keeper, now, *acts)] == ["already", "already"]


def test_the_last_photo_goes_the_same_way(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 09:00")
    row = posted()
    now = at("2026-03-09 10:00")
    actions.call_for_end_photos()
    order = row.postings.get().end_order_id
    assert order is not None
    answers = send(town.keeper, now, item("order.accept", order, now), item("publicity.post", order, now))
    assert [one["status"] for one in answers] == ["done", "done"] and answers[1]["phase"] == "after"
    assert late_photo(town.keeper, answers[1]).phase == "after"
    assert row.postings.get().ends == date(2026, 3, 9)


def test_a_withdrawn_notice_overtakes_a_queued_posting(town: Town, opened: Open, at: Any) -> None:
    now = at("2026-03-02 09:00")
    row = opened()
    order = row.postings.get().order_id
    assert order is not None
    send(town.keeper, now, item("order.accept", order, now))
    actions.withdraw_publicity(by=town.officer, notice=row.pk, reason="名单有误，重新公示")
    (answer,) = send(town.keeper, now, item("publicity.post", order, now))
    assert answer["status"] == "superseded"
    assert Notice.objects.get(pk=row.pk).starts is None


def test_a_stranger_posts_nothing_for_others(town: Town, opened: Open, at: Any) -> None:
    now = at("2026-03-02 09:00")
    order = opened().postings.get().order_id
    assert order is not None
    (answer,) = send(town.far, now, item("publicity.post", order, now))
    assert answer["status"] == "refused"


def test_the_phone_knows_the_form(town: Town) -> None:
    shell = sync.shell(town.keeper)
    assert set(shell["kinds"]["publicity.post"]["fields"]) == {"order", "text"}
