"""A catalogue item edited on pages: one page with everything and what is wrong with it, a form for each part."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.web.caller import caller
from linli.kernel.web.forms import Form, refuse_stale
from linli.onestop import actions, checks, editing, sheets
from linli.onestop.actions.catalogue import digest_of
from linli.onestop.catalogue import parse
from linli.onestop.forms_editing import (
    FIELD_WORDS,
    PAYOUT_WORDS,
    BasicForm,
    ImportForm,
    NoticesForm,
    PublicityForm,
    TermsForm,
)
from linli.onestop.glossary import glossary
from linli.onestop.models import ItemVersion
from linli.onestop.pages.frame import STAFF, ask, bound

VERB = "onestop.catalogue"
PLAIN_PARTS = ("basic", "notices", "form_fields")  # forms without a condition
Raw = dict[str, Any]


def edit_link(number: int, part: str = "") -> str:
    return reverse("onestop:edit", args=[number]) + (f"#{part}" if part else "")


def editor(request: HttpRequest) -> Actor:
    by = caller(request)
    require(by, VERB)
    return by


def version_of(number: int) -> ItemVersion:
    row = ItemVersion.objects.select_related("item", "edited_by").filter(pk=number).first()
    if row is None:
        raise Refused("没有这个事项版本。", code="no_version", status=404)
    return row


def draft_of(request: HttpRequest, number: int) -> tuple[Actor, ItemVersion]:
    """The draft to be changed. Raises Refused 403, 404, 409."""
    by, row = editor(request), version_of(number)
    if row.state != "draft":
        raise Refused("已发布的版本不能改，请先修订出新的一版。", code="not_a_draft", status=409)
    return by, row


def in_force(row: ItemVersion) -> ItemVersion | None:
    """The edition a draft is compared with: the last one published."""
    earlier = ItemVersion.objects.filter(item=row.item_id).exclude(state="draft").exclude(pk=row.pk)
    return earlier.filter(number__lt=row.number).order_by("-number").first()


def differences(row: ItemVersion) -> list[editing.Change]:
    before = in_force(row)
    return editing.compare(before.definition, row.definition, glossary()) if before is not None else []


@require_POST
def revise(request: HttpRequest, number: int) -> HttpResponse:
    by = editor(request)
    draft = actions.revise_item(by=by, version=number)
    messages.info(request, f"正在修订第 {draft.number} 版草稿；现行版本不受影响")
    return HttpResponseRedirect(edit_link(draft.pk))


@require_POST
def drop(request: HttpRequest, number: int) -> HttpResponse:
    by = editor(request)
    row = version_of(number)
    before = in_force(row)
    actions.drop_draft(by=by, version=number)
    messages.success(request, "草稿已放弃，现行版本不变")
    after = reverse("onestop:version", args=[before.pk]) if before else reverse("onestop:catalogue")
    return HttpResponseRedirect(after)


@require_safe
def edit(request: HttpRequest, number: int) -> HttpResponse:
    """Everything of a draft, each finding beside the place it concerns."""
    by, row = draft_of(request, number)
    raw, words = row.definition, glossary()
    found: dict[tuple[str, int], list[str]] = {}
    for path, said in checks.check(raw, words):
        found.setdefault(editing.place_of(path, raw), []).append(said)
    context = {
        "title": f"修订：{row.item.name}", "row": row, "seen": digest_of(raw),
        "parts": {part: found.get((part, 0), []) for part in ("basic", "terms", "publicity", "notices", *editing.PARTS)},
        "faults": sum(map(len, found.values())),
        "limits": _limit_lines(raw), "basics": _basic_lines(raw), "publicity": _publicity_lines(raw),
        "materials": [_material(at, one, found) for at, one in enumerate(raw.get("materials", ()), 1)],
        "asked": [_asked(at, one, found) for at, one in enumerate(raw.get("form_fields", ()), 1)],
        "steps": _step_lines(raw, found), "assists": [_assist(at, one, raw, found) for at, one in enumerate(raw.get("assists", ()), 1)],
        "payout": PAYOUT_WORDS[raw.get("payout", {}).get("kind", "none")], "notice": _notice(raw),
        "changes": differences(row), "before": in_force(row), "own": row.edited_by_id == by.account,
        "simulated": row.simulated.get("digest") == digest_of(raw), "broken": len(row.simulated.get("breaches", ())),
    }  # fmt: skip
    return render(request, "onestop/editing/edit.html", {**STAFF, **context})


def _limit_lines(raw: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    words, lines = glossary(), []
    doubt = checks.unconfirmed(raw)
    labels = (("promised_limit", "承诺时限"), ("statutory_limit", "法定时限"), ("extended_limit", "延长时限"),
              ("delegated_limit", "下放时限"), ("fast_limit", "快速时限"))  # fmt: skip
    for name, label in labels:
        if name in raw:
            stops = editing.said(raw[name].get("excludes"), words)
            beside = f"，{stops}时停走" if raw[name].get("excludes") else ""
            said = editing.said(
                {"days": raw[name]["days"], "unit": raw[name].get("unit", "working_day")}, words
            )
            lines.append((label, f"{said}{beside}", "待核实" if name in doubt else ""))
    definition = parse(raw, words)
    total = checks.critical_path(definition, "promised", definition.promised)
    lines.append(("各步骤承诺合计", f"{total} 天", ""))
    return lines


def _basic_lines(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    labels = sheets.ITEM
    return [(labels[name], editing.said(raw.get(name), glossary())) for name in
            ("name_zh", "kind", "lead_department", "applicants_zh")]  # fmt: skip


def _publicity_lines(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    words, row = glossary(), raw["publicity"]
    lines = [("是否公示", editing.MODES[row["mode"]])]
    if row["mode"] == "required":
        days = {"days": row.get("days", 7), "unit": row.get("unit", "calendar_day")}
        shown = row.get("fields", words.defaults["publicity_fields"])
        back = dict(stages_of(raw)).get(row.get("on_objection", ""), "没有写明")
        lines += [
            ("公示多久", editing.said(days, words)),
            ("公示内容", "、".join(FIELD_WORDS.get(one, one) for one in shown)),
            ("异议成立后", f"从“{back}”重来"),
        ]
    for one in row.get("modes_when", ()):
        lines.append((f"改为{editing.MODES[one['mode']]}", editing.condition_text(one["when"], words.facts)))
    return lines


def _notice(raw: Mapping[str, Any]) -> str:
    notice = {**glossary().defaults["refusal_notice"], **raw.get("refusal_notice", {})}
    return (
        f"{editing.said({'days': notice['days'], 'unit': notice.get('unit', 'working_day')}, glossary())}内"
    )


def _need(row: Mapping[str, Any]) -> str:
    need = row.get("need", {})
    return editing.said(need, glossary(), "need") if need else "人人都要"


def _material(at: int, row: Mapping[str, Any], found: Mapping[tuple[str, int], list[str]]) -> dict[str, Any]:
    way = editing.OBTAIN.get(row["obtain"], row["obtain"])
    late = f"，可容缺 {row['tolerable_days']} 天" if row.get("tolerable_days") else ""
    return {
        "at": at, "name": row["name_zh"], "way": f"{way}{'：' + row['source'] if row.get('source') else ''}",
        "need": f"{_need(row)}{late}", "core": row.get("core"), "faults": found.get(("materials", at), []),
    }  # fmt: skip


def _asked(at: int, row: Mapping[str, Any], found: Mapping[tuple[str, int], list[str]]) -> dict[str, Any]:
    kind = editing.FIELD_WORDS[row.get("kind", "text")]
    options = f"：{'、'.join(row['options'])}" if row.get("options") else ""
    return {
        "at": at, "name": row["label_zh"], "kind": f"{kind}{options}", "required": row.get("required"),
        "faults": found.get(("form_fields", at), []),
    }  # fmt: skip


def _step_lines(raw: Mapping[str, Any], found: Mapping[tuple[str, int], list[str]]) -> list[dict[str, Any]]:
    words, lines = glossary(), []
    for at, row in enumerate(raw["steps"], 1):
        terms = [f"{label} {editing.said(row[name], words)}" for name, label in (("promised", "承诺"), ("limit", "法定")) if name in row]  # fmt: skip
        post = words.posts.get(row["role"])
        lines.append(
            {
                "at": at, "name": row["name_zh"], "kind": words.step_kinds.get(row["kind"], row["kind"]),
                "role": post.zh if post else raw["lead_department"], "terms": "，".join(terms), "group": row.get("parallel", ""),
                "join": joint_words(row.get("join", "all")) if row.get("parallel") else "",
                "when": editing.condition_text(row.get("when"), words.facts), "people": row.get("min_people", 1),
                "cause": words.causes.get(row.get("cause", ""), ""), "faults": found.get(("steps", at), []),
            }
        )  # fmt: skip
    return lines


def joint_words(join: str | int) -> str:
    return {"all": "全部办完", "any": "任何一家办完"}.get(str(join), f"至少 {join} 家办完")


def _assist(
    at: int, row: Mapping[str, Any], raw: Mapping[str, Any], found: Mapping[tuple[str, int], list[str]]
) -> dict[str, Any]:
    words = glossary()
    return {
        "at": at, "name": row["dept"], "purpose": row["purpose_zh"], "stage": dict(stages_of(raw)).get(row["stage"], row["stage"]),
        "binding": "事实" if row.get("binding", "fact") == "fact" else "意见",
        "when": editing.condition_text(row.get("when"), words.facts), "faults": found.get(("assists", at), []),
    }  # fmt: skip


def stages_of(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Steps and groups a part may name, with their words; groups once, before their steps."""
    found: dict[str, str] = {}
    for row in raw["steps"]:
        group = row.get("parallel", "")
        if group:
            names = [one["name_zh"] for one in raw["steps"] if one.get("parallel") == group]
            found.setdefault(group, f"同时办理的一组：{'、'.join(names)}"[:80])
        found[row["key"]] = row["name_zh"]
    return list(found.items())


