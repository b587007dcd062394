"""Pictures are judged, never refused; a queued act knows when others came first."""

from datetime import UTC, datetime, timedelta

from linli.dispatch.evidence import Shot, flag_words, metres, misses, overtaken

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
HERE = {"lon": 113.633, "lat": 28.141}


def test_a_picture_taken_there_and_after_accepting_is_clean() -> None:
    shot = Shot(NOON + timedelta(minutes=5), 113.6335, 28.1412)
    assert misses([shot], accepted_at=NOON, **HERE) == []


def test_every_miss_is_named_once() -> None:
    shots = [
        Shot(NOON - timedelta(days=1), 113.64, 28.141),
        Shot(NOON - timedelta(days=2), 113.65, 28.141, reused=True),
        Shot(NOON + timedelta(minutes=1)),
    ]
    found = misses(shots, accepted_at=NOON, **HERE)
    assert found == ["photo_far", "photo_old", "photo_reused", "photo_unplaced"]
    assert "照片拍摄早于接单" in flag_words(found)


def test_no_picture_is_a_miss_only_where_one_is_wanted() -> None:
    assert misses([], accepted_at=NOON, **HERE) == ["photo_missing"]
    assert misses([], accepted_at=NOON, wanted=False, **HERE) == []


def test_an_order_without_a_point_judges_no_distance() -> None:
    assert misses([Shot(NOON, 100.0, 20.0)], accepted_at=NOON, lon=None, lat=None) == []


def test_a_hundred_metres_is_the_edge() -> None:
    step = 1 / 111_320
    assert 99 < metres(113.633, 28.141, 113.633, 28.141 + 99.5 * step) < 100
    edge = [Shot(NOON, 113.633, 28.141 + 101 * step)]
    assert misses(edge, accepted_at=NOON, **HERE) == ["photo_far"]


def test_ones_own_queued_acts_and_reminders_overtake_nothing() -> None:
    mine = [("arrive", "account:1"), ("remind", "system:linli"), ("accept", "account:1")]
    assert not overtaken(1, 3, mine, "account:1")
    assert not overtaken(2, 3, [("note", "account:9")], "account:1")
    assert not overtaken(None, 9, [("recall", "account:9")], "account:1")


def test_a_move_by_somebody_else_overtakes() -> None:
    assert overtaken(1, 2, [("reassign", "account:9")], "account:1")
    assert overtaken(
        1, 3, [("remind", "system:linli"), ("accept", "account:1"), ("recall", "account:9")], "account:1"
    )
    assert not overtaken(
        2, 3, [("accept", "account:1"), ("dispatch", "account:9")], "account:1"
    )  # before it was seen
