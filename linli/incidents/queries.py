"""Every read of the room worth a name; each takes the viewer and returns what that viewer may see."""

import math
from collections.abc import Sequence
from datetime import timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, BooleanField, Count, F, Func, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils import timezone

from linli.dispatch.models import Move, Rating, WorkOrder
from linli.incidents.models import OPEN, Incident, Report
from linli.incidents.tracking import tracking_hash
from linli.kernel import Refused
from linli.kernel.access.queries import scope_filter
from linli.kernel.actor import Actor
from linli.kernel.files.models import Attachment


def seen(viewer: Actor) -> QuerySet[Incident]:
    """Incidents of the viewer's areas and unit; for a unit's people also those their unit assists with or works on.

    Private ones only where the viewer may triage, check, or has the order.
    """
    where = scope_filter(viewer, "incidents.view")
    rows = Incident.objects.defer("words")
    if where is None:
        return rows.none()
    if viewer.kind == "system":
        return rows
    scopes = list(viewer.scopes("incidents.view"))
    units = {scope.unit for scope in scopes if scope.unit}
    if not units:
        return _without_private(viewer, rows.filter(where))
    mine = Q(unit__in=units) | _among(_worked_on(viewer, units), few=_few(units))
    if all(
        scope.unit for scope in scopes
    ):  # then `mine` holds all of `where`, and what is private in it is theirs
        return rows.filter(mine)
    return _without_private(viewer, rows.filter(where | mine) if where else rows, mine)


FEW = 5_000  # cases up to which a unit's history is best gathered by index and sorted


def _few(units: set[str]) -> bool:
    return not Incident.objects.filter(unit__in=units).values("pk")[FEW : FEW + 1].exists()


def _worked_on(viewer: Actor, units: set[str]) -> QuerySet[WorkOrder]:
    """Orders that let the unit's people see a case which is not their unit's own: those it assists with, ever, and
    whatever else it or the viewer has open now (to confirm, to check). Each part has its own small index.
    """
    own_case = Q(kind="incident.handle", role="lead", unit__in=units)
    assists = Q(role="assist", unit__in=units)
    still = Q(done_at=None) & (Q(unit__in=units) | Q(person=viewer.account)) & ~own_case
    return WorkOrder.objects.filter(assists | still, subject__startswith="incidents.incident:")


def _once_worked_on(viewer: Actor, number: int) -> Incident | None:
    units = {scope.unit for scope in viewer.scopes("incidents.view") if scope.unit}
    theirs = Q(unit__in=units) | Q(person=viewer.account)
    orders = WorkOrder.objects.filter(theirs, subject=f"incidents.incident:{number}") if units else None
    if orders is None or not orders.exists():
        return None
    return Incident.objects.defer("words").filter(pk=number).first()


def _among(orders: QuerySet[WorkOrder], *, few: bool) -> Q:
    """Whether the case is one of those the orders are about.

    As an array it can be looked up by index, which a unit with few cases wants; as a subquery it is hashed, which is
    quicker when the newest cases are walked through in order.
    """
    number = Cast(Func(F("subject"), Value(":"), Value(2), function="split_part"), BigIntegerField())
    ids = orders.order_by().values_list(number)
    if not few:
        return Q(pk__in=ids)
    return Q(
        Func(
            F("pk"),
            ArraySubquery(ids),
            template="(%(expressions)s))",
            arg_joiner=" = ANY (",
            output_field=BooleanField(),
        )
    )


def _without_private(viewer: Actor, rows: QuerySet[Incident], mine: Q | None = None) -> QuerySet[Incident]:
    inside = scope_filter(viewer, "incidents.triage")
    if inside is not None and not inside:
        return rows
    allowed = Q(private=False)
    for more in (inside, mine):
        if more is not None:
            allowed |= more
    return rows.filter(allowed)


def incident_for(viewer: Actor, number: int) -> Incident:
    """One incident; also one the viewer or the viewer's unit once had an order on, which no list shows any more.

    Raises Refused 404 when it is not there for this viewer.
    """
    row = seen(viewer).filter(pk=number).first() or _once_worked_on(viewer, number)
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
    row = Report.objects.select_related("incident").filter(pk=number).first()
    mine = row is not None and viewer.account is not None and row.account_id == viewer.account
    if row is None or not (mine or (code and bytes(row.tracking) == tracking_hash(code))):
        raise Refused("没有这份上报，或您无权查看。", code="no_report", status=404)
    return row


def own_report_on(viewer: Actor, incident: int, code: str = "") -> Report | None:
    """The viewer's own report on a case: by account, else by tracking code."""
    rows = Report.objects.select_related("incident").filter(incident=incident)
    if code and (row := rows.filter(tracking=tracking_hash(code)).first()):
        return row
    return rows.filter(account=viewer.account).order_by("id").first() if viewer.account else None


def reporter_steps(incident: Incident) -> list[Move]:
    """What a reporter may follow, oldest first: every step of the case, even of a private one, which is theirs."""
    rows = Move.objects.filter(subject=incident.subject).annotate(kind=F("order__kind")).order_by("id")
    return list(rows if incident.private else rows.filter(public=True))


def public_incidents() -> QuerySet[Incident]:
    """What anybody may know of: no private class, nothing unclassified (nobody has judged yet whether it is private)."""
    return (
        Incident.objects.filter(private=False)
        .exclude(class_code="")
        .exclude(state__in=["merged", "void"])
        .defer("words")
    )


