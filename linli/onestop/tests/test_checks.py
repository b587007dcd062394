"""What keeps an item from being published; every defect is told with its path."""

import copy
from typing import Any

import pytest

from linli.kernel import Refused
from linli.onestop import checks, shape
from linli.onestop.glossary import glossary, shipped_items
from linli.onestop.sheets import from_workbook, from_yaml, to_workbook, to_yaml

WORDS = glossary()


def dibao() -> dict[str, Any]:
    return copy.deepcopy(dict(next(one for one in shipped_items() if one["code"] == "MZ-001")))


def paths(raw: dict[str, Any]) -> set[str]:
    return {path for path, _ in checks.check(raw, WORDS)}


def without(raw: dict[str, Any], *keys: str) -> dict[str, Any]:
    raw["steps"] = [step for step in raw["steps"] if step["key"] not in keys]
    return raw


def test_the_shipped_catalogue_may_be_published_as_it_is():
    assert len(shipped_items()) == 73
    assert checks.summary(shipped_items(), WORDS) == {}


def test_the_shipped_catalogue_keeps_its_counts():
    kinds = [one["publicity"]["mode"] for one in shipped_items()]
    assert [kinds.count(mode) for mode in ("required", "forbidden", "none")] == [23, 6, 44]
    assert sum(len(one["materials"]) for one in shipped_items()) == 279
    assert sum(any(v == "cited" for v in one["provenance"].values()) for one in shipped_items()) == 16


def test_a_route_cannot_be_empty():
    raw = without(dibao(), "survey", "check", "first", "decide", "announce", "pay")
    raw["assists"] = []
    assert "steps" in paths(raw)


def test_there_is_one_decision_or_a_handover():
    assert "steps" in paths(without(dibao(), "decide"))
    raw = dibao()
    raw["works_with"] = {"room": "mediation", "how": "handover"}
    assert "steps" in paths(raw)
    raw = dibao()
    raw["steps"][-3]["when"] = {"fact": "low_income"}
    assert raw["steps"][-3]["key"] == "decide" and "steps.decide" in paths(raw)


def test_publicity_stands_before_the_decision_exactly_when_required():
    assert "steps.publicity" in paths(without(dibao(), "publicity"))
    raw = dibao()
    raw["publicity"] = {"mode": "forbidden"}
    assert "steps.publicity" in paths(raw)
    raw = dibao()
    raw["steps"].append(raw["steps"].pop(5))
    assert raw["steps"][-1]["key"] == "publicity" and "steps.publicity" in paths(raw)
    raw = dibao()
    raw["publicity"]["on_objection"] = "announce"
    assert "publicity.on_objection" in paths(raw)


def test_money_is_paid_after_the_decision_exactly_when_the_item_pays():
    assert "steps.pay" in paths(without(dibao(), "pay"))
    raw = dibao()
    raw["payout"] = {"kind": "none"}
    assert "steps.pay" in paths(raw)
    raw = dibao()
    raw["steps"].insert(2, raw["steps"].pop())
    assert "steps.pay" in paths(raw)


def test_the_longest_way_fits_the_promise_and_the_promise_the_statute():
    raw = dibao()
    raw["promised_limit"]["days"] = 6  # 3 + 1 + 3
    assert paths(raw) == {"promised_limit.days"}
    raw["promised_limit"]["days"] = 31
    assert "promised_limit.days" in paths(raw)
    raw = dibao()
    raw["steps"][7]["limit"]["days"] = 26  # and seven days of publicity are five working days
    assert "statutory_limit.days" in paths(raw)
    raw = dibao()
    raw["promised_limit"]["unit"] = "calendar_day"
    assert "promised_limit.unit" in paths(raw)


def test_a_refusal_without_its_notice_is_no_refusal():
    raw = dibao()
    raw["refusal_notice"]["days"] = 0
    assert paths(raw) == {"refusal_notice.days"}


