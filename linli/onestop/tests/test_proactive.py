"""免申即享: a birthday makes a draft and a question, never an enrolment."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.areas.models import Keeper
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.bus.actions import tell
from linli.kernel.bus.jobs import drain
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all
from linli.kernel.notify.models import Notice as Sent
from linli.onestop import actions, orders, proactive
from linli.onestop.actions.proactive import ask_the_silent, lapse_offers, offer_for_age, void_offers
from linli.onestop.models import Application, Offer
from linli.onestop.tests.conftest import GRID, a_file, person
from linli.onestop.tests.grants import granted
from linli.onestop.tests.test_pages import client_of, html, own_files, picture, queries_of, said  # noqa: F401
from linli.people.actions.persons import tell_ages
from linli.people.models import Consent
from linli.people.rules import years_before

pytestmark = pytest.mark.django_db


def eighty(county, account: Account | None = None):
    today = timezone.localdate()
    made = person("陈福生", years_before(today, 80), account, county.home)
    Consent.objects.filter(person=made).delete()
    return made


def offered(who) -> Offer:
    offer_for_age(person=who.pk, age=80, on=timezone.localdate())
    return Offer.objects.get(person=who)


@pytest.fixture
def old(county):
    """An offer to somebody with an account."""
    county.accounts["chen"] = Account.objects.create(username="chen", name="陈")
    return offered(eighty(county, county.accounts["chen"]))


@pytest.fixture
def worker(county) -> Account:
    """The grid's worker, with a phone in hand."""
    made = Account.objects.create(username="grid", name="网格甲")
    Grant.objects.create(account=made, role_id="grid_worker", area=GRID, unit="")
    Keeper.objects.create(grid=GRID, account=made, post="worker", since=timezone.now())
    forget_all()
    return made


