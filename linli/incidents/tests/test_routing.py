"""Routing by what a reporter answered and by working hours: from the rule to the case, its reasons, its dry run."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from linli.areas.models import Unit
from linli.incidents import actions, catalogue, shipped
from linli.incidents.actions.catalogue import publish_class
from linli.incidents.actions.routing import RouteChange, dry_run_routes, end_route, set_route
from linli.incidents.models import Incident, Report, RoutingRule
from linli.incidents.tests.conftest import GRID, TOWN, Town
from linli.incidents.tests.scenes import client, html, report, waiting
from linli.incidents.tests.test_catalogue_actions import holder, refused
from linli.kernel.actor import Actor
from linli.kernel.kept import forget_all

SIZE, KIND = "大概有多大一堆？", "是生活垃圾还是装修垃圾？"
RUBBLE = {KIND: "装 修垃圾"}
DAY, NIGHT = (
    datetime(2026, 2, 10, 2, tzinfo=UTC),
    datetime(2026, 2, 10, 14, tzinfo=UTC),
)  # 10:00 and 22:00 here


@pytest.fixture
def admin(town: Town) -> Actor:
    return holder("administrator")


def rule(admin: Actor, **more: Any) -> RoutingRule:
    """Rubble goes to the housing bureau."""
    said = {
        "topic": "sr.litter",
        "question": KIND,
        "answered": "装修",
        "function": "ZJ",
        "basis": "装修垃圾由住建局管",
    }
    row = set_route(by=admin, **(said | more))
    forget_all()
    return row


def plain(admin: Actor, **more: Any) -> RoutingRule:
    return rule(admin, question="", answered="", **more)


def told(town: Town, answers: dict[str, str] | None = None) -> Incident:
    """A grid worker's own find, filed at once."""
    return report(town, by=town.worker, channel="grid", class_said="sr.litter", answers=answers or {})


def at(code: str = "sr.litter", moment: datetime = DAY, answers: Any = tuple) -> str:
    sent = catalogue.route(class_code=code, large="sr", area=GRID, urgency="routine", told=answers, at=moment)
    return sent.to.unit


# where cases go


def test_an_answer_given_with_the_report_decides_and_the_case_says_so(town: Town, admin: Actor) -> None:
    row = rule(admin)
    case = told(town, RUBBLE)
    assert case.unit == "430181-ZJ" and case.routing["id"] == row.pk
    assert case.routing["text"] == f"装修垃圾由住建局管（“{KIND}”的回答含“装修”）"
    assert (case.routing["question"], case.routing["answered"]) == (KIND, "装修")
    assert told(town, {KIND: "生活垃圾"}).unit == told(town).unit == "430181-CG"


def test_intake_asks_the_database_nothing_more_for_it(town: Town, admin: Actor) -> None:
    def statements() -> int:
        told(town, RUBBLE)
        with CaptureQueriesContext(connection) as asked:
            told(town, RUBBLE)
        return len(asked)

    before = statements()
    rule(admin, hours="work")
    rule(admin, hours="off")
    assert statements() == before and Incident.objects.latest("id").unit == "430181-ZJ"


def test_a_clerks_filing_reads_what_every_reporter_answered(town: Town, admin: Actor) -> None:
    rule(admin)
    case = waiting(town, answers={KIND: "看不出来"})
    report(town, join=case.pk, answers=RUBBLE)
    desk = html(client(town, "clerk").get(f"/desk/?case={case.pk}"))
    assert "住建局" in desk and "的回答含“装修”" in desk
    case = actions.file_incident(by=town.clerk, incident=case.pk, class_code="sr.litter")
    assert case.unit == "430181-ZJ" and "的回答含" in case.routing["text"]


def test_answers_are_asked_for_only_when_such_a_rule_could_speak(town: Town, admin: Actor) -> None:
    asked: list[int] = []

    def answers() -> list[dict[str, str]]:
        asked.append(1)
        return [RUBBLE]

    rule(admin, area=TOWN, hours="off")
    assert at("sr.stall", NIGHT, answers) == at("sr.litter", DAY, answers) == "430181-CG" and not asked
    assert at("sr.litter", NIGHT, answers) == "430181-ZJ" and len(asked) == 1


