"""How other rooms show a person or a household; titles are masked, strangers get none."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.web.subjects import Subject
from linli.people import queries


def _person_title(number: int, viewer: Actor) -> str:
    try:
        return str(queries.person_of(viewer, number))
    except Refused:
        return _("一位居民")


def _person_seen(number: int, viewer: Actor) -> bool:
    try:
        return bool(queries.person_of(viewer, number))
    except Refused:
        return False


def _household_title(number: int, viewer: Actor) -> str:
    try:
        return str(queries.household_of(viewer, number))
    except Refused:
        return _("一户居民")


def _household_seen(number: int, viewer: Actor) -> bool:
    try:
        return bool(queries.household_of(viewer, number))
    except Refused:
        return False


PERSON = Subject(
    "people.person",
    _person_title,
    lambda number, viewer: reverse("people:person", args=[number]),
    _person_seen,
)
HOUSEHOLD = Subject(
    "people.household",
    _household_title,
    lambda number, viewer: reverse("people:household", args=[number]),
    _household_seen,
)
