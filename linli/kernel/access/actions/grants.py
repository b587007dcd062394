"""Giving and ending what somebody may do. Every act here is recorded; none of them does a room's work."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access import rules
from linli.kernel.access.models import Grant, Proposal, Role
from linli.kernel.access.queries import account_within, administrators, forget_roles
from linli.kernel.access.rules import Actor, require
from linli.kernel.identity.models import Account
from linli.kernel.ledger.actions import record

CATALOGUE = Path(__file__).parents[1] / "data" / "roles.yaml"
VERB = re.compile(r"^[a-z_]+\.([a-z_]+|\*)$")


@cache
def catalogue() -> list[dict]:
    """The roles of data/roles.yaml, each with the file's status unless it has its own."""
    written = yaml.safe_load(CATALOGUE.read_text("utf-8"))
    return [{"implicit": "", "status": written["status"], **role} for role in written["roles"]]


def load_roles() -> int:
    """Upserts the catalogue; verbs that an administrator edited stay as they are. Returns how many roles."""
    names = ["zh", "en", "verbs", "implicit", "status"]
    roles = [Role(code=role["code"], **{name: role[name] for name in names}) for role in catalogue()]
    edited = set(Role.objects.filter(edited=True).values_list("code", flat=True))
    for kept, fields in ((False, names), (True, ["zh", "en", "implicit", "status"])):
        rows = [role for role in roles if (role.code in edited) is kept]
        Role.objects.bulk_create(rows, update_conflicts=True, unique_fields=["code"], update_fields=fields)
    forget_roles()
    return len(roles)


@transaction.atomic
def give_grant(
    *, by: Actor, account: int, role: str, area: str, unit: str = "", valid_to: datetime | None = None
) -> Grant | Proposal:
    """Gives role × area × unit; for `administrator` a Proposal that another administrator must confirm.

    Nobody grants to themselves. The first administrator, or a second one while there is only one, needs
    no confirmation: nobody else could give it. Raises Refused(403) for a stranger, 422 with the field's name,
    409 when the same grant is already open.
    """
    require(by, "access.grant")  # a mistyped area is a fault to name, not a missing right
    _check_grant(by, account, role, area, valid_to)
    require(by, "access.grant", area=area)
    account_within(by, account)
    if rules.needs_second(role, administrators(), by):
        return _propose(by, account, role, area, unit, valid_to)
    return _give(by, account, role, area, unit, valid_to)


def _check_grant(by: Actor, account: int, role: str, area: str, valid_to: datetime | None) -> None:
    if by.account == account:
        raise Refused(
            "不能给自己授权，请由另一位管理员办理。", code="own_grant", fields={"account": ["不能给自己授权"]}
        )
    wrong = rules.grant_faults(role, area, [one["code"] for one in catalogue()], valid_to, timezone.now())
    if not Account.objects.filter(pk=account, is_active=True).exists():
        wrong["account"] = ["没有这个账号，或账号已停用"]
    if wrong:
        raise Refused("授权信息有误，请按提示改正。", code="wrong_grant", fields=wrong)


def _give(by: Actor, account: int, role: str, area: str, unit: str, valid_to: datetime | None) -> Grant:
    now = timezone.now()
    same = Grant.objects.filter(account=account, role=role, area=area, unit=unit)
    same.filter(valid_to__gt=now).update(valid_to=now)  # a longer term replaces the shorter one
    grant, made = Grant.objects.get_or_create(
        account_id=account,
        role_id=role,
        area=area,
        unit=unit,
        valid_to=None,
        defaults={"given_by_id": by.account},
    )
    if not made:
        raise Refused("该账号已有同样的授权，无需重复办理。", code="already_granted", status=409)
    if valid_to is not None:
        Grant.objects.filter(pk=grant.pk).update(valid_to=valid_to)
        grant.valid_to = valid_to
    fields = {"role": role, "area": area, "unit": unit, "until": valid_to.isoformat() if valid_to else ""}
    record(subject=f"identity.account:{account}", verb="grant", by=by, fields={"grant": grant.pk, **fields})
    return grant


