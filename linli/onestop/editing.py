"""An item's definition edited piece by piece: definition in, definition out, nothing lost on the way. Pure.

Rows keep what a page does not show; neighbours of one parallel group stay neighbours whatever is moved.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linli.onestop.conditions import Condition
from linli.onestop.glossary import Glossary
from linli.onestop.sheets import ASSIST, ITEM, MATERIAL, STEP

Raw = dict[str, Any]
PARTS = {"materials": "材料", "form_fields": "填写项", "steps": "步骤", "assists": "协办"}
FIELD = {
    "label_zh": "问什么",
    "kind": "怎样填",
    "required": "必填",
    "options": "可选的答案",
    "help_zh": "提示",
}
FIELD_WORDS = {
    "text": "一行文字",
    "long": "多行文字",
    "number": "数字",
    "day": "日期",
    "choice": "从列表中选",
}
LABELS = {"materials": MATERIAL, "form_fields": FIELD, "steps": STEP, "assists": ASSIST}
OPS = {"yes": "成立", "no": "不成立", "=": "等于", "!=": "不等于", ">": "大于", ">=": "大于或等于", "<": "小于", "<=": "小于或等于"}  # fmt: skip
OBTAIN = {"share": "数据共享", "submit": "提交", "form": "填写签署", "commit": "告知承诺"}
MODES = {"required": "须公示", "none": "不公示", "forbidden": "禁止公示"}
UNITS = {"working_day": "工作日", "calendar_day": "天"}
STATUS = {"cited": "已核实", "known": "条款待对照", "to_confirm": "待核实"}
OWN_KEYS = {
    "publicity": "publicity",
    "pay": "pay",
    "announce": "announce",
}  # kinds whose step has a known name


@dataclass(frozen=True, slots=True)
class Clause:
    """One line of a condition as the pages pick it: whose fact, how it is compared, with what."""

    who: str  # member: any member's; case: the applicant's or the case's
    fact: str
    op: str  # a key of OPS
    value: str = ""


def _clause(condition: Condition) -> Clause | None:
    inner, turned = condition, False
    if set(inner) == {"not"}:
        inner, turned = inner["not"], True
    who = "case"
    if set(inner) == {"any_member"}:
        inner, who = inner["any_member"], "member"
    if "fact" not in inner:
        return None
    if "op" not in inner:
        return Clause(who, inner["fact"], "no" if turned else "yes")
    return None if turned else Clause(who, inner["fact"], inner["op"], str(inner["value"]))


def clauses_of(condition: Condition | None) -> tuple[str, list[Clause]] | None:
    """(all | any, its lines); None for a condition too deep for the pages, which is then kept as it stands."""
    if not condition:
        return "all", []
    join = next((name for name in ("all", "any") if set(condition) == {name}), "")
    parts = condition[join] if join else [condition]
    lines = [_clause(one) for one in parts]
    found = [one for one in lines if one is not None]
    join = join or "all"
    return (join, found) if len(found) == len(parts) and compose(join, found) == condition else None


def compose(join: str, clauses: Sequence[Clause]) -> Condition | None:
    """The condition its lines say; None for no line."""
    parts = [_condition(one) for one in clauses]
    if len(parts) < 2:
        return parts[0] if parts else None
    return {join: parts}


def _condition(one: Clause) -> dict[str, Any]:
    inner: dict[str, Any] = {"fact": one.fact}
    if one.op not in ("yes", "no"):
        plain = one.value.strip()
        inner |= {"op": one.op, "value": int(plain) if plain.lstrip("-").isdigit() else plain}
    if one.who == "member":
        inner = {"any_member": inner}
    return {"not": inner} if one.op == "no" else inner


def condition_text(condition: Condition | None, facts: Mapping[str, str]) -> str:
    """The whole condition in words; empty for none."""
    if not condition:
        return ""
    if "fact" in condition:
        words = facts.get(condition["fact"], condition["fact"]).removeprefix("成员")
        return (
            f"{words}{OPS.get(condition['op'], condition['op'])}{condition['value']}"
            if "op" in condition
            else words
        )
    name, inner = next(iter(condition.items()))
    if name == "any_member":
        return f"任一成员{condition_text(inner, facts)}"
    if name == "not":
        return f"不是“{condition_text(inner, facts)}”"
    joint = "且" if name == "all" else "或"
    return f"（{joint.join(condition_text(one, facts) for one in inner)}）"


def put_row(raw: Mapping[str, Any], part: str, at: int, row: Mapping[str, Any]) -> Raw:
    """Row `at` (from 1) replaced; 0 puts a new one at the end. Empty values are left out of the row."""
    made = copy.deepcopy(dict(raw))
    rows = made.setdefault(part, [])
    kept = {name: value for name, value in row.items() if value not in (None, "", {}, [])}
    if at:
        rows[at - 1] = kept
    else:
        rows.append(kept)
    return made


def insert_row(raw: Mapping[str, Any], part: str, after: int, row: Mapping[str, Any]) -> Raw:
    """A new row behind row `after` (0: at the head); inside a parallel group it stands behind the whole group."""
    made = put_row(raw, part, 0, row)
    rows = made[part]
    one = rows.pop()
    spot = min(max(after, 0), len(rows))
    group = rows[spot - 1].get("parallel") if spot and part == "steps" else ""
    if group and one.get("parallel") != group:
        while spot < len(rows) and rows[spot].get("parallel") == group:
            spot += 1
    rows.insert(spot, one)
    return made


def drop_row(raw: Mapping[str, Any], part: str, at: int) -> Raw:
    """Without row `at`; a group of which one is left is no group any more. Raises ValueError naming who needs the row."""
    made = copy.deepcopy(dict(raw))
    row = made[part][at - 1]
    if part == "steps":
        if needed := needed_by(made, row):
            raise ValueError(f"“{row.get('name_zh', row['key'])}”还被{'、'.join(needed)}用到，请先改那里")
        group = row.get("parallel", "")
        made[part].pop(at - 1)
        return _lone(made, group)
    made[part].pop(at - 1)
    return made


def needed_by(raw: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """What names a step: departments that assist there, the way back after an objection, steps that may be skipped."""
    names = {row["key"]}
    found = [f"协办“{one['dept']}”" for one in raw.get("assists", ()) if one.get("stage") in names]
    if raw.get("publicity", {}).get("on_objection") in names:
        found.append("“异议成立后从哪一步重来”")
    if row["key"] in raw.get("skip_steps", {}).get("steps", ()):
        found.append("“可以跳过的步骤”")
    return found


def _lone(made: Raw, group: str) -> Raw:
    left = [one for one in made["steps"] if group and one.get("parallel") == group]
    if len(left) != 1:
        return made
    for name in ("parallel", "join"):
        left[0].pop(name, None)
    return _renamed(made, group, left[0]["key"])


def _renamed(made: Raw, old: str, new: str) -> Raw:
    for one in made.get("assists", ()):
        if one.get("stage") == old:
            one["stage"] = new
    if made.get("publicity", {}).get("on_objection") == old:
        made["publicity"]["on_objection"] = new
    return made


def move_row(raw: Mapping[str, Any], part: str, at: int, way: str) -> Raw:
    """One place up or down. A step moves within its group; at its edge the group moves whole, past whole groups."""
    made = copy.deepcopy(dict(raw))
    blocks = _blocks(made[part], part)
    here = next(i for i, block in enumerate(blocks) if any(one is made[part][at - 1] for one in block))
    inside = next(i for i, one in enumerate(blocks[here]) if one is made[part][at - 1])
    step = -1 if way == "up" else 1
    if 0 <= inside + step < len(blocks[here]):
        block = blocks[here]
        block[inside], block[inside + step] = block[inside + step], block[inside]
    elif 0 <= here + step < len(blocks):
        blocks[here], blocks[here + step] = blocks[here + step], blocks[here]
    made[part] = [one for block in blocks for one in block]
    return made


def _blocks(rows: Sequence[Raw], part: str) -> list[list[Raw]]:
    found: list[list[Raw]] = []
    for row in rows:
        group = row.get("parallel") if part == "steps" else ""
        if found and group and found[-1][-1].get("parallel") == group:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def new_name(taken: Sequence[str], head: str) -> str:
    """A code nobody has to think of: head1, head2 …"""
    return next(f"{head}{n}" for n in range(1, 1000) if f"{head}{n}" not in taken)


def step_key(raw: Mapping[str, Any], kind: str) -> str:
    taken = [one["key"] for one in raw["steps"]] + [one.get("parallel", "") for one in raw["steps"]]
    own = OWN_KEYS.get(kind, "")
    return own if own and own not in taken else new_name(taken, "step")


def side_by_side(raw: Mapping[str, Any], at: int, side: str, join: str | int) -> Raw:
    """Step `at` alone, or beside its neighbour (`prev`, `next`), with the join of the whole group; `keep`: as it is."""
    made = copy.deepcopy(dict(raw))
    rows = made["steps"]
    row, was = rows[at - 1], rows[at - 1].get("parallel", "")
    if side in ("prev", "next"):
        other = at - 2 if side == "prev" else at
        if not 0 <= other < len(rows):
            raise ValueError("没有可以同时办理的相邻步骤")
        names = [one["key"] for one in rows] + [one.get("parallel", "") for one in rows]
        group = rows[other].get("parallel") or new_name(names, "group")
        rows[other]["parallel"] = row["parallel"] = group
    elif side == "alone":
        row.pop("parallel", None)
        row.pop("join", None)
    made = _lone(made, was) if was and row.get("parallel") != was else made
    group = row.get("parallel", "")
    for one in made["steps"]:
        if group and one.get("parallel") == group:
            one["join"] = join
            if join == "all":
                one.pop("join")
    return made


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the comparison: where, what, before and after in words ("" for nothing)."""

    part: str
    what: str
    before: str
    after: str