def public_requests() -> QuerySet[Incident]:
    """What Open311 lists: the public ones, merged and void included (they count as closed there)."""
    return Incident.objects.filter(private=False).exclude(class_code="").defer("words")


def own_incidents(viewer: Actor) -> QuerySet[Report, int]:
    """Ids of the cases the viewer's own reports belong to."""
    return Report.objects.filter(account=viewer.account, account__isnull=False).values_list(
        "incident", flat=True
    )


def own_reports_by_subject(viewer: Actor, subjects: list[str]) -> dict[str, int]:
    """Subject of a case -> the viewer's own report on it, for the cases among `subjects`."""
    ids = [int(one.partition(":")[2]) for one in subjects if one.startswith("incidents.incident:")]
    rows = Report.objects.filter(account=viewer.account, account__isnull=False, incident__in=ids).values_list(
        "incident", "id"
    )
    return {f"incidents.incident:{incident}": report for incident, report in rows.order_by("-id")}


def url_of(subject: str, viewer: Actor) -> str:
    """The page of a subject of any room, "" when it may not be seen."""
    from linli.kernel.web import subjects

    return subjects.url(subject, viewer) if subject and subjects.may_see(subject, viewer) else ""


def ratings_by(report: Report) -> QuerySet[Rating]:
    """What this reporter said of the result so far."""
    return Rating.objects.filter(
        subject=report.incident.subject, rater=f"incidents.report:{report.pk}"
    ).order_by("-id")


def report_by_code(code: str) -> Report:
    """The report a tracking code opens. Raises Refused 404 with the same words for any wrong code."""
    row = Report.objects.select_related("incident").filter(tracking=tracking_hash(code)).first()
    if row is None:
        raise Refused(
            "没有找到这个查询码，请核对后再试。",
            code="no_code",
            status=404,
            fields={"code": ["请核对查询码"]},
        )
    return row


def orders_of(incident: Incident) -> list[WorkOrder]:
    """Every order of a case, oldest first, for somebody who may see the case."""
    return list(WorkOrder.objects.filter(subject=incident.subject).select_related("person").order_by("id"))


def told_in(incident: Incident) -> list[Report]:
    """The reports of a case, oldest first, for staff who may see the case."""
    return list(incident.reports.order_by("id"))


def reporter_photos(report: Report) -> list[Attachment]:
    """What a reporter may see: the pictures sent with this very report, and those of the work done on its case."""
    case = report.incident.subject
    orders = WorkOrder.objects.filter(subject=case, kind="incident.handle").values_list("id", flat=True)
    done = [case, *(f"dispatch.order:{number}" for number in orders)]
    mine = Q(subject=f"incidents.report:{report.pk}")
    rows = Attachment.objects.filter(mine | Q(subject__in=done, phase="after"), state="ready")
    return list(rows.filter(content_type__startswith="image/").order_by("id"))


def photos_of(incident: Incident, reports: list[int], orders: Sequence[int] = ()) -> list[Attachment]:
    """Pictures of a case: those sent with its reports and those of its orders, in the order they came."""
    subjects = [incident.subject, *(f"incidents.report:{number}" for number in reports)]
    subjects += [f"dispatch.order:{number}" for number in orders]
    return list(Attachment.objects.filter(subject__in=subjects, state="ready").order_by("id"))


def near_same(viewer: Actor, incident: Incident, *, metres: float = 250.0, days: int = 30) -> list[Incident]:
    """Cases of the same small class near by and not long ago, nearest first (`.metres` on each row)."""
    if incident.east is None or incident.north is None or not incident.class_code:
        return []
    east, north = incident.east, incident.north
    box = "point(incidents_incident.east, incidents_incident.north) <@ box(point(%s, %s), point(%s, %s))"
    rows = seen(viewer).filter(
        class_code=incident.class_code,
        received_at__gte=timezone.now() - timedelta(days=days),
        east__isnull=False,
    )
    rows = rows.exclude(pk=incident.pk).exclude(state__in=["merged", "void"])
    found = rows.extra(where=[box], params=[east - metres, north - metres, east + metres, north + metres])
    near = []
    for row in found.order_by("-id")[:50]:
        row.metres = math.hypot((row.east or 0) - east, (row.north or 0) - north)
        near.append(row)
    near = [row for row in near if row.metres <= metres]
    return sorted(near, key=lambda row: row.metres)


def like_cases(
    viewer: Actor, class_code: str, area: str, *, besides: int = 0, limit: int = 12
) -> list[Incident]:
    """The last cases of a class in a town (else the county), newest first: what a ruling looks at."""
    rows = seen(viewer).filter(class_code=class_code).exclude(pk=besides).exclude(unit="")
    if len(area) >= 9:
        rows = rows.filter(street=area[:9])
    return list(rows.order_by("-id")[:limit])


def common_classes(viewer: Actor, days: int = 60) -> list[str]:
    """Codes of the classes seen most often lately where the viewer works, commonest first."""
    since = timezone.now() - timedelta(days=days)
    rows = seen(viewer).filter(received_at__gte=since).exclude(class_code="").order_by()
    counted = rows.values("class_code").annotate(n=Count("id")).order_by("-n", "class_code")[:12]
    return [row["class_code"] for row in counted]
