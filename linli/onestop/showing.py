"""Items, cases and conditions in the words of the pages. No requests here."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from linli.kernel.deadlines.queries import calendar_for
from linli.onestop import checks, clocks, flow, rules
from linli.onestop.books import terms
from linli.onestop.catalogue import Definition, Material
from linli.onestop.conditions import Condition, Household, facts_named
from linli.onestop.glossary import glossary
from linli.onestop.models import Application, ItemVersion, Slot, Task

# What residents look for, and the words of an item's name that say so; the first that fits decides.
LIFE = (
    ("身故与善后", ("身后", "死亡", "殡葬", "丧葬", "遗属")),
    ("生育与孩子", ("生育", "出生", "儿童", "独生", "孤儿", "未成年")),
    ("上学", ("助学", "学生", "入学", "教育", "学籍")),
    ("看病与医保", ("医疗", "医保", "病", "生活护理")),
    ("残疾人", ("残疾",)),
    ("养老", ("老年", "高龄", "养老", "退休")),
    ("生活困难", ("低保", "最低生活", "特困", "救助", "困难", "临时", "灾")),
    ("住房", ("住房", "公租", "房屋", "危房", "宅基地", "公积金")),
    ("就业与社保", ("就业", "失业", "社保", "创业", "工伤", "劳动")),
    ("退役军人", ("退役", "军人", "优抚", "烈士")),
    ("种地与养殖", ("农", "耕地", "种粮")),
    ("开店经营", ("经营", "许可", "个体", "营业")),
)
OTHER_LIFE = "证件与其他"
LIGHTS = {"red": "红灯：已超期", "yellow": "黄灯：快到期", "green": "绿灯：期限内"}
TONES = {"red": "bad", "yellow": "warn", "green": "ok"}
CASE_TONES = {
    "draft": "paused", "submitted": "warn", "supplement": "bad", "accepted": "ok", "approved": "ok", "closed": "done",
}  # fmt: skip
TO_CONFIRM = "待核实"
# What birth dates and officials tell; nobody is asked for it.
UNASKED = frozenset(
    [
        "age",
        "working_age",
        "applicant_is_minor",
        "age_reaches",
        "objection_upheld_for_review",
        "appraisal_wanted",
        "confirmation_delegated_to_town",
        "small_sum",
        "facts_clear",
        "subsidy_granted",
    ]
)


def life_of(version: ItemVersion) -> str:
    name = version.item.name
    return next((title for title, words in LIFE if any(one in name for one in words)), OTHER_LIFE)


def by_life(versions: Iterable[ItemVersion], words: str = "") -> list[tuple[str, list[ItemVersion]]]:
    """Items under what they are looked for; with `words`, those that carry all of them."""
    wanted = words.split()
    found: dict[str, list[ItemVersion]] = {title: [] for title, _ in LIFE} | {OTHER_LIFE: []}
    for one in versions:
        said = f"{one.item.name}{one.definition.get('applicants_zh', '')}{life_of(one)}{one.item.code}"
        if all(word.lower() in said.lower() for word in wanted):
            found[life_of(one)].append(one)
    return [(title, rows) for title, rows in found.items() if rows]


def condition_words(condition: Condition | None) -> str:
    """When a line is asked for: `成员持有残疾人证`; empty when always."""
    return "，".join(sorted(glossary().facts.get(name, name) for name in facts_named(condition)))


def asked_facts(definition: Definition) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What only the applicant can tell: (of each member, of the case), as (name, words)."""
    conditions = [one.when for one in (*definition.materials, *definition.steps, *definition.assists)]
    conditions += [when for _, when in definition.publicity.modes_when]
    named = {name for one in conditions for name in facts_named(one)} - UNASKED
    words = glossary().facts
    of_member = [n for n in words if n in named and words[n].startswith("成员") and n != "kin_of_official"]
    of_case = [n for n in words if n in named and n not in of_member]
    return [(n, words[n].removeprefix("成员")) for n in of_member], [(n, words[n]) for n in of_case]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The applicant's own list: what the state fetches, what is brought, what is signed."""

    shared: list[tuple[Material, str]]
    brought: list[tuple[Material, str]]
    signed: list[tuple[Material, str]]


def wanted(definition: Definition, household: Household | None) -> Wanted:
    """Split by how each line is had; without a household, every line with the condition it is asked under."""
    every = definition.materials if household is None else rules.materials_needed(definition, household)
    lines = [(one, "" if household else condition_words(one.when)) for one in every]
    return Wanted(
        [line for line in lines if line[0].obtain == "share"],
        [line for line in lines if line[0].obtain == "submit"],
        [line for line in lines if line[0].obtain in ("form", "commit")],
    )


