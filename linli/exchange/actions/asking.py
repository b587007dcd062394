"""Questions to departments: written down when a look-up was requested, asked by the worker, answered to onestop.

A question is asked at least once under one number; its answer and what onestop makes of it are one transaction, so
that a worker that dies in between asks again and the department answers the same.
"""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from linli.exchange import answers, outgoing, queries, rules
from linli.exchange.catalogue import asking, mapping_version, sources
from linli.exchange.models import DataSource, Request
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.onestop.actions import record_lookup
from linli.onestop.facts import LookupRequested

ASKERS = 8
ROUND = 20.0  # seconds after which no further batch is claimed in one run
AT_ONCE = 50  # overdue requests closed in one run
NOT_REGISTERED = "该来源尚未登记或没有字段对照，不能查询"
DUE = """
SELECT r.id FROM exchange_datasource s CROSS JOIN LATERAL (
  SELECT id FROM exchange_request WHERE source_id = s.id AND next_try_at <= %s
  ORDER BY next_try_at, id LIMIT %s FOR UPDATE SKIP LOCKED) r
WHERE s.active AND (s.rest_until IS NULL OR s.rest_until <= %s)"""


@dataclass(frozen=True, slots=True)
class Question:
    """One call ready to be made, without a row of the database: it travels in an asker's thread."""

    method: str
    url: str
    body: str
    number: str
    secret: str
    seconds: float


@transaction.atomic
def request_lookup(fact: LookupRequested, *, now: datetime | None = None) -> Request:
    """Writes the question down once a look-up; what cannot be asked at all is told to onestop at once."""
    known = Request.objects.filter(lookup=fact.lookup).first()
    if known is not None:
        return known
    at, limits = now or timezone.now(), asking()
    source = DataSource.objects.filter(title=fact.source).first()
    fresh = Request(
        lookup=fact.lookup, source=source, named=fact.source, material=fact.material, subject=fact.subject, person=fact.person,
        consent=fact.consent, purpose=fact.purpose, area=fact.area, at=at, next_try_at=at, mapping=mapping_version(),
        ask_until=at + timedelta(seconds=limits.wait), late_until=at + timedelta(hours=limits.late_hours),
    )  # fmt: skip
    said = _cannot(fresh, at)
    if said:
        fresh.state, fresh.next_try_at, fresh.last_said = "failed", None, said
    fresh.save()
    if said:
        _tell(fresh, "failed", said, now=at)
    return fresh


def _cannot(row: Request, now: datetime) -> str:
    """Why this may not or cannot be asked now; "" when it may."""
    source = row.source
    if source is None or source.code not in sources() or row.material not in sources()[source.code].records:
        return NOT_REGISTERED
    if not source.active:
        return f"数据源已停用：{source.off_reason}"[:200]
    if row.purpose.partition("：")[0] not in source.purposes:
        return "用途不在该数据源允许的范围内"
    if not queries.authorised(row, now):
        return "没有本人有效的授权，不予查询"
    who = queries.person_of(row)
    return "" if who is not None and who.number else "没有登记身份证号，无法查询"


def ask_due(*, now: datetime | None = None) -> int:
    """Asks what is due, a thread a source, each source's questions one after the other. Returns how many were asked.

    Any number of workers may run it at once.
    """
    asked, began = _try_all(now), time.monotonic()
    while rows := _claim(now or timezone.now()):
        asked += _ask(rows, now)
        if time.monotonic() - began > ROUND:
            break
    return asked


def _claim(now: datetime) -> list[Request]:
    limits = asking()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(DUE, [now, limits.turn_requests, now])
            ids = [row[0] for row in cursor.fetchall()]
        lease = now + timedelta(seconds=limits.lease)
        Request.objects.filter(pk__in=ids).update(next_try_at=lease)
        rows = Request.objects.filter(pk__in=ids).select_related("source").order_by("at", "id")
        return list(rows)


def _ask(rows: list[Request], now: datetime | None) -> int:
    turns: dict[int | None, list[tuple[Request, Question]]] = {}
    for row in rows:
        if said := _cannot(row, now or timezone.now()):  # a consent may have been withdrawn meanwhile
            _settle(row, answers.Reply(None, b"", said, closed=True), now or timezone.now())
        else:
            turns.setdefault(row.source_id, []).append((row, _question(row)))
    with ThreadPoolExecutor(ASKERS) as askers:
        said_all = list(askers.map(_turn, [[one for _, one in turn] for turn in turns.values()]))
    asked = 0
    for turn, replies in zip(turns.values(), said_all, strict=True):
        for (row, _), reply in zip(turn, replies, strict=False):
            _settle(row, reply, now or timezone.now())
        rest = [row.pk for row, _ in turn[len(replies) :]]
        Request.objects.filter(pk__in=rest, next_try_at=turn[0][0].next_try_at).update(
            next_try_at=now or timezone.now()
        )
        asked += len(replies)
    return asked


def _question(row: Request) -> Question:
    source, who = row.source, queries.person_of(row)
    assert source is not None and who is not None  # _cannot has looked
    number, seconds = str(row.uuid), float(source.timeout)
    if row.state == "asked":
        return Question(
            "GET", answers.join(source.url, f"requests/{number}"), "", number, source.secret, seconds
        )
    told = {
        "request": number, "material": row.material, "purpose": row.purpose, "consent": row.consent,
        "person": {"name": who.name, "number": who.number},
    }  # fmt: skip
    body = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    path = sources()[source.code].records[row.material].path
    return Question("POST", answers.join(source.url, path), body, number, source.secret, seconds)


def _call(one: Question) -> answers.Reply:
    headers = rules.headers([one.secret], one.number, int(time.time()), one.body)
    return outgoing.ask(one.method, one.url, one.body, headers, seconds=one.seconds)


