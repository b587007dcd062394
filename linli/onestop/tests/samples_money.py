"""A grant of the first town with its batch, recheck, keeper and spot check, and a draft edition, for the sweep."""

import uuid
from datetime import date, timedelta

from django.utils import timezone

from linli.incidents.tests.conftest import COUNTY, Town
from linli.kernel.actor import SYSTEM
from linli.onestop import actions, reading
from linli.onestop.actions.money import open_entitlement
from linli.onestop.drawing import drawn_by
from linli.onestop.models import (
    Application,
    Batch,
    Custody,
    Decision,
    Entitlement,
    ItemVersion,
    Recheck,
    SpotCheck,
    Task,
    Transfer,
)
from linli.people.models import Person
from tests.words import FAMILY, SECRET


def money_samples(there: Town, areas: dict[str, str]) -> list[tuple[str, str]]:
    row, task = _granted(areas)
    batch = _batch(there, row)
    recheck = Recheck.objects.create(
        entitlement=row, task=task, why="report", due=date(2027, 3, 1), opened_at=timezone.now()
    )
    keeper = Custody.objects.create(
        entitlement=row, keeper_name=FAMILY, relation="亲属", agreement=[1], since=date(2026, 3, 1)
    )
    number = row.decision.application.number
    check, old = _sample(row, number), ItemVersion.objects.earliest("id")
    draft = actions.revise_item(by=SYSTEM, version=old.pk)
    return [
        (r"^onestop/batches/", str(batch.pk)),
        (r"^onestop/grants/.*/act$", "adjust"),
        (r"^onestop/grants/", str(row.pk)),
        (r"^onestop/rechecks/", str(recheck.pk)),
        (r"^onestop/custody/", str(keeper.pk)),
        (r"^onestop/samples/.*/case$", number),
        (r"^onestop/samples/", str(check.pk)),
        (r"^onestop/catalogue/export/", "yaml"),
        (r"^onestop/catalogue/.*/edit/part$", "steps"),
        (r"^onestop/catalogue/.*/at$", "2"),
        (r"^onestop/catalogue/.*/way$", "down"),
        (r"^onestop/catalogue/", str(draft.pk)),
    ]


def _granted(areas: dict[str, str]) -> tuple[Entitlement, Task]:
    now = timezone.now() - timedelta(days=90)
    who = Person.objects.create(name=FAMILY, birth=date(1930, 5, 12), **areas)
    version = ItemVersion.objects.get(item__code="MZ-011", state="published")
    row = Application.objects.create(
        item=version.item, version=version, person=who, state="accepted", number="BJ-SAMPLE-1", sender="t",
        client_uuid=uuid.uuid4(), content=b"c" * 16, resume=uuid.uuid4().bytes * 2, submitted_at=now, accepted_at=now,
        statutory_due=now, promised_due=now, unit=f"{COUNTY}-MZ", form='{"bank_account": "6217000000000001"}', **areas,
    )  # fmt: skip
    basis = {"application": row, "round": 1, "role": "x", "kind": "desk", "opened_at": now, "due_at": now,
             "unit": f"{COUNTY}-MZ", "placed": "supervisor", **areas}  # fmt: skip
    task = Task.objects.create(step="decide", name="决定", **basis)
    decision = Decision.objects.create(
        application=row, task=task, round=1, outcome="approve", fen=20000, at=now
    )
    Task.objects.filter(pk=task.pk).update(state="done", done_at=now)
    Application.objects.filter(pk=row.pk).update(state="closed", decided_at=now, closed_at=now)
    made = open_entitlement(by=SYSTEM, row=row, decision=decision, definition=reading.definition_of(version))
    assert made is not None
    return made, Task.objects.create(step="recheck", branch="1", name=SECRET, **basis)


def _batch(there: Town, row: Entitlement) -> Batch:
    batch = Batch.objects.create(
        number="FF-SAMPLE-1", item=row.item, area=row.street, county=COUNTY, month=row.first, layout="csv", rows=1, fen=20000,
        maker=there.accounts["worker"], made_at=timezone.now(),
    )  # fmt: skip
    Transfer.objects.create(
        batch=batch, entitlement=row, ref="000000000S", fen=20000, account=row.account, payee=FAMILY
    )
    return batch


def _sample(row: Entitlement, number: str) -> SpotCheck:
    drawn = drawn_by(7, "ab" * 32, [number], 30)
    return SpotCheck.objects.create(
        item=row.item, area=row.street, county=COUNTY, first=date(2026, 2, 1), last=date(2026, 2, 28), percent=30, log_size=7,
        log_root="ab" * 32, cut_off=timezone.now(), population=[number], population_hash=drawn.population_hash,
        seed=drawn.seed, sample=list(drawn.sample),
    )  # fmt: skip
