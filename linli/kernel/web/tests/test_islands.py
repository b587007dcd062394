"""The JavaScript islands in a real browser, against a real server."""

import pytest
from django.contrib.staticfiles import finders

from linli.kernel.access.models import Grant, Role
from linli.kernel.files.models import Attachment
from linli.kernel.web.models import BackgroundRun, SavedFilter, SyncItem
from linli.kernel.web.sync import OfflineField, OfflineKind, register_offline
from linli.kernel.web.tests import pages

pytestmark = pytest.mark.django_db(transaction=True)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SMALL = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, summary')]
  .filter((e) => { const r = e.getBoundingClientRect(), l = e.closest('label')?.getBoundingClientRect();
    return r.width && !e.matches('.skip') && Math.max(r.height, l ? l.height : 0) < 43.5; }).map((e) => e.outerHTML.slice(0, 90))"""


@pytest.fixture
def visit(chromium, live_server, client):
    """Opens a page of the little town; `care` and `wang` choose large font and who is signed in."""
    opened = []

    def go(path, *, width=390, care=False, account=None, script=True, **more):
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, locale="zh-CN", java_script_enabled=script, **more
        )
        opened.append(context)
        cookies = [("linli_care", "1")] if care else []
        if account:
            client.force_login(account)
            cookies.append(("sessionid", client.cookies["sessionid"].value))
        context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies])
        page = context.new_page()
        page.goto(live_server.url + path)
        return page

    yield go
    for context in opened:
        context.close()


@pytest.fixture
def worker(wang):
    role = Role.objects.create(code="tests_worker", zh="网格员", en="worker", verbs=["tests.note"])
    Grant.objects.create(account=wang, role=role, area="430181")

    def note(actor, item):
        row = SavedFilter.objects.create(
            account=actor.account, table="notes", name=str(item.uuid)[:30], query=item.data["text"]
        )
        return {"subject": f"tests.note:{row.pk}", "phase": "after"}

    register_offline(
        OfflineKind("tests.note", "巡查记录", {"text": OfflineField("巡查情况", required=True)}, note)
    )
    return wang


def until(page, wanted):
    """Waits for a JavaScript value to become true; playwright's own waiting needs eval, which our policy forbids."""
    for _ in range(200):
        if page.evaluate(wanted):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {wanted}")


