"""What a phone may do without a network: queued acts on orders, and what it keeps to read.

An act that comes after somebody else moved the order changes nothing; what it brought is kept as a note.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.urls import Resolver404, resolve
from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch import actions, evidence, queries, registry, rules, wording
from linli.dispatch.actions import Said
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.web.sync import OfflineField, OfflineItem, OfflineKind, OfflineSource, register_offline

KEPT = 40  # orders a phone keeps
NUMBER = OfflineField("工单", "number", required=True)
Act = Callable[[Actor, WorkOrder, OfflineItem, Said], Any]


def said_of(item: OfflineItem, *, text: str = "", reason: str = "") -> Said:
    """What a queued act says of itself: both times, position, skew."""
    data: dict[str, Any] = {"offline": True, "skew": round(item.skew.total_seconds())}
    if item.position:
        data |= {"lon": item.position[0], "lat": item.position[1]}
    if item.taken.flagged:
        data["flags"] = ["odd_clock"]
    at = item.taken.said if item.taken.flagged else item.taken.at
    return Said(reason=reason, text=text, device_at=at, data=data)


def matter(order: WorkOrder, phase: str) -> dict[str, Any]:
    """What the answer says of the pictures still on the phone: whose they are. The frame ties them when they come."""
    return {"subject": order.subject, "phase": phase}


def overtaken(by: Actor, order: WorkOrder, item: OfflineItem) -> bool:
    base = int(item.base_version) if item.base_version.isdigit() else None
    if base is None or base >= order.version:
        return False
    steps = order.moves.order_by("-id").values_list("action", "by")[:200]
    return evidence.overtaken(base, order.version, steps, by.ref)


def order_of(by: Actor, item: OfflineItem) -> WorkOrder:
    """The order an act is about. Raises Refused 404 for one the sender has nothing to do with."""
    number = int(item.data["order"])
    row = WorkOrder.objects.filter(pk=number).first()
    mine = row is not None and row.moves.filter(by=by.ref).exists()
    return row if mine and row else queries.order_for(by, number)


def queued(act: Act, *, title: str, phase: str = "during") -> Callable[[Actor, OfflineItem], dict[str, Any]]:
    """Wraps an act for the sync endpoint: overtaken acts become notes, pictures follow."""

    def run(by: Actor, item: OfflineItem) -> dict[str, Any]:
        order = order_of(by, item)
        words = [str(item.data.get(name) or "") for name in ("outcome", "text")]
        said = said_of(
            item, text=next((one for one in words if one), ""), reason=str(item.data.get("reason") or "")
        )
        late = overtaken(by, order, item)
        if not late:
            try:
                act(by, order, item, said)
            except Refused as refused:
                if refused.status != 409:
                    raise
                late = True
        order.refresh_from_db()
        told = {"order": order.pk, "version": order.version, "state": rules.STATE_WORDS[order.state]}
        if not late:
            return told | matter(order, phase)
        return told | _superseded(by, order, said, title) | matter(order, phase)

    return run


def _superseded(by: Actor, order: WorkOrder, said: Said, title: str) -> dict[str, Any]:
    note = f"{title}：{said.text}" if said.text else title
    actions.keep_as_note(by=by, order=order.pk, text=note, said=said)
    last = order.moves.exclude(by=by.ref).order_by("-id").first()
    who = f"{last.by_name}已先{rules.WORDS.get(last.action, '办理')}" if last else "已有变化"
    state = rules.STATE_WORDS[order.state]
    message = f"工单{who}，现在是“{state}”。您填写的内容已作备注保存，没有改变工单状态。"
    return {"status": "superseded", "message": message}


def _accept(by: Actor, order: WorkOrder, item: OfflineItem, said: Said) -> None:
    actions.accept_order(by=by, order=order.pk, said=said)


def _arrive(by: Actor, order: WorkOrder, item: OfflineItem, said: Said) -> None:
    actions.arrive(by=by, order=order.pk, said=said)


def _note(by: Actor, order: WorkOrder, item: OfflineItem, said: Said) -> None:
    actions.add_note(by=by, order=order.pk, said=said)


def _handle(by: Actor, order: WorkOrder, item: OfflineItem, said: Said) -> None:
    actions.handle_with_photos(
        by=by,
        order=order.pk,
        outcome=item.data["outcome"],
        said=replace(said, text=""),
        position=item.position,
        awaited=item.files,
        flags=["odd_clock"] if item.taken.flagged else [],
    )


def _return(by: Actor, order: WorkOrder, item: OfflineItem, said: Said) -> None:
    words = str(item.data.get("propose") or "")
    names = {name: code for code, name in areas.unit_names().items()}
    actions.return_order(
        by=by, order=order.pk, said=said, propose=names.get(words, words if words in names.values() else "")
    )


TEXT = OfflineField("说明", most=4000)
REASONS = tuple(evidence.RETURN_REASONS.items())
KINDS = (
    OfflineKind("order.accept", "接单", {"order": NUMBER}, queued(_accept, title="接单")),
    OfflineKind("order.arrive", "到场", {"order": NUMBER, "text": TEXT}, queued(_arrive, title="到场")),
    OfflineKind(
        "order.note",
        "记录",
        {"order": NUMBER, "text": OfflineField("记录内容", required=True)},
        queued(_note, title="记录"),
    ),
    OfflineKind(
        "order.handle",
        "办结",
        {"order": NUMBER, "outcome": OfflineField("处置结果", required=True)},
        queued(_handle, title="办结", phase="after"),
    ),
    OfflineKind(
        "order.return",
        "退回",
        {
            "order": NUMBER,
            "reason": OfflineField("退回原因", "choice", required=True, options=REASONS),
            "text": OfflineField("依据", required=True),
            "propose": OfflineField("建议承办单位", most=64),
        },
        queued(_return, title="退回"),
    ),
)


def own_orders(actor: Actor) -> list[dict[str, Any]]:
    """Open orders of the phone's owner, as the phone shows them without a network."""
    if not actor.scopes("dispatch.work"):
        return []
    now = timezone.now()
    return [
        {
            "id": row.pk,
            "version": row.version,
            "kind": registry.title(row.kind),
            "title": row.title,
            "instructions": row.instructions,
            "place": areas.area_path(row.area),
            "lon": row.lon,
            "lat": row.lat,
            "state": rules.STATE_WORDS[row.state],
            "due_at": row.due_at.isoformat(),
            "left": wording.chip(row, now).words,
        }
        for row in queries.work_list(actor)[:KEPT]
    ]


