"""The resident's pages: the guide, the application page by page, the receipt, progress, what follows."""

import io
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from linli.kernel.identity.models import Account
from linli.onestop import actions
from linli.onestop.models import Application
from linli.onestop.resuming import resume_code

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Any) -> None:
    settings.LINLI_FILES = tmp_path


def client_of(account: Account) -> Client:
    made = Client()
    made.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return made


def html(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:3000]
    return answer.content.decode()


def said(**more: Any) -> dict[str, Any]:
    return {"client_uuid": str(uuid.uuid4()), **more}


def picture() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.effect_noise((64, 48), 90).save(out, "PNG")
    return SimpleUploadedFile("paper.png", out.getvalue(), "image/png")


def queries_of(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200, url
    return len(seen)


def started(county: Any) -> tuple[Client, Application]:
    """A resident's draft, begun on the page."""
    client = client_of(county.accounts["resident"])
    answer = client.post("/services/MZ-001/apply/", said(person=county.old.pk))
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return client, Application.objects.get()


def test_items_stand_by_life_matter_and_are_found_by_words(county, client):
    page = html(client.get("/services/"))
    assert "生活困难" in page and "最低生活保障审核确认" in page
    found = html(client.get("/services/?q=最低生活"))
    assert "最低生活保障审核确认" in found and "找到 " in found
    assert "没有找到" in html(client.get("/services/?q=飞船执照"))


def test_the_guide_prints_both_limits_and_what_is_doubtful(county, client):
    page = html(client.get("/services/MZ-001/"))
    assert "7 个工作日（不含公示 7 天）" in page and "30 个工作日" in page and "待核实" in page
    assert "最低生活保障审核确认办法" in page and "已由系统取得" in page
    html(client.get("/services/XX-999/"), 404)


def test_the_list_becomes_mine_by_what_i_tick(county, client):
    assert "疾病诊断证明" in html(client.get("/services/MZ-001/"))
    well = html(client.get("/services/MZ-001/?own=1"))
    assert "疾病诊断证明" not in well and "我的材料清单" in well
    assert "疾病诊断证明" in html(client.get("/services/MZ-001/?own=1&f=serious_illness"))


def test_a_draft_is_kept_from_the_first_page_and_handed_in_page_by_page(county):
    client, row = started(county)
    base = f"/my/cases/{row.pk}/apply/"
    answer = client.post(f"{base}story/", said(story="两人都干不了重活", contact="13900001111"))
    assert answer["Location"] == f"{base}members/"
    assert "两人都干不了重活" in html(client.get(f"{base}story/"))
    told = {f"relation_{county.old.pk}": "本人", f"relation_{county.wife.pk}": "配偶"}
    answer = client.post(f"{base}members/", said(**told, **{f"facts_{county.old.pk}": ["disability_cert"]}))
    assert row.members.get(person=county.old).facts["disability_cert"] is True
    answer = client.post(f"{base}facts/", said(kin_of_official="0"))
    assert answer["Location"] == f"{base}papers/"
    assert "还没有上传" in html(client.get(f"{base}papers/"))
    review = html(client.get(f"{base}review/"))
    assert "还缺下面全部材料" in review and "收入证明或收入声明" in review
    assert client.post(f"{base}papers/?of=INC", said(papers=picture())).status_code == 302
    assert "已上传 1 张" in html(client.get(f"{base}papers/"))
    assert "请先完成" in html(client.post(f"{base}review/", said(signed="on")), 422)
    client.post(f"{base}sign/", said(declared="on", authorised="on"))
    answer = client.post(f"{base}review/", said(signed="on"))
    assert answer["Location"] == f"/my/cases/{row.pk}/receipt/"
    row.refresh_from_db()
    assert row.state == "submitted" and row.channel == "self"
    receipt = html(client.get(answer["Location"]))
    assert row.number in receipt and "<svg" in receipt and "收到申请不等于通过" in receipt


def test_everything_wrong_on_a_page_is_said_at_once(county):
    client, row = started(county)
    page = html(client.post(f"/my/cases/{row.pk}/apply/story/", said()), 422)
    assert "还有 2 处需要修改" in page and "请填写为什么申请" in page and "请填写联系电话" in page


def test_a_draft_is_gone_on_with_by_code_and_phone_and_by_nothing_less(county, client):
    _, row = started(county)
    Account.objects.filter(pk=county.accounts["resident"].pk).update(phone="13900001111")
    code = resume_code(row.sender, row.client_uuid)
    right = said(code=code.lower(), phone="139 0000 1111")
    answer = client.post("/services/resume/", right)
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]
    for wrong in (said(code=code, phone="13900002222"), said(code="ABCDEFGHJK", phone="13900001111")):
        assert "没有找到这份草稿" in html(client.post("/services/resume/", wrong), 404)
    window = client_of(county.accounts["window"])
    html(window.get(f"/my/cases/{row.pk}/apply/story/"), 404)
    assert window.post("/services/resume/", right)["Location"] == f"/my/cases/{row.pk}/apply/story/"
    assert "申请说明" in html(window.get(f"/my/cases/{row.pk}/apply/story/"))
    far = client_of(county.accounts["stranger"])
    html(far.post("/services/resume/", right), 404)


