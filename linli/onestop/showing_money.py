"""Sheets, entitlements and batches in the words of the pages. No requests here."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from linli.kernel.web.rules import mask_number
from linli.onestop import bank
from linli.onestop.books import book, terms
from linli.onestop.models import Application, Entitlement, Reckoning
from linli.onestop.paying import add_months
from linli.people.models import Person

STATUS = {"cited": ("已核实", "ok"), "known": ("条款待对照", "paused"), "to_confirm": ("待核实", "warn")}
KIND_WORDS = {
    "difference": "户月补差", "tiers": "户月保障金", "flat": "月供养金", "cap": "一次最高额", "test": "收入是否低于界线",
}  # fmt: skip
TRANSFER_TONES = {"waiting": "warn", "sent": "warn", "paid": "ok", "failed": "bad", "returned": "bad"}
BATCH_TONES = {"made": "warn", "checked": "warn", "sent": "ok", "void": "paused"}
MOST_MONTHS = 24  # of payments a resident's page shows
PER = {"monthly": "每月", "yearly": "每年", "one_off": "一次性"}


def yuan(fen: int | None) -> str:
    """ "1,650.00 元"; an empty text for no amount."""
    if fen is None:
        return ""
    whole, _, part = bank.yuan(abs(fen)).partition(".")
    return f"{'-' if fen < 0 else ''}{int(whole):,}.{part} 元"


def month_words(month: date | None) -> str:
    return f"{month.year}年{month.month}月" if month else ""


def masked_account(number: str) -> str:
    return mask_number(number) if number else "未登记"


def names_of(people: list[int]) -> dict[int, str]:
    return {one.pk: one.masked_name for one in Person.objects.filter(pk__in=people)}


def sheet_words(sheet: Mapping[str, Any], row: Reckoning | None = None) -> dict[str, Any]:
    """A sheet ready to be read line by line: people, incomes, what was left out and why, rules with their status."""
    rules = book()
    method = rules.methods.get(sheet["method"])
    people = names_of([*sheet.get("members", ()), *(one[0] for one in sheet.get("outside", ()))])
    kind = method.kind if method else "tariff"
    return {
        "method": method.zh if method else sheet.get("tariff", ""),
        "label": KIND_WORDS.get(kind, "发放标准"),
        "kind": kind,
        "day": date.fromisoformat(sheet["day"]),
        "members": [people.get(one, "") for one in sheet.get("members", ())],
        "outside": [(people.get(one, ""), why) for one, why in sheet.get("outside", ())],
        "lines": [
            {
                "who": people.get(one["person"], ""), "kind": rules.kinds.get(one["kind"], one["kind"]),
                "note": one["note"], "why": one["why"], "fen": yuan(one["fen"]), "out": yuan(one["left_out"]),
                "counted": yuan(one["counted"]),
            }
            for one in sheet.get("lines", ())
        ],
        "income": yuan(sheet.get("income")), "limit": yuan(sheet.get("limit")), "amount": yuan(sheet["amount"]),
        "eligible": sheet["eligible"],
        "figures": [_figure(one) for one in sheet.get("figures", ())],
        "unconfirmed": list(sheet.get("unconfirmed", ())), "questions": list(sheet.get("questions", ())),
        "may_refuse": bool(sheet.get("may_refuse")), "edition": sheet.get("edition", terms()["edition"]),
        "row": row,
    }  # fmt: skip


def _figure(one: Mapping[str, Any]) -> dict[str, Any]:
    words, tone = STATUS[one["status"]]
    value = yuan(one["fen"]) if one.get("fen") else f"{one['times']:g} 倍" if one.get("times") else ""
    until = f"，至 {one['valid_to']}" if one.get("valid_to") else ""
    return {
        "zh": one["zh"], "value": value, "version": f"{one['valid_from']} 起{until}", "words": words, "tone": tone,
        "source": one["source"],
    }  # fmt: skip


def paid_words(line: Any, again: str) -> tuple[str, str, str]:
    """(words, tone, what the person has to do) for one month's money; `again`: what is wrong with the account."""
    if line.state == "paid":
        return "已到账", "ok", ""
    if line.state == "sent":
        return "已送银行", "warn", "银行一般几个工作日内入账。"
    if line.state == "waiting":
        return "正在办理发放", "warn", ""
    said = f"没有发成：{line.transfer.reason}" if line.transfer.reason else "没有发成"
    if again:
        return said, "bad", "请带身份证和银行卡到窗口更正收款账户，更正后自动补发。"
    return said, "bad", "下一批会自动重发，不用您办理。"


def paid_to(case: Application) -> dict[str, Any] | None:
    """The money of a case as its applicant reads it: from when, how much, each month and what to do; None for none."""
    row = Entitlement.objects.filter(decision__application=case).first()
    if row is None:
        return None
    account = row.hold or ("" if row.account else "没有登记收款账户")
    lines = row.lines.exclude(state="void").select_related("transfer").order_by("-month", "-id")[:MOST_MONTHS]
    shown = []
    for one in lines:
        words, tone, todo = paid_words(one, account)
        shown.append((month_words(one.month), one.kind == "correction", yuan(one.fen), words, tone, todo))
    end = row.first if row.months.isempty else row.months.upper
    return {
        "from": month_words(row.first), "amount": f"{PER[row.kind]} {yuan(row.fen)}", "lines": shown,
        "account": masked_account(row.account), "wrong": account,
        "until": month_words(add_months(end, -1)) if end and row.kind != "one_off" and end > row.first else "",
        "stopped": bool(row.stopped),
    }  # fmt: skip
