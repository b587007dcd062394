"""What dispatch may show of a case beside its orders: class, conditions, like cases. Registered in apps.py."""

from linli.areas import queries as areas
from linli.dispatch.background import Background, Like
from linli.dispatch.models import WorkOrder
from linli.incidents import catalogue, queries, rules
from linli.incidents.models import Incident, Report
from linli.kernel.actor import Actor


def background_of(order: WorkOrder, viewer: Actor, with_likes: bool) -> Background:
    """The case behind an order. Two queries, a third for the like cases."""
    number = int(order.subject.partition(":")[2])
    row = Incident.objects.filter(pk=number).defer("words").first()
    if row is None:
        return Background()
    chosen = catalogue.class_of(row.class_code)
    facts = [("编号", row.number), ("类别", f"{chosen.large_name} · {chosen.name}" if chosen else "未定")]
    if row.place_words:
        facts.append(("地址", row.place_words))
    if chosen and order.kind != "incident.handle" and chosen.filing:
        facts.append(("立案条件", chosen.filing))
    if chosen and order.kind == "incident.handle" and chosen.closing:
        facts.append(("结案条件", chosen.closing))
    likes = (
        queries.like_cases(viewer, row.class_code, row.area, besides=row.pk) if with_likes and chosen else []
    )
    reports = Report.objects.filter(incident=row).values_list("pk", flat=True)
    return Background(
        topic=row.class_code,
        topic_title=chosen.name if chosen else "",
        facts=tuple(facts),
        likes=tuple(_like(one) for one in likes),
        subjects=tuple(f"incidents.report:{number}" for number in reports),
        acts=_acts(order, row, viewer),
    )


def _acts(order: WorkOrder, row: Incident, viewer: Actor) -> tuple[tuple[str, str], ...]:
    """吹哨 for the lead handler; everybody else goes by the case page."""
    lead = (
        order.role == "lead" and order.kind == "incident.handle" and order.state in ("accepted", "suspended")
    )
    own = order.person_id is not None and order.person_id == viewer.account
    may = lead and own and "whistle" in rules.MOVES[row.state]
    return (("吹哨", f"/incidents/{row.pk}/whistle/"),) if may else ()


def _like(row: Incident) -> Like:
    unit = areas.unit_names().get(row.unit, row.unit)
    return Like(row.title, f"/incidents/{row.pk}/", unit, rules.STATE_WORDS[row.state], row.received_at)
