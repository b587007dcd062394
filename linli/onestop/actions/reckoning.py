"""核算: the amount of a decision comes from rules and incomes; another amount takes a reason and a second person."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.ledger.actions import record
from linli.onestop import bank, means, tariffs
from linli.onestop.actions import steps
from linli.onestop.actions.advance import Case
from linli.onestop.actions.working import held_task
from linli.onestop.books import book, terms
from linli.onestop.conditions import Household
from linli.onestop.incomes import given_of, sheet_of
from linli.onestop.models import Application, Reckoning, Task
from linli.onestop.reading import household_of

AGAIN = "请按“经济状况核算”页重新核算"


def latest(row: Application) -> Reckoning | None:
    """The sheet that counts: the last of this round."""
    return Reckoning.objects.filter(application=row, round=row.round).last()


def stands(row: Reckoning) -> bool:
    """Whether another amount was asked for and may be decided on."""
    if row.asked_fen is None or row.denied:
        return False
    return row.agreed_by_id is not None or not terms()["deviation"]["second_person"]


@transaction.atomic
def reckon_means(
    *, by: Actor, task: int, method: str, relatives: Sequence[Mapping[str, Any]],
    incomes: Sequence[Mapping[str, Any]], care: str = "", at: datetime | None = None,
) -> Reckoning:  # fmt: skip
    """核算 by the holder of the decision. `relatives`: {person, why, reason}; `incomes`: {person, kind, fen a month,
    disregard, note, source}; `care`: the care standard of methods that have one.

    Raises Refused 403, 404, 409, 422 naming every line that is wrong.
    """
    row, found = held_task(by, task, "onestop.decide")
    _must_decide(found)
    now = steps.moment(at)
    if method not in {one.code for one in book().methods_for(row.item.code)}:
        raise Refused(
            "本事项没有这种核算方法。", code="no_method", fields={"method": ["请选择列出的核算方法"]}
        )
    wrong = _wrong(row, relatives, incomes)
    if wrong:
        raise Refused("核算表填写有误，请按提示改正。", code="wrong_means", fields=wrong)
    given = {"relatives": [dict(one) for one in relatives], "incomes": [dict(one) for one in incomes],
             "care": care}  # fmt: skip
    sheet = reckoned(method, given, timezone.localdate(now))
    made = Reckoning.objects.create(
        application=row, round=row.round, method=method, given=json.dumps(given, ensure_ascii=False),
        sheet=json.dumps(as_json(sheet), ensure_ascii=False), fen=sheet.amount, eligible=sheet.eligible,
        by_id=by.account, at=now,
    )  # fmt: skip
    _record(by, made, "reckon_means", rules=sheet.versions())
    return made


def _must_decide(found: Task) -> None:
    if found.step != "decide":
        raise Refused("这项任务不是决定，请用“办理”。", code="not_a_decision", status=409)


def _wrong(
    row: Application, relatives: Sequence[Mapping[str, Any]], incomes: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    people = set(row.members.values_list("person", flat=True)) or {row.person_id}
    rules, wrong = book(), {}
    for one in relatives:
        if one["person"] not in people or one["why"] not in {*rules.always, *rules.never, "other"}:
            wrong[f"why_{one['person']}"] = ["请选择该成员是否计入"]
        elif one["why"] == "other" and not one.get("reason", "").strip():
            wrong[f"reason_{one['person']}"] = ["请写明计入的依据"]
    if missing := people - {one["person"] for one in relatives}:
        wrong.setdefault(f"why_{min(missing)}", ["每名成员都要说明是否计入"])
    known = {one.code for one in rules.disregards}
    for at, one in enumerate(incomes):
        if one["person"] not in people:
            wrong[f"person_{at}"] = ["请选择家庭成员"]
        if one["kind"] not in rules.kinds:
            wrong[f"kind_{at}"] = ["请选择收入类别"]
        if not isinstance(one["fen"], int) or one["fen"] < 0:
            wrong[f"yuan_{at}"] = ["请填写每月金额（元），没有收入填 0"]
        if one.get("disregard") and one["disregard"] not in known:
            wrong[f"disregard_{at}"] = ["请选择列出的不计入项目"]
    return wrong


def reckoned(method: str, given: Mapping[str, Any], day: date) -> means.Sheet:
    """The sheet of what was filled in, by the rules of the day. Raises Refused 422."""
    relatives = [means.Relative(o["person"], o["why"], o.get("reason", "")) for o in given["relatives"]]
    incomes = [
        means.Income(
            o["person"], o["kind"], o["fen"], o.get("disregard", ""),
            "，".join(said for said in (o.get("note", ""), f"来源：{o['source']}" if o.get("source") else "") if said),
        )
        for o in given["incomes"]
    ]  # fmt: skip
    try:
        return means.reckon(book(), method, day, relatives, incomes, care=given.get("care", ""))
    except (LookupError, ValueError) as wrong:
        said = str(wrong.args[0]) if wrong.args else "核算不成"
        raise Refused(f"不能核算：{said}。", code="wrong_means", fields={"method": [said]}) from None


def as_json(sheet: means.Sheet) -> dict[str, Any]:
    """The sheet with each rule it stood on written out: words, value, version, status, source."""
    figures = [
        {
            "zh": one.zh, "status": one.status, "source": one.source, "fen": one.fen,
            "times": float(one.times) or None, "valid_from": one.valid_from.isoformat(),
            "valid_to": one.valid_to.isoformat() if one.valid_to else None,
        }
        for one in sheet.figures
    ]  # fmt: skip
    return sheet.to_json() | {"figures": figures, "may_refuse": sheet.may_refuse, "edition": book().edition}


@transaction.atomic
def ask_amount(*, by: Actor, task: int, fen: int, reason: str, at: datetime | None = None) -> Reckoning:
    """另定金额: the holder of the decision wants another amount than the sheet or the tariff says, and why.

    Raises Refused 403, 404, 409 (nothing reckoned yet), 422.
    """
    row, found = held_task(by, task, "onestop.decide")
    _must_decide(found)
    said, now = steps.must_say(reason, "reason", "请写明另定金额的理由和依据"), steps.moment(at)
    held = latest(row) or _by_tariff(row, by, now)
    if held is None:
        raise Refused(f"还没有核算，不能另定金额。{AGAIN}。", code="not_reckoned", status=409)
    if fen <= 0 or fen == held.fen:
        raise Refused("另定的金额有误。", code="wrong_amount", fields={"fen": ["应大于零，且与核算金额不同"]})
    made = Reckoning.objects.create(
        application=row, round=row.round, method=held.method, given=held.given, sheet=held.sheet, fen=held.fen,
        eligible=held.eligible, by_id=held.by_id, at=now, asked_fen=fen, asked_reason=said, asked_by_id=by.account,
    )  # fmt: skip
    _record(by, made, "ask_amount", asked=str(fen), reason=said)
    return made


def _by_tariff(row: Application, by: Actor, now: datetime) -> Reckoning | None:
    found = tariff_of(row, household_of(row), timezone.localdate(now))
    if found is None:
        return None
    sheet = json.dumps(found.to_json(timezone.localdate(now)), ensure_ascii=False)
    return Reckoning(application=row, round=row.round, method="tariff", sheet=sheet, fen=found.fen,
                     eligible=True, by_id=by.account)  # fmt: skip


def tariff_of(row: Application, household: Household, day: date) -> tariffs.Tariff | None:
    return tariffs.tariff_for(terms()["tariff"], row.item.code, household, day)


@transaction.atomic
def agree_amount(
    *, by: Actor, task: int, agree: bool, reason: str = "", at: datetime | None = None
) -> Reckoning:
    """The second person: agrees to another amount, or not and why. Who asked cannot agree.

    Raises Refused 403 (who asked, kin, another unit), 404, 409, 422.
    """
    row, found = steps.locked_task(task)
    steps.require_on(by, "onestop.decide", row, found.unit)
    held = latest(row)
    if found.state != "open" or held is None or held.asked_fen is None or held.agreed_by_id or held.denied:
        raise Refused("没有等待同意的另定金额，请刷新后再看。", code="moved_on", status=409)
    if by.account is None or by.account == held.asked_by_id:
        raise Refused("提出另定金额的人不能自己同意，请由另一人办理。", code="second_person", status=403)
    if agree:
        held.agreed_by_id, held.agreed_at = by.account, steps.moment(at)
    else:
        held.denied = steps.must_say(reason, "reason", "请写明不同意的理由")[:200]
    held.save(update_fields=["agreed_by", "agreed_at", "denied"])
    _record(by, held, "agree_amount" if agree else "deny_amount", asked=str(held.asked_fen))
    return held


def _record(
    by: Actor, row: Reckoning, verb: str, rules: Mapping[str, str] | None = None, **personal: str
) -> None:
    fields: dict[str, Any] = {"reckoning": row.pk, "method": row.method, "eligible": int(row.eligible)}
    if rules:
        fields["rules"] = "；".join(f"{code} {version}" for code, version in rules.items())
    record(subject=row.application.subject, verb=f"onestop.{verb}", by=by, fields=fields,
           personal={"fen": str(row.fen), **personal})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amount:
    """What a decision grants, and the sheet it stands on."""

    fen: int | None
    sheet: dict[str, Any]
    versions: dict[str, str]


def amount_for(case: Case, fen: int | None, now: datetime) -> tuple[Amount, dict[str, list[str]]]:
    """The amount of an approval and what stands against it, by field. `fen`: what was typed, where typing is allowed:
    for items neither reckoned nor laid down, and below the most of a one-off. Raises Refused 409 when the rules have
    changed since the sheet was made."""
    row, item = case.row, case.row.item.code
    if book().methods_for(item):
        return _by_means(row, fen, now)
    if case.definition.pays and tariffs.has_tariff(terms()["tariff"], item):
        return _laid_down(case, fen, now)
    if case.definition.pays and (fen is None or fen < 0):
        return Amount(None, {}, {}), {"fen": ["请填写核定金额，不低于零"]}
    return Amount(fen, {}, {}), {}


def _by_means(row: Application, fen: int | None, now: datetime) -> tuple[Amount, dict[str, list[str]]]:
    held = latest(row)
    if held is None or not held.given:
        return Amount(None, {}, {}), {"sheet": [f"金额由核算得出，{AGAIN}"]}
    fresh = reckoned(held.method, given_of(held), timezone.localdate(now))
    if (fresh.amount, fresh.eligible) != (held.fen, held.eligible):
        raise Refused(f"核算之后规定或期限有了变化。{AGAIN}。", code="moved_on", status=409)
    kind = book().methods[held.method].kind
    found = Amount(held.fen, without_persons(as_json(fresh), held), fresh.versions())
    if held.asked_fen is not None and not held.denied:
        return _other(held, found, fen)
    if not held.eligible:
        return found, {"sheet": ["按核算表不符合条件：不能确认；确有特殊情况的，另定金额并说明理由"]}
    if kind == "cap":
        said = f"请填写核定金额，大于零，不超过 {bank.yuan(held.fen)} 元"
        wrong = {} if fen is not None and 0 < fen <= held.fen else {"fen": [said]}
        return Amount(fen, found.sheet, found.versions), wrong
    if kind == "test":
        return Amount(None, found.sheet, found.versions), {}
    return found, _typed(fen, held.fen)


def without_persons(sheet: dict[str, Any], held: Reckoning) -> dict[str, Any]:
    """What a decision keeps in the open: no income line, no person; the sealed sheet by its number and digest."""
    plain = {name: said for name, said in sheet.items() if name not in ("lines", "members", "outside")}
    sealed = {"reckoning": held.pk, "digest": hashlib.sha256(held.sheet.encode()).hexdigest()}
    return plain | {"heads": len(sheet.get("members", ()))} | sealed


def _typed(fen: int | None, due: int) -> dict[str, list[str]]:
    if fen is None or fen == due:
        return {}
    return {"fen": [f"金额由核算或标准得出，为 {bank.yuan(due)} 元；要另定金额的，先说明理由并由第二人同意"]}


def _other(held: Reckoning, found: Amount, fen: int | None) -> tuple[Amount, dict[str, list[str]]]:
    """Another amount than the sheet's, with who asked and who agreed."""
    asked = held.asked_fen or 0
    note = {
        "asked": {
            "fen": asked, "reason": held.asked_reason, "by": held.asked_by_id, "agreed_by": held.agreed_by_id,
        }
    }  # fmt: skip
    if not stands(held):
        return found, {"sheet": ["另定的金额还没有第二人同意"]}
    return Amount(asked, found.sheet | note, found.versions), _typed(fen, asked)


