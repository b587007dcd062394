"""Rows of an item's tables: materials, steps, departments that assist; changed, added, moved, taken away."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from linli.kernel import Refused
from linli.onestop import actions, editing
from linli.onestop.actions.catalogue import digest_of
from linli.onestop.forms_editing import AssistForm, FieldForm, MaterialForm, StepForm
from linli.onestop.pages.editing import draft_of, edit_form, edit_link, stages_of
from linli.onestop.pages.frame import bound

Raw = dict[str, Any]


def _rows(raw: Mapping[str, Any], part: str, at: int) -> list[Raw]:
    if part not in editing.PARTS:
        raise Refused("没有这一部分。", code="no_part", status=404)
    rows = list(raw.get(part, ()))
    if at > len(rows):
        raise Refused("没有这一行，可能已被删除。", code="no_row", status=404)
    return rows


def _after(request: HttpRequest, most: int) -> int:
    said = request.GET.get("after", "")
    return min(int(said), most) if said.isdigit() else most


def row(request: HttpRequest, number: int, part: str, at: int) -> HttpResponse:
    """One row; 0 for a new one, behind row `?after=`."""
    by, version = draft_of(request, number)
    raw = version.definition
    rows = _rows(raw, part, at)
    old = rows[at - 1] if at else {}
    after = _after(request, len(rows))
    form = _form(request, raw, part, at, after, old)
    form.page_title = f"{'修改' if at else '添加'}{editing.PARTS[part]}"

    def change(said: dict[str, Any]) -> Raw:
        return _changed(raw, part, at, after, old, form)

    return edit_form(request, by, version, form, change, part)


def _form(request: HttpRequest, raw: Raw, part: str, at: int, after: int, old: Raw) -> Any:
    if part == "materials":
        return MaterialForm(*bound(request), row=old)
    if part == "form_fields":
        return FieldForm(*bound(request), row=old)
    if part == "assists":
        return AssistForm(*bound(request), row=old, stages=stages_of(raw))
    rows, group = raw["steps"], old.get("parallel", "")
    beside = [one["name_zh"] for one in rows if group and one is not old and one.get("parallel") == group]
    spot = at - 1 if at else after
    before = rows[spot - 1]["name_zh"] if spot else ""
    following = spot + 1 if at else spot
    behind = rows[following]["name_zh"] if following < len(rows) else ""
    return StepForm(*bound(request), row=old, before=before, after=behind, beside=beside)


def _changed(raw: Raw, part: str, at: int, after: int, old: Raw, form: Any) -> Raw:
    if part == "materials":
        code = old.get("code") or editing.new_name([one["code"] for one in raw.get(part, ())], "M")
        fresh = form.row(old, code)
    elif part == "form_fields":
        key = old.get("key") or editing.new_name([one["key"] for one in raw.get(part, ())], "f")
        fresh = form.row(old, key)
    elif part == "assists":
        fresh = form.row(old, "")
    else:
        key = old.get("key") or editing.step_key(raw, form.cleaned_data["kind"])
        fresh = form.row(old, key)
    if at:
        made = editing.put_row(raw, part, at, fresh)
    else:
        made = editing.insert_row(raw, part, after, fresh)
    return _beside(made, fresh["key"], form) if part == "steps" else made


def _beside(made: Raw, key: str, form: Any) -> Raw:
    """The step's place among its neighbours, as it was picked."""
    spot = next(at for at, one in enumerate(made["steps"], 1) if one["key"] == key)
    try:
        return editing.side_by_side(made, spot, form.cleaned_data["side"], form.joint)
    except ValueError as wrong:
        raise Refused(f"{wrong}。", code="no_neighbour", fields={"side": [str(wrong)]}) from None


@require_POST
def move(request: HttpRequest, number: int, part: str, at: int, way: str) -> HttpResponse:
    """up, down or remove."""
    by, version = draft_of(request, number)
    raw = version.definition
    _rows(raw, part, at)
    if not at or way not in ("up", "down", "remove"):
        raise Refused("没有这种操作。", code="no_act", status=404)
    if request.POST.get("seen", "") != digest_of(raw):
        messages.error(request, "这一版刚被改过，请看清现在的顺序再操作")
        return HttpResponseRedirect(edit_link(number, part))
    try:
        made = editing.drop_row(raw, part, at) if way == "remove" else editing.move_row(raw, part, at, way)
        actions.edit_draft(by=by, version=number, definition=made, seen=digest_of(raw))
    except ValueError as needed:
        messages.error(request, f"{needed}。")
    except Refused as refused:
        said = [one for lines in refused.fields.values() for one in lines] or [refused.message]
        messages.error(request, f"没有保存：{'；'.join(said)}")
    return HttpResponseRedirect(edit_link(number, part))
