"""Residents' pages: they work with JavaScript off, on an old phone, in large font."""

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent, ValidationError
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from linli.areas import queries as areas
from linli.incidents import actions, neighbours, outside, photos, promises, queries, rules
from linli.incidents.door import limit, limits
from linli.incidents.forms import ObjectForm, RateForm, ReportForm, TrackForm, danger_words, words
from linli.incidents.models import OPEN, Incident, Report
from linli.incidents.tables import MyReports
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.notify import queries as notices
from linli.kernel.notify.actions import mark_read
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import Form, form_page
from linli.kernel.web.pages import next_url

# Where each kind of staff begins their day; the first role held counts.
PLACES = (
    ("grid_worker", "/work/"),
    ("grid_leader", "/work/"),
    ("duty_chief", "/desk/"),
    ("duty_officer", "/desk/"),
    ("dispatcher", "/desk/"),
    ("community_clerk", "/desk/"),
    ("window_clerk", "/desk/"),
    ("officer", "/unit/"),
    ("unit_head", "/unit/"),
    ("checker", "/check/"),
    ("leader", "/board/"),
    ("supervisor", "/board/"),
    ("auditor", "/board/"),
    ("administrator", "/board/"),
)
RECEIPT, CODE = "linli_receipt", "linli_code"
RECEIPT_AGE, CODE_AGE = 3600, 1800


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Residents choose from four big buttons; staff go where their work is."""
    place = place_of(caller(request))
    if place:
        return HttpResponseRedirect(place)
    unread = notices.unread_count(caller(request))
    return render(
        request, "incidents/home.html", {"title": "首页", "unread": unread, "emergency": words()["emergency"]}
    )


def place_of(actor: Actor) -> str:
    """The address where this actor's work is; "" for residents and for rooms not mounted here."""
    roles = actor.roles
    for role, path in PLACES:
        if role in roles:
            try:
                resolve(path)
            except Resolver404:
                continue
            return path
    return ""


def roomy(view: Any) -> Any:
    """A form that may bring photos: what is too big or too many is told in words, before Django gives up on it."""
    guarded = csrf_protect(view)

    @csrf_exempt
    def outer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            if int(request.META.get("CONTENT_LENGTH") or 0) > limits()["form_bytes"]:
                raise Refused(
                    "照片总量超过 100 MB，请分次上报，或降低相机分辨率。", code="too_large", status=413
                )
            try:
                request.POST  # noqa: B018  parsing is what may fail
            except RequestDataTooBig:
                raise Refused(
                    "文字太长，请缩短到 2 万字以内，详细材料可作为照片上传。", code="too_long", status=413
                ) from None
            except TooManyFilesSent:
                raise Refused(
                    "照片太多，一次最多 9 张，请分次上报。", code="too_many_files", status=413
                ) from None
        return guarded(request, *args, **kwargs)

    return outer


@roomy
def report(request: HttpRequest) -> HttpResponse:
    """我要上报."""
    if request.method != "POST":
        form = ReportForm(initial={"class_said": request.GET.get("class", "")})
        return _shown(request, form)
    return _posted(request)


def _shown(
    request: HttpRequest, form: ReportForm, status: int = 200, near: list[Any] | None = None
) -> HttpResponse:
    text = (form.data.get("text") or "") if form.is_bound else ""
    context = {
        "form": form,
        "near": near or [],
        "danger": rules.dangerous(text, danger_words()),
        "danger_words": "|".join(danger_words()),
        "emergency": words()["emergency"],
    }
    return render(request, "incidents/report.html", context, status=status)


def _posted(request: HttpRequest) -> HttpResponse:
    by = caller(request)
    form = ReportForm(request.POST, request.FILES)
    try:
        limit(request, by, "report")
    except Refused as refused:
        form.full_clean()
        form.take(refused)
        return _shown(request, form, 429)
    _keep_photos(by, form, request)
    if not form.is_valid():
        return _shown(request, form, 422)
    try:
        telling = form.telling(by)
        danger = rules.dangerous(telling.text, danger_words())
        if "asked" not in request.POST and not danger and not _sent_before(by, form):
            near = neighbours.open_like(telling)
            if near:
                return _shown(request, form, near=near)
        receipt = actions.report_incident(by=by, telling=telling)
    except Refused as refused:
        form.take(_renamed(refused))
        return _shown(request, form, refused.status)
    return _thanked(receipt, bool(danger))


