"""From the first field to the receipt."""

import uuid

import pytest

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.onestop import actions, queries
from linli.onestop.actions import Given
from linli.onestop.models import Lookup
from linli.onestop.tests.conftest import GRID, a_file, do, person
from linli.people.models import Consent, Tie

pytestmark = pytest.mark.django_db


def test_a_draft_is_kept_from_the_first_field_and_gone_on_with_by_its_code(county):
    who = county.actor("resident")
    draft = actions.save_draft(by=who, item="MZ-001", person=county.old.pk)
    actions.save_draft(
        by=who,
        application=draft.application,
        given=Given(form={"电话": "1"}, papers={"INC": [a_file(county.accounts["resident"])]}),
    )
    row = queries.draft_by_code(draft.code.lower())
    assert row.pk == draft.application and row.form == '{"电话": "1"}' and row.area == GRID
    assert queries.draft_by_code("NOSUCHCODE") is None
    assert [m.person_id for m in row.members.all()] == [county.old.pk, county.wife.pk]
    assert row.members.first().facts["age"] >= 68


def test_sent_twice_it_is_one_draft_and_other_content_is_a_conflict(county):
    who, sent = county.actor("resident"), str(uuid.uuid4())
    first = actions.save_draft(by=who, item="MZ-011", person=county.old.pk, client_uuid=sent)
    again = actions.save_draft(by=who, item="MZ-011", person=county.old.pk, client_uuid=sent)
    assert again.application == first.application and again.code == first.code and again.repeated
    with pytest.raises(Refused) as refused:
        actions.save_draft(by=who, item="MZ-013", person=county.old.pk, client_uuid=sent)
    assert refused.value.status == 409
    with pytest.raises(Refused, match="UUID"):
        actions.save_draft(by=who, item="MZ-013", person=county.old.pk, client_uuid="nix")


def test_nobody_draws_up_a_case_for_somebody_else_without_authority(county):
    with pytest.raises(Refused) as refused:
        actions.save_draft(by=county.actor("resident"), item="MZ-011", person=county.wife.pk)
    assert refused.value.status == 403
    window = county.actor("window")
    with pytest.raises(Refused, match="代办依据"):
        actions.save_draft(by=window, item="MZ-011", person=county.wife.pk)
    draft = actions.save_draft(
        by=window, item="MZ-011", person=county.wife.pk, channel="window", authority="本人到窗口口述"
    )
    row = queries.application_of(window, draft.application)
    assert row.agent_id == window.account and row.channel == "window"


def test_a_guardian_applies_for_a_child(county):
    Tie.objects.create(person=county.wife, kind="guardian", other=county.old)
    draft = actions.save_draft(by=county.actor("resident"), item="MZ-013", person=county.wife.pk)
    assert queries.application_of(county.actor("resident"), draft.application).authority == "监护人"


def test_unknown_names_are_all_told(county):
    given = Given(facts={"rich": True}, papers={"NIX": [1]}, commit=["ID"])
    with pytest.raises(Refused) as refused:
        actions.save_draft(by=county.actor("resident"), item="MZ-001", person=county.old.pk, given=given)
    assert set(refused.value.fields) == {"facts", "papers", "commit"}
    for item, number in (("NO-001", county.old.pk), ("MZ-001", 0)):
        with pytest.raises(Refused) as refused:
            actions.save_draft(by=county.actor("resident"), item=item, person=number)
        assert refused.value.status == 404


def test_everybody_has_to_sign_before_departments_are_asked(county):
    Consent.objects.filter(person=county.wife).delete()
    who = county.actor("resident")
    draft = actions.save_draft(
        by=who,
        item="MZ-001",
        person=county.old.pk,
        given=Given(papers={"INC": [a_file(county.accounts["resident"])]}),
    )
    with pytest.raises(Refused) as refused:
        actions.submit(by=who, application=draft.application, signed=False)
    assert set(refused.value.fields) == {"signed", "members"}
    assert not Lookup.objects.exists()


def test_what_is_missing_is_named_before_submission_and_may_go_in_all_the_same(county):
    who = county.actor("resident")
    draft = actions.save_draft(by=who, item="MZ-001", person=county.old.pk)
    with pytest.raises(Refused, match="材料不完整：缺少收入证明或收入声明") as refused:
        actions.submit(by=who, application=draft.application, signed=True)
    assert refused.value.code == "incomplete"
    row = actions.submit(by=who, application=draft.application, signed=True, despite_missing=True)
    assert row.state == "submitted"
    assert actions.submit(by=who, application=draft.application, signed=True).pk == row.pk


def test_each_source_is_asked_once_a_member_and_the_intake_has_an_owner(county, begin):
    row = begin()
    shared = row.slots.filter(way="share").count()
    asked = Lookup.objects.filter(slot__application=row)
    assert asked.count() == shared * 2 - 1 and asked.get(slot__material="DIS").member.person == county.old
    assert row.tasks.get(step="accept").holder_id == county.accounts["window"].pk


def test_a_commitment_stands_for_a_proof_only_where_the_item_says(county):
    who = county.actor("resident")
    draft = actions.save_draft(by=who, item="WJ-005", person=county.old.pk, given=Given(commit=["GUARD"]))
    row = queries.application_of(who, draft.application)
    assert set(row.slots.values_list("state", flat=True)) == {"committed"}


def test_kin_of_an_official_are_recorded_apart(county, accepted):
    official = county.accounts["village"]
    brother = person("王村官", county.old.birth, official)
    Tie.objects.create(person=county.old, kind="kin", other=brother)
    row = accepted()
    assert row.kin
    assert set(row.tasks.filter(state="open").values_list("step", flat=True)) == {"kin_record"}
    do(row, "kin_record")
    assert row.tasks.filter(step="survey", state="open").exists()


def test_a_stale_page_does_not_overwrite(county):
    who = county.actor("resident")
    draft = actions.save_draft(by=who, item="MZ-011", person=county.old.pk)
    actions.save_draft(by=who, application=draft.application, given=Given(form={"a": 1}), base_version=2)
    with pytest.raises(Refused) as refused:
        actions.save_draft(by=who, application=draft.application, given=Given(form={"a": 2}), base_version=2)
    assert refused.value.code == "stale"


def test_a_stranger_neither_goes_on_with_a_draft_nor_submits_it(county):
    draft = actions.save_draft(by=county.actor("resident"), item="MZ-011", person=county.old.pk)
    stranger = county.actor("stranger")
    for act in (
        lambda: actions.save_draft(by=stranger, application=draft.application),
        lambda: actions.submit(by=stranger, application=draft.application, signed=True),
        lambda: queries.application_of(stranger, draft.application),
    ):
        with pytest.raises(Refused):
            act()
    with pytest.raises(Refused) as refused:
        actions.submit(by=SYSTEM, application=0, signed=True)
    assert refused.value.status == 404


def test_nobody_hands_in_a_file_that_is_anothers_or_is_not_there(county):
    who = county.actor("resident")
    draft = actions.save_draft(by=who, item="MZ-001", person=county.old.pk)
    for number in (a_file(county.accounts["stranger"]), 0):
        with pytest.raises(Refused) as refused:
            actions.save_draft(by=who, application=draft.application, given=Given(papers={"INC": [number]}))
        assert "papers" in refused.value.fields
    own = a_file(county.accounts["resident"])
    for _ in range(2):
        actions.save_draft(by=who, application=draft.application, given=Given(papers={"INC": [own]}))
    assert queries.application_of(who, draft.application).slots.get().files == [own]