def basis_of(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rules an item rests on, each with whether anybody has confirmed it."""
    found = []
    for one in raw.get("basis", ()):
        rule = glossary().rules.get(one.get("rule", ""), {})
        number = rule.get("number", "")
        found.append(
            {
                "title": rule.get("title_zh", one.get("rule", "")),
                "number": number,
                "articles": f"第 {one['articles']} 条" if one.get("articles") else "",
                "doubt": rule.get("status") == "to_confirm",
            }
        )
    return found


def limits(raw: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """Both limits for the guide, each with its doubt."""
    doubt = checks.unconfirmed(raw)
    beside = ""
    if definition.publicity.mode == "required" and "publicity" in clocks.stops(
        definition.promised, clocks.PROMISED
    ):
        beside = f"（不含公示 {definition.publicity.days} 天）"
    promised = "当场办结" if definition.promised.days == 0 else f"{definition.promised.zh}{beside}"
    return {
        "promised": promised,
        "promised_doubt": "promised_limit" in doubt,
        "statutory": "当场办结" if definition.statutory.days == 0 else definition.statutory.zh,
        "statutory_doubt": "statutory_limit" in doubt,
    }


def stages(definition: Definition, raw: Mapping[str, Any]) -> list[list[dict[str, str]]]:
    """The way of a matter: stages in order, in each what runs side by side, with who does it."""
    actors = {step["key"]: step.get("actor_zh", "") for step in raw["steps"]}
    found = []
    for stage in definition.stages:
        side = [
            {"name": step.name, "who": actors.get(step.key, ""), "when": condition_words(step.when)}
            for step in stage.steps
        ]
        side += [
            {"name": one.purpose, "who": one.dept, "when": condition_words(one.when)} for one in stage.assists
        ]
        found.append(side)
    return found


def lanes(definition: Definition, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The swim-lane drawing: who × stage, each cell the names of what is done there."""
    columns = stages(definition, raw)
    who = list(dict.fromkeys(one["who"] or "系统" for side in columns for one in side))
    rows = [
        (name, [[one for one in side if (one["who"] or "系统") == name] for side in columns]) for name in who
    ]
    return {"numbers": range(1, len(columns) + 1), "rows": rows}


def light_of(task: Task, now: datetime | None = None) -> str:
    """red, yellow or green, by the days the task was given."""
    moment, days = now or timezone.now(), max((task.due_at - task.opened_at).days, 1)
    return clocks.light(task.due_at, task.opened_at, moment, days, "calendar_day", calendar_for(task.county))


def written(row: Application) -> dict[str, Any]:
    """The application form for pages: the account shows its last digits, whoever reads it."""
    told: dict[str, Any] = json.loads(row.form) if row.form else {}
    names = terms()["form"]
    account, payee = str(told.pop(names["account"], "")), str(told.pop(names["payee"], ""))
    told |= {"收款银行卡号": f"****{account[-4:]}"} if account else {}
    return told | ({"收款户名": f"{payee[:1]}**"} if payee else {})


def slot_words(slot: Slot) -> str:
    if slot.way == "share":
        return {"shared": "已由系统取得", "waiting": "正在向部门核对", "failed": "系统未取得，请提供"}.get(
            slot.state, slot.get_state_display()
        )
    return slot.get_state_display()


def parcel(row: Application, tasks: Iterable[Mapping[str, Any]], route: Iterable[flow.Wanted], units: Mapping[str, str]) -> list[dict[str, Any]]:  # fmt: skip
    """Progress like a parcel: what is done, what is under way, what comes; no names of officials."""
    words = {"open": "办理中", "done": "已办", "superseded": "重新办理"}
    lines = [
        {
            "name": t["name"], "unit": units.get(t["unit"], ""), "state": words[t["state"]], "open": t["state"] == "open",
            "from": t["opened_at"], "due": t["due_at"], "done": t["done_at"], "round": t["round"],
        }
        for t in tasks
    ]  # fmt: skip
    begun = {(t["step"], t["branch"]) for t in tasks if t["state"] != "superseded"}
    if row.open:
        lines += [{"name": one.name, "state": "尚未开始"} for one in route if one.key not in begun]
    return lines


def to_do(row: Application, slots: Iterable[Slot]) -> list[str]:
    """What the applicant has to do now, in sentences."""
    if row.state == "draft":
        return ["草稿还没有提交，请继续填写。"]
    lacking = [one.name for one in slots if one.state == "failed" or (one.state == "tolerated")]
    said = ["材料需要补正，请按下面列出的全部内容一次补齐。"] if row.state == "supplement" else []
    if row.open and lacking:
        said.append(f"请补交：{'、'.join(lacking)}。")
    return said
