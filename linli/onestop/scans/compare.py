"""What a reading and the case say differently. Each difference is a sentence for a person; none decides anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from linli.kernel.web.rules import mask_name, mask_number
from linli.onestop.scans.fields import Found, Reading
from linli.onestop.scans.papers import NUMBERS, Papers

SEX = {"m": "男", "f": "女"}


@dataclass(frozen=True, slots=True)
class Known:
    """A member of the case as registered; "" and None where the register does not say."""

    name: str
    number: str = ""
    birth: date | None = None
    sex: str = ""  # m, f


@dataclass(frozen=True, slots=True)
class Difference:
    """`field` as in scans.yaml, or "kind". `said`: for the page, with names and numbers masked."""

    field: str
    said: str


def differences(
    reading: Reading, expected: Sequence[str], people: Sequence[Known], form: Mapping[str, str], today: date, papers: Papers
) -> list[Difference]:  # fmt: skip
    """`expected`: the kinds this line of the checklist may be, none when unknown. `form`: what was typed, by entry."""
    if not reading.kind:
        words = "、".join(papers.kinds[one].zh for one in expected)
        return [Difference("kind", f"没有认出是{words}，请对照原件")] if expected else []
    kind = papers.kinds[reading.kind]
    found = []
    if reading.kind not in expected:
        found.append(Difference("kind", f"照片像{kind.zh}，不像清单要的材料"))
    for key, one in reading.fields.items():
        if one.doubt:
            found.append(Difference(key, f"{kind.fields[key].zh}：{one.doubt}，请对照原件"))
    return (
        found
        + _against_register(reading, people, papers)
        + _against_form(reading, form, papers)
        + _dates(reading, today)
    )


def _numbers(reading: Reading, papers: Papers) -> list[Found]:
    fields = papers.kinds[reading.kind].fields
    return [one for key, one in reading.fields.items() if fields[key].type in NUMBERS and one.sound]


def _against_register(reading: Reading, people: Sequence[Known], papers: Papers) -> list[Difference]:
    """The number finds the member; else the name does. What nobody registered cannot differ."""
    name = reading.fields.get("name")
    numbers = _numbers(reading, papers)
    who = next(
        (one for one in people for read in numbers if one.number and one.number == read.value[:18]), None
    )
    if who is None and numbers and any(one.number for one in people):
        named = next((one for one in people if name and one.name == name.value and not one.number), None)
        if named is None:
            said = f"证件号码与登记的家庭成员都不同：照片上是 {mask_number(numbers[0].value[:18])}"
            return [Difference("number", said)]
    if who is not None and name and name.value != who.name:
        said = f"姓名与登记不同：照片上是 {mask_name(name.value)}，号码登记的是 {mask_name(who.name)}"
        return [Difference("name", said)]
    if who is None:
        who = next((one for one in people if name and one.name == name.value), None)
    if who is None:
        return (
            [Difference("name", f"姓名不在家庭成员之内：照片上是 {mask_name(name.value)}")]
            if name and people
            else []
        )
    return _of_person(reading, who)


def _of_person(reading: Reading, who: Known) -> list[Difference]:
    told = {
        "birth": ("出生日期", who.birth.isoformat() if who.birth else ""),
        "sex": ("性别", SEX.get(who.sex, "")),
    }
    return [
        Difference(key, f"{words}与登记不同：照片上是 {reading.fields[key].value}，登记的是 {value}")
        for key, (words, value) in told.items()
        if value
        and key in reading.fields
        and reading.fields[key].sound
        and reading.fields[key].value != value
    ]


def _against_form(reading: Reading, form: Mapping[str, str], papers: Papers) -> list[Difference]:
    found = []
    for key, field in papers.kinds[reading.kind].fields.items():
        typed, read = form.get(field.offer, "") if field.offer else "", reading.fields.get(key)
        if typed and read and not same(field.type, typed, read.value):
            found.append(
                Difference(key, f"{field.zh}：申请表填的是 {typed}，照片上是 {shown(field.type, read.value)}")
            )
    return found


def same(kind: str, typed: str, read: str) -> bool:
    plain = "".join(typed.split())
    return plain.replace(",", "").replace("，", "") in _ways(int(read)) if kind == "amount" else plain == read


def _ways(fen: int) -> set[str]:
    """2350.00, 2350.0 and 2350, with or without 元."""
    bare = {f"{fen // 100}.{fen % 100:02d}"}
    bare |= {f"{fen // 100}.{fen % 100 // 10}"} if fen % 10 == 0 else set()
    bare |= {str(fen // 100)} if fen % 100 == 0 else set()
    return bare | {f"{one}元" for one in bare}


def shown(kind: str, value: str) -> str:
    """A value as people write it: 2350.00 for fen, names and numbers masked."""
    if kind == "amount":
        return f"{int(value) // 100}.{int(value) % 100:02d}"
    if kind in NUMBERS:
        return mask_number(value)
    return mask_name(value) if kind in ("name", "story_name") else value


def _dates(reading: Reading, today: date) -> list[Difference]:
    found = []
    until, signed = reading.fields.get("until"), reading.fields.get("date")
    if until and until.sound and until.value < today.isoformat():
        found.append(Difference("until", f"有效期已过：{until.value}"))
    if signed and signed.sound and signed.value > today.isoformat():
        found.append(Difference("date", f"开具日期在今天之后：{signed.value}"))
    return found
