"""Result documents: made on approval, put out, handed over, posted, opened, reissued; trips counted from what happened."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from linli.dispatch.models import Move
from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.bus.jobs import drain
from linli.kernel.files.store import blob_path
from linli.kernel.ledger.models import Entry
from linli.kernel.notify.models import Notice as Message
from linli.onestop import actions, outlet, queries_outlet, sealing
from linli.onestop.actions.outlet import check_hash, remind_uncollected
from linli.onestop.actions.trips import recount
from linli.onestop.models import Application, Result
from linli.onestop.tests.conftest import County, a_file, answer_all, at, do, task_of
from linli.onestop.tests.grants import granted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Any) -> None:
    settings.LINLI_FILES = tmp_path


@pytest.fixture
def card(county: County, accepted: Any) -> Application:
    """辅助器具适配, approved by the county: its document is still to be delivered."""
    row = accepted("CL-003")
    do(row, "review")
    task = task_of(row, "decide")
    actions.approve(by=actor_for(task.holder_id), task=task.pk, at=at("2026-02-12 10:00"))
    drain()
    row.refresh_from_db()
    return row


def made_of(row: Application) -> Result:
    return row.results.get(state="made")


def window(county: County) -> Any:
    return county.actor("window")


def receipt(county: County, row: Result, **more: Any) -> Any:
    said = {
        "receiver": "王向阳",
        "signature": [a_file(county.accounts["window"])],
        "at": at("2026-02-13 09:00"),
    }
    return actions.hand_over(by=window(county), result=row.pk, **(said | more))


def words(row: Result) -> str:
    return queries_outlet.document(row).decode()


def code_of(row: Result) -> str:
    found = re.search(r"核验码 <strong>(\w{8})</strong>", words(row))
    assert found
    return found.group(1)


def test_an_approved_case_gets_its_document_from_its_sample(county, card):
    row = made_of(card)
    page = words(row)
    assert "王向阳" in page and card.number in page and row.number in page and "办理结果通知书" in page
    assert sealing.DEMO in page and "<script" not in page and "{" not in page.partition("</style>")[2]
    assert Entry.objects.filter(verb="onestop.result_make", fields__sha256=row.sha256).count() == 1
    assert actions.make_result(by=window(county), application=card.pk) == row
    assert Message.objects.filter(template="onestop.result_made").exists()


def test_no_document_without_approval_and_none_for_a_stranger(county, accepted):
    row = accepted("CL-003")
    assert actions.make_result(by=window(county), application=row.pk) is None
    with pytest.raises(Refused) as refused:
        actions.make_result(by=county.actor("stranger"), application=row.pk)
    assert refused.value.status == 403


def test_a_grant_names_its_amount_and_a_line_without_its_value_is_left_out(county):
    grant = granted(county, fen=65000)
    row = actions.make_result(by=county.actor("MZ"), application=grant.decision.application_id)
    assert "650.00 元/月" in words(row) and "有效期至" not in words(row)
    text = outlet.filled(outlet.Sample("证明", ("{name}，{until}", "今天")), {"name": "甲", "until": ""})
    assert text == ["今天"]
    own = outlet.sample_of({"code": "X-1", "name_zh": "某事", "result_sample": "{name}已登记。\n特此证明。"})
    assert own.title == "某事办理结果" and len(own.text) == 2
    assert outlet.sample_of({"code": "X-1", "name_zh": "某事", "result_sample": "proof"}).title == "证明"


def test_a_bound_service_seals(county, monkeypatch):
    monkeypatch.setattr(
        sealing, "_service", [lambda unit, digest: sealing.Mark(unit, "已签章", digest.hex()[:8])]
    )
    grant = granted(county)
    row = actions.make_result(by=county.actor("MZ"), application=grant.decision.application_id)
    assert row.sealed and "已签章" in words(row) and sealing.DEMO not in words(row)


def test_the_public_check_tells_only_genuine_and_in_force(county, card, client):
    row = made_of(card)
    code = code_of(row)
    page = client.get(
        "/results/check/", {"n": row.number.lower(), "c": f"{code[:4]} {code[4:].lower()}"}
    ).content.decode()
    assert "真实，现在有效" in page and "王" not in page and "辅助器具" not in page
    assert "没有查到" in client.get("/results/check/", {"n": row.number, "c": "AAAAAAAA"}).content.decode()
    assert queries_outlet.check("JG-0", check_hash("JG-0", code)) == ""
    assert (
        outlet.standing("made", at("2026-01-01 00:00").date(), False, at("2026-01-02 00:00").date())
        == "expired"
    )


def test_a_stopped_grant_is_no_longer_in_force(county):
    grant = granted(county)
    row = actions.make_result(by=county.actor("MZ"), application=grant.decision.application_id)
    digest = check_hash(row.number, code_of(row))
    assert queries_outlet.check(row.number, digest) == "valid"
    grant.stopped, grant.months = "moved", type(grant.months)(grant.first, grant.first + timedelta(days=31))
    grant.save()
    later = grant.first + timedelta(days=90)
    assert queries_outlet.check(row.number, digest, later) == "stopped"


def test_handed_over_against_a_signed_receipt_and_the_case_is_closed(county, card):
    row = made_of(card)
    actions.put_out(by=window(county), result=row.pk)
    with pytest.raises(Refused) as refused:
        receipt(county, row, receiver="", agent=True, signature=[])
    assert set(refused.value.fields) == {"receiver", "authority", "signature"}
    first = receipt(county, row)
    assert receipt(county, row).pk == first.pk
    row.refresh_from_db()
    card.refresh_from_db()
    assert (
        row.state == "received" and card.state == "closed" and card.tasks.get(step="deliver").state == "done"
    )
    assert card.trips == 1 and [trip.why for trip in queries_outlet.trips_of(card)] == [["窗口领取"]]


def test_an_agent_collects_with_authority(county, card):
    made = receipt(county, made_of(card), receiver="李秀英", agent=True, authority="委托书 3 号")
    assert made.authority == "委托书 3 号" and made.receiver == "李秀英"


def test_a_stranger_puts_nothing_out(county, card):
    row = made_of(card)
    for act in (
        lambda by: actions.put_out(by=by, result=row.pk),
        lambda by: actions.hand_over(by=by, result=row.pk, receiver="甲乙", signature=[1]),
        lambda by: actions.post_result(by=by, result=row.pk, courier="邮政", tracking="E1"),
        lambda by: actions.note_parcel(by=by, result=row.pk, delivered=True),
        lambda by: actions.reissue_result(by=by, result=row.pk, why="lost", reason="遗失"),
        lambda by: actions.revoke_result(by=by, result=row.pk, reason="撤销"),
        lambda by: actions.wish_delivery(by=by, result=row.pk, way="online"),
        lambda by: actions.open_result(by=by, result=row.pk),
    ):
        with pytest.raises(Refused) as refused:
            act(county.actor("stranger"))
        assert refused.value.status in (403, 404)
    assert made_of(card).handovers.count() == 0
    assert not queries_outlet.results_seen(county.actor("stranger")).exists()


def test_a_parcel_goes_out_comes_back_and_goes_again(county, card):
    row, by = made_of(card), window(county)
    with pytest.raises(Refused) as refused:
        actions.post_result(by=by, result=row.pk, courier="", tracking="")
    assert set(refused.value.fields) == {"courier", "tracking", "address"}
    resident = county.actor("resident")
    with pytest.raises(Refused):
        actions.wish_delivery(by=resident, result=row.pk, way="post", address="短")
    actions.wish_delivery(by=resident, result=row.pk, way="post", address="人民路 1 号 王向阳 13900000000")
    actions.post_result(by=by, result=row.pk, courier="邮政", tracking="EA1")
    actions.note_parcel(by=by, result=row.pk, delivered=False)
    row.refresh_from_db()
    assert row.state == "ready"
    actions.post_result(by=by, result=row.pk, courier="邮政", tracking="EA2")
    actions.note_parcel(by=by, result=row.pk, delivered=True, receiver="王向阳")
    row.refresh_from_db()
    assert row.state == "received" and [one.outcome for one in row.handovers.all()] == [
        "returned",
        "received",
    ]
    assert recount(card.pk) == 0


def test_opened_online_is_recorded_once_and_collects_unless_paper_is_wanted(county, card):
    row, by = made_of(card), county.actor("resident")
    actions.open_result(by=by, result=row.pk)
    assert actions.open_result(by=by, result=row.pk).state == "received"
    assert row.handovers.filter(way="online").count() == 1
    assert receipt(county, row).way == "window"  # the paper is still to be had
    other = granted(county, item="MZ-011")
    paper = actions.make_result(by=county.actor("MZ"), application=other.decision.application_id)
    actions.wish_delivery(by=by, result=paper.pk, way="window")
    assert actions.open_result(by=by, result=paper.pk).state == "made"


def test_a_reissue_voids_the_old_and_a_correction_says_what(county, card):
    old = made_of(card)
    digest = check_hash(old.number, code_of(old))
    with pytest.raises(Refused):
        actions.reissue_result(by=window(county), result=old.pk, why="revoked", reason="不行")
    new = actions.reissue_result(by=window(county), result=old.pk, why="correction", reason="姓名更正")
    old.refresh_from_db()
    assert (old.state, old.why, new.edition) == ("void", "correction", 2) and new.number != old.number
    assert "更正说明：姓名更正" in words(new) and queries_outlet.check(old.number, digest) == "void"
    with pytest.raises(Refused):
        receipt(county, old)


def test_a_revoked_document_is_void_without_another(county):
    grant = granted(county)
    row = actions.make_result(by=county.actor("MZ"), application=grant.decision.application_id)
    actions.revoke_result(by=county.actor("MZ"), result=row.pk, reason="认定错误")
    assert actions.make_result(by=county.actor("MZ"), application=row.application_id) is None
    assert Result.objects.filter(application=row.application_id).count() == 1


def test_a_document_never_changes_nor_goes(county, card):
    row = made_of(card)
    for change in (
        lambda: Result.objects.filter(pk=row.pk).update(title="改"),
        lambda: Result.objects.filter(pk=row.pk).delete(),
        lambda: Result.objects.filter(pk=row.pk).update(state="void"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    path = blob_path(row.sha256)
    path.write_bytes(path.read_bytes().replace("王".encode(), "黄".encode()))
    with pytest.raises(Refused) as refused:
        queries_outlet.document(row)
    assert refused.value.code == "damaged"


def test_the_uncollected_are_told_of_as_often_as_the_rule_says(county, card):
    row, kept = made_of(card), outlet.shipped()
    start = row.made_at
    assert remind_uncollected(now=start + timedelta(days=kept.remind_after - 1)) == 0
    told = sum(
        remind_uncollected(now=start + timedelta(days=day)) for day in range(kept.remind_after, 200, 5)
    )
    assert told == kept.remind_most


def test_what_a_window_took_in_is_a_trip_and_one_day_is_one(county, begin):
    row = begin("MZ-001")
    assert recount(row.pk) == 0  # handed in from home
    answer_all(row)
    for when, roles in (
        ("2026-02-09 09:00", "window_clerk"),
        ("2026-02-09 16:00", "window_clerk"),
        ("2026-02-10 09:00", "helper"),
    ):
        Move.objects.create(subject=row.subject, action="fill", by="account:0", by_role=roles, at=at(when))
    found = queries_outlet.trips_of(row)
    assert [(trip.day.day, trip.why) for trip in found] == [(9, ["窗口交件"])]
    assert recount(row.pk) == 1
    Application.objects.filter(pk=row.pk).update(trips=0)
    assert recount(row.pk) == 1


def test_trips_by_item_lead_down_to_the_cases(county, card):
    receipt(county, made_of(card))
    Application.objects.filter(pk=card.pk).update(trips=3)
    viewer = county.actor("supervisor")
    (line,) = queries_outlet.trips_by_item(viewer)
    assert (line.code, line.cases, line.most, line.allowed, line.above) == ("CL-003", 1, 3, 1, 1)
    assert list(queries_outlet.cases_with_trips(viewer, "CL-003")) == [card]
    assert queries_outlet.trips_by_item(county.actor("resident")) == []


def test_months_end_where_the_month_does():
    assert outlet.months_on(at("2026-01-31 00:00").date(), 1) == at("2026-02-28 00:00").date()
    assert outlet.months_on(at("2026-12-15 00:00").date(), 12) == at("2027-12-15 00:00").date()