def with_terms(raw: Mapping[str, Any], said: Mapping[str, Any]) -> Raw:
    """All days of an item as they were filled in; an emptied one is taken away."""
    made = copy.deepcopy(dict(raw))
    other_unit = said["unit"] != raw["statutory_limit"].get("unit", "working_day")
    for name in ("promised_limit", "statutory_limit", "extended_limit", "delegated_limit", "fast_limit"):
        if said[name] is None:
            made.pop(name, None)
        else:
            unit = {"unit": said["unit"]} if other_unit or name not in raw else {}
            made[name] = {**made.get(name, {}), "days": said[name], **unit}
    for side in ("promised", "statutory"):
        term = made[f"{side}_limit"]
        if said[f"{side}_excludes"]:
            term["excludes"] = said[f"{side}_excludes"]
        else:
            term.pop("excludes", None)
        fallback = made["provenance"].get("other", "to_confirm")
        if said[f"{side}_status"] != made["provenance"].get(f"{side}_limit", fallback):
            made["provenance"][f"{side}_limit"] = said[f"{side}_status"]
    for at, step in enumerate(made["steps"]):
        for name in ("promised", "limit"):
            if said[f"{name}_{at}"] is None:
                step.pop(name, None)
            else:
                step[name] = {**step.get(name, {"unit": said["unit"]}), "days": said[f"{name}_{at}"]}
    return made


