"""What every step of a case shares: lock, require, keep out kin, move on, save, note, record, tell."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from linli.dispatch.models import Move
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.bus.actions import tell
from linli.kernel.files.actions import attach
from linli.kernel.files.models import Attachment
from linli.kernel.ledger.actions import record
from linli.onestop import facts, placing, rules
from linli.onestop.models import Application, Bundle, Task

LASTING = ("closed", "refused", "declined", "lapsed", "withdrawn", "ended")
SAVED = [
    f.attname
    for f in Application._meta.concrete_fields
    if f.name not in ("id", "form", "client_uuid", "sender", "content", "resume", "created")
]


def locked(application: int) -> Application:
    """The row, locked to the end of the transaction. Raises Refused 404."""
    rows = Application.objects.select_for_update(of=("self",)).select_related("version", "item")
    row = rows.filter(pk=application).first()
    if row is None:
        raise Refused("没有这个办件。", code="no_application", status=404)
    return row


def locked_task(task: int) -> tuple[Application, Task]:
    """The case first, then the task, so that nobody waits crosswise. Raises Refused 404."""
    number = Task.objects.filter(pk=task).values_list("application", flat=True).first()
    if number is None:
        raise Refused("没有这项任务。", code="no_task", status=404)
    row = locked(number)
    return row, Task.objects.select_for_update().get(pk=task)


def require_on(by: Actor, verb: str, row: Application, unit: str = "") -> None:
    """The verb where the case lies (and for the unit that works on it), and no kinship with it."""
    require(by, verb, area=row.area, unit=unit, subject=row.subject)
    if by.account is not None and by.account in placing.kept_out_of(row):
        raise Refused(
            "您与本办件的当事人有利害关系，应当回避，不能办理；请由本单位其他人员办理。",
            code="kin",
            status=403,
        )


def require_in_case(by: Actor, verb: str, row: Application, step: str = "") -> None:
    """`require_on` for a unit that has (had) a task here, or leads; with `step`, that step's unit alone."""
    tasks = row.tasks.filter(step=step) if step else row.tasks.all()
    units = {unit for unit in tasks.values_list("unit", flat=True) if unit}
    if not step and row.unit:
        units.add(row.unit)
    fits = (unit for unit in units if can(by, verb, area=row.area, unit=unit, subject=row.subject))
    require_on(by, verb, row, next(fits, next(iter(units), "")))


def may_speak_for(by: Actor, row: Application) -> bool:
    """The applicant's own account, or whoever drew up the case for them."""
    if by.account is None:
        return False
    return by.account in (row.agent_id, row.person.account_id)


def require_applicant(by: Actor, row: Application) -> None:
    """The applicant, their agent, or a window where the case lies."""
    if not may_speak_for(by, row):
        require(by, "onestop.assist", area=row.area, subject=row.subject)


def move(row: Application, action: str) -> str:
    """Moves the state on; returns the state before. Raises Refused 409."""
    before, row.state = row.state, rules.next_state(row.state, action)
    return before


def step_fact(row: Application, action: str) -> facts.ApplicationMoved:
    return facts.ApplicationMoved(
        row.pk, row.subject, row.area, row.item.code, action, row.state, row.round, row.unit
    )


def case_fact(kind: Any, row: Application, **more: Any) -> Any:
    return kind(
        application=row.pk,
        subject=row.subject,
        area=row.area,
        item=row.item.code,
        person=row.person_id,
        household=row.household_id,
        **more,
    )


def keep(
    by: Actor,
    row: Application,
    action: str,
    before: str,
    now: datetime,
    *,
    reason: str = "",
    text: str = "",
    files: Sequence[int] = (),
    public: bool = True,
    told: Sequence[Any] | None = None,
    **fields: Any,
) -> Application:
    """Saves the case, notes the step on its timeline, records it, tells it (ApplicationMoved unless `told`)."""
    if row.state in LASTING and row.closed_at is None:
        row.closed_at = now
    row.row_version += 1
    row.save(update_fields=SAVED)
    note(by, row, action, before, now, reason=reason, text=text, files=files, public=public)
    record(
        subject=row.subject,
        verb=f"onestop.{action}",
        by=by,
        fields={"state": row.state, "round": row.round, "item": row.item.code, **fields},
    )
    tell(*(told if told is not None else [step_fact(row, action)]))
    return row


def note(
    by: Actor, row: Application, action: str, before: str, now: datetime, *, reason: str = "", text: str = "",
    files: Sequence[int] = (), public: bool = True,
) -> None:  # fmt: skip
    """One line of the timeline. A resident is 申请人, an official bears name and role."""
    staff = by.roles - {"anyone", "resident"}
    Move.objects.create(
        subject=row.subject,
        action=action,
        from_state=before,
        to_state=row.state,
        by=by.ref,
        by_name=by.name if staff or by.kind == "system" else "申请人",
        by_role="、".join(sorted(staff))[:64],
        unit=row.unit,
        at=now,
        reason=reason[:64],
        text=text,
        files=list(files),
        public=public,
    )


def close_tasks(row: Application, now: datetime) -> int:
    """Supersedes whatever is still open, save a notice on its way to the applicant."""
    return row.tasks.filter(state="open").exclude(kind="notice").update(state="superseded", done_at=now)


def must_say(words: str, field: str, message: str, least: int = 2) -> str:
    """The words without their edges. Raises Refused 422 when they say too little."""
    said = words.strip()
    if len(said) < least:
        raise Refused(message, code="say_why", fields={field: [message]})
    return said


def check_version(row: Application, base_version: int | None) -> None:
    """Raises Refused 409 when the case changed since the page was made."""
    if base_version is not None and base_version != row.row_version:
        raise Refused(
            f"办件已有变化，现在是“{rules.STATE_WORDS[row.state]}”。请刷新后再办，您填写的内容仍保留。",
            code="stale",
            status=409,
        )


def keep_files(by: Actor, row: Application | Bundle, files: Iterable[int], field: str = "papers") -> None:
    """Ties files the actor sent to the case, so that they are kept and shown with it and nobody names another's file.

    Files of this case already stay. Raises Refused 422 naming every one that is missing or belongs elsewhere.
    """
    wanted = set(files)
    known = {r.pk: r for r in Attachment.objects.filter(pk__in=wanted)} if wanted else {}
    fresh = [known[number].key for number in sorted(known) if known[number].subject != row.subject]
    if wanted - set(known):
        raise Refused(
            "有文件找不到，请重新上传。", code="bad_files", fields={field: ["有文件找不到，请重新上传"]}
        )
    if fresh:
        try:
            attach(by=by, keys=fresh, subject=row.subject)
        except Refused as refused:
            said = refused.fields.get("files", [refused.message])
            raise Refused(refused.message, code=refused.code, fields={field: said}) from None


def urge(task: Task) -> None:
    Task.objects.filter(pk=task.pk).update(urged=F("urged") + 1)


def moment(at: datetime | None) -> datetime:
    return at or timezone.now()
