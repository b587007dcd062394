"""How an order moves, who may move it, and when its ladder speaks. Pure.

The state graph is code because every room relies on it (joints.md section 10); limits, ladders and
who-may are data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from linli.kernel import Refused

# state -> action -> next state
MOVES: dict[str, dict[str, str]] = {
    "raised": {"dispatch": "dispatched", "cancel": "cancelled"},
    "dispatched": {
        "accept": "accepted",
        "return": "disputed",
        "reassign": "dispatched",
        "dispatch": "dispatched",
        "cancel": "cancelled",
    },
    "disputed": {"dispatch": "dispatched", "rule": "dispatched", "cancel": "cancelled"},
    "accepted": {
        "arrive": "accepted",
        "note": "accepted",
        "milestone": "accepted",
        "extend": "accepted",
        "suspend": "suspended",
        "reassign": "dispatched",
        "handle": "handled",
        "recall": "raised",
        "cancel": "cancelled",
    },
    "suspended": {"resume": "accepted", "note": "suspended", "cancel": "cancelled"},
    "handled": {"pass": "done", "fail": "accepted", "cancel": "cancelled"},
    "done": {},
    "cancelled": {},
}
# action -> what must be given
NEEDS: dict[str, tuple[str, ...]] = {
    "return": ("reason", "text"),
    "rule": ("text",),
    "handle": ("outcome",),
    "fail": ("text",),
    "recall": ("text",),
    "cancel": ("text",),
    "extend": ("text",),
    "suspend": ("text", "until"),
    "dispatch": ("unit",),
}
WORDS = {
    "raise": "生成工单",
    "dispatch": "派遣",
    "accept": "接单",
    "return": "退回",
    "rule": "终审裁定",
    "reassign": "改派",
    "arrive": "到场",
    "note": "记录",
    "milestone": "完成阶段",
    "ask_extend": "申请延期",
    "ask_suspend": "申请缓办",
    "extend": "延期",
    "suspend": "缓办",
    "refuse_ask": "不准申请",
    "resume": "恢复办理",
    "handle": "办结",
    "recall": "收回",
    "pass": "核查通过",
    "fail": "核查不通过",
    "cancel": "撤销",
    "remind": "催办",
    "supervise": "督办",
    "escalate": "升级",
    "nudge": "提醒",
    "takeover": "提级接管",
}
STATE_WORDS = {
    "raised": "待派遣",
    "dispatched": "待接单",
    "disputed": "退回待裁",
    "accepted": "处置中",
    "suspended": "缓办",
    "handled": "待核查",
    "done": "已完成",
    "cancelled": "已撤销",
}
MISSING = {
    "reason": "请选择原因",
    "text": "请写明说明",
    "outcome": "请写明处置结果",
    "until": "请选择到期日期",
    "unit": "请选择承办单位",
}


def next_state(state: str, action: str, given: Mapping[str, object]) -> str:
    """The state after `action`. Raises Refused 409 when the order is elsewhere, 422 when something is missing."""
    after = MOVES.get(state, {}).get(action)
    if after is None:
        raise Refused(
            f"工单现在是“{STATE_WORDS.get(state, state)}”，不能{WORDS.get(action, action)}。请刷新后再看。",
            code="moved_on",
            status=409,
        )
    missing = {name: [MISSING[name]] for name in NEEDS.get(action, ()) if not given.get(name)}
    if missing:
        raise Refused("还有内容未填写", code="missing", fields=missing)
    return after


def after_return(returns: int) -> str:
    """First return goes to the dispatcher, any later one to the duty chief, whose ruling is final."""
    return "dispatcher" if returns <= 1 else "duty_chief"


def check_return(*, returns: int, final: bool, now: datetime, due_at: datetime) -> None:
    """A unit returns once, within the accept limit; after a final ruling never."""
    if final:
        raise Refused("本工单已经终审裁定，不能再退回。如有困难请申请延期或联系值班长。", code="ruled_final")
    if now > due_at:
        raise Refused("已超过接单时限，不能退回。请接单办理，或联系派遣员收回。", code="return_too_late")


@dataclass(frozen=True, slots=True)
class RungRule:
    """One rung: at `share` of the running stage (or `seconds` after it began) tell `who` by `act`."""

    who: tuple[str, ...]
    act: str  # nudge remind supervise level_up takeover red_list call
    share: float | None = None
    seconds: int | None = None
    stage: str = ""  # "" any stage
    ignores_quiet: bool = False


def rungs_of(data: Sequence[Mapping[str, object]], stage: str) -> list[RungRule]:
    """The rungs of a ladder's data that speak in this stage, in order of time."""
    rules = [
        RungRule(
            who=tuple(str(one) for one in row.get("who", [])),  # type: ignore[attr-defined]
            act=str(row["act"]),
            share=float(str(row["share"])) if row.get("share") is not None else None,
            seconds=int(str(row["seconds"])) if row.get("seconds") is not None else None,
            stage=str(row.get("stage", "")),
            ignores_quiet=bool(row.get("ignores_quiet", False)),
        )
        for row in data
    ]
    return [rule for rule in rules if rule.stage in ("", stage)]


def pick_ladder(
    rows: Sequence[Mapping[str, object]], kind: str, urgency: str, mode: str
) -> Mapping[str, object] | None:
    """The most specific ladder: exact kind before its room's `room.*` before `*`; with urgency before without."""

    def rank(row: Mapping[str, object]) -> tuple[int, int, int]:
        code = str(row["code"])
        fits = 3 if code == kind else 2 if code == f"{kind.partition('.')[0]}.*" else 1 if code == "*" else 0
        urgent = 2 if row["urgency"] == urgency else 1 if not row["urgency"] else 0
        return (fits if urgent and row["mode"] == mode else 0, urgent, int(str(row["version"])))

    best = max(rows, key=rank, default=None)
    return best if best is not None and rank(best)[0] else None


def limit_for(plan: Mapping[str, object], stage: str, milestone: int = 0) -> str:
    """The limit of a stage in an order's frozen plan; handling may be a list of milestones."""
    value = plan.get(stage, "")
    if isinstance(value, list):
        step = value[min(milestone, len(value) - 1)] if value else ""
        return str(step.get("limit", "")) if isinstance(step, dict) else str(step)
    return str(value)


def milestone_name(plan: Mapping[str, object], milestone: int) -> str:
    steps = plan.get("handle")
    if isinstance(steps, list) and milestone < len(steps) and isinstance(steps[milestone], dict):
        return str(steps[milestone].get("name", ""))
    return ""


def last_milestone(plan: Mapping[str, object], milestone: int) -> bool:
    steps = plan.get("handle")
    return not isinstance(steps, list) or milestone >= len(steps) - 1
