"""Cutting text into what is indexed and asked: pairs of Han characters, whole Latin words and numbers.

Pairs need no dictionary, so that place names, nicknames and new words are found; a query's pairs must all be
present (they need not stand side by side, which in practice they nearly always do).
"""

import re
import unicodedata

_HAN = "〇㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN = re.compile(rf"[{_HAN}]")
LONGEST = 64  # characters of one Latin word or number; PostgreSQL takes 2046 bytes
COMMON_SHARE = 0.01  # joints.md section 10: a word in more rows than this is answered by scanning ids
_MOST = 32  # tokens of one query; more make the answer no better


def _runs(text: str) -> list[str]:
    return _RUN.findall(unicodedata.normalize("NFKC", text).lower().replace("\x00", ""))


def tokens(text: str) -> list[str]:
    """In order, repeated as they come: 消防车 KTV -> 消防, 防车, ktv; a single Han character stands for itself."""
    found: list[str] = []
    for run in _runs(text):
        if not _IS_HAN.match(run):
            found.append(run[:LONGEST])
        elif len(run) == 1:
            found.append(run)
        else:
            found += [run[i : i + 2] for i in range(len(run) - 1)]
    return found


def lexemes(text: str) -> list[str]:
    """What is stored, sorted, once each: the tokens and the last character of every Han run.

    With the last characters every Han character begins some lexeme, so that one character can be asked by prefix.
    """
    stored = set(tokens(text))
    stored.update(run[-1] for run in _runs(text) if _IS_HAN.match(run))
    return sorted(stored)


def asked(text: str) -> list[str]:
    """The tokens of a query, once each, in order, at most 32."""
    return list(dict.fromkeys(tokens(text)))[:_MOST]


def tsquery(wanted: list[str]) -> str:
    """PostgreSQL's text form of "all of these"; a single Han character matches wherever it stands."""
    return " & ".join(quoted(token) + (":*" if _alone(token) else "") for token in wanted)


def _alone(token: str) -> bool:
    return len(token) == 1 and bool(_IS_HAN.match(token))


def quoted(token: str) -> str:
    """A lexeme as tsvector and tsquery are written: in quotes, quotes doubled."""
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def scans_ids(rarest: float | None, hits: int, looked_at: int) -> bool:
    """Whether to walk ids downwards rather than ask the index.

    `rarest`: share of rows of the query's rarest token by the table's statistics, None when unknown; `hits`: how
    many of the `looked_at` newest rows match. Only a query that is common as a whole is walked: two common pairs
    may hardly ever meet.
    """
    if rarest is not None and rarest <= COMMON_SHARE:
        return False
    return looked_at > 0 and hits > looked_at * COMMON_SHARE
