"""The acts on an order as pages offer them: who sees the button, which form it opens, which action it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from linli.dispatch import actions, forms, rules
from linli.dispatch.actions import Assignee, Said
from linli.dispatch.actions.steps import is_assignee, require_assignee, require_on
from linli.dispatch.background import background
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import Actor, can
from linli.kernel.web.rules import HERE

Run = Callable[[Actor, WorkOrder, dict[str, Any]], Any]


def _said(by: Actor, order: WorkOrder, given: dict[str, Any], phase: str = "during", **more: Any) -> Said:
    """What came along with a form: text, photos (kept and tied to the matter), the version seen, the position."""
    keys = forms.keep_photos(by, given.get("photos") or [], given.get("client_uuid"))
    photos = actions.attach_photos(by=by, keys=keys, subject=order.subject, phase=phase)
    data = {"lon": given["lon"], "lat": given["lat"]} if given.get("lon") is not None else {}
    return Said(
        reason=given.get("reason", "") if more.get("reason", True) else "",
        text=given.get("text", ""),
        files=tuple(photo.pk for photo in photos),
        base_version=given["base_version"],
        data=data,
    )


def _accept(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    actions.accept_order(by=by, order=order.pk, said=_said(by, order, given))


def _arrive(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    actions.arrive(by=by, order=order.pk, said=_said(by, order, given))


def _milestone(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    actions.finish_milestone(by=by, order=order.pk, said=_said(by, order, given))


def _note(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    actions.add_note(by=by, order=order.pk, said=_said(by, order, given))


def _handle(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    position = (given["lon"], given["lat"]) if given.get("lon") is not None else None
    actions.handle_with_photos(
        by=by,
        order=order.pk,
        outcome=given["outcome"],
        keys=forms.keep_photos(by, given.get("photos") or [], given.get("client_uuid")),
        said=Said(base_version=given["base_version"]),
        position=position,
    )


def _return(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    said = _said(by, order, given)
    actions.return_order(by=by, order=order.pk, said=said, propose=given.get("propose", ""))


def _ask(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    until = given.get("until")
    actions.ask_for_time(
        by=by,
        order=order.pk,
        what=given["what"],
        reason=given["reason"],
        limit=given.get("limit", "") if given["what"] == "extend" else "",
        ground=given.get("ground", "") if given["what"] == "suspend" else "",
        until=datetime.combine(until, time(17, 30), HERE) if until else None,
    )


def _reassign(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    said = Said(text=given["text"], base_version=given["base_version"])
    actions.reassign_order(by=by, order=order.pk, person=int(given["person"]), said=said)


def _dispatch(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    actions.dispatch_order(
        by=by,
        order=order.pk,
        to=Assignee(given["unit"]),
        explanation={"by": "dispatcher", "text": given["text"]},
        said=Said(text=given["text"], base_version=given["base_version"]),
    )


def _rule(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    topic = background(order, by).topic if given.get("remember") else ""
    said = Said(text=given["text"], base_version=given["base_version"])
    actions.rule_order(by=by, order=order.pk, to=Assignee(given["unit"]), said=said, topic=topic)


def _recall(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    said = Said(text=given["text"], base_version=given["base_version"])
    actions.recall_order(by=by, order=order.pk, said=said)


def _resume(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    said = Said(text=given["text"], base_version=given["base_version"])
    actions.resume_order(by=by, order=order.pk, said=said)


def _verify(by: Actor, order: WorkOrder, given: dict[str, Any]) -> None:
    said = Said(text=given["text"], base_version=given["base_version"])
    actions.verify_order(by=by, order=order.pk, passed=given["passed"] == "1", said=said)


def _place_verb(verb: str) -> Callable[[Actor, WorkOrder], bool]:
    return lambda viewer, order: can(viewer, verb, area=order.area, subject=f"dispatch.order:{order.pk}")


def _may_note(viewer: Actor, order: WorkOrder) -> bool:
    return is_assignee(viewer, order) or can(viewer, "dispatch.dispatch", area=order.area)


def _may_verify(viewer: Actor, order: WorkOrder) -> bool:
    """Cases are checked as cases, by their own room; here only what stands for itself."""
    own = order.handled_by == viewer.ref
    return (
        not own and not order.kind.startswith("incident.") and _place_verb("dispatch.verify")(viewer, order)
    )


@dataclass(frozen=True, slots=True)
class Act:
    """`move` is the step of rules.MOVES it makes; `offline` the queued act it may also be."""

    code: str
    label: str
    done: str
    form: type[forms.OrderForm]
    run: Run
    may: Callable[[Actor, WorkOrder], bool]
    move: str = ""
    short: bool = False
    tone: str = ""
    offline: str = ""
    to_list: bool = False

    def fits(self, viewer: Actor, order: WorkOrder) -> bool:
        """Whether the button stands on the page: the state lets it, and so does the viewer's right."""
        return self._now(order) and self.may(viewer, order)

    def _now(self, order: WorkOrder) -> bool:
        if (self.move or self.code) not in rules.MOVES[order.state]:
            return False
        last = rules.last_milestone(order.plan, order.milestone)
        first = {"milestone": not last, "handle": last, "arrive": order.arrived_at is None}
        if self.code == "dispatch":
            return order.state == "raised" or (order.state == "disputed" and order.returns < 2)
        if self.code == "return":
            return not order.final and order.returns < 2
        return first.get(self.code, True)

    def refuse(self, viewer: Actor, order: WorkOrder) -> None:
        """Raises Refused 403 for a stranger, 409 when only the state is in the way."""
        if self.may(viewer, order):
            raise Refused(
                f"工单现在是“{rules.STATE_WORDS[order.state]}”，不能{self.label}。",
                code="moved_on",
                status=409,
            )
        if self.may is is_assignee:
            require_assignee(viewer, order)
        require_on(viewer, f"dispatch.{self.code}", order)
        raise Refused("您没有办理这张工单的权限。", code="not_allowed", status=403)

    def after(self, order: WorkOrder, viewer: Actor) -> str:
        """Where to go when done: on to the next piece of work, or back to the order."""
        return f"/orders/{order.pk}/"


