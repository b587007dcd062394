"""What an item asks on the application form beyond the story: its own fields, laid down in the catalogue."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from linli.dispatch.forms import area
from linli.kernel.web.fields import DayField
from linli.onestop.shape import FIELD_KINDS


def asked_field(one: Mapping[str, Any], initial: str = "") -> forms.Field:
    """The form's field for one line of `form_fields`; cleans to text, a day, or one of the choices."""
    choosing = one.get("kind") in ("choice", "day")
    common: dict[str, Any] = {
        "label": one["label_zh"], "required": bool(one.get("required")), "help_text": one.get("help_zh", ""),
        "error_messages": {"required": f"请{'选择' if choosing else '填写'}{one['label_zh']}"},
    }  # fmt: skip
    match FIELD_KINDS.index(one.get("kind", "text")):
        case 1:
            return forms.CharField(max_length=1000, widget=area(3), initial=initial, **common)
        case 2:
            number = forms.TextInput({"inputmode": "decimal"})
            return forms.DecimalField(
                max_digits=12, decimal_places=2, widget=number, initial=initial or None, **common
            )
        case 3:
            return DayField(initial=initial or None, **common)
        case 4:
            choices = [("", "请选择"), *((word, word) for word in one.get("options", ()))]
            return forms.ChoiceField(choices=choices, initial=initial, **common)
    return forms.CharField(max_length=200, initial=initial, **common)


def add_asked(
    form: forms.Form, rows: Iterable[Mapping[str, Any]], written: Mapping[str, Any]
) -> dict[str, str]:
    """Adds the item's fields to a form; answers name of field -> its words."""
    names = {}
    for one in rows:
        name = f"own_{one['key']}"
        form.fields[name] = asked_field(one, str(written.get(one["label_zh"], "")))
        names[name] = one["label_zh"]
    return names


def told(form: forms.Form, names: Mapping[str, str]) -> dict[str, str]:
    """What was filled in, by its words, as the application keeps it."""
    said = form.cleaned_data
    return {words: "" if said.get(name) is None else str(said[name]) for name, words in names.items()}
