"""Made-up names and identity numbers, the same on every machine. Nobody real is meant."""

import hashlib
from datetime import date

from linli.people.rules import check_digit

SURNAMES = "李王张刘陈杨黄周吴罗谭彭汤邓孔廖欧胡宋易潘许唐沈卢曾汪邱冯寻"
GIVEN = "建国志明春桃秀英桂兰海波丽华文斌立新晓燕玉珍国强红梅永清小平德胜美玲振宇思远雅琴一鸣佳慧"
NOWHERE = "430199"  # no division has this code, so no living person has such a number


def number_of(key: str, below: int) -> int:
    """A number below `below` that follows from the key alone."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big") % below


def name_of(key: str) -> str:
    """A name of two or three characters for a key."""
    first = GIVEN[number_of(key + "/1", len(GIVEN))]
    second = GIVEN[number_of(key + "/2", len(GIVEN))] if number_of(key + "/3", 4) else ""
    return SURNAMES[number_of(key, len(SURNAMES))] + first + second


def identity_of(key: str, born: date) -> str:
    """An identity number of nobody: sound in form and check digit (GB 11643), its division unassigned."""
    first = f"{NOWHERE}{born:%Y%m%d}{number_of('id' + key, 1000):03}"
    return first + check_digit(first)
