from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import RequestFactory
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.actions import give_grant
from linli.kernel.actor import SYSTEM, Actor, Scope
from linli.kernel.identity import actions, queries
from linli.kernel.identity.models import Account, ApiToken, FailedSignIn, PhoneCode, SignIn
from linli.kernel.identity.tests.conftest import ADDRESS, PASSWORD, actor, code_in
from linli.kernel.ledger.models import Entry, Salt

pytestmark = pytest.mark.django_db
PHONE = "13800000001"
Sent = list[tuple[str, str]]


def refusal(call: object, *values: object, **arguments: object) -> Refused:
    with pytest.raises(Refused) as refused:
        call(*values, **arguments)  # type: ignore[operator]
    return refused.value


def older(**age: int) -> None:
    """Moves every code sent so far into the past."""
    for row in PhoneCode.objects.all():
        PhoneCode.objects.filter(pk=row.pk).update(created=row.created - timedelta(**age))


def test_a_resident_signs_in_by_a_code_and_is_the_same_person_next_time(sent: Sent) -> None:
    actions.send_phone_code("+86 138 0000 0001", ADDRESS)
    first = actions.check_phone_code(PHONE, code_in(sent[0][1]))
    assert (sent[0][0], first.kind, first.name) == (PHONE, "resident", "居民 0001")
    assert not first.has_usable_password()
    older(minutes=2)
    actions.send_phone_code(PHONE, ADDRESS)
    assert actions.check_phone_code(PHONE, code_in(sent[1][1])) == first
    assert queries.account_by_phone(PHONE) == first
    assert Entry.objects.filter(verb="first_sign_in").count() == 1


def test_a_code_works_once_and_only_the_newest(sent: Sent) -> None:
    actions.send_phone_code(PHONE, ADDRESS)
    older(minutes=2)
    actions.send_phone_code(PHONE, ADDRESS)
    old, new = (code_in(text) for _, text in sent)
    if old != new:
        assert refusal(actions.check_phone_code, PHONE, old).code == "wrong_code"
    actions.check_phone_code(PHONE, new)
    assert "失效" in refusal(actions.check_phone_code, PHONE, new).message


def test_five_wrong_tries_end_a_code_even_for_the_right_one(sent: Sent) -> None:
    actions.send_phone_code(PHONE, ADDRESS)
    code = code_in(sent[0][1])
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    said = [refusal(actions.check_phone_code, PHONE, wrong).message for _ in range(5)]
    assert "4 次" in said[0] and "失效" in said[4]
    assert "失效" in refusal(actions.check_phone_code, PHONE, code).message


def test_a_code_is_over_after_ten_minutes(sent: Sent) -> None:
    actions.send_phone_code(PHONE, ADDRESS)
    PhoneCode.objects.update(expires=timezone.now())
    assert "失效" in refusal(actions.check_phone_code, PHONE, code_in(sent[0][1])).message


def test_codes_are_limited_for_a_phone_and_for_an_address(sent: Sent) -> None:
    actions.send_phone_code(PHONE, ADDRESS)
    again = refusal(actions.send_phone_code, PHONE, ADDRESS)
    assert again.status == 429 and "秒后" in again.message
    for _ in range(4):
        older(minutes=2)
        actions.send_phone_code(PHONE, ADDRESS)
    older(minutes=2)
    assert "5 次" in refusal(actions.send_phone_code, PHONE, ADDRESS).message
    for number in range(15):
        actions.send_phone_code(f"139000000{number:02d}", ADDRESS)
    assert "网络" in refusal(actions.send_phone_code, "13700000000", ADDRESS).message
    actions.send_phone_code("13700000000", "198.51.100.9")
    older(hours=1)
    actions.send_phone_code(PHONE, ADDRESS)


def test_a_code_for_signing_in_does_not_change_a_phone(sent: Sent, officer: Account) -> None:
    actions.send_phone_code(PHONE, ADDRESS)
    code = code_in(sent[0][1])
    assert refusal(actions.change_phone, by=actor(officer), phone=PHONE, code=code).code == "wrong_code"


