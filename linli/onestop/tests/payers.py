"""Offices and a bank for the proofs of money: whoever makes events happen, and books that must agree after each.

The bank is one of its own: it knows only the files, and pays a payment number once, whatever it is sent.
"""

from datetime import date

from django.db import transaction

from linli.kernel import Refused
from linli.kernel.ledger.models import Entry
from linli.onestop import actions, bank, paying
from linli.onestop.actions.money import stop_for_death, undo_death
from linli.onestop.books import booked, plan_of
from linli.onestop.models import COUNTED, BankReturn, Batch, Entitlement, PayLine, Transfer
from linli.onestop.paying import add_months
from linli.onestop.tests.conftest import COUNTY, at
from linli.onestop.tests.grants import CODES, RESULT, granted, second_payer
from linli.people.models import Person

ITEM, FIRST = "MZ-009", date(2026, 3, 1)
MONTHS = [add_months(FIRST, n) for n in range(5)]


class Bank:
    """Accounts somewhere else: knows only the files it was handed, and answers each payment once."""

    def __init__(self):
        self.paid, self.answers = {}, {}

    def take(self, content, say):
        """Pays what is new in a file by `say(ref)`, which is a result of the return format; returns its answer."""
        lines = content.decode().split("\r\n")
        head, rows = lines[0].split(","), [line.split(",") for line in lines[1:] if line]
        assert int(head[1]) == len(rows) and bank.fen_of(head[2]) == sum(bank.fen_of(row[4]) for row in rows)
        for row in rows:
            ref, fen = row[1], bank.fen_of(row[4])
            if ref not in self.answers:
                self.answers[ref] = (fen, say(ref))
                if self.answers[ref][1] == "paid":
                    self.paid[ref] = fen
        return self.answer([row[1] for row in rows])

    def answer(self, refs):
        lines = [f"{ref},{bank.yuan(self.answers[ref][0])},{RESULT[self.answers[ref][1]]}" for ref in refs]
        return "\r\n".join(lines).encode()

    def take_back(self, ref):
        """退汇: money that had arrived comes back."""
        fen = self.paid.pop(ref)
        self.answers[ref] = (fen, "returned")
        return self.answer([ref])


def agree():
    """Every book against every other, whatever has happened."""
    recorded = list(
        Entry.objects.filter(verb__startswith="onestop.").values_list("verb", "subject", "fields")
    )
    sent = {subject: fields["file"] for verb, subject, fields in recorded if verb == "onestop.disburse_funds"}
    made = [subject for verb, subject, _ in recorded if verb == "onestop.make_batch"]
    batches = list(Batch.objects.prefetch_related("transfers__lines"))
    assert sorted(made) == sorted(batch.subject for batch in batches)
    assert len([1 for verb, *_ in recorded if verb == "onestop.disburse_funds"]) == len(sent)
    assert (
        len([1 for verb, *_ in recorded if verb == "onestop.read_bank_return"]) == BankReturn.objects.count()
    )
    for batch in batches:
        alive = [one for one in batch.transfers.all() if one.state != "void"]
        assert not alive or batch.state != "void", batch.number
        if batch.state != "void":  # one turned down keeps what it was made of, as its record
            assert (batch.rows, batch.fen) == (len(alive), sum(one.fen for one in alive)), batch.number
        assert sent.get(batch.subject, "") == batch.file_hash and bool(batch.file_hash) == (
            batch.state == "sent"
        )
        for one in batch.transfers.all():
            lines = list(one.lines.all())
            assert one.fen == sum(line.fen for line in lines) and {line.state for line in lines} == {
                one.state
            }
            assert (batch.state == "void") <= (one.state == "void")
            assert (one.state in ("sent", "failed", "returned")) <= (batch.state == "sent")
    for row in Entitlement.objects.prefetch_related("adjustments"):
        stands, plan = booked([row.pk]).get(row.pk, {}), plan_of(row)
        assert all(month >= plan.first and one.fen >= 0 for month, one in stands.items())
        lines = PayLine.objects.filter(entitlement=row, state__in=COUNTED, kind="regular")
        assert lines.count() == lines.values("month").distinct().count()


def agree_with(bank_there):
    """And with what the bank has paid, once every answer was read."""
    paid = {one.ref: one.fen for one in Transfer.objects.filter(state="paid", fen__gt=0)}
    assert paid == bank_there.paid


