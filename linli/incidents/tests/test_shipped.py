"""What linli ships is laid down once and never over an administrator's own."""

from linli.incidents.actions.catalogue import CODE, PLAIN, wrong_class
from linli.incidents.models import IncidentClass, RoutingRule
from linli.incidents.shipped import load_classes, load_routing, read
from linli.kernel.kept import forget_all

SHIPPED = {row["code"]: row for row in read("classes.yaml")["classes"]}


def test_every_shipped_class_would_pass_the_editors_own_checks(db: None) -> None:
    rows = list(IncidentClass.objects.filter(active=True))
    assert {row.code for row in rows} == set(SHIPPED)
    for row in rows:
        assert wrong_class(row.code, {name: getattr(row, name) for name in PLAIN}) == {}, row.code


def test_a_class_somebody_edited_stays_as_it_is(db: None) -> None:
    IncidentClass.objects.filter(code="sr.litter").update(name="垃圾成堆")
    IncidentClass.objects.filter(code="sr.stall").update(active=False)
    IncidentClass.objects.filter(code="fac.road").delete()
    assert load_classes() == 1
    assert IncidentClass.objects.get(code="sr.litter").name == "垃圾成堆"
    assert not IncidentClass.objects.get(code="sr.stall").active
    assert IncidentClass.objects.get(code="fac.road").name == SHIPPED["fac.road"]["name"]


def test_routing_is_laid_down_only_where_there_is_none(db: None) -> None:
    RoutingRule.objects.all().delete()
    assert load_routing() == len(read("routing.yaml")["rules"])
    assert load_routing() == 0
    RoutingRule.objects.exclude(topic="sr").delete()
    assert load_routing() == 0 and RoutingRule.objects.count() == 1


def test_every_shipped_rule_names_a_shipped_class_a_known_function_and_a_level(db: None) -> None:
    forget_all()
    topics = set(SHIPPED) | {row["large"]["code"] for row in SHIPPED.values()}
    functions = {unit["code"] for unit in read("routing.yaml")["units"]}
    rows = list(RoutingRule.objects.all())
    assert {row.topic for row in rows} <= topics and {row.large for row in IncidentClass.objects.all()} <= {
        row.topic for row in rows
    }
    assert {row.function for row in rows} <= functions and {
        one for row in rows for one in row.assist
    } <= functions
    assert {row.level for row in rows} <= {"community", "street", "county"}
    assert all(CODE.fullmatch(code) for code in SHIPPED)
