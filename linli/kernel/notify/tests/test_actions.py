from datetime import timedelta

import pytest
from django.db import connection

from linli.kernel import Refused
from linli.kernel.ledger.models import Entry
from linli.kernel.notify import registry
from linli.kernel.notify.actions import deliver_code, deliver_due, mark_read, notify, resend, set_channel
from linli.kernel.notify.models import Channel, Notice, Outbox
from linli.kernel.notify.rules import TemplateError
from linli.kernel.notify.tests.conftest import NIGHT, NOON, acting

pytestmark = pytest.mark.django_db
WORDS = {"title": "新工单", "text": "请到金沙路查看"}


def tell(to, channels=("in_app",), now=NOON, **more) -> list[Notice]:
    return notify(to=to, template="notify.plain", context=WORDS, channels=channels, now=now, **more)


def state(notice: Notice) -> str:
    notice.refresh_from_db()
    return notice.state


def test_an_in_app_notice_is_there_at_once_even_at_night(worker):
    notice = tell(worker.pk, now=NIGHT, subject="incidents.incident:17")[0]
    assert (notice.state, notice.title, notice.text) == ("sent", "新工单", "请到金沙路查看")
    assert Notice.objects.get().subject == "incidents.incident:17"


def test_a_notice_leaves_by_the_gateway_with_address_and_words(worker, gateway):
    tell(worker.pk, ("in_app", "sms", "email"))
    assert deliver_due(now=NOON) == 2
    assert {message["message"] for message in gateway.got} == {"请到金沙路查看"}
    assert sorted(gateway.paths) == ["/send?to=13800000001", "/send?to=a%40example.org"]
    assert set(Notice.objects.values_list("state", flat=True)) == {"sent"}
    assert deliver_due(now=NOON) == 0


def test_the_same_client_key_is_told_once(worker, other, gateway):
    first = tell(worker.pk, ("in_app", "sms"), client_key="order:1:rung:2")
    again = tell(worker.pk, ("in_app", "sms"), client_key="order:1:rung:2")
    assert [n.pk for n in first] == [n.pk for n in again]
    assert len(tell(other.pk, ("in_app",), client_key="order:1:rung:2")) == 1
    assert Notice.objects.count() == 3


def test_a_gateway_that_fails_then_is_slow_then_works(worker, gateway, impatient):
    notice = tell(worker.pk, ("sms",))[0]
    gateway.status = 503
    deliver_due(now=NOON)
    assert state(notice) == "queued"
    assert notice.last_error == "网关拒绝（HTTP 503）"
    assert deliver_due(now=NOON) == 0  # backs off
    gateway.status, gateway.delay = 500, 1.0
    deliver_due(now=NOON + timedelta(seconds=5))
    assert state(notice) == "queued"
    assert notice.last_error == "网关连接不上或超时"
    assert notice.attempts == 2
    gateway.status, gateway.delay = 200, 0.0
    deliver_due(now=NOON + timedelta(minutes=2))
    assert state(notice) == "sent"
    assert notice.last_error == ""
    assert len(gateway.got) == 1


def test_a_gateway_that_never_works_leaves_a_visible_failure_that_can_be_resent(worker, other, gateway):
    gateway.status = 500
    notice = tell(worker.pk, ("sms",))[0]
    now = NOON - timedelta(hours=4)
    Notice.objects.update(next_try_at=now)
    for pause in (*registry.delivery().pauses, 0):
        assert deliver_due(now=now) == 1
        now += timedelta(seconds=pause)
    assert state(notice) == "failed"
    gateway.status = 200
    resend(by=acting(other, "notify.manage"), notice=notice.pk, now=NOON)
    assert deliver_due(now=NOON) == 1
    assert state(notice) == "sent"
    assert Entry.objects.get(verb="notify.resend").subject == f"notify.notice:{notice.pk}"


def test_only_a_failed_notice_that_still_counts_is_resent(worker, other):
    chief = acting(other, "notify.manage")
    notice = tell(worker.pk)[0]
    with pytest.raises(Refused) as refused:
        resend(by=chief, notice=notice.pk)
    assert refused.value.status == 409
    Notice.objects.update(state="failed", expires_at=NOON)
    with pytest.raises(Refused, match="时效"):
        resend(by=chief, notice=notice.pk, now=NOON)
    with pytest.raises(Refused) as refused:
        resend(by=chief, notice=0)
    assert refused.value.status == 404


def test_night_holds_what_is_not_urgent_until_morning(worker, gateway):
    calm = tell(worker.pk, ("sms",), now=NIGHT)[0]
    pressing = tell(worker.pk, ("sms",), now=NIGHT, urgent=True)[0]
    assert (calm.state, pressing.state) == ("held", "queued")
    assert deliver_due(now=NIGHT) == 1
    assert (state(calm), state(pressing)) == ("held", "sent")
    assert deliver_due(now=NIGHT + timedelta(hours=8, minutes=29)) == 0
    assert deliver_due(now=NIGHT + timedelta(hours=8, minutes=30)) == 1
    assert state(calm) == "sent"


