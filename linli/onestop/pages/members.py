"""Family members' authorisation: who has signed, the page a member reads and answers, the sheet signed at a window."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for_link
from linli.kernel.actor import Actor, can
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.onestop import door, queries, signing
from linli.onestop.actions import members as acts
from linli.onestop.forms_members import AuthoriseForm, SheetForm
from linli.onestop.models import Application, Member
from linli.onestop.pages.frame import OPENED, PLAIN, STAFF, bound, kept, qr, sign_in

LINKS = "onestop_links"  # session: member -> address of the link made here, to show it once more
GONE = "这个链接已经用过、过期或被撤回。请联系家里人重新邀请，也可以到窗口签。"


def _case(request: HttpRequest, number: int) -> tuple[Actor, Application, bool]:
    """Actor, case, and whether it is seen from a desk. For the applicant, their agent, a window. Raises Refused 404."""
    by = caller(request)
    try:
        row = queries.own_case(by, number, request.session.get(OPENED, ()))
        return by, row, row.person.account_id != by.account and can(by, "onestop.assist", area=row.area)
    except Refused:
        row = queries.application_of(by, number)
        if not can(by, "onestop.assist", area=row.area, subject=row.subject):
            raise
        return by, row, True


def _here(row: Application) -> str:
    return reverse("onestop:members", args=[row.pk])


def _member(row: Application, number: int) -> Member:
    found = row.members.select_related("person").filter(pk=number).first()
    if found is None:
        raise Refused("没有找到这位家庭成员。", code="no_member", status=404)
    return found


@require_safe
def members(request: HttpRequest, number: int) -> HttpResponse:
    """Everybody of the case and how far their authorisation is; a link just made is shown with its QR."""
    if caller(request).account is None:
        return sign_in(request)
    by, row, desk = _case(request, number)
    links = request.session.get(LINKS, {})
    lines = []
    for one in signing.standing_of(row):
        address = links.get(str(one.member.pk), "") if one.state == "invited" else ""
        lines.append((one, address, qr(address) if address else ""))
    draft = row.state == "draft"
    context = {
        "title": "家人授权",
        "row": row,
        "lines": lines,
        "left": len(signing.unsigned(one for one, _, _ in lines)),
        "desk": desk,
        "own": by.account == row.person.account_id,
        "asked": signing.asked_of(row),
        "moving": row.state in acts.MOVING,
        "back": reverse("onestop:apply", args=[row.pk, "sign"]) if draft else _case_page(row, desk),
        **(STAFF if desk else PLAIN),
    }
    return render(request, "onestop/members/case.html", context)


def _case_page(row: Application, desk: bool) -> str:
    return reverse("onestop:case" if desk else "onestop:progress", args=[row.pk])


@require_POST
def invite(request: HttpRequest, number: int, member: int) -> HttpResponse:
    by, row, _ = _case(request, number)
    found = _member(row, member)
    raw = request.build_absolute_uri(reverse("onestop:authorise_link", args=["SECRET"]))
    sent = acts.invite_member(by=by, member=found.pk, address=raw.replace("SECRET", acts.HERE))
    request.session[LINKS] = {**request.session.get(LINKS, {}), str(found.pk): sent.address}
    told = {"account": "已发到本人的账号", "phone": "已发短信到本人的手机"}.get(sent.told, "请让本人扫码")
    messages.success(request, f"已邀请{found.person.masked_name}，{told}")
    return HttpResponseRedirect(_here(row))


def sheet(request: HttpRequest, number: int, member: int) -> HttpResponse:
    """The paper one signs in front of a clerk."""
    if caller(request).account is None:
        return sign_in(request)
    by, row, desk = _case(request, number)
    found = _member(row, member)
    if not desk:
        raise Refused("纸质授权书由窗口工作人员登记。", code="not_allowed", status=403)
    form = SheetForm(*bound(request))
    form.page_title, form.cancel_url = f"登记{found.person.masked_name}的授权书", _here(row)

    def act(said: dict[str, Any]) -> str:
        files = kept(by, said["papers"], said["client_uuid"])
        acts.record_sheet(by=by, member=found.pk, files=files)
        messages.success(request, "已登记授权")
        return _here(row)

    return form_page(request, form, act, context=STAFF)


@require_POST
def take_back(request: HttpRequest, number: int, member: int) -> HttpResponse:
    """撤回 at a window, for who has no account."""
    by, row, _ = _case(request, number)
    acts.withdraw_member(by=by, member=_member(row, member).pk)
    messages.success(request, "授权已撤回，不再查询")
    return HttpResponseRedirect(_here(row))


def _own(by: Actor, number: int) -> Member:
    """A member the caller answers for by their account. Raises Refused 404."""
    rows = Member.objects.select_related(
        "person", "application__item", "application__person", "application__version"
    )
    found = rows.filter(pk=number).first()
    if found is None or acts.way_of(by, found) not in ("account", "guardian"):
        raise Refused("没有找到需要您签署的授权。", code="no_member", status=404)
    return found


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """需要我授权的: what others of the family asked, what was answered."""
    by = caller(request)
    if by.account is None:
        return sign_in(request)
    lines = [(one.member, one) for one in signing.standings(signing.asked_me(by.account))]
    return render(request, "onestop/members/mine.html", {"title": "家人的授权", "lines": lines, **PLAIN})


def authorise(request: HttpRequest, number: int) -> HttpResponse:
    """The member's page, signed in."""
    by = caller(request)
    if by.account is None:
        return sign_in(request)
    found = _own(by, number)
    return _page(request, by, found, link=False, to=reverse("onestop:authorisations"))


