"""Tables of the room: the catalogue, the cases, the work on them."""

from linli.onestop.models.bundles import Bundle, BundlePart
from linli.onestop.models.cases import Application, Lookup, Member, Slot
from linli.onestop.models.catalogue import Item, ItemVersion
from linli.onestop.models.centre import Booking, Ticket
from linli.onestop.models.money import (
    COUNTED,
    Adjustment,
    BankReturn,
    Batch,
    Custody,
    Entitlement,
    PayLine,
    Recheck,
    SpotCheck,
    SpotResult,
    Transfer,
)
from linli.onestop.models.outlet import Handover, Result
from linli.onestop.models.proactive import Offer
from linli.onestop.models.rates import Rate
from linli.onestop.models.reckoning import Reckoning
from linli.onestop.models.scans import Scan
from linli.onestop.models.shelf import Paper, PaperUse
from linli.onestop.models.signing import Signing
from linli.onestop.models.work import Decision, Notice, Survey, Task

__all__ = [
    "COUNTED",
    "Adjustment",
    "Application",
    "BankReturn",
    "Batch",
    "Booking",
    "Bundle",
    "BundlePart",
    "Custody",
    "Decision",
    "Entitlement",
    "Handover",
    "Item",
    "ItemVersion",
    "Lookup",
    "Member",
    "Notice",
    "Offer",
    "Paper",
    "PaperUse",
    "PayLine",
    "Rate",
    "Recheck",
    "Reckoning",
    "Result",
    "Scan",
    "Signing",
    "Slot",
    "SpotCheck",
    "SpotResult",
    "Survey",
    "Task",
    "Ticket",
    "Transfer",
]
