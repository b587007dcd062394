"""What runs on a timer: postings that are over, supplements that never came."""

from linli.kernel.bus.registry import every
from linli.onestop.actions.intake import lapse_due
from linli.onestop.actions.publishing import end_postings


@every(60.0)
def end_paper_postings() -> int:
    return end_postings()


@every(3600.0)
def lapse_supplements() -> int:
    return lapse_due()
