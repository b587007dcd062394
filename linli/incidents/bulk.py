"""One decision for many cases, each in a transaction of its own; the page queues it, the worker does it."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from linli.dispatch.actions import Assignee, Said, dispatch_order
from linli.dispatch.models import WorkOrder
from linli.incidents import actions
from linli.incidents.models import Incident
from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor, require
from linli.kernel.identity.models import Account
from linli.kernel.web.actions import find_run, work_through

log = logging.getLogger(__name__)
JOB = "linli.incidents.jobs.run_bulk"
WORDS = {"reclass": "批量改类", "dispatch": "批量派遣", "merge": "批量并案", "refer": "批量转办"}
Given = Mapping[str, Any]


def _reclass(by: Actor, incident: int, given: Given) -> None:
    actions.reclass_incident(
        by=by, incident=incident, class_code=given["class_code"], text=given.get("text", "")
    )


def _dispatch(by: Actor, incident: int, given: Given) -> None:
    """Files what waits for it with the unit given; otherwise moves the open lead order there."""
    row = Incident.objects.get(pk=incident)
    if row.state in ("reported", "confirming"):
        actions.file_incident(by=by, incident=incident, unit=given["unit"], text=given["text"])
        return
    rows = WorkOrder.objects.filter(subject=row.subject, kind="incident.handle", role="lead", done_at=None)
    order = rows.order_by("-id").first()
    if order is None:
        raise Refused("没有可以派遣的工单", code="no_order", status=409)
    dispatch_order(
        by=by,
        order=order.pk,
        to=Assignee(given["unit"]),
        explanation={"by": "dispatcher", "text": given["text"]},
        said=Said(text=given["text"]),
    )


def _merge(by: Actor, incident: int, given: Given) -> None:
    if incident != int(given["into"]):  # the target itself may be ticked too
        actions.merge_incident(by=by, incident=incident, into=int(given["into"]), text=given.get("text", ""))


def _refer(by: Actor, incident: int, given: Given) -> None:
    actions.refer_incident(by=by, incident=incident, room=given["room"], text=given["text"])


ACTS: dict[str, Callable[[Actor, int, Given], None]] = {
    "reclass": _reclass,
    "dispatch": _dispatch,
    "merge": _merge,
    "refer": _refer,
}


def run_bulk(ident: str) -> None:
    """The worker's side: every case on its own, a refusal noted beside it."""
    run = find_run(ident)
    act, given = ACTS[run.payload["act"]], run.payload["given"]
    name = str(Account.objects.filter(pk=run.by).first() or "")
    by = actor_for(run.by, name=name)
    require(by, "dispatch.bulk")
    work_through(run, lambda row: act(by, row, given), _surprised)


def _surprised(incident: int) -> str:
    log.exception("bulk act failed at incident %s", incident)
    return f"{incident}：系统出错，已记录"
