"""The pages of orders: who sees what, what one tap does, what a stale form is told."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from linli.dispatch import actions
from linli.dispatch.actions import Assignee, Said
from linli.dispatch.models import Ask, Clock, Duty, Ladder, Ruling, WorkOrder
from linli.dispatch.pages.work import far_words
from linli.dispatch.tests.conftest import CG, GRID, LAT, LON, SL, TOWN, Posts, Raise
from linli.kernel import Refused


def html(answer) -> str:  # type: ignore[no-untyped-def]
    return answer.content.decode()


def version(order: WorkOrder) -> int:
    return WorkOrder.objects.values_list("version", flat=True).get(pk=order.pk)


def count(client: Client, url: str) -> int:
    """Queries of a page once the reference data is in memory."""
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_the_grid_worker_sees_the_day_in_the_order_of_its_deadlines(posts: Posts, order: Raise) -> None:
    late, soon = order(title="井盖松动"), order(title="路灯不亮", urgency="urgent")
    WorkOrder.objects.filter(pk=late.pk).update(due_at=timezone.now() - timedelta(hours=3))
    page = html(posts.client("worker").get("/work/"))
    assert page.index("井盖松动") < page.index("路灯不亮")
    assert "已超" in page and "还剩" in page and "紧急" in page and "1 张超时" in page
    overdue = html(posts.client("worker").get("/work/?view=overdue"))
    assert "井盖松动" in overdue and "路灯不亮" not in overdue
    assert soon.title not in html(posts.client("far").get("/work/"))


def test_near_me_sorts_by_distance_and_works_without_a_position(posts: Posts, order: Raise) -> None:
    order(title="远处的事", lon=LON + 0.02)
    order(title="近处的事", lon=LON + 0.001)
    client = posts.client("worker")
    near = html(client.get(f"/work/?view=near&lon={LON}&lat={LAT}"))
    assert near.index("近处的事") < near.index("远处的事") and "约 100 米" in near and "公里" in near
    assert "近处的事" in html(client.get("/work/?view=near"))
    assert "近处的事" in html(client.get("/work/?view=near&lon=nan&lat=x"))
    assert far_words(4) == "约 10 米"


def test_a_stranger_is_refused_every_page(posts: Posts, order: Raise) -> None:
    row = order()
    urls = [
        f"/orders/{row.pk}/",
        f"/orders/{row.pk}/accept/",
        f"/orders/{row.pk}/map.json",
        f"/orders/{row.pk}/areas.json",
    ]
    far = posts.client("far")
    assert {far.get(url).status_code for url in urls} == {404}
    for url in (
        "/unit/",
        "/approvals/",
        "/admin/clocks/",
        "/admin/clocks/edit/?kind=*&stage=accept",
        "/admin/ladders/",
    ):
        assert far.get(url).status_code == 403, url
    assert far.post(f"/orders/{row.pk}/accept/", {"base_version": row.version}).status_code == 404
    anybody = Client()
    assert anybody.get("/work/").status_code == 403 and anybody.get(f"/orders/{row.pk}/").status_code == 404
    assert anybody.get("/duty/").status_code == 403
    assert posts.client("checker").get(f"/orders/{row.pk}/accept/").status_code == 403
    assert version(row) == row.version


def test_one_button_leads_through_an_order(posts: Posts, order: Raise) -> None:
    row = order(handle=[{"name": "围挡", "limit": "3 ch"}, {"name": "修复", "limit": "8 ch"}])
    client, url = posts.client("worker"), f"/orders/{row.pk}/"
    for label, act, said in (
        ("接单", "accept", {}),
        ("到场", "arrive", {"lon": LON, "lat": LAT}),
        ("完成“围挡”", "milestone", {"text": "已围挡"}),
        ("办结", "handle", {"outcome": "已换灯泡"}),
    ):
        page = html(client.get(url))
        assert f'main-act">{label}</button>' in page or f'main-act" href="{url}{act}/">{label}</a>' in page
        answer = client.post(f"{url}{act}/", {"base_version": version(row), **said})
        assert answer.status_code == 302 and answer["Location"] == url, html(answer)
    row.refresh_from_db()
    assert row.state == "handled" and row.outcome == "已换灯泡" and row.flags == ["photo_missing"]
    assert "没有处置后照片" in html(client.get(url)) and "待核查" in html(client.get(url))
    assert (
        posts.client("checker")
        .post(f"{url}verify/", {"base_version": version(row), "passed": "1", "text": "亮了"})
        .status_code
        == 302
    )
    row.refresh_from_db()
    assert row.state == "done"


def test_nobody_verifies_what_he_handled(posts: Posts, order: Raise) -> None:
    row = order()
    actions.accept_order(by=posts.worker, order=row.pk)
    actions.handle_order(by=posts.worker, order=row.pk, outcome="好了")
    assert posts.client("worker").get(f"/orders/{row.pk}/verify/").status_code == 403


def test_a_stale_form_says_who_did_what_and_keeps_what_was_typed(posts: Posts, order: Raise) -> None:
    row = order("")
    stale = version(row)
    actions.dispatch_order(by=posts.chief, order=row.pk, to=Assignee(SL), said=Said(text="水利负责"))
    actions.recall_order(by=posts.chief, order=accepted_by_unit(row), said=Said(text="派错了"))
    answer = posts.client("clerk").post(
        f"/orders/{row.pk}/dispatch/", {"base_version": stale, "unit": "城管执法局", "text": "路灯归城管"}
    )
    page = html(answer)
    assert answer.status_code == 409 and "赵班长" in page and "收回" in page
    assert "路灯归城管" in page and "城管执法局" in page
    assert f'value="{version(row)}"' in page  # told of the change, the form may be sent again
    again = posts.client("clerk").post(
        f"/orders/{row.pk}/dispatch/",
        {"base_version": version(row), "unit": "城管执法局", "text": "路灯归城管"},
    )
    assert again.status_code == 302
    row.refresh_from_db()
    assert row.unit == CG


def accepted_by_unit(row: WorkOrder) -> int:
    from linli.kernel.actor import SYSTEM

    actions.accept_order(by=SYSTEM, order=row.pk)
    return row.pk


def test_of_two_dispatchers_at_once_one_is_told(posts: Posts, order: Raise) -> None:
    row = order("")
    seen = version(row)
    first = posts.client("clerk").post(
        f"/orders/{row.pk}/dispatch/", {"base_version": seen, "unit": CG, "text": "归城管"}
    )
    second = posts.client("chief").post(
        f"/orders/{row.pk}/dispatch/", {"base_version": seen, "unit": SL, "text": "归水利"}
    )
    assert (first.status_code, second.status_code) == (302, 409)
    assert "王派遣" in html(second) and "归水利" in html(second)
    row.refresh_from_db()
    assert row.unit == CG


def test_a_return_names_its_reason_and_a_second_one_is_ruled_by_the_chief(posts: Posts, order: Raise) -> None:
    row = order("unit")
    officer, url = posts.client("officer"), f"/orders/{row.pk}/"
    bare = officer.post(url + "return/", {"base_version": version(row)})
    assert bare.status_code == 422 and "请选择退回原因" in html(bare) and "请填写依据" in html(bare)
    said = {"reason": "not_ours", "text": "路灯不归我们", "propose": "水利局"}
    assert officer.post(url + "return/", {"base_version": version(row), **said}).status_code == 302
    page = html(posts.client("clerk").get(url + "dispatch/"))
    assert 'value="水利局"' in page
    actions.dispatch_order(by=posts.clerk, order=row.pk, to=Assignee(CG), said=Said(text="仍归城管"))
    assert officer.post(url + "return/", {"base_version": version(row), **said}).status_code == 302
    with pytest.raises(Refused) as refused:
        actions.dispatch_order(by=posts.clerk, order=row.pk, to=Assignee(SL), said=Said(text="再派"))
    assert refused.value.code == "wants_ruling"
    assert posts.client("clerk").get(url + "rule/").status_code == 403
    assert "路灯不亮" in html(posts.client("chief").get("/approvals/"))
    answer = posts.client("chief").post(
        url + "rule/", {"base_version": version(row), "unit": "水利局", "text": "权属水利"}
    )
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.final and row.unit == SL and not Ruling.objects.exists()


def test_the_unit_head_names_a_person_and_the_list_stands_by_deadline(posts: Posts, order: Raise) -> None:
    second, first = order("unit", title="第二件"), order("unit", title="第一件")
    WorkOrder.objects.filter(pk=first.pk).update(due_at=timezone.now() - timedelta(minutes=5))
    page = html(posts.client("head").get("/unit/"))
    assert page.index("第一件") < page.index("第二件") and "未指定" in page
    person = posts.officer.account
    answer = posts.client("head").post(
        f"/orders/{second.pk}/reassign/", {"base_version": version(second), "person": person}
    )
    assert answer.status_code == 302
    second.refresh_from_db()
    assert second.person_id == person
    assert posts.client("officer").get(f"/orders/{second.pk}/reassign/").status_code == 403
    sheet = posts.client("head").get("/unit/?export=xlsx")
    assert sheet.status_code == 200 and b"".join(sheet.streaming_content)[:2] == b"PK"


def test_more_time_is_asked_for_and_decided_by_somebody_else(posts: Posts, order: Raise) -> None:
    row = order("unit")
    actions.accept_order(by=posts.officer, order=row.pk)
    ask = {"what": "extend", "limit": "4 dh", "reason": "吊车明日到"}
    answer = posts.client("officer").post(f"/orders/{row.pk}/ask/", {"base_version": version(row), **ask})
    assert answer.status_code == 302, html(answer)
    assert "吊车明日到" in html(posts.client("officer").get("/unit/"))
    asked, due = Ask.objects.get(), WorkOrder.objects.get(pk=row.pk).due_at
    chief = posts.client("chief")
    wrong = chief.post(f"/approvals/{asked.pk}/", {"granted": "1"})
    assert wrong.status_code == 422 and "请填写审批意见" in html(wrong)
    assert chief.post(f"/approvals/{asked.pk}/", {"granted": "1", "decision": "同意"}).status_code == 302
    assert WorkOrder.objects.get(pk=row.pk).due_at > due
    late = posts.client("leader").post(f"/approvals/{asked.pk}/", {"granted": "0", "decision": "不同意"})
    assert late.status_code == 409 and "赵班长" in html(late) and "同意" in html(late)
    assert (
        posts.client("officer").post(f"/approvals/{asked.pk}/", {"granted": "1", "decision": "x"}).status_code
        == 404
    )


def test_a_wrong_request_for_more_time_names_every_defect(posts: Posts, order: Raise) -> None:
    row = order("unit")
    actions.accept_order(by=posts.officer, order=row.pk)
    said = {"base_version": version(row), "what": "suspend", "reason": "等雨季过去"}
    answer = posts.client("officer").post(f"/orders/{row.pk}/ask/", said)
    assert answer.status_code == 422 and "请选择缓办事由" in html(answer) and "90 天之内" in html(answer)


def test_an_administrator_versions_clocks_and_running_orders_keep_theirs(posts: Posts, order: Raise) -> None:
    row, admin = order(), posts.client("admin")
    assert "15 分钟" in html(admin.get("/admin/clocks/"))
    url = "/admin/clocks/edit/?kind=*&stage=accept"
    seen = admin.get(url).context["form"].initial["base_version"]
    wrong = admin.post(url, {"base_version": seen, "limit_routine": "很快", "source": "文件"})
    assert wrong.status_code == 422 and "很快" in html(wrong)
    said = {"base_version": seen, "limit_routine": "1 dh", "source": "市政府 2026 年 3 号文"}
    assert admin.post(url, said).status_code == 302
    now = Clock.objects.get(kind="*", stage="accept", urgency="routine", active=True)
    assert (now.limit, now.version) == ("1 dh", 2) and Clock.objects.filter(
        kind="*", stage="accept", active=False
    ).count() == 1
    row.refresh_from_db()
    assert row.plan["accept"] == "0.5 dh"
    assert admin.post(url, said | {"limit_routine": "2 dh"}).status_code == 409
    assert posts.client("chief").post(url, said).status_code == 403


def test_an_administrator_versions_ladders(posts: Posts) -> None:
    admin, row = posts.client("admin"), Ladder.objects.get(code="*", urgency="")
    assert "用时 50%" in html(admin.get("/admin/ladders/")) and "县级值班长" in html(
        admin.get("/admin/ladders/")
    )
    url = f"/admin/ladders/{row.pk}/"
    page = admin.get(url)
    seen = page.context["form"].initial["base_version"]
    lines = {
        "share_0": "40",
        "act_0": "nudge",
        "who_0": ["assignee"],
        "share_1": "120%",
        "act_1": "supervise",
        "stage_1": "handle",
        "who_1": ["unit_head", "post:leader@county"],
    }
    wrong = admin.post(url, {"base_version": seen, "source": "x", "share_0": "40", "act_0": "nudge"})
    assert wrong.status_code == 422 and "第 1 级：请选择告知谁" in html(wrong) and 'value="40"' in html(wrong)
    assert admin.post(url, {"base_version": seen, "source": "督查办法", **lines}).status_code == 302
    fresh = Ladder.objects.get(code="*", urgency="", version=2)
    assert [rung["share"] for rung in fresh.rungs] == [0.4, 1.2] and fresh.rungs[1]["stage"] == "handle"
    row.refresh_from_db()
    assert row.active  # orders that began with it keep it
    assert admin.post(url, {"base_version": seen, "source": "督查办法", **lines}).status_code == 409


def test_the_duty_list_is_the_chiefs(posts: Posts) -> None:
    chief, now = posts.client("chief"), timezone.localtime()
    said = {
        "person": str(posts.clerk.account),
        "post": "duty_officer",
        "area": "淮川街道",
        "start": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "end": f"{now + timedelta(hours=8):%Y-%m-%dT%H:%M}",
    }
    backwards = chief.post("/duty/", said | {"end": said["start"]})
    assert backwards.status_code == 422 and "结束时间应晚于开始时间" in html(backwards)
    assert chief.post("/duty/", said).status_code == 302
    assert "王派遣" in html(posts.client("clerk").get("/duty/")) and "在岗" in html(chief.get("/duty/"))
    turn = Duty.objects.get()
    assert posts.client("worker").post(f"/duty/{turn.pk}/end/").status_code == 403
    assert chief.post(f"/duty/{turn.pk}/end/").status_code == 302
    assert Duty.objects.get().end <= timezone.now()


def test_a_hundred_orders_cost_few_queries(posts: Posts, order: Raise) -> None:
    for n in range(100):
        order("worker" if n % 2 else "unit", title=f"第{n}件", lon=LON + n / 5000)
    rows = WorkOrder.objects.filter(person=None)[:30]
    for row in rows:
        actions.accept_order(by=posts.officer, order=row.pk)
        actions.ask_for_time(by=posts.officer, order=row.pk, what="extend", reason="等吊车", limit="2 dh")
    assert count(posts.client("worker"), "/work/") <= 12
    assert count(posts.client("worker"), f"/work/?view=near&lon={LON}&lat={LAT}") <= 12
    assert count(posts.client("head"), "/unit/") <= 12
    assert count(posts.client("chief"), "/approvals/") <= 12
    assert count(posts.client("admin"), "/admin/clocks/") <= 12
    assert count(posts.client("admin"), "/admin/ladders/") <= 12
    assert (
        count(
            posts.client("worker"),
            f"/orders/{WorkOrder.objects.filter(person=posts.worker.account).first().pk}/",
        )
        <= 12
    )


def test_a_hundred_turns_of_duty_cost_few_queries(posts: Posts) -> None:
    now = timezone.now()
    for n in range(100):
        Duty.objects.create(
            person=posts.accounts["clerk"],
            post="duty_officer",
            area=TOWN,
            start=now,
            end=now + timedelta(hours=n + 1),
        )
    assert count(posts.client("chief"), "/duty/") <= 12


def test_a_private_order_shows_the_worker_who_has_it_and_hides_its_title_from_the_map(
    posts: Posts, order: Raise
) -> None:
    row = order(private=True, title="家中有人受伤")
    client = posts.client("worker")
    assert client.get(f"/orders/{row.pk}/map.json").json()["features"][0]["properties"]["name"] == "保密工单"
    assert client.get(f"/orders/{row.pk}/areas.json").json()["features"][0]["properties"]["code"] == GRID
    assert posts.client("far").get(f"/orders/{row.pk}/map.json").status_code == 404


def test_the_same_form_twice_acts_once(posts: Posts, order: Raise) -> None:
    row = order()
    client = posts.client("worker")
    actions.accept_order(by=posts.worker, order=row.pk)
    said = {"base_version": version(row), "text": "路口已围挡", "client_uuid": str(uuid.uuid4())}
    assert client.post(f"/orders/{row.pk}/note/", said).status_code == 302
    assert client.post(f"/orders/{row.pk}/note/", said).status_code == 302
    assert row.moves.filter(action="note").count() == 1
