"""Work lists and single orders, each as its viewer may see it."""

from django.db.models import FloatField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from linli.dispatch.models import Ask, Duty, Move, WorkOrder
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import scope_filter
from linli.kernel.actor import Actor
from linli.kernel.files.models import Attachment
from linli.kernel.identity.models import Account


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
    return (
        WorkOrder.objects.filter(unit__in=units, done_at=None)
        .order_by("due_at", "id")
        .select_related("person")
    )


def to_dispatch(viewer: Actor) -> QuerySet[WorkOrder]:
    """Raised and disputed orders a dispatcher (or, for second returns, a duty chief) has to place."""
    where = scope_filter(viewer, "dispatch.dispatch")
    if where is None:
        return WorkOrder.objects.none()
    return WorkOrder.objects.filter(where, state__in=["raised", "disputed"], done_at=None).order_by(
        "due_at", "id"
    )


def near_me(viewer: Actor, east: float, north: float) -> QuerySet[WorkOrder]:
    """The viewer's work by distance from a point in metres (`.metres` on each row), through the GiST index."""
    far = RawSQL(
        "point(dispatch_workorder.east, dispatch_workorder.north) <-> point(%s, %s)",
        [east, north],
        output_field=FloatField(),
    )
    return work_list(viewer).filter(east__isnull=False).annotate(metres=far).order_by("metres")


def asks_of_units(viewer: Actor) -> QuerySet[Ask]:
    """Requests for more time of the viewer's unit(s) that nobody has decided yet."""
    units = {scope.unit for scope in viewer.scopes("dispatch.view") if scope.unit}
    rows = Ask.objects.filter(state="asked", order__unit__in=units)
    return rows.select_related("order", "asked_by").order_by("asked_at")


def asks_to_decide(viewer: Actor) -> QuerySet[Ask]:
    """Requests for more time the viewer may decide: never one's own."""
    where = scope_filter(viewer, "dispatch.approve")
    if where is None:
        return Ask.objects.none()
    rows = Ask.objects.filter(state="asked", order__in=WorkOrder.objects.filter(where, done_at=None))
    return (
        rows.exclude(asked_by=viewer.account)
        .select_related("order", "asked_by")
        .order_by("order__due_at", "id")
    )


def to_rule(viewer: Actor) -> QuerySet[WorkOrder]:
    """Orders returned a second time: the duty chief's word is final."""
    where = scope_filter(viewer, "dispatch.rule")
    if where is None:
        return WorkOrder.objects.none()
    return WorkOrder.objects.filter(where, state="disputed", returns__gte=2).order_by("due_at", "id")


def people_of_unit(unit: str) -> list[Account]:
    """Who may be given work of a unit, by name."""
    now = Q(valid_to=None) | Q(valid_to__gt=timezone.now())
    roles = ["officer", "unit_head", "community_clerk", "grid_worker", "grid_leader"]
    grants = Grant.objects.filter(now, unit=unit, role__in=roles)
    return list(
        Account.objects.filter(pk__in=grants.values("account"), is_active=True).order_by("name", "id")
    )


def order_moves(order: WorkOrder) -> list[Move]:
    """Every step of one order, oldest first."""
    return list(Move.objects.filter(order=order).order_by("id"))


def photos_about(order: WorkOrder, more: tuple[str, ...] = ()) -> list[Attachment]:
    """Pictures of the order's matter and of `more` subjects, for somebody who may see the order."""
    return list(Attachment.objects.filter(subject__in=[order.subject, *more], state="ready").order_by("id"))


def duties(viewer: Actor) -> QuerySet[Duty]:
    """Turns now and to come where the viewer may look."""
    scopes = {scope.area for scope in viewer.scopes("dispatch.view")}
    where = Q(pk=None)
    for area in scopes:
        where |= Q(area__startswith=area)
    rows = Duty.objects.filter(end__gt=timezone.now()).select_related("person", "backup")
    return (rows if viewer.kind == "system" else rows.filter(where)).order_by("start", "area", "id")
