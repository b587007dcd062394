"""From a fact to a receiver's door, over real sockets."""

import uuid
from datetime import timedelta

import pytest

from linli.exchange import actions, jobs
from linli.exchange.actions import deliver_due, write_message
from linli.exchange.catalogue import delivering
from linli.exchange.models import Delivery, Message, Webhook
from linli.exchange.tests.conftest import COUNTY, OTHER, TOWN, Receiver, at
from linli.incidents.models import Incident
from linli.incidents.tests.scenes import filed
from linli.kernel import bus
from linli.kernel.bus import registry
from linli.kernel.bus.jobs import drain
from linli.kernel.bus.models import Delivery as Reaction

pytestmark = pytest.mark.django_db
NOON = at("2026-03-02 12:00")


def message(row: Webhook, when=NOON, data: dict | None = None) -> Delivery:
    made = Message.objects.create(fact="incidents.IncidentFiled", area=TOWN, data=data or {}, at=when)
    return Delivery.objects.create(webhook=row, message=made, next_try_at=when)


def fresh(one: Delivery) -> Delivery:
    return Delivery.objects.select_related("webhook", "message").get(pk=one.pk)


def test_a_report_reaches_a_receiver_signed(town, hook, receiver):
    row = hook(receiver.url)
    case = filed(town)
    drain()
    assert deliver_due() == Delivery.objects.filter(state="sent").count() >= 2
    told = {got.told["type"]: got for got in receiver.got}
    assert set(told) >= {"incidents.ReportReceived", "incidents.IncidentFiled"}
    got = told["incidents.IncidentFiled"]
    assert (
        got.told["data"] | {"incident": case.pk, "class_code": "sr.litter", "area": case.grid}
        == got.told["data"]
    )
    assert all(one.signed_with(row.plain) for one in receiver.got)
    assert len({got.id for got in receiver.got}) == len(receiver.got)
    assert got.id == str(Message.objects.get(fact="incidents.IncidentFiled").uuid)


def test_what_leaves_holds_no_words_of_anybody(town, hook, receiver):
    hook(receiver.url)
    filed(town, text="紫藤架下的暗井没盖", name="欧阳望北", phone="13800000009")
    drain()
    deliver_due()
    said = b"".join(got.body for got in receiver.got).decode()
    assert receiver.got and not any(word in said for word in ("紫藤", "欧阳", "13800000009"))


def test_a_fact_is_written_once_however_often_its_reaction_runs(town, hook):
    hook(), hook(area=TOWN)
    filed(town)
    drain()
    before = (Message.objects.count(), Delivery.objects.count())
    assert before[1] == 2 * before[0] > 0
    for number in Reaction.objects.filter(reaction="exchange.on_fact").values_list("pk", flat=True):
        assert bus.actions.react(number) == "gone"
    drain()
    assert (Message.objects.count(), Delivery.objects.count()) == before


def test_a_reaction_that_failed_half_way_writes_its_message_once(town, hook, monkeypatch):
    hook()
    filed(town)
    real, failed = Delivery.objects.bulk_create, []

    def fail_once(rows, **more):
        if not failed:
            failed.append(1)
            raise OSError("connection lost")
        return real(rows, **more)

    monkeypatch.setattr(Delivery.objects, "bulk_create", fail_once)
    drain()
    told = list(Message.objects.values_list("fact", flat=True))
    assert (
        failed and told.count("incidents.IncidentFiled") == 1 and told.count("incidents.ReportReceived") == 1
    )
    assert Delivery.objects.count() == Message.objects.count()


def test_a_receiver_of_the_next_town_hears_nothing_of_this_one(town, hook):
    here, there = hook(area=TOWN), hook(area=OTHER)
    filed(town)
    drain()
    assert here.deliveries.exists() and not there.deliveries.exists()


def test_a_receiver_hears_only_what_it_chose_and_only_while_it_is_on(admins, town, hook):
    chosen, off = hook(facts=["incidents.IncidentClosed"]), hook()
    actions.switch_off(by=admins.county, webhook=off.pk, reason="停")
    filed(town)
    drain()
    assert not Message.objects.exists() and not chosen.deliveries.exists()


def fact_of(case: Incident, **more):
    from linli.incidents.facts import IncidentMerged

    given = {"area": case.grid, "class_code": case.class_code, "urgency": "routine", "state": "merged"}
    return IncidentMerged(incident=case.pk, subject=case.subject, **given, **more)


@pytest.mark.parametrize("change", [{"private": True}, {"class_code": "", "state": "reported"}])
def test_a_private_or_unclassed_case_is_not_told(town, hook, change):
    hook()
    case = filed(town)
    Incident.objects.filter(pk=case.pk).update(**change)
    drain()
    assert not Message.objects.exists()


