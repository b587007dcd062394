"""Clocks, ladders and the duty list: an administrator's, versioned; running orders keep what they began with."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch import clocks, registry
from linli.dispatch.models import URGENCIES, Clock, Duty, Ladder
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.deadlines import rules as deadlines
from linli.kernel.identity.models import Account
from linli.kernel.ledger.actions import record

STAGES = {"dispatch": "派遣", "accept": "接单", "handle": "处置", "check": "核查", "ruling": "终审"}
ACTS = {
    "nudge": "提醒",
    "remind": "催办",
    "supervise": "督办",
    "level_up": "升级",
    "takeover": "提级接管",
    "red_list": "红榜",
}
POSTS = {"duty_officer": "值班员", "duty_chief": "值班长", "dispatcher": "派遣员", "leader": "带班领导"}
MOST_RUNGS = 12


@transaction.atomic
def set_clock(
    *, by: Actor, kind: str, stage: str, urgency: str, limit: str, source: str, status: str = "to_confirm"
) -> Clock:
    """A new version of one limit, valid from now; the former one stays readable. The same limit again: no change."""
    require(by, "dispatch.ladders")
    wrong = _wrong_clock(kind, stage, urgency, limit, source)
    if wrong:
        raise Refused("时限有误", code="wrong_clock", fields=wrong)
    text = str(deadlines.Limit.parse(limit))
    old = (
        Clock.objects.select_for_update().filter(kind=kind, stage=stage, urgency=urgency, active=True).first()
    )
    if old and (old.limit, old.source) == (text, source):
        return old
    if old:
        old.active = False
        old.save(update_fields=["active"])
    row = Clock.objects.create(
        kind=kind,
        stage=stage,
        urgency=urgency,
        limit=text,
        version=old.version + 1 if old else 1,
        valid_from=timezone.now(),
        source=source,
        status=status,
    )
    said = {
        "kind": kind,
        "stage": stage,
        "urgency": urgency,
        "limit": text,
        "before": old.limit if old else "",
    }
    record(subject=f"dispatch.clock:{row.pk}", verb="set", by=by, fields=said)
    transaction.on_commit(clocks.book.forget)
    return row


def _wrong_clock(kind: str, stage: str, urgency: str, limit: str, source: str) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    if kind != "*" and not kind.endswith(".*") and kind not in registry.kinds():
        wrong["kind"] = ["没有这种工单"]
    if stage not in STAGES:
        wrong["stage"] = ["没有这个环节"]
    if urgency not in dict(URGENCIES):
        wrong["urgency"] = ["没有这个紧急程度"]
    try:
        deadlines.Limit.parse(limit)
    except deadlines.LimitError as why:
        wrong["limit"] = [str(why)]
    if not source.strip():
        wrong["source"] = ["请写明依据，例如文件名称和文号"]
    return wrong


@transaction.atomic
def set_ladder(
    *, by: Actor, code: str, urgency: str, mode: str, rungs: Sequence[Mapping[str, Any]], source: str
) -> Ladder:
    """A new version of a ladder for orders from now on; running orders keep the version they began with."""
    require(by, "dispatch.ladders")
    kept = [_rung(one) for one in rungs]
    wrong = wrong_rungs(kept)
    if not source.strip():
        wrong["source"] = ["请写明依据，例如文件名称和文号"]
    if wrong:
        raise Refused("阶梯有误", code="wrong_ladder", fields=wrong)
    rows = Ladder.objects.filter(code=code, urgency=urgency, mode=mode)
    last = rows.aggregate(last=Max("version"))["last"] or 0
    row = Ladder.objects.create(
        code=code,
        urgency=urgency,
        mode=mode,
        version=last + 1,
        rungs=sorted(
            kept, key=lambda one: (one.get("stage", ""), one.get("share") or 0, one.get("seconds") or 0)
        ),
        valid_from=timezone.now(),
        source=source,
        status="to_confirm",
    )
    fields = {"code": code, "urgency": urgency, "mode": mode, "version": row.version, "rungs": len(kept)}
    record(subject=f"dispatch.ladder:{row.pk}", verb="set", by=by, fields=fields)
    transaction.on_commit(clocks.book.forget)
    return row


def _rung(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Only what a rung may hold."""
    kept = {name: raw[name] for name in ("share", "seconds", "stage", "ignores_quiet") if raw.get(name)}
    return {**kept, "act": raw.get("act", ""), "who": list(raw.get("who", []))}


def wrong_rungs(rungs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Every defect by line: a rung says when (share or seconds, not both), whom and how."""
    said: list[str] = []
    if not rungs:
        said.append("至少要有一级")
    if len(rungs) > MOST_RUNGS:
        said.append(f"最多 {MOST_RUNGS} 级")
    for place, rung in enumerate(rungs, 1):
        if ("share" in rung) == ("seconds" in rung):
            said.append(f"第 {place} 级：份额和秒数填一个")
        elif not 0 < float(rung.get("share") or 1) <= 10:
            said.append(f"第 {place} 级：份额应在 1% 到 1000% 之间")
        if not rung["who"]:
            said.append(f"第 {place} 级：请选择告知谁")
        if rung["act"] not in ACTS:
            said.append(f"第 {place} 级：请选择怎么做")
    return {"rungs": said} if said else {}


def _require_duty(by: Actor, area: str) -> None:
    if not can(by, "dispatch.rule", area=area) and not can(by, "dispatch.handover", area=area):
        raise Refused("只有值班长或系统管理员可以排班。", code="not_allowed", status=403)


@transaction.atomic
def set_duty(
    *,
    by: Actor,
    person: int,
    post: str,
    area: str,
    start: datetime,
    end: datetime,
    unit: str = "",
    backup: int | None = None,
) -> Duty:
    """Puts somebody on the duty list of a post in an area."""
    _require_duty(by, area)
    wrong: dict[str, list[str]] = {}
    if post not in POSTS:
        wrong["post"] = ["请选择岗位：" + "、".join(POSTS.values())]
    if not areas.area_exists(area):
        wrong["area"] = ["没有这个区域，请从列表中选择"]
    if end <= start:
        wrong["end"] = ["结束时间应晚于开始时间"]
    known = set(
        Account.objects.filter(pk__in=[person, backup or person], is_active=True).values_list("pk", flat=True)
    )
    if person not in known:
        wrong["person"] = ["没有这个人，请从列表中选择"]
    if backup == person or (backup and backup not in known):
        wrong["backup"] = ["备岗应是另一位在岗人员"]
    if wrong:
        raise Refused("排班有误", code="wrong_duty", fields=wrong)
    row = Duty.objects.create(
        person_id=person, post=post, area=area, unit=unit, start=start, end=end, backup_id=backup
    )
    fields = {"post": post, "area": area, "person": person, "from": start.isoformat(), "to": end.isoformat()}
    record(subject=f"dispatch.duty:{row.pk}", verb="set", by=by, fields=fields)
    return row


@transaction.atomic
def end_duty(*, by: Actor, duty: int) -> Duty:
    """Takes somebody off the list now; a turn that has not begun yet vanishes."""
    row = Duty.objects.select_for_update().filter(pk=duty).first()
    if row is None:
        raise Refused("没有这一班。", code="no_duty", status=404)
    _require_duty(by, row.area)
    now = timezone.now()
    record(subject=f"dispatch.duty:{row.pk}", verb="end", by=by, fields={"post": row.post, "area": row.area})
    if row.start >= now:
        row.delete()
    elif row.end > now:
        row.end = now
        row.save(update_fields=["end"])
    return row