def _sent_before(by: Actor, form: ReportForm) -> bool:
    """A double submit must not be asked whether it resembles itself."""
    return Report.objects.filter(sender=by.ref, client_uuid=form.cleaned_data["client_uuid"]).exists()


FIELDS = {"description": "text", "location": "place"}


def _renamed(refused: Refused) -> Refused:
    """The action's field names as this form calls them."""
    fields = {FIELDS.get(name, name): said for name, said in refused.fields.items()}
    return Refused(refused.message, code=refused.code, fields=fields, status=refused.status)


def _keep_photos(by: Actor, form: ReportForm, request: HttpRequest) -> None:
    """Photos are kept as soon as they arrive, whatever else is wrong; those kept before come back by their key."""
    dropped = set(request.POST.getlist("drop"))
    form.kept = photos.kept_before(by, [key for key in request.POST.getlist("kept") if key not in dropped])
    files = request.FILES.getlist("photos")
    ident = form.fields["client_uuid"]
    try:
        uuid = ident.clean(request.POST.get("client_uuid", ""))
    except ValidationError:  # a form made up by hand; its own field says so
        uuid = None
    if uuid and files and len(files) + len(form.kept) <= photos.MOST:
        fresh, faults = photos.keep(by, files, uuid)
        known = {row.pk for row in form.kept}
        form.kept += [row for row in fresh if row.pk not in known]
        if faults:
            form.full_clean()
            form.add_error("photos", faults)
    elif files and form.kept:
        form.full_clean()
        form.add_error(
            "photos", f"连同已上传的共 {len(files) + len(form.kept)} 张，最多 {photos.MOST} 张，请去掉一些"
        )


def _thanked(receipt: actions.Receipt, danger: bool) -> HttpResponse:
    answer = HttpResponseRedirect(reverse("incidents:thanks"))
    value = f"{receipt.report}|{receipt.tracking}|{int(danger)}"
    answer.set_signed_cookie(
        RECEIPT,
        value,
        max_age=RECEIPT_AGE,
        httponly=True,
        samesite="Lax",
        path="/report/",
        secure=settings.PRODUCTION,
    )
    return answer


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """The number and the code, large; the cookie is this browser's own for an hour."""
    try:
        number, code, danger = request.get_signed_cookie(RECEIPT, max_age=RECEIPT_AGE).split("|")
    except (KeyError, BadSignature, ValueError):
        return HttpResponseRedirect(reverse("incidents:track"))
    row = queries.own_report(caller(request), int(number), code)
    context = {
        "title": "上报成功",
        "report": row,
        "case": row.incident,
        "code": code,
        "danger": danger == "1",
        "emergency": words()["emergency"],
        "signed_in": row.account_id is not None and row.account_id == caller(request).account,
    }
    return render(request, "incidents/thanks.html", context)


def track(request: HttpRequest) -> HttpResponse:
    """查询进度: the code opens the case in this browser for half an hour; it never stands in an address."""

    def act(given: dict[str, Any]) -> HttpResponse:
        limit(request, caller(request), "track")
        row = queries.report_by_code(given["code"])
        answer = HttpResponseRedirect(reverse("incidents:track_case"))
        value = f"{row.pk}|{given['code']}"
        answer.set_signed_cookie(
            CODE,
            json.dumps(value),
            max_age=CODE_AGE,
            httponly=True,
            samesite="Lax",
            path="/track/",
            secure=settings.PRODUCTION,
        )
        return answer

    if request.method == "POST":
        form = TrackForm(request.POST)
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data["client_uuid"] = ""  # looking up is no write: asked twice, answered twice
        return form_page(request, form, act, template="incidents/track.html")
    return form_page(
        request,
        TrackForm(initial={"code": request.GET.get("code", "")[:40]}),
        act,
        template="incidents/track.html",
    )


def reporters_own(request: HttpRequest, number: int | None) -> tuple[Report, str]:
    """The report this visitor may follow, and the code they showed. Refused 404, or 403 when the code has run out."""
    if number is not None:
        return queries.own_report(caller(request), number), ""
    try:
        value = json.loads(request.get_signed_cookie(CODE, max_age=CODE_AGE))
        ident, code = value.split("|", 1)
    except (KeyError, BadSignature, ValueError):
        raise Refused("请重新输入查询码。", code="no_code", status=403) from None
    return queries.own_report(caller(request), int(ident), code), code


