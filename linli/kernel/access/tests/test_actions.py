from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.access import actions, queries
from linli.kernel.access.models import Bar, Grant, Pass, Proposal, Role
from linli.kernel.access.rules import SYSTEM, Actor, can
from linli.kernel.access.tests.conftest import LIUYANG, account
from linli.kernel.ledger.models import Entry

pytestmark = pytest.mark.django_db
TOWN = "430181101"


def refusal(call: object, **arguments: object) -> Refused:
    with pytest.raises(Refused) as refused:
        call(**arguments)  # type: ignore[operator]
    return refused.value


def verbs() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("verb", flat=True))


def test_a_grant_works_at_once_below_its_area_and_is_recorded(administrator: Actor) -> None:
    worker = account("worker")
    actions.give_grant(by=administrator, account=worker.pk, role="grid_worker", area=TOWN)
    assert can(queries.actor_for(worker.pk), "dispatch.work", area=TOWN + "001")
    assert not can(queries.actor_for(worker.pk), "dispatch.work", area="430181102")
    entry = Entry.objects.latest("id")
    assert (entry.verb, entry.by, entry.fields["area"]) == ("grant", administrator.ref, TOWN)


def test_a_grant_ends_when_it_is_ended_and_when_its_time_is_over(administrator: Actor) -> None:
    worker = account("worker")
    grant = actions.give_grant(by=administrator, account=worker.pk, role="grid_worker", area=TOWN)
    actions.end_grant(by=administrator, grant=grant.pk, reason="调离")
    assert not can(queries.actor_for(worker.pk), "dispatch.work", area=TOWN)
    soon = timezone.now() + timedelta(hours=1)
    again = actions.give_grant(
        by=administrator, account=worker.pk, role="grid_worker", area=TOWN, valid_to=soon
    )
    assert can(queries.actor_for(worker.pk), "dispatch.work", area=TOWN)
    Grant.objects.filter(pk=again.pk).update(
        valid_from=timezone.now() - timedelta(hours=2), valid_to=timezone.now() - timedelta(hours=1)
    )
    assert not can(queries.actor_for(worker.pk), "dispatch.work", area=TOWN)
    assert "end_grant" in verbs()


def test_the_same_grant_is_not_given_twice(administrator: Actor) -> None:
    worker = account("worker")
    wish = {"by": administrator, "account": worker.pk, "role": "nurse", "area": TOWN}
    actions.give_grant(**wish)
    assert refusal(actions.give_grant, **wish).status == 409


def test_nobody_grants_to_themselves(administrator: Actor) -> None:
    why = refusal(
        actions.give_grant, by=administrator, account=administrator.account, role="nurse", area=TOWN
    )
    assert why.code == "own_grant"


def test_a_wrong_grant_names_every_fault(administrator: Actor) -> None:
    why = refusal(actions.give_grant, by=administrator, account=0, role="king", area="43")
    assert set(why.fields) == {"account", "role", "area"}


def test_an_administrator_of_a_town_grants_in_that_town_only(administrator: Actor) -> None:
    row, worker = account("town_admin"), account("worker")
    Grant.objects.create(account=row, role_id="administrator", area=TOWN)
    town_admin = queries.actor_for(row.pk)
    actions.give_grant(by=town_admin, account=worker.pk, role="nurse", area=TOWN + "002")
    assert (
        refusal(actions.give_grant, by=town_admin, account=worker.pk, role="nurse", area="430181102").status
        == 403
    )
    assert (
        refusal(actions.give_grant, by=town_admin, account=worker.pk, role="nurse", area=LIUYANG).status
        == 403
    )


def test_a_stranger_gives_ends_and_decides_nothing(stranger: Actor, administrator: Actor) -> None:
    grant = Grant.objects.get(account=administrator.account)
    until = timezone.now() + timedelta(hours=1)
    about = {"account": account("worker").pk, "subject": "care.file:1"}
    for call, arguments in [
        (actions.give_grant, {"account": about["account"], "role": "nurse", "area": TOWN}),
        (actions.end_grant, {"grant": grant.pk}),
        (actions.decide_proposal, {"proposal": 1, "confirm": True}),
        (actions.give_pass, {**about, "verbs": ["care.open"], "reason": "查", "until": until}),
        (actions.revoke_pass, {"pass_id": 1}),
        (actions.bar, {**about, "why": "kin"}),
        (actions.unbar, {**about, "reason": "误设"}),
        (actions.edit_role, {"role": "nurse", "verbs": []}),
    ]:
        assert refusal(call, by=stranger, **arguments).status == 403


