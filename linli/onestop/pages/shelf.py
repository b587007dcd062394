"""我的材料: what somebody handed in before, who asked about them; and taking a paper up again in a new case."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from linli.kernel import Refused
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.onestop import actions, queries_shelf, usage
from linli.onestop.forms import ConfirmForm
from linli.onestop.forms_outlet import ReuseForm
from linli.onestop.pages.frame import PLAIN, bound, mine, sign_in
from linli.people.queries import person_of_account


@require_safe
def papers(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    person, today = person_of_account(viewer.account), timezone.localdate()
    found = list(queries_shelf.own_papers(viewer)[:200])
    for one in found:
        one.over = bool(one.until and one.until < today)  # type: ignore[attr-defined]
    uses = usage.uses(viewer, person.pk) if person is not None else []
    return render(request, "onestop/outlet/papers.html", {"title": "我的材料", "papers": found, "uses": uses})


def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    row = queries_shelf.own_papers(viewer).filter(pk=number).first()
    if row is None:
        raise Refused("没有找到这份材料，或者它不是您的。", code="no_paper", status=404)
    form = ConfirmForm(*bound(request))
    form.page_title, form.submit_label = "撤回材料", "确认撤回"
    form.page_lead = f"撤回后，“{row.name}”不再提供给以后的办件。已经办理的办件仍保留当时的材料。"
    form.cancel_url = reverse("onestop:own_papers")

    def act(said: dict[str, Any]) -> str:
        actions.withdraw_paper(by=viewer, paper=row.pk)
        messages.success(request, f"已撤回“{row.name}”")
        return form.cancel_url

    return form_page(request, form, act, context=PLAIN)


def reuse(request: HttpRequest, number: int) -> HttpResponse:
    """One tick a paper, for this case alone."""
    if caller(request).account is None:
        return sign_in(request)
    by, row = mine(request, number)
    found = queries_shelf.offers(row)
    own = by.account == row.person.account_id
    back = reverse("onestop:apply", args=[number, "papers"]) if row.state == "draft" else reverse("onestop:progress", args=[number])  # fmt: skip
    choices = [
        (str(one.pk), f"{one.name}（{one.issued:%Y-%m-%d}，{one.application.item.name}）") for one in found
    ]
    form = ReuseForm(*bound(request), choices=choices, own=own)
    form.cancel_url = back
    if not found and request.method != "POST":
        messages.info(request, "没有可以沿用的材料")
        return form_page(request, form, lambda said: back, context=PLAIN)

    @transaction.atomic
    def act(said: dict[str, Any]) -> str:
        for chosen in said["papers"]:
            actions.reuse_paper(
                by=by, application=row.pk, paper=int(chosen), consent=True, evidence=said.get("evidence", "")
            )
        messages.success(request, f"已使用 {len(said['papers'])} 份以前的材料")
        return back

    return form_page(request, form, act, context=PLAIN)
