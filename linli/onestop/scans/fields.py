"""From lines of text to the fields of a paper. Values only: no picture, no database, no clock.

A value is `sound` when the paper itself confirms it: a number by its checksum (GB 11643-1999), an amount by its
capitals, a date by the calendar. What is not sound is shown, never offered. Nothing is ever corrected by guess:
a repaired number would pass its checksum and be somebody else's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from linli.kernel.ocr.lines import Line, rows
from linli.onestop.scans.capitals import CAPITAL, from_capitals
from linli.onestop.scans.papers import Field, Kind, Papers, kind_of
from linli.people.rules import birth_of, check_digit

_DIGITS = str.maketrans("０１２３４５６７８９ｘＸxOoQDIl|", "0123456789XXX0000111")
_NUMBER = re.compile(r"(?<![0-9X])(\d{17}[\dX])(?![0-9X])")
_DISABILITY = re.compile(r"(?<![0-9X])(\d{17}[\dX][1-7][1-4])(?:B\d)?(?![0-9X])")
_DATE = re.compile(r"(\d{4})\s*[年.\-/]\s*(\d{1,2})\s*[月.\-/]\s*(\d{1,2})\s*日?")
_FIGURES = re.compile(r"[¥￥YV]?\s*(\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.(\d{1,2}))?")
_HAN = "一-鿿·"
_CATEGORY_DIGITS = ["视力", "听力", "言语", "肢体", "智力", "精神", "多重"]


@dataclass(frozen=True, slots=True)
class Found:
    """A field as read: its value (ISO day, fen as digits, bare number), how sure the machine was, why it is doubted."""

    value: str
    score: float
    doubt: str = ""

    @property
    def sound(self) -> bool:
        return not self.doubt


@dataclass(frozen=True, slots=True)
class Reading:
    """The kind of paper ("" unknown) and what was found on it, by field."""

    kind: str
    fields: dict[str, Found]


@dataclass(frozen=True, slots=True)
class _Text:
    """The page as rows of text, each with the least score of its lines."""

    rows: tuple[tuple[str, float], ...]

    @property
    def all(self) -> str:
        return "".join(text for text, _ in self.rows)

    def score_of(self, value: str) -> float:
        near = [score for text, score in self.rows if value[:6] in text]
        return round(min(near or [score for _, score in self.rows] or [0.0]), 3)


def understand(lines: Sequence[Line], known: Papers, kind: str = "") -> Reading:
    """What a page is and says; `kind` when it is known already. An unknown kind has no fields."""
    text = _Text(tuple((_joined(row), min(line.score for line in row)) for row in rows(lines)))
    found = kind or kind_of(text.all, known)
    if not found:
        return Reading("", {})
    read = {}
    for field in known.kinds[found].fields.values():
        one = READERS[field.type](text, field, known.kinds[found], known)
        if one is not None:
            read[field.key] = one
    return Reading(found, _agreed(read))


def _joined(row: Sequence[Line]) -> str:
    """One space between lines, none within: 姓  名 is 姓名."""
    return " ".join("".join(line.text.split()) for line in row)


def _after(text: _Text, field: Field, kind: Kind) -> list[tuple[str, float]]:
    """What stands behind the field's label up to the next one, on its row: labels read exactly first, then those
    with one character misread. Several, because a reader takes the first that makes sense to it."""
    stop = _stop(kind)
    found = []
    for pattern in (_exactly(field.labels), _nearly(field.labels)):
        for words, score in text.rows:
            for at in pattern.finditer(words) if field.labels else ():
                rest = words[at.end() :].lstrip(" ：:")
                end = stop.search(rest)
                found.append(((rest[: end.start()] if end else rest).strip(), score))
    return found


def _spaced(label: str) -> str:
    """姓名 is also found as 姓 名."""
    return " ?".join(map(re.escape, label))


@cache
def _exactly(labels: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_spaced, sorted(labels, key=len, reverse=True))))


@cache
def _nearly(labels: tuple[str, ...]) -> re.Pattern[str]:
    """At the beginning of a line only, where labels stand."""
    forms = [
        " ?".join("[一-鿿]" if other == at else re.escape(sign) for other, sign in enumerate(label))
        for label in sorted(labels, key=len, reverse=True)
        for at in range(len(label))
    ]
    return re.compile(rf"(?:^|(?<= ))(?:{'|'.join(forms)})")


@cache
def _stops(labels: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        f"{_exactly(labels).pattern}|{_nearly(tuple(one for one in labels if len(one) > 2)).pattern}"
    )


def _stop(kind: Kind) -> re.Pattern[str]:
    """Where the next label begins."""
    labels = {label for one in kind.fields.values() for label in one.labels} | set(kind.stops)
    return _stops(tuple(sorted(labels)))


def _name(text: _Text, field: Field, kind: Kind, known: Papers) -> Found | None:
    for words, score in _after(text, field, kind):
        found = re.match(rf"[{_HAN}]{{2,12}}", "".join(words.split()))
        if found and found[0] not in known.words["not_a_name"]:
            return Found(found[0], score)
    return None


def _story_name(text: _Text, field: Field, kind: Kind, known: Papers) -> Found | None:
    """兹证明王某某，… or 兹证明我单位职工王某某（…; the plainest label first."""
    plain = text.all.replace(" ", "")
    for label in field.labels:
        found = re.search(
            rf"{label}(?:我单位|本单位|我村|本村)?(?:职工|员工|村民|居民)?(?:同志)?[:：]?([{_HAN}]{{2,12}}?)(?:同志)?[，,.。（(、；;：:]",
            plain,
        )
        if found and found[1] not in known.words["not_a_name"]:
            return Found(found[1], text.score_of(found[1]))
    return None


def _sex(text: _Text, field: Field, kind: Kind, known: Papers) -> Found | None:
    for words, score in _after(text, field, kind):
        if words[:1] in ("男", "女"):
            return Found(words[0], score)
    return None


def _listed(text: _Text, field: Field, kind: Kind, known: Papers) -> Found | None:
    """A word of a closed list, the longest that fits."""
    for words, score in _after(text, field, kind):
        plain = "".join(words.split())
        for word in sorted(known.words[field.type], key=len, reverse=True):
            if plain.startswith(word):
                return Found(word, score)
    return None


def _day(year: str, month: str, day: str) -> Found:
    try:
        return Found(date(int(year), int(month), int(day)).isoformat(), 1.0)
    except ValueError:
        return Found(f"{year}-{month}-{day}", 1.0, "日历上没有这一天")


def _date(text: _Text, field: Field, kind: Kind, known: Papers) -> Found | None:
    for words, score in _after(text, field, kind):
        if found := _DATE.search(words.replace(" ", "").translate(_DIGITS)):
            day = _day(*found.groups())
            return Found(day.value, score, day.doubt)
    return None


def _last_date(text: _Text, field: Field, kind: Kind, known: Papers) -> Found | None:
    """The day a letter is signed: the last one on it."""
    for words, score in reversed(text.rows):
        found = list(_DATE.finditer(words.replace(" ", "").translate(_DIGITS)))
        if found:
            day = _day(*found[-1].groups())
            return Found(day.value, score, day.doubt)
    return None


def number_doubt(number: str) -> str:
    """Why an identity number is not to be believed; "" when birth date and checksum hold."""
    if birth_of(number) is None:
        return "其中的出生日期不存在"
    return "" if check_digit(number[:17]) == number[17] else "校验位不符"


def _number(text: _Text, field: Field, kind: Kind, known: Papers) -> Found | None:
    """Behind its label, else anywhere; one whose checksum holds is preferred, none is mended."""
    return _of_pattern(text, field, kind, _NUMBER)


def _disability_number(text: _Text, field: Field, kind: Kind, known: Papers) -> Found | None:
    """Twenty characters: the identity number, a digit for the category, one for the grade (残疾人证管理办法)."""
    return _of_pattern(text, field, kind, _DISABILITY)


def _of_pattern(text: _Text, field: Field, kind: Kind, pattern: re.Pattern[str]) -> Found | None:
    places = [*_after(text, field, kind), *text.rows]
    found = [
        Found(one, score, number_doubt(one[:18]))
        for words, score in places
        for one in pattern.findall(_bare(words))
    ]
    if not found:
        return _torn(text, pattern)
    return next((one for one in found if one.sound), found[0])


def _bare(words: str) -> str:
    return words.replace(" ", "").translate(_DIGITS)


def _torn(text: _Text, pattern: re.Pattern[str]) -> Found | None:
    """A number broken over two rows; believed only with its checksum."""
    for (first, one), (second, other) in zip(text.rows, text.rows[1:], strict=False):
        for number in pattern.findall(_bare(first) + _bare(second)):
            if not number_doubt(number[:18]):
                return Found(number, min(one, other))
    return None


def _amount(text: _Text, field: Field, kind: Kind, known: Papers) -> Found | None:
    """Fen. Sound only when figures and capitals say the same."""
    plain = text.all.replace(" ", "")
    capitals = [fen for one in CAPITAL.finditer(plain) if (fen := from_capitals(one[0])) is not None]
    figures = [fen for fen, marked in _figures(plain) if marked]
    score = text.score_of("人民币")
    if capitals and capitals[0] in figures:
        return Found(str(capitals[0]), score)
    if capitals and figures:
        return Found(str(figures[0]), score, "大写与小写金额不一致")
    if capitals or figures:
        return Found(str((figures or capitals)[0]), score, "只读出大写或小写中的一个")
    return None


def _figures(plain: str) -> list[tuple[int, bool]]:
    """Amounts in figures, each with whether a currency sign or 元 marks it as money."""
    found = []
    for one in _FIGURES.finditer(plain):
        whole = int(re.sub(r"[,，]", "", one[1]))
        marked = one[0][0] in "¥￥YV" or plain[one.end() : one.end() + 1] in ("元", "圆")
        found.append((whole * 100 + int((one[2] or "0").ljust(2, "0")), marked))
    return found


def _employer(text: _Text, field: Field, kind: Kind, known: Papers) -> Found | None:
    """The signature of a letter: a row that begins with its label, the last one."""
    label = "|".join(map(re.escape, field.labels))
    for words, score in reversed(text.rows):
        found = re.match(rf"(?:{label})[:：]?(.{{4,}})", "".join(words.split()))
        if found:
            return Found(found[1].strip("：:，,。"), score)
    return None


_PLACE = re.compile(r"^.*(?:省|自治区|市).*(?:市|县|区|镇|乡|路|街|村)")


def _address(text: _Text, field: Field, kind: Kind, known: Papers) -> Found | None:
    """Behind its label, or the first row that names places; runs on over the next rows until a label or number begins."""
    exact, stop = _exactly(field.labels), _stop(kind)
    starts = [(at, found.end()) for at, (words, _) in enumerate(text.rows) if (found := exact.search(words))]
    starts += [(at, 0) for at, (words, _) in enumerate(text.rows) if _PLACE.match(words)]
    for at, place in starts[:1]:
        words, least = text.rows[at]
        parts = [words[place:]]
        for more, sure in text.rows[at + 1 : at + 3]:
            if stop.search(more) or re.search(r"\d{15}", more) or len(more) < 3:
                break
            parts.append(more)
            least = min(least, sure)
        said = "".join("".join(parts).split()).lstrip("：:")
        return Found(said, least) if len(said) >= 4 else None
    return None


def _agreed(read: dict[str, Found]) -> dict[str, Found]:
    """A sound number tells birth and sex too; a paper that contradicts itself is doubted there, not corrected."""
    number = read.get("number")
    if number is None or not number.sound:
        return read
    born, sex = birth_of(number.value), "男" if int(number.value[16]) % 2 else "女"
    told = {"birth": born.isoformat() if born else "", "sex": sex}
    if len(number.value) == 20:
        told |= {
            "category": _CATEGORY_DIGITS[int(number.value[18]) - 1],
            "grade": f"{'一二三四'[int(number.value[19]) - 1]}级",
        }
    return {
        key: Found(one.value, one.score, "与证件号码不一致")
        if key in told and one.sound and one.value != told[key]
        else one
        for key, one in read.items()
    }


READERS: dict[str, Callable[[_Text, Field, Kind, Papers], Found | None]] = {
    "name": _name, "story_name": _story_name, "sex": _sex, "nation": _listed, "relation": _listed, "category": _listed,
    "grade": _listed, "date": _date, "last_date": _last_date, "number": _number, "disability_number": _disability_number,
    "amount": _amount, "employer": _employer, "address": _address,
}  # fmt: skip