@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    by = caller(request)
    acts.withdraw_member(by=by, member=_own(by, number).pk)
    messages.success(request, "授权已撤回，不再查询您的信息")
    return HttpResponseRedirect(reverse("onestop:authorisations"))


def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The member's page, by the one-time link: nothing of it is shown to who has no valid one."""
    door.limit(request, caller(request), "link")
    by = actor_for_link(token)
    subject = by.passes[0].subject if by and by.passes else ""
    name, _, number = subject.partition(":")
    rows = Member.objects.select_related(
        "person", "application__item", "application__person", "application__version"
    )
    found = rows.filter(pk=int(number)).first() if name == "onestop.member" else None
    if by is None or found is None:
        raise Refused(GONE, code="no_link", status=404)
    answer = _page(request, by, found, link=True, to=reverse("onestop:authorised"))
    answer["Referrer-Policy"] = (
        "same-origin"  # none at all would hide the form's own origin from the CSRF check
    )
    answer["X-Robots-Tag"] = "noindex"
    return answer


@require_safe
def done(request: HttpRequest) -> HttpResponse:
    return render(request, "onestop/members/done.html", {"title": "已收到", **PLAIN})


def _page(request: HttpRequest, by: Actor, member: Member, *, link: bool, to: str) -> HttpResponse:
    row, state = member.application, signing.standings([member])[0]
    form = AuthoriseForm(*bound(request), link=link)
    form.page_title = "请您看一看，再决定"
    form.page_lead = f"{row.person.masked_name}要办“{row.item.name}”"

    def act(said: dict[str, Any]) -> str:
        answer = acts.sign_member if said["answer"] == "sign" else acts.refuse_member
        answer(by=by, member=member.pk, tail=said.get("tail", ""))
        if not link:
            messages.success(request, "已签署" if said["answer"] == "sign" else "已记下您不同意")
        return to

    context = {
        "row": row, "member": member, "standing": state, "link": link, "child": signing.is_child(member.person),
        "asked": signing.asked_of(row), "open": state.state != "signed" and row.state in acts.MOVING, **PLAIN,
    }  # fmt: skip
    return form_page(request, form, act, template="onestop/members/authorise.html", context=context)
