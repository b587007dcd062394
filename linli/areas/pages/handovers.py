"""Hand-overs: the list, a new one, signing, giving back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from linli.areas import actions, duties, queries, rules
from linli.areas.forms import HandoverForm, SignForForm, SignForm
from linli.areas.models import Handover
from linli.kernel import Refused
from linli.kernel.actor import Actor, can
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table

STAFF = {"base": "web/base.html"}


class HandoverTable(Table):
    code = "areas.handovers"
    title = gettext_lazy("工作移交")
    order = "-id"
    columns = (
        Column("giver", gettext_lazy("移交人"), get="giver.__str__", phone="head",
               link=lambda row: reverse("areas:handover", args=[row.pk])),
        Column("receiver", gettext_lazy("接收人"), get="receiver.__str__"),
        Column("reason", gettext_lazy("原因"), get="get_reason_display"),
        Column("starts", gettext_lazy("开始"), kind="day", sort="starts"),
        Column("ends", gettext_lazy("结束"), kind="day"),
        Column("items", gettext_lazy("项数"), get=lambda row: len(row.items), kind="num"),
        Column("state", gettext_lazy("状态"), get="get_state_display", phone="tail"),
    )  # fmt: skip
    filters = (Filter("state", gettext_lazy("状态"), kind="choice", options=tuple(Handover.STATES)),)
    empty = Empty(
        gettext_lazy("还没有移交单"),
        gettext_lazy("请假、病休、替岗或离任时，用一份清单移交名下全部在办职责。"),
    )


@require_safe
def handovers(request: HttpRequest) -> HttpResponse:
    viewer = _staff(request)
    return HandoverTable(request, queries.handovers_seen(viewer).order_by()).answer("areas/handovers.html")


def _staff(request: HttpRequest) -> Actor:
    viewer = caller(request)
    if viewer.account is None:
        raise Refused(_("请先登录。"), code="sign_in", status=403)
    if getattr(request.user, "kind", "") == "resident":
        raise Refused(_("工作移交给工作人员用。"), code="not_allowed", status=403)
    return viewer


def new_handover(request: HttpRequest) -> HttpResponse:
    by = _staff(request)
    own = getattr(request.user, "username", "")
    form = HandoverForm(
        request.POST or None, request=request, initial={"giver": own, "starts": timezone.localdate()}
    )
    form.cancel_url = reverse("areas:handovers")

    def act(values: dict[str, Any]) -> str:
        wanted = ("giver", "receiver", "reason", "starts", "ends", "note")
        made = actions.draft_handover(by=by, **{name: values[name] for name in wanted})
        return reverse("areas:handover", args=[made.pk])

    return form_page(request, form, act, context=STAFF)


def handover(request: HttpRequest, number: int) -> HttpResponse:
    """The list as it is now while it can be signed, as it was moved afterwards; and what is left to do."""
    by = _staff(request)
    row = queries.handover_of(by, number)
    live = row.state in ("drafted", "signed")
    items = duties.open_items(row.giver_id) if live else [duties.Item(*one) for one in row.items]
    party = by.account in (row.giver_id, row.receiver_id)
    signed = row.giver_signed if by.account == row.giver_id else row.receiver_signed
    form = SignForm(request.POST or None, request=request, initial={"seen": actions.handovers.digest(items)})
    managed = can(by, "areas.edit", area=row.area)

    def act(values: dict[str, Any]) -> str:
        actions.sign_handover(by=by, handover=number, seen=values["seen"])
        return reverse("areas:handover", args=[number])

    context = STAFF | {
        "row": row,
        "groups": _by_kind(items),
        "count": len(items),
        "may_sign": party and signed is None and row.state == "drafted",
        "may_sign_for": managed and not party and row.state == "drafted" and not row.admin_signed,
        "may_cancel": live and (party or managed),
        "may_give_back": row.state == "moved" and row.reason in rules.RETURNING and (party or managed),
    }
    return form_page(request, form, act, template="areas/handover.html", context=context)


def _by_kind(items: list[duties.Item]) -> list[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for item in items:
        groups.setdefault(duties.label_of(item.kind), []).append(item.title)
    return list(groups.items())


def sign_for(request: HttpRequest, number: int) -> HttpResponse:
    by = _staff(request)
    row = queries.handover_of(by, number)
    items = duties.open_items(row.giver_id)
    form = SignForForm(
        request.POST or None, request=request, initial={"seen": actions.handovers.digest(items)}
    )
    form.page_lead = _("移交人 %(giver)s 不能签字时由管理员代签，共 %(count)d 项。") % {
        "giver": row.giver,
        "count": len(items),
    }
    form.cancel_url = back = reverse("areas:handover", args=[number])

    def act(values: dict[str, Any]) -> str:
        actions.sign_for_giver(by=by, handover=number, seen=values["seen"], reason=values["reason"])
        return back

    return form_page(request, form, act, context=STAFF)


@require_POST
def end(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """Cancel before anything moved, or give back before the last day."""
    by = _staff(request)
    queries.handover_of(by, number)
    if act not in ("cancel", "give-back"):
        raise Refused(_("没有这种办理。"), code="no_act", status=404)
    done = actions.cancel_handover if act == "cancel" else actions.give_back_handover
    done(by=by, handover=number)
    return HttpResponseRedirect(reverse("areas:handover", args=[number]))
