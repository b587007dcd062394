"""One case for staff and for the checker: the whole story, every act, and who may."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from linli.dispatch import actions as dispatch
from linli.dispatch.models import WorkOrder
from linli.incidents import actions, queries, showing
from linli.incidents.models import Incident
from linli.incidents.tests.conftest import COUNTY, GRID, LON, Town
from linli.incidents.tests.scenes import client, count, filed, handled, html, lead, waiting
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.bus.jobs import drain
from linli.kernel.ledger.models import Entry


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.LINLI_FILES = tmp_path / "files"


def test_the_case_page_tells_the_whole_story_to_staff(town: Town) -> None:
    row = handled(town)
    near = filed(town, lon=LON + 0.001)
    page = html(client(town, "clerk").get(f"/incidents/{row.pk}/"))
    for words in (
        row.number,
        "核查中",
        "市容环境 · 暴露垃圾",
        "已清运",
        "处置前",
        "处置后",
        "派遣说明",
        "按派遣规则",
        "李网格（网格员）",
        "陈经办（经办）",
    ):
        assert words in page, words
    assert near.title in page and "距 98 米" in page
    points = client(town, "clerk").get(f"/incidents/{row.pk}/near.json").json()["features"]
    assert [one["properties"]["id"] for one in points] == [row.pk, near.pk]


def test_acts_on_a_case_are_those_its_viewer_may_do_now(town: Town) -> None:
    row = filed(town)

    def acts(who: str) -> set[str]:
        return {act.code for act in client(town, who).get(f"/incidents/{row.pk}/").context["acts"]}

    assert acts("chief") >= {"reclass", "split", "whistle", "merge", "refer", "void", "contact", "locate"}
    assert "void" not in acts("clerk") and "file" not in acts("clerk")
    assert acts("officer") == set() and acts("worker") == set()
    dispatch.accept_order(by=town.officer, order=lead(row).pk)
    assert acts("officer") == {"whistle"}  # the lead may call others out
    assert f"/incidents/{row.pk}/whistle/" in html(client(town, "officer").get(f"/orders/{lead(row).pk}/"))


def test_every_act_of_the_case_page_works(town: Town) -> None:
    chief = client(town, "chief")

    def act(row: Incident, code: str, **said: Any) -> Incident:
        base = Incident.objects.get(pk=row.pk).version
        page = chief.get(f"/incidents/{row.pk}/{code}/")
        assert page.status_code == 200, (code, page.status_code)
        answer = chief.post(f"/incidents/{row.pk}/{code}/", {"base_version": base, **said})
        assert answer.status_code == 302, (code, html(answer))
        return Incident.objects.get(pk=row.pk)

    row, other = filed(town), filed(town, text="另一处垃圾")
    assert act(row, "reclass", class_code="道路不洁").class_code == "sr.dirty_road"
    assert act(row, "contact", text="已电话告知").responded_at
    act(row, "whistle", unit_1="水利局", unit_2="住建局", text="请协助清淤")
    assert WorkOrder.objects.filter(subject=row.subject, role="assist").count() == 2
    act(row, "split", class_1="暴露垃圾", unit_1="水利局", text_1="先清河边")
    assert row.children.get().unit == "430181-SL" and "先清河边" in html(chief.get(f"/incidents/{row.pk}/"))
    assert act(other, "merge", into=row.number).merged_into_id == row.pk
    assert act(other, "unmerge", text="并错了").merged_into_id is None
    assert act(other, "file", class_code="暴露垃圾").state == "filed"
    assert act(other, "refer", room="outside", text="属邻县").cause == "referred"
    assert act(waiting(town), "confirm").state == "confirming"
    assert act(waiting(town), "decline", text="重复反映").state == "declined"
    assert act(filed(town, text="第三处"), "void", text="误报").state == "void"
    closed = handled(town)
    actions.check_incident(by=town.checker, incident=closed.pk, passed=True, text="干净")
    assert act(closed, "reopen", text="又堆起来了").round == 2


def test_a_stale_act_on_a_case_is_a_409_and_a_wrong_state_too(town: Town) -> None:
    row = filed(town)
    chief, seen = client(town, "chief"), row.version
    actions.reclass_incident(by=town.clerk, incident=row.pk, class_code="sr.stall")
    for code, said in (
        ("reclass", {"class_code": "道路不洁"}),
        ("contact", {"text": "已电话告知"}),
        ("void", {"text": "误报了"}),
    ):
        late = chief.post(f"/incidents/{row.pk}/{code}/", {"base_version": seen, **said})
        assert late.status_code == 409 and "王受理" in html(late) and next(iter(said.values())) in html(late)
    assert chief.get(f"/incidents/{row.pk}/unmerge/").status_code == 409
    wrong = chief.post(f"/incidents/{row.pk}/merge/", {"base_version": seen, "into": "随便哪件"})
    assert wrong.status_code == 422 and "请写事件编号" in html(wrong)


def test_a_reporters_number_is_read_with_a_reason_and_never_where_hidden(town: Town) -> None:
    row = waiting(town, name="王小明", phone="13800138000")
    told, clerk = row.reports.get(), client(town, "clerk")
    url = f"/incidents/{row.pk}/reports/{told.pk}/reveal/"
    assert clerk.post(url, {"reason": " "}).status_code == 422
    before = Entry.objects.count()
    assert "13800138000" in html(clerk.post(url, {"reason": "回访办理情况"}))
    assert Entry.objects.count() == before + 1
    assert client(town, "officer").post(url, {"reason": "好奇"}).status_code in (403, 404)
    Incident.objects.filter(pk=row.pk).update(hide_reporter=True)
    assert clerk.post(url, {"reason": "回访"}).status_code == 403
    page = html(clerk.get(f"/incidents/{row.pk}/"))
    assert "信息已隐去" in page and "王**" not in page
    with pytest.raises(Refused):
        actions.reveal_reporter(by=town.far, report=told.pk, reason="x")


def test_the_checker_sees_before_and_after_and_closes_with_a_cause(town: Town) -> None:
    row = handled(town)
    checker = client(town, "checker")
    assert row.title in html(checker.get("/check/"))
    page = html(checker.get(f"/check/{row.pk}/"))
    assert "处置后照片 1" in page and "照片没有拍摄位置" in page and "垃圾清净" in page
    bare = checker.post(f"/check/{row.pk}/", {"base_version": row.version, "passed": "0"})
    assert bare.status_code == 422 and "请填写核查情况" in html(bare)
    fail = {"base_version": row.version, "passed": "0", "text": "还有残留", "cause": "fixed"}
    assert checker.post(f"/check/{row.pk}/", fail).status_code == 302
    assert checker.post(f"/check/{row.pk}/", fail).status_code == 409
    dispatch.handle_order(by=town.officer, order=lead(row).pk, outcome="再清一遍")
    drain()
    row.refresh_from_db()
    passed = {"base_version": row.version, "passed": "1", "text": "干净了", "cause": "natural"}
    assert checker.post(f"/check/{row.pk}/", passed).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.cause) == ("closed", "natural")


def test_nobody_checks_a_case_he_handled(town: Town) -> None:
    row = handled(town)
    Grant.objects.create(account=town.accounts["officer"], role_id="checker", area=COUNTY)
    officer = client(town, "officer")
    page = html(officer.get(f"/check/{row.pk}/"))
    assert "不能由您核查" in page and "通过，结案" not in page
    said = {"base_version": row.version, "passed": "1", "text": "我看行"}
    assert officer.post(f"/check/{row.pk}/", said).status_code == 403


def test_single_cases_cost_few_queries(town: Town) -> None:
    row = handled(town)
    assert count(client(town, "clerk"), f"/incidents/{row.pk}/") <= 13
    assert count(client(town, "checker"), f"/check/{row.pk}/") <= 12
    order = lead(row)
    assert count(client(town, "officer"), f"/orders/{order.pk}/") <= 12


def test_the_clock_of_a_case_speaks_in_words(town: Town) -> None:
    row = filed(town)
    now = timezone.now()
    assert showing.case_chip(row).words.startswith("还剩")
    row.due_at = now - timedelta(days=9)
    assert showing.case_chip(row, now).state == "bad" and "已超" in showing.case_chip(row, now).words
    row.state = "void"
    assert showing.case_chip(row).words == "已作废"
    row.state, row.closed_at, row.handled_at, row.due_at = "closed", now, now, now
    assert showing.case_chip(row).words == "按期办结"


def test_a_case_of_another_town_is_not_among_the_like(town: Town) -> None:
    row, other = filed(town), filed(town, text="第二堆")
    assert queries.like_cases(town.chief, "sr.litter", GRID, besides=row.pk) == [other]
    assert queries.like_cases(town.far, "sr.litter", GRID) == [] and queries.near_same(town.far, row) == []
    assert queries.common_classes(town.worker) == ["sr.litter"] and queries.common_classes(town.far) == []
    assert [one.pk for one in queries.orders_of(row)] == [lead(row).pk] and len(queries.told_in(row)) == 1
