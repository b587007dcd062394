from datetime import date, timedelta

import pytest
from django.utils import timezone

from linli.areas import actions, duties, queries
from linli.areas.actions.handovers import area_of_person
from linli.areas.models import Branch, Handover, Unit
from linli.areas.tests.conftest import EAST, HILL, RIVER, WEST, account
from linli.kernel import Refused
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor
from linli.kernel.ledger.models import Entry

GRID, NEXT = RIVER + "001", RIVER + "002"


def actor(account_row) -> Actor:
    return actor_for(account_row.pk, name=account_row.name)


@pytest.fixture
def giver(administrator):
    someone = account("周全", party_member=True)
    actions.set_keeper(by=administrator, grid=GRID, post="worker", account=someone.pk)
    actions.set_keeper(by=administrator, grid=NEXT, post="deputy", account=someone.pk)
    actions.set_branch(by=administrator, community=RIVER, name="第一支部", grids=[GRID], secretary=someone.pk)
    actions.set_unit(
        by=administrator, code="CG1", name="城管中队", kind="station", area=WEST, head=someone.pk
    )
    return someone


@pytest.fixture
def receiver(county):
    return account("吴稳", party_member=True)


@pytest.fixture
def cases():
    """A room above with duties of its own."""
    held: dict[int, list[int]] = {}

    def move(account_from: int, account_to: int, ids) -> None:
        held.setdefault(account_to, []).extend(ids)
        held[account_from] = [one for one in held[account_from] if one not in ids]

    duties.register("test.cases", lambda a: [(n, f"案件 {n}") for n in held.get(a, [])], move, label="案件")
    yield held
    duties.unregister("test.cases")


def signed(giver, receiver, **values) -> Handover:
    row = actions.draft_handover(by=actor(giver), giver=giver.pk, receiver=receiver.pk, **values)
    for someone in (giver, receiver):
        seen = actions.handovers.digest(duties.open_items(giver.pk))
        row = actions.sign_handover(by=actor(someone), handover=row.pk, seen=seen)
    return row


def test_one_signed_list_moves_every_open_duty_of_all_rooms(giver, receiver, cases):
    cases[giver.pk] = [7, 8]
    row = signed(giver, receiver, reason="resign", starts=timezone.localdate())
    assert row.state == "moved" and len(row.items) == 6
    assert duties.open_items(giver.pk) == [] and len(duties.open_items(receiver.pk)) == 6
    assert queries.keepers(GRID)["worker"] == receiver.pk and cases[receiver.pk] == [7, 8]
    assert Branch.objects.get().secretary == receiver and Unit.objects.get(code="CG1").head == receiver
    assert Entry.objects.filter(subject=f"areas.handover:{row.pk}", verb="sign_handover").count() == 2


def test_a_substitution_comes_back_at_its_end_without_what_was_finished(giver, receiver, cases):
    today = timezone.localdate()
    cases[giver.pk], cases[receiver.pk] = [7, 8], [9]
    row = signed(giver, receiver, reason="substitute", starts=today, ends=today + timedelta(days=3))
    cases[receiver.pk].remove(8)
    assert actions.return_due(today=today + timedelta(days=3)) == 0
    assert actions.return_due(today=today + timedelta(days=4)) == 1
    assert cases == {giver.pk: [7], receiver.pk: [9]}
    assert queries.keepers(GRID)["worker"] == giver.pk and Unit.objects.get(code="CG1").head == giver
    assert Handover.objects.get(pk=row.pk).state == "returned"
    assert actions.return_due(today=today + timedelta(days=5)) == 0


def test_a_post_given_to_a_third_in_between_stays_with_them(giver, receiver, administrator):
    today = timezone.localdate()
    signed(giver, receiver, reason="leave", starts=today, ends=today)
    third = account()
    actions.set_keeper(by=administrator, grid=GRID, post="worker", account=third.pk)
    actions.return_due(today=today + timedelta(days=1))
    assert queries.keepers(GRID)["worker"] == third.pk and queries.keepers(NEXT)["deputy"] == giver.pk


