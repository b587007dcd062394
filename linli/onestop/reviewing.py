"""好差评: its levels and reasons, who may still be asked, and what a bad one sets going. Data in data/reviews.yaml."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from linli.onestop.glossary import read

ENDED = ("approved", "refused", "declined", "closed")  # what an applicant has seen the outcome of
REVIEW = "onestop.review"  # the order 差评核实


@dataclass(frozen=True, slots=True)
class Book:
    """data/reviews.yaml as values."""

    levels: dict[int, str]
    bad_up_to: int
    open_days: int
    reasons: dict[str, str]


@cache
def book() -> Book:
    data = read("reviews.yaml")
    return Book(data["levels"], data["bad_up_to"], data["open_days"]["value"], data["reasons"])


def may_review(state: str, ended: datetime | None, now: datetime) -> bool:
    """Whether a case in this state, decided or closed at `ended`, may be reviewed at `now`."""
    return state in ENDED and ended is not None and now <= ended + timedelta(days=book().open_days)


def defects(level: int, reasons: tuple[str, ...], text: str) -> dict[str, list[str]]:
    """What is wrong with a review, by field: a bad one says why, so that something can be mended."""
    known = book()
    wrong: dict[str, list[str]] = {}
    if level not in known.levels:
        wrong["level"] = ["请选择满意程度"]
    if strange := [one for one in reasons if one not in known.reasons]:
        wrong["reasons"] = [f"没有“{'、'.join(strange)}”这个原因，请从列出的原因中选"]
    elif level in known.levels and level <= known.bad_up_to and not reasons and not text.strip():
        wrong["reasons"] = ["请选一个原因，或者写一句话，方便我们改进"]
    return wrong
