"""The duties areas itself keeps: grid posts, branch secretaries, heads of units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import transaction

from linli.areas import atlas, queries
from linli.areas.actions.posts import POSTS, place_keeper
from linli.areas.facts import UnitChanged
from linli.areas.models import Branch, BranchMember, Keeper, Unit
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.actions import tell
from linli.kernel.ledger.actions import Deed, record_many


def posts_of(account: int) -> Iterator[tuple[str, str]]:
    for grid, post in (
        Keeper.objects.filter(account=account, until=None).order_by("grid").values_list("grid", "post")
    ):
        yield f"{grid}:{post}", f"{queries.area_path(grid)} {POSTS[post]}"


def move_posts(account_from: int, account_to: int, ids: Sequence[int | str]) -> None:
    """Posts that somebody else was given in the meantime stay with them."""
    for ident in ids:
        grid, post = str(ident).split(":")
        kept = Keeper.objects.filter(grid=grid, post=post, account=account_from, until=None).exists()
        if kept:
            place_keeper(by=SYSTEM, grid=grid, post=post, account=account_to)


def branches_of(account: int) -> Iterator[tuple[int, str]]:
    for number, name in (
        Branch.objects.filter(secretary=account, active=True).order_by("pk").values_list("pk", "name")
    ):
        yield number, f"{name}书记"


def move_branches(account_from: int, account_to: int, ids: Sequence[int | str]) -> None:
    for branch in Branch.objects.select_for_update().filter(pk__in=ids, secretary=account_from):
        branch.secretary_id = account_to
        branch.save(update_fields=["secretary"])
        BranchMember.objects.get_or_create(branch=branch, account_id=account_to)
        _record(f"areas.branch:{branch.pk}", account_from, account_to)


def units_of(account: int) -> Iterator[tuple[str, str]]:
    for code, name in (
        Unit.objects.filter(head=account, active=True).order_by("code").values_list("code", "name")
    ):
        yield code, f"{name}负责人"


def move_units(account_from: int, account_to: int, ids: Sequence[int | str]) -> None:
    for unit in Unit.objects.select_for_update().filter(code__in=ids, head=account_from):
        unit.head_id = account_to
        unit.save(update_fields=["head", "changed"])
        _record(f"areas.unit:{unit.pk}", account_from, account_to)
        tell(UnitChanged(unit=unit.code, active=True))
    transaction.on_commit(atlas.look_again)


def _record(subject: str, account_from: int, account_to: int) -> None:
    fields = {"before": account_from, "after": account_to}
    record_many([Deed(subject, "hand_over", SYSTEM.ref, fields)])
