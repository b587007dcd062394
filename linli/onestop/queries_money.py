"""Entitlements, batches, rechecks and spot checks, as far as the viewer may know."""

from django.db.models import Q, QuerySet

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.onestop import paying
from linli.onestop.books import booked, plan_of
from linli.onestop.drawing import Draw, drawn_by
from linli.onestop.models import Batch, Custody, Entitlement, PayLine, Recheck, SpotCheck, Transfer

VIEW = "onestop.view"


COLUMNS = {6: "county", 9: "street", 12: "community", 15: "grid"}


def _seen(viewer: Actor, verb: str, rows: QuerySet[Entitlement]) -> QuerySet[Entitlement]:
    """Grants below the viewer's areas; a unit sees those it leads or decides on, finance all it pays."""
    if viewer.kind == "system":
        return rows
    where = Q(pk=None)
    for scope in viewer.scopes(verb):
        one = Q(**{COLUMNS[len(scope.area)]: scope.area}) if scope.area else ~Q(pk=None)
        if scope.unit and not scope.has("onestop.pay"):
            one &= Q(decision__task__unit=scope.unit) | Q(decision__application__unit=scope.unit)
        where |= one
    return rows.filter(where)


def entitlements_seen(viewer: Actor) -> QuerySet[Entitlement]:
    """Grants in the viewer's areas, the newest first; never those of cases they are kept away from."""
    rows = Entitlement.objects.select_related("item", "person", "decision")
    barred = [int(s.partition(":")[2]) for s in viewer.bars if s.startswith("onestop.application:")]
    return _seen(viewer, VIEW, rows).exclude(decision__application__in=barred).order_by("-id")


def own_entitlements(viewer: Actor) -> QuerySet[Entitlement]:
    """What the viewer's own person was granted, or lives on as one of a household."""
    if viewer.account is None:
        return Entitlement.objects.none()
    mine = Q(person__account=viewer.account) | Q(
        household__members__person__account=viewer.account, household__members__until=None
    )
    return Entitlement.objects.filter(mine).select_related("item").distinct().order_by("-id")


def on_hold(viewer: Actor) -> QuerySet[Entitlement]:
    """Nobody is paid without an account: what waits for one, or for a wrong one to be put right."""
    rows = Entitlement.objects.filter(Q(account="") | ~Q(hold=""), settled=False)
    return _seen(viewer, "onestop.work", rows.select_related("item", "person")).order_by("id")


def payments_of(viewer: Actor, entitlement: int) -> QuerySet[PayLine]:
    """Every line of a grant, failed ones too, by month. Raises Refused 404."""
    seen = own_entitlements(viewer).filter(pk=entitlement).exists()
    if not seen and not entitlements_seen(viewer).filter(pk=entitlement).exists():
        raise Refused("没有这项待遇，或者它不在您的管辖范围内。", code="no_entitlement", status=404)
    rows = PayLine.objects.filter(entitlement=entitlement).select_related("transfer__batch")
    return rows.order_by("month", "id")


def overpaid(viewer: Actor) -> dict[int, int]:
    """Entitlement -> fen paid beyond what it owes and not set off yet; of grants not yet laid aside."""
    rows = list(
        _seen(viewer, "onestop.pay", Entitlement.objects.filter(settled=False)).prefetch_related(
            "adjustments"
        )
    )
    stands = booked(row.pk for row in rows)
    found = {row.pk: paying.overpaid(plan_of(row), stands.get(row.pk, {})) for row in rows}
    return {number: fen for number, fen in found.items() if fen}


def batches_seen(viewer: Actor) -> QuerySet[Batch]:
    """Batches of the areas the viewer pays for or audits, the newest first."""
    verbs = [*viewer.scopes("onestop.pay"), *viewer.scopes("ledger.view")]
    if viewer.kind == "system":
        where = Q()
    else:
        where = Q(pk=None)
        for scope in verbs:
            where |= Q(area__startswith=scope.area)
    return Batch.objects.filter(where).select_related("item", "maker", "checker").order_by("-id")


def transfers_of(viewer: Actor, batch: int) -> QuerySet[Transfer]:
    """The payments of a batch in the order of its file. Raises Refused 404."""
    if not batches_seen(viewer).filter(pk=batch).exists():
        raise Refused("没有这个批次，或者它不在您的管辖范围内。", code="no_batch", status=404)
    rows = Transfer.objects.filter(batch=batch).select_related("entitlement__person")
    return rows.prefetch_related("lines").order_by("ref")


def rechecks_open(viewer: Actor) -> QuerySet[Recheck]:
    """Open rechecks in the viewer's areas, the earliest due first."""
    grants = _seen(viewer, "onestop.work", Entitlement.objects.all())
    rows = Recheck.objects.filter(done_at=None, entitlement__in=grants)
    return rows.select_related("entitlement__item", "entitlement__person", "task__holder").order_by(
        "due", "id"
    )


def custodies_seen(viewer: Actor) -> QuerySet[Custody]:
    """代管登记簿: who keeps whose card now."""
    grants = _seen(viewer, "onestop.work", Entitlement.objects.all())
    rows = Custody.objects.filter(entitlement__in=grants, until=None)
    return rows.select_related("entitlement__person", "entitlement__item").order_by("-since", "-id")


def spot_checks_seen(viewer: Actor) -> QuerySet[SpotCheck]:
    """Draws of the viewer's areas and of those they lie in, the newest first."""
    where = Q(pk=None)
    for scope in viewer.scopes(VIEW):
        above = [scope.area[:size] for size in (6, 9, 12) if len(scope.area) >= size]
        where |= Q(area__startswith=scope.area) | Q(area__in=above) if scope.area else ~Q(pk=None)
    rows = SpotCheck.objects.select_related("item")
    return (rows if viewer.kind == "system" else rows.filter(where)).order_by("-id")


def redraw(number: int) -> tuple[SpotCheck, Draw, bool]:
    """Anybody draws a spot check again: the draw from what was published, and whether it is the one on record.

    Population and sample are case numbers, nothing personal. Raises Refused 404.
    """
    row = SpotCheck.objects.filter(pk=number).first()
    if row is None:
        raise Refused("没有这次抽查。", code="no_spot_check", status=404)
    again = drawn_by(row.log_size, row.log_root, row.population, row.percent)
    same = (again.population_hash, again.seed, list(again.sample)) == (
        row.population_hash,
        row.seed,
        row.sample,
    )
    return row, again, same
