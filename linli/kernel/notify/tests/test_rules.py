from datetime import time

import pytest

from linli.kernel.notify.rules import (
    Quiet,
    Template,
    TemplateError,
    kind_of,
    masked,
    next_try,
    quiet_until,
    read_template,
    render,
)
from linli.kernel.notify.tests.conftest import NOON, at

QUIET = Quiet(time(21, 30), time(7, 30))
ROW = {"code": "demo.hello", "title": "问候", "text": "{name}，您好", "variables": ["name"]}


def read(**changes) -> Template:
    return read_template({**ROW, **changes}, version=2, status="known", source="试验")


def test_a_template_is_read_with_what_its_file_says():
    template = read(texts={"sms": "【邻里】{name}"}, channels=["in_app", "sms"], urgent=True)
    assert (template.version, template.status, template.urgent) == (2, "known", True)
    assert render(template, "sms", {"name": "张"}) == ("问候", "【邻里】张")
    assert render(template, "in_app", {"name": "张"}) == ("问候", "张，您好")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": "hello"}, "code"),
        ({"text": ""}, "text"),
        ({"text": "{name}{door}"}, "door"),
        ({"channels": ["pigeon"]}, "pigeon"),
        ({"texts": {"fax": "x"}}, "fax"),
    ],
)
def test_a_wrong_template_is_refused_with_its_defect(changes, said):
    with pytest.raises(TemplateError, match=said):
        read(**changes)


def test_all_defects_of_a_template_are_named_at_once():
    with pytest.raises(TemplateError) as refused:
        read(code="x", title="", channels=["fax"])
    assert all(word in str(refused.value) for word in ("code", "title", "fax"))


def test_a_missing_value_is_named():
    with pytest.raises(TemplateError, match="name"):
        render(read(), "in_app", {})


def test_a_value_is_put_in_as_it_is_and_cut():
    assert render(read(), "in_app", {"name": "{0.__class__} {name} %s"})[1].startswith(
        "{0.__class__} {name} %s"
    )
    assert len(render(read(), "in_app", {"name": "长" * 900})[1]) == 503
    assert render(read(title="{name}"), "in_app", {"name": "一\n二" * 100})[0].startswith("一 二")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-02 21:29", None),
        ("2026-03-02 21:30", "2026-03-03 07:30"),
        ("2026-03-02 23:59", "2026-03-03 07:30"),
        ("2026-03-03 00:00", "2026-03-03 07:30"),
        ("2026-03-03 07:29", "2026-03-03 07:30"),
        ("2026-03-03 07:30", None),
        ("2026-02-28 22:00", "2026-03-01 07:30"),
    ],
)
def test_quiet_time_runs_over_midnight(now, until):
    assert quiet_until(at(now), QUIET) == (at(until) if until else None)


def test_quiet_time_may_lie_within_a_day_or_not_exist():
    assert quiet_until(at("2026-03-02 13:00"), Quiet(time(12), time(14))) == at("2026-03-02 14:00")
    assert quiet_until(at("2026-03-02 11:00"), Quiet(time(12), time(14))) is None
    assert quiet_until(at("2026-03-02 11:00"), Quiet(time(11), time(11))) is None


def test_tries_back_off_and_end():
    assert (next_try(NOON, 1, (5, 30)) - NOON).seconds == 5
    assert (next_try(NOON, 2, (5, 30)) - NOON).seconds == 30
    assert next_try(NOON, 3, (5, 30)) is None


def test_an_address_tells_its_kind_and_is_masked():
    assert kind_of("13800000001") == "sms"
    assert kind_of("+86 138 0000 0001") == "sms"
    assert kind_of("a.b@example.org") == "email"
    assert kind_of("浏阳") is None
    assert masked("13800000001") == "138****0001"
    assert masked("zhang@example.org") == "z***@example.org"
    assert masked("12345") == "****"
