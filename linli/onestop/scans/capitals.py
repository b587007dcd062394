"""Amounts in capital numerals (大写金额), both ways; the pair is the check a paper carries within itself.

Writing: 支付结算办法（银发〔1997〕393号）附一《正确填写票据和结算凭证的基本规定》.
"""

from __future__ import annotations

import re

DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")
_BLOCKS = ("", "万", "亿")
_VALUES = {sign: value for value, sign in enumerate(DIGITS)} | dict(
    zip("〇一二三四五六七八九两貮贰弍", (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 2, 2, 2), strict=True)
)
_TENS = {"拾": 10, "十": 10, "佰": 100, "百": 100, "仟": 1000, "千": 1000}
MOST_FEN = 10**14 - 1
CAPITAL = re.compile(
    r"[零〇壹贰貮弍叁肆伍陆柒捌玖拾佰仟万亿一二三四五六七八九十百千两]+[元圆](?:[零〇壹贰貮弍叁肆伍陆柒捌玖一二三四五六七八九]角)?(?:[零〇]?[壹贰貮弍叁肆伍陆柒捌玖一二三四五六七八九]分)?"
)


def in_capitals(fen: int) -> str:
    """235000 -> 贰仟叁佰伍拾元整. Fen from 0 up to a trillion yuan; ValueError outside."""
    if not 0 <= fen <= MOST_FEN:
        raise ValueError(f"no such amount: {fen}")
    yuan, jiao, fens = fen // 100, fen // 10 % 10, fen % 10
    whole = _whole(yuan) + "元" if yuan or not fen else ""
    if not jiao and not fens:
        return whole + "整"
    said = f"{DIGITS[jiao]}角" if jiao else ("零" if whole and fens else "")
    return whole + said + (f"{DIGITS[fens]}分" if fens else "整")


def _whole(number: int) -> str:
    if number == 0:
        return "零"
    said, gap = "", False
    for place in range(2, -1, -1):
        block = number // 10 ** (4 * place) % 10000
        if not block:
            gap = bool(said)
            continue
        said += ("零" if said and (gap or block < 1000) else "") + _thousands(block) + _BLOCKS[place]
        gap = False
    return said


def _thousands(number: int) -> str:
    said, gap = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            said += ("零" if gap else "") + DIGITS[digit] + _UNITS[place]
        gap = bool(said) and not digit
    return said


def from_capitals(text: str) -> int | None:
    """Fen, or None when the words are no amount. Small numerals (二千) are read as well."""
    found = re.fullmatch(r"(?:(.+?)[元圆])?(?:零?(.)角)?(?:零?(.)分)?整?", text.strip().replace("正", "整"))
    if not found or not any(found.groups()):
        return None
    yuan = _number(found[1]) if found[1] else 0
    small = [_VALUES.get(sign) if sign else 0 for sign in (found[2], found[3])]
    if yuan is None or None in small:
        return None
    return yuan * 100 + (small[0] or 0) * 10 + (small[1] or 0)


def _number(words: str) -> int | None:
    total = block = digit = 0
    for sign in words:
        if sign in _VALUES:
            digit = _VALUES[sign]
        elif sign in _TENS:
            block += (digit or (1 if not block else 0)) * _TENS[sign]
            digit = 0
        elif sign == "万":
            total, block, digit = total + (block + digit) * 10_000, 0, 0
        elif sign == "亿":
            total, block, digit = (total + block + digit) * 100_000_000, 0, 0
        else:
            return None
    return total + block + digit