@require_safe
def case(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """One's own report: where it stands, since when, until when."""
    try:
        row, _ = reporters_own(request, number)
    except Refused as refused:
        if refused.status != 403:
            raise
        return HttpResponseRedirect(reverse("incidents:track"))
    return render(request, "incidents/case.html", case_context(row, number))


def case_context(row: Report, number: int | None, form: Form | None = None) -> dict[str, Any]:
    from linli.incidents import pages_photos  # its page asks this module whose report it is

    here: Incident = row.incident
    ratings = {one.round: one for one in queries.ratings_by(row)}
    rated, last = ratings.get(here.round), ratings.get(here.round - 1)
    reopened = last if last and not last.resolved and here.state in OPEN else None
    within = here.closed_at is not None and outside.rating_open(here.closed_at)
    rate = RateForm() if here.state == "closed" and within and rated is None else None
    contest = ObjectForm() if here.state == "declined" and not here.routing.get("objected") else None
    return {
        "title": "我的上报",
        "report": row,
        "case": here,
        "state": rules.STATE_WORDS[here.state],
        "class_name": outside.class_name(here.class_code),
        "place": row.place_words or areas.area_path(row.area),
        "unit": areas.unit_names().get(here.unit, ""),
        "running": here.state in OPEN,
        "promise": promises.words(here.guess.get("promise", {})),
        "cause": rules.CAUSES.get(here.cause, ""),
        "steps": outside.shown_steps(queries.reporter_steps(here)),
        "merged": row.first_incident_id != row.incident_id,
        "rate": form if isinstance(form, RateForm) else rate,
        "object": form if isinstance(form, ObjectForm) else contest,
        "rated": rated or reopened,
        "photos": pages_photos.shown(row, number),
        "back": address(row, number),
        "rate_url": address(row, number, "rate"),
        "object_url": address(row, number, "object"),
    }


def address(row: Report, number: int | None, act: str = "") -> str:
    """Pages of the same case: below /my/reports/ when signed in, below /track/ with a code."""
    if number is not None:
        return reverse(f"incidents:my_{act or 'report'}", args=[number])
    return reverse(f"incidents:track_{act or 'case'}")


@require_POST
def rate(request: HttpRequest, number: int | None = None) -> HttpResponse:
    row, _ = reporters_own(request, number)
    form = RateForm(request.POST)

    def act(given: dict[str, Any]) -> str:
        limit(request, caller(request), "rate")
        actions.rate_incident(
            by=caller(request),
            report=row.pk,
            resolved=given["resolved"] == "yes",
            stars=int(given["stars"]),
            reasons=given["reasons"],
            text=rules.clean_text(given["text"])[0],
        )
        return address(row, number)

    return form_page(
        request, form, act, template="incidents/case.html", context=case_context(row, number, form)
    )


@require_POST
def contest(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """The one objection to a decline."""
    row, _ = reporters_own(request, number)
    form = ObjectForm(request.POST)

    def act(given: dict[str, Any]) -> str:
        limit(request, caller(request), "rate")
        text = rules.clean_text(given["text"])[0]
        actions.object_to_decline(by=caller(request), incident=row.incident_id, text=text, report=row.pk)
        return address(row, number)

    return form_page(
        request, form, act, template="incidents/case.html", context=case_context(row, number, form)
    )


@require_safe
def my_reports(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    if viewer.account is None:
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?next={request.path}")
    return MyReports(request, queries.reports_of(viewer)).answer(
        "incidents/my_reports.html", {"base": "web/plain.html"}
    )


def inbox(request: HttpRequest) -> HttpResponse:
    """消息: in-app notices, the newest first; read ones stay."""
    viewer = caller(request)
    if viewer.account is None:
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?next={request.path}")
    if request.method == "POST":
        mark_read(by=viewer)
        return HttpResponseRedirect(next_url(request, reverse("incidents:inbox")))
    before = request.GET.get("before", "")
    rows = notices.inbox(viewer)
    if before.isascii() and before.isdigit() and len(before) < 18:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[:21])
    shown = found[:20]
    own = queries.own_reports_by_subject(viewer, [one.subject for one in shown])
    items = [{"notice": one, "url": _where(one.subject, own, viewer)} for one in shown]
    context = {"title": "消息", "items": items, "unread": notices.unread_count(viewer)}
    context["older"] = shown[-1].pk if len(found) > 20 else None
    return render(request, "incidents/inbox.html", context)


def _where(subject: str, own: dict[str, int], viewer: Actor) -> str:
    """One's own report where there is one, else the room's page of the subject if it may be seen."""
    if subject in own:
        return reverse("incidents:my_report", args=[own[subject]])
    return queries.url_of(subject, viewer)