def test_a_third_administrator_takes_two_and_the_benefited_is_neither(
    administrator: Actor, second: Actor
) -> None:
    row = account("admin3")
    proposal = actions.give_grant(by=administrator, account=row.pk, role="administrator", area=LIUYANG)
    assert isinstance(proposal, Proposal)
    assert "administrator" not in queries.actor_for(row.pk).roles
    assert (
        refusal(actions.decide_proposal, by=administrator, proposal=proposal.pk, confirm=True).code
        == "same_person"
    )
    assert list(queries.open_proposals(second)) == [proposal]
    actions.decide_proposal(by=second, proposal=proposal.pk, confirm=True)
    assert "administrator" in queries.actor_for(row.pk).roles
    assert refusal(actions.decide_proposal, by=second, proposal=proposal.pk, confirm=True).status == 409


def test_a_rejected_proposal_gives_nothing(administrator: Actor, second: Actor) -> None:
    row = account("admin3")
    proposal = actions.give_grant(by=administrator, account=row.pk, role="administrator", area=LIUYANG)
    actions.decide_proposal(by=second, proposal=proposal.pk, confirm=False)
    assert not queries.actor_for(row.pk).scopes("access.grant")
    assert "reject_grant" in verbs()


def test_a_second_wish_for_the_same_waits_for_the_first(administrator: Actor, second: Actor) -> None:
    wish = {"by": administrator, "account": account("admin3").pk, "role": "administrator", "area": LIUYANG}
    actions.give_grant(**wish)
    assert refusal(actions.give_grant, **wish).code == "already_proposed"


def test_the_database_itself_refuses_a_proposal_confirmed_by_its_proposer(administrator: Actor) -> None:
    row = account("admin3")
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.create(
            account=row,
            role_id="administrator",
            area=LIUYANG,
            proposed_by_id=administrator.account,
            decided_by_id=administrator.account,
        )


def test_the_last_administrator_stays(administrator: Actor, second: Actor) -> None:
    first, other = (Grant.objects.get(account=one.account) for one in (administrator, second))
    actions.end_grant(by=second, grant=first.pk)
    assert refusal(actions.end_grant, by=SYSTEM, grant=other.pk).code == "last_administrator"


def test_a_pass_opens_one_subject_for_a_time_with_its_reason_recorded(chief: Actor) -> None:
    nurse = account("nurse")
    until = timezone.now() + timedelta(hours=24)
    row, secret = actions.give_pass(
        by=chief, account=nurse.pk, subject="care.file:7", verbs=["care.open"], reason="夜间求助", until=until
    )
    assert secret == ""
    assert can(queries.actor_for(nurse.pk), "care.open", subject="care.file:7")
    entry = Entry.objects.get(verb="give_pass")
    assert entry.subject == "care.file:7" and entry.fields["reason"].startswith("sha256:")
    Pass.objects.filter(pk=row.pk).update(until=timezone.now())
    assert not can(queries.actor_for(nurse.pk), "care.open", subject="care.file:7")


def test_a_pass_without_a_reason_or_for_oneself_is_refused(chief: Actor) -> None:
    until = timezone.now() + timedelta(hours=24)
    wish = {"by": chief, "subject": "care.file:7", "verbs": ["care.open"], "until": until}
    assert "reason" in refusal(actions.give_pass, account=account("nurse").pk, reason=" ", **wish).fields
    assert "account" in refusal(actions.give_pass, account=chief.account, reason="查看", **wish).fields


def test_a_pass_is_revoked_by_its_giver_or_given_up_by_its_holder(chief: Actor) -> None:
    nurse = account("nurse")
    until = timezone.now() + timedelta(hours=24)
    wish = {
        "account": nurse.pk,
        "subject": "care.file:7",
        "verbs": ["care.open"],
        "reason": "入户",
        "until": until,
    }
    first, _ = actions.give_pass(by=chief, **wish)
    assert "reason" in refusal(actions.revoke_pass, by=chief, pass_id=first.pk).fields
    actions.revoke_pass(by=chief, pass_id=first.pk, reason="查看完毕")
    again, _ = actions.give_pass(by=chief, **wish)
    actions.revoke_pass(by=queries.actor_for(nurse.pk), pass_id=again.pk)
    assert not can(queries.actor_for(nurse.pk), "care.open", subject="care.file:7")
    assert refusal(actions.revoke_pass, by=chief, pass_id=first.pk).status == 409


