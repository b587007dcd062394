import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from linli.exchange.models import Delivery, Message, Webhook
from linli.exchange.tests.conftest import COUNTY, EVERYTHING, TOWN

pytestmark = pytest.mark.django_db
LIST = "/system/webhooks/"
GIVEN = {"name": "县应急指挥平台", "url": "https://hooks.example.org/in", "area": COUNTY, "facts": EVERYTHING}


def one(row: Webhook, tail: str = "") -> str:
    return f"{LIST}{row.pk}/{tail}"


def fill(row: Webhook, count: int, state: str = "sent") -> list[Delivery]:
    now = timezone.now()
    more = {
        "sent": {"sent_at": now},
        "parked": {"last_said": "对方程序出错（HTTP 500）"},
        "waiting": {"next_try_at": now},
    }
    made = []
    for number in range(count):
        data = {"incident": 1000 + number, "subject": f"incidents.incident:{1000 + number}"}
        message = Message.objects.create(fact="incidents.IncidentFiled", area=TOWN, data=data, at=now)
        made.append(Delivery.objects.create(webhook=row, message=message, state=state, **more[state]))
    return made


def test_a_receiver_is_added_and_its_secret_shown_once(admins):
    client = admins.client("county")
    page = client.get(LIST + "new/").content.decode()
    assert "立案" in page and COUNTY in page
    answer = client.post(LIST + "new/", GIVEN)
    row = Webhook.objects.get()
    assert answer.status_code == 200 and row.secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    for address in (LIST, one(row), one(row, "change/")):
        assert row.secret not in client.get(address).content.decode()


def test_a_wrong_form_comes_back_with_what_was_typed(admins):
    answer = admins.client("county").post(LIST + "new/", GIVEN | {"url": "http://10.0.0.1/x"})
    page = answer.content.decode()
    assert (
        answer.status_code == 422
        and "http://10.0.0.1/x" in page
        and "内网" in page
        and not Webhook.objects.exists()
    )


def test_the_list_shows_state_and_counts_in_few_queries(admins, hook):
    for number in range(20):
        row = hook(name=f"平台{number}")
        fill(row, 2, "parked")
    client = admins.client("county")
    client.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page = client.get(LIST).content.decode()
    assert len(asked) <= 12 and page.count("平台") >= 20 and "正常" in page
    Webhook.objects.update(active=False, off_reason="停")
    assert "已停用" in client.get(LIST).content.decode()


def test_a_hundred_messages_take_few_queries(admins, hook):
    row = hook()
    fill(row, 60)
    client = admins.client("county")
    client.get(one(row))
    with CaptureQueriesContext(connection) as asked:
        page = client.get(one(row)).content.decode()
    assert len(asked) <= 12 and "立案" in page and "事件 1059" in page and "已送达" in page


def test_messages_are_filtered_by_state_and_number(admins, hook):
    row = hook()
    fill(row, 2)
    parked = fill(row, 1, "parked")[0]
    client = admins.client("county")
    page = client.get(one(row), {"state": "parked"}).content.decode()
    assert page.count('id="row-') == 1 and "HTTP 500" in page
    page = client.get(one(row), {"uuid": str(parked.message.uuid)}).content.decode()
    assert page.count('id="row-') == 1
    assert client.get(one(row), {"uuid": "x"}).content.decode().count('id="row-') == 0


def test_messages_are_exported_to_excel(admins, hook):
    row = hook()
    fill(row, 3)
    answer = admins.client("county").get(one(row), {"export": "xlsx"})
    sheet = load_workbook(BytesIO(b"".join(answer.streaming_content))).active
    assert sheet.max_row == 4 and "消息编号（webhook-id）" in [cell.value for cell in sheet[1]]


