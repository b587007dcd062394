"""One truth about money: ledger, grants, batches, lines, files and the bank agree after anything in any order, and
after any crash (tests/payers.py has the offices and the bank)."""

import os
import signal

import pytest
from django.db import OperationalError, connection, connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from linli.kernel.ledger.models import Entry
from linli.onestop import actions, paying, queries_money
from linli.onestop.books import booked, plan_of
from linli.onestop.models import Batch, Entitlement, PayLine
from linli.onestop.tests.conftest import COUNTY
from linli.onestop.tests.payers import FIRST, ITEM, MONTHS, Office, agree, agree_with

EVENTS = [
    "grant",
    "month",
    "adjust",
    "stop",
    "restore",
    "death",
    "undo",
    "account",
    "make",
    "check",
    "send",
    "return",
    "back",
]
event = st.tuples(
    st.sampled_from([*EVENTS, "make", "check", "send", "return", "make", "check", "send", "return", "month"]),
    st.integers(0, 3),
    st.integers(1, 90_000),
    st.integers(0, 4),
)  # fmt: skip
CYCLE = [("make", 0, 1, 0), ("check", 0, 1, 0), ("send", 0, 3, 0), ("return", 0, 1, 0)]


@pytest.mark.django_db
@settings(
    max_examples=5, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(first=st.lists(event, min_size=4, max_size=7), then=st.lists(event, min_size=4, max_size=7))
def test_all_books_agree_after_every_event_in_any_order(county, first, then):
    """And at the end every month has been paid exactly what it owes, save what was paid too much and is still set off."""
    with transaction.atomic():
        office = Office(county)
        office.grant(65_000)
        office.grant(31_700)
        for one in [*first, *CYCLE, *then]:
            office.do(one)
            agree()
        office.settle_up()
        agree()
        agree_with(office.bank)
        over = queries_money.overpaid(office.maker)
        for row in Entitlement.objects.prefetch_related("adjustments"):
            plan, stands = plan_of(row), booked([row.pk]).get(row.pk, {})
            owed = {month: paying.owed(plan, month) for month in {*MONTHS, *stands}}
            assert all(stands[month].fen >= fen for month, fen in owed.items() if fen)
            assert sum(one.fen for one in stands.values()) == sum(owed.values()) + over.get(row.pk, 0)
            at_bank = sum(office.bank.paid.get(one.ref, 0) for one in row.transfers.all())
            assert at_bank == sum(one.fen for one in stands.values())
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_bank_file_sent_twice_pays_once(county):
    office = Office(county)
    office.grant(65_000)
    for one in CYCLE[:2]:
        assert office.do(one)
    batch = office.batch("checked")
    files = [actions.disburse_funds(by=who, batch=batch.pk).content for who in (office.maker, office.checker)]
    returns = [office.bank.take(content, lambda ref: "paid") for content in files]
    assert files[0] == files[1] and returns[0] == returns[1]
    reads = [actions.read_bank_return(by=office.maker, batch=batch.pk, content=one) for one in returns]
    assert reads[0].pk == reads[1].pk and sum(office.bank.paid.values()) == batch.fen == 2 * 65_000
    agree()
    agree_with(office.bank)
    assert Entry.objects.filter(verb="onestop.disburse_funds").count() == 1


# --- crashes

TABLES = (
    "batch",
    "transfer",
    "payline",
    "entitlement",
    "adjustment",
    "bankreturn",
    "application",
    "task",
    "decision",
)


def snapshot():
    """Everything written so far, ledger and facts too."""
    names = [f"onestop_{one}" for one in TABLES] + ["ledger_entry", "bus_fact", "dispatch_move"]
    with connection.cursor() as cursor:
        found = {}
        for name in names:
            cursor.execute(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t.id)) FROM {name} t")
            found[name] = cursor.fetchone()
    return found


class Cut:
    """A database connection that breaks before its n-th statement; counts when n is None."""

    def __init__(self, at=None, how=None):
        self.at, self.count, self.how = at, 0, how

    def __call__(self, execute, sql, params, many, context):
        if self.at is not None and self.count >= self.at:
            if self.how:
                self.how()
            raise OperationalError("server closed the connection unexpectedly")
        self.count += 1
        return execute(sql, params, many, context)


