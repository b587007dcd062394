"""The means test: who counts, what counts, what it comes to. Integer fen a month; figures are dated data.

A figure nobody has confirmed may be reckoned with, never refused upon: `Sheet.may_refuse` is false then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A dated value with its source: fen a month, or a multiple of a standard."""

    code: str
    zh: str
    status: str  # cited | known | to_confirm
    source: str
    valid_from: date
    valid_to: date | None  # the last day, None while no end is known
    fen: int = 0
    times: Fraction = Fraction(0)
    ask: str = ""
    at_most: int | None = None  # of a disregard, fen a month and person

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Method:
    """How an amount comes about: difference, tiers, flat, test (no money) or cap (the most a one-off may be)."""

    code: str
    zh: str
    kind: str
    standard: str
    status: str
    source: str
    items: tuple[str, ...]
    limit: str = ""
    add: tuple[str, ...] = ()
    tiers: tuple[tuple[Fraction, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """One edition of data/means.yaml."""

    edition: int
    figures: tuple[Figure, ...]
    disregards: tuple[Figure, ...]
    methods: Mapping[str, Method]
    always: Mapping[str, str]
    never: Mapping[str, str]
    kinds: Mapping[str, str]

    def figure(self, code: str, day: date) -> Figure:
        """Raises LookupError when nothing of that name is in force on the day."""
        return _on(self.figures, code, day)

    def methods_for(self, item: str) -> tuple[Method, ...]:
        return tuple(one for one in self.methods.values() if item in one.items)


@dataclass(frozen=True, slots=True)
class Relative:
    """Somebody of the household: `why` is a code of the membership rules; another word needs `reason`."""

    person: int
    why: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Income:
    """A line of income: fen a month of one person; `disregard` names why it might not count."""

    person: int
    kind: str
    fen: int
    disregard: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """An income line with what was left out and what remains."""

    income: Income
    left_out: int
    counted: int
    why: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The calculation, ready to be kept: every line, every rule it stood on."""

    method: str
    day: date
    members: tuple[int, ...]
    outside: tuple[tuple[int, str], ...]
    lines: tuple[Counted, ...]
    income: int  # fen a month, of all who count
    limit: int  # fen a month the household's income is held against
    amount: int  # fen
    eligible: bool
    figures: tuple[Figure, ...]
    questions: tuple[str, ...]

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        return tuple(one.zh for one in self.figures if one.status == "to_confirm")

    @property
    def may_refuse(self) -> bool:
        """Whether this sheet may be the ground of a refusal: it says no, and nothing in it is still open."""
        return not self.eligible and not self.unconfirmed and not self.questions

    def versions(self) -> dict[str, str]:
        """Rules by code with the day they came into force, for the decision: no personal value."""
        return {one.code: f"{one.valid_from.isoformat()} {one.status}" for one in self.figures} | {
            "method": self.method
        }

    def to_json(self) -> dict[str, Any]:
        """The whole sheet; personal, to be kept encrypted."""
        lines = [
            {
                "person": one.income.person, "kind": one.income.kind, "fen": one.income.fen,
                "left_out": one.left_out, "counted": one.counted, "why": one.why, "note": one.income.note,
            }
            for one in self.lines
        ]  # fmt: skip
        return {
            "method": self.method, "day": self.day.isoformat(), "members": list(self.members),
            "outside": [list(one) for one in self.outside], "lines": lines, "income": self.income,
            "limit": self.limit, "amount": self.amount, "eligible": self.eligible, "rules": self.versions(),
            "unconfirmed": list(self.unconfirmed), "questions": list(self.questions),
        }  # fmt: skip


def parse_book(raw: Mapping[str, Any]) -> Book:
    """Raises KeyError, ValueError for a book that is not one."""
    house = raw["membership"]
    return Book(
        edition=raw["edition"],
        figures=tuple(map(_figure, raw["figures"])),
        disregards=tuple(map(_figure, raw["disregards"])),
        methods={row["code"]: _method(row) for row in raw["methods"]},
        always=house["always"],
        never=house["never"],
        kinds=raw["income_kinds"],
    )


def _figure(row: Mapping[str, Any]) -> Figure:
    if row["status"] not in ("cited", "known", "to_confirm"):
        raise ValueError(f"{row['code']}: status {row['status']}")
    times = Fraction(*row["times"]) if "times" in row else Fraction(0)
    return Figure(
        row["code"], row["zh"], row["status"], row["source"], row["valid_from"], row["valid_to"],
        row.get("fen", 0), times, row.get("ask", ""), row.get("at_most"),
    )  # fmt: skip


def _method(row: Mapping[str, Any]) -> Method:
    tiers = tuple((Fraction(*one["up_to"]), one["fen"]) for one in row.get("tiers", ()))
    return Method(
        row["code"], row["zh"], row["kind"], row["standard"], row["status"], row["source"],
        tuple(row["items"]), row.get("limit", ""), tuple(row.get("add", ())), tiers,
    )  # fmt: skip


def _on(figures: Sequence[Figure], code: str, day: date) -> Figure:
    found = [one for one in figures if one.code == code and one.holds_on(day)]
    if not found:
        raise LookupError(f"{code}：{day.isoformat()} 没有有效的规定")
    return max(found, key=lambda one: one.valid_from)


def household(
    book: Book, relatives: Sequence[Relative]
) -> tuple[tuple[int, ...], tuple[tuple[int, str], ...], tuple[str, ...]]:
    """Who counts, who does not and why, and what somebody has to explain first."""
    inside, outside, questions = [], [], []
    for one in relatives:
        if one.why in book.never:
            outside.append((one.person, book.never[one.why]))
            continue
        inside.append(one.person)
        if one.why not in book.always and not one.reason:
            questions.append("有成员是否共同生活尚未说明，请写明依据")
    return tuple(dict.fromkeys(inside)), tuple(outside), tuple(dict.fromkeys(questions))


def count(book: Book, income: Income, day: date) -> tuple[Counted, Figure | None, str]:
    """One line with its disregard applied, the rule used, and the question it raises ("" mostly).

    A disregard whose time is over no longer takes anything off, but asks when its rule says so.
    """
    named = [one for one in book.disregards if one.code == income.disregard]
    if income.disregard and not named:
        raise LookupError(f"没有“{income.disregard}”这项不计入收入的规定")
    holding = [one for one in named if one.holds_on(day)]
    if not holding:
        late = max(named, key=lambda one: one.valid_from, default=None)
        return Counted(income, 0, income.fen, late.zh if late else ""), late, late.ask if late else ""
    rule = holding[-1]
    left = income.fen if rule.at_most is None else min(income.fen, rule.at_most)
    return Counted(income, left, income.fen - left, rule.zh), rule, ""


def reckon(
    book: Book, method: str, day: date, relatives: Sequence[Relative], incomes: Sequence[Income],
    *, care: str = "",
) -> Sheet:  # fmt: skip
    """The sheet of a household on a day. `care`: the care standard of `flat` methods.

    Income of those outside the household is no income of it. Raises LookupError for unknown rules, ValueError for
    negative income, no member, or a kind nobody knows.
    """
    rule = book.methods[method]
    members, outside, questions = household(book, relatives)
    if not members:
        raise ValueError("没有计入的家庭成员")
    if any(one.fen < 0 or one.kind not in book.kinds for one in incomes):
        raise ValueError("收入不能为负，且须选择收入类别")
    standard = book.figure(rule.standard, day)
    used, asked, lines = [standard], list(questions), []
    for one in (one for one in incomes if one.person in members):
        line, stood_on, question = count(book, one, day)
        lines.append(line)
        used += [stood_on] if stood_on else []
        asked += [question] if question else []
    total = sum(line.counted for line in lines)
    limit, amount, more = _amount(book, rule, standard, day, len(members), total, care)
    eligible = total < limit or rule.kind in ("flat", "cap")
    used += [*more, Figure(rule.code, rule.zh, rule.status, rule.source, day, None)]
    return Sheet(
        method, day, members, outside, tuple(lines), total, limit, amount if eligible else 0, eligible,
        tuple(dict.fromkeys(used)), tuple(dict.fromkeys(asked)),
    )  # fmt: skip


def _amount(
    book: Book, rule: Method, standard: Figure, day: date, heads: int, income: int, care: str
) -> tuple[int, int, list[Figure]]:
    """(the line income is held against, the amount, the further figures used)."""
    line, more = standard.fen * heads, []
    if rule.limit:
        times = book.figure(rule.limit, day)
        line, more = int(standard.fen * heads * times.times), [times]
    if rule.kind == "difference":
        return line, difference(standard.fen, heads, income), more
    if rule.kind == "tiers":
        return line, tiered(rule.tiers, standard.fen, heads, income), more
    if rule.kind == "flat":
        if care and care not in rule.add:
            raise LookupError(f"没有“{care}”这一档照料护理标准")
        extra = [book.figure(care, day)] if care else []
        return line, standard.fen * heads + sum(one.fen for one in extra), extra
    return line, line if rule.kind == "cap" else 0, more


def difference(standard: int, members: int, income: int) -> int:
    """补差: max(0, standard × members − counted income), fen a month (民发〔2021〕57号)."""
    return max(0, standard * members - income)


def tiered(tiers: Sequence[tuple[Fraction, int]], standard: int, members: int, income: int) -> int:
    """分档: fen a month by the first tier whose share of the standard the income a head stays under; 0 beyond all."""
    share = Fraction(income, members * standard)
    return next((fen * members for up_to, fen in tiers if share < up_to), 0)
