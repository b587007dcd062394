"""How an order is titled and linked from other rooms."""

from linli.dispatch.models import WorkOrder
from linli.dispatch.queries import seen
from linli.kernel.actor import Actor
from linli.kernel.web.subjects import Subject


def _title(number: int, viewer: Actor) -> str:
    row = WorkOrder.objects.filter(pk=number).first()
    if row is None:
        return "已删除的工单"
    return "保密工单" if row.private and not _may_see(number, viewer) else row.title


def _may_see(number: int, viewer: Actor) -> bool:
    return seen(viewer).filter(pk=number).exists()


ORDER = Subject("dispatch.order", _title, lambda number, viewer: f"/orders/{number}/", _may_see)
