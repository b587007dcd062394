"""Loading an actor, and the one filter every list passes."""

import hashlib
import time
from dataclasses import replace

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access.models import Bar, Grant, Pass, Proposal, Role
from linli.kernel.access.rules import shared_verbs
from linli.kernel.actor import Actor, Opening, Scope, can, require
from linli.kernel.identity.models import Account

LEVEL_COLUMN = {9: "street", 12: "community", 15: "grid"}
ROLES_STALE = 30.0  # seconds until another process sees that an implicit role was edited
_implicit: dict[str, tuple[float, tuple[Scope, ...]]] = {}


def implicit_scopes(holder: str) -> tuple[Scope, ...]:
    """Scopes nobody needs a grant for; `holder` is `anyone` or `account`. Cached for `ROLES_STALE` seconds."""
    until, scopes = _implicit.get(holder, (0.0, ()))
    if time.monotonic() > until:
        kinds = ["anyone"] if holder == "anyone" else ["anyone", "account"]
        scopes = tuple(
            Scope(role.code, "", "", frozenset(role.verbs))
            for role in Role.objects.filter(implicit__in=kinds)
        )
        _implicit[holder] = (time.monotonic() + ROLES_STALE, scopes)
    return scopes


def forget_roles() -> None:
    """Called when a role was edited."""
    _implicit.clear()


def anonymous(name: str = "") -> Actor:
    return Actor(account=None, kind="anonymous", name=name, grants=implicit_scopes("anyone"))


def actor_for(account_id: int, *, name: str = "", kind: str = "account", token: int | None = None) -> Actor:
    """The actor behind an account with what it may do now: three queries, none cached across requests."""
    now = timezone.now()
    open_now = Q(valid_to=None) | Q(valid_to__gt=now)
    rows = Grant.objects.filter(open_now, account=account_id).values_list(
        "role", "area", "unit", "role__verbs"
    )
    grants = tuple(Scope(role, area, unit, frozenset(verbs)) for role, area, unit, verbs in rows)
    passes = tuple(
        Opening(subject, frozenset(verbs))
        for subject, verbs in Pass.objects.filter(
            account=account_id, until__gt=now, revoked=None
        ).values_list("subject", "verbs")
    )
    bars = frozenset(Bar.objects.filter(account=account_id).values_list("subject", flat=True))
    return Actor(account_id, kind, name, grants + implicit_scopes("account"), passes, bars, token)


def actor_for_scopes(account: int, name: str, token: int, scopes: frozenset[str]) -> Actor:
    """The actor of an API token: what its account may do, narrowed to the token's scopes, passes too."""
    full = actor_for(account, name=name, token=token)
    grants = (replace(scope, verbs=shared_verbs(scope.verbs, scopes)) for scope in full.grants)
    passes = (Opening(one.subject, shared_verbs(one.verbs, scopes)) for one in full.passes)
    return replace(
        full,
        grants=tuple(scope for scope in grants if scope.verbs),
        passes=tuple(one for one in passes if one.verbs),
    )


def actor_for_link(token: str) -> Actor | None:
    """The holder of a one-time link: may do what its pass opens on its one subject, and what anybody may.

    None when the link is unknown, over or revoked.
    """
    digest = hashlib.sha256(token.encode()).digest()
    row = Pass.objects.filter(link_hash=digest, until__gt=timezone.now(), revoked=None).first()
    if row is None:
        return None
    opening = Opening(row.subject, frozenset(row.verbs))
    return Actor(None, "link", str(row.pk), implicit_scopes("anyone"), (opening,))


def administrators() -> set[int]:
    """Accounts that hold an open administrator grant and can still sign in."""
    open_now = Q(valid_to=None) | Q(valid_to__gt=timezone.now())
    rows = Grant.objects.filter(open_now, role="administrator", account__is_active=True)
    return set(rows.values_list("account", flat=True))


