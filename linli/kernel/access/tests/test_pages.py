import pytest
from django.test import Client
from django.urls import reverse

from linli.kernel.access.actions import give_grant
from linli.kernel.access.models import Grant, Proposal, Role
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.tests.conftest import LIUYANG, account
from linli.kernel.identity.models import Account

pytestmark = pytest.mark.django_db
TOWN = "430181101"


def signed_in(row: Account) -> Client:
    client = Client()
    client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def admin() -> Client:
    row = account("admin1")
    give_grant(by=SYSTEM, account=row.pk, role="administrator", area=LIUYANG)
    return signed_in(row)


def test_an_administrator_gives_and_ends_a_grant(admin: Client) -> None:
    worker = account("worker")
    give = reverse("access:give", args=[worker.pk])
    assert "网格员" in admin.get(give).content.decode()
    wrong = admin.post(give, {"role": "nurse", "area": "43"})
    assert wrong.status_code == 422 and "区域代码应为" in wrong.content.decode()
    day = {"until_0": "2030", "until_1": "1", "until_2": "31"}
    assert admin.post(give, {"role": "nurse", "area": TOWN, **day}).status_code == 302
    grant = Grant.objects.get(account=worker)
    assert str(grant.valid_to) == "2030-01-31 16:00:00+00:00"  # the end of that day in Liuyang
    page = admin.get(reverse("access:account_grants", args=[worker.pk]))
    assert "护士" in page.content.decode()
    end = reverse("access:end", args=[grant.pk])
    assert admin.get(end).status_code == 200
    assert admin.post(end, {"reason": "调离"}).status_code == 302
    page = admin.get(reverse("access:account_grants", args=[worker.pk]))
    assert "尚未授权" in page.content.decode()
    assert admin.get(end).status_code == 404
    assert admin.get(reverse("access:give", args=[0])).status_code == 404


def test_a_town_administrator_reaches_no_account_of_another_town() -> None:
    row, new, far = account("townadmin"), account("newcomer"), account("far")
    give_grant(by=SYSTEM, account=row.pk, role="administrator", area=TOWN)
    give_grant(by=SYSTEM, account=far.pk, role="nurse", area="430181102")
    town = signed_in(row)
    assert town.get(reverse("access:give", args=[new.pk])).status_code == 200
    for name in ("account_grants", "give"):
        assert town.get(reverse(f"access:{name}", args=[far.pk])).status_code == 404
    refused = town.post(reverse("access:give", args=[far.pk]), {"role": "nurse", "area": TOWN})
    assert refused.status_code == 404 and Grant.objects.filter(account=far).count() == 1


def test_an_administrator_cannot_grant_to_themselves(admin: Client) -> None:
    own = Account.objects.get(username="admin1")
    page = admin.post(reverse("access:give", args=[own.pk]), {"role": "nurse", "area": TOWN})
    assert page.status_code == 422 and "不能给自己授权" in page.content.decode()


def test_two_administrators_make_a_third(admin: Client) -> None:
    other, third = account("admin2"), account("admin3")
    give_grant(by=SYSTEM, account=other.pk, role="administrator", area=LIUYANG)
    admin.post(reverse("access:give", args=[third.pk]), {"role": "administrator", "area": LIUYANG})
    proposal = Proposal.objects.get()
    decide = reverse("access:decide", args=[proposal.pk])
    assert admin.post(decide, {"decision": "confirm"}).status_code == 403
    second = signed_in(other)
    assert "等待复核" in second.get(reverse("access:grants")).content.decode()
    assert second.post(decide, {"decision": "confirm"}).status_code == 302
    assert Grant.objects.filter(account=third, role="administrator").exists()


def test_a_role_is_edited_on_its_page(admin: Client) -> None:
    assert "护士" in admin.get(reverse("access:roles")).content.decode()
    edit = reverse("access:edit_role", args=["nurse"])
    assert "people.view" in admin.get(edit).content.decode()
    assert admin.post(edit, {"verbs": "*"}).status_code == 422
    assert admin.post(edit, {"verbs": "people.view\ncare.open"}).status_code == 302
    assert Role.objects.get(pk="nurse").verbs == ["care.open", "people.view"]
    assert "管理员已调整" in admin.get(reverse("access:roles")).content.decode()
    assert admin.get(reverse("access:edit_role", args=["king"])).status_code == 404


def test_a_list_of_a_hundred_grants_asks_few_questions(
    admin: Client, django_assert_max_num_queries: object
) -> None:
    for number in range(100):
        row = account(f"w{number}")
        Grant.objects.create(account=row, role_id="nurse", area=TOWN)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        assert admin.get(reverse("access:grants")).status_code == 200
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        assert admin.get(reverse("access:account_grants", args=[row.pk])).status_code == 200
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        assert admin.get(reverse("access:roles")).status_code == 200


def test_a_stranger_sees_and_changes_nothing(admin: Client) -> None:
    row = account("stranger")
    client, grant = signed_in(row), Grant.objects.get()
    for name, arguments in [
        ("grants", []),
        ("roles", []),
        ("edit_role", ["nurse"]),
        ("give", [row.pk]),
        ("end", [grant.pk]),
        ("account_grants", [row.pk]),
    ]:
        address = reverse(f"access:{name}", args=arguments)
        assert client.get(address).status_code == 403
        assert Client().get(address).status_code == 302
    assert client.post(reverse("access:decide", args=[1]), {"decision": "confirm"}).status_code == 403
