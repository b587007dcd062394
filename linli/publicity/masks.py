"""What of a row may be shown, and how: the whitelist and its masks. Pure; there is no other way into a notice.

A key that is not whitelisted is dropped. Free text and addresses are searched for every value that is dropped or
masked elsewhere in the same list and for long runs of digits, so that what the whitelist keeps out does not come in
by the side door.  Source of the rule: 社会救助暂行办法 art. 61 and 个人信息保护法 art. 6 (least necessary), known.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from linli.kernel import Refused
from linli.kernel.web.rules import day_words, mask_name, mask_number

MASKS = ("name", "number", "phone", "address", "money", "count", "day", "choice", "text")
SEALED = frozenset(
    ["name", "number", "phone", "address"]
)  # their full value never stands anywhere in the list
HIDDEN = "＊＊"
LONGEST = 200  # characters of one value
MOST_ROWS = 5000
_DIGITS = re.compile(r"[0-9](?:[ \-]?[0-9]){5,}[Xx]?")
_HOUSE = re.compile(
    r"[0-9A-Za-z#]|[一二三四五六七八九十百零〇两]+\s*(?:号|栋|幢|座|室|单元|楼|层|组|户|巷|弄|门)"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One whitelisted field. `mask` is one of MASKS; `options` are the only values of a `choice`.

    name 张* · number 4301****1234 · phone 138****5678 · address up to the house number · money integer fen ·
    count integer · day a date · choice one of `options` · text free words, searched for what must stay out.
    """

    key: str
    label: str
    mask: str = "text"
    options: tuple[str, ...] = ()


def check_fields(fields: Sequence[Field]) -> None:
    """Raises ValueError for a whitelist that cannot be: a fault of the room, found when it registers."""
    keys = [one.key for one in fields]
    if not fields or len(set(keys)) != len(keys):
        raise ValueError("a whitelist names at least one field, each once")
    for one in fields:
        if one.mask not in MASKS or (one.mask == "choice") != bool(one.options):
            raise ValueError(f"field {one.key}: unknown mask {one.mask}, or options that do not fit it")


def masked_rows(fields: Sequence[Field], rows: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The rows as they may be stored and shown: exactly the whitelisted keys, every value a masked string.

    Raises Refused naming every value that has the wrong shape (422), or no row, or too many.
    """
    given = [dict(row) for row in rows]
    if not given or len(given) > MOST_ROWS:
        said = f"公示名单应有 1 至 {MOST_ROWS} 行"
        raise Refused(f"{said}。", code="bad_rows", fields={"rows": [said]})
    faults: dict[str, list[str]] = {}
    shown = []
    hidden = secrets(fields, given)
    for number, row in enumerate(given, 1):
        line = {}
        for one in fields:
            try:
                line[one.key] = scrubbed(one, _masked(one, row.get(one.key)), hidden)
            except ValueError as why:
                faults.setdefault(one.key, []).append(f"第 {number} 行的{one.label}：{why}")
        shown.append(line)
    if faults:
        raise Refused("公示内容有误，请按提示修改。", code="bad_values", fields=faults)
    return shown


def secrets(fields: Sequence[Field], rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Every text that must not stand in full, and what to put in its place."""
    masks = {one.key: one for one in fields}
    found: dict[str, str] = {}
    for row in rows:
        for key, value in row.items():
            one = masks.get(key)
            text = _plain(value)
            if len(text) < 2 or (one is not None and one.mask not in SEALED):
                continue
            if one is not None and one.mask == "address" and not _HOUSE.search(text):
                continue  # a place without a house: nothing of it is hidden
            found[text] = _masked(one, value) if one is not None and one.mask == "name" else HIDDEN
    return found


def scrubbed(one: Field, text: str, hidden: Mapping[str, str]) -> str:
    """Free words without what must stay out; other masks hold nothing free."""
    if one.mask not in ("text", "address"):
        return text
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, hidden[secret])
    return _DIGITS.sub("****", text)


def _plain(value: Any) -> str:
    """One line of visible characters, every kind of digit and full-width letter as ASCII; punctuation stays Chinese."""
    return " ".join("".join(_char(one) for one in str(value if value is not None else "")).split())


def _char(one: str) -> str:
    digit = unicodedata.digit(one, None)
    if digit is not None:
        return str(digit)
    if "\uff21" <= one <= "\uff5a" and unicodedata.category(one) in ("Lu", "Ll"):
        return unicodedata.normalize("NFKC", one)
    hidden = unicodedata.category(one) in (
        "Cf",
        "Cc",
        "Cs",
        "Co",
        "Cn",
    )  # what splits a name for the eye's sake only
    return " " if one.isspace() else "" if hidden else one


def _masked(one: Field, value: Any) -> str:
    """One value behind its mask; "" stays "". ValueError says what is wrong with it, never the value itself."""
    if value is None or value == "":
        return ""
    if one.mask in ("money", "count"):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError("应为不小于零的整数" + ("，单位为分" if one.mask == "money" else ""))
        return f"{value // 100:,}.{value % 100:02d} 元" if one.mask == "money" else str(value)
    if one.mask == "day":
        if not isinstance(value, date):
            raise ValueError("应为日期")
        return day_words(value)
    text = _plain(value)
    if len(text) > LONGEST:
        raise ValueError(f"过长，最多 {LONGEST} 字")
    if one.mask == "choice":
        if text not in one.options:
            raise ValueError("不在可公示的选项之内")
        return text
    return _hide(one.mask, text)


def _hide(mask: str, text: str) -> str:
    if mask == "name":
        return mask_name(text).rstrip("*") + "*" if text else ""
    if mask in ("number", "phone"):
        return mask_number(text)
    if mask == "address":
        house = _HOUSE.search(text)
        return text[: house.start()].rstrip() + "***" if house else text + "***"
    return text