def stages(office):
    """Every write on the way of a payment, in order, each with what it answers when asked again."""
    yield lambda: actions.make_batch(by=office.maker, item=ITEM, month=FIRST, area=COUNTY, at=office.now).pk
    number = Batch.objects.latest("id").pk
    yield lambda: actions.check_batch(by=office.checker, batch=number, at=office.now).state
    yield lambda: actions.disburse_funds(by=office.maker, batch=number, at=office.now).content
    content = actions.disburse_funds(by=office.maker, batch=number, at=office.now).content
    back = office.bank.take(content, lambda ref: "failed" if ref.endswith("2") else "paid")
    yield lambda: actions.read_bank_return(by=office.maker, batch=number, content=back, at=office.now).pk


def opened(county):
    office = Office(county)
    with transaction.atomic():
        office.grant(65_000)
        office.grant(31_700)
    return office


@pytest.mark.django_db
def test_a_connection_lost_before_any_statement_leaves_all_or_nothing(county):
    office, broken = opened(county), 0
    for act in stages(office):
        before, counting = snapshot(), Cut()
        with transaction.atomic(), connection.execute_wrapper(counting):
            act()
            transaction.set_rollback(True)
        assert snapshot() == before
        for place in range(1, counting.count):
            with (
                pytest.raises(OperationalError),
                transaction.atomic(),
                connection.execute_wrapper(Cut(place)),
            ):
                act()
            assert snapshot() == before, place
            broken += 1
        first, after = act(), snapshot()
        assert (
            after != before and act() == first and snapshot() == after
        )  # asked again: the same, nothing new
        agree()
    assert broken > 30
    agree_with(office.bank)


@pytest.mark.django_db
def test_a_lost_connection_leaves_a_grant_and_what_waits_for_it_as_they_were(county):
    """Stopping pulls money out of a batch: both or neither."""
    office = opened(county)
    office.do(("make", 0, 1, 0))
    stop = lambda: office.on_stop(office.rows[0], 0, FIRST)  # noqa: E731
    before, counting = snapshot(), Cut()
    with transaction.atomic(), connection.execute_wrapper(counting):
        stop()
        transaction.set_rollback(True)
    for place in range(1, counting.count):
        with pytest.raises(OperationalError), transaction.atomic(), connection.execute_wrapper(Cut(place)):
            stop()
        assert snapshot() == before
    stop()
    agree()
    assert office.batch("made").fen == 2 * 31_700  # the whole payment of the one stopped is gone
    office.do(("make", 0, 1, 0))
    assert office.batch("made").fen == 65_000  # and February comes again by itself


def killed(act, place):
    """Runs `act` in a real process of its own, which is killed before its n-th statement, or when done (None)."""
    child = os.fork()
    if child == 0:
        own = connection.copy()
        own.settings_dict["OPTIONS"] = {
            name: value for name, value in own.settings_dict["OPTIONS"].items() if name != "pool"
        }
        connections["default"] = own
        die = lambda: os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731
        try:
            with own.execute_wrapper(Cut(place, die)):
                act()
            die()
        finally:
            os._exit(3)  # never back into the tests
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_at_any_step_leaves_one_truth(county):
    """SIGKILL in the middle of every stage leaves nothing of it; SIGKILL after it leaves it done, and done once."""
    office = opened(county)
    for act in stages(office):
        before, counting = snapshot(), Cut()
        with transaction.atomic(), connection.execute_wrapper(counting):
            act()
            transaction.set_rollback(True)
        for place in (
            1,
            counting.count // 2,
            counting.count - 3,
        ):  # less SAVEPOINT and RELEASE, which the child has not
            killed(act, place)
            assert snapshot() == before
        killed(act, None)
        after = snapshot()
        assert after != before
        act()  # whoever heard no answer asks again
        assert snapshot() == after
        agree()
    agree_with(office.bank)
    assert sorted(office.bank.paid.values()) == [2 * 65_000]
    assert list(PayLine.objects.filter(state="failed").values_list("fen", flat=True)) == [31_700] * 2
