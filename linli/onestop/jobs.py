"""What runs on a timer: postings that are over or hang longer, supplements that never came."""

from linli.kernel.bus.registry import every
from linli.onestop import board
from linli.onestop.actions.intake import lapse_due
from linli.onestop.actions.money import close_paid
from linli.onestop.actions.publishing import end_postings
from linli.onestop.actions.rechecks import open_due_rechecks


@every(60.0)
def end_paper_postings() -> int:
    return end_postings()


@every(600.0)
def follow_notices() -> int:
    """Days lost on the wall are days the promise waits longer."""
    return board.follow_ends()


@every(3600.0)
def lapse_supplements() -> int:
    return lapse_due()


@every(3600.0)
def open_rechecks() -> int:
    return open_due_rechecks()


@every(3600.0)
def close_paid_cases() -> int:
    return close_paid()
