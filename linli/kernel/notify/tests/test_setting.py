"""What the administrator sets about messages, by action and by page."""

from datetime import time

import pytest
from django.test import Client
from django.urls import reverse

from linli.kernel import Refused
from linli.kernel.access.actions import give_grant
from linli.kernel.access.rules import SYSTEM
from linli.kernel.identity.models import Account
from linli.kernel.ledger.models import Entry
from linli.kernel.notify import current, registry, rules
from linli.kernel.notify.actions import (
    deliver_due,
    notify,
    send_trial,
    set_channel,
    set_quiet_hours,
    set_wording,
    switch_channel,
)
from linli.kernel.notify.models import Channel, Notice, QuietHours, Wording
from linli.kernel.notify.tests.conftest import NIGHT, NOON, acting

pytestmark = pytest.mark.django_db
GATEWAY = "jsons://gateway.example.org/secret-token/?-to={address}"


@pytest.fixture
def boss() -> Account:
    row = Account.objects.create(
        username="boss", name="吴管理", phone="13800000009", email="boss@example.org", kind="staff"
    )
    give_grant(by=SYSTEM, account=row.pk, role="administrator", area="430181")
    return row


@pytest.fixture
def desk(boss: Account) -> Client:
    return signed_in(boss)


def signed_in(row: Account) -> Client:
    client = Client()
    client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_gateway_is_set_masked_switched_off_and_on_again(desk: Client, settings) -> None:
    settings.PRODUCTION = True
    address, back = reverse("notify:channel", args=["sms"]), reverse("notify:channels")
    assert "未设置" in desk.get(back).content.decode()
    assert desk.post(address, {"url": "nonsense", "active": "on"}).status_code == 422
    assert desk.post(address, {"url": "", "active": "on"}).status_code == 422
    assert desk.post(address, {"url": GATEWAY, "active": "on"}).status_code == 302
    page = desk.get(back).content.decode() + desk.get(address).content.decode()
    assert "jsons://****" in page and "secret-token" not in page and "gateway.example.org" not in page
    assert desk.post(address, {"url": "", "active": "on"}).status_code == 302
    assert Channel.objects.get().url == GATEWAY  # left blank, kept
    switch = reverse("notify:switch", args=["sms"])
    assert "停用短信通道" in desk.get(switch).content.decode()
    assert desk.post(switch, {"reason": ""}).status_code == 422
    assert desk.post(switch, {"reason": "欠费"}).status_code == 302
    assert not Channel.objects.get().active
    assert desk.post(switch, {"reason": "已续费"}).status_code == 302
    assert Channel.objects.get().active
    said = " ".join(str(entry.fields) for entry in Entry.objects.all())
    assert "欠费" in said and "secret-token" not in said
    assert desk.get(reverse("notify:channel", args=["in_app"])).status_code == 404
    assert desk.get(reverse("notify:switch", args=["email"])).status_code == 404


def test_a_trial_goes_to_oneself_even_at_night_and_its_fate_is_shown(desk: Client, boss, gateway) -> None:
    notice = send_trial(by=acting(boss, "notify.manage"), kind="sms", now=NIGHT)
    assert notice.state == "queued"
    deliver_due(now=NIGHT)
    assert "短信" in gateway.got[0]["message"] and "13800000009" in gateway.paths[0]
    page = desk.get(reverse("notify:notice", args=[notice.pk])).content.decode()
    assert "已发送" in page and "吴*" in page and "13800000009" not in page
    answer = desk.post(reverse("notify:trial", args=["email"]))
    assert answer.status_code == 302 and Notice.objects.filter(channel="email").count() == 1
    Account.objects.filter(pk=boss.pk).update(phone="", email="")
    for kind, code in (("sms", "no_address"), ("email", "no_address"), ("pigeon", "no_channel")):
        with pytest.raises(Refused) as refused:
            send_trial(by=acting(boss, "notify.manage"), kind=kind)
        assert refused.value.code == code


def test_failures_are_listed_filtered_exported_and_sent_again(
    desk: Client, worker, gateway, impatient
) -> None:
    notify(
        to=worker.pk,
        template="notify.trial",
        context={"channel": "短信"},
        channels=["sms", "in_app"],
        now=NOON,
    )
    Notice.objects.filter(channel="sms").update(
        state="failed", last_error="网关拒绝（HTTP 500）", next_try_at=None
    )
    lost = Notice.objects.get(channel="sms")
    page = desk.get(reverse("notify:notices") + "?state=failed").content.decode()
    assert "网关拒绝（HTTP 500）" in page and "网*" in page and "网格员甲" not in page
    assert "短信" in desk.get(reverse("notify:channels")).content.decode()
    assert "spreadsheetml" in desk.get(reverse("notify:notices") + "?export=xlsx")["Content-Type"]
    again = reverse("notify:resend", args=[lost.pk])
    assert desk.get(again).status_code == 200
    assert desk.post(again, {"reason": "网关恢复"}).status_code == 302
    lost.refresh_from_db()
    assert lost.state == "queued"
    assert desk.post(again, {"reason": "再来"}).status_code == 409
    assert desk.get(reverse("notify:notice", args=[0])).status_code == 404


