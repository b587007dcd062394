"""Hand-overs: drafted, signed by both (or for one who cannot), moved on the day, given back at the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.areas import duties, rules
from linli.areas.duties import Item
from linli.areas.models import Handover, Keeper
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.identity.models import Account
from linli.kernel.ledger.actions import record


def digest(items: Sequence[Item]) -> str:
    """What a signature stands under: 16 hex digits over the list as it was shown."""
    plain = json.dumps(sorted([item.kind, str(item.id)] for item in items))
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def area_of_person(account: int) -> str:
    """The finest area that holds all somebody keeps and may do: whose administrator may hand over for them."""
    grids = Keeper.objects.filter(account=account, until=None).values_list("grid", flat=True)
    grants = Grant.objects.filter(account=account, valid_to=None).values_list("area", flat=True)
    return rules.common_area({*grids, *grants})


@transaction.atomic
def draft_handover(
    *,
    by: Actor,
    giver: int,
    receiver: int,
    reason: str,
    starts: date,
    ends: date | None = None,
    note: str = "",
) -> Handover:
    """A list of everything open, not yet signed. By the giver, or an administrator of the giver's area."""
    area = area_of_person(giver)
    if by.account is None or by.account != giver:
        require(by, "areas.edit", area=area)
    wrong = (
        rules.wrong_dates(reason, starts, ends) if reason in rules.REASONS else {"reason": ["请选择移交原因"]}
    )
    for field, account in (("giver", giver), ("receiver", receiver)):
        if not Account.objects.filter(pk=account, is_active=True, kind="staff").exists():
            wrong[field] = ["没有这个工作人员账号，或账号已停用"]
    if giver == receiver:
        wrong["receiver"] = ["接收人不能是移交人本人"]
    if wrong:
        raise Refused("移交单有误，请按提示改正。", code="wrong_handover", fields=wrong)
    values = {"giver_id": giver, "receiver_id": receiver, "reason": reason, "starts": starts, "ends": ends}
    try:
        with transaction.atomic():
            row = Handover.objects.create(
                area=area,
                note=note.strip()[:200],
                made_by_id=by.account,
                items=_plain(duties.open_items(giver)),
                **values,
            )
    except IntegrityError as why:
        raise Refused(
            "此人已有一份未办结的移交单，请先办完或撤销。", code="handover_open", status=409
        ) from why
    record(
        subject=_ref(row),
        verb="draft_handover",
        by=by,
        fields={"giver": giver, "receiver": receiver, "reason": reason},
    )
    return row


@transaction.atomic
def sign_handover(*, by: Actor, handover: int, seen: str) -> Handover:
    """The giver's or the receiver's signature under the list with digest `seen`; 409 when it changed since."""
    row = _locked(handover)
    if by.account is None or by.account not in (row.giver_id, row.receiver_id):
        raise Refused("只有移交人和接收人可以签字。", code="not_party", status=403)
    _refuse_changed(row, seen)
    field = "giver_signed" if by.account == row.giver_id else "receiver_signed"
    if getattr(row, field) is None:
        setattr(row, field, timezone.now())
        row.save(update_fields=[field])
        record(subject=_ref(row), verb="sign_handover", by=by, fields={"list": seen})
    return _complete(row)


@transaction.atomic
def sign_for_giver(*, by: Actor, handover: int, seen: str, reason: str) -> Handover:
    """An administrator signs for a giver who cannot; never the receiver, and never without a reason."""
    row = _locked(handover)
    require(by, "areas.edit", area=row.area)
    if by.account is None or by.account in (row.giver_id, row.receiver_id):
        raise Refused("代签须由移交双方以外的管理员办理。", code="own_handover", status=403)
    if not reason.strip():
        raise Refused(
            "请写明代签理由。", code="no_reason", fields={"reason": ["请写明代签理由，例如突发疾病"]}
        )
    _refuse_changed(row, seen)
    row.admin_id, row.admin_signed, row.admin_reason = by.account, timezone.now(), reason.strip()[:200]
    row.save(update_fields=["admin", "admin_signed", "admin_reason"])
    record(subject=_ref(row), verb="sign_for_giver", by=by, fields={"list": seen, "reason": row.admin_reason})
    return _complete(row)