def test_a_phone_is_changed_by_a_code_sent_to_the_new_one(sent: Sent, officer: Account) -> None:
    actions.send_phone_code(PHONE, ADDRESS, purpose="change")
    actions.change_phone(by=actor(officer), phone=PHONE, code=code_in(sent[0][1]))
    officer.refresh_from_db()
    assert officer.phone == PHONE
    assert PHONE not in str(Entry.objects.get(verb="change_phone").fields)
    assert Salt.objects.exists()


def test_two_accounts_of_a_kind_do_not_share_a_phone(sent: Sent, officer: Account, manager: Actor) -> None:
    actions.create_account(by=manager, username="wang", name="王", phone=PHONE)
    actions.send_phone_code(PHONE, ADDRESS, purpose="change")
    code = code_in(sent[0][1])
    assert refusal(actions.change_phone, by=actor(officer), phone=PHONE, code=code).status == 409


def test_a_wrong_number_is_named(sent: Sent) -> None:
    assert set(refusal(actions.send_phone_code, "123", ADDRESS).fields) == {"phone"}
    assert sent == []


def test_a_disabled_resident_stays_out(sent: Sent) -> None:
    actions.send_phone_code(PHONE, ADDRESS)
    row = actions.check_phone_code(PHONE, code_in(sent[0][1]))
    Account.objects.filter(pk=row.pk).update(is_active=False)
    older(minutes=2)
    actions.send_phone_code(PHONE, ADDRESS)
    assert refusal(actions.check_phone_code, PHONE, code_in(sent[1][1])).status == 403


def test_codes_are_forgotten_after_a_day(sent: Sent) -> None:
    actions.send_phone_code(PHONE, ADDRESS)
    assert actions.forget_old_codes() == 0
    older(hours=25)
    assert actions.forget_old_codes() == 1


def test_an_account_is_made_with_every_fault_named_at_once(manager: Actor) -> None:
    why = refusal(
        actions.create_account, by=manager, username="1", name=" ", kind="resident", phone="1", password="12"
    )
    assert set(why.fields) == {"username", "name", "kind", "phone", "password"}
    row = actions.create_account(by=manager, username="Chen.Jie", name="陈洁", phone=PHONE, password=PASSWORD)
    assert (row.username, row.check_password(PASSWORD), row.phone) == ("chen.jie", True, PHONE)
    assert "username" in refusal(actions.create_account, by=manager, username="chen.jie", name="陈").fields
    assert (
        "phone"
        in refusal(actions.create_account, by=manager, username="chen2", name="陈", phone=PHONE).fields
    )
    assert "陈洁" not in str(Entry.objects.get(verb="create_account").fields)


def test_one_changes_ones_own_password_with_the_old_one(officer: Account) -> None:
    wish = {"by": actor(officer), "account": officer.pk, "password": "he-shui-qing-you-qing"}
    assert "old" in refusal(actions.set_password, old="wrong", **wish).fields
    actions.set_password(old=PASSWORD, **wish)
    officer.refresh_from_db()
    assert officer.check_password("he-shui-qing-you-qing")
    weak = refusal(
        actions.set_password, by=actor(officer), account=officer.pk, password="1", old=wish["password"]
    )
    assert "password" in weak.fields


def test_an_administrators_password_is_not_set_by_another(manager: Actor, officer: Account) -> None:
    give_grant(by=SYSTEM, account=officer.pk, role="administrator", area="430181")
    why = refusal(actions.set_password, by=manager, account=officer.pk, password="he-shui-qing-you-qing")
    assert why.status == 403
    actions.set_password(by=SYSTEM, account=officer.pk, password="he-shui-qing-you-qing")


def session_of(account: Account) -> str:
    store = SessionStore()
    store["x"] = 1
    store.save()
    actions.remember_session(account=account.pk, session=store.session_key, agent="Windows", network=ADDRESS)
    return str(store.session_key)


def test_a_new_password_ends_every_other_session(officer: Account, manager: Actor) -> None:
    kept, gone = session_of(officer), session_of(officer)
    actions.set_password(
        by=actor(officer), account=officer.pk, password="he-shui-qing-you-qing", old=PASSWORD, keep=kept
    )
    assert set(Session.objects.values_list("session_key", flat=True)) == {kept}
    assert [row.session for row in queries.devices(actor(officer))] == [kept] != [gone]
    assert actions.end_sessions(account=officer.pk) == 1


