import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.areas.models import Area, Profile
from linli.areas.tests.conftest import COUNTY, holding
from linli.kernel.identity.models import Account
from linli.kernel.web.models import BackgroundRun
from linli.site import queries
from linli.site.tests.test_actions import CSV, FIRST

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 32


@pytest.fixture
def admin(client, roles):
    someone = Account.objects.get(pk=holding("administrator", COUNTY).account)
    client.force_login(someone, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_fresh_installation_leads_to_the_first_administrator(client, roles):
    assert client.get("/setup/")["Location"] == "/setup/first/"
    wrong = client.post("/setup/first/", {**FIRST, "code": "guess"})
    assert wrong.status_code == 422 and "首次设置码不对" in wrong.text
    made = client.post("/setup/first/", {**FIRST, "code": queries.setup_code()})
    assert made["Location"] == "/setup/" and "名称与徽标" in client.get("/setup/").text
    assert client.get("/setup/first/").status_code == 403


def test_the_five_steps_are_walked(admin):
    assert admin.post("/setup/finish/").status_code == 422
    file = SimpleUploadedFile("区划.csv", CSV.encode())
    assert "新增 4 个区域" in admin.post("/setup/divisions/", {"file": file}, follow=True).text
    logo = SimpleUploadedFile("logo.png", PNG, content_type="image/png")
    values = {"name": "浏阳邻里", "county": COUNTY, "welcome": "您好", "logo": logo}
    assert admin.post("/setup/profile/", values).status_code == 302
    assert "设置完成" in admin.post("/setup/finish/", follow=True).text
    assert Profile.objects.get(pk=1).set_up
    admin.logout()
    shown = admin.get("/setup/logo")
    assert shown.content == PNG and shown["Content-Type"] == "image/png"


def test_a_wrong_list_and_a_wrong_logo_are_said_beside_their_fields(admin):
    wrong = admin.post("/setup/divisions/", {"file": SimpleUploadedFile("x.csv", b"code,name\n12,x\n")})
    assert wrong.status_code == 422 and "第 2 行" in wrong.text
    Area.objects.create(code=COUNTY, name="浏阳市", level="county")
    logo = SimpleUploadedFile("logo.svg", b"<svg/>", content_type="image/svg+xml")
    wrong = admin.post("/setup/profile/", {"name": "浏阳邻里", "county": COUNTY, "logo": logo})
    assert wrong.status_code == 422 and "PNG 或 JPEG" in wrong.text


def test_demo_data_is_asked_for_and_taken_out_on_pages(admin):
    answer = admin.post("/setup/demo/")
    run = BackgroundRun.objects.get(code="site.load_demo")
    assert str(run.pk) in answer["Location"]
    Area.objects.create(code=COUNTY, name="浏阳市", level="county", demo=True)
    assert "整体删除演示数据" in admin.get("/setup/").text
    assert admin.post("/setup/demo/remove/", {"word": "不"}).status_code == 422
    assert admin.post("/setup/demo/remove/", {"word": "删除演示数据"}).status_code == 302
    assert not Area.objects.exists()


def test_the_set_up_page_asks_little(admin):
    admin.get("/setup/")
    with CaptureQueriesContext(connection) as asked:
        admin.get("/setup/")
    assert len(asked) <= 14


@pytest.mark.parametrize("url", ["/setup/", "/setup/divisions/", "/setup/profile/", "/setup/demo/remove/"])
def test_a_stranger_sets_nothing_up(client, county, administrator, url):
    assert client.get(url).status_code == 403
    clerk = Account.objects.get(pk=holding("community_clerk", COUNTY).account)
    client.force_login(clerk, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(url).status_code == 403 and client.post(url).status_code in (403, 405)
    assert client.post("/setup/demo/").status_code == 403 and client.post("/setup/finish/").status_code == 403
    assert client.get("/setup/logo").status_code == 404
