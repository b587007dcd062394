"""Who calls /api/v1/onestop, and pages of its lists by cursor."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

from linli.kernel import Refused
from linli.kernel.access.middleware import actor_of
from linli.kernel.actor import Actor, can, require
from linli.kernel.web.calls import small_enough
from linli.onestop import queries
from linli.onestop.models import Application

MOST = 100
APPLY, ASSIST, WORK = "onestop.apply", "onestop.assist", "onestop.work"
OFFICE = (queries.VIEW, WORK, "onestop.accept", "onestop.decide", "onestop.assign", "onestop.supervise")


def anyone(request: HttpRequest) -> Actor:
    """A visitor is somebody too."""
    small_enough(request)
    return actor_of(request)


def signed(request: HttpRequest) -> Actor | None:
    """A bearer token, or a browser's own session."""
    by = anyone(request)
    return by if by.account is not None else None


def official(request: HttpRequest) -> Actor | None:
    """Somebody at work here: a token of theirs for something else opens nothing. Raises Refused 403."""
    by = signed(request)
    if by is not None and not works(by):
        require(by, WORK)
    return by


# Whether the caller has any business with the case or task is asked before the body is looked at.


def _named(request: HttpRequest) -> int:
    """The number in the address; 0 where it is none (which is then said of the field itself)."""
    match = request.resolver_match
    said = str(match.kwargs.get("number", "")) if match else ""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 17 else 0


def applicant_side(request: HttpRequest) -> Actor | None:
    """For acts on a case by whoever speaks for it. Raises Refused 403, 404."""
    by = signed(request)
    if by is not None and (number := _named(request)):
        spoken_for(by, number)
    return by


def office_of_case(request: HttpRequest) -> Actor | None:
    by = official(request)
    if by is not None and (number := _named(request)):
        queries.case_at_work(by, number)
    return by


def office_of_task(request: HttpRequest) -> Actor | None:
    by = official(request)
    if by is not None and (number := _named(request)):
        queries.task_at_work(by, number)
    return by


def who(request: HttpRequest) -> Actor:
    return request.auth  # type: ignore[attr-defined,no-any-return]


def speaks(by: Actor) -> bool:
    """Whether this caller may act for applicants: a token without one of these verbs does not, whosever it is."""
    return can(by, APPLY) or can(by, ASSIST)


def works(by: Actor) -> bool:
    return any(can(by, verb) for verb in OFFICE)


def own_or_at_work(by: Actor, number: int) -> tuple[Application, bool]:
    """A case the caller may see, and whether as its applicant or agent. Raises Refused 404."""
    if speaks(by):
        try:
            return queries.own_case(by, number), True
        except Refused:
            pass
    if not (speaks(by) or works(by)):
        require(by, queries.VIEW)
    if not works(by):
        raise Refused("没有找到这个办件，或者它不是您的。", code="no_application", status=404)
    return queries.case_at_work(by, number), False


def spoken_for(by: Actor, number: int) -> Application:
    """The case for an act of the applicant's side: their own, or one a window may assist with there.

    Raises Refused 403 for a token without the verb, 404.
    """
    if not speaks(by):
        require(by, APPLY)
    return own_or_at_work(by, number)[0]


def _wrong(name: str, said: str) -> Refused:
    return Refused("查询条件有误", code="wrong_query", fields={name: [said]})


def _opened(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        raise _wrong("cursor", "请原样使用上一页给出的 next") from None


def _sealed(mark: str) -> str:
    return base64.urlsafe_b64encode(mark.encode()).decode().rstrip("=")


Rows = QuerySet[Any, Any]


def newest_first(rows: Rows, limit: int, cursor: str, out: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """{"items": […], "next": cursor or None}. Raises Refused 422 for a cursor nobody gave."""
    if cursor:
        mark = _opened(cursor)
        if not (mark.isascii() and mark.isdigit() and 0 < int(mark) < 2**63):
            raise _wrong("cursor", "请原样使用上一页给出的 next")
        rows = rows.filter(pk__lt=int(mark))
    return _page(rows.order_by("-id"), limit, out, lambda row: str(row.pk))


def first_due(rows: Rows, limit: int, cursor: str, out: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """The same for lists by due date, then number."""
    if cursor:
        due, number = _due(_opened(cursor))
        rows = rows.filter(Q(due_at__gt=due) | Q(due_at=due, pk__gt=number))
    return _page(rows.order_by("due_at", "id"), limit, out, lambda row: f"{row.due_at.isoformat()}|{row.pk}")


def _due(mark: str) -> tuple[datetime, int]:
    moment, _, number = mark.partition("|")
    try:
        due = parse_datetime(moment)
    except ValueError:
        due = None
    if due is None or due.tzinfo is None or not (number.isdigit() and int(number) < 2**63):
        raise _wrong("cursor", "请原样使用上一页给出的 next")
    return due, int(number)


def _page(
    rows: Rows, limit: int, out: Callable[[Any], dict[str, Any]], mark: Callable[[Model], str]
) -> dict[str, Any]:
    found = list(rows[: limit + 1])
    more = _sealed(mark(found[limit - 1])) if len(found) > limit else None
    return {"items": [out(row) for row in found[:limit]], "next": more}