def with_basic(raw: Mapping[str, Any], said: Mapping[str, Any]) -> Raw:
    made = {**copy.deepcopy(dict(raw)), **{name: said[name] for name in BasicForm.NAMES}}
    if said["one_open_per"] == glossary().defaults["one_open_per"] and "one_open_per" not in raw:
        made.pop("one_open_per")
    return {name: value for name, value in made.items() if value not in (None, "") or name not in BasicForm.NAMES}  # fmt: skip


def with_notices(raw: Mapping[str, Any], said: Mapping[str, Any]) -> Raw:
    made = copy.deepcopy(dict(raw))
    notice = {**glossary().defaults["refusal_notice"], **made.get("refusal_notice", {})}
    if said["refusal_days"] != notice["days"] or said["refusal_via"] != notice.get("via", ""):
        fresh = {**made.get("refusal_notice", {}), "days": said["refusal_days"], "via": said["refusal_via"]}
        fresh.setdefault("unit", notice.get("unit", "working_day"))
        made["refusal_notice"] = {name: value for name, value in fresh.items() if value != ""}
    payout = {**made.get("payout", {}), "kind": said["payout"], "start": said["start"]}
    if said["payout"] != raw.get("payout", {"kind": "none"})["kind"] and said["payout"] == "none":
        made["payout"] = {"kind": "none"}
    elif "payout" in raw or said["payout"] != "none":
        made["payout"] = {name: value for name, value in payout.items() if value != ""}
    if said["payout"] not in ("none", "in_kind", "settle_with_provider"):
        made["payout"].setdefault("channel", "social_bank")  # who pays nobody by bank says so in the file
    if said["fee"] is not None:
        made["fee_fen"] = int(said["fee"] * 100)
    return made


