"""A notice from its opening to its end: what it keeps, what moves it, what nobody may do to it."""

import hashlib
import io
import json
import zipfile
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch.actions import Assignee, accept_order
from linli.dispatch.models import Move, WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.models import Fact
from linli.kernel.ledger.models import Entry
from linli.publicity import actions, jobs, queries, registry
from linli.publicity.models import Notice, Posting
from linli.publicity.tests.conftest import (
    FAMILY,
    FIELDS,
    GRID,
    HIDDEN_KIND,
    KIND,
    QUICK_KIND,
    Open,
    Told,
    Town,
    objecting,
    photo,
    post,
)

SECRETS = ("欧阳望北", "502 室", "3 栋", "尿毒症", "13800001234", "430181198005121234")


def everything_kept(row: Notice) -> str:
    """All this room, the bus, the ledger, the timeline and the orders keep of a notice, as text."""
    rows: list[Any] = [list(Notice.objects.filter(pk=row.pk).values())]
    rows += [list(Posting.objects.values()), list(Fact.objects.values()), list(Entry.objects.values())]
    rows += [list(Move.objects.values()), list(WorkOrder.objects.values())]
    return json.dumps(rows, ensure_ascii=False, default=str)


def facts_told(name: str) -> list[dict[str, Any]]:
    return list(Fact.objects.filter(name=f"publicity.{name}").order_by("id").values_list("body", flat=True))


# ---- opening


def test_a_notice_keeps_whitelisted_masked_values_and_nothing_else(town: Town, opened: Open) -> None:
    row = opened()
    assert row.rows == [
        {
            "name": "欧阳*", "address": "人民路***", "size": "3", "amount": "1,200.50 元", "category": "低保",
            "why": "欧阳*家因＊＊致贫，电话 ＊＊",
        }
    ]  # fmt: skip
    assert [one["key"] for one in row.columns] == [one.key for one in FIELDS]
    kept = everything_kept(row)
    assert not [secret for secret in SECRETS if secret in kept]


def test_opening_orders_the_posting_from_the_keeper_of_the_grid(town: Town, opened: Open) -> None:
    row = opened(places=["村务公开栏", " 村务公开栏 ", "祠堂门口"])
    assert row.state == "draft" and row.starts is None and row.number.startswith("GS-430181-")
    places = list(row.postings.order_by("id"))
    assert [one.place for one in places] == ["村务公开栏", "祠堂门口"]
    order = WorkOrder.objects.get(pk=places[0].order_id)
    assert (order.kind, order.subject, order.verify) == ("publicity.post", places[0].ref, "none")
    assert order.person_id == town.keeper.account and order.grid == GRID


def test_somebody_named_may_post_instead(town: Town, opened: Open) -> None:
    row = opened(to=Assignee("", town.clerk.account))
    assert row.postings.get().order.person_id == town.clerk.account  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", ["", "required", "none"])
def test_a_forbidden_kind_can_never_be_opened(town: Town, opened: Open, mode: str) -> None:
    with pytest.raises(Refused, match="不得公示") as refused:
        opened(by=SYSTEM, kind=HIDDEN_KIND, mode=mode)
    assert refused.value.status == 403 and not Notice.objects.exists()


def test_a_case_may_be_forbidden_where_its_kind_is_not(town: Town, opened: Open) -> None:
    """A minor in the household: the room says forbidden."""
    with pytest.raises(Refused, match="不得公示"):
        opened(mode="forbidden")
    assert actions.may_open(registry.kind(KIND)) and not actions.may_open(registry.kind(KIND), "forbidden")
    assert not actions.may_open(registry.kind(HIDDEN_KIND))


def test_the_database_holds_no_forbidden_notice(town: Town, opened: Open) -> None:
    row = opened(kind=QUICK_KIND, mode="required")
    assert row.mode == "required"
    with pytest.raises(IntegrityError, match="forbidden_never_shown"), transaction.atomic():
        Notice.objects.bulk_create([_copy(row, mode="forbidden")])


