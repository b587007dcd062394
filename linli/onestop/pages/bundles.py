"""一件事: the guide, one application for several cases, one page of progress, and the office's list."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.onestop import bundling, families, queries, queries_offers, showing
from linli.onestop.actions import (
    decline_bundle,
    retry_bundle,
    save_bundle,
    start_bundle,
    submit_bundle,
)
from linli.onestop.actions.bundles import kind_of, papers_of
from linli.onestop.actions.drafts import version_for
from linli.onestop.forms_bundles import BeginForm, FactsForm, HandInForm, HelpForm
from linli.onestop.models import Bundle, BundlePart, Item
from linli.onestop.models.bundles import BUNDLE_STATES
from linli.onestop.pages.frame import PLAIN, STAFF, bound, kept, sign_in
from linli.people.queries import person_of_account

TONES = {"offered": "warn", "draft": "paused", "submitted": "ok"}
PART_TONES = {"waiting": "paused", "stuck": "bad", "open": "ok", "ended": "bad"}
DEAD = "YJS-02"


def tone(row: Bundle) -> str:
    return TONES.get(row.state, "done")


def _kind(slug: str) -> bundling.Kind:
    found = bundling.by_slug(slug)
    if found is None:
        raise Refused("没有这个一件事。", code="no_bundle", status=404)
    return found


@require_safe
def guides(request: HttpRequest) -> HttpResponse:
    context = {"title": "一件事一次办", "kinds": bundling.kinds().values(), **PLAIN}
    return render(request, "onestop/bundles/guides.html", context)


@require_safe
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """What is done in one go, for whom each, by which limit."""
    kind = _kind(slug)
    lines = []
    for part in kind.parts:
        version = version_for(part.item)
        words = [said for name, said in kind.questions if name in str(part.when or "")]
        lines.append((version.item, version.definition, part, words))
    context = {"title": kind.zh, "kind": kind, "lines": lines, **PLAIN}
    return render(request, "onestop/bundles/guide.html", context)


def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Who it is about; sending this page makes the draft."""
    kind, by = _kind(slug), caller(request)
    if by.account is None:
        return sign_in(request)
    require(by, "onestop.apply")
    own = person_of_account(by.account)
    if own is None:
        raise Refused("您还没有登记人口信息。请带身份证到社区或街道窗口登记。", code="no_person", status=403)
    dead = kind.code == DEAD
    people = [(str(one.pk), one.masked_name) for one in families.possible(own, dead=dead)]
    if not dead:
        people.append(("0", "孩子还没有登记"))
    elif not people:
        raise Refused(
            "系统里还没有登记您亲人的离世。请先到社区登记，登记后就可以在这里一次办。",
            code="no_about",
            status=403,
        )
    form = BeginForm(*bound(request), kind=kind, people=people)
    form.page_lead, form.cancel_url = kind.lead, reverse("onestop:bundle_guide", args=[slug])

    def act(said: dict[str, Any]) -> str:
        made = start_bundle(
            by=by, code=kind.code, person=own.pk, about=int(said["about"]) or None,
            client_uuid=str(said["client_uuid"] or ""),
        )  # fmt: skip
        return reverse("onestop:bundle", args=[made.pk])

    return form_page(request, form, act, context=PLAIN)


def assist(request: HttpRequest) -> HttpResponse:
    """代办: a clerk begins it for somebody at the window."""
    by = caller(request)
    require(by, "onestop.assist")
    form = HelpForm(*bound(request), kinds=[(one.code, one.zh) for one in bundling.kinds().values()])
    form.cancel_url = reverse("onestop:bundles")

    def act(said: dict[str, Any]) -> str:
        who = queries.person_to_assist(by, said["number"])
        if who is None:
            raise Refused(
                "没有找到申请人。", code="no_person", fields={"number": ["请核对号码；未登记的请先登记"]}
            )
        other = queries.anybody_to_assist(by, said["about"]) if said["about"].strip() else None
        if said["about"].strip() and other is None:
            raise Refused(
                "没有找到这个人。", code="no_about", fields={"about": ["请核对号码；未登记的请先登记"]}
            )
        made = start_bundle(
            by=by, code=said["code"], person=who.pk, about=other.pk if other else None,
            authority=said["authority"], client_uuid=str(said["client_uuid"] or ""),
        )  # fmt: skip
        return reverse("onestop:bundle", args=[made.pk])

    return form_page(request, form, act, context=STAFF)


def _mine(request: HttpRequest, number: int) -> tuple[Actor, Bundle]:
    by = caller(request)
    return by, queries_offers.own_bundle(by, number)


def _progress(row: Bundle) -> str:
    return reverse("onestop:bundle_progress", args=[row.pk])


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    rows = [
        (row, bundling.kinds().get(row.code), tone(row)) for row in queries_offers.own_bundles(viewer)[:50]
    ]
    context = {"title": "我的一件事", "rows": rows, "kinds": bundling.kinds().values(), **PLAIN}
    return render(request, "onestop/bundles/mine.html", context)


def bundle(request: HttpRequest, number: int) -> HttpResponse:
    """First page of the application: which of the matters, and a telephone number."""
    if caller(request).account is None:
        return sign_in(request)
    by, row = _mine(request, number)
    if row.state not in ("offered", "draft"):
        return HttpResponseRedirect(_progress(row))
    kind = kind_of(row.code)
    form = FactsForm(*bound(request), kind=kind, row=row)
    form.page_lead = f"{kind.about}：{row.about.masked_name}。{kind.lead}" if row.about else kind.lead
    form.cancel_url = reverse("onestop:bundles_mine")

    def act(said: dict[str, Any]) -> str:
        told = {name: name in said["facts"] for name, _ in kind.questions}
        save_bundle(by=by, bundle=row.pk, facts=told, form={"联系电话": said["contact"]})
        return reverse("onestop:bundle_papers", args=[row.pk])

    context = PLAIN | {"row": row, "may_decline": row.state == "offered"}
    return form_page(request, form, act, template="onestop/bundles/facts.html", context=context)


