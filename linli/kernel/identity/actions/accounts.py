"""Accounts: made, disabled, given a password."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.identity import rules
from linli.kernel.identity.actions.sessions import end_sessions
from linli.kernel.identity.fields import blind
from linli.kernel.identity.models import Account
from linli.kernel.identity.ports import require_manager
from linli.kernel.ledger.actions import record


def _found(account: int) -> Account:
    """The row, locked for the rest of the transaction. Raises Refused(404)."""
    row = Account.objects.select_for_update().filter(pk=account).first()
    if row is None:
        raise Refused("没有这个账号。", code="no_account", status=404)
    return row


def _password_faults(password: str, account: Account) -> list[str]:
    try:
        validate_password(password, account)
    except ValidationError as why:
        return list(why.messages)
    return []


@transaction.atomic
def create_account(
    *,
    by: Actor,
    username: str,
    name: str,
    kind: str = "staff",
    unit: str = "",
    phone: str = "",
    password: str = "",
    demo: bool = False,
) -> Account:
    """A staff or service account; without a password it cannot sign in by one. It may do nothing until granted.

    Raises Refused(403) for a stranger; 422 with every wrong field at once.
    """
    require_manager(by)
    row = Account(username=username.strip().lower(), name=name.strip(), kind=kind, unit=unit, demo=demo)
    if wrong := _account_faults(row, phone, password):
        raise Refused("账号信息有误，请按提示改正。", code="wrong_account", fields=wrong)
    row.phone = rules.normal_phone(phone)
    row.phone_index = blind(row.phone) if row.phone else None
    row.set_password(password or None)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as why:
        message = "该手机号已绑定其他账号，请核对"
        raise Refused("账号信息有误，请按提示改正。", code="taken", fields={"phone": [message]}) from why
    fields = {"kind": kind, "unit": unit}
    record(
        subject=f"identity.account:{row.pk}",
        verb="create_account",
        by=by,
        fields=fields,
        personal={"name": name},
    )
    return row


def _account_faults(row: Account, phone: str, password: str) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    if not rules.USERNAME.match(row.username):
        wrong["username"] = ["账号名用 3 到 32 位小写字母、数字或 . _ -，以字母开头"]
    elif Account.objects.filter(username=row.username).exists():
        wrong["username"] = ["该账号名已被使用，请换一个"]
    if not row.name or len(row.name) > 64:
        wrong["name"] = ["请填写姓名，不超过 64 个字"]
    if row.kind not in ("staff", "service"):
        wrong["kind"] = ["只能新建工作人员或系统接口账号；居民账号在首次登录时自动建立"]
    if phone and not rules.normal_phone(phone):
        wrong["phone"] = ["手机号应为 11 位数字，例如 13800000000"]
    if password and (said := _password_faults(password, row)):
        wrong["password"] = said
    return wrong


@transaction.atomic
def set_password(*, by: Actor, account: int, password: str, old: str = "", keep: str = "") -> None:
    """One's own password (the old one is asked) or, with `identity.manage`, another's.

    All its sessions end, but the one whose key is `keep`. An administrator's password is set by that
    administrator alone, else one of them could sign in as the second who has to confirm.
    """
    if by.account != account:
        require_manager(by)
    row = _found(account)
    if by.account == account and row.has_usable_password() and not row.check_password(old):
        raise Refused("原密码不正确。", code="wrong_old", fields={"old": ["原密码不正确，请重新输入"]})
    if by.account != account and by.kind != "system" and _is_administrator(row):
        raise Refused("不能替其他管理员设置密码，请其本人办理。", code="administrator", status=403)
    if said := _password_faults(password, row):
        raise Refused("新密码不符合要求。", code="weak_password", fields={"password": said})
    row.set_password(password)
    row.save(update_fields=["password"])
    ended = end_sessions(account=row.pk, keep=keep)
    record(subject=f"identity.account:{row.pk}", verb="set_password", by=by, fields={"sessions_ended": ended})


def _is_administrator(row: Account) -> bool:
    """By the relation that access hangs on Account; identity does not import access."""
    return row.grants.filter(role="administrator", valid_to=None).exists()


@transaction.atomic
def disable_account(*, by: Actor, account: int, reason: str) -> None:
    """The account signs in no more, its sessions end, its tokens are revoked. Never one's own."""
    require_manager(by)
    row = _found(account)
    if by.account == account:
        raise Refused("不能停用自己的账号，请由另一位管理员办理。", code="own_account", status=403)
    if not reason.strip():
        raise Refused("请写明停用理由。", code="no_reason", fields={"reason": ["请写明停用理由，将记入存证"]})
    row.is_active = False
    row.save(update_fields=["is_active"])
    end_sessions(account=row.pk)
    revoked = row.tokens.filter(revoked=None).update(revoked=timezone.now())
    subject, fields = f"identity.account:{row.pk}", {"tokens_revoked": revoked}
    record(subject=subject, verb="disable_account", by=by, fields=fields, personal={"reason": reason.strip()})


@transaction.atomic
def enable_account(*, by: Actor, account: int) -> None:
    """Lets a disabled account sign in again; revoked tokens stay revoked."""
    require_manager(by)
    row = _found(account)
    row.is_active = True
    row.save(update_fields=["is_active"])
    record(subject=f"identity.account:{row.pk}", verb="enable_account", by=by)


def choose_large_font(*, by: Actor, on: bool) -> None:
    """大字版 on every device of this account."""
    if by.account is None:
        raise Refused("请先登录。", code="sign_in", status=403)
    Account.objects.filter(pk=by.account).update(large_font=on)