def _copy(row: Notice, **more: Any) -> Notice:
    values = {one.attname: getattr(row, one.attname) for one in Notice._meta.concrete_fields} | {
        "pk": None,
        "id": None,
    }
    return Notice(**values | {"subject": "tests.case:0"} | more)  # fmt: skip


@pytest.mark.parametrize("rows", [[{"name": "张*", "illness": "尿毒症"}], [{"name": 5}], {"name": "张*"}])
def test_the_database_holds_no_value_outside_the_whitelist(town: Town, opened: Open, rows: Any) -> None:
    row = opened()
    with pytest.raises(IntegrityError, match="whitelist"), transaction.atomic():
        Notice.objects.bulk_create([_copy(row, rows=rows)])


def test_a_matter_has_one_open_notice_of_a_kind(town: Town, opened: Open) -> None:
    row = opened(subject="tests.case:7")
    with pytest.raises(Refused, match="尚未结束") as refused:
        opened(subject="tests.case:7")
    assert refused.value.status == 409
    actions.withdraw_publicity(by=town.officer, notice=row.pk, reason="名单有误，重新公示")
    assert opened(subject="tests.case:7").pk != row.pk


@pytest.mark.parametrize("who", ["far", "resident", "keeper", "window"])
def test_strangers_open_nothing(town: Town, opened: Open, who: str) -> None:
    with pytest.raises(Refused) as refused:
        opened(by=getattr(town, who))
    assert refused.value.status == 403


def test_wrong_values_and_no_place_are_refused_in_words(town: Town, opened: Open) -> None:
    with pytest.raises(Refused) as refused:
        opened(values=[FAMILY | {"size": "三"}])
    assert refused.value.fields == {"size": ["第 1 行的人口：应为不小于零的整数"]}
    with pytest.raises(Refused, match="张贴的地点"):
        opened(places=["  "])
    with pytest.raises(Refused, match="没有这种公示"):
        opened(kind="tests.unheard")


def test_a_kind_without_paper_begins_to_count_at_once(town: Town, opened: Open, at: Any) -> None:
    at("2026-02-13 10:00")
    row = opened(kind=QUICK_KIND)
    assert row.state == "posted" and not row.postings.exists()
    assert (row.starts, row.ends) == (date(2026, 2, 13), date(2026, 2, 27))


def test_a_room_may_lengthen_the_days_but_never_shorten_them(town: Town, opened: Open) -> None:
    assert opened(days=15).days == 15 and opened(days=3).days == 7


