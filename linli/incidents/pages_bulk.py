"""One decision for many cases: asks what it needs, then hands it to the worker."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from linli.dispatch.pages.frame import posted
from linli.incidents import bulk, queries
from linli.incidents.forms_desk import BulkForm
from linli.incidents.pages_desk import require_desk
from linli.kernel import Refused
from linli.kernel.actor import require
from linli.kernel.web.actions import MOST_BULK, start_run
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import form_page


def bulk_page(request: HttpRequest) -> HttpResponse:
    viewer = caller(request)
    require_desk(viewer)
    require(viewer, "dispatch.bulk")
    act = request.GET.get("act", "")
    if act not in bulk.ACTS:
        raise Refused("没有这个批量操作。", code="unknown_act", status=404)
    asked = list(dict.fromkeys(int(one) for one in request.GET.getlist("ids") if one.isdigit()))[
        : MOST_BULK + 1
    ]
    if not asked:
        raise Refused("还没有勾选。请先在列表左侧勾选要办理的事件。", code="none_chosen")
    if len(asked) > MOST_BULK:
        raise Refused(f"一次最多办理 {MOST_BULK} 件。", code="too_many")
    rows = list(queries.seen(viewer).filter(pk__in=asked).order_by("-id"))
    form = BulkForm(posted(request)[0], act=act)
    form.page_title = f"{bulk.WORDS[act]}（{len(rows)} 件）"

    def run(said: dict[str, Any]) -> str:
        given = {name: said[name] for name in (*BulkForm.NEEDS[act], "text")}
        started = start_run(
            by=viewer,
            code=f"incidents.{act}",
            title=form.page_title,
            job=bulk.JOB,
            total=len(rows),
            payload={"ids": [row.pk for row in rows], "act": act, "given": given},
            back="/desk/all/",
        )
        return reverse("web:run", args=[started.pk])

    context = {"base": "web/base.html", "rows": rows, "more": len(asked) - len(rows)}
    return form_page(request, form, run, template="incidents/desk/bulk.html", context=context)
