"""A home survey is one record with three signatures: both surveyors', each by their own account, and the household's."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor, can
from linli.kernel.ledger.actions import record
from linli.kernel.notify.actions import notify
from linli.onestop import placing
from linli.onestop.actions import steps
from linli.onestop.models import Application, Survey, Task

if TYPE_CHECKING:
    from linli.onestop.actions.working import Surveyed


def write_record(
    by: Actor, row: Application, task: Task, survey: "Surveyed", said: Mapping[str, Any], now: datetime
) -> Survey:  # fmt: skip
    """The first surveyor's record and signature; written anew until the second has signed. Tells the second.

    Two different people, neither of them kin, both of whom may work there.
    """
    second = survey.second
    if second == by.account or not can(actor_for(second), "onestop.work", area=row.area, subject=row.subject):
        raise Refused(
            "请填写另一名调查人员。", code="two_surveyors",
            fields={"second": ["应是另一名有权办理的工作人员"]},
        )  # fmt: skip
    if second in placing.kept_out_of(row):
        raise Refused("另一名调查人员与当事人有利害关系，应当回避。", code="kin", status=403)
    answers = json.dumps(dict(survey.answers), ensure_ascii=False, sort_keys=True)
    values = {
        "first_id": by.account, "second_id": second, "place": survey.place[:200], "answers": answers,
        "photos": list(survey.photos), "signed": survey.signed, "remote": survey.remote[:200], "said": dict(said),
        "lon": survey.lon, "lat": survey.lat, "first_signed_at": now, "second_signed_at": None, "objection": "",
    }  # fmt: skip
    kept, made = Survey.objects.update_or_create(task=task, defaults=values)
    record(subject=row.subject, verb="onestop.write_survey", by=by,
           fields={"task": task.pk, "second": second, "again": not made})  # fmt: skip
    _tell(second, "onestop.survey_to_sign", row, task, f"{kept.pk}:{now.isoformat()}")
    return kept


def _tell(account: int, template: str, row: Application, task: Task, key: str, **more: str) -> None:
    context = {"item": row.item.name, "number": row.number, "task": task.name, **more}
    notify(to=account, template=template, context=context, subject=task.subject, client_key=f"survey:{key}")


@transaction.atomic
def sign_survey(*, by: Actor, task: int, objection: str = "", at: datetime | None = None) -> Survey:
    """The second surveyor signs the record under their own account, and the task is done; with an `objection` it goes
    back to the first, who writes it anew. Twice the same: the first answer.

    Raises Refused 403 for anybody else and for kin, 404, 409 when there is nothing to sign.
    """
    from linli.onestop.actions.working import finish_task

    row, found = steps.locked_task(task)
    kept = Survey.objects.select_for_update(of=("self",)).filter(task=found).first()
    if kept is None or kept.second_id != by.account or by.account is None:
        raise Refused("这份调查记录不是请您签字的。", code="not_yours", status=403)
    steps.require_on(by, "onestop.work", row)
    if kept.done_at is not None and not objection.strip():
        return kept
    if found.state != "open" or kept.first_signed_at is None or kept.done_at is not None:
        raise Refused("现在没有要您签字的记录，请刷新后再看。", code="moved_on", status=409)
    now = steps.moment(at)
    if objection.strip():
        return _send_back(by, row, found, kept, objection.strip())
    kept.second_signed_at = kept.done_at = now
    kept.save(update_fields=["second_signed_at", "done_at"])
    record(subject=row.subject, verb="onestop.sign_survey", by=by, fields={"task": found.pk})
    first = kept.first  # the step is the first surveyor's, by name
    finish_task(actor_for(kept.first_id or 0, name=first.name if first else ""), row, found, kept.said, now)
    return kept


def _send_back(by: Actor, row: Application, task: Task, kept: Survey, words: str) -> Survey:
    kept.objection, kept.first_signed_at = words[:400], None
    kept.save(update_fields=["objection", "first_signed_at"])
    record(subject=row.subject, verb="onestop.object_survey", by=by, fields={"task": task.pk})
    if kept.first_id:
        key = f"{kept.pk}:back:{steps.moment(None).isoformat()}"
        _tell(kept.first_id, "onestop.survey_objected", row, task, key, words=words[:200])
    return kept
