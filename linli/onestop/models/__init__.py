"""Tables of the room: the catalogue, the cases, the work on them."""

from linli.onestop.models.cases import Application, Lookup, Member, Slot
from linli.onestop.models.catalogue import Item, ItemVersion
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
from linli.onestop.models.work import Decision, Notice, Survey, Task

__all__ = [
    "COUNTED",
    "Adjustment",
    "Application",
    "BankReturn",
    "Batch",
    "Custody",
    "Decision",
    "Entitlement",
    "Item",
    "ItemVersion",
    "Lookup",
    "Member",
    "Notice",
    "PayLine",
    "Recheck",
    "Slot",
    "SpotCheck",
    "SpotResult",
    "Survey",
    "Task",
    "Transfer",
]
