"""The administrator's clocks and ladders, and the duty list."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from linli.areas import queries as areas
from linli.dispatch import actions, forms, queries, registry, wording
from linli.dispatch.actions.catalogue import ACTS, POSTS, STAGES
from linli.dispatch.models import URGENCIES, Clock, Ladder
from linli.dispatch.pages.frame import posted
from linli.kernel import Refused
from linli.kernel.actor import Actor, can, require
from linli.kernel.deadlines import rules as deadlines
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page

STATUS = {"cited": "有出处", "known": "通行做法", "to_confirm": "待核实"}
MODES = {"actual": "实战", "drill": "演练", "exercise": "推演"}


def kind_words(kind: str) -> str:
    if kind == "*":
        return "全部工单"
    return f"{kind[:-2]} 各类" if kind.endswith(".*") else registry.title(kind)


def clocks(request: HttpRequest) -> HttpResponse:
    require(caller(request), "dispatch.ladders")
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for clock in Clock.objects.filter(active=True).order_by("kind", "stage"):
        if clock.kind != "*" and not clock.kind.endswith(".*") and clock.kind not in registry.kinds():
            continue  # a kind whose room is not installed here
        row = rows.setdefault(
            (clock.kind, clock.stage),
            {"kind": kind_words(clock.kind), "stage": STAGES.get(clock.stage, clock.stage), "limits": {}},
        )
        row["limits"][clock.urgency] = deadlines.Limit.parse(clock.limit).zh
        row |= {
            "source": clock.source,
            "status": STATUS.get(clock.status, clock.status),
            "version": clock.version,
        }
        row["url"] = f"/admin/clocks/edit/?kind={clock.kind}&stage={clock.stage}"
    shown = [
        row | {"cells": [row["limits"].get(code, "—") for code, _ in URGENCIES]} for row in rows.values()
    ]
    context = {"title": "各环节时限", "rows": shown, "urgencies": [words for _, words in URGENCIES]}
    return render(request, "dispatch/clocks.html", context)


def clock_edit(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "dispatch.ladders")
    kind, stage = request.GET.get("kind", ""), request.GET.get("stage", "")
    if stage not in STAGES:
        raise Refused("没有这个环节。", code="no_stage", status=404)
    now = {row.urgency: row for row in Clock.objects.filter(active=True, kind=kind, stage=stage)}
    initial = {f"limit_{code}": row.limit for code, row in now.items()}
    initial["source"] = next((row.source for row in now.values()), "")
    version = sum(row.version for row in now.values())
    form = forms.ClockForm(posted(request)[0], initial=initial, request=request, base_version=version)
    form.page_title = f"{kind_words(kind)}：{STAGES[stage]}时限"

    def run(said: dict[str, Any]) -> str:
        if form.stale(version):
            form.refresh(version)
            raise Refused(
                "这些时限刚被他人修改。您填的内容还在，请核对后再次提交。", code="stale", status=409
            )
        _set_clocks(viewer, kind, stage, said)
        messages.success(request, "已保存，今后生成的工单按新时限")
        return "/admin/clocks/"

    return form_page(request, form, run, context={"base": "web/base.html"})


def _set_clocks(viewer: Actor, kind: str, stage: str, said: dict[str, Any]) -> None:
    wrong: dict[str, list[str]] = {}
    given = [(code, words) for code, words in URGENCIES if said[f"limit_{code}"]]
    if not given:
        raise Refused("请至少填写一个时限", code="missing", fields={"limit_routine": ["请至少填写一个时限"]})
    for code, _ in given:
        try:
            actions.set_clock(
                by=viewer,
                kind=kind,
                stage=stage,
                urgency=code,
                limit=said[f"limit_{code}"],
                source=said["source"],
            )
        except Refused as refused:
            moved = {
                ("limit_" + code if name == "limit" else name): why for name, why in refused.fields.items()
            }
            if not moved:
                raise
            wrong |= moved
    if wrong:
        raise Refused("时限有误", code="wrong_clock", fields=wrong)


def ladders(request: HttpRequest) -> HttpResponse:
    require(caller(request), "dispatch.ladders")
    newest: dict[tuple[str, str, str], Ladder] = {}
    for row in Ladder.objects.filter(active=True).order_by("code", "urgency", "mode", "version"):
        newest[row.code, row.urgency, row.mode] = row
    shown = [
        {
            "row": row,
            "kind": kind_words(row.code),
            "urgency": dict(URGENCIES).get(row.urgency, "各紧急程度"),
            "mode": MODES[row.mode],
            "status": STATUS.get(row.status, row.status),
            "rungs": [rung_words(rung) for rung in row.rungs],
        }
        for row in newest.values()
    ]
    return render(request, "dispatch/ladders.html", {"title": "催办督办阶梯", "ladders": shown})


def rung_words(rung: dict[str, Any]) -> dict[str, str]:
    when = f"用时 {float(rung['share']):.0%}" if rung.get("share") else f"{rung.get('seconds', 0)} 秒后"
    return {
        "when": when,
        "stage": f"{STAGES[rung['stage']]}环节" if rung.get("stage") in STAGES else "各环节",
        "act": ACTS.get(rung.get("act", ""), rung.get("act", "")),
        "who": "、".join(wording.who_words(one) for one in rung.get("who", [])),
        "quiet": "不避夜间" if rung.get("ignores_quiet") else "",
    }


def ladder_edit(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    require(viewer, "dispatch.ladders")
    row = Ladder.objects.filter(pk=number).first()
    if row is None:
        raise Refused("没有这个阶梯。", code="no_ladder", status=404)
    newest = (
        Ladder.objects.filter(code=row.code, urgency=row.urgency, mode=row.mode).order_by("-version").first()
    )
    version = newest.version if newest else row.version
    form = forms.LadderForm(
        posted(request)[0], initial={"source": row.source}, request=request, base_version=version
    )
    form.page_title = f"{kind_words(row.code)} · {dict(URGENCIES).get(row.urgency, '各紧急程度')}"

    def run(said: dict[str, Any]) -> str:
        if form.stale(version):
            form.refresh(version)
            raise Refused(
                "这个阶梯刚被他人修改。您填的内容还在，请核对后再次提交。", code="stale", status=409
            )
        actions.set_ladder(
            by=viewer,
            code=row.code,
            urgency=row.urgency,
            mode=row.mode,
            rungs=form.typed(),
            source=said["source"],
        )
        messages.success(request, "已保存为新版本，今后生成的工单照此催办督办")
        return "/admin/ladders/"

    context = {"base": "web/base.html", "lines": _lines(form.lines(row.rungs)), "words": forms.LADDER_WORDS}
    return form_page(request, form, run, template="dispatch/ladder_edit.html", context=context)


def _lines(rungs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rungs with every choice spelled out for the template."""
    return [
        {
            "at": at,
            "share": f"{float(rung['share']) * 100:g}" if rung.get("share") else "",
            "seconds": rung.get("seconds") or "",
            "who": [(code, wording.who_words(code), code in rung.get("who", [])) for code in forms.TELLABLE],
            "acts": [(code, words, code == rung.get("act")) for code, words in ACTS.items()],
            "stages": [
                (code, words, code == rung.get("stage", ""))
                for code, words in forms.LADDER_WORDS["stages"].items()
            ],
            "quiet": rung.get("ignores_quiet"),
        }
        for at, rung in enumerate(rungs)
    ]


