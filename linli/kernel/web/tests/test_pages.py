import json
import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import Client

from linli.kernel.access.models import Grant, Role
from linli.kernel.web.models import BackgroundRun
from linli.kernel.web.registry import nav
from linli.kernel.web.tests import pages

pytestmark = pytest.mark.django_db


def test_large_font_is_a_button_that_needs_no_javascript(client):
    assert "data-care" not in client.get("/t/report/").content.decode()
    answer = client.post("/face/care/", {"care": "1", "next": "/t/report/"})
    assert answer["Location"] == "/t/report/"
    html = client.get("/t/report/").content.decode()
    assert re.search(r"<html[^>]* data-care", html)
    assert "标准字" in html
    client.post("/face/care/", {"care": "0"})
    assert "data-care" not in client.get("/t/report/").content.decode()


def test_large_font_follows_the_account_until_chosen_otherwise(client, wang):
    wang.large_font = True
    wang.save()
    client.force_login(wang)
    assert "data-care" in client.get("/t/report/").content.decode()


@pytest.mark.parametrize("away", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(client, away):
    assert client.post("/face/care/", {"care": "1", "next": away})["Location"] == "/"


def test_the_language_is_chosen_and_kept(client):
    client.post("/face/language/", {"language": "en", "next": "/t/report/"})
    assert '<html lang="en"' in client.get("/t/report/").content.decode()
    client.post("/face/language/", {"language": "tlh"})
    assert '<html lang="en"' in client.get("/t/report/").content.decode()


@pytest.mark.parametrize("status", [403, 404, 409, 413, 422, 429])
def test_a_refusal_is_a_page_in_plain_words_with_its_status(client, status):
    answer = client.get(f"/t/refuse/{status}/")
    html = answer.content.decode()
    assert answer.status_code == status
    assert "这件事由上一级办理。" in html
    assert '<html lang="zh-CN"' in html
    assert answer.has_header("Retry-After") == (status == 429)


def test_a_refusal_to_htmx_is_a_fragment(client):
    html = client.get(
        "/t/refuse/409/", HTTP_HX_REQUEST="true", HTTP_HX_REQUEST_TYPE="partial"
    ).content.decode()
    assert "这件事由上一级办理。" in html
    assert "<html" not in html


def test_a_refusal_to_a_program_is_problem_json(client):
    answer = client.get("/t/refuse/409/", HTTP_ACCEPT="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert json.loads(answer.content)["code"] == "elsewhere"


def test_a_page_that_is_not_there_says_where_to_go(client):
    answer = client.get("/nothing/here/")
    assert answer.status_code == 404
    assert "不在您的管辖范围内" in answer.content.decode()


def test_a_fault_is_told_without_its_cause(client):
    client.raise_request_exception = False
    answer = client.get("/t/refuse/500/")
    assert answer.status_code == 500
    assert "系统出了故障" in answer.content.decode()
    assert "made to fail" not in answer.content.decode()


def test_a_form_without_its_token_is_told_to_reload():
    answer = Client(enforce_csrf_checks=True).post("/t/report/", {"name": "x"})
    assert answer.status_code == 403
    assert "请刷新页面后重新提交" in answer.content.decode()


def test_pages_carry_their_guards(client, wang):
    answer = client.get("/t/report/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer["Cache-Control"] == "private, no-cache"
    client.force_login(wang)
    assert client.get("/t/report/")["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "page", ["/t/report/", "/t/list/", "/t/detail/", "/t/board/", "/t/wall/", "/t/phone/", "/tray/"]
)
def test_no_page_has_inline_script_or_style(client, page):
    html = client.get(page).content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)


@pytest.mark.parametrize(
    "page", ["/t/report/", "/t/list/", "/t/detail/", "/t/board/", "/t/wall/", "/tray/", "/nothing/"]
)
def test_chinese_words_have_chinese_punctuation(client, page):
    html = re.sub(r"<script.*?</script>|<[^>]+>", "\n", client.get(page).content.decode(), flags=re.S)
    assert not re.findall(r"[\u4e00-\u9fff][,;:?!][\u4e00-\u9fff]", html)


def test_navigation_shows_what_is_mounted_and_allowed(rf, wang, stranger):
    role = Role.objects.create(code="tests_auditor", zh="审计", en="auditor", verbs=["web.audit"])
    Grant.objects.create(account=wang, role=role, area="430181")
    request = rf.get("/t/list/")
    request.user = wang
    assert [(link.label, link.here) for link in nav(request)][:2] == [("态势", False), ("事件", True)]
    assert "审计" in [link.label for link in nav(request)]
    other = rf.get("/t/list/")
    other.user = stranger
    labels = [link.label for link in nav(other)]
    assert "审计" not in labels
    assert "台账" not in labels


def test_the_timeline_says_who_what_when_and_why(client):
    html = client.get("/t/detail/").content.decode()
    for said in ("居民上报", "张*", "（居民）", "路口井盖松动", "已超时 9 分钟"):
        assert said in html


def test_a_person_is_shown_masked_and_revealed_only_with_a_reason(client):
    html = client.get("/t/detail/").content.decode()
    assert "欧阳**" in html
    assert "4301****0012" in html
    assert "430181195203040012" not in html
    assert 'name="reason" required' in html


def test_the_app_can_be_installed(client):
    said = json.loads(client.get("/manifest.webmanifest").content)
    assert (said["short_name"], said["display"]) == ("邻里", "standalone")
    worker = client.get("/sw.js")
    assert worker["Service-Worker-Allowed"] == "/"
    assert "web/offline.js" in worker.content.decode()
    assert client.get("/tray/")["X-Linli-Offline"] == "1"


def test_words_of_the_template_library():
    source = (
        '{% load web %}{{ a|masked_name }} {{ b|masked_number }} {% query_with q code="fire" sort=None %}'
    )
    from django.http import QueryDict

    shown = Template(source).render(
        Context({"a": "张伟", "b": "13800001234", "q": QueryDict("sort=at&after=x&page=2")})
    )
    assert shown == "张* 138****1234 ?page=2&amp;code=fire"


def test_a_run_is_seen_by_whoever_started_it(client, wang, stranger):
    run = BackgroundRun.objects.create(code="x", title="重算", by=wang.pk, state="running", total=10, done=4)
    assert client.get(f"/runs/{run.pk}/").status_code == 404
    client.force_login(wang)
    html = client.get(f"/runs/{run.pk}/").content.decode()
    assert "已处理 4 / 10" in html
    assert 'http-equiv="refresh"' in html
    client.force_login(stranger)
    assert client.get(f"/runs/{run.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("page", "extra", "limit"),
    [
        ("/t/report/", [], 25),
        ("/t/list/", ["web/live.js"], 15),
        ("/t/phone/", ["web/upload.js"], 30),
        (
            "/t/board/",
            [
                "lib/maplibre-gl/dist/maplibre-gl.mjs",
                "lib/maplibre-gl/dist/maplibre-gl-worker.mjs",
                "lib/echarts/dist/echarts.simple.min.js",
            ],
            600,
        ),
    ],
)
def test_a_cold_page_stays_within_its_budget(client, monkeypatch, page, extra, limit):
    """KiB as brotli sends them: the page, everything it names, and what its modules load on their own."""
    monkeypatch.setattr(pages.RunTable, "page", 50)
    BackgroundRun.objects.bulk_create(
        BackgroundRun(code="fire", title=f"井盖松动 {n}", total=n) for n in range(50)
    )
    html = client.get(page).content.decode()
    named = re.findall(r'(?:<link rel="(?:stylesheet|icon)" href|<script[^>]* src)="/static/([^"]+)"', html)
    assert "web/linli.css" in named
    files = [finders.find(path) for path in {*named, *extra}]
    bodies = [html.encode(), *(Path(path).read_bytes() for path in files)]
    if page == "/t/board/":
        bodies += [client.get("/t/areas.json").content, client.get("/t/points.json").content]
    sent = sum(len(brotli.compress(body)) for body in bodies)
    assert sent <= limit * 1024


def test_a_row_is_fetched_alone_for_the_live_list(client):
    run = BackgroundRun.objects.create(code="fire", title="井盖松动")
    html = client.get(f"/t/row/{run.pk}/").content.decode()
    assert html.startswith(f'<tr id="row-{run.pk}">')
    assert "井盖松动" in html
    assert client.get("/t/row/00000000-0000-0000-0000-000000000000/").status_code == 404
    assert 'data-live-row="/t/row/0/"' in client.get("/t/list/").content.decode()


def test_the_stream_on_another_port_is_allowed_by_the_policy(client, settings):
    settings.LINLI_LIVE_PORT = 8001
    assert "connect-src 'self' http://testserver:8001" in client.get("/t/report/")["Content-Security-Policy"]


def test_the_map_in_a_form_shows_the_registered_ground(client):
    assert (
        'data-areas="/t/areas.json" data-bounds="113.2,27.9,114.2,28.5"'
        in client.get("/t/report/").content.decode()
    )
