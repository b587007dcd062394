"""The two commands that measure the duplicate rule: on service requests, and on messages."""

import csv
import gzip
import itertools
import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from linli.incidents import evaluate_repeats, evaluate_similar_text
from linli.incidents.duplicates import VALUES, Limit, Thresholds, ngram_cosine

words = st.text(alphabet="路灯不亮了井盖松动垃圾，。 abc12", max_size=20)


# ---- evaluate repeats ---------------------------------------------------------------------------------------


def row(
    number: int, opened: datetime, north_m: float, *, kind="Lamp", marked=False, closed_after=9.0
) -> dict:
    closed = opened + timedelta(days=closed_after)
    return {
        "case_enquiry_id": str(number),
        "open_dt": str(opened),
        "target_dt": str(opened + timedelta(days=7)),
        "closed_dt": str(closed),
        "closure_reason": "Duplicate of Existing Case" if marked else "Resolved",
        "reason": "Lights",
        "type": kind,
        "neighborhood": "North",
        "latitude": f"{10 + north_m / 111_195:.7f}",
        "longitude": "20.0",
    }


def a_made_up_city() -> list[dict]:
    """60 days; each day one lamp far from all, its marked repeat 80 m off, and one default-point row."""
    start, number = datetime(2020, 1, 1, 8), itertools.count(1)
    rows: list[dict] = []
    for day in range(60):
        opened = start + timedelta(days=day)
        rows.append(row(next(number), opened, 5_000.0 * day))
        repeat = opened + timedelta(hours=2)
        rows.append(row(next(number), repeat, 5_000.0 * day + 80, marked=True, closed_after=1))
        rows.append(row(next(number), opened + timedelta(hours=3), -9_000, marked=True))
    return rows


def save(path: Path, rows: list[dict]) -> Path:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_evaluate_repeats_learns_on_the_first_half_and_tells_of_the_second(tmp_path, capsys):
    path = save(tmp_path / "requests.csv.gz", a_made_up_city())
    evaluate_repeats.main(["--requests", str(path)])
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["requests"], found["marked"]) == (180, 120, 60)
    assert (found["default_points"], found["default_rows"]) == (1, 60)
    assert found["baseline"]["recall"] == 0 and found["baseline"]["flagged_share"] == 0
    assert found["tuned_on"]["until"] == "2020-01-31 00:00:00"
    assert found["tuned_on"]["marks_known_by_then"] == 29
    assert found["held_out"]["requests"] == 60
    assert set(found["limits"]) == {"Lights"}


def test_a_budget_large_enough_finds_every_mark_of_the_later_half(tmp_path):
    data = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
    data["fit"]["flag_budget"] = 0.6
    thresholds = tmp_path / "own.yaml"
    thresholds.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    path = save(tmp_path / "requests.csv", a_made_up_city())
    found = evaluate_repeats.run({"requests": path, "thresholds": thresholds})
    assert found["held_out"]["recall"] == 1 and found["held_out"]["flagged_share"] == 0.5
    assert found["limits"]["Lights"]["radius_m"] == 100
    assert found["flags_staff_agree"] == 1 and found["suggestions_per_flag"] == 1


def test_without_marks_the_shipped_limits_stay(tmp_path):
    rows = [{**each, "closure_reason": "Resolved"} for each in a_made_up_city()]
    found = evaluate_repeats.run({"requests": save(tmp_path / "requests.csv", rows)})
    assert found["limits"] == {} and found["recall"] == 0 and found["marked"] == 0
    assert found["flagged_share"] == found["shipped"]["flagged_share"]


def test_a_file_without_any_place_is_refused(tmp_path):
    rows = [{**each, "latitude": "", "longitude": ""} for each in a_made_up_city()]
    with pytest.raises(ValueError, match="latitude"):
        evaluate_repeats.run({"requests": save(tmp_path / "requests.csv", rows)})


def test_no_request_is_judged_by_what_came_later(tmp_path):
    path = save(tmp_path / "requests.csv", a_made_up_city())
    data = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
    rows = evaluate_repeats.read_requests(path)
    whole = evaluate_repeats.evaluate(rows, data, datetime(2020, 1, 20))
    begun = evaluate_repeats.evaluate(rows[:75], data, datetime(2020, 1, 20))
    assert whole["limits"] == begun["limits"]


@given(
    st.lists(
        st.tuples(st.floats(0, 200), st.integers(0, 900), st.integers(0, 900), st.booleans()), max_size=12
    )
)
def test_learning_and_judging_follow_one_rule(drawn):
    start = datetime(2020, 1, 1)
    rows = [
        row(
            number,
            start + timedelta(hours=hour),
            north,
            kind="Lamp" if lamp else "Pole",
            closed_after=after / 24,
        )
        for number, (north, hour, after, lamp) in enumerate(drawn)
    ]
    requests = sorted(map(evaluate_repeats.request_from, rows), key=lambda each: (each.opened, each.key))
    if not requests:
        return
    plane = evaluate_repeats.metres([each.point for each in requests])
    pairs = evaluate_repeats.pair_up(requests, plane, 150)
    for limit in (Limit(50, 7), Limit(100, 0, 14, "small"), Limit(150, 3, 7, "large")):
        judged = evaluate_repeats.replay(
            evaluate_repeats.tellings(requests, plane), pairs, Thresholds(default=limit)
        )
        assert np.flatnonzero(judged).tolist() == pairs.flagged(limit).tolist()


# ---- evaluate similar-text ----------------------------------------------------------------------------------

LETTERS = [
    ("路灯不亮", "幸福路口的路灯坏了三天，晚上看不清路。"),
    ("路灯坏了", "幸福路口的路灯坏了三天了，晚上看不清路！"),
    ("垃圾没人清", "菜市场后面堆满垃圾，气味难闻。"),
    ("", ""),
]


def messages(path: Path) -> Path:
    return save(path, [{"user": "u", "title": title, "body": body} for title, body in LETTERS])


def test_evaluate_similar_text_counts_pairs_and_prints_no_text(tmp_path, capsys):
    evaluate_similar_text.main(["--messages", str(messages(tmp_path / "letters.csv.gz"))])
    printed = capsys.readouterr().out
    found = json.loads(printed)
    assert (found["messages"], found["pairs"], found["messages_in_pairs"]) == (4, 1, 2)
    assert found["pairs_of_one_user"] == 1 and found["sweep"]["0.50"] == 1
    assert "路灯" not in printed and "shown" not in found


def test_texts_are_shown_only_when_asked_for(tmp_path):
    found = evaluate_similar_text.run({"messages": messages(tmp_path / "letters.csv"), "show": 5})
    (only,) = found["shown"]
    assert only["texts"][0].startswith("路灯不亮") and only["cosine"] > 0.5


def test_one_message_has_nothing_to_be_compared_with(tmp_path):
    path = save(tmp_path / "one.csv", [{"title": "路灯", "body": "不亮"}])
    with pytest.raises(ValueError, match="两条"):
        evaluate_similar_text.run({"messages": path})


@given(st.lists(words, min_size=2, max_size=6))
def test_the_sweep_uses_the_likeness_of_the_rule(texts):
    first, second, cosine = evaluate_similar_text.alike_pairs(texts, (2, 3), 0.0)
    found = {(a, b): c for a, b, c in zip(first.tolist(), second.tolist(), cosine.tolist(), strict=True)}
    for a, b in itertools.combinations(range(len(texts)), 2):
        assert found.get((a, b), 0.0) == pytest.approx(ngram_cosine(texts[a], texts[b]))