def test_quiet_hours_are_data_with_versions(desk: Client, boss, worker) -> None:
    assert current.quiet() == registry.delivery().quiet
    page = reverse("notify:quiet")
    assert "21:30" in desk.get(page).content.decode()
    assert desk.post(page, {"start": "25:00", "end": "07:00", "source": "通知"}).status_code == 422
    assert desk.post(page, {"start": "22:30", "end": "06:30", "source": "政办〔2026〕3号"}).status_code == 302
    assert current.quiet() == rules.Quiet(time(22, 30), time(6, 30))
    set_quiet_hours(by=acting(boss, "notify.manage"), start=time(0), end=time(0), source="防汛期间")
    made = notify(to=worker.pk, template="notify.trial", context={"channel": "短信"}, urgent=False, now=NIGHT)
    assert made[0].state == "queued" and QuietHours.objects.count() == 2
    assert "政办〔2026〕3号" in desk.get(page).content.decode()
    with pytest.raises(Refused):
        set_quiet_hours(by=acting(boss, "notify.manage"), start=time(1), end=time(2), source=" ")


def test_words_are_previewed_then_kept_as_a_new_version(desk: Client, worker) -> None:
    assert "通道测试" in desk.get(reverse("notify:wordings") + "?q=通道测试").content.decode()
    assert "没有符合条件的文案" in desk.get(reverse("notify:wordings") + "?q=无此文案").content.decode()
    page = reverse("notify:wording", args=["notify.trial"])
    typed = {"title": "测试", "text": "邻里“{channel}”通了。", "text_email": "", "reason": "更短"}
    first = desk.post(page, typed).content.decode()
    assert "邻里“短信”通了。" in first and "确认保存" in first and not Wording.objects.exists()
    assert desk.post(page, {**typed, "confirmed": "1"}).status_code == 302
    made = notify(to=worker.pk, template="notify.trial", context={"channel": "短信"}, channels=["in_app"])[0]
    assert (made.text, made.template_version) == ("邻里“短信”通了。", 2)
    assert "更短" in desk.get(page).content.decode()
    assert Entry.objects.filter(verb="notify.set_wording").count() == 1
    assert desk.get(reverse("notify:wording", args=["notify.nothing"])).status_code == 404


@pytest.mark.parametrize(
    ("text", "said"),
    [("你好 {nmae}", "没有“{nmae}”这个占位符"), ("你好 {channel", "花括号要成对")],
)
def test_a_place_nobody_fills_is_refused_before_it_is_kept(desk: Client, boss, text: str, said: str) -> None:
    page = reverse("notify:wording", args=["notify.trial"])
    answer = desk.post(page, {"title": "测试", "text": text, "reason": "试"})
    assert answer.status_code == 422 and said in answer.content.decode()
    with pytest.raises(Refused) as refused:
        set_wording(
            by=acting(boss, "notify.manage"), code="notify.trial", title="测试", text=text, reason="试"
        )
    assert "text" in refused.value.fields and not Wording.objects.exists()


def test_a_channel_has_words_of_its_own(boss, worker) -> None:
    by = acting(boss, "notify.manage")
    set_wording(
        by=by, code="notify.trial", title="测试", text="长的：{channel}", texts={"sms": "短", "email": " "}, reason="短信计费"
    )  # fmt: skip
    one = current.template("notify.trial")
    assert rules.render(one, "sms", {"channel": "x"})[1] == "短"
    assert rules.render(one, "email", {"channel": "x"})[1] == "长的：x"
    with pytest.raises(Refused):
        set_wording(by=by, code="notify.trial", title="测试", text="{channel}", reason=" ")
    with pytest.raises(Refused) as refused:
        set_wording(by=by, code="notify.nothing", title="测试", text="好", reason="试")
    assert refused.value.status == 404


def test_words_that_an_upgrade_left_behind_give_way_to_the_files(boss) -> None:
    Wording.objects.create(code="notify.trial", version=9, title="旧", text="{gone}", reason="旧版")
    current.book.forget()
    assert current.template("notify.trial") == registry.template("notify.trial")


def test_a_town_administrator_and_a_stranger_are_refused_everywhere(worker, other, gateway) -> None:
    give_grant(by=SYSTEM, account=worker.pk, role="administrator", area="430181001")
    number = notify(to=other.pk, template="notify.plain", context={"title": "标题", "text": "无"})[0].pk
    pages = [
        ("channels", []), ("channel", ["sms"]), ("switch", ["sms"]), ("notices", []), ("notice", [number]),
        ("resend", [number]), ("quiet", []), ("wordings", []), ("wording", ["notify.trial"]),
    ]  # fmt: skip
    for row in (worker, other):
        client = signed_in(row)
        for name, arguments in pages:
            assert client.get(reverse(f"notify:{name}", args=arguments)).status_code == 403, name
        assert client.post(reverse("notify:trial", args=["sms"])).status_code == 403
    by = acting(other, "incidents.view")
    for act in (
        lambda: set_channel(by=by, kind="sms", url=GATEWAY),
        lambda: switch_channel(by=by, kind="sms", active=False, reason="无"),
        lambda: send_trial(by=by, kind="sms"),
        lambda: set_quiet_hours(by=by, start=time(1), end=time(2), source="无"),
        lambda: set_wording(by=by, code="notify.trial", title="无", text="无", reason="无"),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.status == 403
    assert Client().get(reverse("notify:channels")).status_code == 302


def test_a_list_of_many_notices_asks_few_questions(
    desk: Client, worker, django_assert_max_num_queries
) -> None:
    for number in range(60):
        notify(to=worker.pk, template="notify.plain", context={"title": f"第 {number} 条", "text": "无"})
    for name in ("notices", "channels", "wordings", "quiet"):
        with django_assert_max_num_queries(14):
            assert desk.get(reverse(f"notify:{name}")).status_code == 200