def _laid_down(case: Case, fen: int | None, now: datetime) -> tuple[Amount, dict[str, list[str]]]:
    day = timezone.localdate(now)
    row = tariff_of(case.row, case.household, day)
    if row is None:
        return Amount(None, {}, {}), {"sheet": ["发放标准里没有适用的一档，请核对申请人的情况或标准"]}
    sheet = row.to_json(day)
    found, held = Amount(row.fen, sheet, sheet["rules"]), latest(case.row)
    if held is not None and held.asked_fen is not None and not held.denied:
        return _other(held, found, fen)
    return found, _typed(fen, row.fen)


def refusal_faults(row: Application, ground: str, reason: str) -> dict[str, list[str]]:
    """Why incomes may not be the ground of this refusal: no sheet, one that says yes, or one that is still open."""
    if not book().methods_for(row.item.code):
        return {}
    if ground != "means":
        return {"ground": ["理由涉及收入的，请选择“收入不符”，以核算表为据"]} if "收入" in reason else {}
    held = latest(row)
    if held is None or not held.given:
        return {"ground": [f"收入不符须以核算表为据，{AGAIN}"]}
    sheet = sheet_of(held)
    if sheet["eligible"]:
        return {"ground": ["按核算表符合条件，收入不能作为不予确认的理由"]}
    still = [*sheet["unconfirmed"], *sheet["questions"]]
    if still:
        said = f"核算表里还有待核实的内容（{'；'.join(still)}），收入不能作为不予确认的理由"
        return {"ground": [said]}
    return {}
