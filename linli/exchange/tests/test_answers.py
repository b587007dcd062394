"""What a department's answer means, and where a department may stand."""

import hashlib
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.exchange import answers
from linli.exchange.catalogue import asking, mapping_version, purposes, sources
from linli.onestop.glossary import glossary, shipped_items

NUMBER = "f0b6f5f2-8a7e-4c52-9f5e-1a2b3c4d5e6f"
RECORD = answers.Record(
    "identity",
    {"name": "text", "birth": "date", "valid": "bool", "count": "int"},
    ("name", "birth"),
    ("valid",),
    {"age": "birth"},
)
GOOD = {"name": "王向阳", "birth": "1957-05-12", "valid": True, "count": 2}
KNOWN = answers.Known("王向阳", date(1957, 5, 12))
TODAY = date(2026, 2, 6)


def raw(record: object = None, **more: object) -> bytes:
    told = {"request": NUMBER, "found": True, "record": GOOD if record is None else record} | more
    return json.dumps(told, ensure_ascii=False).encode()


def read(body: bytes, known: answers.Known = KNOWN) -> answers.Answer:
    return answers.read(body, NUMBER, RECORD, known, TODAY)


def test_a_match_brings_values_and_the_hash_of_the_answer():
    answer = read(raw())
    assert (answer.result, answer.values) == ("match", {"age": 68})
    assert answer.evidence == hashlib.sha256(raw()).digest()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "李某"}, "姓名不一致"),
        ({"birth": "1957-05-13"}, "出生日期不一致"),
        ({"valid": False}, "已失效"),
        ({"name": "李某", "birth": "1957-05-13", "valid": False}, "姓名、出生日期不一致；已失效"),
    ],
)
def test_a_mismatch_names_the_fields_without_their_values_and_teaches_nothing(change, words):
    answer = read(raw(GOOD | change))
    assert (answer.result, answer.words, answer.values) == ("mismatch", words, {})


def test_what_the_house_does_not_know_cannot_differ():
    assert read(raw(), answers.Known("王向阳", None)).result == "match"


def test_nobody_known_is_absent():
    assert read(raw(found=False)).result == "absent"


MALFORMED = [
    (b"", "不是 JSON"),
    (b"<html>", "不是 JSON"),
    (b"[" * 50_000, "不是 JSON"),
    (b"[]", "JSON 对象"),
    (b"x" * 70_000, "64 KB"),
    (raw(request="other"), "请求编号"),
    (raw(found="yes"), "found"),
    (raw(record=[]), "record"),
    (raw({}), "name"),
    (raw(GOOD | {"name": " "}), "name"),
    (raw(GOOD | {"name": "某" * 201}), "name"),
    (raw(GOOD | {"birth": "1957-13-12"}), "birth"),
    (raw(GOOD | {"birth": 19570512}), "birth"),
    (raw(GOOD | {"valid": 1}), "valid"),
    (raw(GOOD | {"count": True}), "count"),
    (raw(GOOD | {"count": 2**60}), "count"),
]


@pytest.mark.parametrize(("body", "said"), MALFORMED)
def test_an_answer_that_was_not_agreed_is_refused_naming_the_defect(body, said):
    with pytest.raises(answers.Malformed, match=said):
        read(body)


@given(st.binary(max_size=300) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(lambda x: json.dumps(x).encode()))  # fmt: skip
def test_whatever_bytes_come_they_are_refused_and_nothing_else_happens(body):
    with pytest.raises(answers.Malformed):
        read(body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, "answer"), (202, "later"), (204, "failed"), (301, "failed"), (400, "failed"), (401, "failed"), (404, "failed"),
        (408, "again"), (410, "failed"), (429, "again"), (500, "again"), (503, "again"),
    ],
)  # fmt: skip
def test_what_a_status_means(status, kind):
    assert answers.judge_reply(answers.Reply(status, b"", "x"))[0] == kind


def test_silence_is_tried_again_and_a_closed_address_is_not():
    assert answers.judge_reply(answers.Reply(None, b"", "没有答复")) == ("again", "没有答复")
    assert answers.judge_reply(answers.Reply(None, b"", "不能", closed=True)) == ("failed", "不能")


@pytest.mark.parametrize(
    "url",
    ["https://10.1.2.3/share", "http://10.1.2.3:8080", "https://data.example.org", "http://192.168.3.4/"],
)
def test_a_source_may_stand_in_the_governments_network(url):
    assert answers.source_faults(url, own=False) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("x", "完整的网址"),
        ("https://169.254.169.254/", "链路本地"),
        ("http://100.100.100.200/", "这个地址"),
        ("https://[fd00:ec2::254]/", "这个地址"),
        ("http://127.0.0.1:8000/", "本机"),
        ("https://[::1]/", "本机"),
        ("https://localhost/", "本机"),
        ("http://93.184.216.34/", "明文"),
        ("https://data.example.org/?key=1", "?"),
        ("https://user:word@data.example.org/", "账号和密码"),
    ],
)
def test_an_address_no_department_has_is_named(url, said):
    assert said in "；".join(answers.source_faults(url, own=False))
    if said != "本机":
        assert answers.source_faults(url, own=True)


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "100.100.100.200", "::ffff:169.254.169.254", "0.0.0.0"])  # fmt: skip
def test_metadata_addresses_are_closed_whatever_the_setting(address):
    assert answers.place_fault(address, secure=True, own=True)


def test_identity_numbers_never_leave_the_network_in_the_clear():
    assert "明文" in answers.place_fault("93.184.216.34", secure=False, own=True)
    assert answers.place_fault("93.184.216.34", secure=True, own=False) == ""
    assert answers.place_fault("::ffff:127.0.0.1", secure=False, own=False) == answers.LOCAL


def test_every_shared_line_of_the_catalogue_has_its_source_and_mapping():
    by_title = {one.title: one for one in sources().values()}
    for item in shipped_items():
        for line in item.get("materials", ()):
            if line.get("obtain") == "share":
                assert line["code"] in by_title[line["source"]].records, (item["code"], line["code"])


def test_the_mapping_is_of_known_kinds_and_teaches_known_facts():
    assert mapping_version() >= 1 and purposes()
    for source in sources().values():
        for record in source.records.values():
            assert set(record.fields.values()) <= set(answers.KINDS)
            assert {*record.same, *record.holds, *record.learn.values()} <= set(record.fields)
            assert set(record.same) <= set(answers.KNOWN) and set(record.learn) <= set(glossary().facts)


def test_a_claim_outlives_the_longest_turn():
    assert asking().lease > 2 * (asking().turn + 60) and list(asking().pauses) == sorted(asking().pauses)
