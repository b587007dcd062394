"""The public's pages, the printed sheet, the desk and the ruling, as each may see them."""

import io
import re
import uuid
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook
from PIL import Image

from linli.dispatch.actions import accept_order
from linli.kernel.web.models import Once
from linli.publicity import actions, registry
from linli.publicity.masks import Field
from linli.publicity.models import Notice, Objection, Outage
from linli.publicity.tests.conftest import EAST, FAMILY, GRID, PAPER_KIND, WEST, Open, Town, objecting
from linli.publicity.tests.test_actions import SECRETS
from linli.publicity.tests.test_objections import REASONS, object_to

ROBOTS = "noindex, nofollow, noarchive"


def html(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def filled(**more: Any) -> dict[str, Any]:
    body = {"client_uuid": str(uuid.uuid4()), "grounds": "这户有一辆小汽车，情况不实", "real_name": "1"}
    return {**body, "name": "钱举报", "phone": "13912345678", "against": "", **more}


def picture() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.effect_noise((64, 48), 90).save(out, "PNG")
    return SimpleUploadedFile("list.png", out.getvalue(), "image/png")


def queries_of(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


# ---- the public


def test_the_public_list_shows_masked_running_notices_and_is_not_indexed(
    town: Town, posted: Open, client: Client
) -> None:
    row = posted(values=[FAMILY, FAMILY | {"name": "张三丰"}])
    answer = client.get("/publicity/")
    page = html(answer)
    assert answer["X-Robots-Tag"] == ROBOTS and f'content="{ROBOTS}"' in page
    assert "欧阳* 等 2 行" in page and f'href="/publicity/{row.pk}/"' in page
    assert not [secret for secret in SECRETS if secret in page]
    assert 'type="search"' not in page and 'name="name"' not in page and "export=xlsx" not in page


def test_the_public_list_filters_by_place_and_kind_only(town: Town, posted: Open, client: Client) -> None:
    posted()
    assert "欧阳*" in html(client.get(f"/publicity/?town={WEST}&village={GRID[:12]}&kind=tests.allowance"))
    assert "目前没有公示" in html(client.get(f"/publicity/?town={EAST}"))
    assert "欧阳*" in html(client.get("/publicity/?name=张三&q=张三"))  # no such filter


def test_a_notice_is_gone_from_the_public_at_its_end(
    town: Town, posted: Open, client: Client, at: Any
) -> None:
    at("2026-03-02 10:00")
    row = posted()
    page = html(client.get(f"/publicity/{row.pk}/"))
    assert "欧阳*" in page and "2026年3月3日 周二 至 2026年3月9日 周一" in page
    at("2026-03-10 00:00")
    assert "期满待定" in html(client.get(f"/publicity/{row.pk}/"))
    actions.end_due()
    answer = client.get(f"/publicity/{row.pk}/")
    assert "欧阳*" not in html(answer) and "已按规定撤下" in html(answer) and answer["X-Robots-Tag"] == ROBOTS
    assert "欧阳*" not in html(client.get("/publicity/"))
    actions.announce_result(by=town.officer, notice=row.pk, values=[FAMILY])
    page = html(client.get(f"/publicity/{row.pk}/"))
    assert "公布的结果" in page and "欧阳*" in page and "1,200.50" not in page
    assert "结果公布" in html(client.get("/publicity/"))


def test_paper_only_and_withdrawn_notices_have_no_public_page(
    town: Town, opened: Open, client: Client
) -> None:
    paper, gone = opened(kind=PAPER_KIND), opened()
    actions.withdraw_publicity(by=town.officer, notice=gone.pk, reason="名单有误，重新公示")
    assert client.get(f"/publicity/{paper.pk}/").status_code == 404
    assert client.get(f"/publicity/{gone.pk}/").status_code == 404
    assert "欧阳*" not in html(client.get("/publicity/"))
    assert "提出异议" in html(client.get(f"/publicity/{paper.pk}/object/"))  # its sheet carries this address


def test_a_long_list_is_shown_in_pages(town: Town, posted: Open, client: Client) -> None:
    row = posted(values=[FAMILY | {"size": n} for n in range(1, 151)])
    first, second = (
        html(client.get(f"/publicity/{row.pk}/")),
        html(client.get(f"/publicity/{row.pk}/?from=100")),
    )
    assert "后面的名单" in first and 'class="num">100</th>' in first
    assert 'class="num">150</th>' in second and "后面的名单" not in second
    assert html(client.get(f"/publicity/{row.pk}/?from=-9"))


def test_a_visitor_objects_and_reads_the_answer_by_code(town: Town, posted: Open, client: Client) -> None:
    row = posted()
    url = f"/publicity/{row.pk}/object/"
    page = html(client.get(url))
    assert "申请人和村（社区）都看不到您是谁" in page
    body = filled()
    answer = client.post(url, body)
    assert answer.status_code == 302 and answer["Location"] == "/publicity/objected/"
    code = re.search(r"data-code>(\w{12})<", html(client.get("/publicity/objected/")))[1]  # type: ignore[index]
    assert client.post(url, body).status_code == 302 and Objection.objects.count() == 1
    assert not Once.objects.exists()  # the frame keeps no trace of who sent what to which address
    assert "正在核实" in html(client.post("/publicity/answers/", {"code": code}))
    actions.rule_objection(
        by=town.second, objection=Objection.objects.get().pk, upheld=False, reasons=REASONS
    )
    said = html(client.post("/publicity/answers/", {"code": code.lower()}))
    assert REASONS in said and "孙复核" not in said
    assert "没有这个查询码" in html(client.post("/publicity/answers/", {"code": "AAAABBBBCCCC"}), 422)
    assert html(client.get("/publicity/answers/"))
    assert Client().get("/publicity/objected/")["Location"] == "/publicity/answers/"


def test_what_is_wrong_is_said_at_once_and_what_was_typed_stays(
    town: Town, posted: Open, client: Client
) -> None:
    url = f"/publicity/{posted().pk}/object/"
    page = html(client.post(url, filled(name="", phone="12", grounds="这户有一辆小汽车")), 422)
    assert "实名异议请填写姓名" in page and "11 位数字" in page and "这户有一辆小汽车" in page
    body = filled()
    client.post(url, body)
    assert "内容不同" in html(client.post(url, body | {"grounds": "换了一个说法来试试"}), 409)
    assert "请填写异议理由" in html(client.post(url, {"client_uuid": "x"}), 422)


def test_objections_of_visitors_are_counted_like_reports(
    town: Town, posted: Open, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from linli.publicity import door

    monkeypatch.setitem(door.limits()["limits"], "object", [[60, 2]])
    url = f"/publicity/{posted().pk}/object/"
    assert [client.post(url, filled()).status_code for _ in range(3)] == [302, 302, 429]
    assert town.client("resident").post(url, filled()).status_code == 302  # whoever signed in is not counted


def test_after_the_end_the_form_says_that_it_is_a_report(
    town: Town, posted: Open, client: Client, at: Any
) -> None:
    at("2026-03-02 10:00")
    row = posted()
    at("2026-03-10 00:00")
    assert "公示期已过" in html(client.get(f"/publicity/{row.pk}/object/"))
    client.post(f"/publicity/{row.pk}/object/", filled())
    assert "按信访反映登记" in html(client.get("/publicity/objected/"))
    assert Objection.objects.get().late


# ---- paper and phone


def test_the_sheet_prints_the_list_with_a_code_to_scan(town: Town, posted: Open) -> None:
    row = posted()
    for who in ("keeper", "clerk", "officer"):
        answer = town.client(who).get(f"/publicity/{row.pk}/sheet/")
        page = html(answer)
        assert "<svg" in page and f"http://testserver/publicity/{row.pk}/" in page and row.sheet in page
        assert "欧阳*" in page and "style=" not in page and answer["X-Robots-Tag"] == ROBOTS
        assert not [secret for secret in SECRETS if secret in page]
    for stranger in (town.client("far"), town.client("resident"), Client()):
        assert stranger.get(f"/publicity/{row.pk}/sheet/").status_code == 404


def test_the_keeper_posts_with_a_photo_from_the_order(town: Town, opened: Open) -> None:
    row = opened()
    order = row.postings.get().order_id
    assert order is not None
    accept_order(by=town.keeper, order=order)
    client, url = town.client("keeper"), f"/orders/{order}/post/"
    page = html(client.get(f"/orders/{order}/"))
    assert f'href="{url}"' in page and f'href="/publicity/{row.pk}/sheet/"' in page and row.number in page
    form = html(client.get(url))
    assert 'data-offline="publicity.post"' in form
    body = {"base_version": re.search(r'name="base_version" value="(\d+)"', form)[1], "text": "贴好了"}  # type: ignore[index]
    assert "至少一张照片" in html(client.post(url, body), 422)
    assert (
        client.post(url, body | {"photos": [picture()], "client_uuid": str(uuid.uuid4())}).status_code == 302
    )
    row.refresh_from_db()
    assert row.state == "posted"
    assert "张贴时照片" in html(town.client("officer").get(f"/publicity/desk/{row.pk}/"))
    for who, status in (("far", 404), ("resident", 404), ("clerk", 403)):
        assert town.client(who).get(url).status_code == status, who


# ---- the desk


def test_the_desk_lists_the_notices_of_its_area(town: Town, posted: Open) -> None:
    row = posted()
    page = html(town.client("clerk").get("/publicity/desk/"))
    assert row.number in page and "已张贴" in page and "待裁定的异议" not in page
    assert row.number not in html(town.client("far").get("/publicity/desk/"))
    assert row.number not in html(town.client("officer").get("/publicity/desk/?state=ended"))
    assert row.number in html(town.client("officer").get(f"/publicity/desk/?area={GRID[:12]}"))
    for stranger in (town.client("resident"), Client()):
        assert stranger.get("/publicity/desk/").status_code == 403


def test_excel_holds_what_the_list_shows(town: Town, posted: Open) -> None:
    row = posted()
    object_to(town.resident, row)
    answer = town.client("officer").get("/publicity/desk/?export=xlsx")
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    cells = [str(value) for line in sheet.iter_rows(values_only=True) for value in line if value is not None]
    assert row.number in cells and "欧阳*" in cells and "异议 1 件待裁定" in cells
    assert not [one for one in (*SECRETS, "钱举报") for cell in cells if one in cell]


def test_the_village_sees_no_sign_of_an_objection(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    row = posted()
    object_to(town.resident, row)
    at("2026-03-10 00:00")
    village, office = town.client("clerk"), town.client("officer")
    for url in ("/publicity/desk/", f"/publicity/desk/{row.pk}/"):
        page = html(village.get(url))
        assert "异议" not in re.sub(r"<nav.*?</nav>", "", page, flags=re.S).split("<main")[1], url
    page = html(office.get(f"/publicity/desk/{row.pk}/"))
    assert "等待 1 件异议裁定" in page and "异议（1）" in page and "实名" in page and "钱举报" not in page


def test_down_and_restored_from_the_desk(town: Town, posted: Open) -> None:
    row = posted()
    client, url = town.client("keeper"), f"/publicity/desk/{row.pk}/down/"
    place = row.postings.get().pk
    assert "村务公开栏" in html(client.get(url))
    body = {
        "what": f"poster:{place}",
        "reason": "名单被撕掉了",
        "client_uuid": str(uuid.uuid4()),
        "photos": [picture()],
    }
    assert client.post(url, body).status_code == 302
    outage = Outage.objects.get()
    assert len(outage.files) == 1
    assert "公示中断" in html(client.get("/publicity/desk/")) and "登记恢复" in html(
        client.get(f"/publicity/desk/{row.pk}/")
    )
    assert "请写明怎样恢复的" in html(
        client.post(f"/publicity/outages/{outage.pk}/restore/", {"reason": "好"}), 422
    )
    done = client.post(f"/publicity/outages/{outage.pk}/restore/", {"reason": "重新贴好了"})
    assert done.status_code == 302 and Outage.objects.get().until is not None
    for who, status in (("far", 404), ("resident", 404), ("window", 403)):
        assert town.client(who).get(url).status_code == status
        assert town.client(who).get(f"/publicity/outages/{outage.pk}/restore/").status_code == status
    assert client.get("/publicity/outages/999999/restore/").status_code == 404


def test_withdrawing_and_the_evidence_pack(town: Town, posted: Open) -> None:
    row = posted()
    office = town.client("officer")
    answer = office.post(f"/publicity/desk/{row.pk}/evidence/")
    assert "manifest.json" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert office.get(f"/publicity/desk/{row.pk}/evidence/").status_code == 405
    url = f"/publicity/desk/{row.pk}/withdraw/"
    assert "不能再恢复" in html(office.get(url))
    for who in ("clerk", "keeper"):
        assert town.client(who).post(url, {"reason": "不想公示了"}).status_code == 403
    assert town.client("far").post(f"/publicity/desk/{row.pk}/evidence/").status_code == 404
    assert office.post(url, {"reason": "名单有误，重新公示"}).status_code == 302
    assert "已撤回" in html(office.get(f"/publicity/desk/{row.pk}/"))


def test_ruling_and_revealing_from_the_desk(town: Town, posted: Open) -> None:
    row = posted()
    found = object_to(town.resident, row)
    office, url = town.client("head"), f"/publicity/objections/{found.pk}/"
    assert row.number in html(office.get("/publicity/objections/"))
    page = html(office.get(url))
    assert "小汽车" in page and "钱举报" not in page and "查看异议人" in page
    assert "查看异议人" not in html(town.client("second").get(url))
    assert office.post(f"{url}reveal/", {"reason": ""}).status_code == 422
    shown = html(office.post(f"{url}reveal/", {"reason": "向本人核实情况"}))
    assert "钱举报" in shown and "已记入台账" in shown
    assert "请选择裁定" in html(office.post(url, {"reasons": REASONS}), 422)
    assert "至少 10 个字" in html(office.post(url, {"upheld": "1", "reasons": "属实"}), 422)
    assert office.post(url, {"upheld": "1", "reasons": REASONS}).status_code == 302
    assert "异议成立" in html(office.get(f"/publicity/desk/{row.pk}/")) and REASONS in html(office.get(url))
    assert Notice.objects.get(pk=row.pk).outcome == "upheld"
    assert row.number not in html(town.client("far").get("/publicity/objections/"))
    assert town.client("far").get(url).status_code == 404
    for who in ("clerk", "village_officer", "resident", "window"):
        stranger = town.client(who)
        assert stranger.get(url).status_code == 404 and stranger.post(url, {"upheld": "0"}).status_code == 404
        assert stranger.post(f"{url}reveal/", {"reason": "向本人核实情况"}).status_code == 404
        assert stranger.get("/publicity/objections/").status_code == 403


def test_a_window_clerk_takes_an_objection_down(town: Town, posted: Open) -> None:
    row = posted()
    client, url = town.client("window"), f"/publicity/desk/{row.pk}/objections/new/"
    assert "怎样收到的" in html(client.get(url))
    page = html(client.post(url, filled(channel="phone")))
    assert re.search(r"data-code>\w{12}<", page) and Objection.objects.get().channel == "phone"
    assert "实名异议请填写姓名" in html(client.post(url, filled(channel="paper", name="")), 422)
    assert town.client("clerk").get(url).status_code == 403


def test_no_page_asks_the_database_more_than_twelve_times(town: Town, posted: Open) -> None:
    rows = [posted(values=[FAMILY] * 3) for _ in range(4)]
    for row in rows:
        for _ in range(2):
            object_to(town.resident, row, client_uuid=uuid.uuid4())
    last = rows[-1].pk
    few = {
        "/publicity/": Client(),
        f"/publicity/{last}/": Client(),
        f"/publicity/{last}/object/": Client(),
    }
    assert {url: n for url, client in few.items() if (n := queries_of(client, url)) > 4} == {}
    office = town.client("officer")
    lists = ("/publicity/desk/", "/publicity/objections/", f"/publicity/{last}/sheet/")
    assert {url: n for url in lists if (n := queries_of(office, url)) > 12} == {}
    assert queries_of(office, f"/publicity/desk/{last}/") <= 18
    assert queries_of(office, f"/publicity/objections/{Objection.objects.latest('id').pk}/") <= 12


def test_more_notices_are_no_more_queries(town: Town, opened: Open) -> None:
    office = town.client("officer")
    opened()
    before = queries_of(office, "/publicity/desk/"), queries_of(Client(), "/publicity/")
    for _ in range(5):
        opened()
    assert (queries_of(office, "/publicity/desk/"), queries_of(Client(), "/publicity/")) == before


def test_markup_in_a_value_is_only_words(town: Town, posted: Open, client: Client) -> None:
    registry.register(
        registry.PublicityKind("tests.words", "言论", (Field("t", "内容", "text"),), posting=False)
    )
    row = posted_words(town, "<script>alert(1)</script>")
    page = html(client.get(f"/publicity/{row.pk}/")) + html(
        town.client("clerk").get(f"/publicity/{row.pk}/sheet/")
    )
    registry.unregister("tests.words")
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def posted_words(town: Town, words: str) -> Notice:
    from linli.areas import queries as areas

    given = actions.Given("tests.words", "tests.case:9", [{"t": words}], areas.located(None, None, code=GRID))
    return actions.open_publicity(by=town.officer, given=given)


def test_subjects_are_titled_for_everybody_and_linked_for_whom_it_concerns(town: Town, posted: Open) -> None:
    from linli.kernel.web import subjects

    row = posted()
    found = actions.object_to_notice(by=town.resident, notice=row.pk, said=objecting())
    place, matter = row.postings.get().ref, f"publicity.objection:{found.objection}"
    assert "低保申请公示" in subjects.title(row.ref, town.far) and "欧阳" not in subjects.title(
        place, town.far
    )
    assert subjects.url(row.ref, town.clerk) == f"/publicity/desk/{row.pk}/"
    assert subjects.url(row.ref, town.resident) == f"/publicity/{row.pk}/"
    assert [subjects.may_see(one, town.clerk) for one in (row.ref, place, matter)] == [True, True, False]
    assert [subjects.may_see(one, town.far) for one in (row.ref, place, matter)] == [False] * 3
    assert subjects.may_see(matter, town.second)
