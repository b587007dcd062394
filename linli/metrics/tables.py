"""Lines of the table of metrics, and the list of cases behind a number."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from linli.areas import queries as areas
from linli.incidents.models import Incident
from linli.kernel.actor import Actor, can
from linli.kernel.web.tables import Column, Empty, Filter, Table
from linli.metrics import queries, rules
from linli.metrics.queries import Asked, Counts


@dataclass(frozen=True, slots=True)
class MetricColumn:
    code: str
    label: str
    part: str = "all"

    @property
    def unit_words(self) -> str:
        kind = rules.metric_of(self.code).kind  # type: ignore[union-attr]
        return {"rate": "（%）", "minutes": "（工作时分钟）"}.get(kind, "")


COLUMNS = (
    MetricColumn("reported", "上报"),
    MetricColumn("open", "未结"),
    MetricColumn("overdue", "超时"),
    MetricColumn("closed", "结案"),
    MetricColumn("response", "响应时间", "hit"),
    MetricColumn("on_time", "按期率", "miss"),
    MetricColumn("honest", "诚实按期率", "miss"),
    MetricColumn("false_closed", "虚假结案率", "hit"),
    MetricColumn("returned", "退回率", "hit"),
    MetricColumn("reworked", "返工率", "hit"),
    MetricColumn("reopened", "重办率", "hit"),
    MetricColumn("routed", "派遣准确率", "miss"),
    MetricColumn("satisfied", "满意率", "miss"),
    MetricColumn("answered", "评价率", "hit"),
)


@dataclass(frozen=True, slots=True)
class MetricCell:
    words: str
    number: float | None
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """One area, unit or class: its name, where it leads, and its figures."""

    key: str
    name: str
    url: str
    counts: Counts
    cells: list[MetricCell]

    @property
    def by_code(self) -> dict[str, MetricCell]:
        return {column.code: cell for column, cell in zip(COLUMNS, self.cells, strict=True)}


def rows_of(viewer: Actor, asked: Asked, by: str) -> list[Line]:
    """The lines of one split, biggest first; every figure with the address of its cases."""
    names = queries.large_names() if by == "large" else {}
    units = areas.unit_names() if by == "unit" else {}
    lines = []
    for key, counts in queries.grouped(viewer, asked, by).items():
        name = names.get(key) or units.get(key) or (areas.area_path(key) if by == "area" else key)
        query = {**asked.query, by: key}
        lines.append(
            Line(key, name, f"?{urlencode(query)}", counts, [_cell(one, counts, query) for one in COLUMNS])
        )
    return lines


def _cell(column: MetricColumn, counts: Counts, query: dict[str, str]) -> MetricCell:
    metric = rules.metric_of(column.code)
    assert metric is not None
    reading = rules.read(metric, counts)
    if reading.value is None:
        return MetricCell("—", None, "", f"{metric.zh}：{reading.words}")
    target = {**query, "metric": column.code, "part": column.part}
    url = f"{reverse('metrics:cases')}?{urlencode(target)}" if (reading.whole or reading.hit) else ""
    return MetricCell(
        f"{reading.words}{reading.unit if reading.unit == '%' else ''}",
        reading.value,
        url,
        f"{metric.zh}：{reading.hit:,} / {reading.whole:,}",
    )


def _unchanged(rows: QuerySet, value: str) -> QuerySet:
    """The page has narrowed the rows already; the filter only keeps the value in the form and the address."""
    return rows


PARTS = (("hit", "分子"), ("miss", "分母中除分子以外"))


class CasesTable(Table):
    """The incidents behind a number; private ones keep their place in the count and show nothing else."""

    code = "metrics.cases"
    title = "指标案件"
    order = "-id"
    empty = Empty("没有符合条件的案件", "换一个时段或区域再看，或回到指标页。")

    def __init__(
        self, request: HttpRequest, rows: QuerySet[Incident], viewer: Actor, places: list[tuple[str, str]]
    ) -> None:
        self.viewer = viewer
        self.columns = (
            Column("number", "案件编号", link=self.link, phone="tail"),
            Column("title", "事件", get=self.hidden("保密事件", lambda row: row.title), phone="head"),
            Column("kind", "类别", get=self.hidden("", queries.class_name)),
            Column("place", "位置", get=self.hidden("", lambda row: areas.area_path(row.area))),
            Column("unit", "承办单位", get=lambda row: areas.unit_names().get(row.unit, "")),
            Column("state", "状态", get="get_state_display", kind="chip", tone=_tone),
            Column("received_at", "接报时间", kind="time", sort="received_at"),
            Column("due_at", "时限", kind="clock", start="received_at", ended="closed_at", sort="due_at"),
        )
        metrics = tuple(
            (one.code, one.zh) for one in (rules.COUNTS | rules.METRICS).values() if one.kind != "none"
        )
        self.filters = (
            Filter("metric", "指标", kind="choice", options=metrics, apply=_unchanged),
            Filter("part", "范围", kind="choice", options=PARTS, apply=_unchanged),
            Filter(
                "days",
                "时段",
                kind="choice",
                options=tuple((str(n), w) for n, w in rules.PERIODS.items()),
                apply=_unchanged,
            ),
            Filter("area", "区域", kind="choice", options=tuple(places), apply=_unchanged),
            Filter(
                "large", "类别", kind="choice", options=tuple(queries.large_names().items()), apply=_unchanged
            ),
            Filter(
                "unit",
                "承办单位",
                kind="choice",
                options=queries.unit_options(viewer),
                apply=_unchanged,
                more=True,
            ),
        )
        super().__init__(request, rows)

    def sees(self, row: Incident) -> bool:
        verb = "incidents.triage" if row.private else "incidents.view"
        return can(self.viewer, verb, area=row.area)

    def link(self, row: Incident) -> str:
        return f"/incidents/{row.pk}/" if self.sees(row) else ""

    def hidden(self, instead: str, get):  # type: ignore[no-untyped-def]
        return lambda row: get(row) if not row.private or self.sees(row) else instead


def _tone(row: Incident) -> str:
    return {"closed": "done", "declined": "plain"}.get(row.state, "")
