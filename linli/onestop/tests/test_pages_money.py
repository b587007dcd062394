"""Money on pages: the sheet before a decision, batches by two people, grants, spot checks; strangers are refused."""

import io
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from openpyxl import load_workbook

from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.ledger.models import Entry
from linli.onestop import actions, bank, incomes
from linli.onestop.actions.reckoning import latest
from linli.onestop.models import (
    Batch,
    Entitlement,
    Lookup,
    PayLine,
    Reckoning,
    SpotCheck,
    Transfer,
)
from linli.onestop.tests.conftest import COUNTY, at, task_of
from linli.onestop.tests.grants import answer, granted, second_payer, send
from linli.onestop.tests.sheets import STANDARD, members_of, reckoned
from linli.onestop.tests.test_pages import client_of, html, own_files, picture, queries_of, said  # noqa: F401
from linli.onestop.tests.test_pages_desk import decided, holder_of

pytestmark = pytest.mark.django_db
MARCH = date(2026, 3, 1)


def sheet_said(row: Any, yuan: str, **more: Any) -> dict[str, Any]:
    """The means page as an officer fills it: everybody counts, one income."""
    people = members_of(row)
    why = {f"why_{one}": "applicant" if one == row.person_id else "spouse" for one in people}
    line = {"person_0": row.person_id, "kind_0": "transfer", "yuan_0": yuan, "note_0": "养老金"}
    return said(method="dibao.difference", lines="3", **why, **line, **more)


def mate_of(county: Any, task: Any) -> Any:
    """Another officer of the unit that decides."""
    from linli.kernel.access.models import Grant

    account = county.accounts["head"]
    assert account != task.holder and Grant.objects.filter(account=account, unit=task.unit).exists()
    return account


def test_the_sheet_is_filled_from_what_is_known_and_reckoned_line_by_line(county, accepted):
    row = accepted()
    task = decided(row)
    Lookup.objects.filter(slot__application=row, slot__material="SI").update(note="每月养老金 1280 元")
    client, url = holder_of(task), f"/onestop/tasks/{task.pk}/means/"
    page = html(client.get(url))
    assert "人社·社保：相符" in page and 'value="1280' in page
    more = html(client.post(url, sheet_said(row, "100", more="1")))
    assert "第 6 行" in more and 'value="100"' in more and not Reckoning.objects.exists()
    wrong = html(client.post(url, said(method="dibao.difference", lines="3", yuan_0="12")), 422)
    assert "请选择是谁的收入" in wrong and "是否计入" in wrong
    assert client.post(url, sheet_said(row, "790")).status_code == 302
    held = latest(row)
    assert held is not None and held.fen == 2 * STANDARD - 79000 and held.eligible
    page = html(client.get(url))
    for part in (
        "650.00 元",
        "790.00 元",
        "低保标准",
        "待核实",
        "2026-01-01 起",
        "经办人填写",
        "按核算表符合条件",
    ):
        assert part in page
    assert Entry.objects.filter(verb="onestop.reckon_means", subject=row.subject).exists()
    assert "1280" not in Reckoning.objects.raw("SELECT id, sheet AS sealed FROM onestop_reckoning")[0].sealed


def test_what_the_rules_leave_open_is_no_ground_of_a_refusal(county, accepted):
    row = accepted()
    task = decided(row)
    reckoned(row, fen=0, when="2026-02-26 10:00")
    client, url = holder_of(task), f"/onestop/tasks/{task.pk}/refuse/"
    answers = {f"answer_{n}": "采纳" for n in range(5)}
    sent = said(ground="means", reason="收入高于标准", basis="民发〔2021〕57号第四条", **answers)
    page = html(client.post(url, sent), 422)
    assert "待核实" in page and "不能作为不予确认的理由" in page
    sent["ground"] = "other"
    assert "请选择“收入不符”" in html(client.post(url, said(**{**sent, "client_uuid": ""})), 422)
    assert not Entry.objects.filter(verb="onestop.refuse").exists()
    with pytest.raises(Refused) as refused:
        actions.approve(by=actor_for(task.holder_id), task=task.pk, answers=dict.fromkeys(_asked(row), "是"), at=at("2026-02-26 11:00"))  # fmt: skip
    assert "sheet" in refused.value.fields  # and not of an approval either: income as high as the line


def _asked(row: Any) -> list[str]:
    return list(row.tasks.filter(round=row.round).exclude(binding="").values_list("branch", flat=True))


