"""Objections: from anybody, seen by few, ruled by nobody concerned, answered always."""

import json
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.utils import timezone

from linli.dispatch.models import Move
from linli.kernel import Refused
from linli.kernel.access.models import Bar, Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.bus.jobs import drain
from linli.kernel.bus.models import Fact
from linli.kernel.ledger.models import Entry
from linli.kernel.notify.models import Notice as Message
from linli.publicity import actions, jobs, queries, registry
from linli.publicity.models import Notice, Objection
from linli.publicity.tests.conftest import (
    FIELDS,
    GRID,
    KIND,
    QUICK_KIND,
    WEST,
    Open,
    Told,
    Town,
    account,
    objecting,
)

REASONS = "经入户核查，车辆已于去年过户，情况属实不成立。"


def object_to(by: Actor, row: Notice, **more: Any) -> Objection:
    receipt = actions.object_to_notice(by=by, notice=row.pk, said=objecting(**more))
    return Objection.objects.get(pk=receipt.objection)


def rule(by: Actor, row: Objection, upheld: bool = False, reasons: str = REASONS) -> Objection:
    return actions.rule_objection(by=by, objection=row.pk, upheld=upheld, reasons=reasons)


# ---- hearing


def test_anybody_objects_without_an_account(town: Town, posted: Open, visitor: Actor, told: Told) -> None:
    row = posted()
    receipt = actions.object_to_notice(
        by=visitor, notice=row.pk, said=objecting(real_name=False, name="", phone="")
    )
    assert len(receipt.code) == 12 and not receipt.late and not receipt.repeated
    found = queries.objection_by_code(receipt.code.lower())
    assert found.pk == receipt.objection and found.grounds == "这户有一辆小汽车，情况不实"
    (heard,) = told.by_name("objected")
    assert (heard.notice, heard.objection, heard.late, heard.real_name) == (row.pk, found.pk, False, False)
    body = Fact.objects.get(name="publicity.ObjectionReceived").body
    assert body["subject"] == row.subject and body["objection"] == found.pk


def test_sent_twice_it_is_taken_once_with_the_same_receipt(town: Town, posted: Open, visitor: Actor) -> None:
    row, said = posted(), objecting()
    first = actions.object_to_notice(by=visitor, notice=row.pk, said=said)
    again = actions.object_to_notice(by=visitor, notice=row.pk, said=said)
    assert (again.objection, again.code, again.repeated) == (first.objection, first.code, True)
    other = objecting(client_uuid=said.client_uuid, grounds="换了一个说法来试试")
    with pytest.raises(Refused, match="内容不同") as refused:
        actions.object_to_notice(by=visitor, notice=row.pk, said=other)
    assert refused.value.status == 409 and Objection.objects.count() == 1
    actions.object_to_notice(by=town.resident, notice=row.pk, said=said)  # another sender, another UUID space
    assert Objection.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"grounds": "不服"}, "grounds"),
        ({"grounds": "长" * 4001}, "grounds"),
        ({"name": " "}, "name"),
        ({"phone": ""}, "phone"),
        ({"phone": "12345"}, "phone"),
        ({"channel": "pigeon"}, "channel"),
    ],
)
def test_what_is_missing_is_named(
    town: Town, posted: Open, visitor: Actor, wrong: dict[str, Any], field: str
) -> None:
    row = posted()
    with pytest.raises(Refused) as refused:
        actions.object_to_notice(by=visitor, notice=row.pk, said=objecting(**wrong))
    assert field in refused.value.fields


def test_nobody_objects_to_what_was_withdrawn_or_never_was(town: Town, opened: Open, visitor: Actor) -> None:
    row = opened()
    actions.withdraw_publicity(by=town.officer, notice=row.pk, reason="名单有误，重新公示")
    with pytest.raises(Refused, match="已经撤回"):
        actions.object_to_notice(by=visitor, notice=row.pk, said=objecting())
    with pytest.raises(Refused, match="没有这份公示"):
        actions.object_to_notice(by=visitor, notice=10**9, said=objecting())


