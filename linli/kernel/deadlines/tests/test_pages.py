"""The pages of the calendar and of duty hours, and the fact every change tells."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from linli.kernel import Refused
from linli.kernel.access.actions import give_grant
from linli.kernel.access.rules import SYSTEM
from linli.kernel.bus.models import Fact
from linli.kernel.deadlines.actions import drop_day, import_year, set_day
from linli.kernel.deadlines.models import CalendarDay, CalendarYear, DutyHours
from linli.kernel.deadlines.queries import calendar_for, days_seen, years_seen
from linli.kernel.deadlines.tests.conftest import at, someone
from linli.kernel.deadlines.workdays import index_of
from linli.kernel.identity.models import Account
from linli.kernel.ledger.models import Entry

pytestmark = pytest.mark.django_db
OFF = "1月1日至3日 元旦\n2月5日至11日 春节\n10月1日至7日 国庆节"
WORKING = "2月20日 春节调休"


def client_of(area: str, role: str = "administrator") -> Client:
    row = Account.objects.create(username=f"{role}{area}", name="某某", kind="staff")
    give_grant(by=SYSTEM, account=row.pk, role=role, area=area)
    client = Client()
    client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def desk(db: None) -> Client:
    return client_of("430181")


def told() -> dict:
    return Fact.objects.filter(name="deadlines.CalendarChanged").latest("id").body


def day_of(year: int, month: int, day: int) -> dict[str, str]:
    return {"day_0": str(year), "day_1": str(month), "day_2": str(day)}


def test_a_day_is_corrected_and_taken_back_on_its_pages(desk: Client) -> None:
    assert "没有符合条件的更正" in desk.get(reverse("deadlines:calendar")).content.decode()
    new = reverse("deadlines:new_day")
    wish = {**day_of(2027, 3, 8), "working": "0", "name": "抗洪", "source": "县府通告", "status": "cited"}
    assert desk.post(new, {**wish, "source": ""}).status_code == 422
    assert desk.post(new, wish).status_code == 302
    assert not calendar_for().is_working(date(2027, 3, 8))
    body = told()
    assert (body["since"], body["until"], body["what"]) == ("2027-03-08", "2027-03-08", "day")
    assert "抗洪" in body["why"] and "县府通告" in body["why"]
    page = desk.get(reverse("deadlines:calendar") + "?year=2027").content.decode()
    assert "抗洪" in page and "有据" in page
    assert "抗洪" in desk.get(reverse("deadlines:year", args=[2027])).content.decode()
    assert "spreadsheetml" in desk.get(reverse("deadlines:calendar") + "?export=xlsx")["Content-Type"]
    drop = reverse("deadlines:drop_day", args=["2027-03-08"])
    assert desk.post(drop, {"reason": ""}).status_code == 422
    assert desk.post(drop, {"reason": "汛情解除"}).status_code == 302
    assert calendar_for().is_working(date(2027, 3, 8)) and "汛情解除" in told()["why"]
    assert Entry.objects.filter(verb="deadlines.drop_day").count() == 1
    assert desk.get(drop).status_code == 404


def test_a_new_year_is_checked_first_then_final(desk: Client) -> None:
    page = reverse("deadlines:new_year")
    wish = {"year": "2027", "source": "国办发明电〔2026〕7号", "off": OFF, "working": WORKING}
    assert "暂定" in desk.get(reverse("deadlines:calendar")).content.decode()
    wrong = desk.post(page, {**wish, "off": "春节七天"})
    assert wrong.status_code == 422 and "第 1 行" in wrong.content.decode()
    first = desk.post(page, wish).content.decode()
    assert (
        "放假 17 天" in first and "2027年2月20日 周六 春节调休" in first and not CalendarYear.objects.exists()
    )
    assert desk.post(page, {**wish, "confirmed": "1"}).status_code == 302
    calendar = calendar_for()
    assert calendar.is_working(date(2027, 2, 20)) and not calendar.is_working(date(2027, 2, 11))
    assert not calendar.is_provisional(index_of(date(2027, 3, 1)))
    assert (told()["since"], told()["until"]) == ("2027-01-01", "2027-12-31")
    seen = desk.get(reverse("deadlines:year", args=[2027])).content.decode()
    assert "国办发明电〔2026〕7号" in seen and "暂定" not in seen


def test_entering_a_year_again_replaces_its_own_days_and_keeps_local_ones(administrator) -> None:
    local = {"working": False, "name": "县庆", "source": "县府通告"}
    set_day(by=administrator, day=date(2027, 6, 1), **local)
    first, second = [(date(2027, 2, 5), "春节")], [(date(2027, 2, 8), "春节")]
    import_year(by=administrator, year=2027, source="初稿", off=first, working=[])
    import_year(by=administrator, year=2027, source="正式", off=second, working=[(date(2027, 2, 20), "调休")])
    days = dict(CalendarDay.objects.values_list("day", "source"))
    assert days == {date(2027, 2, 8): "正式", date(2027, 2, 20): "正式", date(2027, 6, 1): "县府通告"}
    with pytest.raises(Refused) as refused:
        import_year(by=administrator, year=1999, source=" ", off=[], working=[])
    assert set(refused.value.fields) == {"year", "source", "off"}
    with pytest.raises(Refused) as refused:
        import_year(by=administrator, year=2027, source="正式", off=first, working=first)
    assert set(refused.value.fields) == {"working"}


def test_every_year_says_how_well_it_is_known(administrator) -> None:
    seen = {one.year: one for one in years_seen(administrator, 2025, 2028)}
    assert (seen[2025].status, seen[2028].status) == ("known", "provisional")
    assert seen[2025].working > 0  # make-up days of the published notice
    days = {one.day: one for one in days_seen(administrator, 2028)}
    assert not days[date(2028, 1, 26)].working and "795" in days[date(2028, 1, 26)].source


def test_duty_hours_are_versions_from_a_day_on(desk: Client) -> None:
    new, back = reverse("deadlines:new_duty_hours"), reverse("deadlines:duty_hours")
    assert "还没有设置工作时" in desk.get(back).content.decode()
    wish = {"area": "430181001", "valid_from_0": "2026", "valid_from_1": "1", "valid_from_2": "1"}
    wish |= {
        "day_1": "08:30-12:00 14:00-17:30",
        "day_6": "9:00-11:00",
        "source": "街道值班表",
        "status": "known",
    }
    assert desk.post(new, {**wish, "day_1": "全天"}).status_code == 422
    assert desk.post(new, {**wish, "day_1": "17:30-08:30"}).status_code == 422
    assert desk.post(new, wish).status_code == 302
    assert desk.post(new, {**wish, "valid_from_0": "2027", "day_6": ""}).status_code == 302
    assert DutyHours.objects.count() == 2
    assert calendar_for("430181001").on_duty(at("2026-03-07 09:30"))  # a Saturday
    assert not calendar_for("430181001").on_duty(at("2027-03-06 09:30"))
    assert (told()["area"], told()["since"], told()["until"]) == ("430181001", "2027-01-01", "")
    page = desk.get(back + "?area=430181001").content.decode()
    assert "周一 08:30–12:00、14:00–17:30；周六 09:00–11:00" in page
    assert "spreadsheetml" in desk.get(back + "?export=xlsx")["Content-Type"]


def test_a_town_administrator_keeps_the_towns_hours_and_not_the_calendar() -> None:
    client = client_of("430181001")
    wish = {**day_of(2027, 3, 8), "working": "0", "name": "抗洪", "source": "通告", "status": "cited"}
    assert client.post(reverse("deadlines:new_day"), wish).status_code == 403
    DutyHours.objects.create(
        area="430181002", windows={"1": [["08:30", "12:00"]]}, valid_from="2026-01-01", source="邻镇值班表"
    )
    assert "邻镇值班表" not in client.get(reverse("deadlines:duty_hours")).content.decode()
    assert not CalendarDay.objects.exists()


def test_a_stranger_neither_sees_nor_changes_the_calendar(stranger) -> None:
    set_day(by=SYSTEM, day=date(2027, 3, 8), working=False, name="抗洪", source="通告")
    client = client_of("430181", "nurse")
    for name, arguments in [
        ("calendar", []), ("year", [2027]), ("new_day", []), ("drop_day", ["2027-03-08"]), ("new_year", []),
        ("duty_hours", []), ("new_duty_hours", []),
    ]:  # fmt: skip
        address = reverse(f"deadlines:{name}", args=arguments)
        assert client.get(address).status_code == 403
        assert client.post(address, {"reason": "无"}).status_code in (403, 405)
        assert Client().get(address).status_code == 302
    for by in (stranger, someone("430181001", "deadlines.edit")):
        with pytest.raises(Refused):
            drop_day(by=by, day=date(2027, 3, 8), reason="无")
        with pytest.raises(Refused):
            import_year(by=by, year=2027, source="无", off=[(date(2027, 1, 1), "元旦")], working=[])
    assert CalendarDay.objects.count() == 1


def test_the_pages_ask_few_questions(desk: Client, django_assert_max_num_queries) -> None:
    for day in range(1, 29):
        set_day(by=SYSTEM, day=date(2027, 2, day), working=True, name="加班", source="通告")
    for address in ("calendar", "duty_hours"):
        with django_assert_max_num_queries(14):
            assert desk.get(reverse(f"deadlines:{address}")).status_code == 200
    with django_assert_max_num_queries(14):
        assert desk.get(reverse("deadlines:year", args=[2027])).status_code == 200
    assert desk.get(reverse("deadlines:year", args=[1999])).status_code == 404
