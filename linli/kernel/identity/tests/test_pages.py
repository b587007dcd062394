import base64
import hmac
import re
import struct
import time

import pytest
from django.test import Client
from django.urls import reverse

from linli.kernel.access.actions import give_grant
from linli.kernel.actor import SYSTEM
from linli.kernel.identity import actions, queries
from linli.kernel.identity.models import Account, SignIn
from linli.kernel.identity.tests.conftest import PASSWORD, actor, code_in

pytestmark = pytest.mark.django_db
PHONE = "13800000001"
LOGIN = "/accounts/login/"
BY_NAME = LOGIN + "?by=password"
Sent = list[tuple[str, str]]


def words(page: bytes) -> str:
    """What a person reads on a page: no tags, scripts or styles."""
    text = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", page.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def no_english(page: bytes) -> bool:
    """True if no run of English words leaks (single marks such as English in the language menu may stand)."""
    return not re.search(r"\b[A-Za-z]{3,} [A-Za-z]{2,} [A-Za-z]{2,}", words(page))


@pytest.fixture
def signed_in(client: Client, officer: Account) -> Client:
    client.post(BY_NAME, {"username": "lihua", "password": PASSWORD})
    return client


def totp(secret: str) -> str:
    """RFC 6238 with SHA-1, six digits, thirty seconds."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), "sha1")
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def test_a_resident_signs_in_without_javascript(client: Client, sent: Sent) -> None:
    page = client.get(LOGIN + "?next=/me/")
    assert "居民手机验证码" in page.content.decode() and no_english(page.content)
    answer = client.post(LOGIN, {"phone": "138 0000 0001", "next": "/me/"})
    assert answer.status_code == 302 and "by=code" in answer["Location"]
    page = client.get(answer["Location"])
    assert "138****0001" in page.content.decode() and PHONE not in page.content.decode()
    wrong = client.post(answer["Location"], {"code": "12"})
    assert wrong.status_code == 422 and "还可以试 4 次" in wrong.content.decode()
    done = client.post(answer["Location"], {"code": code_in(sent[0][1])})
    assert (done.status_code, done["Location"]) == (302, "/me/")
    me = client.get("/me/")
    assert "居民 0001" in me.content.decode() and "接口令牌" not in me.content.decode()
    assert SignIn.objects.get().account.kind == "resident"


def test_the_code_page_without_a_phone_starts_again(client: Client) -> None:
    assert client.get(LOGIN + "?by=code")["Location"] == LOGIN


def test_a_wrong_phone_and_a_hasty_second_try_are_explained(client: Client, sent: Sent) -> None:
    page = client.post(LOGIN, {"phone": "123"})
    assert page.status_code == 422 and "11 位数字" in page.content.decode()
    client.post(LOGIN, {"phone": PHONE})
    page = client.post(LOGIN, {"phone": PHONE})
    assert page.status_code == 429 and "秒后再获取" in page.content.decode()


def test_staff_sign_in_by_name_and_password_and_out_again(client: Client, officer: Account) -> None:
    page = client.get(BY_NAME)
    assert "通行密钥" in page.content.decode() and no_english(page.content)
    answer = client.post(BY_NAME, {"username": "LiHua", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get(LOGIN).status_code == 302
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/me/").status_code == 302
    assert SignIn.objects.get().ended is not None


def test_signing_in_never_leads_to_another_site(client: Client, officer: Account) -> None:
    answer = client.post(
        BY_NAME, {"username": "lihua", "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert answer["Location"] == "/"


def test_wrong_passwords_lock_with_clear_words(client: Client, officer: Account) -> None:
    for _ in range(4):
        assert client.post(BY_NAME, {"username": "lihua", "password": "x"}).status_code == 422
    page = client.post(BY_NAME, {"username": "lihua", "password": "x"})
    assert page.status_code == 429 and "15 分钟后再试" in page.content.decode()
    page = client.post(BY_NAME, {"username": "lihua", "password": PASSWORD})
    assert page.status_code == 429


def test_a_disabled_account_is_told_whom_to_ask(client: Client, officer: Account) -> None:
    Account.objects.filter(pk=officer.pk).update(is_active=False)
    assert client.post(BY_NAME, {"username": "lihua", "password": PASSWORD}).status_code == 422
    page = client.get("/accounts/inactive/")
    assert page.status_code == 403 and "已停用" in page.content.decode()


def test_nobody_signs_up(client: Client) -> None:
    assert client.get("/accounts/signup/")["Location"] == LOGIN
    assert client.post("/accounts/signup/", {"username": "x"}).status_code == 302
    assert not Account.objects.exists()


def test_a_second_factor_is_set_up_sealed_and_asked_for(signed_in: Client, officer: Account) -> None:
    again = signed_in.get("/accounts/2fa/totp/activate/")
    assert again.status_code == 302 and "reauthenticate" in again["Location"]
    page = signed_in.get(again["Location"])
    assert no_english(page.content), words(page.content)
    signed_in.post(again["Location"], {"password": PASSWORD})
    page = signed_in.get("/accounts/2fa/totp/activate/")
    assert "linli.css" in page.content.decode() and no_english(page.content), words(page.content)
    secret = re.search(r"\b[A-Z2-7]{32}\b", page.content.decode())
    assert secret
    assert signed_in.post("/accounts/2fa/totp/activate/", {"code": "000000"}).status_code == 200
    assert signed_in.post("/accounts/2fa/totp/activate/", {"code": totp(secret.group())}).status_code == 302
    stored = officer.authenticator_set.get(type="totp").data["secret"]
    assert secret.group() not in stored and stored.startswith(("1:", "2:"))
    for address in ("/accounts/2fa/", "/accounts/2fa/recovery-codes/", "/accounts/2fa/webauthn/add/"):
        page = signed_in.get(address)
        assert page.status_code == 200 and no_english(page.content), words(page.content)
    signed_in.post("/accounts/logout/")
    answer = signed_in.post(BY_NAME, {"username": "lihua", "password": PASSWORD})
    assert answer["Location"] == "/accounts/2fa/authenticate/"
    assert signed_in.get("/me/").status_code == 302
    page = signed_in.get("/accounts/2fa/authenticate/")
    assert no_english(page.content), words(page.content)
    wrong = signed_in.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert no_english(wrong.content), words(wrong.content)


def test_the_passkey_sign_in_offers_its_options(client: Client) -> None:
    answer = client.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"})
    assert answer.json()["request_options"]["publicKey"]["challenge"]


def test_ones_own_page_shows_devices_and_ends_them(signed_in: Client, officer: Account) -> None:
    other = Client()
    other.post(BY_NAME, {"username": "lihua", "password": PASSWORD})
    page = signed_in.get("/me/")
    assert page.content.decode().count("退出该设备") == 1 and "本机" in page.content.decode()
    row = SignIn.objects.exclude(session=signed_in.session.session_key).get()
    signed_in.post(reverse("identity:end_device", args=[row.pk]))
    assert other.get("/me/").status_code == 302
    assert signed_in.get("/me/").status_code == 200


def test_a_new_password_keeps_this_device_and_ends_the_others(signed_in: Client, officer: Account) -> None:
    other = Client()
    other.post(BY_NAME, {"username": "lihua", "password": PASSWORD})
    wrong = signed_in.post("/me/password/", {"old": "x", "password": "he-shui-qing-you-qing"})
    assert wrong.status_code == 422 and "原密码不正确" in wrong.content.decode()
    answer = signed_in.post("/me/password/", {"old": PASSWORD, "password": "he-shui-qing-you-qing"})
    assert answer["Location"] == "/me/"
    assert signed_in.get("/me/").status_code == 200 and other.get("/me/").status_code == 302
    assert [row.session for row in queries.devices(actor(officer))] == [signed_in.session.session_key]


def test_a_phone_is_changed_in_two_steps(signed_in: Client, officer: Account, sent: Sent) -> None:
    assert signed_in.get("/me/phone/").status_code == 200
    answer = signed_in.post("/me/phone/", {"phone": PHONE})
    assert answer.status_code == 302
    assert signed_in.post(answer["Location"], {"code": "1"}).status_code == 422
    assert signed_in.post(answer["Location"], {"code": code_in(sent[0][1])})["Location"] == "/me/"
    officer.refresh_from_db()
    assert officer.phone == PHONE


def test_large_font_is_one_press(signed_in: Client, officer: Account) -> None:
    signed_in.post("/me/large-font/", {"on": "1"})
    assert b"data-care" in signed_in.get("/me/").content


def test_a_token_is_shown_once_used_on_the_api_and_revoked(signed_in: Client, officer: Account) -> None:
    page = signed_in.post(
        "/me/tokens/new/", {"name": "大屏", "scopes": "dispatch.view\nincidents.view", "days": "30"}
    )
    secret = re.search(r'value="(linli_[^"]+)"', page.content.decode())
    assert secret and secret.group(1) not in signed_in.get("/me/").content.decode()
    found = queries.actor_for_token(secret.group(1))
    assert found and found.token
    signed_in.post(reverse("identity:revoke_token", args=[found.token]))
    queries.forget_tokens()
    assert queries.actor_for_token(secret.group(1)) is None


@pytest.fixture
def administrator(signed_in: Client, officer: Account) -> Client:
    give_grant(by=SYSTEM, account=officer.pk, role="administrator", area="430181")
    return signed_in


def test_an_administrator_makes_disables_and_restores_an_account(administrator: Client) -> None:
    wrong = administrator.post("/system/accounts/new/", {"username": "1", "name": "", "kind": "staff"})
    assert wrong.status_code == 422
    made = administrator.post(
        "/system/accounts/new/", {"username": "wangwu", "name": "王武", "kind": "staff"}
    )
    assert made.status_code == 302
    row = Account.objects.get(username="wangwu")
    assert "王武" in administrator.get("/system/accounts/").content.decode()
    assert administrator.get(made["Location"]).status_code == 200
    administrator.post(reverse("identity:reset_password", args=[row.pk]), {"password": PASSWORD})
    row.refresh_from_db()
    assert row.check_password(PASSWORD)
    administrator.post(reverse("identity:disable", args=[row.pk]), {"reason": "离职"})
    row.refresh_from_db()
    assert not row.is_active
    administrator.post(reverse("identity:enable", args=[row.pk]))
    row.refresh_from_db()
    assert row.is_active


def test_a_list_of_a_hundred_accounts_asks_few_questions(
    administrator: Client, django_assert_max_num_queries: object
) -> None:
    Account.objects.bulk_create([Account(username=f"a{n}", name=f"员{n}") for n in range(100)])
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        assert administrator.get("/system/accounts/").status_code == 200
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        assert administrator.get("/me/").status_code == 200


def test_staff_pages_refuse_a_stranger(client: Client, signed_in: Client, officer: Account) -> None:
    paths = ["accounts", "new_account"]
    for name in paths:
        assert signed_in.get(reverse(f"identity:{name}")).status_code == 403
    for name in ("account", "reset_password", "disable"):
        assert signed_in.get(reverse(f"identity:{name}", args=[officer.pk])).status_code == 403
    assert signed_in.post(reverse("identity:enable", args=[officer.pk])).status_code == 403
    fresh = Client()
    for address in ("/me/", "/me/password/", "/me/phone/", "/me/tokens/new/", "/system/accounts/"):
        assert fresh.get(address).status_code == 302


def test_an_outside_identity_opens_the_account_of_its_name_and_makes_none(
    officer: Account, rf: object
) -> None:
    from types import SimpleNamespace

    from allauth.core.exceptions import ImmediateHttpResponse
    from django.contrib.messages.storage.cookie import CookieStorage

    from linli.kernel.identity.adapters import OutsideAdapter

    connected: list[Account] = []

    def outside(name: str) -> SimpleNamespace:
        data = {"id_token": {"preferred_username": name}}
        return SimpleNamespace(
            is_existing=False,
            account=SimpleNamespace(extra_data=data),
            connect=lambda request, account: connected.append(account),
        )

    request = rf.get("/")  # type: ignore[attr-defined]
    request._messages = CookieStorage(request)
    OutsideAdapter().pre_social_login(request, outside("LiHua"))
    assert connected == [officer]
    with pytest.raises(ImmediateHttpResponse):
        OutsideAdapter().pre_social_login(request, outside("nobody"))
    assert not OutsideAdapter().is_open_for_signup(request, None)
    actions.disable_account(by=SYSTEM, account=officer.pk, reason="离职")
    with pytest.raises(ImmediateHttpResponse):
        OutsideAdapter().pre_social_login(request, outside("lihua"))


def test_the_callers_address_cannot_be_invented(rf: object, settings: object) -> None:
    from linli.kernel.identity.client import client_ip

    def seen(forwarded: str, trusted: int) -> str:
        settings.LINLI_TRUSTED_PROXIES = trusted  # type: ignore[attr-defined]
        return client_ip(rf.get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="192.0.2.1"))  # type: ignore[attr-defined]

    assert seen("6.6.6.6", 0) == "192.0.2.1"
    assert seen("6.6.6.6, 203.0.113.7", 1) == "203.0.113.7"
    assert seen("rubbish", 1) == "0.0.0.0"
    assert seen("2001:db8:1:2:3:4:5:6", 1) == "2001:db8:1:2::"
