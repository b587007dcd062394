"""A sample nobody chose and anybody can draw again."""

import hashlib
from datetime import date, datetime
from io import StringIO
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel import Refused
from linli.kernel.ledger.models import Entry, Head
from linli.onestop import actions, queries_money
from linli.onestop.drawing import drawn_by, how_many
from linli.onestop.models import Application, SpotCheck
from linli.onestop.tests.conftest import COUNTY, at
from linli.onestop.tests.grants import granted

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 2, 1), date(2026, 2, 28)


def head(when: str, size: int = 9) -> Head:
    with patch("django.utils.timezone.now", return_value=at(when)):
        return Head.objects.create(log="county", size=size, root=hashlib.sha256(when.encode()).digest())


def draw(county, when: str = "2026-03-02 10:00", **more) -> SpotCheck:
    values = {
        "by": county.actor("supervisor"),
        "item": "MZ-009",
        "area": COUNTY,
        "first": FIRST,
        "last": LAST,
        **more,
    }
    return actions.draw_sample(at=at(when), **values)


def decided(county, count: int) -> list[str]:
    for month in range(count):
        granted(county, item="MZ-009", person=county.wife, when=f"2026-02-{month + 1:02d} 10:00")
    return sorted(Application.objects.values_list("number", flat=True))


@given(
    st.sets(st.text("0123456789", min_size=1, max_size=6), max_size=40), st.integers(30, 100), st.randoms()
)
def test_a_draw_is_the_same_for_everybody_and_never_too_small(numbers, percent, chance):
    shuffled = list(numbers)
    chance.shuffle(shuffled)
    drawn = drawn_by(5, "ab" * 32, shuffled, percent)
    assert drawn == drawn_by(5, "ab" * 32, sorted(numbers), percent)
    assert len(drawn.sample) == how_many(len(numbers), percent) >= len(numbers) * percent / 100
    assert set(drawn.sample) <= numbers


def test_another_root_or_one_more_case_draws_others():
    numbers = [str(n) for n in range(100)]
    drawn = drawn_by(5, "ab" * 32, numbers, 30)
    assert drawn.sample != drawn_by(5, "cd" * 32, numbers, 30).sample
    assert drawn.population_hash != drawn_by(5, "ab" * 32, [*numbers, "x"], 30).population_hash


def test_thirty_percent_are_drawn_by_the_first_head_after_the_period_and_on_record(county):
    numbers = decided(county, 7)
    head("2026-02-27 10:00", 5)
    with pytest.raises(Refused, match="树根"):
        draw(county)
    wanted = head("2026-03-01 00:30", 6)
    head("2026-03-01 08:00", 7)
    row = draw(county)
    assert (row.log_size, len(row.sample), row.population) == (wanted.size, 3, numbers)
    assert draw(county).pk == row.pk
    entry = Entry.objects.get(verb="onestop.draw_sample")
    assert entry.fields["seed"] == row.seed and entry.fields["of"] == 7
    _, again, same = queries_money.redraw(row.pk)
    assert same and list(again.sample) == row.sample
    assert list(queries_money.spot_checks_seen(county.actor("supervisor"))) == [row]
    assert not queries_money.spot_checks_seen(county.actor("resident"))


def test_the_command_draws_again_and_sees_a_bent_sample(county):
    decided(county, 4)
    head("2026-03-01 00:30")
    row, said = draw(county), StringIO()
    call_command("onestop", "redraw", str(row.pk), stdout=said)
    assert "一致" in said.getvalue() and row.sample[0] in said.getvalue()
    SpotCheck.objects.filter(pk=row.pk).update(sample=row.population)
    with pytest.raises(CommandError, match="不一致"):
        call_command("onestop", "redraw", str(row.pk), stdout=StringIO())
    with pytest.raises(Refused, match="没有这次抽查"):
        queries_money.redraw(0)


def test_a_draw_is_refused_too_early_too_small_empty_or_by_strangers(county):
    head("2026-03-01 00:30")
    for wrong, code in (
        ({"percent": 29}, "share"), ({"item": "XX"}, "no_item"), ({"when": "2026-02-28 23:00"}, "not_yet"),
        ({}, "nothing_decided"), ({"by": county.actor("stranger")}, "not_allowed"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            draw(county, **wrong)
        assert refused.value.code == code


def test_a_result_is_recorded_once_by_somebody_who_had_no_hand_in_it(county):
    decided(county, 3)
    head("2026-03-01 00:30")
    row = draw(county)
    visit = {"spot_check": row.pk, "application": row.sample[0], "sound": True, "note": "入户属实"}
    made = actions.record_spot_result(by=county.actor("supervisor"), **visit)
    assert made.sound and isinstance(made.at, datetime)
    with pytest.raises(Refused, match="已经登记"):
        actions.record_spot_result(by=county.actor("supervisor"), **visit)
    with pytest.raises(Refused, match="不在抽查名单"):
        actions.record_spot_result(by=county.actor("supervisor"), **{**visit, "application": "x"})
    with pytest.raises(Refused) as refused:
        actions.record_spot_result(by=county.actor("MZ"), **visit)
    assert refused.value.status == 403
