"""Grants and batches for the tests of money: a decision as the flow leaves it, without walking there each time."""

import json
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.identity.models import Account
from linli.onestop import actions, reading
from linli.onestop.actions.money import open_entitlement
from linli.onestop.models import Application, Batch, Decision, Entitlement, ItemVersion, Task, Transfer
from linli.onestop.tests.conftest import COUNTY, GRID, TOWN, VILLAGE, County, at
from linli.people.models import Household, Person

CODES = {"grid": GRID, "community": VILLAGE, "street": TOWN, "county": COUNTY}
RESULT = {"paid": "00", "rekey": "01", "failed": "04", "returned": "05"}


def second_payer(county: County) -> Actor:
    """A checker in the same finance office."""
    account, fresh = Account.objects.get_or_create(username="财政甲", defaults={"name": "财政甲"})
    if fresh:
        Grant.objects.create(account=account, role_id="finance", area=COUNTY, unit=f"{COUNTY}-CZ")
    return actor_for(account.pk, name=account.name)


def granted(
    county: County, *, item: str = "MZ-001", fen: int = 65000, when: str = "2026-02-26 10:00",
    person: Person | None = None, home: Household | None = None, account: str = "6217000000000001", **more: Any,
) -> Entitlement | None:  # fmt: skip
    """An approved case as the database lets one in: its publicity ended, its decision made, its grant opened."""
    moment, who = at(when), person or county.old
    version = ItemVersion.objects.get(item__code=item, state="published")
    mode = more.pop("mode", "required" if item == "MZ-001" else "none")
    row = Application.objects.create(
        item=version.item, version=version, person=who, household=home or (county.home if who == county.old else None),
        state="accepted", form=json.dumps({"bank_account": account, "bank_payee": who.name}), number=f"T-{uuid.uuid4().hex[:20]}",
        sender="t", client_uuid=uuid.uuid4(), content=b"c" * 16, resume=uuid.uuid4().bytes * 2, mode=mode,
        submitted_at=moment - timedelta(days=20), accepted_at=moment - timedelta(days=18), statutory_due=moment, promised_due=moment,
        unit=f"{COUNTY}-MZ", facts=more.pop("facts", {}), **CODES,
    )  # fmt: skip
    basis = {
        "application": row,
        "round": 1,
        "role": "x",
        "opened_at": moment,
        "due_at": moment,
        "unit": f"{COUNTY}-MZ",
        **CODES,
    }
    if mode == "required":
        Task.objects.create(step="publicity", name="公示", kind="publicity", state="done", done_at=moment,
                            holder=county.accounts["town"], **basis)  # fmt: skip
    task = Task.objects.create(step="decide", name="决定", kind="desk", holder=county.accounts["MZ"], **basis)
    decision = Decision.objects.create(application=row, task=task, round=1, outcome="approve", fen=fen, at=moment,
                                       sheet=more.pop("sheet", {}), by=county.accounts["MZ"])  # fmt: skip
    Task.objects.filter(pk=task.pk).update(state="done", done_at=moment)
    Application.objects.filter(pk=row.pk).update(state="closed", decided_at=moment, closed_at=moment)
    return open_entitlement(by=SYSTEM, row=row, decision=decision, definition=reading.definition_of(version))


def send(county: County, month: date, when: str | datetime, item: str = "MZ-001") -> Batch:
    """Made, checked by a second person, sent."""
    moment = at(when) if isinstance(when, str) else when
    maker = county.actor("payer")
    batch = actions.make_batch(by=maker, item=item, month=month, area=COUNTY, at=moment)
    actions.check_batch(by=second_payer(county), batch=batch.pk, at=moment)
    return actions.disburse_funds(by=maker, batch=batch.pk, at=moment).batch


def answer(
    county: County, batch: Batch, results: dict[int, str] | None = None, when: str = "2026-03-12 10:00"
) -> Any:
    """The bank answers: `results` by entitlement, everybody else is paid."""
    rows = []
    for one in Transfer.objects.filter(batch=batch, state__in=("sent", "paid"), fen__gt=0).order_by("ref"):
        said = (results or {}).get(one.entitlement_id, "paid")
        rows.append(f"{one.ref},{one.fen // 100}.{one.fen % 100:02d},{RESULT[said]}")
    return actions.read_bank_return(
        by=county.actor("payer"), batch=batch.pk, content="\r\n".join(rows).encode(), at=at(when)
    )
