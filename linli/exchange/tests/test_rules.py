import base64
from dataclasses import fields
from datetime import timedelta

import pytest

from linli.exchange import rules
from linli.exchange.catalogue import delivering, fact_words, hooks
from linli.exchange.tests.conftest import at
from linli.kernel.bus import registry

SECRET = "whsec_bGlubGktdGVzdC1zZWNyZXQtb2YtMzItYnl0ZXMhISE="
ID, STAMP = "f0b6f5f2-8a7e-4c52-9f5e-1a2b3c4d5e6f", 1767225600
BODY = '{"data":{"incident":17},"type":"incidents.IncidentFiled"}'
# printf '%s' "$ID.$STAMP.$BODY" | openssl dgst -sha256 -mac HMAC -macopt hexkey:… -binary | base64
SIGNED = "v1,bf7QBC9pgsbBx0La70S8PHykn1lMX833vs6t0lNppMM="
NOON = at("2026-03-02 12:00")


def test_a_signature_equals_the_one_openssl_makes():
    assert rules.sign(SECRET, ID, STAMP, BODY) == SIGNED


@pytest.mark.parametrize(
    "changed", [(ID[:-1] + "0", STAMP, BODY), (ID, STAMP + 1, BODY), (ID, STAMP, BODY + " ")]
)
def test_a_change_of_id_time_or_body_changes_the_signature(changed):
    assert rules.sign(SECRET, *changed) != SIGNED


def test_two_secrets_sign_side_by_side():
    other = rules.new_secret(b"x" * 32)
    told = rules.headers([other, SECRET], ID, STAMP, BODY)
    assert told["webhook-id"] == ID and told["webhook-timestamp"] == str(STAMP)
    assert told["webhook-signature"] == f"{rules.sign(other, ID, STAMP, BODY)} {SIGNED}"


def test_a_secret_is_base64_behind_its_mark():
    secret = rules.new_secret(bytes(range(32)))
    assert secret.startswith("whsec_") and base64.b64decode(secret[6:]) == bytes(range(32))


@pytest.mark.parametrize("size", [0, 23, 65])
def test_a_secret_of_a_wrong_size_is_not_made(size):
    with pytest.raises(ValueError):
        rules.new_secret(b"x" * size)


def test_what_is_no_secret_signs_nothing():
    with pytest.raises(ValueError):
        rules.sign("bGlubGk=", ID, STAMP, BODY)


def test_a_body_is_the_same_whatever_order_its_fields_came_in():
    one = rules.payload("a.B", NOON, {"b": 1, "a": "城"})
    assert one == rules.payload("a.B", NOON, {"a": "城", "b": 1})
    assert one == '{"data":{"a":"城","b":1},"timestamp":"2026-03-02T12:00:00.000+08:00","type":"a.B"}'


GOOD = [
    "https://hooks.example.org/in",
    "https://hooks.example.org:8443/in?of=1",
    "https://93.184.216.34/",
    "https://[2606:4700::1111]/x",
]
BAD = {
    "hooks.example.org": "完整的网址",
    "ftp://hooks.example.org/": "完整的网址",
    "https:///path": "完整的网址",
    "https://hooks.example.org:99999/": "完整的网址",
    "https://hooks.example.org/a b": "完整的网址",
    "https://hooks.example.org/\r\nX: 1": "完整的网址",
    "https://推送.example.org/": "完整的网址",
    "https://hooks.example.org\\@127.0.0.1/": "完整的网址",
    "http://hooks.example.org/in": "https://",
    "https://user:word@hooks.example.org/": "账号和密码",
    "https://hooks.example.org/#top": "#",
    "https://localhost/": "本机",
    "https://LOCALHOST./": "本机",
    "https://a.localhost/": "本机",
    "https://127.0.0.1/": "内网",
    "https://10.1.2.3/": "内网",
    "https://[::1]/": "内网",
    "https://[::ffff:192.168.0.1]/": "内网",
    "https://169.254.169.254/latest/meta-data": "链路本地",
    "https://hooks.example.org/" + "a" * 500: "500",
}


@pytest.mark.parametrize("url", GOOD)
def test_an_https_address_outside_is_taken(url):
    assert rules.url_faults(url, inside=False) == []


@pytest.mark.parametrize(("url", "said"), BAD.items())
def test_an_address_that_cannot_be_or_must_not_be_is_named(url, said):
    assert said in "；".join(rules.url_faults(url, inside=False))


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/x", "http://127.0.0.1/", "https://10.1.2.3/in", "http://[::1]/"]
)
def test_the_setting_opens_the_own_network(url):
    assert rules.url_faults(url, inside=True) == []