def test_one_ends_ones_own_device_and_nobody_elses(officer: Account, manager: Actor) -> None:
    key = session_of(officer)
    row = SignIn.objects.get(session=key)
    assert refusal(actions.end_session, by=manager, sign_in=row.pk).status == 404
    actions.end_session(by=actor(officer), sign_in=row.pk)
    assert not Session.objects.exists() and queries.devices(actor(officer)) == []


def test_a_disabled_account_loses_its_sessions_and_tokens(officer: Account, manager: Actor) -> None:
    session_of(officer)
    _, secret = actions.issue_token(
        by=actor(officer), account=officer.pk, name="大屏", scopes=["dispatch.view"]
    )
    assert "reason" in refusal(actions.disable_account, by=manager, account=officer.pk, reason="").fields
    actions.disable_account(by=manager, account=officer.pk, reason="离职")
    queries.forget_tokens()
    assert not Session.objects.exists() and queries.actor_for_token(secret) is None
    actions.enable_account(by=manager, account=officer.pk)
    assert queries.actor_for_token(secret) is None
    assert (
        refusal(actions.disable_account, by=manager, account=manager.account, reason="x").code
        == "own_account"
    )


def attempt(password: str, username: str = "lihua", client: str = ADDRESS) -> Account:
    request = RequestFactory().post("/accounts/login/")
    return actions.check_password(request=request, username=username, password=password, client=client)


def test_five_wrong_passwords_lock_a_name_from_one_address_for_a_quarter_hour(officer: Account) -> None:
    assert attempt(PASSWORD) == officer
    said = [refusal(attempt, "wrong") for _ in range(5)]
    assert [one.status for one in said] == [422] * 4 + [429]
    assert "15 分钟" in said[4].message
    assert refusal(attempt, PASSWORD).status == 429
    assert attempt(PASSWORD, client="198.51.100.9") == officer
    FailedSignIn.objects.update(at=timezone.now() - timedelta(minutes=15, seconds=1))
    assert attempt(PASSWORD) == officer
    assert not FailedSignIn.objects.exists()


def test_an_unknown_name_is_answered_like_a_wrong_password_and_locked_alike(officer: Account) -> None:
    actions.remember_failure(username="nobody", client=ADDRESS)
    said = [refusal(attempt, "wrong", "nobody") for _ in range(4)]
    assert said[0].message == refusal(attempt, "wrong").message
    assert said[3].status == 429
    assert refusal(actions.refuse_when_locked, username="nobody", client=ADDRESS).code == "locked"


def test_a_service_account_does_not_sign_in_by_password(manager: Actor) -> None:
    actions.create_account(by=manager, username="robot", name="对接", kind="service", password=PASSWORD)
    assert refusal(attempt, PASSWORD, "robot").status == 422


def test_a_token_is_shown_once_and_kept_as_a_digest(officer: Account) -> None:
    token, secret = actions.issue_token(
        by=actor(officer), account=officer.pk, name="大屏", scopes=["dispatch.view"]
    )
    assert secret.encode() not in bytes(ApiToken.objects.get().digest)
    assert secret not in str(list(Entry.objects.values()))
    found = queries.actor_for_token(secret)
    assert found and found.token == token.pk
    assert queries.actor_for_token(secret + "x") is None


def test_a_busy_token_costs_no_query_and_a_revoked_one_is_over_within_seconds(
    officer: Account, django_assert_num_queries: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, secret = actions.issue_token(
        by=actor(officer), account=officer.pk, name="大屏", scopes=["dispatch.view"]
    )
    queries.actor_for_token(secret)
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert queries.actor_for_token(secret) is not None
    actions.revoke_token(by=actor(officer), token=token.pk)
    import time

    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + queries.TOKEN_STALE)
    assert queries.actor_for_token(secret) is None
    assert refusal(actions.revoke_token, by=actor(officer), token=token.pk).status == 404


