"""Who keeps a grid and which branch stands on it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from linli.areas import atlas
from linli.areas.facts import GridWorkerChanged
from linli.areas.models import Area, Branch, BranchGrid, BranchMember, Keeper
from linli.kernel import Refused
from linli.kernel.access.actions import end_grant, give_grant
from linli.kernel.access.models import Grant, Role
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.bus.actions import tell
from linli.kernel.identity.models import Account
from linli.kernel.ledger.actions import record

POSTS = dict(Keeper._meta.get_field("post").choices or ())
ROLE = "grid_worker"  # what a post lets its holder do on that grid


@transaction.atomic
def set_keeper(*, by: Actor, grid: str, post: str, account: int) -> Keeper:
    """Gives a grid its worker or deputy: the old post ends now, the new one begins, the role goes along.

    The same person again changes nothing. Tells GridWorkerChanged.
    """
    require(by, "areas.edit", area=grid)
    area = Area.objects.select_for_update().filter(code=grid, level="grid", active=True).first()
    wrong = {}
    if area is None:
        wrong["grid"] = ["没有这个网格，或者它已停用"]
    if post not in POSTS:
        wrong["post"] = ["请选择网格员或副网格员"]
    if not Account.objects.filter(pk=account, is_active=True, kind="staff").exists():
        wrong["account"] = ["没有这个工作人员账号，或账号已停用"]
    other = Keeper.objects.filter(grid=grid, until=None, account=account).exclude(post=post).first()
    if other is not None:
        wrong["account"] = [f"此人已是本网格的{POSTS[other.post]}，请先免去该岗位"]
    if wrong:
        raise Refused("任命信息有误，请按提示改正。", code="wrong_keeper", fields=wrong)
    return place_keeper(by=by, grid=grid, post=post, account=account)


def place_keeper(*, by: Actor, grid: str, post: str, account: int) -> Keeper:
    """`set_keeper` for callers that have checked; also what a hand-over does."""
    before = Keeper.objects.select_for_update().filter(grid=grid, post=post, until=None).first()
    if before is not None and before.account_id == account:
        return before
    _leave(before)
    keeper = Keeper.objects.create(grid=grid, post=post, account_id=account, since=timezone.now())
    _give_role(account, grid)
    _tell_change(by, grid, post, account, before)
    return keeper


@transaction.atomic
def end_keeper(*, by: Actor, grid: str, post: str, reason: str) -> None:
    """Leaves a post empty. Raises Refused(409) when it already is."""
    require(by, "areas.edit", area=grid)
    before = Keeper.objects.select_for_update().filter(grid=grid, post=post, until=None).first()
    if before is None:
        raise Refused("这个岗位现在没有人，无需免去。", code="post_empty", status=409)
    if not reason.strip():
        raise Refused("请写明免去理由。", code="no_reason", fields={"reason": ["请写明免去理由"]})
    _leave(before)
    _tell_change(by, grid, post, None, before, reason.strip()[:200])


def _leave(keeper: Keeper | None) -> None:
    if keeper is None:
        return
    keeper.until = max(timezone.now(), keeper.since)
    keeper.save(update_fields=["until"])
    still = Keeper.objects.filter(grid=keeper.grid, account=keeper.account_id, until=None).exists()
    grants = Grant.objects.filter(
        account=keeper.account_id, role=ROLE, area=keeper.grid, unit="", valid_to=None
    )
    for grant in [] if still else grants:
        end_grant(by=SYSTEM, grant=grant.pk, reason="免去网格岗位")


def _give_role(account: int, grid: str) -> None:
    """Only what is missing: somebody who holds the role for the whole community needs no second grant."""
    held = Grant.objects.filter(account=account, role=ROLE, valid_to=None).values_list("area", "unit")
    if any(grid.startswith(area) and not unit for area, unit in held):
        return
    if Role.objects.filter(pk=ROLE).exists():
        give_grant(by=SYSTEM, account=account, role=ROLE, area=grid)


def _tell_change(
    by: Actor, grid: str, post: str, account: int | None, before: Keeper | None, reason: str = ""
) -> None:
    former = before.account_id if before else None
    fields = {"post": post, "account": account or 0, "before": former or 0, "reason": reason}
    record(subject=f"areas.grid:{grid}", verb="set_keeper" if account else "end_keeper", by=by, fields=fields)
    tell(GridWorkerChanged(grid=grid, post=post, account=account, before=former))
    atlas.look_again()
    transaction.on_commit(atlas.look_again)


@transaction.atomic
def set_branch(
    *,
    by: Actor,
    community: str,
    name: str,
    grids: Sequence[str],
    secretary: int | None = None,
    branch: int | None = None,
) -> Branch:
    """Creates a party branch or changes it; it then stands on exactly `grids`. A grid has one branch."""
    require(by, "areas.edit", area=community)
    row = _branch(branch) if branch is not None else Branch(community=community)
    if branch is not None:
        require(by, "areas.edit", area=row.community)
    wanted = set(grids)
    if wrong := _branch_faults(community, name, wanted, secretary, row.pk):
        raise Refused("支部信息有误，请按提示改正。", code="wrong_branch", fields=wrong)
    row.name, row.community, row.secretary_id, row.active = name.strip()[:64], community, secretary, True
    row.save()
    BranchGrid.objects.filter(branch=row).exclude(grid__in=wanted).delete()
    kept = set(BranchGrid.objects.filter(branch=row).values_list("grid", flat=True))
    BranchGrid.objects.bulk_create([BranchGrid(branch=row, grid=grid) for grid in sorted(wanted - kept)])
    if secretary is not None:
        BranchMember.objects.get_or_create(branch=row, account_id=secretary)
    fields = {"name": row.name, "grids": " ".join(sorted(wanted)), "secretary": secretary or 0}
    record(subject=f"areas.branch:{row.pk}", verb="set_branch", by=by, fields=fields)
    return row


def _branch_faults(
    community: str, name: str, grids: set[str], secretary: int | None, branch: int | None
) -> dict[str, list[str]]:
    wrong = {}
    if not name.strip():
        wrong["name"] = ["请填写支部名称"]
    known = set(Area.objects.filter(code__in=grids, level="grid", active=True).values_list("code", flat=True))
    said = [f"{grid} 不是在用的网格" for grid in sorted(grids - known)]
    said += [f"{grid} 不在本村（社区）内" for grid in sorted(known) if not grid.startswith(community)]
    taken = BranchGrid.objects.filter(grid__in=grids).exclude(branch=branch).select_related("branch")
    said += [f"{row.grid} 已建有{row.branch.name}，请先从该支部移出" for row in taken.order_by("grid")]
    if said:
        wrong["grids"] = said
    if not Area.objects.filter(code=community, level="community", active=True).exists():
        wrong["community"] = ["没有这个村（社区），或者它已停用"]
    if (
        secretary is not None
        and not Account.objects.filter(pk=secretary, is_active=True, party_member=True).exists()
    ):
        wrong["secretary"] = ["支部书记须是在用账号，并且是中共党员"]
    return wrong


@transaction.atomic
def close_branch(*, by: Actor, branch: int, reason: str) -> Branch:
    """Dissolves a branch; its grids stand without one, as the coverage page then says."""
    row = _branch(branch)
    require(by, "areas.edit", area=row.community)
    if not reason.strip():
        raise Refused("请写明撤销理由。", code="no_reason", fields={"reason": ["请写明撤销理由"]})
    BranchGrid.objects.filter(branch=row).delete()
    row.active = False
    row.save(update_fields=["active"])
    record(
        subject=f"areas.branch:{row.pk}", verb="close_branch", by=by, fields={"reason": reason.strip()[:200]}
    )
    return row


@transaction.atomic
def add_member(*, by: Actor, branch: int, account: int) -> BranchMember:
    """A party member of a branch; twice is once."""
    row = _branch(branch)
    require(by, "areas.edit", area=row.community)
    if not Account.objects.filter(pk=account, is_active=True, party_member=True).exists():
        said = "只有中共党员的在用账号可以加入支部"
        raise Refused(f"{said}。", code="not_a_member", fields={"account": [said]})
    member, made = BranchMember.objects.get_or_create(branch=row, account_id=account)
    if made:
        record(subject=f"areas.branch:{row.pk}", verb="add_member", by=by, fields={"account": account})
    return member


@transaction.atomic
def remove_member(*, by: Actor, branch: int, account: int) -> None:
    row = _branch(branch)
    require(by, "areas.edit", area=row.community)
    if row.secretary_id == account:
        raise Refused("此人是支部书记，请先更换书记。", code="is_secretary", status=409)
    gone, _ = BranchMember.objects.filter(branch=row, account=account).delete()
    if gone:
        record(subject=f"areas.branch:{row.pk}", verb="remove_member", by=by, fields={"account": account})


def _branch(number: int | None) -> Branch:
    row = Branch.objects.select_for_update().filter(pk=number).first()
    if row is None:
        raise Refused("没有这个支部。", code="no_branch", status=404)
    return row
