"""The paper on the wall: posted, photographed, gone for a while, photographed again on the last day."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from linli.dispatch.actions import Said, attach_photos, handle_order
from linli.dispatch.actions.steps import is_assignee
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.publicity import rules
from linli.publicity.actions.notices import each, recount
from linli.publicity.actions.steps import (
    end_if_due,
    kept,
    locked,
    must_say,
    note,
    require_on,
    save,
    start,
)
from linli.publicity.models import Notice, Outage, Posting

KIND = "publicity.post"
AHEAD = timedelta(minutes=5)  # a clock may run this far ahead


def posting_of(order: WorkOrder) -> Posting:
    """The posting an order is about. Raises Refused 404 for any other order."""
    name, _, number = order.subject.partition(":")
    row = Posting.objects.filter(pk=int(number)).first() if name == "publicity.posting" else None
    if row is None or order.kind != KIND:
        raise Refused("这张工单不是公示张贴工单。", code="no_posting", status=404)
    return row


def phase_of(order: WorkOrder, posting: Posting) -> str:
    """`before` for the photos of the start, `after` for those of the last day."""
    return "after" if posting.end_order_id == order.pk else "before"


@transaction.atomic
def confirm_posted(
    *,
    by: Actor,
    order: int,
    outcome: str = "",
    at: datetime | None = None,
    keys: Iterable[uuid.UUID] = (),
    awaited: Sequence[str] = (),
    said: Said | None = None,
) -> Posting:
    """The result of a `publicity.post` order: the list hangs (first order) or still hung on the last day (second).

    `at` is when, by a phone's believed clock; `keys` the photos, `awaited` those still on the phone; one of either is
    needed. The days count once every place is posted. Raises Refused 403, 404, 409, 422.
    """
    task = WorkOrder.objects.filter(pk=order).first()
    if task is None or not is_assignee(by, task):
        raise Refused("这张工单不是派给您的，不能办理。", code="not_assignee", status=403)
    posting = posting_of(task)
    notice = locked(posting.notice_id)
    posting.refresh_from_db()
    phase = phase_of(task, posting)
    if not (notice.open or (phase == "after" and notice.outcome == "none")):  # the last photo may come late
        raise Refused("这份公示已经结束，不必再张贴。", code="moved_on", status=409)
    now, wanted = timezone.now(), list(keys)
    at = _moment(at, notice, now)
    if not wanted and not awaited:
        words = "请拍下张贴的名单，至少一张照片"
        raise Refused(f"{words}。", code="no_photo", fields={"photos": [words]})
    photos = attach_photos(by=by, keys=wanted, subject=posting.ref, phase=phase)
    said = said or Said()
    said = replace(said, files=tuple(one.pk for one in photos), data={**said.data, "at": at.isoformat()})
    words = "期满拍照" if phase == "after" else "已张贴"
    if phase == "after":
        _hung_to_the_end(by, notice, posting, at)
    else:
        posting.posted_at, posting.starts = at, rules.local_day(at)
        posting.save(update_fields=["posted_at", "starts"])
    handle_order(by=by, order=order, outcome=outcome.strip() or f"{words}：{posting.place}", said=said)
    action = "taken" if phase == "after" else "posted_at"
    note(notice, action, by, text=posting.place, files=[one.pk for one in photos], device_at=at)
    kept(notice, action, by, posting=posting.pk, photos=" ".join(one.stored for one in photos))
    if phase == "before":
        _start_when_all_hang(by, notice, now)
    return posting


def _moment(at: datetime | None, notice: Notice, now: datetime) -> datetime:
    if at is None:
        return now
    if at > now + AHEAD or at < notice.opened_at - AHEAD:
        words = "张贴时间应在发起公示之后、现在之前"
        raise Refused(f"{words}。", code="odd_time", fields={"at": [words]})
    return at


def _hung_to_the_end(by: Actor, notice: Notice, posting: Posting, at: datetime) -> None:
    day = rules.local_day(at)
    if notice.ends is None or day < notice.ends:
        raise Refused(f"公示到 {notice.ends} 期满，请在当日或之后拍照。", code="too_early")
    posting.ends, posting.closed_at = day, at
    posting.save(update_fields=["ends", "closed_at"])


def _start_when_all_hang(by: Actor, notice: Notice, now: datetime) -> None:
    days = list(notice.postings.values_list("starts", flat=True))
    if notice.state == "draft" and None not in days:
        start(by, notice, max(day for day in days if day), now)


@transaction.atomic
def mark_down(
    *,
    by: Actor,
    notice: int,
    what: str,
    reason: str,
    posting: int | None = None,
    since: datetime | None = None,
    files: Sequence[int] = (),
) -> Outage:
    """The paper is gone (`what="poster"`, with its posting) or the page is offline (`page`): days touched do not count.

    `since` may lie in the past, not before the posting. Raises Refused 403, 409, 422.
    """
    row, now = locked(notice), timezone.now()
    require_on(by, "publicity.mark", row)
    if row.state not in ("posted", "running"):
        raise Refused("公示不在张贴期间，不能登记中断。", code="moved_on", status=409)
    words = must_say(reason, "reason", "发现的情况")[:500]
    place = _posting(row, what, posting)
    since = since or now
    if since > now + AHEAD or rules.local_day(since) < row.starts:  # type: ignore[operator]
        said = "中断时间应在张贴之后、现在之前"
        raise Refused(f"{said}。", code="odd_time", fields={"since": [said]})
    if row.outages.filter(what=what, posting=place, until=None).exists():
        raise Refused("已登记中断，请先登记恢复。", code="already_down", status=409)
    found = Outage.objects.create(
        notice=row, posting=place, what=what, since=since, reason=words, files=list(files)
    )
    save(row)
    note(row, "down", by, text=_told(found, words), files=files, device_at=since)
    kept(row, "down", by, outage=found.pk, what=what, since=since.isoformat())
    return found


def _posting(row: Notice, what: str, number: int | None) -> Posting | None:
    if what == "page" and row.listed:
        return None
    places = row.postings.filter(pk=number) if number else row.postings.all()
    found = list(places[:2]) if what == "poster" else []
    if len(found) != 1:
        said = "请选择中断的是哪一处名单，或网页"
        raise Refused(f"{said}。", code="no_place", fields={"what": [said]})
    return found[0]


def _told(one: Outage, words: str) -> str:
    return f"{one.posting.place}：{words}" if one.posting else f"网页：{words}"


@transaction.atomic
def restore(
    *, by: Actor, outage: int, reason: str, until: datetime | None = None, files: Sequence[int] = ()
) -> Outage:
    """The list hangs again, or the page is back: the end moves by the days that were not whole."""
    found = Outage.objects.filter(pk=outage).first()
    if found is None:
        raise Refused("没有这次中断。", code="no_outage", status=404)
    row, now = locked(found.notice_id), timezone.now()
    require_on(by, "publicity.mark", row)
    found = Outage.objects.select_for_update(of=("self",)).select_related("posting").get(pk=outage)
    if found.until is not None:
        raise Refused("这次中断已经登记恢复。", code="moved_on", status=409)
    words = must_say(reason, "reason", "怎样恢复的")[:500]
    found.until = until or now
    if found.until <= found.since or found.until > now + AHEAD:
        said = "恢复时间应在中断之后、现在之前"
        raise Refused(f"{said}。", code="odd_time", fields={"until": [said]})
    found.files = [*found.files, *files]
    found.save(update_fields=["until", "files"])
    if row.open:
        save(row)
        note(row, "restore", by, text=_told(found, words), files=files, device_at=found.until)
        kept(row, "restore", by, outage=found.pk, until=found.until.isoformat())
        recount(row, now)
        end_if_due(row, now)
    return found


def mark_page_offline(*, since: datetime, until: datetime, reason: str) -> int:
    """The whole site was down: every notice on the page in that time gets its days again. Returns how many.

    Only the system says so (a job, a restore after an outage). Raises Refused 422 unless `since` < `until` <= now.
    """
    now = timezone.now()
    if not since < until <= now + AHEAD:
        raise Refused("中断的起止时间有误。", code="odd_time")
    numbers = Notice.objects.filter(
        listed=True, state__in=["posted", "running"], starts__lte=rules.local_day(until)
    ).values_list("pk", flat=True)
    return each(numbers, lambda number: _offline(number, since, until, reason, now))


@transaction.atomic
def _offline(number: int, since: datetime, until: datetime, reason: str, now: datetime) -> int:
    row = locked(number)
    if row.state not in ("posted", "running"):
        return 0
    Outage.objects.create(notice=row, what="page", since=since, until=until, reason=reason[:500])
    note(row, "down", SYSTEM, text=f"网页：{reason}", device_at=since)
    kept(row, "down", SYSTEM, what="page", since=since.isoformat(), until=until.isoformat())
    recount(row, now)
    return 1
