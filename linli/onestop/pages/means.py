"""核算 before a decision: what is known is filled in, the officer completes it, the sheet is shown line by line."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.web.caller import caller
from linli.onestop import actions, incomes, queries, reading, showing_money, tariffs
from linli.onestop.actions import reckoning
from linli.onestop.books import book, terms
from linli.onestop.forms_money import AgreeForm, AskAmountForm, MeansForm, fen_of
from linli.onestop.models import Application, Task
from linli.onestop.pages.frame import STAFF, ask, bound


def means_link(task: int) -> str:
    return reverse("onestop:means", args=[task])


def _decision(request: HttpRequest, number: int) -> tuple[Actor, Application, Task]:
    """An open decision for whoever may decide there. Raises Refused 403, 404."""
    by = caller(request)
    row, task = queries.task_at_work(by, number)
    require(by, "onestop.decide", area=row.area, unit=task.unit, subject=row.subject)
    if task.step != "decide":
        raise Refused("这项任务不是决定，请用“办理”。", code="not_a_decision", status=404)
    return by, row, task


def _people(row: Application) -> list[tuple[int, str]]:
    members = [(one.person_id, one.person.masked_name) for one in row.members.select_related("person")]
    return members or [(row.person_id, row.person.masked_name)]


def sheet_of(row: Application) -> dict[str, Any] | None:
    """The sheet that counts, in words; None before there is one."""
    held = reckoning.latest(row)
    return showing_money.sheet_words(incomes.sheet_of(held), held) if held is not None else None


def standing(by: Actor, row: Application, task: Task) -> dict[str, Any]:
    """What the pages of a decision show of its amount: the sheet, another amount asked for, whether it was agreed."""
    held = reckoning.latest(row)
    asked = held is not None and held.asked_fen is not None
    return {
        "sheet": sheet_of(row),
        "methods": book().methods_for(row.item.code),
        "asked": held if asked else None,
        "asked_yuan": showing_money.yuan(held.asked_fen) if held is not None else "",
        "asked_stands": held is not None and reckoning.stands(held),
        "may_agree": asked and held is not None and held.asked_by_id != by.account and not held.denied
        and held.agreed_by_id is None and task.state == "open",
        "means_url": means_link(task.pk),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Due:
    """How the amount of a decision comes about, before it is made."""

    methods: bool
    wants_sheet: bool  # reckoned, and nobody has yet
    typed: bool  # by hand: nothing is laid down, or any sum below the most of a one-off
    tariff: dict[str, Any] | None  # in the words of a sheet
    none_fits: bool  # laid down, but no row fits this applicant
    amount: str


def amount_due(row: Application) -> Due:
    methods, held = book().methods_for(row.item.code), reckoning.latest(row)
    pays, day = reading.definition_of(row.version).pays, timezone.localdate()
    laid = pays and not methods and tariffs.has_tariff(terms()["tariff"], row.item.code)
    found = reckoning.tariff_of(row, reading.household_of(row), day) if laid else None
    capped = held is not None and held.method != "tariff" and book().methods[held.method].kind == "cap"
    amount = found.fen if found else held.fen if held is not None and methods and not capped else None
    if held is not None and reckoning.stands(held):
        amount, capped = held.asked_fen, False
    return Due(
        bool(methods), bool(methods) and held is None, capped or (pays and not methods and not laid),
        showing_money.sheet_words(found.to_json(day)) if found else None, laid and found is None,
        showing_money.yuan(amount) if pays else "",
    )  # fmt: skip


def _form(request: HttpRequest, row: Application, **more: Any) -> MeansForm:
    offered, methods = incomes.offered(row), book().methods_for(row.item.code)
    more.setdefault("count", _count(request))
    data = request.POST if request.method == "POST" and "more" not in request.POST else None
    return MeansForm(
        data, people=_people(row), methods=methods, why=incomes.why_of(row), offered=offered, **more
    )


def _count(request: HttpRequest) -> int:
    said = request.POST.get("lines", "")
    return min(int(said), 200) if said.isdigit() else 0


def means(request: HttpRequest, number: int) -> HttpResponse:
    """The sheet and its form. `more` asks for further rows and keeps what was typed."""
    by, row, task = _decision(request, number)
    if not book().methods_for(row.item.code):
        raise Refused("本事项不做经济状况核算，金额按标准确定。", code="no_means", status=404)
    context = {"row": row, "task": task, "title": "经济状况核算", **standing(by, row, task)}
    if "more" in request.POST:
        form = _form(request, row, count=min(_count(request) + 3, 200), initial=request.POST.dict())
        form.initial["lines"] = form.count
        form.fields["lines"].initial = form.count
        return render(request, "onestop/money/means.html", {"form": form, **STAFF, **context})
    form = _form(request, row)
    form.page_lead = f"{row.item.name} {row.number}"

    def act(said: dict[str, Any]) -> None:
        made = actions.reckon_means(
            by=by, task=task.pk, method=said["method"], relatives=form.relatives, incomes=form.incomes,
            care=said.get("care", ""),
        )  # fmt: skip
        messages.success(request, f"已核算：{showing_money.yuan(made.fen)}")

    return ask(request, form, act, to=f"{means_link(task.pk)}#sheet", template="onestop/money/means.html",
               context=context, back=reverse("onestop:task", args=[task.pk]))  # fmt: skip


def deviate(request: HttpRequest, number: int) -> HttpResponse:
    """另定金额: asked by the holder."""
    by, row, task = _decision(request, number)
    form = AskAmountForm(*bound(request))

    def act(said: dict[str, Any]) -> None:
        actions.ask_amount(by=by, task=task.pk, fen=fen_of(said["amount"]), reason=said["reason"])
        messages.success(request, "已提出，请本单位另一人打开本任务页表示意见")

    context = {"task": task, "row": row, **standing(by, row, task)}
    return ask(request, form, act, to=reverse("onestop:task", args=[task.pk]), lead=form.page_lead,
               template="onestop/money/amount.html", context=context)  # fmt: skip


def agree(request: HttpRequest, number: int) -> HttpResponse:
    """The second person's word on another amount."""
    by, row, task = _decision(request, number)
    context = {"task": task, "row": row, **standing(by, row, task)}
    if context["asked"] is None:
        messages.info(request, "没有等待同意的另定金额")
        return HttpResponseRedirect(reverse("onestop:task", args=[task.pk]))
    form = AgreeForm(*bound(request))
    form.page_lead = "提出的人不能自己同意：金额偏离规则时，两个人都要负责。"

    def act(said: dict[str, Any]) -> None:
        actions.agree_amount(by=by, task=task.pk, agree=said["agree"] == "1", reason=said["reason"])
        messages.success(request, "意见已登记")

    return ask(request, form, act, to=reverse("onestop:task", args=[task.pk]),
               template="onestop/money/amount.html", context=context)  # fmt: skip
