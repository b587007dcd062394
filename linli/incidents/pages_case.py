"""One case for staff: what was told, what was done, what the system thought, and what this viewer may do now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from linli.dispatch import wording
from linli.dispatch.models import Move, WorkOrder
from linli.dispatch.pages.frame import base_version, posted, renewing
from linli.incidents import actions, forms_desk, promises, queries, rules, showing
from linli.incidents.actions.clusters import UNMERGE_WITHIN
from linli.incidents.models import Incident
from linli.incidents.pages_desk import bounds_of, renamed
from linli.incidents.readings import without_answers
from linli.kernel import Refused
from linli.kernel.actor import Actor, can
from linli.kernel.files.models import Attachment
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.kernel.web.pages import next_url

Run = Callable[[Actor, Incident, Any, dict[str, Any]], Any]
REOPEN_WITHIN = timedelta(days=15)


def require_staff(viewer: Actor) -> None:
    if not viewer.scopes("incidents.view"):
        raise Refused(
            "案卷页给工作人员用。查看您自己的上报，请到“我的上报”。", code="not_allowed", status=403
        )


def case_page(request: HttpRequest, number: int) -> HttpResponse:
    viewer = caller(request)
    require_staff(viewer)
    row = queries.incident_for(viewer, number)
    reports = queries.told_in(row)
    orders = queries.orders_of(row)
    pictures = queries.photos_of(row, [report.pk for report in reports], [order.pk for order in orders])
    moves = queries.timeline(row)
    near = queries.near_same(viewer, row)
    split = any(move.action == "split" for move in moves)
    context = {
        "title": row.title,
        "row": row,
        "case": showing.line(row),
        "source": showing.SOURCE_WORDS[row.place_source],
        "told": showing.told(row),
        "words": without_answers(row.text, reports[0].answers if reports else {}),
        "answers": [pair for report in reports for pair in report.answers.items()],
        "reporters": showing.reporters(viewer, row, reports),
        "photos": _by_phase(pictures),
        "orders": [showing.order_line(order) for order in orders],
        "children": [showing.line(child) for child in row.children.order_by("id")] if split else [],
        "parent": row.parent if row.parent_id else None,
        "into": row.merged_into if row.merged_into_id else None,
        "near": [showing.line(one) | {"metres": round(one.metres)} for one in near],  # type: ignore[attr-defined]
        "steps": _steps(moves, orders, pictures),
        "why": wording.explain(row.routing),
        "promise": promises.words(row.guess.get("promise", {})),
        "cause": rules.CAUSES.get(row.cause, row.cause),
        "acts": allowed(viewer, row, orders, moves),
        "bounds": bounds_of(row, viewer),
    }
    return render(request, "incidents/desk/case.html", context)


def _by_phase(pictures: list[Attachment]) -> list[dict[str, Any]]:
    """Before, during, after side by side; a picture nobody dated by phase counts as during."""
    found: dict[str, list[dict[str, Any]]] = {"before": [], "during": [], "after": []}
    for picture in pictures:
        phase = picture.phase if picture.phase in found else "during"
        found[phase].append(wording.picture(picture))
    words = {"before": "处置前", "during": "处置中", "after": "处置后"}
    return [
        {"words": words[phase], "photos": shown}
        for phase, shown in found.items()
        if shown or phase != "during"
    ]


def _steps(moves: list[Move], orders: list[WorkOrder], pictures: list[Attachment]) -> list[dict[str, Any]]:
    from linli.dispatch import registry

    known = {picture.pk: picture for picture in pictures}
    kinds = {order.pk: registry.title(order.kind) for order in orders}
    return wording.steps(moves, rules.WORDS, known, kinds)


@dataclass(frozen=True, slots=True)
class CaseAct:
    """`move` is the step of rules.MOVES it makes; "" for one that moves nothing."""

    code: str
    label: str
    verb: str
    form: type[forms_desk.CaseForm]
    run: Run
    done: str
    move: str = ""
    danger: bool = False

    def open_for(self, row: Incident) -> bool:
        if self.code == "contact":
            return row.open
        if self.code == "reopen":
            late = row.closed_at is not None and timezone.now() - row.closed_at > REOPEN_WITHIN
            return row.state == "closed" and not late
        return (self.move or self.code) in rules.MOVES[row.state]

    def permitted(self, viewer: Actor, row: Incident) -> bool:
        return can(viewer, self.verb, area=row.area, subject=row.subject)


def allowed(
    viewer: Actor, row: Incident, orders: list[WorkOrder] | None = None, moves: list[Move] | None = None
) -> list[CaseAct]:
    """The acts whose button this viewer sees now."""
    found = [act for act in ACTS.values() if act.open_for(row) and act.permitted(viewer, row)]
    if leads(viewer, orders or []) and ACTS["whistle"].open_for(row) and ACTS["whistle"] not in found:
        found.append(ACTS["whistle"])
    merged = [move.at for move in moves or [] if move.action == "merge" and move.to_state == "merged"]
    if merged and timezone.now() - merged[-1] > UNMERGE_WITHIN:
        found = [act for act in found if act.code != "unmerge"]
    return found


def leads(viewer: Actor, orders: list[WorkOrder]) -> bool:
    """The lead handler may blow the whistle too."""
    lead = [one for one in orders if one.role == "lead" and one.done_at is None]
    return any(one.person_id is not None and one.person_id == viewer.account for one in lead)


def _file(by: Actor, row: Incident, form: Any, said: dict[str, Any]) -> None:
    actions.file_incident(
        by=by,
        incident=row.pk,
        class_code=said["class_code"],
        urgency=said["urgency"],
        unit=said["unit"],
        text=said["text"],
        base_version=said["base_version"],
    )


def _plain(action: Callable[..., Any]) -> Run:
    def run(by: Actor, row: Incident, form: Any, said: dict[str, Any]) -> None:
        action(by=by, incident=row.pk, text=said["text"], base_version=said["base_version"])

    return run


def _fresh(row: Incident, said: dict[str, Any]) -> None:
    """For actions that take no base version: the row as it stands must be the one that was shown."""
    from linli.incidents.actions.steps import check_fresh, locked

    check_fresh(locked(row.pk), said["base_version"])


def _checked(action: Callable[..., Any]) -> Run:
    def run(by: Actor, row: Incident, form: Any, said: dict[str, Any]) -> None:
        _fresh(row, said)
        action(by=by, incident=row.pk, text=said["text"])

    return run


def _reclass(by: Actor, row: Incident, form: Any, said: dict[str, Any]) -> None:
    actions.reclass_incident(
        by=by,
        incident=row.pk,
        class_code=said["class_code"],
        text=said["text"],
        base_version=said["base_version"],
    )


def _locate(by: Actor, row: Incident, form: Any, said: dict[str, Any]) -> None:
    place = said["place"]
    if place is None and not said["area"]:
        raise Refused(
            "请在地图上选点，或选择村（社区）",
            code="no_place",
            fields={"place": ["请在地图上选点，或选择村（社区）"]},
        )
    try:
        actions.locate_incident(
            by=by,
            incident=row.pk,
            lon=place.lon if place else None,
            lat=place.lat if place else None,
            area=said["area"],
            base_version=said["base_version"],
        )
    except Refused as refused:
        raise renamed(refused, {"location": "place"}) from None


def _split(by: Actor, row: Incident, form: Any, said: dict[str, Any]) -> None:
    try:
        actions.split_incident(by=by, incident=row.pk, parts=form.parts(), base_version=said["base_version"])
    except Refused as refused:
        raise renamed(refused, {"parts": "text_1"}) from None


def _whistle(by: Actor, row: Incident, form: Any, said: dict[str, Any]) -> None:
    actions.whistle(
        by=by, incident=row.pk, units=form.chosen(), text=said["text"], base_version=said["base_version"]
    )


def _merge(by: Actor, row: Incident, form: Any, said: dict[str, Any]) -> None:
    into = queries.seen(by).filter(pk=said["into"]).first()
    if into is None:
        raise Refused(
            "没有这件事，或您无权查看。", code="no_target", fields={"into": ["没有这件事，请核对编号"]}
        )
    actions.merge_incident(
        by=by, incident=row.pk, into=into.pk, text=said["text"], base_version=said["base_version"]
    )


def _refer(by: Actor, row: Incident, form: Any, said: dict[str, Any]) -> None:
    actions.refer_incident(
        by=by, incident=row.pk, room=said["room"], text=said["text"], base_version=said["base_version"]
    )


TRIAGE = "incidents.triage"
ACTS: dict[str, CaseAct] = {
    act.code: act
    for act in (
        CaseAct("file", "立案", TRIAGE, forms_desk.FileForm, _file, "已立案"),
        CaseAct("confirm", "派核实", TRIAGE, forms_desk.AskConfirmForm, _plain(actions.ask_confirm), "已派网格员核实", move="ask_confirm"),
        CaseAct("locate", "补定位置", TRIAGE, forms_desk.LocateForm, _locate, "已补定位置"),
        CaseAct("reclass", "改类", TRIAGE, forms_desk.ReclassForm, _reclass, "已改类"),
        CaseAct("whistle", "吹哨", TRIAGE, forms_desk.WhistleForm, _whistle, "已吹哨"),
        CaseAct("split", "拆分", TRIAGE, forms_desk.SplitForm, _split, "已拆分"),
        CaseAct("merge", "并案", "incidents.merge", forms_desk.MergeForm, _merge, "已并案"),
        CaseAct("unmerge", "撤销并案", "incidents.merge", forms_desk.UnmergeForm, _checked(actions.unmerge_incident), "已撤销并案"),
        CaseAct("contact", "联系报事人", TRIAGE, forms_desk.ContactForm, _checked(actions.note_contact), "已记录"),
        CaseAct("refer", "转办", TRIAGE, forms_desk.ReferForm, _refer, "已转办"),
        CaseAct("reopen", "重办", TRIAGE, forms_desk.ReopenForm, _checked(actions.reopen_incident), "已重办"),
        CaseAct("decline", "不予立案", TRIAGE, forms_desk.DeclineForm, _plain(actions.decline_incident), "不予立案，已告知报事人", danger=True),
        CaseAct("void", "作废", "incidents.void", forms_desk.VoidForm, _plain(actions.void_incident), "已作废", danger=True),
    )
}  # fmt: skip


def case_act(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """The form of one act on a case, and the act."""
    viewer = caller(request)
    require_staff(viewer)
    row = queries.incident_for(viewer, number)
    spec = ACTS[act]
    if not spec.permitted(viewer, row) and not (act == "whistle" and leads(viewer, queries.orders_of(row))):
        raise Refused("您没有办理此事的权限。", code="not_allowed", status=403)
    if request.method == "GET" and not spec.open_for(row):
        words = f"事件现在是“{rules.STATE_WORDS[row.state]}”，不能{spec.label}。"
        raise Refused(words, code="moved_on", status=409)
    form = spec.form(posted(request)[0], request=request, case=row)

    def run(said: dict[str, Any]) -> str:
        with renewing(form, lambda: Incident.objects.values_list("version", flat=True).get(pk=number)):
            spec.run(viewer, row, form, said | {"base_version": base_version(said)})
        messages.success(request, f"{row.number} {spec.done}")
        return next_url(request, f"/incidents/{number}/")

    context = {"base": "web/base.html", "case": showing.line(row), "row": row}
    return form_page(request, form, run, template="incidents/desk/act.html", context=context)


def near_json(request: HttpRequest, number: int) -> JsonResponse:
    """The case and its like near by, for the map."""
    viewer = caller(request)
    require_staff(viewer)
    row = queries.incident_for(viewer, number)
    points = [(row, "本件", "bad")] if row.lon is not None else []
    points += [(one, one.title, "") for one in queries.near_same(viewer, row)]
    features = [
        {
            "type": "Feature",
            "properties": {"id": one.pk, "name": words, "tone": tone, "url": f"/incidents/{one.pk}/"},
            "geometry": {"type": "Point", "coordinates": [one.lon, one.lat]},
        }
        for one, words, tone in points
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})


@require_POST
def reveal(request: HttpRequest, number: int, report: int) -> HttpResponse:
    """Name and number of one reporter, shown once, the look recorded."""
    viewer = caller(request)
    require_staff(viewer)
    row = queries.incident_for(viewer, number)
    if not row.reports.filter(pk=report).exists():
        raise Refused("这件事没有这份上报。", code="no_report", status=404)
    person = actions.reveal_reporter(by=viewer, report=report, reason=request.POST.get("reason", ""))
    context = {"title": "报事人信息", "person": person, "row": row}
    return render(request, "incidents/desk/reveal.html", context)
