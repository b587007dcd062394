"""好差评: the applicant's own word on how a case was handled; a bad one is looked into and answered."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from linli.dispatch.actions import rate_subject
from linli.dispatch.models import Rating, WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.onestop import orders, queries, reviewing, telling
from linli.onestop.actions import steps
from linli.onestop.models import Application


@transaction.atomic
def review_case(
    *, by: Actor, application: int, level: int, reasons: Sequence[str] = (), text: str = "", at: datetime | None = None
) -> Rating:  # fmt: skip
    """Writes the one review of a case, by its applicant or whoever applied for them; `level` 1 to 5.

    A bad one raises the order 差评核实 for the head of the unit. Raises Refused 404, 409, 422 naming the field.
    """
    queries.own_case(by, application)
    row, now, chosen = steps.locked(application), steps.moment(at), tuple(dict.fromkeys(reasons))
    if not reviewing.may_review(row.state, row.closed_at or row.decided_at, now):
        said = f"办完后 {reviewing.book().open_days} 天内可以评价，这个办件现在不能评价。"
        raise Refused(said, code="not_reviewable", status=409)
    if wrong := reviewing.defects(level, chosen, text):
        raise Refused("评价还没有填完，请按提示改正。", code="wrong_review", fields=wrong)
    bad = level <= reviewing.book().bad_up_to
    rating = rate_subject(
        by=by, rater=by.ref, subject=row.subject, round=1, resolved=not bad, stars=level, reasons=chosen, text=text.strip()
    )  # fmt: skip
    steps.note(by, row, "review", row.state, now, text=reviewing.book().levels[level])
    if bad:
        orders.look_into(row, _words(rating))
    return rating


def _words(rating: Rating) -> str:
    """The reasons and the applicant's own words, for whoever looks into it."""
    known = reviewing.book().reasons
    said = "；".join([*(known[one] for one in rating.reasons), *([rating.text] if rating.text else [])])
    return f"{reviewing.book().levels[rating.stars]}：{said}"


def answer_review(*, order: int) -> int:
    """Reaction: 差评核实 is done; the applicant reads what was found. Returns the notices sent."""
    found = WorkOrder.objects.get(pk=order)
    row = Application.objects.get(pk=int(found.subject.partition(":")[2]))
    return telling.tell_reviewed(row, found)