def test_a_clerk_writes_down_what_was_said_at_the_window(town: Town, posted: Open) -> None:
    row = posted()
    found = object_to(town.window, row, channel="window")
    assert found.channel == "window" and found.account == "" and found.account_index is None
    for who in (town.clerk, town.far, town.resident, town.village_officer):
        with pytest.raises(Refused, match="没有登记异议的权限"):
            object_to(who, row, channel="window")


# ---- sealed


def test_an_objector_stands_nowhere_in_clear(town: Town, posted: Open) -> None:
    row = posted()
    found = object_to(town.resident, row, against="陈经办")
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(o)::text FROM publicity_objection o WHERE id = %s", [found.pk])
        kept = cursor.fetchone()[0]
    kept += json.dumps(
        list(Move.objects.values()) + list(Fact.objects.values()), default=str, ensure_ascii=False
    )
    kept += json.dumps(list(Entry.objects.values()), default=str, ensure_ascii=False)
    own = f"account:{town.resident.account}"
    assert not [one for one in ("钱举报", "13912345678", "小汽车", "赵居民", own) if one in kept]
    assert (found.name, found.phone, found.account) == ("钱举报", "13912345678", str(town.resident.account))


def test_an_anonymous_objection_keeps_no_account(town: Town, posted: Open) -> None:
    found = object_to(town.resident, posted(), real_name=False, name="", phone="")
    assert found.account == "" and found.account_index is None


def test_the_village_sees_neither_objection_nor_objector(town: Town, posted: Open) -> None:
    """Whatever role somebody holds in the village: the level decides."""
    row = posted()
    found = object_to(town.resident, row)
    for who in (town.clerk, town.keeper, town.village_officer, town.far, town.resident, town.window):
        assert queries.objections_of(who, row) == [] and not queries.unruled(who).exists()
        assert not [one for one in queries.moves_of(who, row) if one.action in ("object", "rule")]
        with pytest.raises(Refused) as refused:
            queries.objection_for(who, found.pk)
        assert refused.value.status == 404
        with pytest.raises(Refused):
            actions.reveal_objector(by=who, objection=found.pk, reason="向本人核实情况")
        with pytest.raises(Refused):
            rule(who, found)
    assert [one.pk for one in queries.objections_of(town.second, row)] == [found.pk]
    assert queries.unruled(town.boss).get() == found
    assert [one.action for one in queries.moves_of(town.officer, row)].count("object") == 1


def test_revealing_needs_the_verb_a_reason_and_leaves_a_record(town: Town, posted: Open) -> None:
    found = object_to(town.resident, posted())
    with pytest.raises(Refused):
        actions.reveal_objector(by=town.second, objection=found.pk, reason="向本人核实情况")
    with pytest.raises(Refused, match="查看理由"):
        actions.reveal_objector(by=town.head, objection=found.pk, reason=" 看 ")
    shown = actions.reveal_objector(by=town.head, objection=found.pk, reason="向本人核实情况")
    assert shown["name"] == "钱举报" and shown["phone"] == "13912345678"
    entry = Entry.objects.get(subject=found.ref, verb="publicity.reveal")
    assert entry.by == town.head.ref and str(entry.fields["reason"]).startswith("sha256:")


# ---- ruling


def test_an_objection_holds_the_end_until_it_is_ruled(town: Town, posted: Open, at: Any, told: Told) -> None:
    at("2026-03-02 10:00")
    row = posted()
    at("2026-03-06 10:00")
    found = object_to(town.resident, row)
    at("2026-03-10 00:00")
    assert actions.end_due() == 0 and told.by_name("ended") == []
    with pytest.raises((IntegrityError, InternalError), match="holds the notice"), transaction.atomic():
        Notice.objects.filter(pk=row.pk).update(state="ended", outcome="none", ended_at=timezone.now())
    at("2026-03-12 15:00")
    rule(town.second, found)
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("ended", "none")
    assert [(one.outcome, one.objections) for one in told.by_name("ended")] == [("none", 1)]
    assert told.by_name("upheld") == []


def test_an_upheld_objection_ends_the_notice_at_once(town: Town, posted: Open, at: Any, told: Told) -> None:
    at("2026-03-02 10:00")
    row = posted()
    found = object_to(town.resident, row)
    rule(town.second, found, upheld=True)
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("ended", "upheld")
    assert [name for name, _ in told.heard] == ["objected", "upheld", "ended"]
    assert told.by_name("ended")[0].outcome == "upheld" and not told.by_name("upheld")[0].late
    standing = queries.standing(row.subject)
    assert standing and not standing.cleared
    assert Fact.objects.get(name="publicity.ObjectionRuled").body["upheld"] is True