def test_another_amount_takes_a_reason_and_a_second_person(county, accepted):
    row = accepted()
    task = decided(row)
    reckoned(row)
    client, url = holder_of(task), f"/onestop/tasks/{task.pk}/means/"
    assert (
        client.post(f"{url}ask/", said(amount="700", reason="独自抚养残疾子女，加发照料支出")).status_code
        == 302
    )
    with pytest.raises(Refused, match="还不完整") as refused:
        actions.approve(by=actor_for(task.holder_id), task=task.pk, answers=dict.fromkeys(_asked(row), "是"), at=at("2026-02-26 11:00"))  # fmt: skip
    assert "第二人" in refused.value.fields["sheet"][0]
    html(client.post(f"{url}agree/", said(agree="1")), 403)
    stranger = client_of(county.accounts["stranger"])
    assert stranger.post(f"{url}agree/", said(agree="1")).status_code in (403, 404)
    second = client_of(mate_of(county, task))
    assert "表示意见" in html(second.get(f"/onestop/tasks/{task.pk}/"))
    assert second.post(f"{url}agree/", said(agree="1")).status_code == 302
    made = actions.approve(by=actor_for(task.holder_id), task=task.pk, answers=dict.fromkeys(_asked(row), "是"), at=at("2026-02-26 11:00"))  # fmt: skip
    assert made.fen == 70000 and made.sheet["asked"]["agreed_by"] == county.accounts["head"].pk
    assert "lines" not in made.sheet and made.sheet["heads"] == 2  # no income of anybody in the open
    held = latest(row)
    assert held is not None and incomes.sheet_of(held)["lines"]
    with pytest.raises(DatabaseError), transaction.atomic():
        Reckoning.objects.filter(pk=held.pk).update(agreed_by=held.asked_by_id)


def test_the_action_itself_refuses_the_wrong_hands_and_a_denied_amount(county, accepted):
    row = accepted()
    task = decided(row)
    holder = actor_for(task.holder_id)
    with pytest.raises(Refused, match="还没有核算"):
        actions.ask_amount(by=holder, task=task.pk, fen=5, reason="特殊情况")
    with pytest.raises(Refused) as refused:
        actions.reckon_means(by=county.actor("stranger"), task=task.pk, method="x", relatives=[], incomes=[])
    assert refused.value.status == 403
    reckoned(row)
    actions.ask_amount(by=holder, task=task.pk, fen=70000, reason="特殊情况")
    with pytest.raises(Refused) as refused:
        actions.agree_amount(by=holder, task=task.pk, agree=True)
    assert refused.value.code == "second_person"
    actions.agree_amount(by=actor_for(mate_of(county, task).pk), task=task.pk, agree=False, reason="依据不足")
    made = actions.approve(by=holder, task=task.pk, answers=dict.fromkeys(_asked(row), "是"), at=at("2026-02-26 11:00"))  # fmt: skip
    assert made.fen == 65000


def to_decide(row: Any) -> Any:
    """Everybody before the decision agrees."""
    while (task := row.tasks.filter(state="open").exclude(step="decide").first()) is not None:
        more = {"finding": "属实"} if task.binding or task.step == "mismatch" else {}
        actions.do_task(by=actor_for(task.holder_id), task=task.pk, at=at("2026-02-11 10:00"), **more)
    return task_of(row, "decide")


def test_items_without_means_take_their_tariff(county, accepted):
    row = accepted("MZ-011", members={county.old.pk: {}})
    task = to_decide(row)
    client, url = holder_of(task), f"/onestop/tasks/{task.pk}/approve/"
    assert "没有适用于该申请人的一档" in html(client.get(url))  # 68 years old
    row.members.filter(person=county.old).update(facts={"age": 93})
    page = html(client.get(url))
    assert (
        "90 至 99 周岁" in page and "200.00 元" in page and "待核实" in page and 'name="amount"' not in page
    )
    by = actor_for(task.holder_id)
    with pytest.raises(Refused, match="还不完整") as refused:
        actions.approve(by=by, task=task.pk, fen=99999)
    assert "200.00 元" in refused.value.fields["fen"][0]
    made = actions.approve(by=by, task=task.pk)
    assert made.fen == 20000 and made.sheet["row"] == "90 至 99 周岁每人每月"