def test_a_birthday_makes_a_draft_and_asks_but_enrols_nobody(county):
    county.accounts["chen"] = Account.objects.create(username="chen", name="陈")
    who = eighty(county, county.accounts["chen"])
    assert tell_ages() >= 1
    drain()
    tell_ages()
    drain()
    offer = Offer.objects.get(person=who)
    case = offer.application
    assert (offer.state, case.state, case.channel, case.item.code) == ("open", "draft", "proactive", "MZ-011")
    assert Sent.objects.filter(template="onestop.offered", account=who.account).exists()
    assert (
        not Consent.objects.filter(person=who).exists()
        and not WorkOrder.objects.filter(kind=orders.ASK).exists()
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Offer.objects.filter(pk=offer.pk).update(state="confirmed")


def test_one_tap_of_the_person_hands_it_in(county, old):
    for name in ("resident", "stranger"):
        with pytest.raises(Refused) as refused:
            actions.accept_offer(by=county.actor(name), offer=old.pk)
        assert refused.value.status == 403
    who = county.actor("chen")
    done = actions.accept_offer(by=who, offer=old.pk)
    assert actions.accept_offer(by=who, offer=old.pk).pk == done.pk
    assert (done.state, done.how, done.application.state) == ("confirmed", "account", "submitted")
    assert done.consent.person_id == old.person_id and done.application.number
    with pytest.raises(Refused):
        actions.decline_offer(by=who, offer=old.pk)


def test_a_no_is_kept_and_not_asked_again_unless_wished(county, old):
    who = county.actor("chen")
    actions.decline_offer(by=who, offer=old.pk)
    first = old.application_id
    assert Application.objects.get(pk=first).state == "withdrawn"
    assert offer_for_age(person=old.person_id, age=80, on=timezone.localdate()) == []
    with pytest.raises(Refused) as refused:
        actions.reopen_offer(by=county.actor("stranger"), offer=old.pk)
    assert refused.value.status == 403
    again = actions.reopen_offer(by=who, offer=old.pk)
    assert again.state == "open" and again.application_id != first
    assert actions.accept_offer(by=who, offer=old.pk).application.state == "submitted"


def test_what_is_granted_already_keeps_it_back_and_the_office_sees_why(county):
    who = eighty(county)
    today = timezone.localdate()
    granted(county, item="MZ-003", person=who, when=f"{today - timedelta(days=70)} 10:00")
    rule = proactive.rule_of("elder80")
    assert proactive.held_back(rule, {"MZ-003"}) == "已享受特困人员救助供养" and not proactive.held_back(
        rule, {"MZ-001"}
    )
    offer = offered(who)
    assert (offer.state, offer.why, offer.application) == ("excluded", "已享受特困人员救助供养", None)
    assert not proactive.for_age(80, date(2025, 1, 1)) and not proactive.for_age(79, today)


def test_an_offer_nobody_answers_lapses_with_a_word(county, old):
    assert lapse_offers(old.until) == 0
    assert lapse_offers(old.until + timedelta(days=1)) == 1
    old.refresh_from_db()
    assert old.state == "lapsed" and old.application.state == "withdrawn"
    assert (
        Sent.objects.filter(
            template="onestop.offer_lapsed", channel="in_app", account=county.accounts["chen"]
        ).count()
        == 1
    )
    assert lapse_offers(old.until + timedelta(days=1)) == 0


def test_who_has_no_account_is_asked_at_the_door_and_signs_there(county, worker):
    offer = offered(eighty(county))
    order = WorkOrder.objects.get(subject=offer.subject)
    assert (order.kind, order.person_id, order.private) == (orders.ASK, worker.pk, True)
    phone, here = client_of(worker), f"/orders/{order.pk}/offer/"
    assert "本人怎么说" in html(phone.get(here))
    assert "请拍下本人签字" in html(phone.post(here, said(answer="yes")), 422)
    assert phone.post(here, said(answer="yes", photos=[picture()])).status_code == 302
    offer.refresh_from_db()
    order.refresh_from_db()
    assert (offer.state, offer.how, offer.recorded_by_id) == ("confirmed", "door", worker.pk)
    assert order.state == "done" and len(offer.consent.files) == 1
    html(client_of(county.accounts["stranger"]).get(here), 404)


def test_who_does_not_look_is_asked_at_the_door_once(county, old, worker):
    today = timezone.localdate()
    assert ask_the_silent(today) == 0
    assert ask_the_silent(today + timedelta(days=16)) == 1
    assert ask_the_silent(today + timedelta(days=17)) == 0
    order = WorkOrder.objects.get(subject=old.subject)
    actions.decline_offer(by=county.actor("chen"), offer=old.pk)
    order.refresh_from_db()
    assert order.state == "cancelled"


def test_a_window_takes_the_answer_down_only_with_the_signature(county, old):
    window = county.actor("window")
    with pytest.raises(Refused) as refused:
        actions.accept_offer(by=window, offer=old.pk)
    assert "photos" in refused.value.fields
    sheet = a_file(county.accounts["window"])
    assert actions.accept_offer(by=window, offer=old.pk, files=[sheet]).how == "window"


def test_a_death_voids_what_was_offered(county, old):
    from linli.people.facts import PersonDied

    tell(PersonDied(person=old.person_id, area=GRID, on=timezone.localdate().isoformat()))
    drain()
    old.refresh_from_db()
    assert old.state == "void" and void_offers(person=old.person_id) == 0


def test_the_persons_pages_and_the_offices_list(county, old):
    own = client_of(county.accounts["chen"])
    assert "看看并决定" in html(own.get("/my/offers/"))
    here = f"/my/offers/{old.pk}/"
    page = html(own.get(here))
    assert "愿意，帮我申请" in page and "社会保障卡" in page and "待核实" in page
    html(client_of(county.accounts["resident"]).get(here), 404)
    assert queries_of(client_of(county.accounts["head"]), "/onestop/offers/") <= 14
    office = client_of(county.accounts["village"])
    listed = html(office.get("/onestop/offers/?state=open"))
    assert "等本人决定 1" in listed and "高龄津贴" in listed
    assert "记录本人的答复" in html(office.get(f"/onestop/offers/{old.pk}/"))
    html(client_of(county.accounts["stranger"]).get(f"/onestop/offers/{old.pk}/"), 404)
    assert own.post(f"{here}answer/", {"answer": "no"}).status_code == 302
    assert "现在想要了" in html(own.get(here))
    own.post(f"{here}answer/", {"answer": "again"})
    assert own.post(f"{here}answer/", {"answer": "yes"}).url.endswith("/receipt/")
    assert "本人确认" not in html(office.get("/onestop/offers/?state=open"))
    assert "已确认 1" in html(office.get("/onestop/offers/"))
