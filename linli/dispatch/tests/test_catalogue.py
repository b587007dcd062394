"""Clocks and ladders are versioned; wrong ones are refused with every defect at once."""

import pytest

from linli.dispatch import actions, clocks
from linli.dispatch.actions.catalogue import wrong_rungs
from linli.dispatch.models import Clock, Ladder
from linli.dispatch.tests.conftest import KIND, Posts, Raise
from linli.dispatch.wording import explain, who_words
from linli.kernel import Refused

WHO = {"who": ["assignee"], "act": "nudge"}


def test_a_clock_set_twice_alike_changes_nothing(posts: Posts) -> None:
    said = {"kind": "*", "stage": "accept", "urgency": "urgent", "limit": "20 min", "source": "办法"}
    first = actions.set_clock(by=posts.admin, **said)
    assert actions.set_clock(by=posts.admin, **said) == first and first.version == 2
    clocks.book.forget()
    assert clocks.limit(KIND, "accept", "urgent") == "20 min"


def test_a_wrong_clock_names_every_defect(posts: Posts) -> None:
    with pytest.raises(Refused) as refused:
        actions.set_clock(
            by=posts.admin, kind="nothing.here", stage="x", urgency="y", limit="soon", source=" "
        )
    assert set(refused.value.fields) == {"kind", "stage", "urgency", "limit", "source"}
    with pytest.raises(Refused) as refused:
        actions.set_clock(by=posts.chief, kind="*", stage="accept", urgency="urgent", limit="1 h", source="x")
    assert refused.value.status == 403 and not Clock.objects.filter(version=2).exists()


def test_a_running_order_climbs_the_ladder_it_began_with(posts: Posts, order: Raise) -> None:
    before = order()
    actions.set_ladder(
        by=posts.admin, code="*", urgency="", mode="actual", rungs=[{"share": 0.9, **WHO}], source="办法"
    )
    clocks.book.forget()
    after = order()
    assert len(clocks.rungs(before)) == 5 and [rung.share for rung in clocks.rungs(after)] == [0.9]
    with pytest.raises(Refused):
        actions.set_ladder(
            by=posts.chief, code="*", urgency="", mode="actual", rungs=[{"share": 1, **WHO}], source="x"
        )
    assert Ladder.objects.filter(version=2).count() == 1


def test_a_rung_says_when_whom_and_how() -> None:
    assert wrong_rungs([{"share": 0.5, **WHO}, {"seconds": 600, **WHO}]) == {}
    assert wrong_rungs([]) == {"rungs": ["至少要有一级"]}
    said = wrong_rungs(
        [{"share": 0.5, "seconds": 3, **WHO}, {"share": 20, **WHO}, {"share": 1, "who": [], "act": "shout"}]
    )
    assert len(said["rungs"]) == 4 and said["rungs"][0].startswith("第 1 级")
    assert wrong_rungs([{"share": 0.1 * n, **WHO} for n in range(1, 15)])["rungs"] == ["最多 12 级"]


def test_explanations_and_posts_read_as_words(posts: Posts) -> None:
    assert explain({"by": "rule", "id": 3, "text": "市容归城管"}) == "按派遣规则（第 3 条）：市容归城管"
    assert explain({}) == "" and who_words("post:duty_chief@county") == "县级值班长"