def test_a_rule_whose_unit_closed_sends_to_the_desk_and_an_unmet_one_is_passed_over(
    town: Town, admin: Actor
) -> None:
    rule(admin)
    Unit.objects.filter(code="430181-ZJ").update(active=False)
    assert told(town, RUBBLE).unit == f"{TOWN}-ZX" and told(town).unit == "430181-CG"
    end_route(by=admin, route=RoutingRule.objects.get(topic="").pk, why="试")
    forget_all()
    assert told(town).unit == f"{TOWN}-ZX"


# hours


@pytest.mark.parametrize(
    ("here", "working"),
    [
        ("2026-02-10 08:29", False),
        ("2026-02-10 08:30", True),
        ("2026-02-10 17:29", True),
        ("2026-02-10 17:30", False),
        ("2026-02-07 10:00", False),  # a Saturday
        ("2026-02-14 10:00", True),  # a Saturday worked before the Spring Festival
        ("2026-02-17 10:00", False),  # a Tuesday of the Spring Festival
    ],
)
def test_working_time_follows_the_calendar(town: Town, admin: Actor, here: str, working: bool) -> None:
    moment = datetime.fromisoformat(f"{here}+08:00")
    plain(admin, hours="work")
    plain(admin, hours="off", function="SL")
    assert catalogue.at_work(moment, "430181") is working
    assert at(moment=moment) == ("430181-ZJ" if working else "430181-SL")


def test_the_moment_is_when_the_case_is_routed(
    town: Town, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain(admin, hours="off", basis="夜间由住建局值守")
    monkeypatch.setattr(timezone, "now", lambda: NIGHT)
    case, later = told(town), waiting(town)
    assert case.unit == "430181-ZJ" and case.routing["text"] == "夜间由住建局值守（工作时间以外）"
    monkeypatch.setattr(timezone, "now", lambda: DAY + timedelta(days=1))
    case = actions.file_incident(by=town.clerk, incident=later.pk, class_code="sr.litter")
    assert case.unit == "430181-CG"


# rules


def test_one_open_rule_each_however_the_words_are_typed(town: Town, admin: Actor) -> None:
    first = rule(admin)
    assert rule(admin, answered=" 装 修 ").pk == first.pk
    second = rule(admin, answered="装 修", function="SL")
    assert second.version == 2 and second.answered == "装修"
    others = [
        rule(admin, answered="家具"),
        rule(admin, hours="work"),
        plain(admin),
        rule(admin, question=SIZE),
    ]
    assert {row.version for row in others} == {1}
    first.refresh_from_db()
    assert first.valid_to and RoutingRule.objects.filter(valid_to=None).count() == 6


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("question", {"topic": "sr"}),
        ("question", {"topic": ""}),
        ("question", {"topic": "sr.stall"}),
        ("question", {"question": ""}),
        ("answered", {"answered": " "}),
        ("answered", {"answered": "装" * 61}),
        ("hours", {"hours": "noon"}),
    ],
)
def test_a_condition_that_could_never_be_met_is_refused_by_field(
    admin: Actor, field: str, given: dict[str, str]
) -> None:
    said = {"topic": "sr.litter", "question": KIND, "answered": "装修", "function": "ZJ", "basis": "依据"}
    assert list(refused(set_route, by=admin, **(said | given)).fields) == [field]
    assert RoutingRule.objects.count() == 1