@pytest.mark.parametrize(("width", "care"), [(1440, False), (390, False), (320, True)])
def test_pages_are_accessible_narrow_and_touchable(visit, live_server, width, care):
    BackgroundRun.objects.create(code="fire", title="井盖松动，路口有人绊倒了三次", total=3)
    page = visit("/t/report/", width=width, care=care, bypass_csp=True)
    wrong = []
    for path in ("/t/report/", "/t/list/", "/t/detail/", "/t/phone/", "/tray/", "/nothing/"):
        page.goto(live_server.url + path)
        page.add_script_tag(path=finders.find("lib/axe-core/axe.min.js"))
        found = page.evaluate("(tags) => axe.run(document, {runOnly: tags})", WCAG)["violations"]
        wrong += [(path, v["id"], v["nodes"][0]["html"]) for v in found]
        wrong += [(path, "small", html) for html in page.evaluate(SMALL)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append((path, "scrolls sideways", ""))
    assert wrong == []


def test_a_resident_reports_without_javascript(visit):
    page = visit("/t/report/", script=False)
    page.click("text=提交上报")
    assert "还有 4 处需要修改" in page.inner_text("main")
    page.fill("#id_name", "张建国")
    page.fill("#id_phone", "13800001234")
    page.fill("#id_place_0", "金沙北路 108 号")
    page.fill("#id_words", "井盖松动")
    page.click("text=提交上报")
    page.wait_for_url("**/t/done/")
    assert pages.SENT[0]["name"] == "张建国"


def test_a_field_checks_itself_and_the_focus_stays_where_the_person_went(visit):
    page = visit("/t/report/")
    page.fill("#id_phone", "12")
    page.press("#id_phone", "Tab")
    page.wait_for_selector("#field-phone.is-wrong")
    assert page.evaluate("document.activeElement.id") == "id_place_0"
    assert page.input_value("#id_phone") == "12"
    page.fill("#id_phone", "13800001234")
    page.press("#id_phone", "Tab")
    page.wait_for_selector("#field-phone:not(.is-wrong)")


def test_a_place_is_taken_from_the_phone(visit):
    page = visit(
        "/t/report/", geolocation={"longitude": 113.63, "latitude": 28.14}, permissions=["geolocation"]
    )
    page.click("text=使用当前位置")
    until(page, "document.getElementById('id_place_1').value")
    assert page.input_value("#id_place_1") == "113.630000"
    assert page.input_value("#id_place_4") == "gps"


def test_a_draft_comes_back_after_leaving_the_page_and_goes_when_sent(visit):
    page = visit("/t/report/")
    page.fill("#id_words", "井盖松动，半夜发现")
    until(page, "sessionStorage.getItem('draft:report')")
    page.reload()
    assert page.input_value("#id_words") == "井盖松动，半夜发现"


def test_ticking_rows_shows_what_can_be_done_with_them(visit):
    for n in range(3):
        BackgroundRun.objects.create(code="fire", title=f"事件 {n}")
    page = visit("/t/list/", width=1200)
    assert not page.is_visible(".bulk")
    page.check("[aria-label=全选本页]")
    assert page.inner_text("[data-bulk-count]") == "已选 3 条"
    assert page.is_visible("text=批量作废")


def test_an_act_made_without_a_network_arrives_once_when_it_is_back(visit, worker):
    page = visit("/t/phone/", account=worker)
    until(page, "navigator.serviceWorker.ready.then(() => !!navigator.serviceWorker.controller)")
    page.reload()
    page.context.set_offline(True)
    page.fill("#n1", "河边护栏缺损")
    photo = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": _jpeg()}
    page.set_input_files("#n2", photo)
    page.click("text=保存并上传")
    until(page, "!document.querySelector('[data-unsent]').hidden")
    assert page.inner_text("[data-unsent]") == "1"
    page.goto(page.url.replace("/t/phone/", "/tray/"))
    page.wait_for_selector("text=待上传")
    assert "还有 1 张照片待传" in page.inner_text("[data-tray]")
    page.context.set_offline(False)
    page.click("text=立即上传")
    until(page, "document.querySelector('[data-unsent]').hidden")
    assert SavedFilter.objects.get(table="notes").query == "河边护栏缺损"
    photo = Attachment.objects.get()
    assert photo.size > 2 * 256 * 1024  # it came in pieces
    assert (photo.state, photo.subject.partition(":")[0], photo.phase) == ("ready", "tests.note", "after")
    page.click("text=立即上传")
    page.wait_for_timeout(300)
    assert SyncItem.objects.count() == 1
    assert SavedFilter.objects.filter(table="notes").count() == 1


def test_a_refused_act_stays_in_the_tray_with_its_reason(visit, worker):
    page = visit("/t/phone/", account=worker)
    page.evaluate("document.querySelector('[data-offline]').dataset.offline = 'gone.kind'")
    page.fill("#n1", "x")
    page.click("text=保存并上传")
    until(page, "!document.querySelector('[data-unsent]').hidden")
    page.goto(page.url.replace("/t/phone/", "/tray/"))
    page.wait_for_selector("text=需要修改")
    assert "手机程序过旧" in page.inner_text("[data-tray]")


def test_signing_out_wipes_the_phone(visit, worker):
    page = visit("/t/phone/", account=worker)
    until(page, "caches.keys().then((names) => names.length > 0)")
    page.evaluate("""() => { const f = document.createElement('form'); f.method = 'get'; f.action = '/t/done/'; f.dataset.signOut = '';
        f.id = 'out'; f.append(document.createElement('button')); document.body.append(f); f.requestSubmit(); }""")
    page.wait_for_url("**/t/done/**")
    assert page.evaluate("caches.keys()") == []


def test_the_map_draws_its_areas_from_this_site_alone(visit):
    page = visit("/t/board/", width=1440)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_selector(".map[data-ready]", timeout=60_000)
    drawn = page.evaluate(
        "document.querySelector('.map').linliMap.queryRenderedFeatures({layers: ['areas']}).length"
    )
    assert drawn > 500
    assert all(url.startswith((page.url.split("/t/")[0], "blob:", "data:")) for url in asked)
    page.focus(".map canvas")
    page.keyboard.press("n")
    assert "第 0 网格" in page.inner_text(".map-tip")


def test_a_chart_keeps_its_table_of_the_same_numbers(visit):
    page = visit("/t/board/", width=1440)
    page.wait_for_selector("table[data-ready]", state="attached", timeout=60_000)
    page.click("text=查看数字表")
    assert page.is_visible("th:has-text('22 日')")


def _jpeg():
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.effect_noise((1400, 1000), 90).convert("RGB").save(out, "JPEG", quality=92)
    return out.getvalue()
