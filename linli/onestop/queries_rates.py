"""Lights by town and on-time rates, and the cases behind every number."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from linli.kernel.access.queries import visible_to
from linli.kernel.actor import Actor
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.onestop.models import Application, Rate
from linli.onestop.paying import add_months, month_of

VIEW = "onestop.view"
LATE = {"promised": Q(decided_at__gt=F("promised_due")), "statutory": Q(decided_at__gt=F("statutory_due"))}


def lit(light: str, now: datetime) -> Q:
    """Cases under way with this light now; the three add up to all of them. As `clocks.light` says of each."""
    red = Q(promised_due__lt=now)
    return {"red": red, "yellow": ~red & Q(warn_at__lte=now), "green": ~red & ~Q(warn_at__lte=now)}[light]


def lights_by_town(viewer: Actor, now: datetime | None = None) -> dict[str, dict[str, int]]:
    """Town code -> red, yellow, green of what the viewer sees under way there."""
    moment = now or timezone.now()
    rows = visible_to(viewer, VIEW, Application.objects.filter(state="accepted"))
    counted = rows.order_by().values("street").annotate(
        whole=Count("id"),
        red=Count("id", filter=Q(promised_due__lt=moment)),
        yellow=Count("id", filter=Q(promised_due__gte=moment, warn_at__lte=moment)),
    )  # fmt: skip
    return {
        one["street"]: {
            "red": one["red"],
            "yellow": one["yellow"],
            "green": one["whole"] - one["red"] - one["yellow"],
        }
        for one in counted
    }


def cases_lit(
    viewer: Actor, light: str, street: str = "", now: datetime | None = None
) -> QuerySet[Application]:
    """The cases behind one light of one town, the first due first."""
    rows = Application.objects.filter(lit(light, now or timezone.now()), state="accepted")
    rows = rows.filter(street=street) if street else rows
    return visible_to(viewer, VIEW, rows.select_related("item", "person")).order_by("promised_due", "id")


@dataclass(frozen=True, slots=True)
class OnTime:
    """Counts of one group; rates follow by division."""

    decided: int
    promised: int
    statutory: int


BY = ("street", "unit", "item__code", "month")


def on_time(viewer: Actor, first: date, last: date, by: str = "street") -> dict[object, OnTime]:
    """Decided in the months from `first` to `last`, and how many of them in time, by town, unit, item or month.

    From the roll-up, at most a minute old. A grant below a town sees no rates.
    """
    if by not in BY:
        raise ValueError(by)
    rows = Rate.objects.filter(month__gte=month_of(first), month__lte=month_of(last)).filter(_reach(viewer))
    summed = rows.order_by().values(by).annotate(
        n=Sum("decided"), kept=Sum("promised"), lawful=Sum("statutory")
    )  # fmt: skip
    return {one[by]: OnTime(one["n"], one["kept"], one["lawful"]) for one in summed}


def _reach(viewer: Actor) -> Q:
    if viewer.kind == "system":
        return Q()
    where = Q(pk=None)
    for scope in viewer.scopes(VIEW):
        if len(scope.area) > 9:
            continue
        one = ~Q(pk=None)
        if scope.area and scope.area != settings.LINLI_COUNTY:
            one = Q(county=scope.area) if len(scope.area) == 6 else Q(street=scope.area)
        where |= one & Q(unit=scope.unit) if scope.unit else one
    return where


def cases_behind(
    viewer: Actor, first: date, last: date, *, late: str = "", **key: object
) -> QuerySet[Application]:
    """The cases of a number: decided in these months, with this street, unit or item__code; `late`: promised,
    statutory, or all."""
    start, end = (datetime(d.year, d.month, 1, tzinfo=SHANGHAI) for d in _span(first, last))
    rows = Application.objects.filter(decided_at__gte=start, decided_at__lt=end, **key)
    rows = rows.filter(LATE[late]) if late else rows
    return visible_to(viewer, VIEW, rows.select_related("item", "person")).order_by("-id")


def _span(first: date, last: date) -> Iterable[date]:
    return month_of(first), add_months(month_of(last), 1)