def test_progress_reads_like_a_parcel_and_names_no_official(county, accepted):
    row = accepted()
    page = html(client_of(county.accounts["resident"]).get(f"/my/cases/{row.pk}/"))
    assert "承诺 7 个工作日（不含公示 7 天），预计 2 月 27 日" in page and "最迟 3 月 27 日" in page
    assert "经济状况信息核对" in page and "尚未开始" in page and "现在不需要您做什么" in page
    assert "经办乙" not in page and "经办MZ" not in page


def test_all_defects_are_told_at_once_and_answered_on_the_page(county, begin):
    row = begin()
    window = row.tasks.get(step="accept").holder
    actions.ask_supplement(
        by=county.actor("window"), application=row.pk, defects=["收入证明缺公章", "照片看不清"]
    )
    assert window == county.accounts["window"]
    client = client_of(county.accounts["resident"])
    page = html(client.get(f"/my/cases/{row.pk}/"))
    assert "收入证明缺公章" in page and "照片看不清" in page and "补正完成，提交" in page
    assert client.post(f"/my/cases/{row.pk}/papers/INC/", said(papers=picture())).status_code == 302
    assert client.post(f"/my/cases/{row.pk}/answer/").status_code == 302
    row.refresh_from_db()
    assert row.state == "submitted" and len(row.slots.get(material="INC").files) == 2


def test_an_applicant_withdraws_with_a_reason(county, begin):
    row, client = begin(), client_of(county.accounts["resident"])
    html(client.post(f"/my/cases/{row.pk}/withdraw/", said(reason="")), 422)
    assert client.post(f"/my/cases/{row.pk}/withdraw/", said(reason="已找到工作")).status_code == 302
    row.refresh_from_db()
    assert row.state == "withdrawn"
    assert "已撤件" in html(client.get("/my/cases/"))


def test_nobody_else_reads_a_residents_case(county, begin, client):
    row = begin()
    pages = [f"/my/cases/{row.pk}/{tail}" for tail in ("", "receipt/", "withdraw/", "papers/INC/")]
    for url in [*pages, f"/my/cases/{row.pk}/apply/story/"]:
        assert "/accounts/login/" in client.get(url)["Location"], url
        for who in ("stranger", "editor", "MZ"):
            html(client_of(county.accounts[who]).get(url), 404)


def test_a_person_nobody_registered_is_told_where_to_go(county):
    lonely = Account.objects.create(username="lonely", name="路人", kind="resident")
    assert "窗口登记" in html(client_of(lonely).get("/services/MZ-001/apply/"), 403)


def test_residents_pages_take_few_queries(county, begin, client):
    row, own = begin(), client_of(county.accounts["resident"])
    assert queries_of(client, "/services/") <= 6
    assert queries_of(client, "/services/MZ-001/") <= 6
    assert queries_of(own, "/my/cases/") <= 14
    assert queries_of(own, f"/my/cases/{row.pk}/") <= 26