def test_the_day_before_the_end_a_rejected_objection_changes_nothing(
    town: Town, posted: Open, at: Any
) -> None:
    at("2026-03-02 10:00")
    row = posted()
    rule(town.second, object_to(town.resident, row))
    row.refresh_from_db()
    assert row.open and row.ends == date(2026, 3, 9)


def test_a_real_name_is_answered_in_writing(town: Town, posted: Open) -> None:
    row = posted()
    found = rule(town.second, object_to(town.resident, row))
    assert found.answered_at is not None
    said = Message.objects.filter(template="publicity.answered")
    assert {one.channel for one in said} == {"in_app", "sms"}
    assert all(REASONS in one.text and row.number in one.text for one in said)
    assert said.get(channel="in_app").account_id == town.resident.account


def test_the_anonymous_read_their_answer_by_the_code(town: Town, posted: Open, visitor: Actor) -> None:
    receipt = actions.object_to_notice(
        by=visitor, notice=posted().pk, said=objecting(real_name=False, name="", phone="")
    )
    rule(town.second, Objection.objects.get(pk=receipt.objection))
    found = queries.objection_by_code(receipt.code)
    assert found.reasons == REASONS and found.answered_at is None
    with pytest.raises(Refused, match="查询码"):
        queries.objection_by_code("ABCDEFGHJKMN")


def test_the_ruler_is_never_somebody_named_in_it(town: Town, posted: Open) -> None:
    row = posted()
    for more in ({"against": "孙 复核"}, {"grounds": "孙复核收了这家的烟酒"}):
        found = object_to(town.resident, row, client_uuid=uuid.uuid4(), **more)
        with pytest.raises(Refused, match="点了您的名") as refused:
            rule(town.second, found)
        assert refused.value.status == 403
        rule(town.head, found)


def test_parties_and_handlers_never_rule_nor_hear_of_it(town: Town, posted: Open) -> None:
    assert town.officer.account and town.head.account
    row = posted(parties=[town.head.account], handlers=[town.officer.account])
    found = object_to(town.resident, row)
    for who in (town.head, town.officer):
        assert queries.objections_of(who, row) == [] and not queries.unruled(who).exists()
        with pytest.raises(Refused):
            rule(who, found)
    assert queries.rulers(row) == {town.second.account, town.boss.account}
    with pytest.raises(IntegrityError, match="never_rules_where_concerned"), transaction.atomic():
        Objection.objects.filter(pk=found.pk).update(
            state="rejected", reasons=REASONS, ruled_by=town.head.account, ruled_at=timezone.now(), answered_at=timezone.now()
        )  # fmt: skip
    rule(town.second, found)


def test_nobody_rules_on_their_own_objection(town: Town, posted: Open) -> None:
    row = posted()
    for more in ({}, {"real_name": False}):
        found = object_to(town.second, row, client_uuid=uuid.uuid4(), **more)
        with pytest.raises(Refused, match="自己提出"):
            rule(town.second, found)
    with pytest.raises(Refused, match="登录"):
        rule(SYSTEM, found)


def test_a_bar_beats_the_role(town: Town, posted: Open) -> None:
    row = posted()
    found = object_to(town.resident, row)
    Bar.objects.create(account=town.accounts["second"], subject=row.subject, why="kin")
    barred = actor_for(town.accounts["second"].pk, name="孙复核")
    with pytest.raises(Refused):
        rule(barred, found)


def test_a_kind_may_be_ruled_by_the_county_alone(town: Town, opened: Open) -> None:
    row = opened(kind=QUICK_KIND)
    found = object_to(town.resident, row)
    with pytest.raises(Refused):
        rule(town.second, found)
    assert queries.rulers(row) == {town.boss.account}
    rule(town.boss, found)