def test_a_merge_into_a_private_case_is_not_told(town, hook):
    hook(facts=["incidents.IncidentMerged"])
    case, secret = filed(town), filed(town)
    assert write_message(fact_of(case, into=secret.pk)) is not None
    Incident.objects.filter(pk=secret.pk).update(private=True)
    assert write_message(fact_of(case, into=secret.pk)) is None


def order_fact(case: Incident, order: int, subject: str = ""):
    from linli.dispatch.facts import OrderAccepted

    about = {"kind": "incident.handle", "unit": "430181-CG", "area": case.grid, "mode": "actual"}
    return OrderAccepted(order=order, subject=subject or case.subject, **about)


def test_an_order_is_told_unless_it_or_its_matter_is_private(town, hook):
    from linli.dispatch.models import WorkOrder

    hook()
    case = filed(town)
    order = WorkOrder.objects.get(subject=case.subject)
    assert write_message(order_fact(case, order.pk)) is not None
    assert write_message(order_fact(case, order.pk, "care.file:3")) is None
    WorkOrder.objects.filter(pk=order.pk).update(private=True)
    assert write_message(order_fact(case, order.pk)) is None
    WorkOrder.objects.filter(pk=order.pk).update(private=False)
    Incident.objects.filter(pk=case.pk).update(private=True)
    assert write_message(order_fact(case, order.pk)) is None


def test_a_case_that_becomes_private_while_its_message_waits_is_held_back(town, hook, receiver):
    hook(receiver.url)
    case = filed(town)
    drain()
    Incident.objects.filter(pk=case.pk).update(private=True)
    assert deliver_due() == 0 and not receiver.got
    assert set(Delivery.objects.values_list("state", "last_said")) == {
        ("parked", "该事项属于保密类别，不再外发")
    }


def test_a_failure_is_tried_again_after_each_pause_then_parked_with_its_reason(hook, receiver):
    one, when, receiver.status = message(hook(receiver.url)), NOON, 500
    for number, pause in enumerate(delivering().pauses, 1):
        assert deliver_due(now=when) == 1
        seen = fresh(one)
        assert (seen.state, seen.attempts, seen.next_try_at) == (
            "waiting",
            number,
            when + timedelta(seconds=pause),
        )
        assert deliver_due(now=seen.next_try_at - timedelta(seconds=1)) == 0
        when = seen.next_try_at
    deliver_due(now=when)
    seen = fresh(one)
    assert (seen.state, seen.last_status, seen.last_said) == ("parked", 500, "对方程序出错（HTTP 500）")
    assert seen.webhook.active and len({got.id for got in receiver.got}) == 1


def test_a_parked_message_arrives_when_it_is_resent(admins, hook, receiver):
    row = hook(receiver.url)
    one = message(row)
    Delivery.objects.update(state="parked", next_try_at=None, last_said="对方程序出错（HTTP 500）")
    actions.resend(by=admins.county, webhook=row.pk, now=NOON)
    deliver_due(now=NOON)
    assert fresh(one).state == "sent" and receiver.got[0].id == str(one.message.uuid)


def test_a_receiver_that_is_gone_is_switched_off_with_what_waits(hook, receiver):
    row, receiver.status = hook(receiver.url), 410
    first, second = message(row), message(row)
    deliver_due(now=NOON)
    row.refresh_from_db()
    assert not row.active and "410" in row.off_reason and len(receiver.got) == 1
    assert {fresh(first).state, fresh(second).state} == {"parked"}


def test_a_silent_receiver_rests_and_its_other_messages_lose_no_attempt(hook, receiver):
    row, receiver.status = hook(receiver.url), 503
    first, second = message(row), message(row)
    assert deliver_due(now=NOON) == 1
    row.refresh_from_db()
    assert row.rest_until == NOON + timedelta(seconds=delivering().rest) and row.failing_since == NOON
    assert (fresh(first).attempts, fresh(second).attempts, fresh(second).next_try_at) == (1, 0, NOON)
    assert deliver_due(now=NOON + timedelta(seconds=59)) == 0
    receiver.status = 200
    assert deliver_due(now=row.rest_until) == 2
    row.refresh_from_db()
    assert row.rest_until is None and row.failing_since is None


def test_one_bad_message_does_not_stop_the_next(hook, receiver):
    row, receiver.script = hook(receiver.url), [500, 200, 200]
    rows = [message(row) for _ in range(3)]
    assert deliver_due(now=NOON) == 3
    assert [fresh(one).state for one in rows] == ["waiting", "sent", "sent"]
    assert [got.id for got in receiver.got] == [str(one.message.uuid) for one in rows]


