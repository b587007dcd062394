"""Papers counted as people carry them."""

import io
import json

from django.core.management import call_command

from linli.onestop import burden
from linli.onestop.catalogue import parse
from linli.onestop.glossary import glossary, shipped_items

ITEMS = {one["code"]: one for one in shipped_items()}


def test_dibao_asks_for_one_paper_one_more_when_ill_two_signatures_and_shares_eleven():
    found = burden.of(parse(ITEMS["MZ-001"], glossary()))
    assert (found.lines, found.carried, found.when_asked, found.signed, found.shared) == (15, 1, 1, 2, 11)
    assert found.carried_down == 11  # ten that are always asked of departments, and the one carried


def test_a_choice_is_one_paper_and_none_where_data_spare_it():
    raw = json.loads(json.dumps(ITEMS["MZ-001"]))
    pair = [
        {"code": f"X{n}", "name_zh": f"证明{n}", "obtain": "submit", "need": {"one_of": "g"}} for n in (1, 2)
    ]
    raw["materials"] += pair
    assert burden.of(parse(raw, glossary())).carried == 2
    raw["materials"][-1] |= {"obtain": "share", "source": "公安·人口库"}
    assert burden.of(parse(raw, glossary())).carried == 1


def test_the_command_tells_all_items_with_sources_up_and_down():
    out = io.StringIO()
    call_command("onestop", "burden", "--shipped", stdout=out)
    said = json.loads(out.getvalue())
    assert said["items"] == len(said["by_item"]) == 73
    assert said["nothing_to_carry"] > said["nothing_to_carry_all_sources_down"]
    assert (
        said["carried"] == sum(one["carried"] for one in said["by_item"]) < said["carried_all_sources_down"]
    )
