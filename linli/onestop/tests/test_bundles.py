"""一件事: one form, papers handed once, several cases; offered to the family after a birth or a death."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.jobs import drain
from linli.kernel.files.models import Attachment
from linli.kernel.identity.fields import blind
from linli.kernel.identity.models import Account
from linli.kernel.notify.models import Notice as Sent
from linli.onestop import actions, bundling, checks, families
from linli.onestop.actions.bundles import follow_case, papers_of
from linli.onestop.actions.drafts import version_for
from linli.onestop.conditions import faults
from linli.onestop.glossary import glossary
from linli.onestop.models import Application, Bundle
from linli.onestop.tests.conftest import a_file, person
from linli.onestop.tests.test_pages import client_of, html, own_files, picture, said  # noqa: F401
from linli.people import actions as people
from linli.people.models import Person, Tie

pytestmark = pytest.mark.django_db
BIRTH = {"parents_married": True, "fertility_registered": False, "wants_card": True}


@pytest.fixture
def baby(county) -> Person:
    """A newborn of the household whose guardian is the applicant."""
    made = person("王小苗", timezone.localdate() - timedelta(days=20), None, county.home)
    Tie.objects.create(person=made, kind="guardian", other=county.old)
    return made


@pytest.fixture
def birth(county, baby) -> Bundle:
    row = actions.start_bundle(
        by=county.actor("resident"), code="YJS-01", person=county.old.pk, about=baby.pk
    )
    return actions.save_bundle(
        by=county.actor("resident"), bundle=row.pk, facts=BIRTH, form={"联系电话": "13900001111"}
    )


def states(row: Bundle) -> dict[str, str]:
    return dict(row.parts.values_list("item", "state"))


def test_the_shipped_bundles_name_items_facts_and_order_that_exist(county):
    shipped = {one["code"]: set(one["items"]) for one in glossary().bundles}
    for kind in bundling.kinds().values():
        items = [one.item for one in kind.parts]
        known = {name for name, _ in kind.questions} | set(glossary().facts)
        assert set(items) == shipped[kind.code]
        for part in kind.parts:
            assert (
                version_for(part.item) and checks.unconfirmed(version_for(part.item).definition) is not None
            )
            assert not part.after or items.index(part.after) < items.index(part.item)
            assert part.when is None or faults(part.when, known) == []


def test_one_form_and_one_paper_make_several_cases_of_their_own(county, birth, baby):
    who = county.actor("resident")
    assert set(papers_of(birth)) == {"PHOTO"}
    photo = a_file(county.accounts["resident"])
    actions.save_bundle(by=who, bundle=birth.pk, papers={"PHOTO": [photo]})
    row = actions.submit_bundle(by=who, bundle=birth.pk, signed=True)
    assert actions.submit_bundle(by=who, bundle=birth.pk, signed=True).pk == row.pk
    assert states(row) == {
        "GA-001": "open",
        "WJ-001": "open",
        "WJ-006": "open",
        "YB-001": "waiting",
        "RS-006": "waiting",
    }
    cases = Application.objects.filter(part__bundle=row)
    assert len({one.number for one in cases}) == 3 and {one.channel for one in cases} == {"bundle"}
    first = row.parts.get(item="GA-001").application
    follow_case(application=first.pk, cause="done")
    card = row.parts.get(item="RS-006")
    assert (
        card.state == "open"
        and card.application.person == baby
        and card.application.agent == county.accounts["resident"]
    )
    copy = Attachment.objects.get(pk=card.application.slots.get(material="PHOTO").files[0])
    assert copy.pk != photo and copy.sha256 == Attachment.objects.get(pk=photo).sha256
    assert copy.subject == card.application.subject


def test_a_bundle_is_done_when_every_case_is_over_and_drops_what_cannot_follow(county, birth):
    row = actions.submit_bundle(by=county.actor("resident"), bundle=birth.pk, signed=True)
    by_item = {one.item: one.application_id for one in row.parts.all()}
    follow_case(application=by_item["GA-001"], cause="declined")
    assert states(row) == {
        "GA-001": "ended",
        "WJ-001": "open",
        "WJ-006": "open",
        "YB-001": "dropped",
        "RS-006": "dropped",
    }
    for item in ("WJ-001", "WJ-006"):
        follow_case(application=by_item[item], cause="done")
    row.refresh_from_db()
    assert row.state == "done" and row.closed_at is not None


def test_what_cannot_go_in_says_why_and_holds_up_no_other(county, baby):
    window = county.actor("window")
    with pytest.raises(Refused, match="代办依据"):
        actions.start_bundle(by=window, code="YJS-01", person=county.wife.pk, about=baby.pk)
    row = actions.start_bundle(
        by=window, code="YJS-01", person=county.wife.pk, about=baby.pk, authority="当面口述"
    )
    county.wife.consents.all().delete()
    actions.save_bundle(by=window, bundle=row.pk, facts=BIRTH)
    actions.submit_bundle(by=window, bundle=row.pk, signed=True)
    part = row.parts.get(item="GA-001")
    assert part.state == "stuck" and "还没有签署核对授权书" in part.why and part.application.state == "draft"
    people.give_consent(by=SYSTEM, person=county.wife.pk, purpose="onestop.check", evidence="纸质")
    actions.retry_bundle(by=window, bundle=row.pk)
    assert states(row)["GA-001"] == "open"


def test_nobody_else_touches_a_bundle_and_one_person_has_one(county, birth, baby):
    stranger = county.actor("stranger")
    for act in (
        lambda: actions.start_bundle(by=stranger, code="YJS-01", person=county.old.pk),
        lambda: actions.save_bundle(by=stranger, bundle=birth.pk, facts=BIRTH),
        lambda: actions.submit_bundle(by=stranger, bundle=birth.pk, signed=True),
        lambda: actions.retry_bundle(by=stranger, bundle=birth.pk),
        lambda: actions.decline_bundle(by=stranger, bundle=birth.pk),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.status == 403
    with pytest.raises(Refused) as refused:
        actions.start_bundle(by=county.actor("resident"), code="YJS-01", person=county.old.pk, about=baby.pk)
    assert refused.value.code == "already_open"
    with pytest.raises(Refused) as refused:
        actions.save_bundle(by=county.actor("resident"), bundle=birth.pk, facts={"rich": True})
    assert "facts" in refused.value.fields
    with pytest.raises(IntegrityError), transaction.atomic():
        Bundle.objects.filter(pk=birth.pk).update(about=county.old)


def test_a_death_is_told_to_the_family_never_to_the_dead(county):
    county.accounts["wife"] = Account.objects.create(username="wife", name="李")
    Person.objects.filter(pk=county.wife.pk).update(account=county.accounts["wife"])
    event = people.register_death(
        by=SYSTEM, person=county.old.pk, on=timezone.localdate(), evidence="死亡证明"
    )
    drain()
    row = Bundle.objects.get(code="YJS-02")
    assert (row.person_id, row.about_id, row.state) == (county.wife.pk, county.old.pk, "offered")
    sent = Sent.objects.filter(template="onestop.bundle_offered")
    assert set(sent.values_list("account", flat=True)) == {county.accounts["wife"].pk}
    with pytest.raises(Refused):
        actions.start_bundle(by=county.actor("wife"), code="YJS-02", person=county.old.pk)
    own = client_of(county.accounts["wife"])
    assert "请节哀" in html(own.get("/my/bundles/"))
    actions.decline_bundle(by=county.actor("wife"), bundle=row.pk)
    people.undo_event(by=SYSTEM, event=event.pk, reason="登记错了")
    drain()
    assert Bundle.objects.filter(code="YJS-02").count() == 1


def test_a_death_taken_back_takes_the_offer_back(county):
    event = people.register_death(
        by=SYSTEM, person=county.wife.pk, on=timezone.localdate(), evidence="死亡证明"
    )
    drain()
    assert Bundle.objects.get(code="YJS-02").person_id == county.old.pk
    people.undo_event(by=SYSTEM, event=event.pk, reason="登记错了")
    drain()
    assert Bundle.objects.get(code="YJS-02").state == "void"


def test_a_birth_is_told_to_a_parent(county):
    people.register_birth(
        by=SYSTEM,
        household=county.home.pk,
        name="王小苗",
        birth=timezone.localdate(),
        sex="f",
        evidence="出生证",
    )
    drain()
    row = Bundle.objects.get(code="YJS-01")
    assert row.state == "offered" and row.person in (county.old, county.wife)
    alone = Person.objects.create(name="无名", birth=timezone.localdate())
    assert families.next_of_kin(alone) is None and families.parent_of(alone) is None


def test_the_family_fills_it_in_on_two_pages_without_papers_twice(county, baby, client):
    assert "身后一件事" in html(client.get("/bundles/"))
    assert "出生登记" in html(client.get("/bundles/birth/"))
    own = client_of(county.accounts["resident"])
    assert "王**" in html(own.get("/bundles/birth/apply/")) or "王*" in html(own.get("/bundles/birth/apply/"))
    first = own.post("/bundles/birth/apply/", said(about=baby.pk)).url
    told = said(facts=["parents_married", "wants_card"], contact="13900001111")
    second = own.post(first, told).url
    page = html(own.get(second))
    assert page.count("近期免冠照片") == 1 and "前一件办好后自动接着办" in page
    assert "请核对后勾选" in html(own.post(second, said()), 422)
    done = own.post(second, said(signed="on", paper_PHOTO=[picture()])).url
    page = html(own.get(done))
    assert "5 件，办完 0 件" in page and page.count("承诺时限") == 3
    office = client_of(county.accounts["head"])
    assert "新生儿出生一件事" in html(office.get("/onestop/bundles/")) and "出生登记" in html(
        office.get(done)
    )
    for name in ("stranger", "second"):
        html(client_of(county.accounts[name]).get(done), 404)
    html(own.get("/bundles/farewell/apply/"), 403)


def test_a_window_begins_one_for_somebody_who_is_there(county, baby):
    Person.objects.filter(pk=county.wife.pk).update(number_index=blind("430181196103020048"))
    window = client_of(county.accounts["window"])
    told = said(code="YJS-01", number="430181196103020048", authority="本人到窗口口述")
    assert window.post("/onestop/bundles/new/", told).url == f"/my/bundles/{Bundle.objects.get().pk}/"
    assert "请核对号码" in html(
        window.post("/onestop/bundles/new/", said(code="YJS-01", number="1", authority="口述")), 422
    )
