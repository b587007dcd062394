"""Finding accounts, devices and tokens."""

import time
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.utils import timezone

from linli.kernel.actor import Actor
from linli.kernel.identity import ports, rules
from linli.kernel.identity.fields import blind
from linli.kernel.identity.models import Account, ApiToken, SignIn
from linli.kernel.identity.ports import require_manager

TOKEN_STALE = 5.0  # seconds an API token's actor is kept in this process
MOST_KEPT = 10_000
_kept: dict[bytes, tuple[float, Actor]] = {}


def account_by_phone(phone: str, kind: str = "resident") -> Account | None:
    """The account a phone number belongs to, by its blind index."""
    number = rules.normal_phone(phone)
    return Account.objects.filter(kind=kind, phone_index=blind(number)).first() if number else None


def actor_for_token(bearer: str) -> Actor | None:
    """The actor of an API token, narrowed to its scopes; None when unknown, over, revoked or its account disabled.

    Kept for TOKEN_STALE seconds in this process, so that a busy caller costs no query. A revoked token, an
    ended grant or a disabled account therefore stops working within 5 seconds, not at once.
    """
    digest = rules.token_digest(bearer)
    until, actor = _kept.get(digest, (0.0, None))
    if actor is not None and time.monotonic() < until:
        return actor
    _kept.pop(digest, None)
    now = timezone.now()
    rows = ApiToken.objects.select_related("account").filter(
        Q(expires=None) | Q(expires__gt=now), revoked=None
    )
    token = rows.filter(digest=digest, account__is_active=True).first()
    if token is None:
        return None
    if token.last_used is None or now - token.last_used > timedelta(minutes=1):
        ApiToken.objects.filter(pk=token.pk).update(last_used=now)
    actor = ports.actor_with(token.account_id, str(token.account), token.pk, frozenset(token.scopes))
    stale = TOKEN_STALE if token.expires is None else min(TOKEN_STALE, (token.expires - now).total_seconds())
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[digest] = (time.monotonic() + stale, actor)
    return actor


def forget_tokens() -> None:
    """Empties this process's store at once, for tests and after a revocation in the same process."""
    _kept.clear()


def accounts(viewer: Actor) -> QuerySet[Account]:
    """Staff and service accounts, for whoever manages them. Residents are not listed: nobody needs to browse them."""
    require_manager(viewer)
    return Account.objects.exclude(kind="resident")


def devices(viewer: Actor) -> list[SignIn]:
    """One's own open sessions, the newest first."""
    if viewer.account is None:
        return []
    rows = list(SignIn.objects.filter(account=viewer.account, ended=None).order_by("-at")[:50])
    keys = [row.session for row in rows]
    alive = set(
        Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now()).values_list(
            "session_key", flat=True
        )
    )
    return [row for row in rows if row.session in alive]


def tokens(viewer: Actor, account: int | None = None) -> QuerySet[ApiToken]:
    """Tokens in force: one's own, or with `identity.manage` another account's."""
    whose = account if account is not None else viewer.account
    if whose is None or whose != viewer.account:
        require_manager(viewer)
    return ApiToken.objects.filter(account=whose, revoked=None).order_by("-id")