def test_a_dead_receiver_delays_no_other(hook, receiver):
    dead, alive = hook("http://127.0.0.1:9/none"), hook(receiver.url)
    for _ in range(30):
        message(dead)
    one = message(alive)
    deliver_due(now=NOON)
    assert fresh(one).state == "sent"
    assert Delivery.objects.filter(webhook=dead, attempts__gt=0).count() == 1


def test_three_days_without_an_answer_switch_a_receiver_off(hook, receiver):
    row, receiver.status = hook(receiver.url), 500
    one, hours = message(row), timedelta(hours=delivering().off_after_hours)
    Webhook.objects.update(failing_since=NOON - hours)
    deliver_due(now=NOON)
    row.refresh_from_db()
    assert row.active, "a message that will be tried again switches nobody off"
    Delivery.objects.update(attempts=len(delivering().pauses), next_try_at=NOON)
    deliver_due(now=NOON)
    row.refresh_from_db()
    assert not row.active and "连续 3 天" in row.off_reason and fresh(one).state == "parked"


def test_after_a_change_both_secrets_sign_for_a_day(admins, hook, receiver):
    row = hook(receiver.url)
    secret = actions.rotate_secret(by=admins.county, webhook=row.pk, now=NOON)[1]
    message(row)
    deliver_due(now=NOON)
    message(row, NOON + timedelta(hours=24))
    deliver_due(now=NOON + timedelta(hours=24))
    early, late = receiver.got
    assert early.signed_with(secret) and early.signed_with(row.plain)
    assert late.signed_with(secret) and not late.signed_with(row.plain)


def test_the_setting_closed_again_parks_what_would_go_inside(hook, receiver, settings):
    one = message(hook(receiver.url))
    settings.LINLI_WEBHOOK_PRIVATE = "refuse"
    deliver_due(now=NOON)
    assert fresh(one).state == "parked" and "网址" in fresh(one).last_said and not receiver.got


def test_a_slow_row_of_one_receiver_ends_its_turn(hook, receiver, monkeypatch):
    quick = delivering()._replace(turn=0.1)
    monkeypatch.setattr("linli.exchange.actions.deliveries.delivering", lambda: quick)
    row, receiver.delay = hook(receiver.url), 0.15
    for _ in range(3):
        message(row)
    turns = []
    real = actions.deliveries._turn
    monkeypatch.setattr(
        "linli.exchange.actions.deliveries._turn", lambda parcels: turns.append(len(real(parcels))) or []
    )
    monkeypatch.setattr("linli.exchange.actions.deliveries.ROUND", 0.0)
    deliver_due(now=NOON)
    assert turns == [1]
    assert set(Delivery.objects.values_list("attempts", "next_try_at")) == {(0, NOON)}


def test_a_test_message_arrives_and_says_nothing(admins, hook, receiver):
    row = hook(receiver.url)
    one = actions.send_test(by=admins.county, webhook=row.pk, now=NOON)
    deliver_due(now=NOON)
    assert fresh(one).state == "sent"
    assert receiver.got[0].told["type"] == "exchange.Test"
    assert receiver.got[0].told["data"] == {"area": COUNTY, "words": "测试消息"}


def test_the_worker_sends_and_forgets_by_its_timers(hook, receiver):
    timers = {timer.name: timer for timer in registry.timers()}
    assert timers["linli.exchange.jobs.deliver"].seconds > 2, "never among the quick timers of the ladder"
    assert timers["linli.exchange.jobs.forget_old"].at
    one = message(hook(receiver.url))
    assert jobs.deliver() == 1 and fresh(one).state == "sent"
    Message.objects.update(at=NOON - timedelta(days=400))
    assert jobs.forget_old() == 1


def test_what_another_worker_settled_meanwhile_stays_settled(hook, receiver):
    """The lease ran out and another worker parked or sent it: a late failure changes nothing, a late success counts."""
    from linli.exchange.actions.deliveries import _claim, _settle
    from linli.exchange.rules import judge

    one = message(hook(receiver.url))
    claimed = _claim(NOON)[0]
    Delivery.objects.update(state="parked", next_try_at=None, last_said="接收方已停用")
    _settle(claimed, judge(500), NOON)
    assert fresh(one).last_said == "接收方已停用"
    _settle(claimed, judge(200), NOON)
    assert fresh(one).state == "sent"
    _settle(claimed, judge(500), NOON)
    assert fresh(one).state == "sent"


def test_receivers_are_apart(hook, receiver):
    other = Receiver()
    rows = [hook(receiver.url), hook(other.url)]
    for row in rows:
        message(row, data={"words": uuid.uuid4().hex})
    deliver_due(now=NOON)
    other.close()
    assert len(receiver.got) == len(other.got) == 1
    assert receiver.got[0].signed_with(rows[0].plain) and not receiver.got[0].signed_with(rows[1].plain)