def test_a_batch_is_made_by_one_checked_by_another_sent_once_and_answered(county):
    row = granted(county)
    maker, checker = client_of(county.accounts["payer"]), client_of(county.accounts["MZ"])
    second = client_of(second_payer_account(county))
    assert checker.get("/onestop/batches/").status_code == 403
    sent = said(item="MZ-001", area=COUNTY, month="2026-03", layout="csv")
    made = maker.post("/onestop/batches/new/", sent)
    batch = Batch.objects.get()
    url = f"/onestop/batches/{batch.pk}/"
    assert made["Location"] == url
    assert "不能是同一个人" in html(maker.get(url)) and "不能由您复核" in html(maker.get(f"{url}check/"))
    html(maker.post(f"{url}check/", said(agree="1")), 403)
    assert "请写明不同意的理由" in html(second.post(f"{url}check/", said(agree="0")), 422)
    assert second.post(f"{url}check/", said(agree="1")).status_code == 302
    file = maker.post(f"{url}file/")
    batch.refresh_from_db()
    assert file["X-Content-SHA256"] == batch.file_hash == bank.digest(file.content)
    assert maker.post(f"{url}file/").status_code == 422  # again only for a reason
    again = maker.post(f"{url}file/", {"reason": "银行说没有收到"})
    assert again.content == file.content and Entry.objects.filter(verb="onestop.fetch_bank_file").count() == 1
    line = Transfer.objects.get(batch=batch)
    bad = SimpleUploadedFile("back.csv", f"{line.ref},1.00,00\r\n没有,1.00,00".encode())
    page = html(maker.post(f"{url}return/", {**said(), "file": bad}), 422)
    assert "金额应为 650.00" in page and "不在本批次" in page
    back = SimpleUploadedFile("back.csv", f"{line.ref},650.00,01".encode())
    assert maker.post(f"{url}return/", {**said(), "file": back}).status_code == 302
    page = html(maker.get(url))
    assert "账号户名不符" in page and "未成功 1 笔" in page
    assert row is not None and "账号户名不符" in html(maker.get("/onestop/grants/held/"))
    own = html(client_of(county.accounts["resident"]).get(f"/my/cases/{row.decision.application_id}/"))
    assert "没有发成：账号户名不符" in own and "更正收款账户" in own and "2026年3月" in own
    fixed = said(account="6217000000000099", payee="王向阳", reason="本人持卡更正")
    assert (
        maker.post(f"/onestop/grants/{row.pk}/account/", fixed).status_code == 403
    )  # who pays sets no account
    assert checker.post(f"/onestop/grants/{row.pk}/account/", fixed).status_code == 302
    assert maker.post("/onestop/batches/new/", said(item="MZ-001", area=COUNTY, month="2026-03", layout="csv")).status_code == 302  # fmt: skip
    assert Batch.objects.count() == 2 and PayLine.objects.filter(state="waiting").get().month == MARCH


def second_payer_account(county: Any) -> Any:
    from linli.kernel.identity.models import Account

    return Account.objects.get(pk=second_payer(county).account)


def test_a_batch_of_thousands_is_a_page_and_a_workbook(county):
    row = granted(county)
    batch = send(county, MARCH, "2026-03-10 10:00")
    line = Transfer.objects.get(batch=batch)
    extra = [granted(county, item="MZ-009", person=county.wife)]
    assert row is not None and extra[0] is not None
    maker = client_of(county.accounts["payer"])
    page = html(maker.get(f"/onestop/batches/{batch.pk}/"))
    assert line.ref in page and "6217000000000001" not in page
    assert queries_of(maker, f"/onestop/batches/{batch.pk}/") <= 30
    book = load_workbook(
        io.BytesIO(b"".join(maker.get(f"/onestop/batches/{batch.pk}/?export=xlsx").streaming_content))
    )
    assert book.active.max_row == 2 and book.active["A2"].value == line.ref
    assert "没有符合条件" in html(maker.get(f"/onestop/batches/{batch.pk}/?state=paid"))
    for url in ("/onestop/batches/", "/onestop/grants/", "/onestop/grants/means/", "/onestop/rechecks/"):
        assert queries_of(maker, url) <= 16, url