def test_a_town_office_elsewhere_opens_no_door_in_the_village(town: Town, opened: Open, posted: Open) -> None:
    """An officer of the next town who also holds a post in this village: the lists decide by place, not by person."""
    row, county_only = posted(), opened(kind=QUICK_KIND)
    for one in (row, county_only):
        object_to(town.resident, one, client_uuid=uuid.uuid4())
    Grant.objects.create(account=town.accounts["far"], role_id="officer", area=GRID[:12])
    far = actor_for(town.accounts["far"].pk, name="邻镇员")
    assert not queries.unruled(far).exists()
    assert {one.pk: one.waiting for one in queries.listed(far)} == {row.pk: 0, county_only.pk: 0}  # type: ignore[attr-defined]
    assert {one.pk: one.waiting for one in queries.listed(town.second)} == {row.pk: 1, county_only.pk: 0}  # type: ignore[attr-defined]
    assert queries.unruled(town.boss).count() == 2 and queries.unruled(SYSTEM).count() == 2


def test_an_officer_of_another_unit_rules_nothing_here(town: Town, posted: Open) -> None:
    row = posted(unit="430181001-MZ")
    other = account("别站人")
    Grant.objects.create(account=other, role_id="officer", area=WEST, unit="430181001-NY")
    found = object_to(town.resident, row)
    with pytest.raises(Refused):
        rule(actor_for(other.pk, name=other.name), found)
    assert other.pk not in queries.rulers(row) and town.second.account in queries.rulers(row)


def test_a_ruling_has_reasons_and_is_never_changed(town: Town, posted: Open) -> None:
    found = object_to(town.resident, posted())
    with pytest.raises(Refused, match="裁定理由"):
        rule(town.second, found, reasons="不属实")
    rule(town.second, found)
    with pytest.raises(Refused, match="已经裁定"):
        rule(town.head, found, upheld=True)
    with (
        pytest.raises((IntegrityError, InternalError), match="ruling is never changed"),
        transaction.atomic(),
    ):
        Objection.objects.filter(pk=found.pk).update(reasons="改一改理由再说一遍")


# ---- late


def test_a_late_objection_is_a_report_that_is_answered(town: Town, posted: Open, at: Any, told: Told) -> None:
    at("2026-03-02 10:00")
    row = posted()
    at("2026-03-10 00:00")
    found = object_to(
        town.resident, row
    )  # the second the days are over, though the clock has not ended it yet
    assert found.late and told.by_name("objected")[0].late
    assert actions.end_due() == 1
    rule(town.second, found, upheld=True)
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("ended", "none")
    assert told.by_name("upheld")[0].late and len(told.by_name("ended")) == 1
    assert Message.objects.filter(template="publicity.answered", account=town.resident.account).exists()
    again = object_to(town.resident, row, client_uuid=uuid.uuid4())
    assert again.late


def test_a_late_real_name_cannot_be_closed_without_an_answer(town: Town, posted: Open) -> None:
    found = object_to(town.resident, posted())
    with pytest.raises(IntegrityError, match="real_name_is_answered"), transaction.atomic():
        Objection.objects.filter(pk=found.pk).update(
            state="rejected", reasons=REASONS, ruled_by=town.second.account, ruled_at=timezone.now()
        )


# ---- telling


def test_those_who_rule_are_told_and_reminded(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    row = posted()
    found = object_to(town.resident, row)
    drain()
    told_now = Message.objects.filter(template="publicity.objected")
    rulers = {town.officer.account, town.second.account, town.head.account, town.boss.account}
    assert {one.account_id for one in told_now} == rulers
    assert all("钱举报" not in one.text and "小汽车" not in one.text for one in told_now)
    assert jobs.remind_of_answers() == 0
    at(f"{(found.due_at + timedelta(days=1)):%Y-%m-%d} 09:00")
    assert jobs.remind_of_answers() == 4
    assert Message.objects.filter(template="publicity.unanswered").count() == 4
    jobs.remind_of_answers()
    assert Message.objects.filter(template="publicity.unanswered").count() == 4  # once a day


def test_an_objection_outlives_its_kind(town: Town, posted: Open) -> None:
    """A room was taken out of service: what it gave is still ruled and answered."""
    row = posted()
    found = object_to(town.resident, row)
    registry.unregister(KIND)
    rule(town.second, found, upheld=True)
    row.refresh_from_db()
    assert row.outcome == "upheld"
    registry.register(registry.PublicityKind(KIND, "低保申请公示", FIELDS))