@transaction.atomic
def cancel_handover(*, by: Actor, handover: int) -> Handover:
    """Before anything moved; by either side or an administrator."""
    row = Handover.objects.select_for_update().filter(pk=handover).first()
    if row is None or row.state not in ("drafted", "signed"):
        raise Refused("这份移交单已经移交或撤销。", code="handover_ended", status=409)
    if by.account is None or by.account not in (row.giver_id, row.receiver_id):
        require(by, "areas.edit", area=row.area)
    row.state = "cancelled"
    row.save(update_fields=["state"])
    record(subject=_ref(row), verb="cancel_handover", by=by)
    return row


@transaction.atomic
def give_back_handover(*, by: Actor, handover: int) -> Handover:
    """Before its last day, or when none was known: the giver is back. By either side or an administrator."""
    row = Handover.objects.select_for_update().filter(pk=handover, state="moved").first()
    if row is None or row.reason not in rules.RETURNING:
        raise Refused("这份移交单不在代管期间，无需交还。", code="handover_ended", status=409)
    if by.account is None or by.account not in (row.giver_id, row.receiver_id):
        require(by, "areas.edit", area=row.area)
    record(subject=_ref(row), verb="give_back_handover", by=by)
    _give_back(row)
    return row


def move_due(*, today: date | None = None) -> int:
    """Moves every signed list whose day has come; each in its own transaction. Returns how many."""
    today = today or timezone.localdate()
    due = (
        Handover.objects.filter(state="signed", starts__lte=today)
        .order_by("starts", "id")
        .values_list("pk", flat=True)
    )
    return sum(_each(pk, "signed", _move) for pk in list(due))


def return_due(*, today: date | None = None) -> int:
    """Gives back what was moved for a time, the day after its last day. Returns how many."""
    today = today or timezone.localdate()
    due = (
        Handover.objects.filter(state="moved", ends__lt=today)
        .order_by("ends", "id")
        .values_list("pk", flat=True)
    )
    return sum(_each(pk, "moved", _give_back) for pk in list(due))


def _each(number: int, state: str, act: Callable[[Handover], None]) -> int:
    with transaction.atomic():
        row = Handover.objects.select_for_update(skip_locked=True).filter(pk=number, state=state).first()
        if row is not None:
            act(row)
    return row is not None


def _complete(row: Handover) -> Handover:
    if not rules.fully_signed(bool(row.giver_signed), bool(row.receiver_signed), bool(row.admin_signed)):
        return row
    row.state = rules.MOVES[row.state]["complete"]
    row.save(update_fields=["state"])
    if row.starts <= timezone.localdate():
        _move(row)
    return row


def _move(row: Handover) -> None:
    """Everything open at this moment, which the record keeps; what came up after signing is part of it."""
    items = duties.open_items(row.giver_id)
    duties.move(row.giver_id, row.receiver_id, items)
    row.items, row.state, row.moved_at = _plain(items), rules.MOVES[row.state]["move"], timezone.now()
    row.save(update_fields=["items", "state", "moved_at"])
    record(
        subject=_ref(row),
        verb="move_handover",
        by=SYSTEM,
        fields={"items": len(items), "list": digest(items)},
    )


def _give_back(row: Handover) -> None:
    """Only what was on the list and is still open with the receiver; what was finished stays finished."""
    held = {(item.kind, str(item.id)) for item in duties.open_items(row.receiver_id)}
    items = [Item(kind, id_, title) for kind, id_, title in row.items if (kind, str(id_)) in held]
    duties.move(row.receiver_id, row.giver_id, items)
    row.state, row.returned_at = rules.MOVES[row.state]["return"], timezone.now()
    row.save(update_fields=["state", "returned_at"])
    record(
        subject=_ref(row),
        verb="return_handover",
        by=SYSTEM,
        fields={"items": len(items), "list": digest(items)},
    )


def _locked(number: int) -> Handover:
    row = Handover.objects.select_for_update().filter(pk=number).first()
    if row is None:
        raise Refused("没有找到这份移交单。", code="no_handover", status=404)
    if row.state != "drafted":
        raise Refused("这份移交单已经签完或撤销，不能再签。", code="handover_ended", status=409)
    return row


def _refuse_changed(row: Handover, seen: str) -> None:
    """Nobody signs a list they have not read: it is drawn again when work came or went in between."""
    now = duties.open_items(row.giver_id)
    if digest(now) == seen:
        return
    message = "清单在您查看期间有变化，请刷新后核对再签字。"
    raise Refused(message, code="list_changed", status=409)


def _plain(items: Sequence[Item]) -> list[list]:
    return [[item.kind, item.id, item.title] for item in items]


def _ref(row: Handover) -> str:
    return f"areas.handover:{row.pk}"
