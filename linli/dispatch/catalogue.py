"""The shipped clocks and ladders: laid down once, afterwards an administrator's."""

from datetime import UTC, datetime
from pathlib import Path

import yaml

from linli.dispatch.models import Clock, Ladder

DATA = Path(__file__).parent / "data"
URGENCIES = ("critical", "urgent", "routine", "complex")


def _read(name: str) -> dict:
    return yaml.safe_load((DATA / name).read_text("utf-8"))


def _since(raw: dict) -> datetime:
    day = raw["valid_from"]
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def load_catalogue() -> None:
    """Adds what is missing; never touches a row that is there, for it may have been edited."""
    raw = _read("clocks.yaml")
    there = set(Clock.objects.values_list("kind", "stage", "urgency"))
    Clock.objects.bulk_create(
        Clock(
            kind=row["kind"],
            stage=row["stage"],
            urgency=urgency,
            limit=row[urgency],
            valid_from=_since(raw),
            source=raw["source"],
            status=raw["status"],
        )
        for row in raw["clocks"]
        for urgency in URGENCIES
        if urgency in row and (row["kind"], row["stage"], urgency) not in there
    )
    raw = _read("ladders.yaml")
    known = set(Ladder.objects.values_list("code", "urgency", "mode"))
    Ladder.objects.bulk_create(
        Ladder(
            code=row["code"],
            urgency=row["urgency"],
            mode=row["mode"],
            rungs=row["rungs"],
            valid_from=_since(raw),
            source=raw["source"],
            status=raw["status"],
        )
        for row in raw["ladders"]
        if (row["code"], row["urgency"], row["mode"]) not in known
    )