class Office:
    """The people who make events happen; what is refused has simply not happened."""

    def __init__(self, county):
        self.county, self.bank = county, Bank()
        self.maker, self.checker, self.officer = (
            county.actor("payer"),
            second_payer(county),
            county.actor("MZ"),
        )
        self.upto, self.rows, self.happened = 0, [], 0

    @property
    def now(self):
        return at(f"{MONTHS[self.upto]:%Y-%m}-25 10:00")

    def grant(self, fen):
        person = Person.objects.create(name="甲", birth=date(1950, 1, 1), **CODES)
        when = f"{MONTHS[self.upto]:%Y-%m}-02 10:00"
        self.rows.append(granted(self.county, item=ITEM, person=person, home=None, fen=fen, when=when))

    def batch(self, *states):
        return Batch.objects.filter(state__in=states).order_by("id").last()

    def do(self, event):
        """One event; True when it happened."""
        name, which, fen, month = event
        row = self.rows[which % len(self.rows)] if self.rows else None
        try:
            with transaction.atomic():
                getattr(self, f"on_{name}")(row, fen, MONTHS[month])
        except Refused:
            return False
        self.happened += 1
        return True

    def on_grant(self, row, fen, month):
        if len(self.rows) < 4:
            self.grant(fen)

    def on_month(self, row, fen, month):
        self.upto = min(self.upto + 1, len(MONTHS) - 1)

    def on_adjust(self, row, fen, month):
        actions.adjust(
            by=self.officer, entitlement=row.pk, fen=fen, month=month, reason="收入变化", at=self.now
        )

    def on_stop(self, row, fen, month):
        actions.stop_entitlement(
            by=self.officer,
            entitlement=row.pk,
            month=month,
            cause="no_longer",
            reason="不再符合",
            at=self.now,
        )

    def on_restore(self, row, fen, month):
        actions.restore_entitlement(by=self.officer, entitlement=row.pk, reason="撤回停发", at=self.now)

    def on_death(self, row, fen, month):
        stop_for_death(person=row.person_id, on=month)

    def on_undo(self, row, fen, month):
        undo_death(person=row.person_id)

    def on_account(self, row, fen, month):
        actions.set_account(
            by=self.officer, entitlement=row.pk, account=f"62170000{fen:08d}", payee="甲", reason="换卡"
        )

    def on_make(self, row, fen, month):
        args = {"by": self.maker, "item": ITEM, "area": COUNTY, "at": self.now}
        first = actions.make_batch(month=MONTHS[self.upto], **args)
        assert actions.make_batch(month=MONTHS[self.upto], **args).pk == first.pk  # run twice: nothing more
        owing = Entitlement.objects.filter(settled=False, hold="").exclude(account="")
        for one in owing.prefetch_related("adjustments"):
            assert not paying.wanted(plan_of(one), booked([one.pk]).get(one.pk, {}), MONTHS[self.upto])

    def on_check(self, row, fen, month):
        batch = self.batch("made")
        if batch is not None:
            agreed = fen % 4 != 0
            actions.check_batch(
                by=self.checker, batch=batch.pk, agree=agreed, reason="" if agreed else "金额待核"
            )

    def on_send(self, row, fen, month):
        """The file goes out, and by mistake a second time; the bank is handed both."""
        batch = self.batch("checked")
        if batch is None:
            return
        first, again = (actions.disburse_funds(by=self.maker, batch=batch.pk, at=self.now) for _ in range(2))
        assert first.content == again.content and bank.digest(again.content) == again.batch.file_hash
        results = ["paid", "failed", "paid", "rekey"]
        for content in (first.content, again.content):
            self.bank.take(content, lambda ref: results[(fen + int(ref)) % 4])

    def on_return(self, row, fen, month):
        """The answers of every file that is out, each read twice."""
        for batch in Batch.objects.filter(state="sent", returns=None):
            refs = [
                one.ref for one in batch.transfers.filter(fen__gt=0).exclude(state="void").order_by("ref")
            ]
            if refs:
                args = {
                    "by": self.maker,
                    "batch": batch.pk,
                    "content": self.bank.answer(refs),
                    "at": self.now,
                }
                assert actions.read_bank_return(**args).pk == actions.read_bank_return(**args).pk

    def on_back(self, row, fen, month):
        one = Transfer.objects.filter(state="paid", fen__gt=0).order_by("id").first()
        if one is not None:
            content = self.bank.take_back(one.ref)
            actions.read_bank_return(by=self.maker, batch=one.batch_id, content=content, at=self.now)

    def settle_up(self):
        """Everybody has a good account, and batches run until nothing is due."""
        self.upto = len(MONTHS) - 1
        for batch in Batch.objects.filter(state="made"):
            actions.check_batch(by=self.checker, batch=batch.pk)
        for row in self.rows:
            self.on_account(row, 7, FIRST)
        for _ in range(6):
            for batch in Batch.objects.filter(state="checked"):
                sent = actions.disburse_funds(by=self.maker, batch=batch.pk, at=self.now)
                self.bank.take(sent.content, lambda ref: "paid")
            self.on_return(None, 0, FIRST)
            try:
                batch = actions.make_batch(
                    by=self.maker, item=ITEM, month=MONTHS[-1], area=COUNTY, at=self.now
                )
            except Refused as refused:
                assert refused.code == "nothing_due"
                return
            if batch.state != "made":
                return
            actions.check_batch(by=self.checker, batch=batch.pk)
