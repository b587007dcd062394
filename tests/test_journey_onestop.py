"""低保 from the guide to the first money, through every page and desk in a real browser, departments asked over HTTP."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from linli.exchange import actions as exchange
from linli.exchange.models import Request
from linli.kernel.bus.jobs import drain
from linli.onestop.actions.publishing import end_postings
from linli.onestop.models import Application, Batch, Entitlement, Transfer
from linli.onestop.tests.conftest import COUNTY
from linli.people.models import Consent
from linli.publicity.models import Notice
from tests.office import (  # noqa: F401  fixtures
    PHONE,
    Office,
    Seat,
    connected,
    county,
    department,
    dues,
    fill,
    follow,
    hang_list,
    object_unknown,
    office,
    photo,
    post_list,
    read_answer,
    send,
    told,
    uphold,
    write_opinion,
)

pytestmark = pytest.mark.django_db(transaction=True)


def apply_online(here: Office) -> Application:
    """The guide, then one thing a page, to the last but one: the family's signatures are still wanting."""
    resident, home = here.sit("resident", PHONE), here.county
    follow(resident.go("/services/?q=最低生活保障审核"), "最低生活保障")
    assert "承诺时限\n7 个工作日（不含公示 7 天）" in resident.words
    send(fill(resident, f="disability_cert"), "/services/MZ-001/")
    own = {title: said.strip().split("\n") for title, said in lists(resident).items()}
    assert {title: len(lines) for title, lines in own.items()} == {"shared": 11, "brought": 1, "signed": 2}
    assert own["brought"] == ["收入证明或收入声明"]
    follow(resident, "开始申请")
    resident.page.click("main form.form .acts button.btn")
    resident.page.wait_for_url("**/apply/story/")
    row = Application.objects.get()
    at_step = f"/my/cases/{row.pk}/apply/"
    fill(
        resident.look(),
        story="腿脚残疾，老伴照护，养老金不够吃药",
        contact="13800000002",
        account="6217 0000 0000 0001",
    )
    send(resident, at_step + "members/")
    picked = {f"facts_{home.old.pk}": "disability_cert", f"relation_{home.wife.pk}": "配偶"}
    send(fill(resident, **picked), at_step + "facts/")
    send(fill(resident, kin_of_official="0"), at_step + "papers/")
    fill(follow(resident, "上传"), papers=photo(1)).page.wait_for_selector("[data-thumbs] img")
    send(resident, at_step + "papers/")
    send(fill(follow(resident, "继续"), declared=True, authorised=True), at_step + "review/")
    assert "收款银行卡号\n****0001" in resident.words and "6217" not in resident.words
    fill(resident, signed=True).page.click("main form.form .acts button.btn")
    resident.page.wait_for_selector(".error-summary, [role=alert]")
    assert "李**还没有签署核对授权书" in resident.look().words and Application.objects.get().state == "draft"
    return row


def lists(resident: Seat) -> dict[str, str]:
    """The three lists of the guide by what they are."""
    found = resident.page.locator("main section:has(h2:text-is('我的材料清单')) h3 + ul").all_inner_texts()
    return dict(zip(("shared", "brought", "signed"), found, strict=True))


def sign_as_family(here: Office, row: Application) -> None:
    """He invites his wife; she reads on her own phone who will be asked what, and signs."""
    resident = here.sit("resident", PHONE).go(f"/my/cases/{row.pk}/members/")
    assert "还有 1 人没有授权" in resident.words
    send(resident, f"/my/cases/{row.pk}/members/", "form[action$='/invite/'] button")
    wife = here.sit("wife", PHONE).go("/my/authorisations/")
    follow(wife, "看看并决定")
    assert "残联" in wife.words and "人社·社保" in wife.words
    send(fill(wife, answer="sign"), "/my/authorisations/")
    assert Consent.objects.get(person=here.county.wife, withdrawn=None).purpose == "onestop.check"


def hand_in(here: Office, row: Application) -> None:
    """Submitted; every department answers over HTTP, each about whom it was authorised to be asked."""
    resident = here.sit("resident", PHONE).go(f"/my/cases/{row.pk}/apply/review/")
    send(fill(resident, signed=True), f"/my/cases/{row.pk}/receipt/")
    row.refresh_from_db()
    assert row.number in resident.words and "收到申请不等于通过" in resident.words
    assert resident.page.locator("svg.qr").count() == 1
    assert Request.objects.count() == 21 and exchange.ask_due() == 21
    asked = Request.objects.values_list("material", flat=True)
    assert (
        sorted(asked).count("DIS") == 1 and len(here.department.asked) == 21
    )  # a certificate is its holder's
    by_way = {way: [one.state for one in row.slots.filter(way=way)] for way in ("share", "submit", "form")}
    assert by_way == {"share": ["shared"] * 11, "submit": ["met"], "form": ["met"] * 2}
    assert Request.objects.exclude(state="answered").count() == 0
    resident.go(f"/my/cases/{row.pk}/")
    assert resident.words.count("已由系统取得") == 11 and "现在不需要您做什么" in resident.words