CLOSED = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "198.18.0.1",
]
NEVER = ["169.254.169.254", "fe80::1", "fe80::1%eth0", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1",
         "100.100.100.200", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:53aa::1", "168.63.129.16", "fd00:ec2::254", "nonsense"]  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_the_own_network_is_closed_unless_the_setting_opens_it(address):
    assert rules.address_fault(address, inside=False)
    assert rules.address_fault(address, inside=True) == ""


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_closed_whatever_the_setting(address):
    assert rules.address_fault(address, inside=False) and rules.address_fault(address, inside=True)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_the_world_outside_is_open(address):
    assert rules.address_fault(address, inside=False) == ""


def test_an_address_is_taken_apart_as_the_request_needs_it():
    aim = rules.target("https://hooks.example.org:8443/in?of=1")
    assert aim == rules.Target(True, "hooks.example.org", 8443, "/in?of=1", "hooks.example.org:8443")
    assert rules.target("https://[2606:4700::1111]") == rules.Target(
        True, "2606:4700::1111", 443, "/", "[2606:4700::1111]"
    )
    assert rules.target("http://a.example.org:80/").shown == "a.example.org"


@pytest.mark.parametrize(
    ("status", "kind", "rests"),
    [
        (200, "sent", False), (204, "sent", False), (299, "sent", False),
        (301, "again", False), (307, "again", False), (400, "again", False), (404, "again", False),
        (410, "gone", False), (418, "again", False), (429, "again", True), (500, "again", False), (503, "again", True),
    ],
)  # fmt: skip
def test_what_an_answer_means(status, kind, rests):
    verdict = rules.judge(status)
    assert (verdict.kind, verdict.rests, verdict.status) == (kind, rests, status)
    assert str(status) in verdict.words


def test_a_message_is_tried_after_each_pause_and_then_given_up():
    pauses = (5, 300, 1800)
    waits = [rules.next_try(NOON, n, pauses) for n in (1, 2, 3, 4)]
    assert waits == [
        NOON + timedelta(seconds=5),
        NOON + timedelta(minutes=5),
        NOON + timedelta(minutes=30),
        None,
    ]


def test_the_pauses_of_the_file_grow():
    pauses = delivering().pauses
    assert list(pauses) == sorted(pauses) and pauses[0] >= 1
    longest = delivering().turn + delivering().timeout
    assert delivering().lease > 2 * longest, "a claim must outlive the longest turn"


def test_a_receiver_is_given_up_after_its_hours():
    assert not rules.given_up(None, NOON, 72)
    assert not rules.given_up(NOON - timedelta(hours=71), NOON, 72)
    assert rules.given_up(NOON - timedelta(hours=72), NOON, 72)


@pytest.mark.parametrize(
    ("receiver", "area", "told"),
    [
        ("430181", "430181001001001", True), ("430181001", "430181001001001", True), ("430181002", "430181001001001", False),
        ("430181001001", "430181001", False), ("430181", "", True), ("430181001", "", False),
    ],
)  # fmt: skip
def test_a_receiver_is_told_of_its_own_area(receiver, area, told):
    assert rules.covers(receiver, area, "430181") is told


@pytest.mark.parametrize("code", ["", "43018", "4301810", "430181001001001001", "abcdef", "430181 "])
def test_what_is_no_area_code_is_named(code):
    assert rules.area_fault(code)


def test_the_matters_a_message_names():
    order = {"order": 5, "subject": "incidents.incident:17"}
    assert rules.matters(order) == (frozenset({17}), frozenset({5}))
    assert rules.matters({"incident": 17, "into": 9, "subject": "incidents.incident:17"}) == (
        frozenset({9, 17}),
        frozenset(),
    )
    assert rules.matters({"words": "测试消息"}) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    "subject", ["care.file:3", "onestop.application:17", "incidents.report:3", "incidents.incident:x"]
)
def test_a_matter_nobody_here_can_judge_is_not_told(subject):
    assert rules.matters({"order": 5, "subject": subject}) is None


FREE_TEXT = {"text", "reason"}


def test_the_list_names_facts_that_are_told_and_fields_they_have():
    registry.load()
    for name, hook in hooks().items():
        assert "exchange.on_fact" in registry.reactions_to(name), name
        known = {field.name for field in fields(registry._facts[name])}
        assert set(hook.fields) <= known and not set(hook.fields) & FREE_TEXT, name
        assert {"area", "subject"} <= set(hook.fields), name
    heard = {name for name in registry._facts if "exchange.on_fact" in registry.reactions_to(name)}
    assert heard == set(hooks())


def test_a_fact_is_shown_in_words():
    assert fact_words("incidents.IncidentFiled") == "立案"
    assert fact_words("exchange.Test") == "测试消息"
    assert fact_words("gone.Fact") == "gone.Fact"