def _act(*args: Any, **more: Any) -> tuple[str, Act]:
    act = Act(*args, **more)
    return act.code, act


ACTS: dict[str, Act] = dict(
    [
        _act(
            "accept",
            "接单",
            "接单",
            forms.AcceptForm,
            _accept,
            is_assignee,
            short=True,
            offline="order.accept",
        ),
        _act(
            "arrive",
            "到场",
            "到场打卡",
            forms.ArriveForm,
            _arrive,
            is_assignee,
            short=True,
            offline="order.arrive",
        ),
        _act("milestone", "完成本阶段", "完成本阶段", forms.MilestoneForm, _milestone, is_assignee),
        _act("handle", "办结", "办结", forms.HandleForm, _handle, is_assignee, offline="order.handle"),
        _act("rule", "终审裁定", "作出终审裁定", forms.RuleForm, _rule, _place_verb("dispatch.rule")),
        _act("dispatch", "派遣", "派遣", forms.DispatchForm, _dispatch, _place_verb("dispatch.dispatch")),
        _act("verify", "核查", "提交核查结果", forms.VerifyForm, _verify, _may_verify, move="pass"),
        _act(
            "reassign",
            "指定经办人",
            "指定经办人",
            forms.ReassignForm,
            _reassign,
            lambda viewer, order: can(viewer, "dispatch.reassign", area=order.area, unit=order.unit),
        ),
        _act("note", "记录", "保存记录", forms.NoteForm, _note, _may_note, offline="order.note"),
        _act("ask", "申请延期或缓办", "提交申请", forms.AskForm, _ask, is_assignee, move="extend"),
        _act(
            "return",
            "退回",
            "退回",
            forms.ReturnForm,
            _return,
            is_assignee,
            tone="danger",
            offline="order.return",
        ),
        _act("resume", "恢复办理", "恢复办理", forms.ResumeForm, _resume, _place_verb("dispatch.approve")),
        _act(
            "recall",
            "收回",
            "收回",
            forms.RecallForm,
            _recall,
            _place_verb("dispatch.dispatch"),
            tone="danger",
        ),
    ]
)