def accept_at_window(here: Office, row: Application) -> None:
    window = here.sit("window").go("/onestop/window/")
    follow(follow(window, "最低生活保障"), "受理")
    send(window, f"/onestop/cases/{row.pk}/")
    open_now = set(row.tasks.filter(state="open").values_list("step", "branch"))
    asked = {("investigate", "县残联"), ("investigate", "县民政局养老股")}
    assert open_now == {("survey", ""), ("check", "")} | asked
    lead = row.tasks.get(step="check")
    assert lead.unit == f"{COUNTY}-MZ" and all(task.holder_id for task in row.tasks.all())
    assert dues(row)[1] == "03-27" and "预计 2 月 27 日" in told(here)[-1]


def survey_by_two(here: Office, row: Application) -> None:
    """The order on the phone of the first surveyor; the record waits until the second has signed it too."""
    seat, task = here.holder(row, "survey")
    follow(seat.go("/work/"), "家庭经济状况调查")
    order = int(seat.page.url.rstrip("/").rpartition("/")[2])
    with seat.page.expect_navigation():
        seat.page.click(".main-act")
    drain()
    seat.go(f"/orders/{order}/survey/")
    names = ("place", "finding")
    said = dict.fromkeys(names, "夫妻二人，平房两间，无车")
    fill(seat, second=True, opinion="agree", signed=True, crew_signed=True, **said)
    seat.press("main form .acts .btn:not(.second)", f"/orders/{order}/")
    task.refresh_from_db()
    assert task.state == "open" and task.survey.first_signed_at and not task.survey.second_signed_at
    second = here.sit(here.name(task.survey.second_id)).go("/onestop/surveys/")
    assert second.page.viewport_size and task.survey.second_id != task.survey.first_id
    send(fill(follow(second, "最低生活保障"), answer="sign"), "/onestop/surveys/")
    task.refresh_from_db()
    assert task.state == "done" and task.survey.second_signed_at


def decide(here: Office, row: Application) -> None:
    """The sheet, then the decision, which answers what 残联 found in the first round."""
    seat, task = here.holder(row, "decide")
    follow(follow(seat.go("/onestop/desk/"), task.name), "经济状况核算")
    fill(
        seat,
        method="dibao.difference",
        person_0=here.county.old.pk,
        kind_0="transfer",
        yuan_0="790",
        note_0="养老金",
    )
    send(seat, f"/onestop/tasks/{task.pk}/means/", "form.form .acts:last-child button.btn")
    assert "650.00" in seat.words
    follow(seat, "按这张表确认")
    assert "对县残联核实情况的回应" in seat.words
    send(fill(seat, answer_0="二级肢体残疾属实，已计入家庭困难情况"), f"/onestop/cases/{row.pk}/")


def pay_by_two(here: Office, row: Application) -> Batch:
    """Made by one, checked by another, the bank's file out and its answer in."""
    maker, checker = here.sit("payer"), here.sit("checker")
    follow(maker.go("/onestop/batches/"), "编制批次")
    maker.page.select_option("main [name=item]", "MZ-001")
    maker.page.select_option("main [name=area]", index=0)
    maker.page.fill("main [name=month]", "2026-03")
    maker.page.click("main form.form .acts button.btn")
    maker.page.wait_for_url("**/onestop/batches/*/")
    batch = Batch.objects.get()
    assert maker.look().page.locator(f"main a[href$='/batches/{batch.pk}/check/']").count() == 0
    assert "编制和复核不能是同一个人" in maker.words
    follow(checker.go(f"/onestop/batches/{batch.pk}/"), "复核")
    send(fill(checker, agree="1"), f"/onestop/batches/{batch.pk}/")
    maker.go(f"/onestop/batches/{batch.pk}/")
    with maker.page.expect_download() as sent:
        maker.page.click("main button:has-text('下载银行文件')")
    content = Path(sent.value.path()).read_bytes()
    batch.refresh_from_db()
    assert hashlib.sha256(content).hexdigest() == batch.file_hash and b"650.00" in content
    assert b"6217000000000001" in content and "王向阳".encode() in content
    ref = Transfer.objects.get(batch=batch).ref
    follow(maker.go(f"/onestop/batches/{batch.pk}/"), "上传回盘")
    back = {"name": "回盘.csv", "mimeType": "text/csv", "buffer": f"{ref},650.00,00\r\n".encode()}
    send(fill(maker, file=back), f"/onestop/batches/{batch.pk}/")
    assert "到账 1 笔" in maker.words
    return batch


