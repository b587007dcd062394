"""Bearer tokens of the API."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.identity import rules
from linli.kernel.identity.models import Account, ApiToken
from linli.kernel.identity.ports import require_manager
from linli.kernel.ledger.actions import record

MARK = "linli_"  # so that a secret scanner recognises a leaked token


@transaction.atomic
def issue_token(
    *, by: Actor, account: int, name: str, scopes: Iterable[str], expires: datetime | None = None
) -> tuple[ApiToken, str]:
    """A token and its secret, shown this once. For one's own account, or with `identity.manage` for a service.

    `scopes` are verbs (`incidents.view`, `dispatch.*`); they narrow what the account may do and never widen it.
    A token cannot issue tokens.
    """
    row = Account.objects.filter(pk=account, is_active=True).first()
    if by.account != account:
        require_manager(by)
        if row is not None and row.kind != "service" and by.kind != "system":
            raise Refused("只能为系统接口账号代办令牌，其他账号由本人办理。", code="not_service", status=403)
    if by.token is not None or row is None:
        raise Refused("请登录后办理。", code="sign_in", status=403)
    wanted, now = sorted(set(scopes)), timezone.now()
    wrong: dict[str, list[str]] = {}
    if not name.strip() or len(name.strip()) > 64:
        wrong["name"] = ["请填写用途，不超过 64 个字"]
    if not wanted or not all(rules.SCOPE.match(scope) for scope in wanted):
        wrong["scopes"] = ["请写明可办事项，写成“房间.动作”，例如 incidents.view"]
    if expires is not None and expires <= now:
        wrong["expires"] = ["失效时间须晚于现在"]
    if wrong:
        raise Refused("令牌信息有误，请按提示改正。", code="wrong_token", fields=wrong)
    secret = MARK + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        account=row, name=name.strip(), digest=rules.token_digest(secret), scopes=wanted, expires=expires
    )
    fields = {
        "token": token.pk,
        "scopes": " ".join(wanted),
        "expires": expires.isoformat() if expires else "",
    }
    record(subject=f"identity.account:{account}", verb="issue_token", by=by, fields=fields)
    return token, secret


@transaction.atomic
def revoke_token(*, by: Actor, token: int) -> None:
    """Takes effect everywhere within `queries.TOKEN_STALE` seconds."""
    row = ApiToken.objects.select_for_update(of=("self",)).filter(pk=token).first()
    if row is None or row.account_id != by.account:
        require_manager(by)
    if row is None or row.revoked is not None:
        raise Refused("该令牌不存在或已撤销。", code="no_token", status=404)
    row.revoked = timezone.now()
    row.save(update_fields=["revoked"])
    record(subject=f"identity.account:{row.account_id}", verb="revoke_token", by=by, fields={"token": row.pk})
