"""What the applicant is told at each step: number, step, and the expected day beside the promise; refusals with reason,
basis and remedy; a supplement with all its defects at once. Whoever drew the case up for them is told as well.
"""

from datetime import datetime

from django.utils import timezone

from linli.areas.queries import unit_names
from linli.dispatch.models import WorkOrder
from linli.kernel.notify.actions import notify
from linli.onestop import facts, queries, rules
from linli.onestop.models import Application, Notice, Result, Task

DONE = {
    "do_task": "前一步已办结",
    "publish": "已安排公示",
    "begin_publicity": "公示已张贴",
    "end_publicity": "公示已期满",
    "reopen_publicity": "公示撤回后重新安排",
    "return": "已退回前一步重新办理",
    "note_facts": "有新情况，重新核实",
    "extend": "法定时限依规延长",
    "answer_supplement": "已收到补正材料",
    "answer_more": "已收到补充材料",
    "fill": "已收到补交材料",
}
CLOSED = {
    "done": "已办结",
    "referred": "已移交",
    "withdrawn": "已撤件",
    "ended": "已终止",
    "lapsed": "逾期未补正，已按规定结束；材料齐备后可以重新申请",
}


def day(moment: datetime | None) -> str:
    """`2月27日`, on the wall in Liuyang."""
    if moment is None:
        return "期限待定"
    local = timezone.localtime(moment)
    return f"{local.month} 月 {local.day} 日"


def limit_words(row: Application) -> str:
    """承诺 7 个工作日（不含公示 7 天），预计 2 月 27 日: the promise never stands without the day."""
    found = queries.limits_of(row)
    said = f"承诺 {found.promised}，预计 {day(found.expected)}"
    return f"{said}（节假日安排公布后可能调整）" if found.provisional else said


def steps_words(row: Application) -> str:
    """The steps open now, without departments asked beside them."""
    rows = Task.objects.filter(application=row, state="open", branch="").exclude(kind="notice")
    names = [name.partition("（")[0] for name in rows.order_by("stage", "id").values_list("name", flat=True)]
    if not names and row.state == "accepted":
        return "有关部门协助核实"
    return "、".join(dict.fromkeys(names)) or rules.STATE_WORDS[row.state]


def _send(row: Application, template: str, key: str, **more: str) -> int:
    """To the applicant and their agent, by account, else to the applicant's phone; of the dead only to the agent.

    Returns how many were told.
    """
    own = row.person.account_id if row.person.died is None else None
    targets: list[int | str] = sorted({account for account in (own, row.agent_id) if account is not None})
    if row.person.account_id is None and row.person.phone and row.person.died is None:
        targets.append(row.person.phone)
    context = {"item": row.item.name, "number": row.number, **more}
    for to in targets:
        notify(to=to, template=template, context=context, subject=row.subject, client_key=f"{row.pk}:{key}")
    return len(targets)


def _read(application: int) -> Application:
    return Application.objects.select_related("item", "version", "person").get(pk=application)


def tell_moved(fact: facts.ApplicationMoved) -> int:
    """One notice for whatever the applicant should know; 0 for what concerns the house only (transfers, urging)."""
    row = _read(fact.application)
    if fact.action == "submit":
        return _send(row, "onestop.submitted", "submitted")
    if fact.action in ("ask_supplement", "ask_more"):
        return _tell_supplement(row)
    if row.state == "accepted" and fact.action == "rule" and row.round > 1:
        return _moved(row, f"rule:{row.round}", "公示期间的异议成立，重新核实")
    if row.state in ("accepted", "approved", "submitted") and fact.action in DONE:
        return _moved(row, fact.action, DONE[fact.action])
    return 0


def _moved(row: Application, action: str, done: str) -> int:
    """Side by side steps done one after the other say the same until something new opens: told once."""
    steps = steps_words(row)
    key = f"moved:{action}:{row.round}:{steps}"[:120]
    limit = limit_words(row) if row.accepted_at else "受理后开始计时"
    return _send(row, "onestop.moved", key, done=done, steps=steps, limit=limit)


def _tell_supplement(row: Application) -> int:
    notice = Notice.objects.filter(application=row, kind="supplement").latest("id")
    said = "；".join(f"{n}. {one}" for n, one in enumerate(notice.defects, 1))
    return _send(row, "onestop.supplement", f"supplement:{notice.pk}", defects=said, due=day(notice.due_at))


def tell_accepted(fact: facts.ApplicationAccepted) -> int:
    row = _read(fact.application)
    return _send(row, "onestop.accepted", "accepted", limit=limit_words(row), steps=steps_words(row))


def tell_decided(fact: facts.ApplicationDecided) -> int:
    """Approved: what follows. A refusal is told when the case closes, with its notice."""
    row = _read(fact.application)
    if fact.outcome != "approve":
        return 0
    return _send(row, "onestop.approved", "approved", steps=steps_words(row))


def tell_closed(fact: facts.ApplicationClosed) -> int:
    """Refused and declined cases with reason, basis and remedy."""
    row = _read(fact.application)
    if fact.cause in ("refused", "declined"):
        kind = "refusal" if fact.cause == "refused" else "decline"
        return _tell_refusal(row, Notice.objects.filter(application=row, kind=kind).latest("id"))
    review = "请到“我的办件”评价这次办事。" if fact.cause == "done" else ""
    return _send(row, "onestop.closed", "closed", outcome=CLOSED.get(fact.cause, "已结束"), review=review)


def _tell_refusal(row: Application, notice: Notice) -> int:
    elsewhere = notice.right_place if notice.right_place not in ("", "无") else ""
    return _send(
        row, "onestop.refused", f"refused:{notice.pk}",
        outcome="不予受理" if notice.kind == "decline" else "不予确认", reason=notice.reason.rstrip("。"),
        basis=notice.basis.rstrip("。"), where=f"请向{elsewhere}申请。" if elsewhere else "", remedy=notice.remedy,
        due=day(notice.due_at),
    )  # fmt: skip


def tell_reviewed(row: Application, order: WorkOrder) -> int:
    """What was found about a bad review."""
    return _send(row, "onestop.review_answered", f"review:{order.pk}", answer=order.outcome.rstrip("。"))


def tell_result(result: Result, what: str, *, key: str = "", **more: str) -> int:
    """A document made, put out, posted, waiting, replaced or revoked; `what` ends the template's name."""
    row = result.application
    where = unit_names().get(result.unit, "办事窗口")
    said = {"document": result.title, "paper": result.number, "where": where, **more}
    return _send(row, f"onestop.result_{what}", f"result:{result.pk}:{what}:{key}", **said)
