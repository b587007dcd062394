"""What a grid worker's phone may do without a network in this room: post a list, photograph it on the last day."""

from typing import Any

from django.utils import timezone

from linli.dispatch import offline as orders
from linli.dispatch.actions import Said
from linli.dispatch.background import Background
from linli.dispatch.models import WorkOrder
from linli.kernel.actor import Actor
from linli.kernel.web.sync import OfflineField, OfflineItem, OfflineKind, register_offline
from linli.publicity import actions
from linli.publicity.actions.postings import phase_of, posting_of
from linli.publicity.models import Posting


def _post(by: Actor, order: WorkOrder, item: OfflineItem, said: Said) -> None:
    """At the phone's time once its clock is put right; an absurd clock counts from the arrival."""
    actions.confirm_posted(
        by=by,
        order=order.pk,
        outcome=str(item.data.get("text") or ""),
        at=timezone.now() if item.taken.flagged else item.taken.at,
        awaited=item.files,
        said=said,
    )


def post(by: Actor, item: OfflineItem) -> dict[str, Any]:
    """The queued form; the answer says whose photos those still on the phone are."""
    order = orders.order_of(by, item)
    phase = phase_of(order, posting_of(order))
    return orders.queued(_post, title="公示张贴", phase=phase)(by, item)


POST = OfflineKind(
    "publicity.post",
    "公示张贴",
    {"order": orders.NUMBER, "text": OfflineField("张贴情况", most=2000)},
    post,
)


def background_of(order: WorkOrder, viewer: Actor, with_likes: bool) -> Background:
    """The notice behind a posting order: number, place, and the sheet to print."""
    row = (
        Posting.objects.select_related("notice").filter(pk=int(order.subject.partition(":")[2] or 0)).first()
    )
    if row is None:
        return Background()
    notice = row.notice
    facts = (("公示编号", notice.number), ("张贴地点", row.place), ("公示", notice.title))
    return Background(facts=facts, acts=(("打印公示名单", f"/publicity/{notice.pk}/sheet/"),))


def register() -> None:
    register_offline(POST)
