"""What each number means, in the words shown beside it, and how it is made from counts. Pure (incidents.md section 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Upper edges of the response histogram in minutes; the last bucket is open.
EDGES = (5, 10, 15, 30, 45, 60, 90, 120, 240, 480, 1440, 2880)
BUCKETS = len(EDGES) + 1
PERIODS = {1: "今天", 7: "近 7 天", 30: "近 30 天", 90: "近 90 天", 365: "近一年"}
FALSE_METRES, FALSE_DAYS = 50, 14
TARGET_MINUTES = 30  # the county's aim for the mean response


@dataclass(frozen=True, slots=True)
class Metric:
    """One number: words, definition, where it comes from, and the measures it is made of.

    `hit` and `all` are codes of measures.py whose sum is numerator and denominator; `beside` stands next to it.
    `kind`: rate (a share of cases) | minutes | none (shown in words only).
    """

    code: str
    zh: str
    definition: str
    hit: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    kind: str = "rate"
    better: str = "high"  # high | low
    beside: str = ""
    source: str = "项目设计（incidents 第 4 节）"
    status: str = "to_confirm"


METRICS: dict[str, Metric] = {
    one.code: one
    for one in (
        Metric(
            "response",
            "响应时间",
            "从接报到第一次人工响应（接单、核实或联系报事人）的工作时分钟数；系统自动派单不算响应。"
            "不含网格员自行发现的事件，它们另列，否则会把平均值拉低。",
            ("responded",),
            ("public",),
            kind="minutes",
            better="low",
            beside="waiting",
        ),
        Metric(
            "on_time",
            "按期结案率",
            "办理时限已到（或已提前结案）的案件中按时结案的比例；缓办中的不计入分母，恢复后时限按停办的时长顺延。",
            ("due_on_time",),
            ("due_counted",),
            status="cited",
            beside="suspended",
        ),
        Metric(
            "honest",
            "诚实按期率",
            "按期结案数 ÷（已结案数 + 目前超时未结数）。未结的超时案件不会因为不结案而从统计里消失；缓办占比列在旁边。",
            ("ended_on_time",),
            ("ended_promised", "overdue"),
            beside="suspended",
        ),
        Metric(
            "false_closed",
            "虚假结案率",
            f"结案后 {FALSE_DAYS} 天内、{FALSE_METRES} 米内又出现同类事件的案件占已结案的比例。"
            "只比较有定位的案件；近期结案的还可能增加。",
            ("false_closed",),
            ("closed",),
            better="low",
        ),
        Metric(
            "returned",
            "退回率",
            "主办工单被退回过的案件占已结案的比例。",
            ("returned",),
            ("closed",),
            better="low",
        ),
        Metric(
            "reworked",
            "返工率",
            "核查不通过、返工过的案件占已结案的比例。",
            ("reworked",),
            ("closed",),
            better="low",
        ),
        Metric(
            "extended", "延期率", "获准延期过的案件占已结案的比例。", ("extended",), ("closed",), better="low"
        ),
        Metric(
            "reopened",
            "重办率",
            "结案后又重办的案件占结过案的比例；重办中尚未再次结案的也算。",
            ("reopened",),
            ("ended",),
            better="low",
        ),
        Metric(
            "routed",
            "派遣准确率",
            "已结案件中，第一次派遣的单位就是最后办理单位的比例。",
            ("routed_right",),
            ("routed",),
        ),
        Metric(
            "resolved",
            "解决率",
            "已评价的案件中，报事人说“已解决”的比例；多人评价的，都说解决才算。未评价的不算解决。",
            ("resolved",),
            ("rated",),
            beside="answered",
        ),
        Metric(
            "satisfied",
            "满意率",
            "已评价的案件中平均不低于 4 星的比例。未评价不等于满意，评价率列在旁边。",
            ("satisfied",),
            ("rated",),
            beside="answered",
        ),
        Metric(
            "answered",
            "评价率",
            "结过案的案件中有报事人评价的比例。",
            ("rated",),
            ("ended",),
        ),
        Metric(
            "missed",
            "漏报率",
            "抽样巡查或居民发现的问题占网格内全部问题的比例。没有抽样就没有这个数，不作估算。",
            kind="none",
            better="low",
        ),
        Metric(
            "own",
            "自行发现占比",
            "网格员自行发现的事件占全部上报的比例。",
            ("own_found",),
            ("reported",),
        ),
    )
}
# Counts that open their cases too, but are no rates.
COUNTS: dict[str, Metric] = {
    one.code: one
    for one in (
        Metric(
            "reported", "上报事件", "本期接报的事件（并入他案和作废的不计）。", ("reported",), kind="count"
        ),
        Metric("filed", "立案", "本期接报且已立案的事件。", ("filed",), kind="count"),
        Metric("declined", "不予立案", "本期接报、经核实不予立案的事件。", ("declined",), kind="count"),
        Metric("closed", "结案", "本期结案的案件。", ("closed",), kind="count"),
        Metric(
            "open",
            "未结事件",
            "目前没有办结的全部事件，不限接报时间。",
            ("open",),
            kind="count",
            better="low",
        ),
        Metric(
            "overdue",
            "超时未结",
            "目前已过时限、没有缓办、仍未结案的立案案件。",
            ("overdue",),
            kind="count",
            better="low",
        ),
        Metric("suspended", "缓办", "目前获准缓办的案件。", ("suspended",), kind="count", better="low"),
        Metric(
            "waiting",
            "等待响应",
            "本期接报、还没有人工响应的未结事件（不含自行发现）。",
            ("waiting",),
            kind="count",
            better="low",
        ),
    )
}
NO_SAMPLE = "暂无抽样"
NOTHING = "暂无数据"
Counts = Mapping[str, int]


def metric_of(code: str) -> Metric | None:
    return METRICS.get(code) or COUNTS.get(code)


def total(counts: Counts, codes: Sequence[str]) -> int:
    return sum(counts.get(code, 0) for code in codes)


def share(hit: int, whole: int) -> float | None:
    """Per cent with one decimal, or None where there is nothing to divide by: never a made-up 100 %."""
    return round(100 * hit / whole, 1) if whole else None


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric as read now. `value` is per cent, minutes or a count; None is shown as `words` says."""

    metric: Metric
    value: float | None
    words: str
    unit: str
    hit: int = 0
    whole: int = 0