def test_a_retry_that_falls_into_the_night_is_held(worker, gateway):
    gateway.status = 500
    evening = NIGHT.replace(hour=21, minute=29, second=58)
    notice = tell(worker.pk, ("sms",), now=evening)[0]
    deliver_due(now=evening)
    assert state(notice) == "held"
    assert notice.next_try_at == NIGHT.replace(day=3, hour=7, minute=30)


def test_a_code_goes_out_at_night_and_is_wiped(gateway):
    deliver_code("13800000009", "您的验证码是 123456")
    notice = Notice.objects.get()
    assert notice.urgent and notice.expires_at
    assert deliver_due(now=notice.created_at) == 1
    assert gateway.got[0]["message"] == "您的验证码是 123456"
    assert state(notice) == "sent"
    assert notice.text == ""


def test_a_code_out_of_date_is_not_sent(gateway):
    deliver_code("13800000009", "您的验证码是 123456")
    notice = Notice.objects.get()
    assert deliver_due(now=notice.created_at + timedelta(minutes=10)) == 0
    assert state(notice) == "failed"
    assert notice.text == "" and not gateway.got


def test_address_and_words_are_not_readable_in_the_table(gateway):
    deliver_code("13800000009", "您的验证码是 123456")
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(n)::text FROM notify_notice n")
        stored = cursor.fetchone()[0]
    assert "13800000009" not in stored
    assert "123456" not in stored


def test_an_address_that_is_none_is_refused():
    with pytest.raises(Refused) as refused:
        tell("金沙路12号")
    assert "address" in refused.value.fields


def test_a_fault_of_the_caller_is_loud(worker):
    with pytest.raises(TemplateError, match="text"):
        notify(to=worker.pk, template="notify.plain", context={"title": "x"})
    with pytest.raises(TemplateError, match="fax"):
        tell(worker.pk, ("fax",))
    assert not Notice.objects.exists()


def test_the_demo_shows_on_a_page_what_has_no_gateway(settings, worker):
    settings.PRODUCTION = False
    deliver_code("13800000009", "您的验证码是 123456")
    deliver_due()
    shown = Outbox.objects.get()
    assert (shown.address, shown.text) == ("13800000009", "您的验证码是 123456")


def test_production_without_a_gateway_says_so_and_shows_nothing(settings, worker):
    settings.PRODUCTION = True
    notice = tell(worker.pk, ("sms",))[0]
    deliver_due(now=NOON)
    assert state(notice) == "queued"
    assert "没有启用“短信”通道" in notice.last_error
    assert not Outbox.objects.exists()


def test_a_person_without_a_phone_is_told_apart(other, gateway):
    notice = tell(other.pk, ("sms",))[0]
    deliver_due(now=NOON)
    notice.refresh_from_db()
    assert "没有登记" in notice.last_error


def test_a_channel_is_set_kept_secret_and_recorded(other, worker, gateway, settings):
    settings.LINLI_CHANNELS = {}
    set_channel(by=acting(other, "notify.manage"), kind="sms", url=gateway.url)
    tell(worker.pk, ("sms",))
    deliver_due(now=NOON)
    assert len(gateway.got) == 1
    assert "127.0.0.1" not in str(Entry.objects.get().fields)
    with connection.cursor() as cursor:
        cursor.execute("SELECT url FROM notify_channel")
        assert "127.0.0.1" not in cursor.fetchone()[0]


def test_an_inactive_channel_sends_nothing(other, worker, gateway):
    set_channel(by=acting(other, "notify.manage"), kind="sms", url=gateway.url, active=False)
    notice = tell(worker.pk, ("sms",))[0]
    deliver_due(now=NOON)
    assert state(notice) == "queued" and not gateway.got


@pytest.mark.parametrize(
    ("kind", "url", "field"),
    [
        ("in_app", "json://gateway/", "kind"),
        ("sms", "nonsense", "url"),
        ("sms", "json://gateway/x", "url"),
        ("email", " ", "url"),
    ],
)
def test_a_wrong_channel_is_refused_by_field(other, kind, url, field):
    with pytest.raises(Refused) as refused:
        set_channel(by=acting(other, "notify.manage"), kind=kind, url=url)
    assert field in refused.value.fields
    assert not Channel.objects.exists()


def test_reading_marks_only_ones_own(worker, other):
    mine, theirs = tell(worker.pk)[0], tell(other.pk)[0]
    assert mark_read(by=acting(worker), notices=[mine.pk, theirs.pk]) == 1
    assert (state(mine), state(theirs)) == ("read", "sent")
    tell(worker.pk)
    assert mark_read(by=acting(worker)) == 1
    assert mark_read(by=acting(worker)) == 0


def test_a_stranger_manages_nothing(worker, other, gateway):
    notice = tell(worker.pk)[0]
    with pytest.raises(Refused) as refused:
        set_channel(by=acting(other, "incidents.view"), kind="sms", url=gateway.url)
    assert refused.value.status == 403
    with pytest.raises(Refused):
        resend(by=acting(other, "incidents.view"), notice=notice.pk)
    from linli.kernel.actor import Actor

    with pytest.raises(Refused):
        mark_read(by=Actor(None, "anonymous", ""))