def grants_in(viewer: Actor, area: str = "") -> QuerySet[Grant]:
    """Grants in force in `area` and below, for whoever may give them there."""
    require(viewer, "access.grant", area=area)
    open_now = Q(valid_to=None) | Q(valid_to__gt=timezone.now())
    rows = Grant.objects.filter(open_now, area__startswith=area).select_related("account", "role")
    where = Q(pk=None)
    for scope in viewer.scopes("access.grant"):
        where |= Q(area__startswith=scope.area)
    rows = rows if viewer.kind == "system" else rows.filter(where)
    return rows.order_by("area", "role", "account__name", "id")


def account_within(viewer: Actor, account: int) -> Account:
    """The account somebody may give grants to: for a town's administrator one that works in the town, or that nobody
    has put to work yet. Raises Refused(404) for every other, so that names do not leak across towns."""
    row = Account.objects.filter(pk=account).first()
    held = Grant.objects.filter(Q(valid_to=None) | Q(valid_to__gt=timezone.now()), account=account)
    reach = [scope.area for scope in viewer.scopes("access.grant")]
    areas = set(held.values_list("area", flat=True)) if row else set()
    near = not areas or any(area.startswith(one) for area in areas for one in reach)
    if row is None or not (viewer.kind == "system" or near):
        raise Refused("没有这个账号，或者它不在您的管辖范围内。", code="no_account", status=404)
    return row


def open_proposals(viewer: Actor) -> QuerySet[Proposal]:
    """Administrator grants that wait for a second administrator."""
    require(viewer, "access.grant")
    rows = (
        Proposal.objects.filter(state="open").select_related("account", "role", "proposed_by").order_by("id")
    )
    return rows.filter(pk__in=[row.pk for row in rows if can(viewer, "access.grant", area=row.area)])


def _kept_by(viewer: Actor, verb: str) -> Q:
    """Rows with an area of their own that `viewer` keeps; without one they are the county's."""
    require(viewer, verb)
    if viewer.kind == "system":
        return Q()
    where = Q(pk=None)
    for scope in viewer.scopes(verb):
        if scope.area in ("", settings.LINLI_COUNTY) and not scope.unit:
            return Q()
        if scope.area and not scope.unit:
            where |= Q(area__startswith=scope.area)
    return where


def passes_in_force(viewer: Actor) -> QuerySet[Pass]:
    """Passes open now, soonest over first, for whoever may give them in their area."""
    rows = Pass.objects.filter(_kept_by(viewer, "access.pass"), until__gt=timezone.now(), revoked=None)
    return rows.select_related("account", "given_by").order_by("until", "id")


def bars_set(viewer: Actor) -> QuerySet[Bar]:
    """Bars in force, newest first, for whoever may set them in their area."""
    rows = Bar.objects.filter(_kept_by(viewer, "access.bar"))
    return rows.select_related("account", "set_by").order_by("-id")


def account_named(username: str) -> Account | None:
    """The active account of a sign-in name, typed by somebody who knows it."""
    return Account.objects.filter(username=username.strip(), is_active=True).first()


def scope_filter(viewer: Actor, verb: str, *, units: bool = True) -> Q | None:
    """The rows `viewer` may see by area and unit: a Q, an empty Q for everything, None for nothing.

    `units=False` for rows that belong to no unit: a grant within one unit does not reach them, as in `can`.
    """
    if viewer.kind == "system":
        return Q()
    either: Q | None = None
    for scope in viewer.scopes(verb):
        if scope.unit and not units:
            continue
        one = Q()
        if column := LEVEL_COLUMN.get(len(scope.area)):
            one &= Q(**{column: scope.area})
        elif scope.area and scope.area != settings.LINLI_COUNTY:  # the whole (own) county is no filter
            one &= Q(county=scope.area)
        if scope.unit:
            one &= Q(unit=scope.unit)
        if not one:
            return Q()
        either = one if either is None else either | one
    return either


def visible_to(viewer: Actor, verb: str, rows: QuerySet) -> QuerySet:
    """`rows` cut down to what `viewer` may see through `verb`; the model carries grid, community, street, county."""
    units = any(field.name == "unit" for field in rows.model._meta.fields)
    where = scope_filter(viewer, verb, units=units)
    return rows.none() if where is None else rows.filter(where)
