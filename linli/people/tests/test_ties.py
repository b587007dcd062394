from datetime import timedelta

import pytest
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.bus.models import Fact
from linli.kernel.ledger.models import Entry
from linli.people import actions, queries
from linli.people.models import Consent
from linli.people.tests.conftest import COUNTY, GRID, holding, number

TODAY = timezone.localdate()


def told(name: str) -> list[dict]:
    return list(Fact.objects.filter(name=f"people.{name}").order_by("id").values_list("body", flat=True))


def test_a_tie_is_made_changed_and_ended(worker, wang):
    tie = actions.set_tie(by=worker, person=wang.pk, kind="key_holder", name="邻居周", phone="13900001111")
    actions.set_tie(
        by=worker, person=wang.pk, tie=tie.pk, kind="key_holder", name="邻居周", phone="13900002222", rank=2
    )
    assert queries.ties_of(wang, "key_holder")[0].masked_phone == "139****2222"
    actions.end_tie(by=worker, tie=tie.pk)
    assert queries.ties_of(wang) == [] and [one["active"] for one in told("TieChanged")] == [
        True,
        True,
        False,
    ]


def test_a_tie_names_somebody_who_can_be_called(worker, wang):
    with pytest.raises(Refused) as refused:
        actions.set_tie(by=worker, person=wang.pk, kind="?")
    assert set(refused.value.fields) == {"kind", "name", "phone"}
    with pytest.raises(Refused):
        actions.set_tie(by=worker, person=wang.pk, kind="kin", other=wang.pk)


def test_a_consent_holds_until_it_is_withdrawn(worker, wang):
    consent = actions.give_consent(
        by=worker, person=wang.pk, purpose="onestop.check", evidence="签字表第 3 页"
    )
    assert queries.consents_to(wang.pk, "onestop.check")
    newer = actions.give_consent(by=worker, person=wang.pk, purpose="onestop.check", evidence="签字表第 9 页")
    consent.refresh_from_db()
    assert consent.withdrawn is not None
    actions.withdraw_consent(by=worker, consent=newer.pk)
    assert not queries.consents_to(wang.pk, "onestop.check")
    assert told("ConsentWithdrawn") == [
        {"consent": newer.pk, "person": wang.pk, "purpose": "onestop.check", "area": GRID}
    ]


def test_a_consent_ends_on_its_day(worker, wang):
    actions.give_consent(by=worker, person=wang.pk, purpose="contact", evidence="签字表", until=TODAY)
    assert queries.consents_to(wang.pk, "contact", TODAY)
    assert not queries.consents_to(wang.pk, "contact", TODAY + timedelta(days=1))


def test_a_child_under_fourteen_does_not_consent_alone(worker, home):
    child = actions.register_person(
        by=worker, household=home.pk, name="王小", birth=TODAY - timedelta(days=3650)
    )
    with pytest.raises(Refused, match="有误") as refused:
        actions.give_consent(by=worker, person=child.pk, purpose="care.file", evidence="签字")
    assert "监护人" in refused.value.fields["given_by"][0]
    given = actions.give_consent(
        by=worker, person=child.pk, purpose="care.file", given_by="guardian", evidence="监护人签字"
    )
    assert Consent.objects.get() == given


def test_people_consent_and_withdraw_for_themselves(clerk, wang):
    someone = holding("family", COUNTY)
    actions.link_account(by=clerk, person=wang.pk, account=someone.account)
    consent = actions.give_consent(by=someone, person=wang.pk, purpose="contact")
    assert actions.withdraw_consent(by=someone, consent=consent.pk).withdrawn


def test_revealing_needs_a_reason_and_leaves_a_record(worker, wang, home):
    with pytest.raises(Refused, match="理由"):
        actions.reveal(by=worker, kind="person", number=wang.pk, fields=("number",), reason="看")
    seen = actions.reveal(
        by=worker, kind="person", number=wang.pk, fields=("name", "number"), reason="核对低保申请"
    )
    assert seen == {"name": "王向阳", "number": number()}
    entry = Entry.objects.get(subject=f"people.person:{wang.pk}", verb="reveal")
    assert entry.fields["fields"] == "name number" and "低保" not in str(entry.fields)
    with pytest.raises(Refused):
        actions.reveal(by=worker, kind="person", number=wang.pk, fields=("account",), reason="核对低保申请")
    hint = actions.reveal(
        by=worker, kind="dwelling", number=home.dwelling_id, fields=("address",), reason="上门走访"
    )
    assert hint["address"].startswith("人民路")


def test_a_tie_to_somebody_known_reveals_their_own_phone(worker, home, wang):
    wife = actions.register_person(by=worker, household=home.pk, name="李梅", phone="13700007777")
    tie = actions.set_tie(by=worker, person=wang.pk, kind="kin", other=wife.pk)
    seen = actions.reveal(
        by=worker, kind="tie", number=tie.pk, fields=("name", "phone"), reason="紧急联系家属"
    )
    assert seen == {"name": "李梅", "phone": "13700007777"}
