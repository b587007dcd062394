"""Notices of an area as its staff sees them: the list, one notice, what went wrong with it, its evidence."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.areas import rules as area_rules
from linli.dispatch import wording
from linli.dispatch.actions import attach_photos
from linli.dispatch.forms import keep_photos
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web import subjects
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import Form, form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.publicity import actions, queries, registry, rules
from linli.publicity.forms import DownForm, RestoreForm, WithdrawForm
from linli.publicity.models import Notice, Outage
from linli.publicity.pages.public import first_words, lines, span, state_words, tone, until

STAFF = {"base": "web/base.html"}


def _waiting(row: Any) -> str:
    said = [f"异议 {row.waiting} 件待裁定"] if getattr(row, "waiting", 0) else []
    return "、".join(said + (["公示中断"] if row.down else []))


def _chip(row: Any) -> str:
    return "bad" if row.down or getattr(row, "waiting", 0) else tone(row)


class NoticeTable(Table):
    code, title, order = "publicity.notices", "公示", "-id"
    columns = (
        Column("title", "公示", phone="head", link=lambda row: reverse("publicity:desk_notice", args=[row.pk])),
        Column("number", "编号", phone="none"),
        Column("what", "内容", first_words),
        Column("area", "地区", lambda row: areas.area_path(row.area)),
        Column("state", "状态", state_words, kind="chip", phone="tail", tone=_chip),
        Column("until", "公示期", span),
        Column("lost", "顺延天数", kind="num", phone="none"),
        Column("opened_at", "发起时间", kind="time", phone="none"),
        Column("waiting", "待办", _waiting),
    )  # fmt: skip
    empty = Empty("没有符合条件的公示", "办事房间发起的公示会列在这里。")

    def __init__(self, request: HttpRequest, rows: Any) -> None:
        kinds = tuple((one.code, one.title) for one in registry.kinds().values())
        self.filters = (
            Filter("state", "状态", kind="choice", options=tuple(rules.STATES.items())),
            _area_filter(caller(request)),
            Filter("kind", "种类", kind="choice", options=kinds),
            Filter("from", "发起自", "opened_at__gte", "day", more=True),
            Filter("to", "发起至", "opened_at__lte", "day", more=True),
        )
        super().__init__(request, rows)


def _area_filter(viewer: Actor) -> Filter:
    top = area_rules.common_area(scope for scope in areas.scopes_of(viewer, queries.VIEW) if scope)
    level = {6: "street", 9: "community"}.get(len(top), "grid")
    options = areas.choices(level, top) if top else areas.choices("street")
    return Filter("area", "区域", kind="choice", options=tuple(options), apply=_in_area)


def _in_area(rows: Any, code: str) -> Any:
    return rows.filter(**{area_rules.COLUMNS[len(code)]: code})


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, queries.VIEW)
    context = {"may_rule": queries.ruling_scopes(viewer)}
    return NoticeTable(request, queries.listed(viewer)).answer("publicity/desk.html", context)


def may(viewer: Actor, verb: str, row: Notice) -> bool:
    return can(viewer, f"publicity.{verb}", area=row.area, unit=row.unit, subject=row.ref)


@require_safe
def notice(request: HttpRequest, number: int) -> HttpResponse:
    """Timeline, postings with photos, outages; objections only for whose business they are."""
    viewer = caller(request)
    row = queries.notice_for(viewer, number)
    photos = queries.photos_of(row)
    by_id = {one.pk: one for one in photos}
    outages, found = queries.outages_of(row), queries.objections_of(viewer, row)
    ruling = queries.may_rule(viewer, row)
    over = row.ends_at is not None and timezone.now() >= row.ends_at
    unruled = sum(not one.late and one.state == "open" for one in found)
    held = any(one.until is None for one in outages)
    context = {
        "title": row.title,
        "notice": row,
        "where": areas.area_path(row.area),
        "unit": areas.unit_names().get(row.unit, ""),
        "state": state_words(row),
        "tone": tone(row),
        "until": until(row),
        "days": rules.days_words(row.days, row.day_unit),
        "outcome": rules.OUTCOMES.get(row.outcome, ""),
        "waits": rules.waits_for(over=over and row.open, down=held, unruled=unruled, told=ruling),
        "matter": _matter(row, viewer),
        "lines": list(enumerate(lines(row.columns, row.rows[:100]), 1)),
        "postings": [_posting(one, photos) for one in queries.postings_of(row)],
        "outages": outages,
        "steps": wording.steps(queries.moves_of(viewer, row), rules.WORDS, by_id),
        "ruling": ruling,
        "objections": found,
        "may_take": row.state != "withdrawn" and queries.may_rule(viewer, row, "publicity.receive"),
        "may_mark": may(viewer, "mark", row) and row.state in ("posted", "running"),
        "may_restore": may(viewer, "mark", row),
        "may_withdraw": may(viewer, "withdraw", row) and row.open,
    }
    return render(request, "publicity/desk_notice.html", context)


def _matter(row: Notice, viewer: Actor) -> dict[str, str]:
    """The matter the notice is about, for whoever may see it in its own room."""
    if not subjects.may_see(row.subject, viewer):
        return {}
    return {"title": subjects.title(row.subject, viewer), "url": subjects.url(row.subject, viewer)}


def _posting(one: Any, photos: list[Any]) -> dict[str, Any]:
    mine = [wording.picture(photo) for photo in photos if photo.subject == one.ref]
    return {
        "row": one,
        "order": one.end_order or one.order,
        "before": [photo for photo in mine if photo["phase"] != "after"],
        "after": [photo for photo in mine if photo["phase"] == "after"],
    }


def _form(
    request: HttpRequest, form: Form, row: Notice, act: Any, context: dict[str, Any] | None = None
) -> HttpResponse:
    form.page_lead = form.page_lead or f"{row.title} {row.number}"
    form.cancel_url = reverse("publicity:desk_notice", args=[row.pk])

    def run(said: dict[str, Any]) -> str:
        act(said)
        return form.cancel_url

    return form_page(request, form, run, context=STAFF | (context or {}))


def _bound(request: HttpRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _files(by: Actor, row: Notice, said: dict[str, Any]) -> list[int]:
    keys = keep_photos(by, said["photos"] or [], said["client_uuid"])
    return [one.pk for one in attach_photos(by=by, keys=keys, subject=row.ref, phase="during")]


def _allowed(request: HttpRequest, number: int, verb: str) -> tuple[Actor, Notice]:
    by = caller(request)
    row = queries.notice_for(by, number)
    if not may(by, verb, row):
        raise Refused("您没有办理这份公示的权限。", code="not_allowed", status=403)
    return by, row


def down(request: HttpRequest, number: int) -> HttpResponse:
    by, row = _allowed(request, number, "mark")

    def act(said: dict[str, Any]) -> None:
        what, _, posting = said["what"].partition(":")
        actions.mark_down(
            by=by,
            notice=row.pk,
            what=what,
            posting=int(posting) if posting else None,
            since=said["since"],
            reason=said["reason"],
            files=_files(by, row, said),
        )
        messages.success(request, "已登记中断，恢复后自动顺延")

    return _form(request, DownForm(*_bound(request), notice=row), row, act)


def restore(request: HttpRequest, number: int) -> HttpResponse:
    found = Outage.objects.filter(pk=number).first()
    by, row = _allowed(request, found.notice_id if found else 0, "mark")

    def act(said: dict[str, Any]) -> None:
        actions.restore(
            by=by,
            outage=number,
            until=said["until"],
            reason=said["reason"],
            files=_files(by, row, said),
        )
        row.refresh_from_db()
        messages.success(request, f"已恢复，公示到 {row.ends} 期满")

    return _form(request, RestoreForm(*_bound(request)), row, act)


def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    by, row = _allowed(request, number, "withdraw")

    def act(said: dict[str, Any]) -> None:
        actions.withdraw_publicity(by=by, notice=row.pk, reason=said["reason"])
        messages.success(request, "公示已撤回")

    return _form(request, WithdrawForm(*_bound(request)), row, act)


@require_POST
def evidence(request: HttpRequest, number: int) -> HttpResponse:
    """The evidence pack; taking it is recorded."""
    by = caller(request)
    row = queries.notice_for(by, number)
    answer = HttpResponse(actions.export_evidence(by=by, notice=number), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{row.number}.zip"'
    return answer