def _turn(questions: list[Question]) -> list[answers.Reply]:
    """In an asker's thread, no database: one source's questions in a row, until it is slow or silent."""
    said, began = [], time.monotonic()
    for one in questions:
        said.append(_call(one))
        if said[-1].rests or time.monotonic() - began > asking().turn:
            break
    return said


@transaction.atomic
def _settle(row: Request, reply: answers.Reply, now: datetime) -> None:
    """Writes down what came of it and tells onestop. An answer counts whoever holds the row now, and however late."""
    kind, words = answers.judge_reply(reply)
    answer: answers.Answer | None = None
    if kind == "answer":
        try:
            answer = _read(row, reply, now)
        except answers.Malformed as error:
            kind, words = "failed", f"答复格式有误：{error}"
    _health(row, reply, kind, now)
    held = Request.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if held.state == "answered" or (answer is None and held.next_try_at != row.next_try_at):
        return
    held.attempts, held.asked_at, held.last_status = row.attempts + 1, now, reply.status
    held.last_said = (answer.words if answer else words)[:200]
    if answer is not None:
        _answered(held, answer, now)
    elif kind == "failed":
        held.state, held.next_try_at = "failed", None
        held.save()
        _tell(held, "failed", words, now=now)
    else:
        _later(held, kind, now)


def _read(row: Request, reply: answers.Reply, now: datetime) -> answers.Answer:
    source, who = row.source, queries.person_of(row)
    if source is None or who is None:
        raise answers.Malformed("本站已没有这个人的登记")
    today = timezone.localtime(now).date()
    known = answers.Known(who.name, who.birth)
    return answers.read(reply.body, str(row.uuid), sources()[source.code].records[row.material], known, today)


def _answered(held: Request, answer: answers.Answer, now: datetime) -> None:
    held.state, held.result, held.evidence = "answered", answer.result, answer.evidence
    held.answered_at, held.next_try_at = now, None
    held.save()
    _tell(held, answer.result, answer.words, evidence=answer.evidence, values=answer.values, now=now)


def _later(held: Request, kind: str, now: datetime) -> None:
    """The next try; a request that has timed out stays so, and is given up when even a late answer is of no use."""
    limits = asking()
    if kind == "later" and held.state == "waiting":
        held.state, held.attempts = "asked", 1
    pauses = limits.polls if kind == "later" else limits.pauses
    pause = pauses[min(held.attempts, len(pauses)) - 1]
    held.next_try_at = now + timedelta(seconds=pause)
    if held.state == "timed_out" and held.next_try_at > held.late_until:
        held.next_try_at = None
    held.save()


def _health(row: Request, reply: answers.Reply, kind: str, now: datetime) -> None:
    """The source before the request, as everywhere: two locks in two orders would wait for each other."""
    here = DataSource.objects.filter(pk=row.source_id)
    if reply.status is not None and not reply.rests and kind != "again":
        here.exclude(failing_since=None, rest_until=None).update(failing_since=None, rest_until=None)
    elif kind == "again":
        here.filter(failing_since=None).update(failing_since=now)
        if reply.rests:
            here.update(rest_until=now + timedelta(seconds=asking().rest))


def _tell(
    row: Request, result: str, note: str, *, now: datetime, evidence: bytes = b"", values: Any = None
) -> None:
    """What onestop refuses (the case is gone, another answer was there first) is written down, not tried again."""
    try:
        record_lookup(
            by=SYSTEM, lookup=row.lookup, result=result, evidence=evidence, values=values, note=note, at=now
        )
    except Refused as refused:
        said = f"{note}；办件未接收：{refused}"[:200]
        Request.objects.filter(pk=row.pk).update(last_said=said)


def give_up_due(*, now: datetime | None = None) -> int:
    """Tells onestop what waited too long (timed_out) and what waits at a source that was switched off (failed)."""
    at = now or timezone.now()
    count = 0
    for number in queries.overdue(at)[:AT_ONCE]:
        count += _give_up(number, at)
    Request.objects.filter(state="timed_out", next_try_at__isnull=False, late_until__lte=at).update(
        next_try_at=None
    )
    return count


@transaction.atomic
def _give_up(number: int, now: datetime) -> int:
    rows = Request.objects.select_for_update(of=("self",), skip_locked=True).select_related("source")
    row = rows.filter(pk=number, state__in=["waiting", "asked"]).first()
    if row is None:
        return 0
    off = row.source is not None and not row.source.active
    if not off and row.ask_until > now:
        return 0
    state = "failed" if off else "timed_out"
    words = f"数据源已停用：{row.source.off_reason}" if off and row.source else "规定时间内没有答复"
    row.last_said = words[:200] if off or not row.last_said else f"{words}；{row.last_said}"[:200]
    # What timed out is asked on as it was: a department that took the question has it under its number.
    row.state, row.next_try_at = state, None if off else row.next_try_at
    row.save()
    _tell(row, state, words, now=now)
    return 1


def _try_all(now: datetime | None) -> int:
    """Makes the test calls administrators asked for."""
    at, made = now or timezone.now(), 0
    for row in DataSource.objects.exclude(test_wanted=None):
        if not DataSource.objects.filter(pk=row.pk, test_wanted=row.test_wanted).update(test_wanted=None):
            continue
        one = Question(
            "GET", answers.join(row.url, "ping"), "", str(uuid.uuid4()), row.secret, float(row.timeout)
        )
        reply = _call(one)
        _, words = answers.judge_reply(reply)
        said = "连接正常，签名已被对方接受" if reply.status == 200 else words
        DataSource.objects.filter(pk=row.pk).update(tested_at=at, tested_said=said[:200])
        made += 1
    return made
