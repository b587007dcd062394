"""Photos of papers: advice to take one again, what was read looked over by the applicant, differences by the clerk."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from linli.kernel.actor import require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page
from linli.onestop import actions, queries, queries_scans
from linli.onestop.forms_scans import CheckForm, ReadingForm
from linli.onestop.models import Application, Scan
from linli.onestop.pages.desk import case_link
from linli.onestop.pages.frame import PLAIN, ask, bound, mine, sign_in


def advise(request: HttpRequest, row: Application, files: Sequence[int]) -> None:
    """Tells at once which of the photos just sent should be taken again, and why. Nothing is refused."""
    for scan in Scan.objects.filter(slot__application=row, file__in=files).order_by("id"):
        for said in queries_scans.advice_of(scan):
            messages.warning(request, f"请重拍：{said}")


def _back(row: Application) -> str:
    name, tail = ("onestop:apply", ["papers"]) if row.state == "draft" else ("onestop:progress", [])
    return reverse(name, args=[row.pk, *tail])


def reading(request: HttpRequest, number: int, scan: int) -> HttpResponse:
    """What was read, each field beside what was typed; the applicant's answer goes into the form."""
    if caller(request).account is None:
        return sign_in(request)
    by, row = mine(request, number)
    found = queries_scans.scan_of(row, scan)
    offers = queries_scans.prefill(found, queries_scans.written_in(row)) if row.state == "draft" else []
    if not offers:
        messages.info(request, "这张照片没有可以填入申请表的内容。")
        return HttpResponseRedirect(_back(row))
    form = ReadingForm(*bound(request), offers=offers)
    form.page_lead = f"{found.slot.name}：识别结果只供参考，请对照原件改正。不需要的可以清空。"
    form.cancel_url = _back(row)

    def act(said: dict[str, Any]) -> str:
        values = {key: said[key] for key, *_ in offers}
        actions.confirm_reading(by=by, scan=found.pk, values=values)
        messages.success(request, "已填入申请表")
        return _back(row)

    return form_page(request, form, act, context=PLAIN)


@require_POST
def keep(request: HttpRequest, number: int, scan: int) -> HttpResponse:
    """仍用这张."""
    if caller(request).account is None:
        return sign_in(request)
    by, row = mine(request, number)
    actions.keep_photo(by=by, scan=queries_scans.scan_of(row, scan).pk)
    messages.success(request, "仍用这张照片，看不清的由工作人员对照原件")
    return HttpResponseRedirect(_back(row))


def check(request: HttpRequest, number: int, scan: int) -> HttpResponse:
    """人工核对: what a person found on the original."""
    by = caller(request)
    row = queries.case_at_work(by, number)
    require(by, "onestop.work", area=row.area, subject=row.subject)
    found = queries_scans.scan_of(row, scan)
    form = CheckForm(*bound(request))

    def act(said: dict[str, Any]) -> None:
        actions.check_reading(by=by, scan=found.pk, note=said["note"])
        messages.success(request, "已登记核对情况")

    lead = f"{found.slot.name} · {row.item.name} {row.number}"
    return ask(request, form, act, to=case_link(row.pk), lead=lead)
