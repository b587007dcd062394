"""The offices' pages: the window, tasks with their lights, the decision, the catalogue; strangers are refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from linli.kernel.actor import SYSTEM
from linli.kernel.identity.fields import blind
from linli.onestop import actions
from linli.onestop.glossary import shipped_items
from linli.onestop.models import Application, ItemVersion, Task
from linli.onestop.tests.conftest import at, do, task_of
from linli.onestop.tests.sheets import reckoned
from linli.onestop.tests.test_pages import client_of, html, own_files, picture, queries_of, said  # noqa: F401
from linli.people.models import Person

pytestmark = pytest.mark.django_db


def holder_of(task: Task) -> Any:
    assert task.holder is not None
    return client_of(task.holder)


def test_the_window_lists_by_due_date_and_accepts(county, begin):
    row, window = begin(), client_of(county.accounts["window"])
    assert row.number in html(window.get("/onestop/window/"))
    page = html(window.get(f"/onestop/cases/{row.pk}/"))
    assert "一次性告知" in page and "正在向部门核对" in page
    assert window.post(f"/onestop/cases/{row.pk}/accept/", said()).status_code == 302
    row.refresh_from_db()
    assert row.state == "accepted"


def test_the_window_tells_all_defects_once(county, begin):
    row, window = begin(), client_of(county.accounts["window"])
    sent = said(defects="收入证明缺公章\n照片看不清")
    assert window.post(f"/onestop/cases/{row.pk}/supplement/", sent).status_code == 302
    assert row.notices.get().defects == ["收入证明缺公章", "照片看不清"]


def test_a_refusal_at_the_window_says_why_by_what_rule_and_where_to(county, begin):
    row, window = begin(), client_of(county.accounts["window"])
    page = html(window.post(f"/onestop/cases/{row.pk}/decline/", said()), 422)
    assert "请填写理由" in page and "请填写依据" in page and "请填写应向何处申请" in page
    sent = said(reason="户籍不在本县", basis="民发〔2021〕57号第四条", right_place="户籍地街道")
    assert window.post(f"/onestop/cases/{row.pk}/decline/", sent).status_code == 302
    notice = row.notices.get()
    task = row.tasks.get(kind="notice")
    client = holder_of(task)
    assert client.post(f"/onestop/notices/{notice.pk}/deliver/", said(how="当面签收")).status_code == 302
    notice.refresh_from_db()
    assert notice.delivered_at is not None
    own = html(client_of(county.accounts["resident"]).get(f"/my/cases/{row.pk}/"))
    assert "户籍不在本县" in own and "行政复议" in own


def test_somebody_at_the_counter_gets_the_same_case(county):
    Person.objects.filter(pk=county.old.pk).update(number_index=blind("430181195705120015"))
    window = client_of(county.accounts["window"])
    sent = said(item="MZ-001", number="430181195705120015", authority="本人到窗口口述")
    answer = window.post("/onestop/window/new/", sent)
    row = Application.objects.get()
    assert answer["Location"] == f"/my/cases/{row.pk}/apply/story/" and row.channel == "window"
    assert "申请说明" in html(window.get(answer["Location"]))
    wrong = said(item="MZ-001", number="430181195705129999", authority="口述")
    assert "请核对号码" in html(window.post("/onestop/window/new/", wrong), 422)


def test_lights_are_said_in_words(county, accepted):
    row = accepted()
    task = task_of(row, "check")
    client = holder_of(task)
    now = timezone.now()
    for due, words in ((now - timedelta(days=1), "红灯：已超期"), (now + timedelta(days=30), "绿灯：期限内")):  # fmt: skip
        Task.objects.filter(pk=task.pk).update(due_at=due, opened_at=now - timedelta(days=2))
        assert words in html(client.get("/onestop/desk/"))


def test_a_task_shows_form_and_shared_data_and_takes_the_opinion(county, accepted):
    row = accepted()
    task = task_of(row, "check")
    client = holder_of(task)
    page = html(client.get(f"/onestop/tasks/{task.pk}/"))
    assert "材料与共享数据" in page and "相符" in page and "申请表" in page
    assert "不同意的，请写明理由" in html(
        client.post(f"/onestop/tasks/{task.pk}/", said(opinion="disagree")), 422
    )
    assert client.post(f"/onestop/tasks/{task.pk}/", said(opinion="agree", finding="相符")).status_code == 302
    task.refresh_from_db()
    assert task.state == "done" and task.finding == "相符"


def test_a_survey_is_made_by_two(county, accepted):
    row = accepted()
    task = task_of(row, "survey")
    client, url = holder_of(task), f"/onestop/tasks/{task.pk}/"
    assert "调查人员" in html(client.post(url, said(opinion="agree")), 422)
    mate = next(one for one in ("town", "mate") if county.accounts[one] != task.holder)
    sent = said(
        opinion="agree", second=county.accounts[mate].pk, seen="平房两间", signed="on", photos=picture()
    )
    assert client.post(url, sent).status_code == 302
    task.refresh_from_db()
    assert task.survey.second == county.accounts[mate] and task.state == "open", (
        "not done before the second signs"
    )
    assert len(task.survey.photos or task.survey.said["files"]) == 1


def test_tasks_are_handed_on_urged_and_returned(county, accepted):
    row = accepted()
    task = task_of(row, "survey")
    mate = next(one for one in ("town", "mate") if county.accounts[one] != task.holder)
    sent = said(to=county.accounts[mate].pk, reason="请假三天")
    assert holder_of(task).post(f"/onestop/tasks/{task.pk}/transfer/", sent).status_code == 302
    assert client_of(county.accounts["supervisor"]).post(f"/onestop/tasks/{task.pk}/urge/").status_code == 302
    task.refresh_from_db()
    assert task.holder == county.accounts[mate] and task.urged == 1
    for step, branch in ((t.step, t.branch) for t in row.tasks.filter(state="open")):
        do(row, step, branch)
    first = task_of(row, "first")
    page = html(holder_of(first).get(f"/onestop/tasks/{first.pk}/return/"))
    assert "入户" in page
    sent = said(to="investigate", reason="邻里反映不一致")
    assert holder_of(first).post(f"/onestop/tasks/{first.pk}/return/", sent).status_code == 302
    row.refresh_from_db()
    assert row.round == 2
    head = html(client_of(county.accounts["supervisor"]).get(f"/onestop/cases/{row.pk}/"))
    assert "其他轮次" in head and "邻里反映不一致" in head


def test_a_limit_is_extended_on_a_listed_ground_by_a_head(county, accepted):
    row = accepted()
    url = f"/onestop/cases/{row.pk}/extend/"
    html(client_of(county.accounts["town"]).get(url), 403)
    head = client_of(county.accounts["head"])
    assert "人户分离" in html(head.get(url))
    assert head.post(url, said(ground="人户分离")).status_code == 302
    row.refresh_from_db()
    assert row.extended == "人户分离"


def decided(row: Application) -> Task:
    """The case brought to its decision through every stage."""
    for step, branch in ((t.step, t.branch) for t in row.tasks.filter(state="open")):
        do(row, step, branch)
    do(row, "first", when="2026-02-13 10:00")
    holder = task_of(row, "publicity").holder
    posted = client_of(holder).post(f"/onestop/cases/{row.pk}/publish/", said())
    assert posted.status_code == 302
    Task.objects.filter(application=row, kind="publicity").update(
        posted_at=at("2026-02-13 11:00"), due_at=at("2026-02-24 00:00")
    )
    actions.end_publicity(by=SYSTEM, application=row.pk, at=at("2026-02-24 10:00"))
    return task_of(row, "decide")


def test_a_decision_answers_every_finding_and_takes_the_amount_of_its_sheet(county, accepted):
    row = accepted()
    task = decided(row)
    client, url = holder_of(task), f"/onestop/tasks/{task.pk}/approve/"
    assert "审核确认" in html(client.get(f"/onestop/tasks/{task.pk}/"))
    assert client.get(url)["Location"] == f"/onestop/tasks/{task.pk}/means/"
    reckoned(row, 65050)
    page = html(client.post(url, said()), 422)
    assert "650.50 元" in page and 'name="amount"' not in page and "请填写对县残联核实情况的回应" in page
    answers = {f"answer_{n}": "采纳" for n in range(5)}
    assert client.post(url, said(**answers)).status_code == 302
    row.refresh_from_db()
    assert row.state == "approved" and row.decision.fen == 65050
    assert row.decision.findings["县残联"] == "采纳"


def test_a_refusal_needs_rule_and_fact(county, accepted):
    row = accepted()
    task = decided(row)
    client, url = holder_of(task), f"/onestop/tasks/{task.pk}/refuse/"
    answers = {f"answer_{n}": "采纳" for n in range(5)}
    assert "请填写依据" in html(client.post(url, said(reason="财产超标", **answers)), 422)
    sent = said(ground="other", reason="名下有两套住房", basis="民发〔2021〕57号第四条", **answers)
    assert client.post(url, sent).status_code == 302
    row.refresh_from_db()
    assert row.state == "refused" and row.notices.get().remedy


def test_tasks_nobody_holds_stand_on_the_supervisors_list(county, accepted):
    row = accepted()
    Task.objects.filter(pk=task_of(row, "check").pk).update(holder=None, placed="supervisor")
    page = html(client_of(county.accounts["supervisor"]).get("/onestop/desk/unowned/"))
    assert "经济状况信息核对" in page and "无人承办" in page


def test_the_applicant_is_sent_to_their_own_page(county, accepted):
    row = accepted()
    answer = client_of(county.accounts["resident"]).get(f"/onestop/cases/{row.pk}/")
    assert answer["Location"] == f"/my/cases/{row.pk}/"


def test_strangers_are_refused_on_every_page_of_a_case(county, accepted):
    row = accepted()
    task = task_of(row, "check")
    pages = [
        f"/onestop/cases/{row.pk}/{one}"
        for one in ("", "accept/", "supplement/", "decline/", "extend/", "publish/")
    ]
    pages += [
        f"/onestop/tasks/{task.pk}/{one}" for one in ("", "return/", "transfer/", "approve/", "refuse/")
    ]
    for who in ("stranger", "editor", "ZJ"):
        client = client_of(county.accounts[who])
        for url in pages:
            assert client.get(url).status_code in (403, 404), (who, url)
        for url in pages[1:]:
            assert client.post(url, said(opinion="agree")).status_code in (403, 404), (who, url)
        for act in ("take", "urge"):
            assert client.post(f"/onestop/tasks/{task.pk}/{act}/").status_code in (403, 404)
    task.refresh_from_db()
    assert task.state == "open" and task.urged == 0


def test_an_editor_sees_the_drawing_and_a_second_person_publishes(county):
    raw = {**next(one for one in shipped_items() if one["code"] == "MZ-001")}
    draft = actions.save_item(by=county.actor("editor"), definition=raw)
    editor, second = client_of(county.accounts["editor"]), client_of(county.accounts["second"])
    assert "最低生活保障审核确认" in html(editor.get("/onestop/catalogue/?q=MZ-001"))
    url = f"/onestop/catalogue/{draft.pk}/"
    page = html(editor.get(url))
    assert "泳道图" in page and "县残联" in page and "须由另一人发布" in page and "没有发现问题" in page
    assert editor.post(f"{url}simulate/").status_code == 302
    assert "运行次数" in html(editor.get(url))
    html(editor.post(f"{url}publish/", said()), 403)
    assert second.post(f"{url}publish/", said()).status_code == 302
    draft.refresh_from_db()
    assert draft.state == "published"


def test_the_catalogue_is_for_its_editors_alone(county):
    number = ItemVersion.objects.order_by("pk").values_list("pk", flat=True).first()
    for who in ("MZ", "resident", "supervisor"):
        client = client_of(county.accounts[who])
        for url in (
            "/onestop/catalogue/",
            f"/onestop/catalogue/{number}/",
            f"/onestop/catalogue/{number}/publish/",
        ):
            html(client.get(url), 403)


def test_the_offices_lists_and_pages_take_few_queries(county, accepted, begin):
    row = accepted()
    task = task_of(row, "check")
    client, window = holder_of(task), client_of(county.accounts["window"])
    for url in ("/onestop/desk/", "/onestop/desk/unit/", "/onestop/cases/"):
        assert queries_of(client, url) <= 14, url
    assert queries_of(window, "/onestop/window/") <= 14
    assert queries_of(client, f"/onestop/cases/{row.pk}/") <= 40
    assert queries_of(client, f"/onestop/tasks/{task.pk}/") <= 40
    editor = client_of(county.accounts["editor"])
    assert queries_of(editor, "/onestop/catalogue/") <= 14
