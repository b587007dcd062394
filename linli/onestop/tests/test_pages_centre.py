"""The pages of outlet, shelf, trips, appointments and queue: what each shows, to whom, in few queries, without JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from linli.kernel.access.queries import actor_for
from linli.onestop import actions, queries_centre
from linli.onestop.models import Application, Booking, Result, Ticket
from linli.onestop.tests.conftest import TOWN, County, at, do, task_of
from linli.onestop.tests.grants import granted
from linli.onestop.tests.test_pages import client_of, html, own_files, picture, queries_of, said  # noqa: F401
from linli.onestop.tests.test_pages_faces import AXE, _faults, visit  # noqa: F401
from linli.people.actions.persons import seal

pytestmark = pytest.mark.django_db
UNIT = f"{TOWN}-ZX"


@pytest.fixture
def card(county: County, accepted: Any) -> Result:
    row = accepted("CL-003")
    do(row, "review")
    task = task_of(row, "decide")
    actions.approve(by=actor_for(task.holder_id), task=task.pk, at=at("2026-02-12 10:00"))
    made = actions.make_result(by=county.actor("window"), application=row.pk)
    assert made is not None
    return made


def next_slot() -> Any:
    return queries_centre.free_slots(queries_centre.centres().get(code=UNIT))[0][0]


def test_a_document_is_put_out_and_handed_over_on_the_pages(county, card):
    client = client_of(county.accounts["window"])
    assert card.number in html(client.get("/onestop/outlet/"))
    assert "办理结果通知书" in html(client.get(f"/onestop/outlet/{card.pk}/document/"))
    assert client.post(f"/onestop/outlet/{card.pk}/put-out/").status_code == 302
    assert card.number in html(client.get("/onestop/outlet/ready/"))
    form = f"/onestop/outlet/{card.pk}/hand-over/"
    assert "签字回执照片" in html(client.post(form, said(receiver="王向阳")), 422)
    answer = client.post(form, said(receiver="王向阳", signature=picture()))
    assert answer.status_code == 302, answer.content.decode()[:2000]
    assert "王向阳" in html(client.get(f"/onestop/outlet/{card.pk}/"))
    assert card.number in html(client.get("/onestop/outlet/received/"))
    assert "到窗口 1 次" in html(client.get(f"/onestop/cases/{card.application_id}/"))
    reissue = client.post(f"/onestop/outlet/{card.pk}/reissue/", said(why="lost", reason="本人说遗失"))
    assert reissue.status_code == 302 and card.number in html(client.get("/onestop/outlet/void/"))
    assert client.get(f"/onestop/outlet/{card.pk}/nothing/").status_code == 404


def test_a_parcel_is_noted_on_the_pages(county, card):
    resident, client = client_of(county.accounts["resident"]), client_of(county.accounts["window"])
    wish = f"/my/results/{card.pk}/wish/"
    assert "请填写详细的邮寄地址" in html(resident.post(wish, said(way="post", address="")), 422)
    assert resident.post(wish, said(way="post", address="人民路 1 号 王向阳 139")).status_code == 302
    base = f"/onestop/outlet/{card.pk}"
    assert client.post(f"{base}/post/", said(courier="邮政", tracking="EA1")).status_code == 302
    assert "EA1" in html(resident.get(f"/my/results/{card.pk}/"))
    assert client.post(f"{base}/parcel/", said(outcome="1", receiver="王向阳")).status_code == 302
    card.refresh_from_db()
    assert card.state == "received"


def test_an_owner_opens_the_document_by_a_button_that_is_recorded(county, card):
    client = client_of(county.accounts["resident"])
    assert card.title in html(client.get(f"/my/cases/{card.application_id}/"))
    assert client.get(f"/my/results/{card.pk}/document/").status_code == 302  # not opened yet
    answer = client.post(f"/my/results/{card.pk}/open/")
    page = client.get(answer["Location"])
    assert "王向阳" in html(page) and "script" not in page["Content-Security-Policy"]
    for name in ("stranger", "MZ"):
        other = client_of(county.accounts[name])
        assert other.get(f"/my/results/{card.pk}/").status_code == 404
        assert other.post(f"/my/results/{card.pk}/open/").status_code == 404
    assert client_of(county.accounts["stranger"]).get(f"/onestop/outlet/{card.pk}/").status_code == 404
    assert client.get("/onestop/outlet/").status_code == 403


def test_a_decider_revokes_on_the_page(county):
    made = actions.make_result(by=county.actor("MZ"), application=granted(county).decision.application_id)
    client = client_of(county.accounts["MZ"])
    assert "撤销" in html(client.get(f"/onestop/outlet/{made.pk}/"))
    assert client.post(f"/onestop/outlet/{made.pk}/revoke/", said(reason="认定有误")).status_code == 302
    made.refresh_from_db()
    assert made.state == "void"


def test_trips_lead_from_items_to_cases(county, card):
    Application.objects.filter(pk=card.application_id).update(trips=4)
    client = client_of(county.accounts["supervisor"])
    assert "辅助器具" in html(client.get("/onestop/trips/"))
    page = html(client.get("/onestop/trips/?item=CL-003&since=2026-01-01"))
    assert card.application.number in page and "4 次" in page and "超出目录" in page
    assert "还没有办结" in html(client.get("/onestop/trips/?since=2030-01-01"))


def test_a_time_is_booked_moved_and_cancelled_on_the_pages(county):
    client, slot = client_of(county.accounts["resident"]), next_slot()
    assert "街道" in html(client.get("/appointments/"))
    answer = client.post(f"/appointments/{UNIT}/", said(at=slot.isoformat(), item="MZ-001"))
    assert answer.status_code == 302, answer.content.decode()[:2000]
    row = Booking.objects.get()
    assert "最低生活保障" in html(client.get("/my/appointments/"))
    later = queries_centre.free_slots(queries_centre.centres().get(code=UNIT))[3][0]
    assert client.post(f"/my/appointments/{row.pk}/move/", said(at=later.isoformat())).status_code == 302
    assert client_of(county.accounts["stranger"]).get(f"/my/appointments/{row.pk}/move/").status_code == 404
    assert client.post(f"/my/appointments/{row.pk}/cancel/", said()).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.at) == ("cancelled", later)
    assert client.get("/appointments/none/").status_code == 404


def test_a_clerk_books_for_a_caller(county):
    number = "43018119570512003X"
    county.old.number = number
    county.old.save()
    seal(county.old)
    county.old.save()
    client = client_of(county.accounts["window"])
    url = f"/onestop/centre/{UNIT}/book/"
    assert "请核对号码" in html(
        client.post(url, said(at=next_slot().isoformat(), number="1", channel="phone")), 422
    )
    answer = client.post(url, said(at=next_slot().isoformat(), number=number, channel="phone"))
    assert answer.status_code == 302, answer.content.decode()[:3000]
    assert Booking.objects.get().channel == "phone"


def test_a_window_works_its_queue_on_the_pages(county, card):
    client, case = client_of(county.accounts["window"]), card.application
    base = f"/onestop/centre/{UNIT}/"
    assert client.get("/onestop/centre/").status_code == 302
    taken = client.post(f"{base}take/", said(ground="disabled", case=case.number))
    slip = html(client_of(county.accounts["stranger"]).get(taken["Location"]))
    assert "前面还有" in slip and "王" not in slip.partition("<main")[2]
    assert client.post(f"{base}call/", {"window": "2"}).status_code == 302
    row = Ticket.objects.get()
    assert (row.window, row.kind) == (2, "priority")
    page = html(client.get(base))
    assert row.label in page and case.number in page and "2 号窗口" in page
    assert f"{row.label}" in html(client.get(f"{base}wall/"))
    assert "请到" in html(client.get(taken["Location"]))
    assert client.post(f"/onestop/queue/{row.pk}/call/").status_code == 302
    assert client.post(f"/onestop/queue/{row.pk}/serve/", {"case": "BJ-0"}).status_code == 422
    assert client.post(f"/onestop/queue/{row.pk}/serve/", {"case": case.number}).status_code == 302
    case.refresh_from_db()
    assert case.trips == 1
    stranger = client_of(county.accounts["resident"])
    assert (
        stranger.get(base).status_code == 403
        and stranger.post(f"/onestop/queue/{row.pk}/call/").status_code == 403
    )


def test_the_pages_take_few_queries(county, card):
    window, resident = client_of(county.accounts["window"]), client_of(county.accounts["resident"])
    for n in range(1, 13):
        actions.take_number(by=county.actor("window"), unit=UNIT, ground="disabled" if n % 3 else "")
    assert queries_of(window, "/onestop/outlet/") <= 12
    assert queries_of(window, f"/onestop/centre/{UNIT}/") <= 16
    assert queries_of(window, f"/onestop/centre/{UNIT}/wall/") <= 10
    assert queries_of(resident, "/my/papers/") <= 12
    assert queries_of(resident, "/my/appointments/") <= 12
    assert queries_of(client_of(county.accounts["supervisor"]), "/onestop/trips/") <= 14


@pytest.mark.django_db(transaction=True)
def test_booking_needs_no_javascript(county: County, visit: Callable[..., Page]) -> None:  # noqa: F811
    page = visit("/appointments/", who="resident", script=False)
    page.click("main .card .btn >> nth=0")
    page.select_option("[name=at]", index=2)
    page.click("main .form .btn >> nth=0")
    assert "已预约" in page.inner_text("main")
    page.click("text=取消")
    page.click("text=确认取消")
    assert Booking.objects.get().state == "cancelled"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing(county: County, card: Result, visit: Callable[..., Page], width: int) -> None:  # noqa: F811
    clerk = county.actor("window")
    first = actions.take_number(by=clerk, unit=UNIT)
    actions.take_number(by=clerk, unit=UNIT, ground="age")
    actions.call_next(by=clerk, unit=UNIT, window=1)
    actions.book(by=county.actor("resident"), unit=UNIT, at=next_slot(), person=county.old.pk)
    row, base = f"/onestop/outlet/{card.pk}/", f"/onestop/centre/{UNIT}/"
    booking = Booking.objects.get()
    pages = {
        "": ["/results/check/", f"/results/check/?n={card.number}&c=AAAAAAAA", "/appointments/", f"/queue/{first.key}/"],
        "resident": [f"/my/results/{card.pk}/", f"/my/results/{card.pk}/wish/", "/my/papers/", "/my/appointments/",
                     f"/my/appointments/{booking.pk}/move/", f"/appointments/{UNIT}/", f"/my/cases/{card.application_id}/"],
        "window": ["/onestop/outlet/", row, f"{row}hand-over/", f"{row}document/", base, f"{base}take/", f"{base}book/",
                   f"{base}wall/", f"/onestop/cases/{card.application_id}/"],
        "supervisor": ["/onestop/trips/?item=CL-003"],
    }  # fmt: skip
    axe, wrong = AXE.read_text("utf-8"), []
    for who, addresses in pages.items():
        page = visit("/", who=who, width=width)
        for address in addresses:
            wrong += _faults(page, address, axe, f"{who}{width}")
    assert wrong == []
