"""The income lines an officer starts from: earlier sheets, the form, what departments answered; each with its source."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from linli.onestop.models import Application, Reckoning

# material of the shared look-up -> the kind of income it tells of
KIND_OF = {"SI": "transfer", "TAX": "wage", "BIZ": "business", "BANK": "property"}
WORDS = (
    ("工资", "wage"), ("务工", "wage"), ("经营", "business"), ("租金", "property"), ("利息", "property"),
    ("养老金", "transfer"), ("赡养", "transfer"), ("补贴", "transfer"),
)  # fmt: skip
YUAN = re.compile(r"(?:每月|月)?\s*(\d{1,7}(?:\.\d{1,2})?)\s*元")
RELATION = {"配偶": "spouse", "妻": "spouse", "丈夫": "spouse", "妻子": "spouse", "本人": "applicant"}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the page: fen a month, None where only the officer can say."""

    person: int
    kind: str
    fen: int | None
    disregard: str
    note: str
    source: str


def offered(row: Application) -> list[Line]:
    """What is known before anybody types: the last sheet of the case, else the form and every answer that came."""
    last = last_given(row)
    if last is not None:
        return [
            Line(
                one["person"],
                one["kind"],
                one["fen"],
                one.get("disregard", ""),
                one["note"],
                one.get("source", ""),
            )
            for one in given_of(last).get("incomes", ())
        ]
    return [*_from_form(row), *_from_lookups(row)]


def _from_form(row: Application) -> Iterator[Line]:
    written: Mapping[str, Any] = json.loads(row.form) if row.form else {}
    for name, said in written.items():
        if "收入" not in name or isinstance(said, dict | list):
            continue
        yield Line(row.person_id, kind_of(f"{name}{said}"), fen_in(str(said)), "", name[:60], "申请表")


def _from_lookups(row: Application) -> Iterator[Line]:
    slots = row.slots.filter(material__in=KIND_OF).prefetch_related("lookups__member")
    for slot in slots:
        for one in slot.lookups.all():
            if one.state != "answered" or one.result == "absent":
                continue  # no record: no income of that kind to count
            source = f"{one.source}：{one.get_result_display()}{f'（{one.note}）' if one.note else ''}"
            fen = fen_in(one.note)
            yield Line(one.member.person_id, KIND_OF[slot.material], fen, "", slot.name[:60], source[:120])


def kind_of(words: str) -> str:
    return next((kind for word, kind in WORDS if word in words), "wage")


def fen_in(words: str) -> int | None:
    """The first amount in yuan a text names, as fen."""
    found = YUAN.search(words) or re.fullmatch(r"\s*(\d{1,7}(?:\.\d{1,2})?)\s*", words)
    if found is None:
        return None
    whole, _, part = found.group(1).partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


def why_of(row: Application) -> dict[int, str]:
    """Person -> why they count, as far as the relation told says so; "" where the officer has to say."""
    last = last_given(row)
    if last is not None:
        return {one["person"]: one["why"] for one in given_of(last).get("relatives", ())}
    found = {}
    for one in row.members.all():
        minor = (one.facts.get("age") or 99) < 18
        known = RELATION.get(one.relation.strip(), "")
        known = "applicant" if one.person_id == row.person_id else known or ("minor_child" if minor else "")
        found[one.person_id] = known
    return found or {row.person_id: "applicant"}


def last_given(row: Application) -> Reckoning | None:
    """The last sheet of the case that was filled in. The column is sealed: an empty one is told by its method."""
    return Reckoning.objects.filter(application=row).exclude(method="tariff").last()


def given_of(row: Reckoning) -> dict[str, Any]:
    return json.loads(row.given) if row.given else {}


def sheet_of(row: Reckoning) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row.sheet)
    return found