def test_joins_and_assists_must_be_possible():
    raw = dibao()
    for step in raw["steps"][2:4]:
        step["join"] = 3
    assert "steps.investigate" in paths(raw)
    raw = dibao()
    raw["steps"][2]["join"] = "any"
    assert "steps.investigate" in paths(raw)
    raw = dibao()
    raw["assists"][0]["stage"] = "announce"
    assert "assists.announce" in paths(raw)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda r: r.update(surprise=1), "surprise"),
        (lambda r: r.pop("lead_department"), "lead_department"),
        (lambda r: r.update(lead_department="县气象局"), "lead_department"),
        (lambda r: r.update(category="XX"), "category"),
        (lambda r: r.update(code="GA-001"), "code"),
        (lambda r: r["steps"][2].update(role="moon.officer"), "steps[3].role"),
        (lambda r: r["steps"][2].update(key="accept"), "steps[3].key"),
        (lambda r: r["steps"][2].update(kind="magic"), "steps[3].kind"),
        (lambda r: r["steps"][2].update(join="most"), "steps[3].join"),
        (lambda r: r["steps"][2].update(cause="lunch"), "steps[3].cause"),
        (lambda r: r["steps"][1].update(when={"fact": "nix"}), "steps[2].when"),
        (lambda r: r["steps"][1].update(when="import os"), "steps[2].when"),
        (lambda r: r["steps"][5].update(parallel="investigate"), "steps[6].parallel"),
        (lambda r: r["materials"][0].update(obtain="steal"), "materials[1].obtain"),
        (lambda r: r["materials"][0].pop("source"), "materials[1].source"),
        (lambda r: r["materials"].append(dict(r["materials"][0])), "materials[16].code"),
        (lambda r: r["assists"].append(dict(r["assists"][0])), "assists[5].dept"),
        (lambda r: r["assists"][0].update(stage="nowhere"), "assists[1].stage"),
        (lambda r: r["publicity"].update(mode="maybe"), "publicity.mode"),
        (lambda r: r["publicity"].update(days=0), "publicity.days"),
        (lambda r: r["statutory_limit"].update(days="thirty"), "statutory_limit.days"),
        (lambda r: r["promised_limit"].update(excludes=["lunch"]), "promised_limit.excludes"),
        (lambda r: r["payout"].update(kind="gold"), "payout.kind"),
        (lambda r: r["basis"].append({"rule": "NOLAW"}), "basis[4].rule"),
        (lambda r: r["provenance"].update(steps="sure"), "provenance.steps"),
        (lambda r: r.update(steps="none"), "steps"),
        (lambda r: r.update(materials=7), "materials"),
    ],
)
def test_every_unknown_name_and_wrong_shape_is_told_by_its_path(change, path):
    raw = dibao()
    change(raw)
    found = {where for where, _ in shape.faults(raw, WORDS)}
    assert path in found


def test_what_is_no_item_at_all_is_told():
    for nonsense in (None, [], "MZ-001", 7):
        assert shape.faults(nonsense, WORDS) == [("", "事项应是一组字段")]


def test_unconfirmed_figures_are_listed():
    assert checks.unconfirmed(dibao()) == ["promised_limit", "fee_fen"]
    raw = dibao()
    raw["provenance"]["promised_limit"] = "cited"
    assert checks.unconfirmed(raw) == ["fee_fen"]


def test_yaml_and_excel_give_the_same_definitions_back():
    items = [dict(one) for one in shipped_items()]
    assert from_yaml(to_yaml(items)) == items
    assert sorted(from_workbook(to_workbook(items)), key=lambda one: one["code"]) == sorted(
        items, key=lambda one: one["code"]
    )


def test_no_cell_of_the_sheet_is_a_formula():
    raw = dibao()
    raw["name_zh"] = "=HYPERLINK(1)"
    (back,) = from_workbook(to_workbook([raw]))
    assert back["name_zh"] == "=HYPERLINK(1)"
    raw["name_zh"] = "{不是条件}"
    (back,) = from_workbook(to_workbook([raw]))
    assert back["name_zh"] == "{不是条件}"


@pytest.mark.parametrize("text", ["{", "items: 3", "- 7", "just words"])
def test_a_file_without_items_is_refused(text):
    with pytest.raises(Refused):
        from_yaml(text)


def test_a_workbook_that_is_none_is_refused():
    with pytest.raises(Refused, match="不是 Excel"):
        from_workbook(b"PK no")
    with pytest.raises(Refused, match="没有事项"):
        from_workbook(to_workbook([]))