def compare(old: Mapping[str, Any], new: Mapping[str, Any], words: Glossary) -> list[Change]:
    """Everything that differs between two editions, in words."""
    found = []
    for name in dict.fromkeys([*old, *new]):
        if name not in PARTS and old.get(name) != new.get(name):
            found += list(_changed("事项", OTHER.get(name, ITEM.get(name, name)), old.get(name), new.get(name), words))  # fmt: skip
    for part, title in PARTS.items():
        found += _compare_rows(title, part, old.get(part, []), new.get(part, []), words)
    return found


OTHER = {
    "extended_limit": "延长时限", "delegated_limit": "下放时限", "fast_limit": "快速时限", "recheck": "复核周期",
    "phase_out_months_max": "渐退期（月）", "skip_steps": "可以跳过的步骤", "fees": "收费", "provenance": "数值来源",
}  # fmt: skip


def _changed(part: str, what: str, old: Any, new: Any, words: Glossary) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            if old.get(key) != new.get(key):
                label = f"{what}·{INNER.get(key, key)}"
                yield Change(part, label, said(old.get(key), words, key), said(new.get(key), words, key))
    else:
        yield Change(part, what, said(old, words), said(new, words))


INNER = {
    "days": "天数", "unit": "单位", "excludes": "不计入的情形", "mode": "方式", "fields": "公示内容", "kind": "方式",
    "on_objection": "异议成立后从哪里重来", "republish": "重新公示", "modes_when": "另有规定的情形", "start": "起始月",
    "via": "由谁送达", "when": "条件", "status": "状态", "channel": "渠道", "one_of": "任选其一组",
}  # fmt: skip


