"""The applicant's own cases: progress like a parcel, what is to be done, the receipt, papers that follow, withdrawal."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.dispatch import wording
from linli.kernel import Refused
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Column, Empty, Table
from linli.onestop import actions, queries, queries_reviews, rules, showing, showing_money
from linli.onestop.forms import PapersForm, WithdrawForm
from linli.onestop.models import Application
from linli.onestop.pages.frame import PLAIN, bound, kept, mine, qr, sign_in
from linli.onestop.pages.scans import advise


def _link(row: Application) -> str:
    if row.state == "draft":
        return reverse("onestop:apply", args=[row.pk, "story"])
    return reverse("onestop:progress", args=[row.pk])


class OwnTable(Table):
    code, title, order, export = "onestop.own", "我的办件", "-id", False
    columns = (
        Column("item", "事项", "item.name", phone="head", link=_link),
        Column("number", "编号", lambda row: row.number or "草稿"),
        Column("person", "申请人", "person.masked_name"),
        Column(
            "state", "状态", "get_state_display", kind="chip", phone="tail",
            tone=lambda row: showing.CASE_TONES.get(row.state, "done"),
        ),
        Column("submitted_at", "提交时间", kind="time"),
    )  # fmt: skip
    empty = Empty("还没有办件", "选一个事项开始申请，填写的内容随时保存。", "去办事", "/services/")


@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    return OwnTable(request, queries.own_applications(viewer)).answer("onestop/own.html", PLAIN)


@require_safe
def progress(request: HttpRequest, number: int) -> HttpResponse:
    if caller(request).account is None:
        return sign_in(request)
    by, row = mine(request, number)
    if row.state == "draft":
        return HttpResponseRedirect(_link(row))
    slots = list(row.slots.all())
    notices = list(row.notices.order_by("-id"))
    told = queries.progress_of(row)
    context = {
        "title": row.item.name,
        "row": row,
        "tone": showing.CASE_TONES.get(row.state, "done"),
        "limits": queries.limits_of(row),
        "lines": showing.parcel(row, told, queries.route_of(row), areas.unit_names()),
        "todo": showing.to_do(row, slots),
        "slots": [(slot, showing.slot_words(slot)) for slot in slots],
        "fillable": _fillable(row, slots),
        "notices": notices,
        "steps": wording.steps(queries.timeline_of(row, by), rules.WORDS, {}),
        "may_withdraw": "withdraw" in rules.MOVES[row.state],
        "paid": showing_money.paid_to(row),
        "reviewable": queries_reviews.reviewable(row),
    }
    return render(request, "onestop/progress.html", context)


def _fillable(row: Application, slots: list[Any]) -> set[str]:
    """Materials that may be handed in now: everything wanting, at a supplement also what was found faulty."""
    if "fill" not in rules.MOVES[row.state]:
        return set()
    if row.state == "supplement":
        return {
            slot.material for slot in slots if slot.way == "submit" or slot.state in ("failed", "waiting")
        }
    return {slot.material for slot in slots if slot.state in ("failed", "tolerated", "waiting")} - {
        slot.material for slot in slots if slot.way == "share" and slot.state == "waiting"
    }


@require_safe
def receipt(request: HttpRequest, number: int) -> HttpResponse:
    """Number, QR, both limits, what was handed in; for the printer too."""
    if caller(request).account is None:
        return sign_in(request)
    _, row = mine(request, number)
    if not row.number:
        raise Refused("办件提交后才有回执。", code="no_receipt", status=404)
    address = request.build_absolute_uri(reverse("onestop:progress", args=[row.pk]))
    context = {
        "title": "申请回执",
        "row": row,
        "limits": queries.limits_of(row),
        "slots": [(slot, showing.slot_words(slot)) for slot in row.slots.all()],
        "qr": qr(address),
        "address": address,
        "unit": areas.unit_names().get(row.unit, ""),
    }
    return render(request, "onestop/receipt.html", context)


def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    if caller(request).account is None:
        return sign_in(request)
    by, row = mine(request, number)
    back = reverse("onestop:progress", args=[number])
    form = WithdrawForm(*bound(request))
    form.page_lead, form.cancel_url = f"{row.item.name} {row.number}", back

    def act(said: dict[str, Any]) -> str:
        actions.withdraw_application(by=by, application=row.pk, reason=said["reason"])
        messages.success(request, "已撤回申请")
        return back if row.number else reverse("onestop:cases")

    return form_page(request, form, act, context=PLAIN)


def paper(request: HttpRequest, number: int, material: str) -> HttpResponse:
    """One paper that follows."""
    if caller(request).account is None:
        return sign_in(request)
    by, row = mine(request, number)
    slot = row.slots.filter(material=material).first()
    if slot is None:
        raise Refused("清单里没有这项材料。", code="no_material", status=404)
    form = PapersForm(*bound(request), row=row)
    form.page_title, form.page_lead = slot.name, f"{row.item.name} {row.number}"
    form.cancel_url = reverse("onestop:progress", args=[number])

    def act(said: dict[str, Any]) -> str:
        files = kept(by, said["papers"], said["client_uuid"])
        actions.fill_slot(by=by, application=row.pk, papers={material: files})
        messages.success(request, f"已收到“{slot.name}”")
        advise(request, row, files)
        return form.cancel_url

    return form_page(request, form, act, context=PLAIN)


@require_POST
def answer(request: HttpRequest, number: int) -> HttpResponse:
    """补正完成: the case lies at the window again."""
    by, row = mine(request, number)
    actions.answer_supplement(by=by, application=row.pk)
    messages.success(request, "补正已提交，窗口会再次审核")
    return HttpResponseRedirect(reverse("onestop:progress", args=[number]))
