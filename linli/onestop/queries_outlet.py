"""Result documents at the windows and of one's own, trips to the window, papers handed in before."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Avg, Count, Max, Q, QuerySet
from django.utils import timezone

from linli.dispatch.models import Move
from linli.kernel import Refused
from linli.kernel.access.queries import visible_to
from linli.kernel.actor import Actor
from linli.kernel.files import queries as files
from linli.kernel.files.models import Attachment
from linli.onestop import outlet, queries
from linli.onestop.models import Application, Entitlement, Handover, Result, Ticket

LISTS = {"made": ("made",), "ready": ("ready", "sent"), "received": ("received",), "void": ("void",)}


def results_seen(viewer: Actor, which: str = "") -> QuerySet[Result]:
    """Documents of the viewer's windows; `which`: a key of LISTS. The longest waiting first, else the newest."""
    rows = Result.objects.select_related("application__item", "application__person")
    rows = visible_to(viewer, "onestop.outlet", rows)
    if which in LISTS:
        rows = rows.filter(state__in=LISTS[which])
    return rows.order_by("id" if which in ("made", "ready") else "-id")


def result_at_work(viewer: Actor, number: int) -> Result:
    """One document for its window; never for people of the case. Raises Refused 404."""
    row = results_seen(viewer).filter(pk=number).first()
    if row is None:
        raise Refused("没有找到这份文书，或者它不归您的窗口。", code="no_result", status=404)
    queries.case_at_work(viewer, row.application_id)
    return row


def own_result(viewer: Actor, number: int) -> Result:
    """For the applicant or their agent. Raises Refused 404."""
    rows = Result.objects.select_related("application__item", "application__person")
    own = Q(application__person__account=viewer.account) | Q(application__agent=viewer.account)
    row = rows.filter(own, pk=number).first() if viewer.account is not None else None
    if row is None:
        raise Refused("没有找到这份文书，或者它不是您的。", code="no_result", status=404)
    return row


def results_of(row: Application) -> list[Result]:
    return list(row.results.prefetch_related("handovers").order_by("-edition"))


def document(row: Result) -> bytes:
    """The print page as it was made. Raises Refused 404 when it is gone, 409 when its bytes are not the recorded ones."""
    file = Attachment.objects.filter(pk=row.file, state="ready").first()
    if file is None:
        raise Refused("这份文书的保存期已过。", code="gone", status=404)
    data = files.content_path(file).read_bytes()
    if not hmac.compare_digest(hashlib.sha256(data).hexdigest(), row.sha256):
        raise Refused("这份文书的内容与存证不符，请联系办理单位。", code="damaged", status=409)
    return data


def check(number: str, digest: bytes, day: date | None = None) -> str:
    """What the public may know of a document by number and code: a key of outlet.GENUINE, or "" for nothing found."""
    row = Result.objects.filter(number=number.strip().upper()).first()
    if row is None or not hmac.compare_digest(bytes(row.check_hash), digest):
        return ""
    today = day or timezone.localdate()
    return outlet.standing(row.state, row.until, _stopped(row, today), today)


def _stopped(row: Result, day: date) -> bool:
    grant = Entitlement.objects.filter(decision__application=row.application_id).first()
    if grant is None or not grant.stopped:
        return False
    return grant.months.isempty or (grant.months.upper is not None and grant.months.upper <= day)


# ---- trips


@dataclass(slots=True)
class Trip:
    """One visit on one day, and what it was for."""

    day: date
    why: list[str] = field(default_factory=list)


def trips_of(row: Application) -> list[Trip]:
    """Days on which somebody came to a window for this case: served there, handing in there, collecting there."""
    found: dict[date, Trip] = {}
    for day, why in [*_served(row), *_handed_in(row), *_collected(row)]:
        trip = found.setdefault(day, Trip(day))
        if why not in trip.why:
            trip.why.append(why)
    return [found[day] for day in sorted(found)]


def _served(row: Application) -> list[tuple[date, str]]:
    return [
        (day, "窗口办理")
        for day in Ticket.objects.filter(application=row, state="served").values_list("day", flat=True)
    ]


def _handed_in(row: Application) -> list[tuple[date, str]]:
    """Steps a window took for the applicant; what the applicant sent in themselves is none."""
    kept, own = outlet.shipped(), f"account:{row.person.account_id}"
    moves = Move.objects.filter(subject=row.subject, order=None, action__in=kept.hand_in).exclude(by=own)
    return [
        (timezone.localdate(at), "窗口交件")
        for at, roles in moves.values_list("at", "by_role")
        if kept.window_roles & set(roles.split("、"))
    ]


def _collected(row: Application) -> list[tuple[date, str]]:
    rows = Handover.objects.filter(result__application=row, way="window", outcome="received")
    return [(timezone.localdate(at), "窗口领取") for at in rows.values_list("at", flat=True)]


@dataclass(frozen=True, slots=True)
class ItemTrips:
    """An item's finished cases: how many, trips on average and at most, how many above what the catalogue promises."""

    item: int
    code: str
    name: str
    cases: int
    mean: float
    most: int
    allowed: int
    above: int


def trips_by_item(viewer: Actor, since: date | None = None) -> list[ItemTrips]:
    """For whoever sees the cases; a line an item with finished cases, the most trips first."""
    rows = queries.applications_seen(viewer).filter(state__in=("closed", "approved")).order_by()
    if since:
        rows = rows.filter(decided_at__date__gte=since)
    counted = rows.values("item", "item__code", "item__name").annotate(
        cases=Count("id"), mean=Avg("trips"), most=Max("trips")
    )
    allowed = {v.item_id: outlet.visits_allowed(v.definition) for v in queries.items_in_force()}
    above = _above(rows, allowed)
    found = [
        ItemTrips(
            one["item"], one["item__code"], one["item__name"], one["cases"], float(one["mean"]), one["most"],
            allowed.get(one["item"], outlet.shipped().visits), above.get(one["item"], 0),
        )
        for one in counted
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.above, -one.mean, one.code))


def _above(rows: QuerySet[Application], allowed: dict[int, int]) -> dict[int, int]:
    """Item -> cases with more trips than it promises."""
    found: dict[int, int] = {}
    usual = outlet.shipped().visits
    for item, trips, count in rows.values_list("item", "trips").annotate(n=Count("id")):
        if trips > allowed.get(item, usual):
            found[item] = found.get(item, 0) + count
    return found


def cases_with_trips(viewer: Actor, item: str, since: date | None = None) -> QuerySet[Application]:
    """The finished cases behind one line of `trips_by_item`, the most trips first."""
    rows = queries.applications_seen(viewer).filter(state__in=("closed", "approved"), item__code=item)
    if since:
        rows = rows.filter(decided_at__date__gte=since)
    return rows.order_by("-trips", "-id")
