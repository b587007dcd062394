"""/api/v1/metrics: every metric with its definition and counts, whole or split."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from linli.kernel import Refused
from linli.kernel.access.middleware import actor_of
from linli.kernel.actor import Actor
from linli.kernel.files.api import refuses
from linli.metrics import queries, rules
from linli.metrics.queries import asked_of

router = Router(tags=["metrics"])
routers = {"/metrics": router}


def signed(request: HttpRequest) -> Actor | None:
    """A bearer token, or a browser's own session."""
    actor = actor_of(request)
    return actor if actor.account is not None else None


@router.get("", auth=signed, summary="指标", openapi_extra=refuses(401, 403, 404, 422))
def metrics(
    request: HttpRequest, days: int = 30, area: str = "", unit: str = "", large: str = "", by: str = ""
) -> Any:
    """指标：定义、分子、分母与数值；by=area|unit|large 时按区域、单位或类别拆分。没有数据的指标 value 为 null。"""
    viewer: Actor = request.auth  # type: ignore[attr-defined]
    wrong = {}
    if days not in rules.PERIODS:
        wrong["days"] = [f"请用 {'、'.join(str(one) for one in rules.PERIODS)} 之一"]
    if by not in ("", "area", "unit", "large"):
        wrong["by"] = ["请用 area、unit 或 large"]
    if wrong:
        raise Refused("请求内容有误", code="invalid", fields=wrong)
    asked = asked_of(viewer, {"days": days, "area": area, "unit": unit, "large": large})
    body: dict[str, Any] = {
        "from": asked.first.isoformat(),
        "to": asked.last.isoformat(),
        "area": queries.top_area(viewer, asked),
        "metrics": _told(queries.counts(viewer, asked)),
    }
    if by:
        found = queries.grouped(viewer, asked, by)
        body["groups"] = [{"key": key, "metrics": _told(counts, short=True)} for key, counts in found.items()]
    return body


def _told(counts: queries.Counts, *, short: bool = False) -> list[dict[str, Any]]:
    """Each metric as JSON; the response time with both clocks and its quantiles."""
    told = []
    for metric in (rules.COUNTS | rules.METRICS).values():
        reading = rules.read(metric, counts)
        one: dict[str, Any] = {
            "code": metric.code,
            "value": reading.value,
            "hit": reading.hit,
            "all": reading.whole,
        }
        if not short:
            one |= {
                "name": metric.zh,
                "definition": metric.definition,
                "kind": metric.kind,
                "status": metric.status,
            }
        if metric.kind == "minutes":
            one["clocks"] = {
                clock: {
                    "mean": rules.mean_minutes(counts, clock),
                    "median": rules.quantile(rules.histogram(counts, clock), 0.5),
                    "p90": rules.quantile(rules.histogram(counts, clock), 0.9),
                }
                for clock in ("duty", "wall")
            }
        told.append(one)
    return told