def _propose(by: Actor, account: int, role: str, area: str, unit: str, valid_to: datetime | None) -> Proposal:
    proposal, made = Proposal.objects.get_or_create(
        account_id=account,
        role_id=role,
        area=area,
        unit=unit,
        state="open",
        defaults={"proposed_by_id": by.account, "valid_to": valid_to},
    )
    if not made:
        raise Refused("同样的授权已在等待复核。", code="already_proposed", status=409)
    fields = {"proposal": proposal.pk, "role": role, "area": area, "unit": unit}
    record(subject=f"identity.account:{account}", verb="propose_grant", by=by, fields=fields)
    return proposal


@transaction.atomic
def decide_proposal(*, by: Actor, proposal: int, confirm: bool) -> Grant | None:
    """The second administrator's word. Refuses the proposer and the one it would benefit."""
    row = Proposal.objects.select_for_update().filter(pk=proposal).first()
    require(by, "access.grant", area=row.area if row else "")
    if row is None or row.state != "open":
        raise Refused("该申请已处理或不存在。", code="not_open", status=409)
    if by.account is None or by.account in (row.proposed_by_id, row.account_id):
        raise Refused("须由提出人和被授权人以外的管理员复核。", code="same_person", status=403)
    row.state, row.decided_by_id = ("confirmed" if confirm else "rejected"), by.account
    row.save(update_fields=["state", "decided_by"])
    subject = f"identity.account:{row.account_id}"
    record(
        subject=subject,
        verb="confirm_grant" if confirm else "reject_grant",
        by=by,
        fields={"proposal": row.pk},
    )
    return _give(by, row.account_id, row.role_id, row.area, row.unit, row.valid_to) if confirm else None


@transaction.atomic
def end_grant(*, by: Actor, grant: int, reason: str = "") -> None:
    """Ends a grant now. The last administrator's grant cannot be ended: nobody could give another one."""
    row = Grant.objects.select_for_update().filter(pk=grant).first()
    require(by, "access.grant", area=row.area if row else "")
    now = timezone.now()
    if row is None or (row.valid_to is not None and row.valid_to <= now):
        raise Refused("该授权不存在或已结束。", code="not_open", status=409)
    if row.role_id == "administrator" and administrators() <= {row.account_id}:
        raise Refused("这是最后一位系统管理员，不能结束其授权。", code="last_administrator")
    row.valid_to = max(now, row.valid_from)
    row.save(update_fields=["valid_to"])
    fields = {"grant": row.pk, "role": row.role_id, "area": row.area, "reason": reason[:200]}
    record(subject=f"identity.account:{row.account_id}", verb="end_grant", by=by, fields=fields)


@transaction.atomic
def edit_role(*, by: Actor, role: str, verbs: Iterable[str]) -> Role:
    """Replaces a role's verbs. Nobody edits a role they hold, and `*` (everything) is not a verb one can give."""
    require(by, "access.grant", area=settings.LINLI_COUNTY)  # a role holds everywhere
    wanted = sorted(set(verbs))
    row = Role.objects.select_for_update().filter(pk=role).first()
    if row is None:
        raise Refused("没有这个角色。", code="no_role", status=404)
    if by.kind != "system" and role in by.roles:
        raise Refused("不能修改本人持有的角色，请由另一位管理员办理。", code="own_role", status=403)
    strange = [verb for verb in wanted if not VERB.match(verb)]
    if strange:
        said = f"“{strange[0]}”不是可办事项，应写成“房间.动作”，例如 incidents.view"
        raise Refused("可办事项有误。", code="wrong_verb", fields={"verbs": [said]})
    fields = {"before": " ".join(sorted(row.verbs)), "after": " ".join(wanted)}
    row.verbs, row.edited = wanted, True
    row.save(update_fields=["verbs", "edited"])
    record(subject=f"access.role:{role}", verb="edit_role", by=by, fields=fields)
    transaction.on_commit(forget_roles)
    return row
