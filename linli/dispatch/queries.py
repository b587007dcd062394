"""Work lists and single orders, each as its viewer may see it."""

from django.db.models import Q, QuerySet

from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.access.queries import scope_filter
from linli.kernel.actor import Actor


def seen(viewer: Actor) -> QuerySet[WorkOrder]:
    """Orders of the viewer's areas and unit, and those given to the viewer in person."""
    where = scope_filter(viewer, "dispatch.view")
    if viewer.kind == "system":
        return WorkOrder.objects.all()
    mine = Q(person=viewer.account) if viewer.account else None
    if where is None:
        return WorkOrder.objects.filter(mine) if mine else WorkOrder.objects.none()
    rows = WorkOrder.objects.filter(where | mine) if where and mine else WorkOrder.objects.filter(where)
    if any(scope.has("dispatch.dispatch") for scope in viewer.grants):
        return rows
    units = [scope.unit for scope in viewer.grants if scope.unit]
    return rows.filter(Q(private=False) | Q(person=viewer.account) | Q(unit__in=units))


def order_for(viewer: Actor, number: int) -> WorkOrder:
    """One order. Raises Refused 404 when it is not there for this viewer."""
    row = seen(viewer).filter(pk=number).select_related("person").first()
    if row is None:
        raise Refused("没有这张工单，或您无权查看。", code="no_order", status=404)
    return row


def work_list(viewer: Actor) -> QuerySet[WorkOrder]:
    """What the viewer in person has to do, most pressing first: named to them, or free in their unit."""
    units = {scope.unit for scope in viewer.scopes("dispatch.work") if scope.unit}
    own = Q(person=viewer.account) if viewer.account else Q(pk=None)
    return (
        WorkOrder.objects.filter(own | Q(person=None, unit__in=units), done_at=None)
        .exclude(state__in=["handled", "disputed", "raised"])
        .order_by("due_at", "id")
    )


def unit_list(viewer: Actor) -> QuerySet[WorkOrder]:
    """Open orders of the viewer's unit(s), most pressing first."""
    units = {scope.unit for scope in viewer.scopes("dispatch.view") if scope.unit}
    return WorkOrder.objects.filter(unit__in=units, done_at=None).order_by("due_at", "id").select_related("person")


def to_dispatch(viewer: Actor) -> QuerySet[WorkOrder]:
    """Raised and disputed orders a dispatcher (or, for second returns, a duty chief) has to place."""
    where = scope_filter(viewer, "dispatch.dispatch")
    if where is None:
        return WorkOrder.objects.none()
    return WorkOrder.objects.filter(where, state__in=["raised", "disputed"], done_at=None).order_by("due_at", "id")
