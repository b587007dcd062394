"""Who a task lands with: the least laden holder of the post, else the unit's head, else the supervisor's list."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from linli.areas import queries as areas
from linli.areas.models import Unit
from linli.kernel.access.models import Grant
from linli.onestop.glossary import Office, glossary
from linli.onestop.models import Application, Task

CUT = {"county": 6, "town": 9, "community": 12}


@dataclass(frozen=True, slots=True)
class Place:
    """A task's unit and owner. `placed`: holder, head or supervisor (then the holder may still be missing)."""

    unit: str
    holder: int | None
    placed: str


def office_of(role: str) -> Office | None:
    """`town.officer` or `dept:县残联` -> its row of offices.yaml."""
    kind, _, name = role.partition(":")
    return glossary().departments.get(name) if kind == "dept" else glossary().posts.get(role)


def unit_of(office: Office, area: str) -> str:
    """The nearest unit of an office above an area; "" when the county has none."""
    within = area[: CUT[office.level]] or area
    found = (areas.unit_for(function, within) for function in office.functions)
    return next((code for code in found if code), "")


def place(role: str, area: str, kept_out: Iterable[int] = ()) -> Place:
    """Where a task of this role lands in this area; never nowhere. `kept_out`: accounts that must not touch it."""
    out, office = set(kept_out), office_of(role)
    unit = unit_of(office, area) if office else ""
    if office and unit:
        free = _holders(office, unit) - out
        if free:
            return Place(unit, _least_laden(free), "holder")
        heads = _heads(unit) - out
        if heads:
            return Place(unit, _least_laden(heads), "head")
    return Place(unit, _supervisor(area, out), "supervisor")


def head_of(unit: str) -> int | None:
    """The head of a unit, None where it has none."""
    heads = _heads(unit)
    return _least_laden(heads) if heads else None


def _heads(unit: str) -> set[int]:
    head = Unit.objects.filter(code=unit).values_list("head", flat=True).first()
    return {head} if head else _with_role("unit_head", Q(unit=unit))


def may_hold(account: int | None, task: Task) -> bool:
    """Whether somebody has one of the posts a task is for, or heads or supervises those who do."""
    office = office_of(task.role)
    posts = (*(office.posts if office else ()), "unit_head", "supervisor")
    return Grant.objects.filter(_now(), account=account, role__in=posts).exists()


def deciding_verb(task: Task) -> str:
    """What a decision asks of its holder: 即办件 are decided at the window that accepts them."""
    office = office_of(task.role)
    return "onestop.accept" if office and "window_clerk" in office.posts else "onestop.decide"


def _now() -> Q:
    return (Q(valid_to=None) | Q(valid_to__gt=timezone.now())) & Q(account__is_active=True)


def _with_role(role: str, where: Q) -> set[int]:
    return set(Grant.objects.filter(_now(), where, role=role).values_list("account", flat=True))


def _holders(office: Office, unit: str) -> set[int]:
    """Holders of the office's posts in the unit, or in the unit's own area where grants name no unit."""
    area = Unit.objects.filter(code=unit).values_list("area", flat=True).first() or ""
    where = Q(unit=unit) | (Q(unit="", area=area) if area else Q(pk=None))
    return set(Grant.objects.filter(_now(), where, role__in=office.posts).values_list("account", flat=True))


def _least_laden(accounts: set[int]) -> int:
    if len(accounts) == 1:
        return next(iter(accounts))
    rows = Task.objects.filter(holder__in=accounts, state="open").values("holder").annotate(n=Count("id"))
    laden = {row["holder"]: row["n"] for row in rows}
    return min(accounts, key=lambda account: (laden.get(account, 0), account))


def _supervisor(area: str, out: set[int]) -> int | None:
    for length in (9, 6):
        found = (
            _with_role("supervisor", Q(area=area[:length], unit="")) - out if len(area) >= length else set()
        )
        if found:
            return _least_laden(found)
    return None


KEPT_OUT = """
WITH concerned AS (SELECT person_id AS id FROM onestop_member WHERE application_id = %(case)s UNION SELECT %(person)s)
SELECT account_id FROM people_person WHERE id IN (SELECT id FROM concerned)
UNION SELECT p.account_id FROM people_tie t JOIN people_person p ON p.id = t.other_id
  WHERE t.kind IN ('kin', 'guardian') AND t.ended IS NULL AND t.person_id IN (SELECT id FROM concerned)
UNION SELECT p.account_id FROM people_tie t JOIN people_person p ON p.id = t.person_id
  WHERE t.kind IN ('kin', 'guardian') AND t.ended IS NULL AND t.other_id IN (SELECT id FROM concerned)
UNION SELECT account_id FROM access_bar WHERE subject = %(subject)s
"""


def kept_out_of(row: Application) -> set[int]:
    """Accounts that may not touch a case: its people, their registered kin, and whoever is barred from it.

    Asked at every step of every case, so it is one statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(KEPT_OUT, {"case": row.pk, "person": row.person_id, "subject": row.subject})
        return {account for (account,) in cursor.fetchall() if account is not None}


def officials_among(accounts: Iterable[int]) -> bool:
    """Whether any of these accounts works for the county (近亲属备案)."""
    staff = Grant.objects.filter(_now(), account__in=list(accounts))
    return staff.exclude(role__in=("resident", "family", "volunteer", "helper")).exists()