def test_a_token_ends_at_its_time_even_while_kept(officer: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    until = timezone.now() + timedelta(seconds=2)
    _, secret = actions.issue_token(
        by=actor(officer), account=officer.pk, name="短", scopes=["dispatch.view"], expires=until
    )
    assert queries.actor_for_token(secret) is not None
    import time

    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 2.5)
    ApiToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert queries.actor_for_token(secret) is None


def test_tokens_are_made_by_their_owner_or_for_a_service_and_never_by_a_token(
    officer: Account, manager: Actor
) -> None:
    wish = {"name": "大屏", "scopes": ["dispatch.view"]}
    assert refusal(actions.issue_token, by=manager, account=officer.pk, **wish).code == "not_service"
    robot = actions.create_account(by=manager, username="robot", name="对接", kind="service")
    actions.issue_token(by=manager, account=robot.pk, **wish)
    _, secret = actions.issue_token(by=actor(officer), account=officer.pk, **wish)
    by_token = queries.actor_for_token(secret)
    assert refusal(actions.issue_token, by=by_token, account=officer.pk, **wish).status == 403
    wrong = refusal(actions.issue_token, by=actor(officer), account=officer.pk, name="", scopes=["*"])
    assert set(wrong.fields) == {"name", "scopes"}


def test_large_font_is_chosen_once_for_every_device(officer: Account) -> None:
    actions.choose_large_font(by=actor(officer), on=True)
    officer.refresh_from_db()
    assert officer.large_font


def test_a_stranger_manages_nothing(stranger: Actor, officer: Account) -> None:
    token, _ = actions.issue_token(
        by=actor(officer), account=officer.pk, name="大屏", scopes=["dispatch.view"]
    )
    for call, arguments in [
        (actions.create_account, {"username": "abc", "name": "甲"}),
        (actions.set_password, {"account": officer.pk, "password": PASSWORD}),
        (actions.disable_account, {"account": officer.pk, "reason": "x"}),
        (actions.enable_account, {"account": officer.pk}),
        (actions.issue_token, {"account": officer.pk, "name": "x", "scopes": ["a.b"]}),
        (actions.revoke_token, {"token": token.pk}),
        (actions.change_phone, {"phone": PHONE, "code": "000000"}),
        (actions.choose_large_font, {"on": True}),
    ]:
        assert refusal(call, by=stranger, **arguments).status == 403
    assert refusal(actions.end_session, by=stranger, sign_in=1).status == 404
    assert queries.devices(stranger) == []
    for ask in (queries.accounts, queries.tokens):
        assert refusal(ask, stranger).status == 403


def test_an_administrator_of_one_town_manages_no_account(officer: Account) -> None:
    row = Account.objects.create(username="zhenguan", name="镇管理员")
    town = Actor(
        row.pk,
        "account",
        "镇管理员",
        (Scope("administrator", "430181002", "", frozenset({"identity.manage"})),),
    )
    assert refusal(actions.set_password, by=town, account=officer.pk, password=PASSWORD).status == 403
    assert refusal(actions.disable_account, by=town, account=officer.pk, reason="x").status == 403
    assert refusal(queries.accounts, town).status == 403


def test_residents_are_not_listed(manager: Actor, officer: Account, sent: Sent) -> None:
    actions.send_phone_code(PHONE, ADDRESS)
    resident = actions.check_phone_code(PHONE, code_in(sent[0][1]))
    assert resident not in queries.accounts(manager) and officer in queries.accounts(manager)


def test_the_commands_make_a_token_and_rotate_keys(officer: Account) -> None:
    out = StringIO()
    call_command("make_token", "lihua", "大屏", "dispatch.view", days=3, stdout=out)
    assert queries.actor_for_token(out.getvalue().strip()) is not None
    with pytest.raises(CommandError, match="没有账号"):
        call_command("make_token", "nobody", "x", "a.b")
    with pytest.raises(CommandError, match="可办事项"):
        call_command("make_token", "lihua", "x", "everything")
    out = StringIO()
    call_command("rotate_keys", no_new_key=True, stdout=out)
    assert "identity_account.phone：重新加密 0 条" in out.getvalue()
