"""Rechecks in time, after deaths, and who keeps the card."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.onestop import actions, jobs, queries_money
from linli.onestop.actions.rechecks import open_due_rechecks
from linli.onestop.books import plan_of
from linli.onestop.models import Custody, Entitlement, Recheck, Task
from linli.onestop.paying import owed
from linli.onestop.reactions import on_person_died
from linli.onestop.tests.conftest import a_file, at
from linli.onestop.tests.grants import granted
from linli.people.facts import PersonDied
from linli.people.models import Person

pytestmark = pytest.mark.django_db
MAY = date(2026, 5, 1)


def holder(made: Recheck):
    return actor_for(Task.objects.get(pk=made.task_id).holder_id)


def test_the_timer_opens_each_recheck_once_a_month_ahead_with_an_owner(county):
    row = granted(county)
    assert open_due_rechecks(date(2027, 1, 20)) == 0
    assert open_due_rechecks(date(2027, 2, 1)) == 1 and open_due_rechecks(date(2027, 2, 2)) == 0
    made = Recheck.objects.get(entitlement=row)
    assert (made.why, made.due, made.task.kind) == ("periodic", date(2027, 3, 1), "recheck")
    assert made.task.holder_id is not None and made.task.unit
    assert list(queries_money.rechecks_open(county.actor("MZ"))) == [made]
    assert not queries_money.rechecks_open(county.actor("stranger"))
    assert jobs.open_rechecks() == 0 and jobs.close_paid_cases() == 0


def test_what_ends_before_its_recheck_is_not_looked_at(county):
    row = granted(county)
    actions.stop_entitlement(
        by=county.actor("MZ"), entitlement=row.pk, month=MAY, cause="moved", reason="迁出本县"
    )
    assert open_due_rechecks(date(2027, 2, 20)) == 0
    row.refresh_from_db()
    assert row.recheck_on is None


def test_a_recheck_keeps_changes_or_stops_and_says_when_the_next_is(county):
    row = granted(county)
    made = actions.open_recheck(
        by=county.actor("MZ"), entitlement=row.pk, due=date(2026, 4, 20), reason="群众举报"
    )
    with pytest.raises(Refused, match="正在复核"):
        actions.open_recheck(by=county.actor("MZ"), entitlement=row.pk, due=MAY, reason="群众举报")
    who, now = holder(made), at("2026-04-10 10:00")
    for wrong in ({"outcome": "increase", "fen": 9}, {"outcome": "guess"}, {"outcome": "keep", "note": ""}):
        with pytest.raises(Refused):
            actions.do_recheck(by=who, recheck=made.pk, **{"note": "已入户", "at": now, **wrong})
    with pytest.raises(Refused) as refused:
        actions.do_recheck(by=county.actor("stranger"), recheck=made.pk, outcome="keep", note="已入户")
    assert refused.value.status == 403
    actions.do_recheck(
        by=who, recheck=made.pk, outcome="decrease", fen=40000, note="收入增加", at=now, sheet={"a": 1}
    )
    row.refresh_from_db()
    assert owed(plan_of(row), MAY) == 40000 and row.recheck_on == date(2027, 4, 1)
    with pytest.raises(Refused, match="已经办结"):
        actions.do_recheck(by=who, recheck=made.pk, outcome="keep", note="再来一次")
    with pytest.raises(Refused, match="没有这次复核"):
        actions.do_recheck(by=who, recheck=0, outcome="keep", note="再来一次")
    again = actions.open_recheck(by=county.actor("MZ"), entitlement=row.pk, due=MAY, reason="情况变化")
    actions.do_recheck(
        by=holder(again),
        recheck=again.pk,
        outcome="stop",
        note="已就业",
        phase_months=3,
        at=at("2026-06-01 10:00"),
    )
    row.refresh_from_db()
    assert row.months.upper == date(2026, 10, 1) and row.recheck_on is None
    assert Task.objects.filter(kind="recheck", state="open").count() == 0


def test_a_household_that_lost_somebody_is_looked_at_within_three_months(county):
    row, own = granted(county), granted(county, item="MZ-009", person=county.wife)
    Person.objects.filter(pk=county.wife.pk).update(died=date(2026, 5, 31))
    fact = PersonDied(county.wife.pk, county.wife.area, "2026-05-31")
    on_person_died(fact)
    made = Recheck.objects.get()
    own.refresh_from_db()
    assert (made.entitlement_id, made.why, made.due) == (row.pk, "death", date(2026, 8, 31))
    assert own.months.upper == date(2026, 6, 1)
    with pytest.raises(Refused, match="渐退期"):
        actions.do_recheck(by=holder(made), recheck=made.pk, outcome="stop", note="不再符合", phase_months=4)
    on_person_died(PersonDied(county.wife.pk, county.wife.area, "2026-05-31", undone=True))
    assert Entitlement.objects.get(pk=own.pk).months.upper is None


def test_a_card_is_kept_by_one_person_under_an_agreement(county):
    row, who = granted(county), county.actor("MZ")
    keep = {"by": who, "entitlement": row.pk, "keeper_name": "王小妹", "relation": "女儿", "since": MAY}
    with pytest.raises(Refused) as refused:
        actions.record_custody(**{**keep, "keeper_name": "", "relation": "", "agreement": []})
    assert set(refused.value.fields) == {"keeper_name", "relation", "agreement"}
    first = actions.record_custody(**keep, agreement=[a_file(county.accounts["MZ"])])
    with pytest.raises(Refused, match="早于"):
        actions.record_custody(
            **{**keep, "since": date(2026, 4, 1)}, agreement=[a_file(county.accounts["MZ"])]
        )
    later = actions.record_custody(
        **{**keep, "keeper_name": "王大哥", "since": date(2026, 6, 1)},
        agreement=[a_file(county.accounts["MZ"])],
    )
    first.refresh_from_db()
    assert first.until == date(2026, 6, 1)
    assert list(queries_money.custodies_seen(who)) == [later]
    with pytest.raises(IntegrityError), transaction.atomic():
        Custody.objects.filter(pk=first.pk).update(until=None)
    with pytest.raises(Refused, match="早于"):
        actions.end_custody(by=who, custody=later.pk, until=MAY, reason="收回银行卡")
    actions.end_custody(by=who, custody=later.pk, until=date(2026, 7, 1), reason="收回银行卡")
    with pytest.raises(Refused, match="已经终止"):
        actions.end_custody(by=who, custody=later.pk, until=date(2026, 7, 1), reason="收回银行卡")
    with pytest.raises(Refused, match="没有这项代管"):
        actions.end_custody(by=who, custody=0, until=MAY, reason="收回银行卡")


def test_who_works_on_the_case_keeps_no_card_and_a_stranger_records_none(county):
    row = granted(county)
    official = Person.objects.create(name="经办", account=county.accounts["MZ"], county="430181")
    keep = {"entitlement": row.pk, "keeper_name": "经办", "relation": "无", "since": MAY, "agreement": [1]}
    with pytest.raises(Refused) as refused:
        actions.record_custody(by=county.actor("MZ"), keeper=official.pk, **keep)
    assert "keeper" in refused.value.fields
    with pytest.raises(Refused) as refused:
        actions.record_custody(by=county.actor("stranger"), **keep)
    assert refused.value.status == 403
