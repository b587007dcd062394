"""待遇: who is granted what, how it changed, what was paid; changes, rechecks, and who keeps the card."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.onestop import actions, incomes, paying, queries_money, showing_money
from linli.onestop.actions.money import CAUSES
from linli.onestop.books import book, end_of, plan_of
from linli.onestop.forms_money import (
    AccountForm,
    AdjustForm,
    CustodyForm,
    EndCustodyForm,
    OpenRecheckForm,
    RecheckForm,
    RestoreForm,
    StopForm,
    fen_of,
)
from linli.onestop.models import Custody, Entitlement, Reckoning
from linli.onestop.pages.frame import STAFF, ask, bound, kept
from linli.onestop.pages.moneyframe import item_filter, shown
from linli.onestop.showing_money import PER, masked_account, month_words, yuan

LINES = 60  # of a grant's payments a page shows; the rest goes to Excel with its batch


def grant_link(row: Entitlement) -> str:
    return reverse("onestop:grant", args=[row.pk])


def state_of(row: Entitlement) -> tuple[str, str]:
    """(words, tone) of where a grant stands today."""
    today, end = paying.month_of(timezone.localdate()), end_of(row)
    if row.stopped and end is not None and end <= today:
        return f"已停发：{CAUSES.get(row.stopped, row.stopped)}", "paused"
    if end is not None and end <= today:
        return "已发完", "done"
    if not row.account or row.hold:
        return f"暂缓：{row.hold or '没有收款账户'}", "bad"
    if end is not None and row.kind != "one_off":
        return f"发到{month_words(paying.add_months(end, -1))}", "warn"
    return ("待首发", "warn") if row.first > today else ("发放中", "ok")


GRANT_COLUMNS = (
    Column("person", "姓名", "person.masked_name", phone="head", link=grant_link),
    Column("item", "事项", "item.name"),
    Column("area", "地区", lambda row: areas.area_path(row.area), phone="none"),
    Column("fen", "确认金额", lambda row: f"{PER[row.kind]} {yuan(row.fen)}", kind="num"),
    Column("first", "首发月", lambda row: month_words(row.first)),
    Column("recheck_on", "复核日期", kind="day", sort="recheck_on"),
    Column(
        "state", "状态", lambda row: state_of(row)[0], kind="chip", phone="tail", tone=lambda r: state_of(r)[1]
    ),
)  # fmt: skip


class GrantTable(Table):
    code, title, order, columns = "onestop.grants", "待遇", "-id", GRANT_COLUMNS
    empty = Empty("没有符合条件的待遇", "审核确认后，按银行卡发放的事项会列在这里。")

    def __init__(self, request: HttpRequest, rows: QuerySet) -> None:
        self.filters = (
            Filter("item", "事项", "item__code", kind="choice", options=item_filter()),
            Filter("number", "办件编号", "decision__application__number"),
            Filter(
                "state", "状态", kind="choice", apply=_by_state,
                options=(("running", "发放中"), ("stopped", "已停发"), ("held", "暂缓")),
            ),
        )  # fmt: skip
        super().__init__(request, rows)


def _by_state(rows: QuerySet, said: str) -> QuerySet:
    if said == "held":
        return rows.filter(~Q(hold=""))
    return rows.exclude(stopped="") if said == "stopped" else rows.filter(stopped="", months__isempty=False)


class HeldTable(GrantTable):
    code, title = "onestop.held", "账户待更正的待遇"
    empty = Empty("没有账户待更正的待遇", "银行退回、说账户不对的，会列在这里；更正后下一批自动补发。")


class MeansTable(Table):
    """核算清单: what each amount was reckoned from."""

    code, title, order = "onestop.means", "核算清单", "-id"
    columns = (
        Column("person", "姓名", "person.masked_name", phone="head", link=grant_link),
        Column("item", "事项", "item.name"),
        Column("number", "办件编号", "decision.application.number", phone="none"),
        Column("method", "方法", lambda row: _sheet(row, "method")),
        Column("heads", "计入人数", lambda row: _sheet(row, "heads"), kind="num"),
        Column("income", "计入月收入", lambda row: _sheet(row, "income"), kind="num"),
        Column("limit", "收入界线", lambda row: _sheet(row, "limit"), kind="num"),
        Column("amount", "核算金额", lambda row: _sheet(row, "amount"), kind="num"),
        Column("fen", "确认金额", lambda row: yuan(row.fen), kind="num"),
        Column(
            "doubt", "待核实", lambda row: "、".join(_of(row).get("unconfirmed", ())) or "没有", phone="none"
        ),
    )
    empty = Empty("还没有核算过的待遇")

    def __init__(self, request: HttpRequest, rows: QuerySet) -> None:
        self.filters = (Filter("item", "事项", "item__code", kind="choice", options=item_filter()),)
        super().__init__(request, rows)


def _of(row: Entitlement) -> dict[str, Any]:
    """The sheet of a grant, read once a row."""
    if not hasattr(row, "_sheet"):
        row._sheet = json.loads(row.sheet) if row.sheet else {}  # type: ignore[attr-defined]
    return row._sheet  # type: ignore[attr-defined,no-any-return]


def _sheet(row: Entitlement, name: str) -> Any:
    value = _of(row).get(name)
    if name == "method":
        method = book().methods.get(str(value))
        return method.zh if method else _of(row).get("tariff", "")
    return yuan(value) if name != "heads" and value is not None else value


def _viewer(request: HttpRequest, verb: str = queries_money.VIEW) -> Actor:
    viewer = caller(request)
    require(viewer, verb)
    return viewer


@require_safe
def grants(request: HttpRequest) -> HttpResponse:
    viewer = _viewer(request)
    return shown(request, GrantTable(request, queries_money.entitlements_seen(viewer)), viewer)


@require_safe
def held(request: HttpRequest) -> HttpResponse:
    viewer = _viewer(request, "onestop.work")
    return shown(request, HeldTable(request, queries_money.on_hold(viewer)), viewer)


@require_safe
def means_list(request: HttpRequest) -> HttpResponse:
    viewer = _viewer(request)
    rows = queries_money.entitlements_seen(viewer).select_related("decision__application")
    return shown(request, MeansTable(request, rows), viewer)


def found(viewer: Actor, number: int) -> Entitlement:
    row = queries_money.entitlements_seen(viewer).select_related("decision__application").filter(pk=number)
    one = row.first()
    if one is None:
        raise Refused("没有这项待遇，或者它不在您的管辖范围内。", code="no_entitlement", status=404)
    return one


@require_safe
def grant(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    row = found(viewer, number)
    case, unit = row.decision.application, row.decision.task.unit
    words, tone = state_of(row)
    lines = list(queries_money.payments_of(viewer, number).order_by("-month", "-id")[:LINES])
    reckoned = Reckoning.objects.filter(pk=row.decision.sheet.get("reckoning") or 0).first()
    raw = incomes.sheet_of(reckoned) if reckoned else row.decision.sheet
    at = {"area": case.area, "unit": unit, "subject": case.subject}
    context = {
        "title": f"{row.item.name}待遇", "row": row, "case": case, "words": words, "tone": tone,
        "where": areas.area_path(row.area), "account": masked_account(row.account),
        "amount": f"{PER[row.kind]} {yuan(row.fen)}", "now": yuan(_now(row)), "first": month_words(row.first),
        "changes": [(one, month_words(one.month), yuan(one.fen), CAUSES.get(one.cause, "")) for one in
                    row.adjustments.select_related("by").order_by("-id")],
        "lines": [(one, month_words(one.month), yuan(one.fen), showing_money.TRANSFER_TONES.get(one.state, "paused"))
                  for one in lines],
        "rechecks": list(row.rechecks.select_related("task__holder").order_by("-id")),
        "custody": row.custodies.filter(until=None).first(),
        "sheet": showing_money.sheet_words(raw, reckoned) if raw and "day" in raw else None,
        "may_decide": can(viewer, "onestop.decide", **at), "may_work": can(viewer, "onestop.work", **at),
    }  # fmt: skip
    return render(request, "onestop/money/grant.html", {**STAFF, **context})


def _now(row: Entitlement) -> int:
    """What it owes for this month, or for its first when that is to come; a yearly one in its own month."""
    month = max(paying.month_of(timezone.localdate()), row.first)
    if row.kind == "yearly":
        month = date(month.year, row.first.month, 1)
    return paying.owed(plan_of(row), month)


@require_POST
def reveal(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    found(by, number)
    row = actions.reveal_account(by=by, entitlement=number, reason=request.POST.get("reason", ""))
    values = [("银行账号", row.account), ("户名", row.payee)]
    context = {"title": "收款账户", "values": values, "back": grant_link(row)}
    return render(request, "onestop/money/revealed.html", {**STAFF, **context})


@dataclass(frozen=True, slots=True)
class Act:
    """A change of a grant: its form, what it does, who may."""

    form: type[Any]
    run: Callable[[Actor, Entitlement, dict[str, Any]], Any]
    verb: str
    done: str


def _adjust(by: Actor, row: Entitlement, said: dict[str, Any]) -> None:
    actions.adjust(
        by=by, entitlement=row.pk, fen=fen_of(said["amount"]), month=said["month"], reason=said["reason"]
    )


def _stop(by: Actor, row: Entitlement, said: dict[str, Any]) -> None:
    phase = said["phase_months"] or 0
    fen = None if said["phase_amount"] is None else fen_of(said["phase_amount"])
    actions.stop_entitlement(
        by=by, entitlement=row.pk, month=said["month"], cause=said["cause"], reason=said["reason"],
        phase_months=phase, phase_fen=fen if phase else None,
    )  # fmt: skip


def _restore(by: Actor, row: Entitlement, said: dict[str, Any]) -> None:
    actions.restore_entitlement(by=by, entitlement=row.pk, reason=said["reason"])


def _account(by: Actor, row: Entitlement, said: dict[str, Any]) -> None:
    actions.set_account(
        by=by, entitlement=row.pk, account=said["account"], payee=said["payee"], reason=said["reason"]
    )


def _recheck(by: Actor, row: Entitlement, said: dict[str, Any]) -> None:
    actions.open_recheck(by=by, entitlement=row.pk, due=said["due"], reason=said["reason"])


def _custody(by: Actor, row: Entitlement, said: dict[str, Any]) -> None:
    actions.record_custody(
        by=by, entitlement=row.pk, keeper_name=said["keeper_name"], relation=said["relation"],
        keeper_phone=said["keeper_phone"], since=said["since"],
        agreement=kept(by, said["agreement"], said["client_uuid"]),
    )  # fmt: skip


ACTS = {
    "adjust": Act(AdjustForm, _adjust, "onestop.decide", "已调整，下一批起按新的金额"),
    "stop": Act(StopForm, _stop, "onestop.decide", "已停发"),
    "restore": Act(RestoreForm, _restore, "onestop.decide", "已恢复"),
    "account": Act(AccountForm, _account, "onestop.work", "账户已更正，没有发成的钱进入下一批"),
    "recheck": Act(OpenRecheckForm, _recheck, "onestop.work", "已发起复核"),
    "custody": Act(CustodyForm, _custody, "onestop.work", "已登记代管"),
}
NAMES = {"phase_fen": "phase_amount", "fen": "amount"}  # the action's names -> the form's


def change(request: HttpRequest, number: int, act: str) -> HttpResponse:
    by = caller(request)
    row = found(by, number)
    wanted = ACTS.get(act)
    if wanted is None:
        raise Refused("没有这种办理。", code="no_act", status=404)
    case = row.decision.application
    require(by, wanted.verb, area=case.area, unit=row.decision.task.unit, subject=case.subject)
    form = wanted.form(*bound(request))
    if "month" in form.fields:
        form.fields["month"].initial = paying.add_months(timezone.localdate(), 1).strftime("%Y-%m")
    lead = f"{row.person.masked_name}　{row.item.name}，现为{PER[row.kind]} {yuan(_now(row))}"
    form.page_lead = f"{lead}。{form.page_lead}" if form.page_lead else lead

    def run(said: dict[str, Any]) -> None:
        with_names(lambda: wanted.run(by, row, said))
        messages.success(request, wanted.done)

    return ask(request, form, run, to=grant_link(row))


def with_names(run: Callable[[], Any]) -> Any:
    """Refusals name the fields of the form: amounts there are in yuan."""
    try:
        return run()
    except Refused as refused:
        fields = {NAMES.get(name, name): said for name, said in refused.fields.items()}
        raise Refused(refused.message, code=refused.code, fields=fields, status=refused.status) from refused


class RecheckTable(Table):
    code, title, order, export = "onestop.rechecks", "待办的复核", "due", True
    columns = (
        Column("person", "姓名", "entitlement.person.masked_name", phone="head", link=lambda row: reverse("onestop:recheck", args=[row.pk])),
        Column("item", "事项", "entitlement.item.name"),
        Column("why", "缘由", "get_why_display"),
        Column("holder", "承办人", lambda row: row.task.holder.name if row.task.holder else "无人承办"),
        Column("due", "期限", kind="day", sort="due", phone="tail"),
    )  # fmt: skip
    empty = Empty("没有待办的复核", "到期前 30 天自动开出，成员死亡的三个月内复核。")


@require_safe
def rechecks(request: HttpRequest) -> HttpResponse:
    viewer = _viewer(request, "onestop.work")
    return shown(request, RecheckTable(request, queries_money.rechecks_open(viewer)), viewer)


def recheck(request: HttpRequest, number: int) -> HttpResponse:
    by = _viewer(request, "onestop.work")
    one = queries_money.rechecks_open(by).filter(pk=number).first()
    if one is None:
        raise Refused("没有这次复核，或者已经办结。", code="no_recheck", status=404)
    row = found(by, one.entitlement_id)
    form = RecheckForm(*bound(request))
    form.page_lead = (
        f"{row.person.masked_name}　{row.item.name}，现为{PER[row.kind]} {yuan(_now(row))}，"
        f"期限 {one.due:%Y-%m-%d}"
    )

    def act(said: dict[str, Any]) -> None:
        with_names(
            lambda: actions.do_recheck(
                by=by, recheck=one.pk, outcome=said["outcome"], note=said["note"], fen=fen_of(said["amount"]),
                month=said["month"], phase_months=said["phase_months"] or 0,
            )
        )  # fmt: skip
        messages.success(request, "复核已办结")

    mine = one.task.holder_id == by.account
    return ask(request, form, act, to=grant_link(row), template="onestop/money/recheck.html",
               context={"one": one, "row": row, "mine": mine}, back=reverse("onestop:rechecks"))  # fmt: skip


class CustodyTable(Table):
    code, title, order = "onestop.custody", "代管登记簿", "-since"
    columns = (
        Column("person", "本人", "entitlement.person.masked_name", phone="head", link=lambda row: grant_link(row.entitlement)),
        Column("item", "事项", "entitlement.item.name"),
        Column("keeper", "代管人", lambda row: showing_name(row)),
        Column("relation", "关系"),
        Column("since", "起", kind="day"),
        Column("end", "办理", lambda row: "终止", link=lambda row: reverse("onestop:end_custody", args=[row.pk]), export=False, phone="tail"),
    )  # fmt: skip
    empty = Empty("没有代管", "本人不能自己保管银行卡的，在待遇页登记代管。")


def showing_name(row: Custody) -> str:
    from linli.kernel.web.rules import mask_name

    return mask_name(row.keeper_name)


@require_safe
def custodies(request: HttpRequest) -> HttpResponse:
    viewer = _viewer(request, "onestop.work")
    return shown(request, CustodyTable(request, queries_money.custodies_seen(viewer)), viewer)


def end_custody(request: HttpRequest, number: int) -> HttpResponse:
    by = _viewer(request, "onestop.work")
    row = queries_money.custodies_seen(by).filter(pk=number).first()
    if row is None:
        raise Refused("没有这项代管，或者已经终止。", code="no_custody", status=404)
    form = EndCustodyForm(*bound(request))
    form.page_lead = f"{row.entitlement.person.masked_name}　{row.entitlement.item.name}"

    def act(said: dict[str, Any]) -> None:
        actions.end_custody(by=by, custody=row.pk, until=said["until"], reason=said["reason"])
        messages.success(request, "代管已终止")

    return ask(request, form, act, to=reverse("onestop:custodies"))