def _compare_rows(
    title: str, part: str, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], words: Glossary
) -> list[Change]:
    def ident(row: Mapping[str, Any]) -> str:
        return str(row.get("code") or row.get("key") or f"{row.get('dept')}@{row.get('stage')}")

    before, after, found = {ident(one): one for one in old}, {ident(one): one for one in new}, []
    for name, row in after.items():
        if name not in before:
            found.append(Change(title, "新增", "", _title(row)))
            continue
        for key in dict.fromkeys([*before[name], *row]):
            if before[name].get(key) != row.get(key):
                label = f"{_title(row)}：{LABELS[part].get(key, key)}"
                found.append(
                    Change(title, label, said(before[name].get(key), words, key), said(row.get(key), words, key))
                )  # fmt: skip
    found += [Change(title, "删除", _title(row), "") for name, row in before.items() if name not in after]
    both = [name for name in before if name in after]
    if both != [name for name in after if name in before]:
        found.append(
            Change(
                title,
                "顺序",
                " → ".join(_title(before[n]) for n in both),
                " → ".join(_title(r) for n, r in after.items() if n in before),
            )
        )
    return found


def _title(row: Mapping[str, Any]) -> str:
    return str(
        row.get("name_zh") or row.get("label_zh") or f"{row.get('dept', '')}（{row.get('purpose_zh', '')}）"
    )


def said(value: Any, words: Glossary, key: str = "") -> str:
    """A value of a definition in words."""
    if value is None or value == "" or value == []:
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        return _mapping_said(value, words, key)
    if isinstance(value, list):
        return "；".join(said(one, words, key) for one in value)
    text = str(value)
    posts = {code: office.zh for code, office in words.posts.items()}
    for table in (
        FIELD_WORDS,
        OBTAIN,
        MODES,
        UNITS,
        STATUS,
        words.causes,
        words.step_kinds,
        words.payout_starts,
        posts,
    ):
        if text in table:
            return str(table[text])
    return text


def _mapping_said(value: Mapping[str, Any], words: Glossary, key: str) -> str:
    if key == "need":
        if value.get("one_of"):
            return f"任选其一（{value['one_of']}）"
        return f"条件成立时：{condition_text(value.get('when'), words.facts)}"
    if set(value) & {"fact", "any_member", "not", "all", "any"}:
        return condition_text(value, words.facts)
    if "days" in value:
        return f"{value['days']} {'个' if value.get('unit', 'working_day') == 'working_day' else ''}{UNITS[value.get('unit', 'working_day')]}"  # fmt: skip
    return "，".join(f"{INNER.get(name, name)} {said(one, words, name)}" for name, one in value.items())


def place_of(path: str, raw: Mapping[str, Any]) -> tuple[str, int]:
    """Where a finding belongs: (section of the page, row from 1 or 0 for the section itself)."""
    head = path.partition(".")[0].partition("[")[0]
    if head in PARTS:
        if "[" in path:
            number = path.partition("[")[2].partition("]")[0]
            return head, int(number) if number.isdigit() else 0
        key = path.partition(".")[2]
        rows = raw.get(head, ())
        hits = [at for at, one in enumerate(rows, 1) if key and key in (one.get("key"), one.get("parallel"), one.get("stage"))]  # fmt: skip
        return head, hits[0] if hits else 0
    if head.endswith("_limit"):
        return "terms", 0
    if head in ("publicity", "skip_steps"):
        return "publicity" if head == "publicity" else "steps", 0
    return ("notices" if head in ("refusal_notice", "payout", "recheck", "supplement") else "basic"), 0