def test_a_disabled_old_man_hands_it_in_once_and_the_money_arrives(office: Office) -> None:  # noqa: F811
    here = office
    # at home in the evening: one paper, eleven fetched, two signed; his wife signs for herself
    here.clock("2026-02-05 20:10")
    row = apply_online(here)
    sign_as_family(here, row)
    here.clock("2026-02-06 08:30")
    hand_in(here, row)
    assert "等待受理" in told(here)[0]

    # accepted on Monday; 民政 leads, 残联 and elderly care work beside survey and check
    here.clock("2026-02-09 10:00")
    accept_at_window(here, row)
    here.clock("2026-02-11 10:00")
    survey_by_two(here, row)
    write_opinion(here, row, "check", finding="存款、房产、车辆都在限额以内")
    here.clock("2026-02-12 10:00")
    write_opinion(here, row, "investigate", "县残联", finding="肢体二级，证件有效")
    assert not row.tasks.filter(step="first").exists()  # silence is not consent: elderly care has not spoken
    write_opinion(here, row, "investigate", "县民政局养老股", finding="无子女，老伴照护")
    here.clock("2026-02-13 09:00")
    write_opinion(here, row, "first", finding="符合条件")

    # posted on Friday before the holiday: seven full days, the last of them rolls to Tuesday
    notice = post_list(here, row)
    here.clock("2026-02-13 16:30")
    hang_list(here, notice)
    assert (notice.starts, notice.ends) == (date(2026, 2, 13), date(2026, 2, 24))
    assert dues(row) == ("02-27", "03-27")
    resident = here.sit("resident", PHONE).go(f"/my/cases/{row.pk}/")
    assert "承诺 7 个工作日（不含公示 7 天），预计 2 月 27 日（现在暂停计时）" in resident.words

    # objected to on New Year's Eve, upheld on the first working day: a second round, and the days still pass
    here.clock("2026-02-16 10:00")
    code = object_unknown(here, notice)
    here.clock("2026-02-24 09:00")
    uphold(here, notice)
    assert "三轮车的收入没有核过" in read_answer(here, code)
    row.refresh_from_db()
    assert row.round == 2 and row.tasks.filter(step="first", round=1, state="done").exists()
    assert "公示期间的异议成立，重新核实" in told(here)[-1]
    here.clock("2026-02-24 15:00")
    write_opinion(here, row, "reinvestigate", finding="三轮车已于上年卖出，有买卖协议")
    here.clock("2026-02-24 23:59")
    assert end_postings() == 0 and not row.tasks.filter(step="decide").exists()
    here.clock("2026-02-25 00:01")
    assert end_postings() == 1
    drain()
    # the promise ran on Tuesday while the town looked into it again, and stood still for the rest: still Friday
    assert dues(row) == ("02-27", "03-27") and Notice.objects.filter(subject=row.subject).count() == 1

    # decided within the promise, on the sheet
    here.clock("2026-02-26 10:00")
    decide(here, row)
    drain()
    grant = Entitlement.objects.get()
    assert (row.decision.outcome, grant.fen, grant.first) == ("approve", 65000, date(2026, 3, 1))
    assert row.decision.at <= row.promised_due and any("已审核确认" in one for one in told(here))
    write_opinion(here, row, "announce", finding="已在村务公开栏长期公布")

    # the first money the month after, by two; that closes the case
    here.clock("2026-03-10 09:00")
    batch = pay_by_two(here, row)
    drain()
    row.refresh_from_db()
    assert (batch.month, row.state) == (date(2026, 3, 1), "closed")
    assert "已办结" in told(here)[-1] and row.trips <= 1
    resident = here.sit("resident", PHONE).go(f"/my/cases/{row.pk}/")
    assert (
        "尚未开始" not in resident.words and "每月 650.00 元" in resident.words and "已到账" in resident.words
    )
    for word in ("提交", "受理", "公示起算", "处理异议", "公示期满", "审核确认", "办结"):
        assert any(one == word for one in resident.steps), word
    assert "报事人" not in resident.words  # everybody who acted has a name or an here