def test_a_grant_is_changed_for_a_reason_and_its_account_shown_on_record(county):
    row = granted(county)
    assert row is not None
    officer, url = client_of(county.accounts["MZ"]), f"/onestop/grants/{row.pk}/"
    page = html(officer.get(url))
    assert "6217000000000001" not in page and "每月 650.00 元" in page
    assert officer.post(f"{url}account/reveal/", {"reason": ""}).status_code == 422
    assert "6217000000000001" in html(officer.post(f"{url}account/reveal/", {"reason": "核对退汇账户"}))
    assert Entry.objects.filter(verb="onestop.reveal_account", subject=row.subject).count() == 1
    html(officer.post(f"{url}adjust/", said(amount="0", month="2027-01", reason="收入增加")), 422)
    assert (
        officer.post(f"{url}adjust/", said(amount="300", month="2027-01", reason="收入增加")).status_code
        == 302
    )
    wrong = said(cause="death", month="2027-02", phase_months="5", reason="家庭成员死亡")
    assert "最长 3 个月" in html(officer.post(f"{url}stop/", wrong), 422)
    stop = said(cause="moved", month="2027-02", phase_months="2", phase_amount="100", reason="迁往外县")
    assert officer.post(f"{url}stop/", stop).status_code == 302
    page = html(officer.get(url))
    assert "迁出本县" in page and "发到2027年3月" in page and "收入增加" in page
    assert officer.post(f"{url}restore/", said(reason="没有迁出，登记有误")).status_code == 302
    due = {"due_0": "2027", "due_1": "3", "due_2": "1"}
    assert officer.post(f"{url}recheck/", said(reason="群众反映", **due)).status_code == 302
    one = Entitlement.objects.get(pk=row.pk).rechecks.get()
    holder = client_of(one.task.holder)
    assert "办理复核" in html(holder.get(f"/onestop/rechecks/{one.pk}/"))
    assert (
        holder.post(
            f"/onestop/rechecks/{one.pk}/", said(outcome="keep", note="入户核查，情况属实")
        ).status_code
        == 302
    )


def test_who_keeps_the_card_stands_in_the_register(county):
    row = granted(county)
    assert row is not None
    officer = client_of(county.accounts["MZ"])
    sent = said(
        keeper_name="王小妹", relation="女儿", since_0="2026", since_1="3", since_2="1", agreement=picture()
    )
    assert officer.post(f"/onestop/grants/{row.pk}/custody/", sent).status_code == 302
    page = html(officer.get("/onestop/custody/"))
    assert "女儿" in page and "王小妹" not in page
    one = row.custodies.get()
    end = said(until_0="2026", until_1="4", until_2="1", reason="本人康复")
    assert officer.post(f"/onestop/custody/{one.pk}/end/", end).status_code == 302
    assert "没有代管" in html(officer.get("/onestop/custody/"))


def test_a_sample_is_shown_with_the_way_to_draw_it_again(county):
    row = granted(county)
    assert row is not None
    number = row.decision.application.number
    from linli.onestop.drawing import drawn_by

    drawn = drawn_by(7, "ab" * 32, [number], 30)
    check = SpotCheck.objects.create(
        item=row.item, area=COUNTY, county=COUNTY, first=date(2026, 2, 1), last=date(2026, 2, 28), percent=30,
        log_size=7, log_root="ab" * 32, cut_off=at("2026-03-01 00:00"), population=[number],
        population_hash=drawn.population_hash, seed=drawn.seed, sample=list(drawn.sample),
    )  # fmt: skip
    judge, url = client_of(county.accounts["supervisor"]), f"/onestop/samples/{check.pk}/"
    page = html(judge.get(url))
    assert "完全一致" in page and drawn.seed in page and number in page
    early = said(item="MZ-001", area=COUNTY, first_0="2030", first_1="1", first_2="1", last_0="2030", last_1="2", last_2="1", percent="30")  # fmt: skip
    assert "还没有结束" in html(judge.post("/onestop/samples/new/", early), 409)
    assert judge.post(f"{url}{number}/", said(sound="0", note="与申报不符，住房两处")).status_code == 302
    assert "不属实" in html(judge.get(url))
    SpotCheck.objects.filter(pk=check.pk).update(seed="0" * 64)
    assert "不一致" in html(judge.get(url))


def test_residents_read_their_months_and_strangers_nothing(county):
    row = granted(county)
    assert row is not None
    batch = send(county, MARCH, "2026-03-10 10:00")
    own = f"/my/cases/{row.decision.application_id}/"
    assert "已送银行" in html(client_of(county.accounts["resident"]).get(own))
    answer(county, batch)
    page = html(client_of(county.accounts["resident"]).get(own))
    assert "已到账" in page and "650.00 元" in page
    pages = [f"/onestop/batches/{batch.pk}/", f"/onestop/batches/{batch.pk}/check/", f"/onestop/grants/{row.pk}/",
             f"/onestop/grants/{row.pk}/adjust/", f"/onestop/grants/{row.pk}/account/"]  # fmt: skip
    for who in ("stranger", "editor", "resident", "ZJ"):
        client = client_of(county.accounts[who])
        for url in pages:
            assert client.get(url).status_code in (403, 404), (who, url)
            assert client.post(url, said(agree="1")).status_code in (403, 404, 405), (who, url)
        for url in (f"/onestop/batches/{batch.pk}/file/", f"/onestop/grants/{row.pk}/account/reveal/"):
            assert client.post(url, {"reason": "想看一看"}).status_code in (403, 404), (who, url)
