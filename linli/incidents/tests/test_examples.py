"""The shipped data: class list, examples, cue words, routing."""

import re
from collections import Counter

import pytest
import yaml

from linli.incidents.training import (
    DATA,
    class_records,
    domains,
    large_classes,
    starter_cues,
    starter_examples,
)

LIMIT = re.compile(r"(0\.5|[1-9]\d?) (wd|dh|ch)")
PHONE_OR_ID = re.compile(r"1[3-9]\d{9}|\d{17}[\dXx]|0\d{2,3}-?\d{7,8}|\d{7,}")
LABELS = {"城乡建设", "劳动和社会保障", "教育文体", "商贸旅游", "环境保护", "卫生计生", "交通运输"}
CODES = [record["code"] for record in class_records()]
DISTRICT = ("么子", "冇", "哒", "细伢子", "嗲嗲", "娭毑", "堂客")


@pytest.fixture(scope="module")
def routing():
    return yaml.safe_load((DATA / "routing.yaml").read_text("utf-8"))


@pytest.mark.parametrize("record", class_records(), ids=CODES)
def test_every_class_has_a_valid_record(record):
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", record["code"])
    assert record["large"]["code"] == record["code"].split(".")[0]
    assert record["kind"] in ("part", "happening")
    assert record["urgency"] in ("critical", "urgent", "routine", "complex")
    assert record["check"] in ("spot", "photo", "reporter")
    assert record["status"] in ("cited", "known", "to_confirm")
    assert isinstance(record["skip_confirm"], bool) and isinstance(record["private"], bool)
    assert record["name"] and record["filing"] and record["closing"] and record["source"]
    assert len(record["questions"]) <= 3
    assert record["milestones"]
    assert all(LIMIT.fullmatch(step["limit"]) and step["name"] for step in record["milestones"])


def test_class_codes_and_names_are_unique():
    names = [record["name"] for record in class_records()]

    assert len(set(CODES)) == len(CODES)
    assert len(set(names)) == len(names)


def test_a_large_class_has_one_name():
    names = {(record["large"]["code"], record["large"]["name"]) for record in class_records()}

    assert len(names) == len({code for code, _ in names}) == 14


def test_no_national_code_is_claimed_before_it_is_confirmed():
    assert {record["gb_code"] for record in class_records()} == {None}


def test_the_seven_labels_are_all_reached_and_other_domains_exist():
    assert set(domains().values()) > LABELS


def test_private_matters_are_always_confirmed_by_a_person():
    """A complaint about a person must not be filed past everybody."""
    assert not [record["code"] for record in class_records() if record["private"] and record["skip_confirm"]]


def test_every_class_has_at_least_twenty_examples():
    _, codes = starter_examples()
    counted = Counter(codes)

    assert set(counted) == set(CODES)
    assert min(counted.values()) >= 20
    assert len(codes) >= 1200


def test_examples_stand_in_the_file_of_their_large_class():
    for path in (DATA / "examples").glob("*.yaml"):
        codes = yaml.safe_load(path.read_text("utf-8"))
        assert {large_classes()[code] for code in codes} == {path.stem}


def test_no_example_is_written_twice():
    texts, _ = starter_examples()

    assert [text for text, times in Counter(texts).items() if times > 1] == []


def test_no_example_holds_a_phone_or_identity_number():
    texts, _ = starter_examples()

    assert [text for text in texts if PHONE_OR_ID.search(text)] == []


@pytest.mark.parametrize("text", ["打13800001111", "证号43018119900101001X", "0731-83600000"])
def test_the_number_check_would_catch_one(text):
    assert PHONE_OR_ID.search(text)


def test_examples_are_short_reports_and_long_letters_in_the_local_tongue():
    texts, _ = starter_examples()

    assert min(map(len, texts)) >= 5
    assert sum(len(text) <= 25 for text in texts) > 500
    assert sum(len(text) >= 80 for text in texts) >= 50
    assert all(any(word in text for text in texts) for word in DISTRICT)


def test_cue_words_belong_to_known_classes():
    assert set(starter_cues()[1]) == set(CODES)


def test_every_class_is_routed_by_itself_or_its_large_class(routing):
    topics = {rule.get("class") or rule["large"] for rule in routing["rules"]}

    assert [code for code in CODES if code not in topics and large_classes()[code] not in topics] == []
    assert topics <= set(CODES) | set(large_classes().values())


def test_routing_names_known_units_once_a_topic(routing):
    units = {unit["code"] for unit in routing["units"]}
    topics = [rule.get("class") or rule["large"] for rule in routing["rules"]]

    assert len(set(topics)) == len(topics)
    for rule in routing["rules"]:
        assert rule["unit"] in units
        assert set(rule["assist"]) <= units - {rule["unit"]}
        assert rule["level"] in ("county", "town", "community")
        assert rule["basis"] and rule["status"] == "to_confirm"