def test_a_one_time_link_opens_its_subject_and_nothing_else(chief: Actor) -> None:
    until = timezone.now() + timedelta(hours=2)
    row, secret = actions.give_pass(
        by=chief,
        account=None,
        subject="dispatch.order:5",
        verbs=["dispatch.work"],
        reason="外单位抢修",
        until=until,
    )
    holder = queries.actor_for_link(secret)
    assert holder and holder.kind == "link" and holder.account is None
    assert can(holder, "dispatch.work", subject="dispatch.order:5")
    assert not can(holder, "dispatch.work", subject="dispatch.order:6")
    assert not can(holder, "dispatch.view", area=TOWN)
    assert queries.actor_for_link(secret + "x") is None
    assert secret.encode() not in bytes(row.link_hash)
    actions.revoke_pass(by=chief, pass_id=row.pk, reason="链接外传")
    assert queries.actor_for_link(secret) is None


def test_a_bar_keeps_kin_away_and_only_others_lift_it(chief: Actor) -> None:
    row = account("mediator")
    actions.give_grant(by=SYSTEM, account=row.pk, role="mediator", area=LIUYANG)
    said = {"subject": "mediation.case:3", "why": "kin"}
    assert "reason" in refusal(actions.bar, by=chief, account=row.pk, **said).fields
    actions.bar(by=chief, account=row.pk, reason="当事人之兄", **said)
    actions.bar(by=chief, account=row.pk, reason="当事人之兄", **said)
    assert Bar.objects.count() == 1 and verbs().count("bar") == 1
    assert not can(queries.actor_for(row.pk), "dispatch.work", area=TOWN, subject="mediation.case:3")
    assert "why" in refusal(actions.bar, by=chief, account=row.pk, subject="a.b:1", why="dislike").fields
    assert (
        "reason"
        in refusal(actions.unbar, by=chief, account=row.pk, subject="mediation.case:3", reason="").fields
    )
    actions.bar(by=SYSTEM, account=chief.account, subject="mediation.case:3", why="kin")
    own = refusal(actions.unbar, by=chief, account=chief.account, subject="mediation.case:3", reason="误设")
    assert own.status == 403
    actions.unbar(by=chief, account=row.pk, subject="mediation.case:3", reason="误设")
    assert can(queries.actor_for(row.pk), "dispatch.work", area=TOWN, subject="mediation.case:3")


def test_an_edited_role_holds_at_once_and_survives_the_next_release(administrator: Actor) -> None:
    row = account("nurse")
    actions.give_grant(by=administrator, account=row.pk, role="nurse", area=TOWN)
    actions.edit_role(by=administrator, role="nurse", verbs=["people.view", "care.open"])
    assert can(queries.actor_for(row.pk), "care.open", area=TOWN)
    actions.load_roles()
    assert set(Role.objects.get(pk="nurse").verbs) == {"people.view", "care.open"}
    assert Role.objects.get(pk="mediator").verbs[:3] == ["incidents.report", "dispatch.view", "dispatch.work"]
    entry = Entry.objects.get(verb="edit_role")
    assert entry.fields["after"] == "care.open people.view"


def test_no_role_is_given_everything_and_nobody_edits_their_own(administrator: Actor) -> None:
    for verb in ("*", "closing", "incidents.close;", "Incidents.View"):
        assert refusal(actions.edit_role, by=administrator, role="nurse", verbs=[verb]).code == "wrong_verb"
    own = refusal(actions.edit_role, by=administrator, role="administrator", verbs=["incidents.void"])
    assert own.status == 403
    assert refusal(actions.edit_role, by=administrator, role="king", verbs=[]).status == 404


def test_the_catalogue_loads_again_without_doubling() -> None:
    before = Role.objects.count()
    assert actions.load_roles() == before == len(actions.catalogue())


def test_no_administrator_verb_does_a_rooms_work() -> None:
    """What enrols, pays, closes or counts is a room's own action under its own procedure."""
    administrator = next(role for role in actions.catalogue() if role["code"] == "administrator")
    forbidden = ("vote", "count", "pay", "close", "void", "enrol", "decide", "handle", "work", "sign")
    assert not [verb for verb in administrator["verbs"] if verb.partition(".")[2].startswith(forbidden)]
    assert not [verb for verb in administrator["verbs"] if "*" in verb]