def test_chosen_rows_and_all_parked_ones_are_resent(admins, hook):
    row = hook()
    done, parked = fill(row, 1)[0], fill(row, 2, "parked")
    client = admins.client("county")
    assert client.post(one(row), {"act": "resend", "ids": [done.pk]}).status_code == 302
    done.refresh_from_db()
    assert done.state == "waiting"
    assert "重发全部搁置的 2 条" in client.get(one(row)).content.decode()
    assert client.post(one(row, "resend/")).status_code == 302
    assert Delivery.objects.filter(pk__in=[p.pk for p in parked], state="waiting").count() == 2


def test_nothing_chosen_is_said_so(admins, hook):
    row = hook()
    assert admins.client("county").post(one(row), {"act": "resend"}).status_code == 409


def test_a_test_message_is_queued(admins, hook):
    row = hook()
    assert admins.client("county").post(one(row, "test/")).status_code == 302
    assert "测试消息" in admins.client("county").get(one(row)).content.decode()


def test_a_receiver_is_switched_off_and_on(admins, hook):
    row, client = hook(), admins.client("county")
    assert client.post(one(row, "off/"), {"reason": ""}).status_code == 422
    assert client.post(one(row, "off/"), {"reason": "对方系统搬迁"}).status_code == 302
    assert "对方系统搬迁" in client.get(one(row)).content.decode()
    assert client.post(one(row, "on/")).status_code == 302
    row.refresh_from_db()
    assert row.active


def test_a_failing_receiver_says_since_when(admins, hook):
    row = hook()
    Webhook.objects.update(failing_since=timezone.now() - timedelta(hours=2))
    assert "起没有送达" in admins.client("county").get(one(row)).content.decode()


def test_a_new_secret_is_shown_once(admins, hook):
    row, client = hook(), admins.client("county")
    assert "24 小时" in client.get(one(row, "rotate/")).content.decode()
    page = client.post(one(row, "rotate/"), {}).content.decode()
    row = Webhook.objects.get()
    assert row.secret in page and row.old_secret not in page
    assert "同时签名" in client.get(one(row)).content.decode()


def test_a_change_is_saved_unless_somebody_was_first(admins, hook):
    row, client = hook(), admins.client("county")
    page = client.get(one(row, "change/")).content.decode()
    base = re.search(r'name="base_version" value="(\d+)"', page)[1]
    changed = GIVEN | {"name": "新名称", "base_version": base}
    assert client.post(one(row, "change/"), changed).status_code == 302
    row.refresh_from_db()
    assert row.name == "新名称"
    assert client.post(one(row, "change/"), changed | {"name": "又一个"}).status_code == 409


PAGES = ["", "change/", "rotate/", "off/"]
ACTS = ["", "change/", "rotate/", "off/", "on/", "test/", "resend/"]


def test_the_next_towns_administrator_and_strangers_get_nowhere(admins, hook, client):
    row = hook(area=TOWN)
    fill(row, 1, "parked")
    for who, refused in (("there", {403, 404}), ("nobody", {403})):
        far = admins.client(who)
        assert {far.get(one(row, tail)).status_code for tail in PAGES} <= refused
        assert {far.post(one(row, tail), GIVEN | {"reason": "停"}).status_code for tail in ACTS} <= refused
        assert "hooks.example.org" not in far.get(LIST).content.decode()
    assert admins.client("nobody").get(LIST).status_code == 403
    assert admins.client("nobody").post(LIST + "new/", GIVEN).status_code == 403
    assert client.get(LIST)["Location"].startswith("/accounts/login/")
    assert Delivery.objects.get().state == "parked" and Webhook.objects.get().active


def test_a_towns_administrator_sees_the_towns_receivers_alone(admins, hook):
    mine, wide = hook(area=TOWN), hook(area=COUNTY, name="全县平台")
    page = admins.client("here").get(LIST).content.decode()
    assert mine.name in page and wide.name not in page
    assert admins.client("here").get(one(wide)).status_code == 404


def test_the_entry_stands_in_the_navigation_of_those_who_may(admins):
    assert LIST in admins.client("county").get(LIST).content.decode()
    assert f'href="{LIST}"' not in admins.client("nobody").get("/").content.decode()
