from datetime import timedelta

from django.utils import timezone

from linli.areas import actions, jobs, queries
from linli.areas.models import Handover
from linli.areas.tests.conftest import RIVER, account
from linli.kernel.bus.registry import timers

GRID = RIVER + "001"


def test_the_timers_move_and_return_what_is_due(administrator):
    giver, receiver = account("周全"), account("吴稳")
    actions.set_keeper(by=administrator, grid=GRID, post="worker", account=giver.pk)
    today = timezone.localdate()
    row = actions.draft_handover(
        by=administrator, giver=giver.pk, receiver=receiver.pk, reason="leave", starts=today, ends=today
    )
    Handover.objects.filter(pk=row.pk).update(state="signed")
    assert jobs.move_handovers() == 1 and queries.keepers(GRID)["worker"] == receiver.pk
    assert jobs.return_handovers() == 0
    yesterday = today - timedelta(days=1)
    Handover.objects.filter(pk=row.pk).update(starts=yesterday, ends=yesterday)
    assert jobs.return_handovers() == 1 and queries.keepers(GRID)["worker"] == giver.pk


def test_the_timers_are_known_to_the_worker():
    names = {timer.name for timer in timers()}
    assert {"linli.areas.jobs.move_handovers", "linli.areas.jobs.return_handovers"} <= names