def own_grids(actor: Actor) -> list[dict[str, str]]:
    """The areas the phone's owner works in."""
    codes = sorted({scope.area for scope in actor.scopes("dispatch.work") if scope.area})
    return [{"code": code, "name": areas.area_path(code)} for code in codes[:50]]


def pages_to_keep(actor: Actor) -> list[str]:
    """Addresses the service worker keeps: the list, the report form and the pages of one's own orders."""
    if not actor.scopes("dispatch.work"):
        return []
    kept = ["/work/", "/work/report/"]
    for row in queries.work_list(actor).only("id", "kind", "state")[:KEPT]:
        kept.append(f"/orders/{row.pk}/")
        kept += [f"/orders/{row.pk}/{act}/" for act in _acts(row)]
    return [url for url in kept if _mounted(url)]


def _acts(row: WorkOrder) -> list[str]:
    if row.state == "dispatched":
        return ["return"]
    form = registry.kinds()[row.kind].form if row.kind in registry.kinds() else ""
    return [form.rpartition(".")[2] or "handle", "note"]


def _mounted(url: str) -> bool:
    try:
        resolve(url)
    except Resolver404:
        return False
    return True


def register() -> None:
    register_offline(
        *KINDS,
        OfflineSource("orders", own_orders),
        OfflineSource("grids", own_grids),
        OfflineSource("pages", pages_to_keep),
    )
