"""What the county's administrator does with data sources; whom it is closed to."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from linli.exchange import actions, queries
from linli.exchange.models import DataSource, Request
from linli.exchange.shipped import load_sources
from linli.exchange.tests.departments import NINE, SECRET, a_request, connected, department  # noqa: F401
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.kernel.ledger.models import Entry

pytestmark = pytest.mark.django_db
LIST = "/system/sources/"
URL = "https://10.1.2.3/share"
ONE = f"{LIST}GA-ID/"


@pytest.fixture
def source(admins) -> DataSource:
    """公安·电子证照, connected and on."""
    actions.connect_source(by=admins.county, source="GA-ID", url=URL, secret=SECRET, timeout=5)
    return actions.switch_source_on(by=admins.county, source="GA-ID")


def test_the_shipped_sources_are_there_without_an_address_and_off():
    assert DataSource.objects.count() == 23 and load_sources() == 0
    assert not DataSource.objects.filter(active=True).exists()
    assert DataSource.objects.get(code="GA-ID").off_reason == "尚未接通"


def test_a_source_is_connected_and_its_secret_is_sealed(source):
    source.refresh_from_db()
    assert source.active and source.url == URL and source.secret == SECRET
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM exchange_datasource WHERE code = 'GA-ID'")
        assert SECRET not in cursor.fetchone()[0]
    entries = Entry.objects.filter(subject=f"exchange.source:{source.pk}")
    assert [entry.verb for entry in entries.order_by("id")] == ["connect_source", "switch_source_on"]
    assert not any(SECRET in str(entry.fields) for entry in entries)


WRONG = [
    ({"url": "x"}, {"url"}),
    ({"url": "http://127.0.0.1/"}, {"url"}),
    ({"url": "https://169.254.169.254/"}, {"url"}),
    ({"secret": "word"}, {"secret"}),
    ({"secret": "whsec_YQ=="}, {"secret"}),
    ({"secret": ""}, {"secret"}),
    ({"timeout": 0}, {"timeout"}),
    ({"url": "", "secret": "", "timeout": 61}, {"url", "secret", "timeout"}),
]


@pytest.mark.parametrize(("change", "fields"), WRONG)
def test_every_defect_is_named_by_its_field(admins, change, fields):
    with pytest.raises(Refused) as refused:
        actions.connect_source(by=admins.county, source="GA-ID", **({"url": URL, "secret": SECRET} | change))
    assert set(refused.value.fields) == fields


def test_an_empty_secret_keeps_the_present_one(admins, source):
    actions.connect_source(by=admins.county, source="GA-ID", url="https://10.9.9.9/")
    source.refresh_from_db()
    assert source.secret == SECRET and source.url == "https://10.9.9.9/"


def test_a_source_is_switched_off_with_a_reason_and_on_again(admins, source):
    with pytest.raises(Refused):
        actions.switch_source_off(by=admins.county, source="GA-ID", reason=" ")
    row = actions.switch_source_off(by=admins.county, source="GA-ID", reason="接口升级")
    assert not row.active and row.off_reason == "接口升级"
    with pytest.raises(Refused):
        actions.switch_source_off(by=admins.county, source="GA-ID", reason="再停")
    with pytest.raises(Refused):
        actions.ask_again(by=admins.county, source="GA-ID")
    assert actions.switch_source_on(by=admins.county, source="GA-ID").active


def test_what_has_no_address_is_neither_switched_on_nor_tried(admins):
    for act in (actions.switch_source_on, actions.try_source):
        with pytest.raises(Refused) as refused:
            act(by=admins.county, source="SW-TAX")
        assert refused.value.code == "not_connected"


def test_only_what_failed_or_timed_out_is_asked_again(admins, source):
    failed, late = a_request(source), a_request(source, state="timed_out")
    done = a_request(source, state="answered", answered_at=NINE, evidence=b"e" * 32, result="match")
    chosen = [failed.pk, done.pk]
    assert actions.ask_again(by=admins.county, source="GA-ID", requests=chosen, now=NINE) == 1
    assert actions.ask_again(by=admins.county, source="GA-ID", now=NINE) == 1
    with pytest.raises(Refused):
        actions.ask_again(by=admins.county, source="GA-ID", now=NINE)
    assert Request.objects.filter(pk__in=[failed.pk, late.pk], state="waiting", next_try_at=NINE).count() == 2


def test_a_test_call_says_whether_the_department_takes_our_signature(admins, connected):  # noqa: F811
    actions.try_source(by=admins.county, source="GA-ID", now=NINE)
    assert actions.ask_due(now=NINE) == 1 and actions.ask_due(now=NINE) == 0
    row = DataSource.objects.get(code="GA-ID")
    assert row.tested_said == "连接正常，签名已被对方接受" and row.tested_at == NINE
    row.secret = SECRET[:-4] + "AAAA"
    row.save(update_fields=["secret"])
    actions.try_source(by=admins.county, source="GA-ID", now=NINE)
    actions.ask_due(now=NINE)
    assert "签名或身份不符" in DataSource.objects.get(code="GA-ID").tested_said


def acts(by):
    return [
        lambda: actions.connect_source(by=by, source="GA-ID", url=URL, secret=SECRET),
        lambda: actions.switch_source_off(by=by, source="GA-ID", reason="停"),
        lambda: actions.switch_source_on(by=by, source="GA-ID"),
        lambda: actions.try_source(by=by, source="GA-ID"),
        lambda: actions.ask_again(by=by, source="GA-ID"),
    ]


@pytest.mark.parametrize("who", ["here", "there", "nobody"])
def test_a_towns_administrator_and_a_stranger_do_and_see_nothing(admins, source, who):
    a_request(source)
    by = getattr(admins, who)
    for act in acts(by):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.status == 403
    for ask in (lambda: queries.requests(by, source), lambda: queries.source_for(by, "GA-ID")):
        with pytest.raises(Refused):
            ask()
    assert queries.unregistered(by) == []
    if who == "nobody":
        with pytest.raises(Refused):
            queries.data_sources(by)
    else:
        assert not queries.data_sources(by).exists() and not queries.source_list(by).exists()


TAILS = ["", "change/", "off/", "on/", "test/", "again/"]


def test_their_pages_stay_closed_too(admins, source, client):
    a_request(source)
    for who in ("here", "nobody"):
        far = admins.client(who)
        assert {far.get(ONE + tail).status_code for tail in TAILS[:3]} <= {403, 404}
        given = {"url": URL, "reason": "停", "timeout": 5}
        assert {far.post(ONE + tail, given).status_code for tail in TAILS} <= {403, 404}
    page = admins.client("here").get(LIST).content.decode()
    assert "公安·电子证照" not in page and "县级系统管理员" in page
    assert admins.client("nobody").get(LIST).status_code == 403
    assert client.get(LIST)["Location"].startswith("/accounts/login/")
    assert Request.objects.get().state == "failed" and DataSource.objects.get(code="GA-ID").active


def test_the_list_shows_how_each_source_is_doing(admins, source):
    now = timezone.now()
    for _ in range(3):
        a_request(source, now=now, state="answered", answered_at=now, evidence=b"e" * 32, result="match")
    a_request(source, now=now)
    a_request(source, now=now - timedelta(days=30))
    a_request(source, now=now, state="waiting", next_try_at=now, asked_at=None)
    row = queries.source_list(SYSTEM).get(code="GA-ID")
    assert (row.waiting, row.asked_lately, row.failed_lately, row.last_answer) == (1, 5, 1, now)
    page = admins.client("county").get(LIST).content.decode()
    assert "20%" in page and "未接通" in page and "公安·电子证照" in page


def test_a_source_the_catalogue_names_and_nobody_registered_is_told(admins):
    a_request(None, named="林业")
    assert "林业" in admins.client("county").get(LIST).content.decode()


def test_requests_are_filtered_exported_and_cost_few_queries(admins, source):
    for _ in range(40):
        a_request(source, now=timezone.now())
    a_request(source, state="timed_out", last_said="规定时间内没有答复")
    client = admins.client("county")
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert "重新查询未查成的 41 件" in client.get(ONE).content.decode()
    assert len(seen) <= 12
    with CaptureQueriesContext(connection) as seen:
        client.get(LIST)
    assert len(seen) <= 12
    page = client.get(ONE, {"state": "timed_out"}).content.decode()
    assert "规定时间内没有答复" in page and "HTTP 500" not in page
    sheet = load_workbook(BytesIO(b"".join(client.get(ONE, {"export": "xlsx"}).streaming_content))).active
    assert sheet.max_row == 42 and "请求编号" in [cell.value for cell in sheet[1]]


def test_chosen_rows_and_all_failed_ones_are_asked_again_on_the_page(admins, source):
    one, two = a_request(source), a_request(source)
    client = admins.client("county")
    assert client.post(ONE, {"act": "again", "ids": [one.pk]}).status_code == 302
    assert client.post(ONE + "again/").status_code == 302
    assert Request.objects.filter(pk__in=[one.pk, two.pk], state="waiting").count() == 2
    assert client.post(ONE + "again/").status_code == 409


def test_the_address_is_changed_on_the_page_and_the_secret_never_shown(admins, source):
    client = admins.client("county")
    page = client.get(ONE + "change/").content.decode()
    assert SECRET not in page and URL in page
    base = re.search(r'name="base_version" value="(\d+)"', page)[1]
    given = {"url": "https://10.7.7.7/", "secret": "", "timeout": "9", "base_version": base}
    assert client.post(ONE + "change/", given | {"url": "x"}).status_code == 422
    assert client.post(ONE + "change/", given).status_code == 302
    assert client.post(ONE + "change/", given).status_code == 409
    assert SECRET not in client.get(ONE).content.decode()
    source.refresh_from_db()
    assert (source.url, source.timeout, source.secret) == ("https://10.7.7.7/", 9, SECRET)


def test_switching_and_trying_on_the_page(admins, source):
    client = admins.client("county")
    assert client.post(ONE + "off/", {"reason": ""}).status_code == 422
    assert client.post(ONE + "off/", {"reason": "接口升级"}).status_code == 302
    assert "接口升级" in client.get(ONE).content.decode()
    assert client.post(ONE + "on/").status_code == 302 and client.post(ONE + "test/").status_code == 302
    source.refresh_from_db()
    assert source.active and source.test_wanted is not None
    assert LIST in client.get(LIST).content.decode()
