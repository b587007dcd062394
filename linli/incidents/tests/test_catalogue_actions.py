"""Classes and routing rules are changed by an administrator, tried before they are saved, and never lost."""

import uuid
from typing import Any

import pytest

from linli.areas.models import Unit
from linli.incidents import actions, catalogue, class_sheet
from linli.incidents.actions.catalogue import publish_class, retire_class
from linli.incidents.actions.routing import RouteChange, dry_run_routes, end_route, set_route
from linli.incidents.models import Incident, IncidentClass, RoutingRule
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import COMMUNITY, COUNTY, GRID, LAT, LON, OTHER, TOWN, Town
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all
from linli.kernel.ledger.models import Entry


def holder(role: str, area: str = COUNTY) -> Actor:
    account = Account.objects.create(username=f"{role}-{area}", name="周管理", kind="staff")
    Grant.objects.create(account=account, role_id=role, area=area)
    return actor_for(account.pk, name=account.name)


@pytest.fixture
def admin(town: Town) -> Actor:
    return holder("administrator")


def reported(town: Town, code: str = "sr.litter") -> Incident:
    telling = Telling(
        text="门口有人反映一件事",
        sender="device:9",
        client_uuid=uuid.uuid4(),
        lon=LON,
        lat=LAT,
        class_said=code,
        channel="grid",
    )
    return Incident.objects.get(pk=actions.report_incident(by=town.worker, telling=telling).incident)


def refused(call: Any, **given: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        call(**given)
    return caught.value


# classes


def test_publishing_makes_the_next_version_and_keeps_the_former(admin: Actor) -> None:
    old = IncidentClass.objects.get(code="sr.litter", active=True)
    new = publish_class(
        by=admin, code="sr.litter", milestones=[{"name": "清运", "limit": "4 dh"}], source="县城管局通知"
    )
    assert (new.version, new.active, new.name) == (old.version + 1, True, old.name)
    old.refresh_from_db()
    assert not old.active and old.milestones == [{"name": "清运", "limit": "1 wd"}]
    assert Entry.objects.filter(subject=f"incidents.class:{new.pk}", verb="publish").exists()


def test_the_same_content_again_is_no_new_version(admin: Actor) -> None:
    first = publish_class(by=admin, code="sr.litter", source="县城管局通知")
    assert publish_class(by=admin, code="sr.litter", source=" 县城管局通知 ") == first


def test_a_new_class_is_known_to_intake_after_commit(
    town: Town, admin: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    assert catalogue.class_of("sr.leaves") is None
    with django_capture_on_commit_callbacks(execute=True):
        publish_class(
            by=admin, code="sr.leaves", name="落叶堆积", large="sr", large_name="市容环境", domain="城乡建设"
        )
    assert catalogue.class_said("落叶堆积") == catalogue.class_of("sr.leaves")
    assert reported(town, "sr.leaves").class_code == "sr.leaves"


def test_a_running_case_keeps_the_version_it_was_filed_with(town: Town, admin: Actor) -> None:
    case = reported(town)
    publish_class(by=admin, code="sr.litter", urgency="urgent")
    case.refresh_from_db()
    assert case.class_version == 1 and case.urgency == "routine"


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("milestones", [{"name": "清运", "limit": "三天"}], "三天"),
        ("milestones", [{"name": "清运", "limit": "0.5 wd"}], "整数"),
        ("milestones", [{"name": "", "limit": "1 wd"}], "名称"),
        ("milestones", [{"name": "清运", "limit": "1 wd"}] * 9, "最多 8 个"),
        ("name", "占道经营与市容秩序", "sr.stall"),
        ("name", " ", "请填写小类名称"),
        ("name", "长" * 65, "最多 64 字"),
        ("large_name", "别的名字", "市容环境"),
        ("large", "zz", "zz."),
        ("large", "SR", "小写字母"),
        ("status", "sure", "请选择依据状态"),
        ("urgency", "soon", "请选择紧急程度"),
        ("check_mode", "", "请选择核查方式"),
        ("kind", "thing", "请选择部件或事件"),
        ("gb_code", "代码", "国标代码"),
        ("questions", ["问" * 61], "60 字"),
        ("danger_words", ["火"] * 41, "最多 40 条"),
    ],
)
def test_a_wrong_class_is_refused_by_field(admin: Actor, field: str, given: Any, said: str) -> None:
    why = refused(publish_class, by=admin, code="sr.litter", **{field: given})
    assert why.status == 422 and list(why.fields) == [field] and said in why.fields[field][0]
    assert IncidentClass.objects.filter(code="sr.litter").count() == 1


