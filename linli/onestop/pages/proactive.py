"""免申即享: what a person may have for a nod, the office's list of what was offered, the question at the door."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.dispatch import wording
from linli.dispatch.actions import accept_order
from linli.dispatch.actions.steps import is_assignee
from linli.dispatch.models import WorkOrder
from linli.dispatch.pages.frame import base_for, in_field, posted, renewing
from linli.kernel import Refused
from linli.kernel.actor import can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.onestop import orders, proactive, queries_offers, signing
from linli.onestop.actions import accept_offer, decline_offer, reopen_offer
from linli.onestop.forms_offers import AnswerForm, DoorForm
from linli.onestop.models import Offer
from linli.onestop.models.proactive import OFFER_STATES
from linli.onestop.pages.frame import PLAIN, STAFF, bound, kept, sign_in

TONES = {"open": "warn", "confirmed": "ok", "lapsed": "bad"}


def tone(row: Offer) -> str:
    return TONES.get(row.state, "done")


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    rows = [(row, proactive.rule_of(row.rule), tone(row)) for row in queries_offers.own_offers(viewer)[:50]]
    return render(request, "onestop/offers/mine.html", {"title": "可以直接享受的", "rows": rows, **PLAIN})


@require_safe
def offer(request: HttpRequest, number: int) -> HttpResponse:
    """What it is, what is asked of which department, and two buttons: yes and no."""
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    row = queries_offers.own_offer(viewer, number)
    case = row.application
    context = {
        "title": row.item.name,
        "row": row,
        "rule": proactive.rule_of(row.rule),
        "tone": tone(row),
        "asked": signing.asked_of(case) if case is not None else [],
        "progress": reverse("onestop:progress", args=[case.pk]) if case and row.state == "confirmed" else "",
        **PLAIN,
    }
    return render(request, "onestop/offers/offer.html", context)


@require_POST
def answer(request: HttpRequest, number: int) -> HttpResponse:
    """One tap: yes, no, or after all."""
    viewer = caller(request)
    row = queries_offers.own_offer(viewer, number)
    here = reverse("onestop:offer", args=[row.pk])
    said = request.POST.get("answer", "")
    if said == "no":
        decline_offer(by=viewer, offer=row.pk)
        messages.success(request, "已记下您不需要，不会再来问您")
        return HttpResponseRedirect(here)
    if said == "again":
        reopen_offer(by=viewer, offer=row.pk)
        return HttpResponseRedirect(here)
    if said != "yes":
        raise Refused("请选择愿意或者不需要。", code="no_answer")
    try:
        done = accept_offer(by=viewer, offer=row.pk)
    except Refused as refused:
        if refused.code != "incomplete":
            raise
        messages.warning(request, refused.message)
        return HttpResponseRedirect(reverse("onestop:apply", args=[row.application_id, "papers"]))
    messages.success(request, "已替您提交申请，不用再交材料")
    return HttpResponseRedirect(reverse("onestop:receipt", args=[done.application_id]))


class OffersTable(Table):
    code, title, order = "onestop.offers", "免申即享", "-id"
    columns = (
        Column(
            "item",
            "事项",
            "item.name",
            phone="head",
            link=lambda row: reverse("onestop:offer_desk", args=[row.pk]),
        ),
        Column("person", "居民", "person.masked_name"),
        Column("on", "到龄日", kind="day"),
        Column("state", "状态", "get_state_display", kind="chip", phone="tail", tone=tone),
        Column("how", "答复方式", "get_how_display", phone="none"),
        Column("until", "答复期限", kind="day"),
        Column("why", "说明", phone="none"),
    )
    filters = (
        Filter("state", "状态", kind="choice", options=tuple(OFFER_STATES)),
        Filter("item", "事项代码", field="item__code", more=True),
        Filter("area", "村（社区）代码", field="community", more=True),
    )
    empty = Empty("没有提示", "到龄的居民会由系统备好草稿，列在这里，等本人决定。")


@require_safe
def offers(request: HttpRequest) -> HttpResponse:
    """For the offices: counts by state, each leading to its list."""
    viewer = caller(request)
    require(viewer, queries_offers.VIEW)
    counts = queries_offers.offer_counts(viewer)
    here = reverse("onestop:offers")
    chosen = request.GET.get("state", "")
    tabs = [(here, f"全部 {sum(counts.values())}", not chosen)]
    tabs += [
        (f"{here}?state={code}", f"{words} {counts.get(code, 0)}", code == chosen)
        for code, words in OFFER_STATES
    ]
    context = {**STAFF, "tabs": tabs, "here": ""}
    return OffersTable(request, queries_offers.offers_seen(viewer)).answer(
        "onestop/offers/list.html", context
    )


def desk(request: HttpRequest, number: int) -> HttpResponse:
    """One offer at an office; where the person stands before a clerk, their answer is taken down."""
    viewer = caller(request)
    row = queries_offers.offer_seen(viewer, number)
    may = row.state == "open" and can(viewer, "onestop.assist", area=row.area, subject=row.subject)
    form = AnswerForm(*bound(request))

    def act(said: dict[str, Any]) -> str:
        if said["answer"] == "no":
            decline_offer(by=viewer, offer=row.pk)
        else:
            accept_offer(
                by=viewer, offer=row.pk, files=kept(viewer, said["photos"] or [], said["client_uuid"])
            )
        messages.success(request, "已记录本人的答复")
        return reverse("onestop:offer_desk", args=[row.pk])

    if request.method == "POST" and not may:
        raise Refused("这项提示现在不能答复。", code="moved_on", status=409)
    context = STAFF | {
        "row": row, "rule": proactive.rule_of(row.rule), "tone": tone(row), "may": may,
        "where": areas.area_path(row.area), "order": orders.open_order(row.subject),
    }  # fmt: skip
    return form_page(request, form, act, template="onestop/offers/desk.html", context=context)


def door(request: HttpRequest, number: int) -> HttpResponse:
    """上门告知: the grid worker's form."""
    viewer = caller(request)
    order = WorkOrder.objects.filter(pk=number, kind=orders.ASK).first()
    if order is None or viewer.account is None or not is_assignee(viewer, order):
        raise Refused("没有这张工单，或者它不是派给您的。", code="no_order", status=404)
    row = Offer.objects.select_related("item", "person").get(pk=int(order.subject.partition(":")[2]))
    rule = proactive.rule_of(row.rule)
    form = DoorForm(*posted(request), request=request, order=order)
    form.page_lead = f"{row.person.masked_name}：{rule.zh if rule else row.item.name}。{DoorForm.page_lead}"

    def act(said: dict[str, Any]) -> str:
        with renewing(form, lambda: WorkOrder.objects.values_list("version", flat=True).get(pk=number)):
            if order.state == "dispatched":
                accept_order(by=viewer, order=order.pk)
            if said["answer"] == "no":
                decline_offer(by=viewer, offer=row.pk, door=True)
            else:
                files = kept(viewer, said["photos"] or [], said["client_uuid"])
                accept_offer(by=viewer, offer=row.pk, files=files, door=True)
        messages.success(request, "已记录本人的答复")
        return "/work/" if in_field(viewer) else f"/orders/{number}/"

    context = {
        "base": base_for(viewer),
        "field": in_field(viewer),
        "order": order,
        "clock": wording.chip(order),
    }
    return form_page(request, form, act, template="dispatch/act.html", context=context)
