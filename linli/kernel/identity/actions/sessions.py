"""Sessions on devices, and the lock-out after wrong passwords."""

from django.contrib.auth import authenticate
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.identity import rules
from linli.kernel.identity.fields import blind
from linli.kernel.identity.models import Account, FailedSignIn, SignIn
from linli.kernel.ledger.actions import record


def refuse_when_locked(*, username: str, client: str) -> None:
    """Raises Refused(429) while this name is locked from this address: 5 wrong passwords, 15 minutes."""
    keys = {"name_index": blind(username), "client_index": blind(client)}
    now = timezone.now()
    times = FailedSignIn.objects.filter(**keys, at__gt=now - rules.LOCK_FOR).values_list("at", flat=True)
    if minutes := rules.locked_minutes(list(times), now):
        said = f"密码连续输错 {rules.LOCK_AFTER} 次，为保护账号已暂停登录，请 {minutes} 分钟后再试。忘记密码请联系本单位管理员。"
        raise Refused(said, code="locked", status=429)


def remember_failure(*, username: str, client: str) -> None:
    """One wrong password; rows older than a day go on the way."""
    FailedSignIn.objects.filter(at__lt=timezone.now() - 96 * rules.LOCK_FOR).delete()
    FailedSignIn.objects.create(name_index=blind(username), client_index=blind(client))


def check_password(*, request: HttpRequest, username: str, password: str, client: str) -> Account:
    """The account behind a name and password. Must not run inside a transaction that a refusal rolls back.

    Raises Refused(429) while locked, else 422 in the same words whether the name or the password is wrong.
    """
    username = username.strip().lower()
    refuse_when_locked(username=username, client=client)
    account = authenticate(request, username=username, password=password)
    if not isinstance(account, Account) or account.kind == "service":
        remember_failure(username=username, client=client)
        refuse_when_locked(username=username, client=client)
        raise Refused(
            "账号或密码不正确。",
            code="wrong_password",
            fields={"password": ["账号或密码不正确，请核对后重试"]},
        )
    FailedSignIn.objects.filter(name_index=blind(username), client_index=blind(client)).delete()
    return account


def remember_session(*, account: int, session: str, agent: str, network: str) -> None:
    """A session was opened; shown under “我的设备”."""
    SignIn.objects.update_or_create(
        session=session,
        defaults={
            "account_id": account,
            "device": rules.device_name(agent),
            "network": network[:45],
            "ended": None,
        },
    )


@transaction.atomic
def end_session(*, by: Actor, sign_in: int) -> None:
    """Signs one of one's own devices out."""
    row = SignIn.objects.select_for_update().filter(pk=sign_in, account=by.account, ended=None).first()
    if by.account is None or row is None:
        raise Refused("该设备已退出登录。", code="no_session", status=404)
    Session.objects.filter(session_key=row.session).delete()
    row.ended = timezone.now()
    row.save(update_fields=["ended"])
    record(subject=f"identity.account:{by.account}", verb="end_session", by=by, fields={"sign_in": row.pk})


def end_sessions(*, account: int, keep: str = "") -> int:
    """Ends every session of an account but `keep`. Called by actions that have asked who may."""
    rows = SignIn.objects.filter(account=account, ended=None).exclude(session=keep)
    Session.objects.filter(session_key__in=list(rows.values_list("session", flat=True))).delete()
    return rows.update(ended=timezone.now())