def test_a_cited_limit_names_its_source_and_all_defects_come_at_once(admin: Actor) -> None:
    why = refused(publish_class, by=admin, code="Litter!", status="cited", urgency="soon", source="")
    assert {"code", "name", "large", "large_name", "domain", "source", "urgency"} <= set(why.fields)
    with pytest.raises(TypeError):
        publish_class(by=admin, code="sr.litter", colour="red")


def test_a_retired_class_takes_no_new_case_and_comes_back_as_the_next_version(
    town: Town, admin: Actor
) -> None:
    assert "why" in refused(retire_class, by=admin, code="sr.litter", why=" ").fields
    retire_class(by=admin, code="sr.litter", why="并入其他类")
    forget_all()
    assert catalogue.class_of("sr.litter") is None
    assert reported(town).class_code == ""
    assert refused(retire_class, by=admin, code="sr.litter", why="再停一次").status == 404
    assert publish_class(by=admin, code="sr.litter").version == 2


def test_the_last_class_in_force_stays(admin: Actor) -> None:
    IncidentClass.objects.exclude(code="sr.litter").update(active=False)
    assert refused(retire_class, by=admin, code="sr.litter", why="试试").code == "last_class"


def test_a_stranger_changes_no_class(town: Town) -> None:
    for actor in (town.far, town.clerk, town.resident, holder("catalogue_editor", TOWN)):
        assert refused(publish_class, by=actor, code="sr.litter", urgency="urgent").status == 403
        assert refused(retire_class, by=actor, code="sr.litter", why="不该行").status == 403
    assert publish_class(by=holder("catalogue_editor"), code="sr.litter", urgency="urgent").version == 2


# the sheet


def test_every_class_goes_out_and_comes_in_unchanged(admin: Actor) -> None:
    for row in IncidentClass.objects.filter(active=True):
        cells = class_sheet.write_cells(row)
        assert class_sheet.check_row(admin, cells) == {} and class_sheet.exists(admin, cells), row.code


def test_a_row_of_the_sheet_becomes_a_version(admin: Actor) -> None:
    cells = class_sheet.write_cells(IncidentClass.objects.get(code="sr.litter", active=True))
    row = class_sheet.apply(
        admin, {**cells, "milestones": "清运 4dh；复查 1 wd", "private": "是", "danger_words": "火；毒"}
    )
    assert row.version == 2 and row.private and row.danger_words == ["火", "毒"]
    assert row.milestones == [{"name": "清运", "limit": "4 dh"}, {"name": "复查", "limit": "1 wd"}]


def test_each_wrong_cell_is_named(admin: Actor) -> None:
    cells = class_sheet.write_cells(IncidentClass.objects.get(code="sr.litter", active=True))
    bad = {**cells, "urgency": "马上", "milestones": "清运", "private": "也许"}
    assert set(class_sheet.check_row(admin, bad)) == {"urgency", "milestones", "private"}


# routing


def test_a_rule_ends_the_former_and_routes_from_then_on(town: Town, admin: Actor) -> None:
    old = set_route(by=admin, topic="sr.litter", function="CG", basis="三定方案")
    new = set_route(
        by=admin, topic="sr.litter", unit="430181-ZJ", assist=["SL"], basis="专题会议纪要", status="cited"
    )
    old.refresh_from_db()
    assert old.valid_to and (new.version, new.valid_to, new.edited_by) == (2, None, "周管理")
    assert (
        set_route(
            by=admin, topic="sr.litter", unit="430181-ZJ", assist=["SL"], basis="专题会议纪要", status="cited"
        )
        == new
    )
    forget_all()
    assert reported(town).unit == "430181-ZJ"
    assert Entry.objects.filter(subject=f"incidents.route:{new.pk}", verb="set").exists()


