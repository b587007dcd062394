"""What runs on a timer: postings that are over or hang longer, supplements that never came."""

from linli.kernel.actor import SYSTEM
from linli.kernel.bus.registry import daily, every
from linli.onestop import board
from linli.onestop.actions import rates, scans
from linli.onestop.actions.appointments import remind_booked
from linli.onestop.actions.intake import lapse_due
from linli.onestop.actions.money import close_paid
from linli.onestop.actions.outlet import remind_uncollected
from linli.onestop.actions.proactive import ask_the_silent, lapse_offers
from linli.onestop.actions.publishing import end_postings
from linli.onestop.actions.rechecks import open_due_rechecks
from linli.onestop.actions.tickets import close_days
from linli.onestop.scans.fields import understand
from linli.onestop.scans.papers import papers


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


@every(3600.0)
def remind_of_results() -> int:
    return remind_uncollected()


@every(60.0)
def follow_rates() -> int:
    return rates.follow()


@daily("03:20")
def rebuild_rates() -> int:
    """The roll-up anew from its cases, and lights that were never set."""
    rates.relight()
    return rates.rebuild()


@daily("07:30")
def follow_offers() -> tuple[int, int]:
    """Offers over their time lapse; who has not looked for some days is asked at the door."""
    return lapse_offers(), ask_the_silent()


@every(600.0)
def remind_of_bookings() -> int:
    return remind_booked()


@every(600.0)
def close_queue_days() -> int:
    """Yesterday's numbers and no-shows, soon after midnight."""
    return close_days()


def read_paper(scan: int) -> None:
    """One photo, in the process `linli ocr`: the models are loaded here and nowhere else."""
    from linli.kernel.ocr import reader

    data = scans.begin_reading(by=SYSTEM, scan=scan)
    if data is None:
        return
    try:
        page = reader.read(data)
    except OSError:
        scans.record_reading(by=SYSTEM, scan=scan, reading=None)
        return
    scans.record_reading(by=SYSTEM, scan=scan, reading=understand(page.lines, papers()), turned=page.turned)


@daily("03:50")
def forget_readings() -> int:
    return scans.forget_readings()
