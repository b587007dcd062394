"""The pages of passes and bars, and whose they are."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access import actions, queries
from linli.kernel.access.models import Bar, Pass
from linli.kernel.access.queries import actor_for
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.tests.conftest import LIUYANG, account
from linli.kernel.access.tests.test_pages import signed_in
from linli.kernel.identity.models import Account
from linli.kernel.ledger.models import Entry
from linli.kernel.web import subjects

pytestmark = pytest.mark.django_db
TOWN, OTHER = "430181001", "430181002"
FILE = "tests.file:7"


@pytest.fixture(autouse=True)
def a_file_to_keep_from(monkeypatch: pytest.MonkeyPatch) -> None:
    one = subjects.Subject(
        "tests.file", lambda _id, _by: "卷宗", lambda _id, _by: "/", lambda number, _by: number == 7
    )
    monkeypatch.setitem(subjects._subjects, "tests.file", one)


def chief_of(area: str) -> Account:
    row = account(f"chief{area}")
    actions.give_grant(by=SYSTEM, account=row.pk, role="duty_chief", area=area)
    return row


def opened(area: str = "", holder: Account | None = None) -> Pass:
    return actions.give_pass(
        by=SYSTEM,
        account=holder.pk if holder else None,
        subject=FILE,
        verbs=["care.open"],
        reason="夜间摔倒",
        until=timezone.now() + timedelta(hours=24),
        area=area,
    )[0]


def test_passes_in_force_are_listed_with_reason_and_end_and_revoked_with_a_reason() -> None:
    nurse, chief = account("护士小周"), chief_of(LIUYANG)
    row, link = opened(holder=nurse), opened()
    client = signed_in(chief)
    page = client.get(reverse("access:passes")).content.decode()
    for said in ("护士小周", "一次性链接", "夜间摔倒", FILE, "care.open"):
        assert said in page
    assert client.get(reverse("access:passes") + "?kind=link").content.decode().count("夜间摔倒") == 1
    revoke = reverse("access:revoke", args=[row.pk])
    assert client.post(revoke, {"reason": " "}).status_code == 422
    assert client.post(revoke, {"reason": "已回访"}).status_code == 302
    assert Pass.objects.get(pk=row.pk).revoked and Entry.objects.filter(verb="revoke_pass").count() == 1
    assert "护士小周" not in client.get(reverse("access:passes")).content.decode()
    assert client.get(revoke).status_code == 404
    sheet = client.get(reverse("access:passes") + "?export=xlsx")
    assert "spreadsheetml" in sheet["Content-Type"] and list(queries.passes_in_force(SYSTEM)) == [link]


def test_a_town_chief_sees_and_ends_what_is_of_the_town_alone() -> None:
    here, far, whole = opened(TOWN), opened(OTHER), opened()
    chief = chief_of(TOWN)
    assert list(queries.passes_in_force(actor_for(chief.pk))) == [here]
    client = signed_in(chief)
    for row in (far, whole):
        assert client.get(reverse("access:revoke", args=[row.pk])).status_code == 404
        with pytest.raises(Refused) as refused:
            actions.revoke_pass(by=actor_for(chief.pk), pass_id=row.pk, reason="不归我管")
        assert refused.value.status == 403
    assert client.post(reverse("access:revoke", args=[here.pk]), {"reason": "办完"}).status_code == 302


def test_a_bar_is_set_and_lifted_on_its_pages_with_reasons() -> None:
    kin, chief = account("kin"), chief_of(LIUYANG)
    client = signed_in(chief)
    assert "没有设置回避或封存" in client.get(reverse("access:bars")).content.decode()
    new, wish = reverse("access:set_bar"), {"username": "kin", "subject": FILE, "why": "kin"}
    assert FILE in client.get(new + f"?subject={FILE}").content.decode()
    assert "请填写理由" in client.post(new, wish).content.decode()
    wrong = client.post(new, {**wish, "username": "nobody", "subject": "tests.file:8", "reason": "兄弟"})
    assert wrong.status_code == 422
    assert "没有这个账号" in wrong.content.decode() and "没有这个事项" in wrong.content.decode()
    assert client.post(new, {**wish, "reason": "当事人之兄"}).status_code == 302
    row = Bar.objects.get()
    assert (row.account, row.reason, row.set_by) == (kin, "当事人之兄", chief)
    assert FILE in actor_for(kin.pk).bars
    page = client.get(reverse("access:bars")).content.decode()
    assert "亲属回避" in page and "当事人之兄" in page
    lift = reverse("access:lift", args=[row.pk])
    assert client.post(lift, {"reason": ""}).status_code == 422
    assert client.post(lift, {"reason": "核实并非亲属"}).status_code == 302
    assert not Bar.objects.exists() and Entry.objects.filter(verb="unbar").count() == 1


def test_a_town_chief_bars_for_the_town_and_lifts_no_other(client: Client) -> None:
    kin, chief = account("kin"), chief_of(TOWN)
    client = signed_in(chief)
    wish = {"username": "kin", "subject": FILE, "why": "sealed", "reason": "信访件"}
    assert client.post(reverse("access:set_bar"), {**wish, "area": OTHER}).status_code == 422
    assert client.post(reverse("access:set_bar"), {**wish, "area": TOWN}).status_code == 302
    far = actions.bar(by=SYSTEM, account=kin.pk, subject="tests.file:9", why="kin", area=OTHER)
    assert [row.area for row in queries.bars_set(actor_for(chief.pk))] == [TOWN]
    assert client.get(reverse("access:lift", args=[far.pk])).status_code == 404
    with pytest.raises(Refused) as refused:
        actions.unbar(by=actor_for(chief.pk), account=kin.pk, subject="tests.file:9", reason="不归我管")
    assert refused.value.status == 403


def test_a_hundred_passes_and_bars_ask_few_questions(django_assert_max_num_queries: object) -> None:
    client = signed_in(chief_of(LIUYANG))
    for number in range(60):
        row = account(f"w{number}")
        opened(holder=row)
        actions.bar(by=SYSTEM, account=row.pk, subject=FILE, why="kin")
    for name in ("passes", "bars"):
        with django_assert_max_num_queries(12):  # type: ignore[operator]
            assert client.get(reverse(f"access:{name}")).status_code == 200


def test_a_stranger_neither_sees_nor_changes_passes_and_bars() -> None:
    row, kin = opened(), account("kin")
    barred = actions.bar(by=SYSTEM, account=kin.pk, subject=FILE, why="kin")
    client = signed_in(account("stranger"))
    for name, arguments in [
        ("passes", []), ("revoke", [row.pk]), ("bars", []), ("set_bar", []), ("lift", [barred.pk]),
    ]:  # fmt: skip
        address = reverse(f"access:{name}", args=arguments)
        assert client.get(address).status_code == 403
        assert client.post(address, {"reason": "无"}).status_code in (403, 405)
        assert Client().get(address).status_code == 302
    assert Bar.objects.count() == 1 and Pass.objects.get().revoked is None
