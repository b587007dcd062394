"""Batches, the bank's files, and money that is neither paid twice nor forgotten."""

import random
from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Sum

from linli.kernel import Refused
from linli.kernel.ledger.models import Entry
from linli.onestop import actions, bank, queries_money
from linli.onestop.actions.money import close_paid
from linli.onestop.books import terms
from linli.onestop.models import COUNTED, Application, Batch, PayLine, Task, Transfer
from linli.onestop.paying import add_months
from linli.onestop.tests.conftest import COUNTY, OTHER, TOWN, at
from linli.onestop.tests.grants import CODES, answer, granted, second_payer, send
from linli.people.models import Person

pytestmark = pytest.mark.django_db
MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


def make(county, month=MARCH, when="2026-03-10 10:00", **more):
    more = {"by": county.actor("payer"), "item": "MZ-001", "area": COUNTY, **more}
    return actions.make_batch(month=month, at=at(when), **more)


def test_a_batch_is_made_by_one_checked_by_another_and_sent_once(county):
    granted(county)
    batch, maker = make(county), county.actor("payer")
    assert (batch.rows, batch.fen, batch.state) == (1, 65000, "made")
    with pytest.raises(Refused, match="自己的批次"):
        actions.check_batch(by=maker, batch=batch.pk)
    with pytest.raises(Refused, match="第二人复核"):
        actions.disburse_funds(by=maker, batch=batch.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(checker=batch.maker, state="checked")
    second = second_payer(county)
    assert actions.check_batch(by=second, batch=batch.pk) == actions.check_batch(by=second, batch=batch.pk)
    first = actions.disburse_funds(by=maker, batch=batch.pk)
    again = actions.disburse_funds(by=second, batch=batch.pk)
    assert first.content == again.content and bank.digest(first.content) == again.batch.file_hash
    entry = Entry.objects.get(verb="onestop.disburse_funds")
    assert entry.fields["file"] == again.batch.file_hash and entry.fields["fen"] == 65000
    assert first.content.decode().splitlines()[0] == f"{batch.number},1,650.00"
    with pytest.raises(DatabaseError, match="sent never changes"), transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(fen=1)


def test_a_batch_run_twice_adds_nothing_and_a_missed_month_is_made_up(county):
    granted(county)
    april = make(county, APRIL, "2026-04-10 10:00")
    assert april.fen == 2 * 65000  # nobody ran March
    assert make(county, APRIL, "2026-04-10 11:00") == april
    assert PayLine.objects.count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        line = PayLine.objects.first()
        PayLine.objects.create(
            transfer=line.transfer, entitlement=line.entitlement, month=line.month, kind="regular", fen=1
        )


def test_who_is_not_finance_of_the_area_makes_no_batch(county):
    row = granted(county)
    for who in ("resident", "stranger", "MZ"):
        with pytest.raises(Refused) as refused:
            make(county, by=county.actor(who))
        assert refused.value.status == 403
    with pytest.raises(Refused, match="没有应发"):
        make(county, area=OTHER)
    assert make(county, area=TOWN).rows == 1 and row.street == TOWN
    for wrong in ({"month": APRIL}, {"layout": "tape"}, {"item": "XX"}):
        with pytest.raises(Refused):
            make(county, **wrong)


def test_a_batch_turned_down_comes_again(county):
    granted(county)
    batch = make(county)
    with pytest.raises(Refused, match="理由"):
        actions.check_batch(by=second_payer(county), batch=batch.pk, agree=False)
    actions.check_batch(by=second_payer(county), batch=batch.pk, agree=False, reason="金额待核")
    again = make(county)
    assert again.pk != batch.pk and again.fen == 65000
    with pytest.raises(Refused, match="作废"):
        actions.check_batch(by=second_payer(county), batch=batch.pk)


def test_what_the_bank_could_not_pay_is_paid_in_the_next_batch(county):
    row = granted(county)
    first = send(county, MARCH, "2026-03-10 10:00")
    back = answer(county, first, {row.pk: "failed"})
    assert (back.failed, back.paid) == (1, 0)
    assert Transfer.objects.get(batch=first).reason == "银行系统故障"
    second = send(county, MARCH, "2026-03-20 10:00")
    assert second.pk != first.pk and second.fen == 65000
    answer(county, second)
    assert PayLine.objects.filter(state="paid").aggregate(fen=Sum("fen"))["fen"] == 65000


def test_a_wrong_account_waits_for_the_right_one_and_nothing_is_lost(county):
    row = granted(county)
    answer(county, send(county, MARCH, "2026-03-10 10:00"), {row.pk: "rekey"})
    with pytest.raises(Refused, match="没有应发"):
        make(county, APRIL, "2026-04-10 10:00")
    assert [one.pk for one in queries_money.on_hold(county.actor("payer"))] == [row.pk]
    actions.set_account(
        by=county.actor("MZ"), entitlement=row.pk, account="6217000000000002", payee="王向阳", reason="换卡"
    )
    batch = send(county, APRIL, "2026-04-10 11:00")
    assert batch.fen == 2 * 65000
    assert b"6217000000000002" in actions.disburse_funds(by=county.actor("payer"), batch=batch.pk).content
    assert not queries_money.on_hold(county.actor("stranger"))


def test_a_payment_that_came_back_after_it_arrived_is_due_again(county):
    row = granted(county)
    batch = send(county, MARCH, "2026-03-10 10:00")
    assert answer(county, batch).paid == 1
    assert answer(county, batch).pk == answer(county, batch).pk  # the same file: nothing new
    answer(county, batch, {row.pk: "returned"})
    assert not PayLine.objects.filter(state__in=COUNTED).exists()
    with pytest.raises(Refused) as refused:
        content = f"{Transfer.objects.get().ref},650,00".encode()
        actions.read_bank_return(by=county.actor("payer"), batch=batch.pk, content=content)
    assert "退汇" in refused.value.fields["file"][0]


def test_a_return_with_one_wrong_row_is_not_read_at_all(county):
    granted(county)
    granted(county, person=county.wife, home=None, item="MZ-009")
    batch = send(county, MARCH, "2026-03-10 10:00")
    ref = Transfer.objects.get(batch=batch).ref
    for content in (
        f"{ref},650.00,00\n999,1.00,00",
        f"{ref},1.00,00",
        f"{ref},6x,00",
        f"{ref},650,77",
        "",
        "a,b",
    ):
        with pytest.raises(Refused) as refused:
            actions.read_bank_return(by=county.actor("payer"), batch=batch.pk, content=content.encode())
        assert refused.value.fields["file"]
    assert Transfer.objects.get(batch=batch).state == "sent" and not batch.returns.exists()


def test_a_late_decrease_is_set_off_against_what_is_due_and_an_increase_paid_on_top(county):
    row, who = granted(county), county.actor("MZ")
    for month in (MARCH, APRIL):
        answer(county, send(county, month, f"{month:%Y-%m}-10 10:00"))
    actions.adjust(by=who, entitlement=row.pk, fen=15000, month=MARCH, reason="漏报收入")
    batch = send(county, MAY, "2026-05-10 10:00")
    kinds = list(PayLine.objects.filter(transfer__batch=batch).order_by("month").values_list("kind", "fen"))
    assert kinds == [("correction", -15000), ("regular", 15000)] and batch.fen == 0
    assert Transfer.objects.get(batch=batch).state == "paid"
    assert queries_money.overpaid(county.actor("payer")) == {row.pk: 85000}
    actions.adjust(by=who, entitlement=row.pk, fen=90000, month=MARCH, reason="更正漏报")
    june = make(county, MAY, "2026-05-11 10:00")
    assert june.fen == 90000 * 3 - 65000 * 2


def test_a_stop_pulls_what_has_not_gone_to_the_bank_and_late_deaths_are_seen(county):
    row = granted(county)
    batch = make(county)
    actions.stop_entitlement(
        by=county.actor("MZ"), entitlement=row.pk, month=MARCH, cause="own_wish", reason="本人放弃"
    )
    batch.refresh_from_db()
    assert (batch.rows, batch.fen, batch.state) == (0, 0, "void")
    with pytest.raises(Refused, match="没有应发"):
        make(county)
    row.refresh_from_db()
    assert row.months.isempty and row.stopped == "own_wish"
    actions.restore_entitlement(by=county.actor("MZ"), entitlement=row.pk, reason="撤回放弃")
    assert make(county).fen == 65000


def test_first_money_closes_the_case(county):
    row = granted(county)
    case = Application.objects.get(pk=row.decision.application_id)
    Application.objects.filter(pk=case.pk).update(state="approved", closed_at=None)
    batch = send(county, MARCH, "2026-03-10 10:00")
    answer(county, batch)
    case.refresh_from_db()
    assert case.state == "approved" and close_paid() == 0  # its announcement is not up yet
    basis = {
        "application": case,
        "round": 1,
        "role": "x",
        "opened_at": at("2026-03-01 09:00"),
        "due_at": at("2026-03-30 09:00"),
    }
    for step, state in (("announce", "done"), ("pay", "open")):
        done = at("2026-03-02 09:00") if state == "done" else None
        Task.objects.create(step=step, kind=step, name=step, state=state, done_at=done, stage=9,
                            holder=county.accounts["payer"], **basis)  # fmt: skip
    assert close_paid() == 1 and close_paid() == 0
    assert Task.objects.get(application=case, step="pay").state == "done"


def test_the_file_is_the_same_bytes_and_its_columns_hold(county):
    rows = [
        bank.Pay("1" * 16, "6217", "王,向\n阳", 650_05, "低保"),
        bank.Pay("2" * 16, "6218", "李", 1, "低保"),
    ]
    formats = terms()["formats"]
    text = bank.write("FF-1", rows, formats["csv"])
    assert text == bank.write("FF-1", rows, formats["csv"])
    assert text.decode().split("\r\n")[:2] == ["FF-1,2,650.06", f"1,{'1' * 16},王 向 阳,6217,650.05,低保"]
    fixed = bank.write("FF-1", rows, formats["fixed"])
    assert {len(line) for line in fixed.split(b"\n") if line} == {16 + 32 + 60 + 15 + 40}
    with pytest.raises(ValueError, match="account"):
        bank.write("FF-1", [bank.Pay("1", "6" * 33, "王", 1, "")], formats["fixed"])
    assert bank.yuan(-5) == "-0.05" and bank.fen_of(" 12.30 ") == 1230
    for bad in ("1.234", "NaN", "一"):
        with pytest.raises(ValueError):
            bank.fen_of(bad)
    with pytest.raises(bank.BadFile, match="编码"):
        bank.read(b"\xff\xfe\x00", terms()["returns"])


def test_a_line_of_money_never_changes_and_is_never_deleted(county):
    granted(county)
    make(county)
    for bad in ({"fen": 1}, {"state": "returned"}, {"month": MAY}):
        with pytest.raises(DatabaseError, match="line"), transaction.atomic():
            PayLine.objects.update(**bad)
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        PayLine.objects.all().delete()


def test_batches_are_seen_by_finance_of_the_county_only(county):
    granted(county)
    batch = make(county)
    assert list(queries_money.batches_seen(county.actor("payer"))) == [batch]
    assert not queries_money.batches_seen(county.actor("stranger"))
    assert not queries_money.batches_seen(county.actor("resident"))
    assert [t.fen for t in queries_money.transfers_of(county.actor("payer"), batch.pk)] == [65000]
    with pytest.raises(Refused, match="没有这个批次"):
        queries_money.transfers_of(county.actor("resident"), batch.pk)
    for call in (actions.check_batch, actions.disburse_funds):
        with pytest.raises(Refused, match="没有这个批次"):
            call(by=county.actor("payer"), batch=0)


def disturb(chance, who, row, truth, months):
    """One random change of a grant, done by the action and, beside it, by hand in `truth`."""
    row.refresh_from_db()
    end = row.first if row.months.isempty else row.months.upper
    open_months = [m for m in months if m >= row.first and (end is None or m < end)]
    kind = chance.choice(["adjust", "adjust", "stop", "restore", "account"])
    if kind == "account":
        actions.set_account(by=who, entitlement=row.pk, account="6217000000000009", payee="甲", reason="换卡")
    elif kind == "restore" and row.stopped:
        stop = row.adjustments.filter(kind="stop").last()
        actions.restore_entitlement(by=who, entitlement=row.pk, reason="撤回停发")
        for m in months:
            if m >= max(stop.month, row.first) and (stop.until_before is None or m < stop.until_before):
                truth[m] = row.truth_rate[m]
    elif kind == "stop" and open_months:
        since = chance.choice(open_months)
        actions.stop_entitlement(
            by=who, entitlement=row.pk, month=since, cause="no_longer", reason="不再符合"
        )
        truth.update({m: 0 for m in months if m >= since})
    elif kind == "adjust" and open_months:
        since, fen = chance.choice(open_months), chance.randint(1, 9) * 1000 + chance.randint(1, 999)
        actions.adjust(by=who, entitlement=row.pk, fen=fen, month=since, reason="收入变化")
        row.truth_rate.update({m: fen for m in months if m >= since})
        truth.update({m: fen for m in open_months if m >= since})
    else:
        return 0
    return 1


def pay(county, chance, month, results):
    """A batch of the month and the bank's answer to each of its payments."""
    try:
        batch = send(county, month, f"{month:%Y-%m}-25 10:00", "MZ-009")
    except Refused as refused:
        assert refused.code in ("nothing_due", "own_batch", "moved_on")
        return 0
    said = {n: chance.choice(results) for n in batch.transfers.values_list("entitlement", flat=True)}
    if batch.transfers.filter(state="sent").exists():
        answer(county, batch, said)
    return batch.rows


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_through_random_months_nobody_is_paid_twice_or_forgotten(county, seed):
    """Approvals, changes, stops, batches and whatever the bank answers, against a recount by hand."""
    chance, who = random.Random(seed), county.actor("MZ")
    months = [add_months(MARCH, n) for n in range(8)]
    rows, truth, events = [], {}, 0
    for month in months:
        for _ in range(3):
            person, fen = Person.objects.create(name="甲", **CODES), chance.randint(1, 9) * 1000
            row = granted(county, item="MZ-009", person=person, fen=fen, when=f"{month:%Y-%m}-22 10:00")
            row.truth_rate = dict.fromkeys(months, fen)
            truth[row.pk] = {m: fen if m >= row.first else 0 for m in months}
            rows.append(row)
        for row in chance.sample(rows, min(6, len(rows))):
            events += 1 + disturb(chance, who, row, truth[row.pk], months)
        if chance.random() < 0.75:
            events += pay(county, chance, month, ["paid", "paid", "paid", "failed", "rekey", "returned"])
    for row in rows:
        actions.set_account(
            by=who, entitlement=row.pk, account="6217000000000001", payee="甲", reason="核对账户"
        )
    for _ in range(3):
        pay(county, chance, months[-1], ["paid"])
    left = queries_money.overpaid(county.actor("payer"))
    assert events > 60
    for row in rows:
        lines = row.lines.filter(state="paid", month__lte=months[-1])
        due = sum(truth[row.pk].values()) + sum_before(row, months[0])
        assert sum(line.fen for line in lines) == due + left.get(row.pk, 0), row.pk
        for m in months:
            assert sum(line.fen for line in lines if line.month == m) >= truth[row.pk][m]
            assert sum(line.kind == "regular" for line in lines if line.month == m) <= 1
    for batch in Batch.objects.filter(state="sent"):
        content = actions.disburse_funds(by=county.actor("payer"), batch=batch.pk).content
        head = content.decode().split("\r\n")[0].split(",")
        assert head[2] == bank.yuan(batch.fen) and bank.digest(content) == batch.file_hash
    assert not Transfer.objects.filter(entitlement__decision__outcome="refuse").exists()


def sum_before(row, first):
    """Months paid for before the window: of items paid from the month of application."""
    return sum(row.lines.filter(state="paid", month__lt=first).values_list("fen", flat=True))