def _publicity(request: HttpRequest, raw: Raw) -> tuple[Form, Callable[[dict[str, Any]], Raw]]:
    form = PublicityForm(*bound(request), raw=raw, stages=stages_of(raw)[1:])
    return form, lambda said: {**copy.deepcopy(raw), "publicity": form.value(raw["publicity"])}


SECTIONS: dict[str, tuple[type[Any], Callable[..., Raw]]] = {
    "basic": (BasicForm, with_basic), "terms": (TermsForm, with_terms), "notices": (NoticesForm, with_notices),
}  # fmt: skip


def section(request: HttpRequest, number: int, part: str) -> HttpResponse:
    by, row = draft_of(request, number)
    raw = row.definition
    if part == "publicity":
        form, change = _publicity(request, raw)
    elif part in SECTIONS:
        kind, made = SECTIONS[part]
        form = kind(*bound(request), raw=raw)
        change = lambda said: made(raw, said)  # noqa: E731
    else:
        raise Refused("没有这一部分。", code="no_part", status=404)
    return edit_form(request, by, row, form, change, part)


def edit_form(
    request: HttpRequest, by: Actor, row: ItemVersion, form: Any, change: Callable[[dict[str, Any]], Raw], part: str,
    **context: Any,
) -> HttpResponse:  # fmt: skip
    """A form of the editor: saved to the draft when nobody else changed it meanwhile, then back to its place."""
    seen = digest_of(row.definition)
    form.initial["base_version"] = seen
    who = row.edited_by.name if row.edited_by else "系统"

    def act(said: dict[str, Any]) -> None:
        refuse_stale(form, current=seen, who=who, what="这一版草稿")
        actions.edit_draft(by=by, version=row.pk, definition=change(said), seen=seen)
        messages.success(request, "已保存")

    template = {"terms": "onestop/editing/terms.html", **dict.fromkeys(PLAIN_PARTS, "web/form.html")}
    return ask(
        request, form, act, to=edit_link(row.pk, part), lead=form.page_lead or row.item.name,
        template=template.get(part, "onestop/editing/row.html"), context={"row": row, **context},
    )  # fmt: skip


@require_safe
def export(request: HttpRequest, form: str) -> HttpResponse:
    """What is in force, or one edition (`version`), as YAML or Excel."""
    editor(request)
    chosen = request.GET.get("version", "")
    rows = ItemVersion.objects.select_related("item")
    if chosen.isdigit():
        found = [version_of(int(chosen))]
    else:
        found = list(rows.filter(state="published", validity__endswith=None).order_by("item__code"))
    raws = [one.definition for one in found]
    if form == "yaml":
        answer = HttpResponse(sheets.to_yaml(raws), content_type="application/yaml; charset=utf-8")
    elif form == "xlsx":
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        answer = HttpResponse(sheets.to_workbook(raws), content_type=kind)
    else:
        raise Refused("只能导出 YAML 或 Excel。", code="no_form", status=404)
    name = f"事项-{found[0].item.code}.{form}" if chosen.isdigit() else f"事项目录.{form}"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


def bring(request: HttpRequest) -> HttpResponse:
    by = editor(request)
    form = ImportForm(*bound(request))

    def act(said: dict[str, Any]) -> None:
        file = said["file"]
        if file.size > sheets.MOST_BYTES:
            raise Refused("文件超过 10 MB。", code="too_big", fields={"file": ["请分几次导入"]})
        items = _read(file.name.lower(), file.read())
        made = actions.import_items(by=by, items=items)
        messages.success(request, f"读入 {len(items)} 个事项，{len(made)} 个与现行版本不同，已存为草稿")

    return ask(request, form, act, to=f"{reverse('onestop:catalogue')}?state=draft", lead=form.page_lead)


def _read(name: str, content: bytes) -> list[Raw]:
    if name.endswith(".xlsx"):
        return sheets.from_workbook(content)
    if not name.endswith((".yaml", ".yml")):
        raise Refused("不认识这种文件。", code="no_form", fields={"file": ["请选择 .yaml 或 .xlsx 文件"]})
    try:
        return sheets.from_yaml(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise Refused("文件不是 UTF-8 编码。", code="bad_yaml", fields={"file": ["请另存为 UTF-8"]}) from None
