"""Query strings of /api/v1 lists: filters with their defects all at once, and pages by cursor."""

import base64
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from linli.kernel import Refused

PAGE, MOST = 50, 100
COLUMNS = {6: "county", 9: "street", 12: "community", 15: "grid"}
HERE = ZoneInfo("Asia/Shanghai")


class Asked:
    """What a list's query string asks for. Defects wait until the page is made."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self.query = query
        self.wrong: dict[str, list[str]] = {}

    def _value(self, name: str) -> str:
        return self.query.get(name, "")[:500]

    def among(self, name: str, known: Mapping[str, str]) -> list[str]:
        asked = [one.strip() for one in self._value(name).split(",") if one.strip()]
        if any(one not in known for one in asked):
            self.wrong[name] = ["可选：" + "、".join(f"{code}（{words}）" for code, words in known.items())]
        return asked

    def name(self, name: str) -> str:
        value = self._value(name)
        if value and not re.fullmatch(r"[A-Za-z0-9_.]{1,48}", value):
            self.wrong[name] = ["应为代码：字母、数字、点和下划线"]
            return ""
        return value

    def area(self, name: str) -> dict[str, str]:
        value = self._value(name)
        if not value:
            return {}
        if not (value.isascii() and value.isdigit() and len(value) in COLUMNS):
            self.wrong[name] = ["区域代码应为 6、9、12 或 15 位数字"]
            return {}
        return {COLUMNS[len(value)]: value}

    def yes(self, name: str) -> bool:
        value = self._value(name).lower()
        if value not in ("", "true", "false", "1", "0"):
            self.wrong[name] = ["应为 true 或 false"]
        return value in ("true", "1")

    def moment(self, name: str) -> datetime | None:
        value = self._value(name).replace(" ", "+")
        if not value:
            return None
        try:
            found = parse_datetime(value)
        except ValueError:
            found = None
        if found is None or not 1970 <= found.year <= 2199:
            self.wrong[name] = ["应为 ISO 8601 时间，例如 2026-11-22T00:00:00+08:00"]
            return None
        return found if found.tzinfo else found.replace(tzinfo=HERE)

    def circle(self, name: str, farthest: float) -> tuple[float, float, float] | None:
        value = self._value(name)
        if not value:
            return None
        try:
            lon, lat, metres = (float(part) for part in value.split(","))
        except ValueError:
            lon = lat = metres = math.nan
        if not (abs(lon) <= 180 and abs(lat) < 90 and 0 < metres <= farthest):
            self.wrong[name] = [f"应为“经度,纬度,米”，米数不超过 {farthest:.0f}，例如 113.63,28.14,500"]
            return None
        return lon, lat, metres

    def _limit(self) -> int:
        value = self._value("limit") or str(PAGE)
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= MOST):
            self.wrong["limit"] = [f"应为 1 至 {MOST} 的整数"]
            return PAGE
        return int(value)

    def _cursor(self) -> int | None:
        value = self._value("cursor")
        if not value:
            return None
        try:
            number = int(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode("ascii"))
            if not 0 < number < 2**63:
                raise ValueError
        except ValueError:
            self.wrong["cursor"] = ["请原样使用上一页给出的 next"]
            return None
        return number

    def page(self, rows: QuerySet, out: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """{"items": […], "next": cursor or None}, newest first. Raises Refused 422 with every defect."""
        most, after = self._limit(), self._cursor()
        if self.wrong:
            raise Refused("查询条件有误", code="wrong_query", fields=self.wrong)
        if after:
            rows = rows.filter(pk__lt=after)
        found = list(rows.order_by("-id")[: most + 1])
        more = len(found) > most
        mark = (
            base64.urlsafe_b64encode(str(found[most - 1].pk).encode()).decode().rstrip("=") if more else None
        )
        return {"items": [out(row) for row in found[:most]], "next": mark}