def may_roster(viewer: Actor) -> bool:
    return bool(viewer.scopes("dispatch.rule") or viewer.scopes("dispatch.handover"))


def duty(request: HttpRequest) -> HttpResponse:
    """Who is on duty now and next; those who may add a turn on the same page."""
    viewer = caller(request)
    require(viewer, "dispatch.view")
    now = timezone.now()
    rows = [
        {
            "row": row,
            "post": POSTS.get(row.post, row.post),
            "area": areas.area_path(row.area),
            "now": row.start <= now < row.end,
            "may_end": can(viewer, "dispatch.rule", area=row.area)
            or can(viewer, "dispatch.handover", area=row.area),
        }
        for row in queries.duties(viewer)[:200]
    ]
    form = forms.DutyForm(posted(request)[0], request=request, viewer=viewer) if may_roster(viewer) else None

    def run(said: dict[str, Any]) -> str:
        actions.set_duty(
            by=viewer,
            person=int(said["person"]),
            post=said["post"],
            area=said["area"],
            start=said["start"],
            end=said["end"],
            backup=int(said["backup"]) if said["backup"] else None,
        )
        messages.success(request, "已排班")
        return "/duty/"

    context = {"title": "值班表", "rows": rows, "base": "web/base.html"}
    if form is None:
        return render(request, "dispatch/duty.html", context)
    return form_page(request, form, run, template="dispatch/duty.html", context=context)


@require_POST
def duty_end(request: HttpRequest, number: int) -> HttpResponse:
    actions.end_duty(by=caller(request), duty=number)
    messages.success(request, "已结束这一班")
    return HttpResponseRedirect("/duty/")
