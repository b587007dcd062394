"""Sign-in by phone code: residents need no password, and no JavaScript."""

import hmac
import secrets
from datetime import timedelta

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.identity import ports, rules
from linli.kernel.identity.fields import blind, keys
from linli.kernel.identity.models import Account, PhoneCode
from linli.kernel.ledger.actions import record


def _phone(written: str) -> str:
    phone = rules.normal_phone(written)
    if not phone:
        said = "手机号应为 11 位数字，例如 13800000000，请核对"
        raise Refused("手机号有误。", code="wrong_phone", fields={"phone": [said]})
    return phone


def _digest(phone: str, code: str) -> bytes:
    """Keyed: a stolen table does not give six digits away to whoever tries them all."""
    return hmac.digest(keys().index, f"code:{phone}:{code}".encode(), "sha256")


def _in_turn(phone_index: bytes, client_index: bytes) -> None:
    """Two requests for one phone or from one address wait for each other, so that the limits hold exactly."""
    turns = sorted(int.from_bytes(index[:8], signed=True) for index in (phone_index, client_index))
    with connection.cursor() as cursor:
        for turn in turns:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [turn])


@transaction.atomic
def send_phone_code(phone: str, client_ip: str, *, purpose: str = "sign_in") -> str:
    """Sends six digits to a phone; anybody may ask, so it is limited: 1 a minute and 5 an hour a phone,
    20 an hour an address. Returns the phone as 11 digits. Raises Refused 422 (wrong number) or 429 (too often).
    """
    phone = _phone(phone)
    index, client, now = blind(phone), blind(f"ip:{client_ip}"), timezone.now()
    _in_turn(index, client)
    hour = PhoneCode.objects.filter(created__gt=now - timedelta(hours=1))
    sent = list(hour.filter(phone_index=index).values_list("created", flat=True))
    if why := rules.too_soon(sent, hour.filter(client_index=client).count(), now):
        raise Refused(why + "。", code="too_often", fields={"phone": [why]}, status=429)
    code = f"{secrets.randbelow(10**6):06d}"
    PhoneCode.objects.filter(phone_index=index, purpose=purpose, used=None).update(
        used=now
    )  # only the newest counts
    PhoneCode.objects.create(
        phone_index=index,
        client_index=client,
        purpose=purpose,
        digest=_digest(phone, code),
        expires=now + rules.CODE_LASTS,
    )
    what = "登录" if purpose == "sign_in" else "更换手机号"
    ports.deliver_code(
        phone, f"【邻里】{what}验证码 {code}，10 分钟内有效。工作人员不会向您索要，请勿告诉他人。"
    )
    return phone


def _use_code(phone: str, code: str, purpose: str) -> None:
    """Marks the code used. A wrong try is counted for good: call it outside any transaction a refusal rolls back."""
    wrong = ""
    with transaction.atomic():
        rows = PhoneCode.objects.select_for_update().filter(
            phone_index=blind(phone), purpose=purpose, used=None
        )
        row = rows.filter(expires__gt=timezone.now()).order_by("-id").first()
        if row is None or row.tries >= rules.CODE_TRIES:
            wrong = "验证码已失效，请重新获取"
        elif not hmac.compare_digest(bytes(row.digest), _digest(phone, "".join(code.split()))):
            row.tries += 1
            row.save(update_fields=["tries"])
            left = rules.CODE_TRIES - row.tries
            wrong = f"验证码不正确，还可以试 {left} 次" if left else "验证码已失效，请重新获取"
        else:
            row.used = timezone.now()
            row.save(update_fields=["used"])
    if wrong:
        raise Refused(wrong + "。", code="wrong_code", fields={"code": [wrong]})


def check_phone_code(phone: str, code: str) -> Account:
    """The resident behind a phone, made at the first sign-in. Raises Refused 422 (code) or 403 (disabled)."""
    phone = _phone(phone)
    _use_code(phone, code, "sign_in")
    index = blind(phone)
    account = Account.objects.filter(kind="resident", phone_index=index).first() or _new_resident(
        phone, index
    )
    if not account.is_active:
        raise Refused("该账号已停用，请到社区服务窗口咨询。", code="disabled", status=403)
    return account


def _new_resident(phone: str, index: bytes) -> Account:
    account = Account(
        username=f"r{secrets.token_hex(8)}",
        name=f"居民 {phone[-4:]}",
        kind="resident",
        phone=phone,
        phone_index=index,
    )
    account.set_unusable_password()
    try:
        with transaction.atomic():
            account.save()
            by = Actor(account.pk, "account", account.name)
            record(subject=f"identity.account:{account.pk}", verb="first_sign_in", by=by)
    except IntegrityError:  # the same person on a second device, a moment earlier
        return Account.objects.get(kind="resident", phone_index=index)
    return account


def change_phone(*, by: Actor, phone: str, code: str) -> None:
    """One's own phone, proved by a code sent to the new one. Raises Refused 409 when another account has it."""
    if by.account is None:
        raise Refused("请先登录。", code="sign_in", status=403)
    phone = _phone(phone)
    _use_code(phone, code, "change")
    try:
        with transaction.atomic():
            row = Account.objects.select_for_update().get(pk=by.account)
            row.phone, row.phone_index = phone, blind(phone)
            row.save(update_fields=["phone", "phone_index"])
            record(
                subject=f"identity.account:{row.pk}", verb="change_phone", by=by, personal={"phone": phone}
            )
    except IntegrityError as why:
        said = "该手机号已绑定其他账号，请换一个，或到社区服务窗口办理"
        raise Refused(said + "。", code="taken", fields={"phone": [said]}, status=409) from why


def forget_old_codes() -> int:
    """Codes are kept a day, for the limits only. Called by a timer."""
    return PhoneCode.objects.filter(created__lt=timezone.now() - timedelta(days=1)).delete()[0]
