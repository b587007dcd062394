"""Amounts laid down for items without a means test: data/payments.yaml, read for one household on one day. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from linli.onestop.conditions import Household, holds


@dataclass(frozen=True, slots=True)
class Tariff:
    """The row that applies: its words, fen (a month, a year or once, as the item pays), and how sure it is."""

    item: str
    zh: str
    row: str
    fen: int
    status: str
    source: str
    valid_from: date

    def to_json(self, day: date) -> dict[str, Any]:
        """In the form of a means sheet, so that decisions read alike."""
        return {
            "method": "tariff", "day": day.isoformat(), "tariff": self.zh, "row": self.row, "amount": self.fen,
            "eligible": True, "rules": {self.item: f"{self.valid_from.isoformat()} {self.status}"},
            "unconfirmed": [self.zh] if self.status == "to_confirm" else [], "questions": [],
            "figures": [
                {"zh": f"{self.zh}（{self.row}）", "status": self.status, "source": self.source, "fen": self.fen,
                 "valid_from": self.valid_from.isoformat()}
            ],
        }  # fmt: skip


def tariff_for(
    rows: Iterable[Mapping[str, Any]], item: str, household: Household, day: date
) -> Tariff | None:
    """What the item is laid down to pay this household on the day; None where nothing is, or no row fits."""
    for one in rows:
        until = one["valid_to"]
        if one["item"] != item or one["valid_from"] > day or (until is not None and until < day):
            continue
        for row in one["rows"]:
            if holds(row.get("when"), household):
                return Tariff(
                    item, one["zh"], row["zh"], row["fen"], one["status"], one["source"], one["valid_from"]
                )
    return None


def has_tariff(rows: Iterable[Mapping[str, Any]], item: str) -> bool:
    return any(one["item"] == item for one in rows)
