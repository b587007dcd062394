"""From rows to the values the flow decides on: definition, household, course."""

from collections.abc import Iterable
from functools import lru_cache

from linli.kernel.kept import Kept
from linli.onestop.catalogue import Definition, parse
from linli.onestop.conditions import Household
from linli.onestop.flow import Course, Mark
from linli.onestop.glossary import glossary
from linli.onestop.models import Application, ItemVersion, Task
from linli.onestop.rules import case_facts


@lru_cache(maxsize=512)
def _parsed(version: int, stamp: str) -> Definition:
    return parse(ItemVersion.objects.values_list("definition", flat=True).get(pk=version), glossary())


def definition_of(version: ItemVersion) -> Definition:
    """The version's definition, parsed once a process; a draft edited since is parsed anew."""
    return _parsed(version.pk, version.edited_at.isoformat())


def _load_current() -> dict[str, ItemVersion]:
    rows = ItemVersion.objects.filter(state="published").select_related("item").order_by("validity")
    return {f"{row.item.code}:{row.number}": row for row in rows}


published = Kept(
    _load_current,
    "SELECT count(*), max(id), max(published_at), count(*) FILTER (WHERE state = 'published'), max(edited_at)"
    " FROM onestop_itemversion",
)


def household_of(row: Application) -> Household:
    """Facts of the case and its members, the applicant first."""
    members = sorted(row.members.all(), key=lambda member: (member.person_id != row.person_id, member.pk))
    facts = [member.facts for member in members]
    return Household({**case_facts(facts[0] if facts else {}), **row.facts}, facts)


def course_of(row: Application, tasks: Iterable[Task], outcome: str = "") -> Course:
    """How far the case has come, as the flow sees it."""
    marks = tuple(
        Mark(t.step, t.branch, t.round, t.state, t.opinion, t.kind) for t in tasks if t.kind != "notice"
    )
    return Course(marks, row.round, row.start, row.publish_from, outcome)