def test_a_list_signed_ahead_moves_on_its_day(giver, receiver):
    today = timezone.localdate()
    row = signed(giver, receiver, reason="resign", starts=today + timedelta(days=2))
    assert row.state == "signed" and actions.move_due(today=today) == 0
    assert actions.move_due(today=today + timedelta(days=2)) == 1
    assert queries.keepers(GRID)["worker"] == receiver.pk


def test_whoever_is_ill_is_signed_for_with_a_reason_and_gets_it_back(giver, receiver, administrator):
    today = timezone.localdate()
    row = actions.draft_handover(
        by=administrator, giver=giver.pk, receiver=receiver.pk, reason="ill", starts=today
    )
    seen = actions.handovers.digest(duties.open_items(giver.pk))
    with pytest.raises(Refused):
        actions.sign_for_giver(by=administrator, handover=row.pk, seen=seen, reason="")
    actions.sign_for_giver(by=administrator, handover=row.pk, seen=seen, reason="突发疾病住院")
    row = actions.sign_handover(by=actor(receiver), handover=row.pk, seen=seen)
    assert row.state == "moved"
    row = actions.give_back_handover(by=actor(giver), handover=row.pk)
    assert row.state == "returned" and queries.keepers(GRID)["worker"] == giver.pk


def test_nobody_signs_a_list_that_changed_since_they_saw_it(giver, receiver, administrator):
    row = actions.draft_handover(
        by=actor(giver), giver=giver.pk, receiver=receiver.pk, reason="resign", starts=timezone.localdate()
    )
    seen = actions.handovers.digest(duties.open_items(giver.pk))
    actions.set_keeper(by=administrator, grid=HILL + "001", post="worker", account=giver.pk)
    with pytest.raises(Refused) as refused:
        actions.sign_handover(by=actor(giver), handover=row.pk, seen=seen)
    assert refused.value.status == 409


def test_a_person_has_one_open_handover_and_may_take_it_back(giver, receiver):
    values = {"giver": giver.pk, "receiver": receiver.pk, "reason": "resign", "starts": date(2030, 1, 1)}
    row = actions.draft_handover(by=actor(giver), **values)
    with pytest.raises(Refused, match="未办结"):
        actions.draft_handover(by=actor(giver), **values)
    actions.cancel_handover(by=actor(receiver), handover=row.pk)
    with pytest.raises(Refused):
        actions.cancel_handover(by=actor(receiver), handover=row.pk)
    assert actions.draft_handover(by=actor(giver), **values).pk != row.pk


def test_a_handover_names_everything_that_is_wrong(giver):
    with pytest.raises(Refused) as refused:
        actions.draft_handover(
            by=actor(giver), giver=giver.pk, receiver=giver.pk, reason="leave", starts=date(2030, 1, 1)
        )
    assert set(refused.value.fields) == {"receiver", "ends"}


def test_a_stranger_neither_drafts_signs_sees_nor_cancels(giver, receiver, stranger, administrator):
    values = {"giver": giver.pk, "receiver": receiver.pk, "reason": "resign", "starts": date(2030, 1, 1)}
    with pytest.raises(Refused):
        actions.draft_handover(by=stranger, **values)
    row = actions.draft_handover(by=actor(giver), **values)
    seen = actions.handovers.digest(duties.open_items(giver.pk))
    for attempt in (
        lambda: actions.sign_handover(by=stranger, handover=row.pk, seen=seen),
        lambda: actions.sign_for_giver(by=stranger, handover=row.pk, seen=seen, reason="代签一下"),
        lambda: actions.cancel_handover(by=stranger, handover=row.pk),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.status == 403
    assert not queries.handovers_seen(stranger)
    with pytest.raises(Refused):
        queries.handover_of(stranger, row.pk)
    assert queries.handover_of(administrator, row.pk) == row
    assert EAST not in row.area


def test_the_administrator_of_all_a_giver_keeps_hands_over_for_them(giver, administrator):
    assert area_of_person(giver.pk) == RIVER
    actions.set_keeper(by=administrator, grid=HILL + "001", post="worker", account=giver.pk)
    assert area_of_person(giver.pk) == WEST
    assert area_of_person(account().pk) == ""
