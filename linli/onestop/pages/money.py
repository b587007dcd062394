"""发放批次: made for a month by one, checked by another, sent as one file, and what the bank says of each line."""

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.rules import parse_day
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.onestop import actions, queries_money, showing_money
from linli.onestop.books import terms
from linli.onestop.forms_money import BatchForm, CheckForm, ReturnForm
from linli.onestop.models import Batch, Transfer
from linli.onestop.models.money import BATCH_STATES, TRANSFER_STATES
from linli.onestop.pages.frame import ask, bound
from linli.onestop.pages.moneyframe import area_choices, item_filter, paying_items, shown, tabs
from linli.onestop.showing_money import month_words, yuan

MOST_BYTES = 20 * 1024 * 1024


def batch_link(number: int) -> str:
    return reverse("onestop:batch", args=[number])


def _month(rows: QuerySet, said: str) -> QuerySet:
    day = parse_day(f"{said}-01") if len(said) == 7 else parse_day(said)
    return rows.filter(month=day.replace(day=1)) if day else rows.none()


class BatchTable(Table):
    code, title, order = "onestop.batches", "发放批次", "-id"
    columns = (
        Column("number", "批次", phone="head", link=lambda row: batch_link(row.pk)),
        Column("item", "事项", "item.name"),
        Column("month", "月份", lambda row: month_words(row.month)),
        Column("area", "范围", lambda row: areas.area_name(row.area), phone="none"),
        Column("rows", "笔数", kind="num"),
        Column("fen", "金额", lambda row: yuan(row.fen), kind="num"),
        Column("state", "状态", "get_state_display", kind="chip", phone="tail", tone=lambda row: showing_money.BATCH_TONES[row.state]),
        Column("maker", "编制人", "maker.name"),
        Column("checker", "复核人", lambda row: row.checker.name if row.checker else ""),
    )  # fmt: skip
    empty = Empty("还没有发放批次", "待遇确认后，从下月起可以编制批次。", "编制批次", "/onestop/batches/new/")

    def __init__(self, request: HttpRequest, rows: QuerySet) -> None:
        self.filters = (
            Filter("item", "事项", "item__code", kind="choice", options=item_filter()),
            Filter("month", "月份（如 2026-03）", apply=_month),
            Filter("state", "状态", kind="choice", options=tuple(BATCH_STATES)),
        )
        super().__init__(request, rows)


class LineTable(Table):
    """The payments of one batch, thousands of them: a page at a time, or all to Excel."""

    code, order = "onestop.lines", "id"
    columns = (
        Column("ref", "流水号", phone="none"),
        Column("person", "姓名", "entitlement.person.masked_name", phone="head", link=lambda row: reverse("onestop:grant", args=[row.entitlement_id])),
        Column("account", "账号", lambda row: showing_money.masked_account(row.account)),
        Column("months", "月份", lambda row: "、".join(f"{month_words(one.month)}{'' if one.kind == 'regular' else f'更正 {yuan(one.fen)}'}" for one in row.lines.all())),
        Column("fen", "金额", lambda row: yuan(row.fen), kind="num"),
        Column("state", "结果", "get_state_display", kind="chip", phone="tail", tone=lambda row: showing_money.TRANSFER_TONES.get(row.state, "paused")),
        Column("reason", "原因"),
    )  # fmt: skip
    filters = (
        Filter("state", "结果", kind="choice", options=tuple(TRANSFER_STATES)),
        Filter("ref", "流水号"),
        Filter("reason", "原因", "reason__contains"),
    )
    empty = Empty("没有符合条件的明细")

    def __init__(self, request: HttpRequest, rows: QuerySet, batch: Batch) -> None:
        self.batch = batch
        super().__init__(request, rows)

    @cached_property
    def title(self) -> str:  # type: ignore[override]
        return self.batch.number


