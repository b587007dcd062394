"""The class list as a sheet: one row a small class, the same columns out and in."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from linli.dispatch.models import URGENCIES
from linli.incidents.actions.catalogue import PLAIN, STATUS, publish_class, wrong_class
from linli.incidents.models import IncidentClass
from linli.kernel.actor import Actor
from linli.kernel.web.imports import ImportColumn, ImportKind

Cells = Mapping[str, str]
CHOICES = {
    "kind": dict(IncidentClass._meta.get_field("kind").choices or ()),
    "urgency": dict(URGENCIES),
    "check_mode": dict(IncidentClass._meta.get_field("check_mode").choices or ()),
    "status": STATUS,
}
YES = {True: "是", False: "否"}
COLUMNS = (
    ImportColumn("code", "小类代码", required=True, aliases=("代码",), example="sr.litter"),
    ImportColumn("name", "小类", required=True, aliases=("小类名称",), example="暴露垃圾"),
    ImportColumn("large", "大类代码", required=True, example="sr"),
    ImportColumn("large_name", "大类", required=True, aliases=("大类名称",), example="市容环境"),
    ImportColumn("kind", "部件或事件", required=True, example="事件"),
    ImportColumn("domain", "领域", required=True, example="城乡建设"),
    ImportColumn("urgency", "紧急程度", required=True, example="一般"),
    ImportColumn("filing", "立案条件", example="公共场所垃圾散落、桶满外溢"),
    ImportColumn("closing", "结案条件", example="垃圾清净，周边无残留"),
    ImportColumn("milestones", "处置阶段与时限", example="清运 1 wd", hint="几个阶段用分号隔开"),
    ImportColumn("questions", "上报时的提问", example="大概有多大一堆？", hint="几个问题用分号隔开"),
    ImportColumn("check_mode", "核查方式", required=True, example="前后照片"),
    ImportColumn("skip_confirm", "可免现场核实", example="是", hint="是或否，空着为否"),
    ImportColumn("private", "保密", example="否", hint="是或否，空着为否"),
    ImportColumn("danger_words", "危险词", hint="几个词用分号隔开"),
    ImportColumn("examples", "例句", hint="居民会怎么说，几句用分号隔开，每晚学习"),
    ImportColumn("gb_code", "国标代码"),
    ImportColumn("source", "依据", example="文件名称和文号"),
    ImportColumn("status", "依据状态", example="待核实", hint="、".join(STATUS.values())),
)


def lines(text: str) -> list[str]:
    """What stands on lines of its own or between semicolons."""
    return [one.strip() for one in re.split(r"[\n；;]", text) if one.strip()]


def read_steps(text: str) -> list[dict[str, str]]:
    """`清运 1 wd` a line -> milestones; a line without a limit keeps its name, and the action names the defect."""
    found = []
    for line in lines(text):
        match = re.fullmatch(r"(.*?)\s*([\d./]+\s*[a-z]+(?:\s+roll)?)", line)
        name, limit = match.groups() if match else (line, "")
        found.append({"name": name.strip(), "limit": re.sub(r"([\d./]+)\s*", r"\1 ", limit, count=1)})
    return found


def write_steps(milestones: Iterable[Mapping[str, str]], between: str = "\n") -> str:
    return between.join(f"{step['name']} {step['limit']}" for step in milestones)


def read_cells(cells: Cells) -> dict[str, Any]:
    """The fields of `publish_class`; a word that is no choice stays as it is and is named as a defect."""
    said: dict[str, Any] = {name: cells[name].strip() for name in PLAIN}
    for name, options in CHOICES.items():
        codes = {label: code for code, label in options.items()}
        said[name] = codes.get(said[name], said[name] or ("to_confirm" if name == "status" else ""))
    said["milestones"] = read_steps(said["milestones"])
    said |= {name: lines(said[name]) for name in ("questions", "danger_words", "examples")}
    said |= {name: said[name] == "是" for name in ("skip_confirm", "private")}
    return {**said, "gb_code": said["gb_code"] or None}


def write_cells(row: IncidentClass) -> dict[str, str]:
    """The row's cells, in the words `read_cells` understands."""
    found = {name: getattr(row, name) for name in ("code", *PLAIN)}
    found |= {name: options.get(found[name], found[name]) for name, options in CHOICES.items()}
    found |= {name: YES[found[name]] for name in ("skip_confirm", "private")}
    found |= {name: "；".join(found[name]) for name in ("questions", "danger_words", "examples")}
    found["milestones"] = write_steps(row.milestones, "；")
    return {name: value or "" for name, value in found.items()}


def check_row(by: Actor, cells: Cells) -> dict[str, str]:
    wrong = {name: "；".join(said) for name, said in wrong_class(cells["code"], read_cells(cells)).items()}
    for name in ("skip_confirm", "private"):
        if cells[name] not in ("", *YES.values()):
            wrong[name] = "请填“是”或“否”"
    return wrong


def exists(by: Actor, cells: Cells) -> bool:
    row = IncidentClass.objects.filter(code=cells["code"], active=True).first()
    said = read_cells(cells)
    return row is not None and all(getattr(row, name) == value for name, value in said.items())


def apply(by: Actor, cells: Cells) -> IncidentClass:
    return publish_class(by=by, code=cells["code"], **read_cells(cells))


CLASSES = ImportKind(
    code="incidents.classes",
    title="类别导入",
    verb="incidents.classes",
    columns=COLUMNS,
    check_row=check_row,
    apply=apply,
    key=("code",),
    exists=exists,
)
