"""One act for many chosen rows, in the background, each row in a transaction of its own."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor
from linli.kernel.web import actions
from linli.kernel.web.caller import caller

log = logging.getLogger("linli.web")


@dataclass(frozen=True, slots=True)
class BulkKind:
    """`act(actor, id)` is a room's action; its Refused is noted beside the row and the others go on."""

    code: str
    title: str
    act: Callable[[Actor, int], Any]


_kinds: dict[str, BulkKind] = {}


def register_bulk(kind: BulkKind) -> None:
    """Called in a room's apps.py."""
    _kinds[kind.code] = kind


def bulk_answer(request: HttpRequest, allowed: dict[str, str]) -> HttpResponse:
    """Answers a list's POST. `allowed` maps the button's `act` to a registered BulkKind code."""
    kind = _kinds.get(allowed.get(request.POST.get("act", ""), ""))
    if kind is None:
        raise Refused("没有这个批量操作，请刷新页面重试。", code="unknown_act", status=400)
    run = actions.start_bulk(
        by=caller(request),
        code=kind.code,
        title=kind.title,
        job="linli.kernel.web.jobs.run_bulk",
        ids=request.POST.getlist("ids"),
        back=request.get_full_path(),
    )
    return HttpResponseRedirect(reverse("web:run", args=[run.pk]))


def run_bulk(ident: str) -> None:
    """The worker's side."""
    run = actions.find_run(ident)
    kind, actor = _kinds[run.code], actor_for(run.by)
    actions.work_through(run, lambda row: kind.act(actor, row), lambda row: _surprised(run.code, row))


def _surprised(code: str, row: int) -> str:
    log.exception("bulk %s failed at %s", code, row)
    return f"{row}：系统出错，已记录"