def papers(request: HttpRequest, number: int) -> HttpResponse:
    """Second page: every paper once, one signature, everything handed in."""
    if caller(request).account is None:
        return sign_in(request)
    by, row = _mine(request, number)
    if row.state not in ("offered", "draft"):
        return HttpResponseRedirect(_progress(row))
    wanted, kind = papers_of(row), kind_of(row.code)
    form = HandInForm(*bound(request), papers=wanted, row=row)
    form.cancel_url, form.cancel_label = reverse("onestop:bundle", args=[row.pk]), "上一步"

    def act(said: dict[str, Any]) -> str:
        given = {}
        for code in wanted:
            if photos := said[f"paper_{code}"]:
                given[code] = [*row.papers.get(code, []), *kept(by, photos, said["client_uuid"])]
        save_bundle(by=by, bundle=row.pk, papers=given)
        submit_bundle(by=by, bundle=row.pk, signed=said["signed"])
        messages.success(request, "已经一次提交，每一件的进度都在这里看")
        return _progress(row)

    parts = bundling.parts_for(kind, row.facts)
    named = [(version_for(one.item).item.name, one.after) for one in parts]
    context = PLAIN | {"row": row, "kind": kind, "named": named, "wanted": wanted}
    return form_page(request, form, act, template="onestop/bundles/papers.html", context=context)


def _line(part: BundlePart, names: dict[str, str]) -> dict[str, Any]:
    case = part.application
    limits = queries.limits_of(case) if case is not None and case.number else None
    return {
        "part": part, "name": names.get(part.item, part.item), "case": case, "tone": PART_TONES.get(part.state, "done"),
        "state": case.get_state_display() if case is not None and part.state == "open" else part.get_state_display(),
        "after": names.get(part.after, ""), "limits": limits,
    }  # fmt: skip


@require_safe
def progress(request: HttpRequest, number: int) -> HttpResponse:
    """All cases of the bundle on one page, each with its own state, limits and what keeps it."""
    viewer = caller(request)
    if viewer.account is None:
        return sign_in(request)
    row = queries_offers.bundle_seen(viewer, number)
    if row.state in ("offered", "draft") and queries_offers.own_bundles(viewer).filter(pk=number).exists():
        return HttpResponseRedirect(reverse("onestop:bundle", args=[row.pk]))
    parts = list(row.parts.select_related("application__item", "application__version", "application__person"))
    names = dict(Item.objects.filter(code__in=[one.item for one in parts]).values_list("code", "name"))
    own = queries_offers.own_bundles(viewer).filter(pk=number).exists()
    context = {
        "title": kind_of(row.code).zh, "row": row, "kind": kind_of(row.code), "tone": tone(row), "own": own,
        "lines": [_line(one, names) for one in parts], "person": queries_offers.person_words(row.person),
        "done": sum(one.state in ("done", "ended", "dropped") for one in parts), "all": len(parts),
        "stuck": any(one.state == "stuck" for one in parts) and own, "where": areas.area_path(row.area),
        "tones": showing.CASE_TONES, **(PLAIN if own else STAFF),
    }  # fmt: skip
    return render(request, "onestop/bundles/progress.html", context)


@require_POST
def retry(request: HttpRequest, number: int) -> HttpResponse:
    by, row = _mine(request, number)
    retry_bundle(by=by, bundle=row.pk)
    return HttpResponseRedirect(_progress(row))


@require_POST
def decline(request: HttpRequest, number: int) -> HttpResponse:
    by, row = _mine(request, number)
    decline_bundle(by=by, bundle=row.pk)
    messages.success(request, "已记下您不需要，不会再提")
    return HttpResponseRedirect(reverse("onestop:bundles_mine"))


class BundlesTable(Table):
    code, title, order = "onestop.bundles", "一件事", "-id"
    columns = (
        Column("code", "一件事", lambda row: bundling.kinds()[row.code].zh if row.code in bundling.kinds() else row.code,
               phone="head", link=lambda row: reverse("onestop:bundle_progress", args=[row.pk])),
        Column("person", "申请人", lambda row: queries_offers.person_words(row.person)),
        Column("about", "为谁办", "about.masked_name"),
        Column("state", "状态", "get_state_display", kind="chip", phone="tail", tone=tone),
        Column("made_at", "开始", kind="time"),
        Column("submitted_at", "提交", kind="time", phone="none"),
    )  # fmt: skip
    filters = (
        Filter("state", "状态", kind="choice", options=tuple(BUNDLE_STATES)),
        Filter("code", "一件事代码", more=True),
    )
    empty = Empty(
        "还没有一件事",
        "居民申请的、出生和离世登记后提示的，都列在这里。",
        "代办一件事",
        "/onestop/bundles/new/",
    )


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, queries_offers.VIEW)
    context = STAFF | {"may_assist": can(viewer, "onestop.assist") or bool(viewer.scopes("onestop.assist"))}
    return BundlesTable(request, queries_offers.bundles_seen(viewer)).answer(
        "onestop/bundles/list.html", context
    )
