import pytest

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.bus import actions, jobs, queries
from linli.kernel.bus.tests.probe import Told

pytestmark = pytest.mark.django_db


def test_an_administrator_sees_what_is_parked_and_why(administrator: Actor) -> None:
    actions.tell(Told(1), Told(2, fail=True))
    assert queries.backlog(administrator).undelivered == 2
    jobs.drain()
    assert ["管线爆裂" in row.reason for row in queries.parked(administrator)] == [True]
    backlog = queries.backlog(administrator)
    assert (backlog.undelivered, backlog.queued, backlog.parked, backlog.workers) == (0, 0, 1, 0)


def test_an_administrator_sees_every_timer_and_its_rhythm(administrator: Actor) -> None:
    states = {state.name: state for state in queries.timers(administrator)}
    assert states["kernel.bus.jobs.sequence_ledger"].rhythm == "每 1 秒"
    assert states["kernel.bus.jobs.prune"].rhythm == "每天 03:40"


def test_a_stranger_sees_nothing(stranger: Actor) -> None:
    for ask in (queries.parked, queries.timers, queries.backlog):
        with pytest.raises(Refused) as refused:
            ask(stranger)
        assert refused.value.status == 403
