"""Departments at work: who may touch what, who is kept out, nothing left in nobody's hands."""

import pytest

from linli.areas.models import Unit
from linli.areas.queries import area_path
from linli.kernel import Refused
from linli.kernel.access.models import Bar, Grant
from linli.kernel.access.queries import actor_for
from linli.onestop import actions, duties, notices, placing, queries
from linli.onestop.models import Task
from linli.onestop.tests.conftest import COUNTY, TOWN, at, do, person, task_of
from linli.people.models import Tie

pytestmark = pytest.mark.django_db


def test_only_the_holder_does_a_task_and_a_mate_may_take_it(county, accepted):
    row = accepted()
    task = task_of(row, "check")
    holder = actor_for(task.holder_id)
    other = county.actor("CL")
    with pytest.raises(Refused) as refused:
        actions.do_task(by=other, task=task.pk)
    assert refused.value.status == 403
    with pytest.raises(Refused):
        actions.take_task(by=other, task=task.pk)
    head = county.actor("head")
    with pytest.raises(Refused) as refused:
        actions.do_task(by=head, task=task.pk)
    assert refused.value.code == "not_yours"
    assert actions.take_task(by=head, task=task.pk).holder_id == head.account
    with pytest.raises(Refused):
        actions.do_task(by=holder, task=task.pk)
    assert actions.do_task(by=head, task=task.pk).state == "done"


def test_done_twice_is_done_once(county, accepted):
    task = do(accepted(), "check")
    again = actions.do_task(by=actor_for(task.holder_id), task=task.pk)
    assert again.done_at == task.done_at
    with pytest.raises(Refused) as refused:
        actions.do_task(by=actor_for(task.holder_id), task=task.pk, opinion="disagree", reason="改主意了")
    assert refused.value.status == 409


def test_a_survey_needs_two_who_are_no_kin_and_a_signature(county, accepted):
    task = task_of(accepted(), "survey")
    by = actor_for(task.holder_id)
    with pytest.raises(Refused) as refused:
        actions.do_task(by=by, task=task.pk)
    assert "survey" in refused.value.fields
    for second in (by.account, county.accounts["resident"].pk):
        said = actions.Surveyed(second=second, answers={}, signed=True)
        with pytest.raises(Refused):
            actions.do_task(by=by, task=task.pk, survey=said)
    mate = next(a.pk for n, a in county.accounts.items() if n in ("town", "mate") and a.pk != by.account)
    with pytest.raises(Refused) as refused:
        actions.do_task(by=by, task=task.pk, survey=actions.Surveyed(second=mate, answers={}))
    assert "signed" in refused.value.fields
    said = actions.Surveyed(second=mate, answers={"住房": "平房"}, remote="疫情期间")
    assert actions.do_task(by=by, task=task.pk, survey=said).survey.second_id == mate


def test_an_assisting_department_says_what_it_found_and_why_not(county, accepted):
    task = task_of(accepted(), "investigate", "县残联")
    by = county.actor("CL")
    assert task.holder_id == by.account
    with pytest.raises(Refused) as refused:
        actions.do_task(by=by, task=task.pk, opinion="disagree")
    assert set(refused.value.fields) == {"finding", "reason"}


def test_steps_with_an_action_of_their_own_are_not_done_by_the_general_one(county, begin):
    task = begin().tasks.get(step="accept")
    with pytest.raises(Refused, match="受理"):
        actions.do_task(by=actor_for(task.holder_id), task=task.pk)


def test_kin_cannot_touch_the_case_and_their_tasks_go_to_others(county, accepted):
    row = accepted()
    task = task_of(row, "survey")
    kin = task.holder_id
    Tie.objects.create(person=county.old, kind="kin", other=person("王经办", county.old.birth, None))
    actions.record_kin(by=actor_for(kin), application=row.pk, account=kin, reason="申请人之子")
    task.refresh_from_db()
    assert task.holder_id != kin and task.holder_id is not None
    assert Bar.objects.filter(account=kin, subject=row.subject, why="kin").exists()
    with pytest.raises(Refused) as refused:
        actions.take_task(by=actor_for(kin), task=task.pk)
    assert refused.value.status == 403
    with pytest.raises(Refused):
        queries.application_of(actor_for(kin), row.pk)


def test_a_registered_tie_keeps_an_official_out_from_the_start(county, begin):
    brother = person("王窗口", county.old.birth, county.accounts["window"])
    Tie.objects.create(person=brother, kind="kin", other=county.old)
    row = begin()
    assert row.tasks.get(step="accept").placed == "supervisor"
    with pytest.raises(Refused) as refused:
        actions.accept(by=county.actor("window"), application=row.pk)
    assert refused.value.code == "kin"


def test_a_post_without_a_holder_falls_to_the_head_then_to_the_supervisor(county):
    Grant.objects.filter(role="officer", unit=f"{COUNTY}-MZ").delete()
    found = placing.place("county.civil_affairs", TOWN)
    assert (found.placed, found.holder) == ("head", county.accounts["head"].pk)
    found = placing.place("county.civil_affairs", TOWN, {county.accounts["head"].pk})
    assert (found.placed, found.holder) == ("supervisor", county.accounts["supervisor"].pk)
    Unit.objects.filter(function="MZ").update(active=False)
    Grant.objects.filter(role="supervisor").delete()
    from linli.areas import queries as areas

    areas.forget()
    found = placing.place("county.civil_affairs", TOWN)
    assert (found.unit, found.holder, found.placed) == ("", None, "supervisor")
    assert placing.place("no.such_post", TOWN).placed == "supervisor"


