"""Tables of the room: the catalogue, the cases, the work on them."""

from linli.onestop.models.cases import Application, Lookup, Member, Slot
from linli.onestop.models.catalogue import Item, ItemVersion
from linli.onestop.models.work import Decision, Notice, Survey, Task

__all__ = [
    "Application",
    "Decision",
    "Item",
    "ItemVersion",
    "Lookup",
    "Member",
    "Notice",
    "Slot",
    "Survey",
    "Task",
]
