"""Conditions picked from lists: the part of the catalogue's forms that stands under what somebody is asked for."""

from collections.abc import Iterable
from typing import Any

from django import forms

from linli.kernel.web.forms import Form
from linli.onestop.conditions import Condition
from linli.onestop.editing import OPS, Clause, clauses_of, compose, condition_text
from linli.onestop.glossary import glossary

CLAUSES = 3  # lines of a condition a page offers


def picks(pairs: Iterable[tuple[str, str]], blank: str = "") -> list[tuple[str, str]]:
    return [("", blank or "请选择"), *pairs] if blank != "-" else list(pairs)


def days_field(label: str, *, least: int = 0, required: bool = False, **more: Any) -> forms.IntegerField:
    widget = forms.NumberInput({"inputmode": "numeric", "class": "days", "min": least})
    return forms.IntegerField(
        label=label, min_value=least, max_value=730, required=required, widget=widget, **more
    )


class WithCondition(Form):
    """A row that may hang on a condition: a few lines picked from the known facts; a deeper one is kept as it is."""

    cond_fields = ("keep", "cond_join")

    def add_condition(self, condition: Condition | None, prefix: str = "", lines: int = CLAUSES) -> None:
        words, read = glossary().facts, clauses_of(condition)
        self.deep = condition if read is None else None
        join, clauses = read if read is not None else ("all", [])
        if self.deep:
            said = condition_text(self.deep, words)
            self.fields[f"{prefix}keep"] = forms.BooleanField(
                label=f"保留原来的条件：{said}", required=False, initial=True,
                help_text="这个条件超出本页能显示的范围。不勾选，则改为下面所选",
            )  # fmt: skip
        if lines > 1:
            joins = [("all", "下面各条全部成立"), ("any", "下面任何一条成立")]
            self.fields[f"{prefix}cond_join"] = forms.ChoiceField(
                label="条件怎样算成立", choices=joins, initial=join, required=False
            )
        facts = picks(words.items(), "（无）")
        for at in range(max(lines, len(clauses))):
            one = clauses[at] if at < len(clauses) else None
            self._clause(f"{prefix}{{}}_{at}", facts, one)
        self.lines = max(lines, len(clauses))

    def _clause(self, name: str, facts: list[tuple[str, str]], one: Clause | None) -> None:
        who = [("member", "任一成员"), ("case", "申请人或本件")]
        parts = {
            "who": forms.ChoiceField(label="谁", choices=who, required=False, initial=one.who if one else "member"),
            "fact": forms.ChoiceField(label="情况", choices=facts, required=False, initial=one.fact if one else ""),
            "op": forms.ChoiceField(label="怎样", choices=list(OPS.items()), required=False, initial=one.op if one else "yes"),
            "value": forms.CharField(label="数值", required=False, max_length=20, initial=one.value if one else "",
                                     help_text="比大小时填写"),
        }  # fmt: skip
        for part, field in parts.items():
            self.fields[name.format(part)] = field

    def condition(self, prefix: str = "") -> Condition | None:
        """What was picked. Adds an error where a comparison has no value."""
        said = self.cleaned_data
        if self.deep and said.get(f"{prefix}keep"):
            return self.deep
        found = []
        for at in range(self.lines):
            fact, op = said.get(f"{prefix}fact_{at}"), said.get(f"{prefix}op_{at}") or "yes"
            if fact:
                found.append(Clause(said[f"{prefix}who_{at}"] or "member", fact, op, said[f"{prefix}value_{at}"]))  # fmt: skip
        return compose(said.get(f"{prefix}cond_join") or "all", found)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for name in [one for one in self.fields if one.rpartition("_")[0].endswith("fact")]:
            at = name.replace("fact_", "{}_")
            if (
                said.get(name)
                and said.get(at.format("op")) not in (None, "", "yes", "no")
                and not said.get(at.format("value"))
            ):
                self.add_error(at.format("value"), "请填写要比较的数值")
        return said

    @property
    def conditional(self) -> bool:
        """Whether the page opens with its condition in sight."""
        return self.is_bound or self.deep is not None or any(row[1].initial for row in self.clauses)

    @property
    def clauses(self) -> list[list[Any]]:
        """Rows of the condition as the template lays them out."""
        names = [one for one in self.fields if one.rpartition("_")[0].endswith("fact")]
        return [[self[one.replace("fact_", f"{part}_")] for part in ("who", "fact", "op", "value")] for one in names]  # fmt: skip

    @property
    def plain(self) -> list[Any]:
        """The visible fields that are no part of the condition."""
        inside = {bound.name for row in self.clauses for bound in row} | {"cond_join", "keep"}
        return [self[name] for name in self.fields if name not in inside and not self[name].is_hidden]

    @property
    def cond_head(self) -> list[Any]:
        return [self[name] for name in ("keep", "cond_join") if name in self.fields]