@require_safe
def batches(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    if not can(viewer, "ledger.view"):
        require(viewer, "onestop.pay")
    table = BatchTable(request, queries_money.batches_seen(viewer))
    act = ("编制批次", reverse("onestop:make_batch")) if can(viewer, "onestop.pay") else None
    return shown(request, table, viewer, act=act)


def _found(viewer: Actor, number: int) -> Batch:
    row = queries_money.batches_seen(viewer).select_related("sender").filter(pk=number).first()
    if row is None:
        raise Refused("没有这个批次，或者它不在您的管辖范围内。", code="no_batch", status=404)
    return row


def make(request: HttpRequest) -> HttpResponse:
    by = caller(request)
    require(by, "onestop.pay")
    formats = terms()["formats"]
    layouts = [
        (code, f"{code}{'（示例，待与代发银行核对）' if one['status'] == 'to_confirm' else ''}")
        for code, one in formats.items()
    ]
    form = BatchForm(
        *bound(request), items=paying_items(), areas=area_choices(by, "onestop.pay"), layouts=layouts
    )
    form.fields["month"].initial = timezone.localdate().strftime("%Y-%m")
    made: list[int] = []

    def act(said: dict[str, Any]) -> HttpResponse | None:
        row = actions.make_batch(
            by=by, item=said["item"], month=said["month"], area=said["area"], layout=said["layout"]
        )
        made.append(row.pk)
        messages.success(request, f"批次 {row.number}：{row.rows} 笔，{yuan(row.fen)}。请另一人复核")
        return None

    answer = ask(request, form, act, to=reverse("onestop:batches"))
    if made and answer.status_code == 302:
        answer["Location"] = batch_link(made[0])
    return answer


@require_safe
def batch(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    row = _found(viewer, number)
    table = LineTable(request, queries_money.transfers_of(viewer, number), row)
    pays = can(viewer, "onestop.pay", area=row.area)
    sums = Transfer.objects.filter(batch=row).values("state").annotate(n=Count("id"), fen=Sum("fen"))
    words = dict(TRANSFER_STATES)
    context = {
        "row": row, "tone": showing_money.BATCH_TONES[row.state], "month": month_words(row.month),
        "where": areas.area_name(row.area), "total": yuan(row.fen), "pays": pays,
        "own": row.maker_id == viewer.account,
        "sums": [(words[one["state"]], one["n"], yuan(one["fen"]), one["state"]) for one in sums],
        "returns": list(row.returns.select_related("by").order_by("id")),
        "reach": _unanswered(row),
    }  # fmt: skip
    return shown(request, table, viewer, "onestop/money/batch.html", **context)


def _unanswered(row: Batch) -> int:
    return row.transfers.filter(state="sent").count() if row.state == "sent" else 0


def check(request: HttpRequest, number: int) -> HttpResponse:
    """Another person than the maker; the page says why before anything is refused."""
    by = caller(request)
    row = _found(by, number)
    require(by, "onestop.pay", area=row.area)
    form = CheckForm(*bound(request))
    own = row.maker_id == by.account
    form.page_lead = f"{row.number}：{row.item.name} {month_words(row.month)}，{row.rows} 笔，{yuan(row.fen)}"

    def act(said: dict[str, Any]) -> None:
        done = actions.check_batch(
            by=by, batch=row.pk, agree=said["agree"] == "1", reason=said["reason"].strip()
        )
        messages.success(
            request, "已复核，可以下载银行文件" if done.state == "checked" else "已作废，款项进入下一批"
        )

    context = {"row": row, "own": own, "tabs": tabs(by)}
    return ask(
        request, form, act, to=batch_link(row.pk), template="onestop/money/check.html", context=context
    )


@require_POST
def file(request: HttpRequest, number: int) -> HttpResponse:
    """The bank's file: the first time it is sent by that; again only for a reason, the same bytes."""
    by = caller(request)
    row = _found(by, number)
    if row.state == "sent":
        sent = actions.fetch_bank_file(by=by, batch=row.pk, reason=request.POST.get("reason", ""))
    else:
        sent = actions.disburse_funds(by=by, batch=row.pk)
    answer = HttpResponse(sent.content, content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(True, sent.name) or "attachment"
    answer["X-Content-SHA256"] = sent.batch.file_hash
    return answer


def bank_return(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    row = _found(by, number)
    require(by, "onestop.pay", area=row.area)
    form = ReturnForm(*bound(request))

    def act(said: dict[str, Any]) -> None:
        if said["file"].size > MOST_BYTES:
            raise Refused("文件超过 20 MB。", code="too_big", fields={"file": ["请核对是否选错文件"]})
        made = actions.read_bank_return(by=by, batch=row.pk, content=said["file"].read())
        words = f"读入回盘：到账 {made.paid} 笔，未成功 {made.failed} 笔，退汇 {made.returned} 笔"
        messages.success(request, words)

    return ask(request, form, act, to=batch_link(row.pk), lead=form.page_lead)
