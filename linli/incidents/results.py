"""The result of an order, by its kind: what this room's own kinds want beside the words, and which action takes it."""

from collections.abc import Callable

from linli.dispatch.actions import Said, handle_order
from linli.dispatch.models import WorkOrder
from linli.incidents import catalogue, rules
from linli.incidents.actions import check_incident, confirm_incident
from linli.incidents.readings import Reader
from linli.kernel.actor import Actor

Result = Callable[[Actor, WorkOrder, str, Said], object]


def read(order: WorkOrder, reader: Reader) -> Result:
    """The action for this order's kind, with its own fields read; defects wait in the reader."""
    if order.kind == "incident.confirm":
        return _confirm(reader)
    if order.kind == "incident.check":
        return _check(order, reader)
    return lambda by, row, outcome, said: handle_order(by=by, order=row.pk, outcome=outcome, said=said)


def _needed(reader: Reader, name: str, said: str) -> bool:
    if reader.body.get(name) is None:
        reader.fault(name, said)
    return reader.yes(name)


def _confirm(reader: Reader) -> Result:
    found, code = _needed(reader, "found", "请说明是否属实"), reader.text("class", most=64, what="类别")
    known = catalogue.class_said(code) if code else None
    if code and known is None:
        reader.fault("class", "没有这个类别，请从类别列表中选择")
    chosen = known.code if known else ""
    return lambda by, row, outcome, said: confirm_incident(
        by=by, order=row.pk, found=found, text=outcome, class_code=chosen, said=said
    )


def _check(order: WorkOrder, reader: Reader) -> Result:
    passed, cause = (
        _needed(reader, "passed", "请说明是否通过"),
        reader.text("cause", most=32, what="原因") or "fixed",
    )
    if cause not in rules.CAUSES:
        reader.fault(
            "cause", "可选：" + "、".join(f"{code}（{words}）" for code, words in rules.CAUSES.items())
        )
    incident = int(order.subject.partition(":")[2] or 0)
    return lambda by, row, outcome, said: check_incident(
        by=by, incident=incident, passed=passed, text=outcome, cause=cause, files=said.files, order=row.pk
    )
