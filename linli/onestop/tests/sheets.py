"""A means sheet for the tests: the incomes that make the rules come to the wanted amount."""

from linli.kernel.access.queries import actor_for
from linli.onestop import actions
from linli.onestop.models import Application, Reckoning
from linli.onestop.tests.conftest import at, task_of

STANDARD = 72000  # 低保, fen a month and head, data/means.yaml


def members_of(row: Application) -> list[int]:
    return list(row.members.values_list("person", flat=True)) or [row.person_id]


def reckoned(
    row: Application, fen: int = 65000, when: str = "2026-02-26 10:00", **income: object
) -> Reckoning:
    """The decision's holder reckons 低保 by difference: whatever is missing to `fen` is the applicant's income."""
    task, people = task_of(row, "decide"), members_of(row)
    relatives = [
        {"person": one, "why": "applicant" if one == row.person_id else "spouse", "reason": ""} for one in people
    ]  # fmt: skip
    line = {
        "person": row.person_id, "kind": "transfer", "fen": STANDARD * len(people) - fen, "disregard": "",
        "note": "养老金", "source": "人社·社保：相符", **income,
    }  # fmt: skip
    return actions.reckon_means(
        by=actor_for(task.holder_id), task=task.pk, method="dibao.difference", relatives=relatives, incomes=[line],
        at=at(when),
    )  # fmt: skip
