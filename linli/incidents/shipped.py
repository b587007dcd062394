"""The class list and the routing rules linli ships with: laid down once, afterwards an administrator's."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from linli.incidents import rules
from linli.incidents.models import IncidentClass, RoutingRule

DATA = Path(__file__).parent / "data"


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((DATA / name).read_text("utf-8"))


def moment(day: Any) -> datetime:
    return datetime.fromisoformat(str(day)).replace(tzinfo=UTC)


def load_classes() -> int:
    """Adds shipped classes that are not there; a class somebody edited stays as it is. Returns how many."""
    known = set(IncidentClass.objects.values_list("code", flat=True))
    fresh = [class_row(row) for row in read("classes.yaml")["classes"] if row["code"] not in known]
    IncidentClass.objects.bulk_create(fresh)
    return len(fresh)


def class_row(row: dict[str, Any]) -> IncidentClass:
    """One record of classes.yaml as a published row."""
    return IncidentClass(
        code=row["code"],
        name=row["name"],
        large=row["large"]["code"],
        large_name=row["large"]["name"],
        kind=row["kind"],
        domain=row["domain"],
        urgency=row["urgency"],
        filing=row["filing"],
        closing=row["closing"],
        milestones=row["milestones"],
        questions=row["questions"],
        check_mode=row["check"],
        skip_confirm=row["skip_confirm"],
        private=row["private"],
        danger_words=row["danger_words"],
        gb_code=row["gb_code"],
        source=row["source"],
        status=row["status"],
        valid_from=moment(row["valid_from"]),
    )


def load_routing() -> int:
    """Lays down the shipped rules when there are none at all. Returns how many."""
    if not (DATA / "routing.yaml").exists() or RoutingRule.objects.exists():
        return 0
    rows = [
        RoutingRule(
            topic=row.get("class") or row.get("large") or "",
            question=row.get("question", ""),
            answered=rules.fold(row.get("answered", "")),
            hours=row.get("hours", ""),
            function=row["unit"],
            level={"town": "street"}.get(row["level"], row["level"]),
            assist=row.get("assist", []),
            basis=row["basis"],
            status=row["status"],
        )
        for row in read("routing.yaml")["rules"]
    ]
    RoutingRule.objects.bulk_create(rows)
    return len(rows)
