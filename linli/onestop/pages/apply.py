"""The application, one thing a page: every page sent is kept, and any page may be come back to."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.onestop import actions, forms_asked, queries, reading, rules, showing
from linli.onestop.actions import Given, drafts
from linli.onestop.forms import (
    ACCOUNT,
    FactsForm,
    MembersForm,
    PapersForm,
    ReviewForm,
    SignForm,
    StartForm,
    StoryForm,
)
from linli.onestop.models import Application
from linli.onestop.pages.frame import PLAIN, bound, kept, mine, sign_in
from linli.onestop.pages.scans import advise
from linli.onestop.resuming import resume_code
from linli.people import actions as people
from linli.people.models import Tie
from linli.people.queries import consents_to, person_of_account

STEPS = {
    "story": "申请说明",
    "members": "家庭成员",
    "facts": "情况说明",
    "papers": "材料",
    "sign": "承诺与授权",
    "review": "核对提交",
}
Step = Callable[[HttpRequest, Actor, Application], HttpResponse]


def start(request: HttpRequest, item: str) -> HttpResponse:
    """Who it is for; sending this page makes the draft."""
    version, by = drafts.version_for(item), caller(request)
    if by.account is None:
        return sign_in(request)
    require(by, "onestop.apply")
    people_of = _people(by.account)
    if not people_of:
        raise Refused(
            "您还没有登记人口信息。请带身份证到社区或街道窗口登记，也可由窗口当场代录。",
            code="no_person",
            status=403,
        )
    form = StartForm(*bound(request), people=people_of)
    form.page_lead, form.cancel_url = version.item.name, reverse("onestop:guide", args=[item])

    def act(said: dict[str, Any]) -> str:
        draft = actions.save_draft(
            by=by, item=item, person=int(said["person"]), client_uuid=str(said["client_uuid"] or "")
        )
        return reverse("onestop:apply", args=[draft.application, "story"])

    return form_page(request, form, act, context=PLAIN)


def _people(account: int) -> list[tuple[str, str]]:
    own = person_of_account(account)
    wards = Tie.objects.filter(kind="guardian", ended=None, other__account=account, person__died=None)
    found = [(str(own.pk), f"{own.masked_name}（本人）")] if own is not None else []
    return found + [(str(t.person_id), t.person.masked_name) for t in wards.select_related("person")]


def steps_of(row: Application) -> list[str]:
    """The pages this item needs: no questions, no page."""
    _, of_case = showing.asked_facts(reading.definition_of(row.version))
    return [step for step in STEPS if step != "facts" or of_case]


def application(request: HttpRequest, number: int, step: str) -> HttpResponse:
    if caller(request).account is None:
        return sign_in(request)
    by, row = mine(request, number)
    if row.state != "draft":
        return HttpResponseRedirect(reverse("onestop:progress", args=[number]))
    if step not in PAGES:
        raise Refused("没有这一页。", code="no_step", status=404)
    return PAGES[step](request, by, row)


def _page(
    request: HttpRequest, row: Application, step: str, form: Any, act: Callable[[dict[str, Any]], Any],
    template: str = "onestop/apply.html", **more: Any,
) -> HttpResponse:  # fmt: skip
    order = steps_of(row)
    at = order.index(step)
    form.page_title, form.cancel_label = STEPS[step], "上一步"
    back = reverse("onestop:apply", args=[row.pk, order[at - 1]]) if at else reverse("onestop:cases")
    form.cancel_url = back
    onward = reverse("onestop:apply", args=[row.pk, order[min(at + 1, len(order) - 1)]])

    def run(said: dict[str, Any]) -> str:
        return act(said) or onward

    context = {
        "row": row, "step": step, "at": at + 1, "of": len(order), "onward": onward,
        "links": [(reverse("onestop:apply", args=[row.pk, one]), STEPS[one], one == step) for one in order],
        "code": resume_code(row.sender, row.client_uuid), **more,
    }  # fmt: skip
    return form_page(request, form, run, template=template, context=PLAIN | context)


def _save(by: Actor, row: Application, **parts: Any) -> None:
    actions.save_draft(by=by, application=row.pk, given=Given(**parts))


def _story(request: HttpRequest, by: Actor, row: Application) -> HttpResponse:
    def act(said: dict[str, Any]) -> None:
        written = json.loads(row.form) if row.form else {}
        told = {"说明": said["story"], "联系电话": said["contact"], **forms_asked.told(form, form.asked)}
        if paid:
            told[ACCOUNT] = said["account"].replace(" ", "")
        _save(by, row, form=written | told)

    paid = reading.definition_of(row.version).payout.get("channel") == "social_bank"
    form = StoryForm(*bound(request), row=row, paid=paid)
    return _page(request, row, "story", form, act)


def _members(request: HttpRequest, by: Actor, row: Application) -> HttpResponse:
    asked, _ = showing.asked_facts(reading.definition_of(row.version))
    form = MembersForm(*bound(request), row=row, asked=asked)
    return _page(request, row, "members", form, lambda said: _save(by, row, members=form.told(asked)))


def _facts(request: HttpRequest, by: Actor, row: Application) -> HttpResponse:
    _, asked = showing.asked_facts(reading.definition_of(row.version))
    form = FactsForm(*bound(request), row=row, asked=asked)
    return _page(
        request, row, "facts", form, lambda said: _save(by, row, facts={n: said[n] == "1" for n, _ in asked})
    )


def _papers(request: HttpRequest, by: Actor, row: Application) -> HttpResponse:
    """One page lists all; `?of=CODE` uploads one, `&instead=FILE` in place of a photo taken badly."""
    lines = showing.wanted(reading.definition_of(row.version), reading.household_of(row))
    wanted = {one.code: one for one, _ in lines.brought}
    slots = {slot.material: slot for slot in row.slots.all()}
    chosen = wanted.get(request.GET.get("of", ""))
    given = request.GET.get("instead", "")
    instead = int(given) if given.isascii() and given.isdigit() else None
    form = PapersForm(*bound(request), row=row)
    here = reverse("onestop:apply", args=[row.pk, "papers"])

    def act(said: dict[str, Any]) -> str:
        if chosen is None:
            raise Refused(
                "请先在清单里选择要上传的材料。", code="no_material", fields={"papers": ["请选择材料"]}
            )
        before = slots[chosen.code].files if chosen.code in slots else []
        files = kept(by, said["papers"], said["client_uuid"])
        _save(by, row, papers={chosen.code: [*(one for one in before if one != instead), *files]})
        messages.success(request, f"已收到“{chosen.name}”")
        advise(request, row, files)
        return here

    said = [(one, slots.get(one.code)) for one in wanted.values()]
    return _page(
        request, row, "papers", form, act, "onestop/papers.html", chosen=chosen, wanted=lines, brought=said
    )


def _sign(request: HttpRequest, by: Actor, row: Application) -> HttpResponse:
    """Declaration and authorisation: of the applicant here, of the others each by themselves or on paper at a window."""
    members = [
        (one, consents_to(one.person_id, drafts.CONSENT)) for one in row.members.select_related("person")
    ]
    own = row.person.account_id == by.account

    def act(said: dict[str, Any]) -> None:
        written = json.loads(row.form) if row.form else {}
        _save(by, row, form=written | {"承诺": "是"})
        if own and not consents_to(row.person_id, drafts.CONSENT):
            people.give_consent(by=by, person=row.person_id, purpose=drafts.CONSENT, evidence="网上签署")

    form = SignForm(*bound(request), row=row)
    return _page(request, row, "sign", form, act, "onestop/sign.html", members=members, own=own)


def _review(request: HttpRequest, by: Actor, row: Application) -> HttpResponse:
    """Everything once more; what is wanting is named all at once."""
    definition, household = reading.definition_of(row.version), reading.household_of(row)
    lacking = rules.missing_materials(definition, household, _lines(row), tolerate=True)

    def act(said: dict[str, Any]) -> str:
        written = json.loads(row.form) if row.form else {}
        if not written.get("承诺"):
            raise Refused("请先完成“承诺与授权”。", code="unsigned")
        actions.submit(by=by, application=row.pk, signed=said["signed"])
        return reverse("onestop:receipt", args=[row.pk])

    written = {k: v for k, v in showing.written(row).items() if k != "承诺"}
    form = ReviewForm(*bound(request), row=row)
    return _page(
        request, row, "review", form, act, "onestop/review.html", written=written, lacking=lacking,
        members=list(row.members.select_related("person")), limits=queries.limits_of(row),
        wanted=showing.wanted(definition, household),
    )  # fmt: skip


def _lines(row: Application) -> dict[str, rules.Line]:
    """What submitting would find: shared lines are asked for then, forms are signed by it."""
    definition = reading.definition_of(row.version)
    there = {one.code: rules.Line(one.code, one.obtain, "met") for one in definition.materials if one.obtain in ("share", "form")}  # fmt: skip
    return there | drafts.lines_of(list(row.slots.all()))


PAGES: dict[str, Step] = {
    "story": _story,
    "members": _members,
    "facts": _facts,
    "papers": _papers,
    "sign": _sign,
    "review": _review,
}
