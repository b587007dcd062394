"""Who a ladder's words mean on one order: accounts to be told."""

from django.db.models import Q
from django.utils import timezone

from linli.areas import queries as areas
from linli.areas.models import Unit
from linli.dispatch.models import Duty, WorkOrder
from linli.kernel.access.models import Grant

LENGTH = {"county": 6, "street": 9, "community": 12}


def accounts_for(who: str, order: WorkOrder) -> set[int]:
    """`assignee`, `unit_head`, `backup`, `dispatcher` or `post:<role>@<level>` as account ids; empty if nobody."""
    if who == "assignee":
        return {order.person_id} if order.person_id else _workers(order.unit)
    if who == "unit_head":
        head = Unit.objects.filter(code=order.unit).values_list("head", flat=True).first()
        return {head} if head else _role_in_unit("unit_head", order.unit)
    if who == "backup":
        deputy = areas.keepers(order.grid).get("deputy") if order.grid else None
        return ({deputy} if deputy else set()) | _backups(order)
    if who == "dispatcher":
        return _with_role("dispatcher", order.area) or _with_role("duty_officer", order.area)
    if who.startswith("post:"):
        role, _, level = who[5:].partition("@")
        return on_duty(role, order.area[: LENGTH.get(level, 6)])
    return set()


def _workers(unit: str) -> set[int]:
    return _role_in_unit("officer", unit) | _role_in_unit("community_clerk", unit) if unit else set()


def _now() -> Q:
    return Q(valid_to=None) | Q(valid_to__gt=timezone.now())


def _role_in_unit(role: str, unit: str) -> set[int]:
    return (
        set(Grant.objects.filter(_now(), role=role, unit=unit).values_list("account", flat=True))
        if unit
        else set()
    )


def _with_role(role: str, area: str) -> set[int]:
    """Holders of a role for the nearest area above: the community's before the town's before the county's."""
    for length in (15, 12, 9, 6):
        if len(area) >= length:
            found = set(
                Grant.objects.filter(_now(), role=role, area=area[:length]).values_list("account", flat=True)
            )
            if found:
                return found
    return set()


def on_duty(role: str, area: str) -> set[int]:
    """Who is on the duty list for a post right now; without a list, whoever holds the role."""
    now = timezone.now()
    listed = Duty.objects.filter(post=role, area=area, start__lte=now, end__gt=now).values_list(
        "person", flat=True
    )
    return set(listed) or _with_role(role, area)


def _backups(order: WorkOrder) -> set[int]:
    now = timezone.now()
    if not order.person_id:
        return set()
    rows = Duty.objects.filter(person=order.person_id, start__lte=now, end__gt=now, backup__isnull=False)
    return set(rows.values_list("backup", flat=True))