@pytest.mark.parametrize("half", [{"question": KIND}, {"answered": "装修"}, {"hours": "noon"}])
def test_the_database_takes_no_half_condition(town: Town, half: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        RoutingRule.objects.create(topic="sr.litter", function="CG", **half)


def test_the_shipped_sheet_may_ask_too(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "class": "sr.litter", "unit": "ZJ", "level": "county", "basis": "依据", "status": "to_confirm",
        "question": KIND, "answered": "装 修", "hours": "off",
    }  # fmt: skip
    RoutingRule.objects.all().delete()
    monkeypatch.setattr(shipped, "read", lambda name: {"rules": [row]})
    assert shipped.load_routing() == 1
    forget_all()
    assert at(moment=NIGHT, answers=lambda: [RUBBLE]) == "430181-ZJ"


# dry run


def test_a_dry_run_takes_each_cases_own_answers_and_hour(town: Town, admin: Actor) -> None:
    cases = [told(town, RUBBLE), told(town, {KIND: "生活垃圾"}), told(town, RUBBLE)]
    for case, moment in zip(cases, (NIGHT, NIGHT, DAY), strict=True):
        Incident.objects.filter(pk=case.pk).update(received_at=moment)
    change = RouteChange("sr.litter", function="ZJ", question=KIND, answered="装 修", hours="off")
    with CaptureQueriesContext(connection) as asked:
        tried = dry_run_routes(by=admin, changes=[change])
    assert [one.incident.pk for one in tried if one.before != one.after] == [cases[0].pk]
    assert sum('"incidents_report"' in one["sql"] for one in asked) == 1
    rule(admin, hours="off")
    ended = dry_run_routes(by=admin, changes=[RouteChange(**{**change_fields(change), "end": True})])
    assert [(one.before, one.after) for one in ended][-1] == ("430181-ZJ", "430181-CG")
    assert {one.before for one in ended[:-1]} == {"430181-CG"}


def change_fields(change: RouteChange) -> dict[str, Any]:
    return {name: getattr(change, name) for name in RouteChange.__slots__}


def test_a_dry_run_of_plain_rules_reads_no_answers(town: Town, admin: Actor) -> None:
    told(town, RUBBLE)
    with CaptureQueriesContext(connection) as asked:
        dry_run_routes(by=admin, changes=[RouteChange("sr.litter", function="ZJ", hours="work")])
    assert not [one for one in asked if '"incidents_report"' in one["sql"]]


def test_a_stranger_sees_nothing_in_a_dry_run(town: Town) -> None:
    told(town, RUBBLE)
    change = RouteChange("sr.litter", function="ZJ", question=KIND, answered="装修")
    assert refused(dry_run_routes, by=town.far, changes=[change]).status == 403


# pages


def test_the_form_leads_over_the_dry_run_to_the_list(town: Town, admin: Actor) -> None:
    case, chief = told(town, RUBBLE), client(town, "chief")
    said = {
        "topic": "sr.litter", "question": f"{KIND}（暴露垃圾）", "answered": "装 修", "hours": "", "level": "county",
        "function": "ZJ", "basis": "专题会议纪要", "status": "to_confirm",
    }  # fmt: skip
    wrong = chief.post("/admin/routing/edit/", {**said, "topic": "sr.stall"})
    assert wrong.status_code == 422 and "的提问是：一般什么时段出现？" in html(wrong)
    address = chief.post("/admin/routing/edit/", said)["Location"]
    page = html(chief.get(address))
    assert "1 件会改派" in page and case.number in page and "的回答含“装修”" in page
    assert chief.post(address, {"base_version": "0"}).status_code == 302
    forget_all()
    row = RoutingRule.objects.get(question=KIND, valid_to=None)
    assert "的回答含“装修”" in html(chief.get("/admin/routing/"))
    assert "专题会议纪要" not in html(chief.get("/admin/routing/?hours=off"))
    assert KIND in html(chief.get(f"/admin/routing/edit/?route={row.pk}"))
    ending = f"/admin/routing/check/?end={row.pk}&on={row.pk}"
    assert "1 件会改派" in html(chief.get(ending))
    assert chief.post(ending, {"base_version": str(row.pk), "why": "到期"}).status_code == 302
    assert list(RoutingRule.objects.filter(valid_to=None).values_list("topic", flat=True)) == [""]


def test_the_list_marks_a_rule_whose_question_is_no_longer_asked(town: Town, admin: Actor) -> None:
    rule(admin)
    assert "不再这样提问" not in html(client(town, "chief").get("/admin/routing/"))
    publish_class(by=admin, code="sr.litter", questions=[SIZE])
    forget_all()
    assert "不再这样提问" in html(client(town, "chief").get("/admin/routing/"))
    assert (
        Report.objects.count() == 0
        and told(town, {SIZE: "一车", str(uuid.uuid4()): "装修"}).unit == "430181-CG"
    )
