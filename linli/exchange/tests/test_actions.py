"""What an administrator does with receivers."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from linli.exchange import actions
from linli.exchange.models import Delivery, Message, Webhook
from linli.exchange.tests.conftest import COUNTY, EVERYTHING, OTHER, TOWN, at
from linli.kernel import Refused
from linli.kernel.ledger.models import Entry
from linli.kernel.notify.models import Notice

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.org/in"
NOON = at("2026-03-02 12:00")


def last_entry() -> Entry:
    return Entry.objects.latest("id")


def test_a_receiver_is_added_with_a_secret_shown_once(admins):
    row, secret = actions.add_webhook(
        by=admins.county, name="指挥平台", url=URL, facts=EVERYTHING, area=COUNTY
    )
    row.refresh_from_db()
    assert row.active and row.secret == secret and secret.startswith("whsec_")
    assert row.made_by_id == admins.county.account
    entry = last_entry()
    assert (entry.subject, entry.verb) == (f"exchange.webhook:{row.pk}", "add_webhook")
    assert secret not in str(entry.fields)


def test_the_secret_is_not_readable_in_the_table(hook):
    row = hook()
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM exchange_webhook WHERE id = %s", [row.pk])
        assert row.plain not in cursor.fetchone()[0]


WRONG = [
    ({"name": " "}, "name"),
    ({"url": "http://hooks.example.org/"}, "url"),
    ({"url": "https://10.0.0.1/"}, "url"),
    ({"facts": []}, "facts"),
    ({"facts": ["incidents.IncidentFiled", "people.PersonDied"]}, "facts"),
    ({"area": ""}, "area"),
    ({"area": "430181999"}, "area"),
    ({"area": "110101"}, "area"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_a_wrong_value_is_named_by_its_field(admins, change, field):
    given = {"name": "甲", "url": URL, "facts": EVERYTHING, "area": COUNTY} | change
    with pytest.raises(Refused) as refused:
        actions.add_webhook(by=admins.county, **given)
    assert set(refused.value.fields) == {field} and not Webhook.objects.exists()


def test_all_defects_are_told_at_once(admins):
    with pytest.raises(Refused) as refused:
        actions.add_webhook(by=admins.county, name="", url="x", facts=[], area="1")
    assert set(refused.value.fields) == {"name", "url", "facts", "area"}


def test_two_receivers_of_an_area_have_two_names(hook):
    hook(name="指挥平台")
    with pytest.raises(Refused) as refused:
        hook(name="指挥平台")
    assert "name" in refused.value.fields
    assert hook(name="指挥平台", area=TOWN).pk


@pytest.mark.parametrize("who", ["nobody", "there", "here"])
def test_nobody_adds_a_receiver_beyond_their_area(admins, who):
    by = getattr(admins, who)
    with pytest.raises(Refused) as refused:
        actions.add_webhook(by=by, name="甲", url=URL, facts=EVERYTHING, area=COUNTY)
    assert refused.value.status == 403 and not Webhook.objects.exists()


def acts(by, row):
    change = {"name": "乙", "url": URL, "facts": EVERYTHING, "area": TOWN}
    return {
        "change": lambda: actions.change_webhook(by=by, webhook=row.pk, **change),
        "off": lambda: actions.switch_off(by=by, webhook=row.pk, reason="停"),
        "on": lambda: actions.switch_on(by=by, webhook=row.pk),
        "rotate": lambda: actions.rotate_secret(by=by, webhook=row.pk),
        "test": lambda: actions.send_test(by=by, webhook=row.pk),
        "resend": lambda: actions.resend(by=by, webhook=row.pk),
    }


@pytest.mark.parametrize("act", ["change", "off", "on", "rotate", "test", "resend"])
@pytest.mark.parametrize("who", ["nobody", "there"])
def test_strangers_and_the_next_towns_administrator_change_nothing(admins, hook, who, act):
    row = hook(area=TOWN)
    before = Webhook.objects.values().get(pk=row.pk)
    with pytest.raises(Refused) as refused:
        acts(getattr(admins, who), row)[act]()
    assert refused.value.status == 403
    assert Webhook.objects.values().get(pk=row.pk) == before and not Message.objects.exists()


@pytest.mark.parametrize("act", ["change", "off", "rotate", "test"])
def test_a_towns_administrator_manages_the_towns_receivers(admins, hook, act):
    row, before = hook(area=TOWN), Entry.objects.count()
    acts(admins.here, row)[act]()
    assert Entry.objects.count() == before + 1


def test_a_receiver_that_is_not_there_is_said_so(admins):
    with pytest.raises(Refused) as refused:
        actions.switch_on(by=admins.county, webhook=404)
    assert refused.value.status == 404


def test_changing_moves_a_receiver_only_where_one_may(admins, hook):
    row = hook(area=TOWN)
    with pytest.raises(Refused) as refused:
        actions.change_webhook(
            by=admins.here, webhook=row.pk, name="乙", url=URL, facts=EVERYTHING, area=OTHER
        )
    assert refused.value.status == 403
    actions.change_webhook(
        by=admins.county, webhook=row.pk, name="乙", url=URL + "2", facts=EVERYTHING[:1], area=OTHER
    )
    row.refresh_from_db()
    assert (row.name, row.url, row.facts, row.area) == ("乙", URL + "2", EVERYTHING[:1], OTHER)
    assert last_entry().fields["url_before"] == URL and row.secret == row.plain


def test_a_new_secret_leaves_the_former_one_a_day(admins, hook):
    row = hook()
    changed, secret = actions.rotate_secret(by=admins.county, webhook=row.pk, now=NOON)
    assert secret != row.plain
    assert (changed.secret, changed.old_secret) == (secret, row.plain)
    assert changed.old_until == NOON + timedelta(hours=24)
    entry = last_entry()
    assert (
        entry.verb == "rotate_secret"
        and secret not in str(entry.fields)
        and row.plain not in str(entry.fields)
    )


def test_switching_off_parks_what_waits_and_needs_a_reason(admins, hook):
    row = hook()
    actions.send_test(by=admins.county, webhook=row.pk)
    with pytest.raises(Refused) as refused:
        actions.switch_off(by=admins.county, webhook=row.pk, reason=" ")
    assert "reason" in refused.value.fields
    actions.switch_off(by=admins.county, webhook=row.pk, reason="对方系统搬迁")
    row.refresh_from_db()
    one = Delivery.objects.get()
    assert not row.active and row.off_reason == "对方系统搬迁"
    assert (one.state, one.last_said, one.next_try_at) == ("parked", "接收方已停用", None)
    with pytest.raises(Refused):
        actions.switch_off(by=admins.county, webhook=row.pk, reason="再停")


def test_a_receiver_that_is_off_is_neither_tested_nor_resent_to(admins, hook):
    row = hook()
    actions.switch_off(by=admins.county, webhook=row.pk, reason="停")
    for act in ("test", "resend"):
        with pytest.raises(Refused) as refused:
            acts(admins.county, row)[act]()
        assert refused.value.code == "webhook_off"


def test_switching_on_begins_afresh(admins, hook):
    row = hook()
    with pytest.raises(Refused):
        actions.switch_on(by=admins.county, webhook=row.pk)
    actions.switch_off(by=admins.county, webhook=row.pk, reason="停")
    Webhook.objects.update(failing_since=NOON, rest_until=NOON)
    actions.switch_on(by=admins.county, webhook=row.pk)
    row.refresh_from_db()
    assert row.active and not row.off_reason and row.failing_since is None and row.rest_until is None


def sent(row: Webhook, state: str, **more) -> Delivery:
    message = Message.objects.create(
        fact="incidents.IncidentFiled", area=TOWN, data={}, at=more.pop("at", NOON)
    )
    given = {
        "waiting": {"next_try_at": NOON},
        "sent": {"sent_at": NOON},
        "parked": {"last_said": "对方程序出错"},
    }
    return Delivery.objects.create(
        webhook=row, message=message, state=state, attempts=3, **given[state], **more
    )


def test_all_parked_messages_are_resent_under_their_own_ids(admins, hook):
    row, other = hook(), hook()
    mine, done, foreign = sent(row, "parked"), sent(row, "sent"), sent(other, "parked")
    ident = mine.message.uuid
    assert actions.resend(by=admins.county, webhook=row.pk, now=NOON) == 1
    for one in (mine, done, foreign):
        one.refresh_from_db()
    assert (mine.state, mine.attempts, mine.next_try_at, mine.message.uuid) == ("waiting", 0, NOON, ident)
    assert (done.state, foreign.state) == ("sent", "parked")
    assert last_entry().fields == {"messages": 1}


def test_chosen_messages_are_resent_also_those_that_arrived(admins, hook):
    row, other = hook(), hook()
    done, waiting, foreign = sent(row, "sent"), sent(row, "waiting"), sent(other, "sent")
    chosen = [done.pk, waiting.pk, foreign.pk]
    assert actions.resend(by=admins.county, webhook=row.pk, deliveries=chosen, now=NOON) == 1
    foreign.refresh_from_db()
    assert foreign.state == "sent"
    with pytest.raises(Refused) as refused:
        actions.resend(by=admins.county, webhook=row.pk, deliveries=[waiting.pk])
    assert refused.value.code == "nothing_to_resend"


def test_a_receiver_gets_a_message_once_as_a_row(hook):
    row = hook()
    one = sent(row, "sent")
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(webhook=row, message=one.message, next_try_at=NOON)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "waiting", "next_try_at": None},
        {"state": "sent", "sent_at": None},
        {"state": "parked", "last_said": ""},
    ],
)
def test_the_table_holds_what_a_state_needs(hook, wrong):
    one = sent(hook(), "sent")
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=one.pk).update(**wrong)


def test_old_messages_are_forgotten_but_not_those_that_wait(hook):
    row, now = hook(), timezone.now()
    old = now - timedelta(days=31)
    gone = [sent(row, "sent", at=old), sent(row, "parked", at=old)]
    kept = [sent(row, "waiting", at=old), sent(row, "sent", at=now - timedelta(days=29))]
    assert actions.forget_old() == 2
    assert set(Delivery.objects.values_list("pk", flat=True)) == {one.pk for one in kept}
    assert not Message.objects.filter(pk__in=[one.message_id for one in gone]).exists()


def test_those_who_manage_it_hear_that_a_receiver_was_switched_off(admins, hook):
    from linli.exchange.actions.webhooks import give_up

    row = hook(area=TOWN)
    give_up(row, "对方答复此地址不再接收（HTTP 410）")
    told = set(Notice.objects.filter(template="exchange.switched_off").values_list("account", flat=True))
    assert told == {admins.county.account, admins.here.account}
    give_up(row, "再一次")
    assert Notice.objects.count() == 2 and last_entry().by == "system:linli"
