"""Every read of the room worth a name; each takes the viewer and returns what that viewer may see."""

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from linli.dispatch.models import Move, Rating, WorkOrder
from linli.incidents.models import OPEN, Incident, Report
from linli.kernel import Refused
from linli.kernel.access.queries import scope_filter
from linli.kernel.actor import Actor


def seen(viewer: Actor) -> QuerySet[Incident]:
    """Incidents of the viewer's areas and unit; for a unit's people also those with an order of theirs.

    Private ones only where the viewer may triage, check, or has the order.
    """
    where = scope_filter(viewer, "incidents.view")
    rows = Incident.objects.defer("words")
    if where is None:
        return rows.none()
    if viewer.kind == "system":
        return rows
    mine = _orders_of(viewer)
    scoped = rows.filter(where | Q(mine)) if where and mine is not None else rows.filter(where)
    return _without_private(viewer, scoped, mine)


def _orders_of(viewer: Actor) -> Exists | None:
    """Whether the viewer's unit or the viewer has an order on the incident; None for people without a unit."""
    units = {scope.unit for scope in viewer.scopes("incidents.view") if scope.unit}
    if not units:
        return None
    subject = Concat(
        Value("incidents.incident:"), Cast(OuterRef("pk"), CharField()), output_field=CharField()
    )
    return Exists(WorkOrder.objects.filter(Q(unit__in=units) | Q(person=viewer.account), subject=subject))


def _without_private(viewer: Actor, rows: QuerySet[Incident], mine: Exists | None) -> QuerySet[Incident]:
    inside = scope_filter(viewer, "incidents.triage")
    allowed = Q(private=False)
    if inside is not None:
        allowed |= inside if inside else Q(private=True)
    if mine is not None:
        allowed |= Q(mine)
    return rows if inside is not None and not inside else rows.filter(allowed)


def incident_for(viewer: Actor, number: int) -> Incident:
    """One incident. Raises Refused 404 when it is not there for this viewer."""
    row = seen(viewer).filter(pk=number).first()
    if row is None:
        raise Refused("没有这件事，或您无权查看。", code="no_incident", status=404)
    return row


def open_incidents(viewer: Actor) -> QuerySet[Incident]:
    """Open ones by deadline, through the partial indexes."""
    return seen(viewer).filter(state__in=OPEN).order_by("due_at", "id")


def triage_queue(viewer: Actor) -> QuerySet[Incident]:
    """What a desk has to decide on, most pressing first."""
    inside = scope_filter(viewer, "incidents.triage")
    if inside is None:
        return Incident.objects.none()
    return Incident.objects.filter(inside, state="reported").order_by("due_at", "id").defer("words")


def check_queue(viewer: Actor) -> QuerySet[Incident]:
    """What waits for a checker."""
    inside = scope_filter(viewer, "incidents.check")
    if inside is None:
        return Incident.objects.none()
    return Incident.objects.filter(inside, state="checking").order_by("due_at", "id").defer("words")


def timeline(incident: Incident, *, public: bool = False) -> list[Move]:
    """Every step of the case and its orders, oldest first; `public` is what a reporter may read."""
    rows = Move.objects.filter(subject=incident.subject).order_by("id")
    return list(rows.filter(public=True) if public else rows)


def reports_of(viewer: Actor) -> QuerySet[Report]:
    """My own reports, newest first."""
    if viewer.account is None:
        return Report.objects.none()
    return Report.objects.filter(account=viewer.account).select_related("incident").order_by("-id")


def own_report(viewer: Actor, number: int, code: str = "") -> Report:
    """A report by whoever made it: the signed-in account, or the holder of its tracking code. Raises Refused 404."""
    from linli.incidents.actions.intake import tracking_hash

    row = Report.objects.select_related("incident").filter(pk=number).first()
    mine = row is not None and viewer.account is not None and row.account_id == viewer.account
    if row is None or not (mine or (code and bytes(row.tracking) == tracking_hash(code))):
        raise Refused("没有这份上报，或您无权查看。", code="no_report", status=404)
    return row


def own_report_on(viewer: Actor, incident: int, code: str = "") -> Report | None:
    """The viewer's own report on a case: by account, else by tracking code."""
    from linli.incidents.actions.intake import tracking_hash

    rows = Report.objects.select_related("incident").filter(incident=incident)
    if code and (row := rows.filter(tracking=tracking_hash(code)).first()):
        return row
    return rows.filter(account=viewer.account).order_by("id").first() if viewer.account else None


def reporter_steps(incident: Incident) -> list[Move]:
    """What a reporter may follow, oldest first: every step of the case, even of a private one, which is theirs."""
    rows = Move.objects.filter(subject=incident.subject).order_by("id")
    return list(rows if incident.private else rows.filter(public=True))


def public_incidents() -> QuerySet[Incident]:
    """What anybody may know of: no private class, nothing unclassified (nobody has judged yet whether it is private)."""
    return (
        Incident.objects.filter(private=False)
        .exclude(class_code="")
        .exclude(state__in=["merged", "void"])
        .defer("words")
    )


def ratings_by(report: Report) -> QuerySet[Rating]:
    """What this reporter said of the result so far."""
    return Rating.objects.filter(
        subject=report.incident.subject, rater=f"incidents.report:{report.pk}"
    ).order_by("-id")


def report_by_code(code: str) -> Report:
    """The report a tracking code opens. Raises Refused 404 with the same words for any wrong code."""
    from linli.incidents.actions.intake import tracking_hash

    row = Report.objects.select_related("incident").filter(tracking=tracking_hash(code)).first()
    if row is None:
        raise Refused(
            "没有找到这个查询码，请核对后再试。",
            code="no_code",
            status=404,
            fields={"code": ["请核对查询码"]},
        )
    return row