def read(metric: Metric, counts: Counts) -> Reading:
    """The number of one metric from summed counts."""
    hit, whole = total(counts, metric.hit), total(counts, metric.all)
    if metric.kind == "none":
        return Reading(metric, None, NO_SAMPLE, "")
    if metric.kind == "count":
        return Reading(metric, hit, f"{hit:,}", "件", hit, hit)
    if metric.kind == "minutes":
        minutes = mean_minutes(counts, "duty")
        return Reading(
            metric, minutes, NOTHING if minutes is None else minutes_words(minutes), "", hit, whole
        )
    value = share(hit, whole)
    return Reading(
        metric, value, NOTHING if value is None else f"{value:.1f}", "" if value is None else "%", hit, whole
    )


def mean_minutes(counts: Counts, clock: str) -> float | None:
    """Mean response of residents' reports; clock: wall | duty."""
    answered = counts.get("responded", 0)
    return round(counts.get(f"{clock}_seconds", 0) / answered / 60, 1) if answered else None


def quantile(histogram: Sequence[int], q: float) -> float | None:
    """A quantile in minutes from the fixed buckets, linear inside one; None without cases.

    In the open last bucket the edge is all that is known: the answer is a lower bound (see `quantile_words`).
    """
    whole = sum(histogram)
    if not whole:
        return None
    want, seen = q * whole, 0
    for place, cases in enumerate(histogram):
        if cases and seen + cases >= want:
            low = EDGES[place - 1] if place else 0
            if place == len(EDGES):
                return float(low)
            return round(low + (EDGES[place] - low) * (want - seen) / cases, 1)
        seen += cases
    return float(EDGES[-1])


def histogram(counts: Counts, clock: str) -> list[int]:
    return [counts.get(f"{clock}_{place}", 0) for place in range(BUCKETS)]


def quantile_words(found: float | None) -> str:
    if found is None:
        return NOTHING
    return f"超过 {minutes_words(found)}" if found >= EDGES[-1] else minutes_words(found)


def minutes_words(minutes: float) -> str:
    """`27 分钟`, `3.5 小时`, `2.1 天` (days of 24 hours)."""
    if minutes < 120:
        return f"{minutes:.0f} 分钟" if minutes >= 1 or minutes == 0 else "不到 1 分钟"
    if minutes < 2880:
        return f"{minutes / 60:.1f} 小时"
    return f"{minutes / 1440:.1f} 天"


def response_words(counts: Counts) -> list[tuple[str, str, str]]:
    """(clock, figure, words): mean, median and P90 on the duty clock and on the wall clock."""
    rows = []
    for clock, label in (("duty", "工作时"), ("wall", "自然时")):
        mean = mean_minutes(counts, clock)
        rows.append((label, "平均", NOTHING if mean is None else minutes_words(mean)))
        for name, q in (("中位数", 0.5), ("P90", 0.9)):
            rows.append((label, name, quantile_words(quantile(histogram(counts, clock), q))))
    return rows


LOAD_EDGES = (1, 3, 6)  # open cases from which a grid turns 关注, 较高, 高
LOAD_WORDS = ("无未结", "1–2 件", "3–5 件", "6 件以上")


def load_level(open_cases: int) -> int:
    """0–3 for the map, by the number of open cases and nothing else."""
    return sum(open_cases >= edge for edge in LOAD_EDGES)


def load_words(open_cases: int, overdue: int, critical: int) -> str:
    if not open_cases:
        return "没有未结事件"
    said = f"未结 {open_cases} 件"
    if overdue:
        said += f"，超时 {overdue} 件"
    return f"{said}，特急 {critical} 件" if critical else said