def test_ending_a_rule_lets_the_wider_one_speak(town: Town, admin: Actor) -> None:
    row = set_route(by=admin, topic="sr.litter", function="SL", basis="临时")
    assert "why" in refused(end_route, by=admin, route=row.pk, why="").fields
    end_route(by=admin, route=row.pk, why="临时安排到期")
    forget_all()
    assert reported(town).unit == "430181-CG"
    assert refused(end_route, by=admin, route=row.pk, why="再终止").status == 404


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("topic", {"topic": "no.such"}),
        ("area", {"area": "430181999"}),
        ("urgency", {"urgency": "soon"}),
        ("level", {"level": "moon"}),
        ("unit", {"unit": "430181-GS"}),
        ("unit", {"function": ""}),
        ("unit", {"function": "", "unit": "430181-XX"}),
        ("function", {"function": "GS"}),
        ("assist", {"assist": ["CG"]}),
        ("assist", {"assist": ["??"]}),
        ("basis", {"basis": " "}),
        ("status", {"status": "sure"}),
    ],
)
def test_a_wrong_rule_is_refused_by_field(admin: Actor, field: str, given: dict[str, Any]) -> None:
    Unit.objects.filter(code="430181-GS").update(active=False)
    why = refused(
        set_route, **{"by": admin, "topic": "sr.litter", "function": "CG", "basis": "三定方案", **given}
    )
    assert field in why.fields and why.status == 422
    assert RoutingRule.objects.count() == 1


def test_a_rule_may_not_name_a_closed_unit(admin: Actor) -> None:
    Unit.objects.filter(code="430181-GS").update(active=False)
    why = refused(set_route, by=admin, topic="", area=TOWN, unit="430181-GS", basis="三定方案")
    assert "已停用" in why.fields["unit"][0]


def test_a_towns_dispatcher_writes_only_the_towns_rules(town: Town) -> None:
    local = holder("dispatcher", TOWN)
    assert (
        set_route(by=local, topic="sr", area=COMMUNITY, function="CG", basis="本街道责任清单").area
        == COMMUNITY
    )
    county = RoutingRule.objects.get(topic="", valid_to=None)
    for area in ("", COUNTY, OTHER):
        assert refused(set_route, by=local, topic="sr", area=area, function="CG", basis="越权").status == 403
    assert refused(end_route, by=local, route=county.pk, why="越权").status == 403


def test_a_stranger_changes_no_rule(town: Town) -> None:
    row = RoutingRule.objects.get(topic="")
    for actor in (town.far, town.clerk, town.resident):
        assert refused(set_route, by=actor, topic="sr", area=GRID, function="CG", basis="越权").status == 403
        assert refused(end_route, by=actor, route=row.pk, why="越权").status == 403
        assert refused(dry_run_routes, by=actor, changes=[RouteChange("sr", function="CG")]).status == 403
    assert RoutingRule.objects.get().valid_to is None


# dry run


def test_a_dry_run_tells_what_would_move_and_writes_nothing(town: Town, admin: Actor) -> None:
    litter, lamp = reported(town), reported(town, "fac.streetlight")
    change = RouteChange("fac", area=TOWN, function="ZJ")
    tried = dry_run_routes(by=admin, changes=[change])
    assert tried == [(lamp, "430181-CG", "430181-ZJ"), (litter, "430181-CG", "430181-CG")]
    assert RoutingRule.objects.count() == 1
    set_route(by=admin, topic="fac", area=TOWN, function="ZJ", basis="三定方案")
    forget_all()
    assert (
        catalogue.route(class_code="fac.streetlight", large="fac", area=lamp.area, urgency="routine").to.unit
        == "430181-ZJ"
    )


def test_a_dry_run_takes_several_changes_and_an_end(town: Town, admin: Actor) -> None:
    litter, lamp = reported(town), reported(town, "fac.streetlight")
    changes = [RouteChange(end=True), RouteChange("sr.litter", level="grid", function="CUN")]
    assert dry_run_routes(by=admin, changes=changes) == [
        (lamp, "430181-CG", f"{TOWN}-ZX"),
        (litter, "430181-CG", f"{COMMUNITY}-CUN"),
    ]
    assert len(dry_run_routes(by=admin, changes=changes, last=1)) == 1


def test_a_dry_run_stays_inside_the_actors_area(town: Town, admin: Actor) -> None:
    reported(town)
    assert (
        dry_run_routes(by=holder("dispatcher", OTHER), changes=[RouteChange("sr", area=OTHER, function="ZJ")])
        == []
    )