def test_a_task_nobody_could_take_stands_on_the_supervisors_list_until_somebody_can(county, accepted):
    Grant.objects.filter(role="officer", unit=f"{COUNTY}-CL").delete()
    row = accepted()
    task = task_of(row, "investigate", "县残联")
    assert list(queries.unowned_tasks(county.actor("supervisor"))) == [task]
    assert not queries.unowned_tasks(county.actor("stranger")).exists()
    Grant.objects.create(account=county.accounts["CL"], role_id="officer", area=COUNTY, unit=f"{COUNTY}-CL")
    actions.parallel_approval(by=county.actor("MZ"), application=row.pk)
    task.refresh_from_db()
    assert (task.holder_id, task.placed) == (county.accounts["CL"].pk, "holder")
    with pytest.raises(Refused):
        actions.parallel_approval(by=county.actor("stranger"), application=row.pk)


def test_a_task_is_handed_on_with_a_reason_to_somebody_who_may_hold_it(county, accepted):
    row = accepted()
    task = task_of(row, "survey")
    by = actor_for(task.holder_id)
    mate = next(a.pk for n, a in county.accounts.items() if n in ("town", "mate") and a.pk != by.account)
    for to, reason in (
        (county.accounts["resident"].pk, "出差"),
        (county.accounts["stranger"].pk, "出差"),
        (mate, ""),
    ):
        with pytest.raises(Refused):
            actions.transfer_task(by=by, task=task.pk, to=to, reason=reason)
    with pytest.raises(Refused) as refused:
        actions.transfer_task(by=county.actor("CL"), task=task.pk, to=mate, reason="出差")
    assert refused.value.status == 403
    assert actions.transfer_task(by=by, task=task.pk, to=mate, reason="出差").holder_id == mate
    back = actions.transfer_task(by=county.actor("supervisor"), task=task.pk, to=by.account, reason="督办")
    assert back.holder_id == by.account


def test_a_supervisor_urges_and_a_colleague_does_not(county, accepted):
    task = task_of(accepted(), "survey")
    assert actions.urge_task(by=county.actor("supervisor"), task=task.pk).urged == 1
    with pytest.raises(Refused):
        actions.urge_task(by=county.actor("CL"), task=task.pk)


def test_an_outside_wait_stops_the_promise_once_nobody_here_has_work(county, accepted):
    row = accepted(members={county.old.pk: {}})
    do(row, "investigate", "县民政局养老股", when="2026-02-10 10:00")
    do(row, "survey", when="2026-02-10 10:00")
    row.refresh_from_db()
    limits = queries.limits_of(row, at("2026-02-11 10:00"))
    assert limits.paused == "external_check"
    assert limits.promised == "7 个工作日（不含公示 7 天）" and limits.statutory == "30 个工作日"
    do(row, "check", when="2026-02-12 10:00")
    row.refresh_from_db()
    assert queries.limits_of(row, at("2026-02-12 11:00")).paused == ""


def test_a_whole_list_of_tasks_moves_with_a_signed_hand_over(county, accepted):
    task = task_of(accepted(), "survey")
    giver = task.holder_id
    mate = next(a.pk for n, a in county.accounts.items() if n in ("town", "mate") and a.pk != giver)
    assert [number for number, _ in duties.held_by_account(giver)] == [task.pk]
    assert duties.held_by_unit(task.unit) == 1
    duties.move_tasks(giver, mate, [task.pk])
    task.refresh_from_db()
    assert task.holder_id == mate


class Board:
    """A room of public notices as onestop sees it."""

    def __init__(self) -> None:
        self.up: list[notices.Posting] = []
        self.down: list[str] = []

    def open(self, by, posting):
        self.up.append(posting)
        return "publicity.notice:5"

    def close(self, by, notice, reason):
        self.down.append(notice)

    def over(self, notice):
        return notice in self.down


@pytest.fixture
def board():
    made = Board()
    notices.bind(made)
    yield made
    notices.bind(None)


def test_a_bound_board_gets_only_the_fields_the_item_allows_and_says_when_the_list_hangs(
    county, accepted, board
):
    row = accepted("MZ-003", papers=[])
    do(row, "survey", when="2026-02-12 10:00")
    assert task_of(row, "publicity")
    actions.publish_results(by=county.actor("town"), application=row.pk, at=at("2026-02-13 09:00"))
    (posting,) = board.up
    assert posting.fields == {"name": "王向阳", "area": area_path(row.community)} and posting.days == 7
    assert task_of(row, "publicity").posted_at is None  # ordered, not yet hung
    with pytest.raises(Refused):
        actions.begin_publicity(
            by=county.actor("CL"),
            application=row.pk,
            posted_at=at("2026-02-13 15:00"),
            ends_at=at("2026-02-24 23:59"),
        )
    actions.begin_publicity(
        by=county.actor("town"),
        application=row.pk,
        posted_at=at("2026-02-13 15:00"),
        ends_at=at("2026-02-24 23:59"),
    )
    row.refresh_from_db()
    assert queries.limits_of(row).paused == "publicity"
    actions.rule_objection(by=county.actor("town"), application=row.pk, upheld=True, reason="收入来源不实")
    assert board.down == ["publicity.notice:5"]
    row.refresh_from_db()
    assert row.round == 2 and row.publish_from == 2 and task_of(row, "survey")


def test_what_law_forbids_is_not_posted(county, accepted):
    row = accepted("MZ-007", papers=[], commit=["GUARD"])
    with pytest.raises(Refused, match="不得公示"):
        actions.publish_results(by=county.actor("town"), application=row.pk)
    assert not Task.objects.filter(application=row, kind="publicity").exists()
