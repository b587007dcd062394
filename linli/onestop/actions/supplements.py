"""受理后补正: something a desk still needs once the case is under way. The promise stands still while all wait for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.onestop import clocks, flow
from linli.onestop.actions import steps
from linli.onestop.actions.advance import open_tasks, read_case, settle
from linli.onestop.actions.intake import fill_papers
from linli.onestop.actions.working import do_task, held_task
from linli.onestop.models import Application, Notice, Task


@transaction.atomic
def ask_more(*, by: Actor, task: int, defects: Sequence[str], at: datetime | None = None) -> Notice:
    """The holder of an open task asks the applicant for more, all of it at once, because of what turned up since.

    Raises Refused 403, 404, 409 `asked` while an earlier one is open, 422 without a defect.
    """
    row, found = held_task(by, task)
    now, before = steps.moment(at), steps.move(row, "ask_more")
    every = list(dict.fromkeys(one.strip() for one in defects if one.strip()))
    if not every:
        raise Refused("请写明需要补充什么。", code="nothing_asked", fields={"defects": ["请逐项写明"]})
    if row.tasks.filter(step="supplement", state="open").exists():
        raise Refused("已有一份补充材料的告知尚未答复。", code="asked", status=409)
    case = read_case(row)
    term = case.definition.supplement
    due = clocks.term_due(now, term.days, term.unit, case.calendar).at
    notice = Notice.objects.create(
        application=row, kind="supplement", defects=every, due_at=due, made_at=now, new_facts=True
    )
    name = "等待申请人补充材料"
    wanted = flow.Wanted("supplement", str(found.pk), name, "extra", found.role, found.stage, "supplement")
    for one in open_tasks(case, [wanted], now):
        one.unit, one.holder_id, one.placed, one.due_at = found.unit, found.holder_id, found.placed, due
        one.save(update_fields=["unit", "holder", "placed", "due_at"])
    for one in case.tasks:
        if one.pk == found.pk:
            one.cause = "supplement"
            one.save(update_fields=["cause"])
    settle(case, now)
    steps.keep(by, row, "ask_more", before, now, text="；".join(every), defects=len(every), task=found.pk)
    return notice


@transaction.atomic
def answer_more(
    *, by: Actor, application: int, papers: Mapping[str, Sequence[int]] | None = None,
    files: Sequence[int] = (), said: str = "", at: datetime | None = None,
) -> Application:  # fmt: skip
    """The applicant, their agent or the window hands it in: `papers` for lines of the list, `files` for anything else.

    Raises Refused 403, 404, 409 when nothing was asked, 422 when nothing is given.
    """
    row, now = steps.locked(application), steps.moment(at)
    steps.require_applicant(by, row)
    before = steps.move(row, "answer_more")
    asked = Task.objects.filter(application=row, step="supplement", state="open").first()
    if asked is None:
        raise Refused("没有要求补充材料，或已经补充过。", code="moved_on", status=409)
    if not papers and not files and len(said.strip()) < 2:
        raise Refused("请上传材料或写明情况。", code="no_papers", fields={"papers": ["请上传材料或写明情况"]})
    fill_papers(by, row, papers or {})
    steps.keep_files(by, row, files, "files")
    steps.keep(by, row, "answer_more", before, now, text=said.strip(), files=files, task=asked.pk)
    do_task(by=SYSTEM, task=asked.pk, finding=said, files=files, at=now)
    row.refresh_from_db()
    return row