@pytest.mark.parametrize(
    "wrong",
    [{"mode": "maybe"}, {"days": 0}, {"unit": "h"}, {"announce": ("illness",)}, {"ruled_from": "grid"}, {"posting": False, "listed": False}],
)  # fmt: skip
def test_a_kind_that_cannot_be_is_not_registered(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        registry.register(registry.PublicityKind("tests.wrong", "错", FIELDS, **wrong))
    assert "tests.wrong" not in registry.kinds() and registry.title("tests.wrong") == "tests.wrong"


# ---- the clock


def test_the_clock_begins_and_ends_a_notice_to_the_second(
    town: Town, posted: Open, at: Any, told: Told
) -> None:
    at("2026-02-13 16:00")
    row = posted()
    at("2026-02-13 23:59")
    assert actions.begin_due() == 0
    at("2026-02-14 00:00")
    assert jobs.begin_notices() == 1 and actions.begin_due() == 0
    at("2026-02-24 23:59:59")
    assert actions.end_due() == 0
    at("2026-02-25 00:00:00")
    assert jobs.end_notices() == 1 and actions.end_due() == 0
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("ended", "none")
    (ended,) = told.by_name("ended")
    assert (ended.subject, ended.outcome, ended.objections, ended.ends) == (row.subject, "none", 0, row.ends)
    assert facts_told("PublicityEnded")[0]["outcome"] == "none"
    assert row.proof["places"] == [{"place": "村务公开栏", "starts": "2026-02-13", "ends": ""}]


def test_holidays_published_later_move_a_provisional_end(town: Town, posted: Open, at: Any) -> None:
    from linli.kernel.deadlines import queries as calendars
    from linli.kernel.deadlines.models import CalendarDay

    at("2026-12-28 10:00")
    row = posted()
    assert row.provisional and row.ends == date(2027, 1, 4)
    CalendarDay.objects.create(day=date(2027, 1, 4), working=False, name="元旦", source="测试")
    calendars.forget()
    at("2027-01-02 00:20")
    assert jobs.count_again() == 1 and actions.recount_provisional() == 0
    row.refresh_from_db()
    assert row.ends == date(2027, 1, 5)


def test_the_database_ends_nothing_before_its_days(town: Town, posted: Open) -> None:
    row = posted()
    for change in (
        {"ends": row.starts},
        {"state": "ended", "outcome": "none", "ended_at": timezone.now()},
        {"state": "ended"},
        {"state": "withdrawn", "outcome": "none", "ended_at": timezone.now()},
    ):
        with pytest.raises(IntegrityError, match="notice_"), transaction.atomic():
            Notice.objects.filter(pk=row.pk).update(**change)


def test_a_list_that_hangs_is_never_changed(town: Town, opened: Open) -> None:
    row = opened()
    for change in (
        {"rows": [{"name": "李*"}]},
        {"days": 3},
        {"subject": "tests.case:1"},
        {"sheet": "0" * 64},
    ):
        with pytest.raises((IntegrityError, InternalError), match="never changed"), transaction.atomic():
            Notice.objects.filter(pk=row.pk).update(**change)


def test_a_notice_that_is_over_is_never_touched(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    row = posted()
    at("2026-03-10 00:00")
    actions.end_due()
    for sql in (
        "UPDATE publicity_notice SET lost = 9 WHERE id = %s",
        "DELETE FROM publicity_notice WHERE id = %s",
    ):
        with (
            pytest.raises((IntegrityError, InternalError)),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, [row.pk])


# ---- withdrawing, announcing, proving


def test_withdrawing_calls_the_orders_back_and_tells_the_room(town: Town, opened: Open, told: Told) -> None:
    row = opened()
    order = row.postings.get().order_id
    with pytest.raises(Refused, match="撤回原因"):
        actions.withdraw_publicity(by=town.officer, notice=row.pk, reason="错")
    actions.withdraw_publicity(by=town.officer, notice=row.pk, reason="名单有误，重新公示")
    assert WorkOrder.objects.get(pk=order).state == "cancelled"
    assert [one.outcome for one in told.by_name("ended")] == ["withdrawn"]
    with pytest.raises(Refused, match="已撤回"):
        actions.withdraw_publicity(by=town.officer, notice=row.pk, reason="名单有误，重新公示")
    with pytest.raises(Refused, match="没有这份公示"):
        actions.withdraw_publicity(by=town.officer, notice=10**9, reason="名单有误，重新公示")


def test_a_callback_that_fails_undoes_the_end(
    town: Town, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(by: Any, told: Any) -> None:
        raise Refused("办件不在公示环节。", code="moved_on", status=409)

    row = opened()
    registry.register(registry.PublicityKind(KIND, "低保申请公示", FIELDS, on_ended=refuse))
    with pytest.raises(Refused, match="公示环节"):
        actions.withdraw_publicity(by=town.officer, notice=row.pk, reason="名单有误，重新公示")
    row.refresh_from_db()
    assert row.state == "draft"


def test_one_room_that_fails_holds_up_no_other(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    stuck, other = posted(), posted()

    def fails(by: Any, told: registry.Ended) -> None:
        if told.notice == stuck.pk:
            raise RuntimeError("the room is broken")

    registry.register(registry.PublicityKind(KIND, "低保申请公示", FIELDS, on_ended=fails))
    at("2026-03-10 00:00")
    with pytest.raises(RuntimeError, match="broken"):
        actions.end_due()
    assert [Notice.objects.get(pk=one.pk).state for one in (stuck, other)] == ["posted", "ended"]


def test_an_ended_notice_may_be_announced_with_fewer_fields(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    row = posted()
    with pytest.raises(Refused, match="期满且无异议"):
        actions.announce_result(by=town.officer, notice=row.pk, values=[FAMILY])
    at("2026-03-10 00:00")
    actions.end_due()
    with pytest.raises(Refused):
        actions.announce_result(by=town.far, notice=row.pk, values=[FAMILY])
    made = actions.announce_result(by=town.officer, notice=row.pk, values=[FAMILY])
    assert made.rows == [{"name": "欧阳*", "size": "3"}]
    assert [one.notice_id for one in queries.announced(GRID[:9])] == [row.pk]
    actions.end_announcement(by=town.officer, notice=row.pk, reason="停发待遇")
    assert not queries.announced().exists()
    with pytest.raises(Refused, match="没有正在公布"):
        actions.end_announcement(by=town.officer, notice=row.pk, reason="停发待遇")


def test_a_kind_that_announces_nothing_refuses(town: Town, opened: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    row = opened(kind=QUICK_KIND)
    at("2026-03-10 00:00")
    actions.end_due()
    with pytest.raises(Refused, match="不公布结果"):
        actions.announce_result(by=SYSTEM, notice=row.pk, values=[FAMILY])


def test_the_evidence_pack_checks_against_itself(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    row = posted()
    at("2026-03-09 08:00")
    actions.object_to_notice(by=town.resident, notice=row.pk, said=objecting())
    actions.call_for_end_photos()
    post(town.keeper, row, last=True)
    pack = zipfile.ZipFile(io.BytesIO(actions.export_evidence(by=town.officer, notice=row.pk)))
    manifest, ledger = json.loads(pack.read("manifest.json")), json.loads(pack.read("ledger.json"))
    assert {name: hashlib.sha256(pack.read(name)).hexdigest() for name in manifest["files"]} == manifest[
        "files"
    ]
    assert [one["phase"] for one in manifest["photos"]] == ["start", "end"]
    assert manifest["sheet_sha256"] == row.sheet and "欧阳*" in pack.read("list.txt").decode()
    assert hashlib.sha256(pack.read("list.txt")).hexdigest() == row.sheet
    assert [json.loads(one["leaf"])["verb"] for one in ledger][:3] == ["publicity.open", "publicity.posted_at", "publicity.start"]  # fmt: skip
    said = b"".join(pack.read(name) for name in pack.namelist() if not name.startswith("photos/")).decode()
    assert not [one for one in (*SECRETS, "钱举报", "13912345678", "小汽车") if one in said]
    assert Entry.objects.filter(subject=row.ref, verb="publicity.evidence").exists()
    with pytest.raises(Refused):
        actions.export_evidence(by=town.far, notice=row.pk)


def test_a_room_learns_where_a_matter_stands(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    assert queries.standing("tests.case:5") is None
    row = posted(subject="tests.case:5")
    standing = queries.standing("tests.case:5", KIND)
    assert standing and (standing.notice, standing.state, standing.cleared) == (row.pk, "posted", False)
    at("2026-03-10 00:00")
    actions.end_due()
    standing = queries.standing("tests.case:5")
    assert standing and standing.cleared and standing.ends == date(2026, 3, 9)


def test_nobody_posts_what_was_withdrawn(town: Town, opened: Open) -> None:
    row = opened()
    posting = row.postings.get()
    accept_order(by=town.keeper, order=posting.order_id)
    actions.withdraw_publicity(by=town.officer, notice=row.pk, reason="名单有误，重新公示")
    with pytest.raises(Refused, match="已经结束"):
        actions.confirm_posted(by=town.keeper, order=posting.order_id, keys=[photo(town.keeper)])


def test_an_order_of_another_kind_is_no_posting(town: Town, opened: Open) -> None:
    order = opened().postings.get().order
    assert order is not None
    WorkOrder.objects.filter(pk=order.pk).update(kind="tests.mend")
    with pytest.raises(Refused, match="不是公示张贴"):
        actions.confirm_posted(by=town.keeper, order=order.pk, keys=[photo(town.keeper)])


def test_places_are_known_by_code(town: Town, opened: Open) -> None:
    row = opened(place=areas.located(None, None, code=GRID[:9]))
    assert row.area == GRID[:9] and row.postings.get().order.state in ("raised", "dispatched")  # type: ignore[union-attr]
