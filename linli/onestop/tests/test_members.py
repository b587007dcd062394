"""Family members authorise look-ups themselves: by account, by link, on paper; refused and taken back as easily."""

import re
import uuid
from datetime import date

import pytest
from django.core.cache import cache

from linli.kernel import Refused
from linli.kernel.access.models import Pass
from linli.kernel.access.queries import actor_for_link
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.jobs import drain
from linli.kernel.identity.models import Account
from linli.kernel.notify.models import Notice as Sent
from linli.onestop import actions, signing
from linli.onestop.actions import Given, members
from linli.onestop.models import Application, Lookup, Member, Signing
from linli.onestop.tests.conftest import a_file
from linli.onestop.tests.test_pages import client_of, html, own_files, picture, said  # noqa: F401
from linli.people import actions as people
from linli.people.models import Consent, Tie

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(county) -> Member:
    """A draft whose applicant has signed and whose wife has not; she has a number and a phone, no account."""
    cache.clear()
    Consent.objects.filter(person=county.wife).delete()
    county.wife.number, county.wife.phone = "430181196103020048", "13900002222"
    county.wife.save()
    papers = {"INC": [a_file(county.accounts["resident"])]}
    draft = actions.save_draft(
        by=county.actor("resident"), item="MZ-001", person=county.old.pk, given=Given(papers=papers)
    )
    return Member.objects.get(application=draft.application, person=county.wife)


def submit(county, member: Member) -> Application:
    return actions.submit(by=county.actor("resident"), application=member.application_id, signed=True)


def states(member: Member) -> list[str]:
    return [one.state for one in signing.standing_of(Application.objects.get(pk=member.application_id))]


def test_a_member_signs_by_a_link_that_only_they_can_use_and_only_once(county, waiting):
    assert states(waiting) == ["signed", "unasked"]
    with pytest.raises(Refused, match="没有签署"):
        submit(county, waiting)
    sent = actions.invite_member(
        by=county.actor("resident"), member=waiting.pk, address="https://x/{secret}/"
    )
    assert (
        sent.told == "phone" and Sent.objects.filter(template="onestop.invited", channel="sms").count() == 1
    )
    holder = actor_for_link(sent.address.split("/")[-2])
    assert holder is not None
    with pytest.raises(Refused) as refused:
        actions.sign_member(by=holder, member=waiting.pk, tail="000000")
    assert "tail" in refused.value.fields and not Consent.objects.filter(person=county.wife).exists()
    with pytest.raises(Refused):
        actions.sign_member(by=holder, member=waiting.application.members.first().pk, tail="000000")
    actions.sign_member(by=holder, member=waiting.pk, tail="020048")
    assert states(waiting) == ["signed", "signed"]
    assert actor_for_link(sent.address.split("/")[-2]) is None
    assert submit(county, waiting).state == "submitted"
    assert Lookup.objects.filter(member=waiting).exists()


def test_guessing_the_number_ends_after_five_tries(county, waiting):
    sent = actions.invite_member(by=county.actor("resident"), member=waiting.pk)
    holder = actor_for_link(sent.address)
    codes = []
    for _ in range(6):
        with pytest.raises(Refused) as refused:
            actions.sign_member(by=holder, member=waiting.pk, tail="111111")
        codes.append(refused.value.code)
    assert codes == ["wrong_tail"] * 5 + ["too_many"]


def test_nobody_signs_for_another_grown_up(county, waiting):
    for name in ("resident", "stranger", "window"):
        for act in (actions.sign_member, actions.refuse_member):
            with pytest.raises(Refused) as refused:
                act(by=county.actor(name), member=waiting.pk)
            assert refused.value.status == 403
    with pytest.raises(Refused) as refused:
        actions.invite_member(by=county.actor("stranger"), member=waiting.pk)
    assert refused.value.status == 403


def test_who_says_no_is_not_pressed_and_may_change_their_mind(county, waiting):
    sent = actions.invite_member(by=county.actor("resident"), member=waiting.pk)
    actions.refuse_member(by=actor_for_link(sent.address), member=waiting.pk, tail="020048")
    assert states(waiting) == ["signed", "refused"]
    assert Sent.objects.filter(
        template="onestop.not_authorised", account=county.accounts["resident"]
    ).exists()
    with pytest.raises(Refused) as refused:
        actions.invite_member(by=county.actor("resident"), member=waiting.pk)
    assert refused.value.code == "refused"
    assert Pass.objects.filter(revoked=None).count() == 0
    county.wife.account = Account.objects.create(username="wife", name="李")
    county.wife.save()
    county.accounts["wife"] = county.wife.account
    actions.sign_member(by=county.actor("wife"), member=waiting.pk)
    assert states(waiting) == ["signed", "signed"]


def test_a_sheet_is_signed_before_a_clerk_who_uploads_it(county, waiting):
    window = county.actor("window")
    with pytest.raises(Refused) as refused:
        actions.record_sheet(by=window, member=waiting.pk, files=[])
    assert "papers" in refused.value.fields
    with pytest.raises(Refused) as refused:
        actions.record_sheet(by=county.actor("resident"), member=waiting.pk, files=[1])
    assert refused.value.status == 403
    sheet = a_file(county.accounts["window"])
    actions.record_sheet(by=window, member=waiting.pk, files=[sheet])
    consent = Consent.objects.get(person=county.wife, withdrawn=None)
    assert consent.files == [sheet] and Signing.objects.get(member=waiting).how == "paper"


def test_what_is_taken_back_is_asked_no_more(county, waiting):
    actions.record_sheet(
        by=county.actor("window"), member=waiting.pk, files=[a_file(county.accounts["window"])]
    )
    row = submit(county, waiting)
    asked = Lookup.objects.filter(member=waiting, state="requested").count()
    with pytest.raises(Refused) as refused:
        actions.withdraw_member(by=county.actor("stranger"), member=waiting.pk)
    assert asked and refused.value.status == 403
    consent = signing.consent_of(county.wife.pk)
    actions.withdraw_member(by=county.actor("window"), member=waiting.pk)
    assert members.stop_asking(consent=consent.pk) == asked
    assert not Lookup.objects.filter(member=waiting, state="requested").exists()
    assert Lookup.objects.filter(member=waiting, note__contains="撤回").count() == asked
    assert states(waiting) == ["signed", "withdrawn"]
    assert "failed" in set(row.slots.filter(way="share").values_list("state", flat=True))
    with pytest.raises(Refused) as refused:
        actions.withdraw_member(by=county.actor("window"), member=waiting.pk)
    assert refused.value.status == 409


def test_for_a_child_the_guardian_signs(county, waiting):
    child = county.wife
    child.birth = date(2020, 1, 5)
    child.save()
    with pytest.raises(Refused) as refused:
        actions.invite_member(by=county.actor("resident"), member=waiting.pk)
    assert refused.value.code == "no_guardian"
    Tie.objects.create(person=child, kind="guardian", other=county.old)
    actions.sign_member(by=county.actor("resident"), member=waiting.pk)
    assert Consent.objects.get(person=child, withdrawn=None).given_by == "guardian"


def test_the_pages_lead_a_member_from_the_invitation_to_the_signature(county, waiting, client):
    here = f"/my/cases/{waiting.application_id}/members/"
    applicant = client_of(county.accounts["resident"])
    assert "还有 1 人没有授权" in html(applicant.get(here))
    assert applicant.post(f"{here}{waiting.pk}/invite/").status_code == 302
    shown = html(applicant.get(here))
    link = re.search(r"/authorise/[\w-]+/", shown)
    assert link is not None and "<svg" in shown
    page = html(client.get(link.group()))
    assert "不动产登记信息" in page and "自然资源" in page and "可以不同意" in page
    assert "020048" not in page and county.wife.name not in page
    wrong = client.post(link.group(), said(tail="999999", answer="sign"))
    assert "不一致" in html(wrong, 422)
    assert client.post(link.group(), said(tail="020048", answer="sign")).url == "/authorise/done/"
    html(client.get("/authorise/done/"))
    html(client.get(link.group()), 404)
    html(client.get(f"/authorise/{uuid.uuid4()}/"), 404)
    assert "全家都已授权" in html(applicant.get(here))


def test_a_member_with_an_account_finds_it_there_and_takes_it_back(county, waiting):
    county.wife.account = Account.objects.create(username="wife", name="李")
    county.wife.save()
    own = client_of(county.wife.account)
    assert "没有需要您授权的事" in html(own.get("/my/authorisations/"))
    actions.invite_member(by=county.actor("resident"), member=waiting.pk)
    assert "已邀请" in html(own.get("/my/authorisations/"))
    here = f"/my/authorisations/{waiting.pk}/"
    assert "本人身份证号后六位" not in html(own.get(here))
    assert own.post(here, said(answer="sign")).status_code == 302
    assert "撤回授权" in html(own.get(here))
    assert own.post(f"{here}withdraw/").status_code == 302
    assert not Consent.objects.filter(person=county.wife, withdrawn=None).exists()
    html(client_of(county.accounts["stranger"]).get(here), 404)


def test_a_window_registers_the_sheet_on_its_page(county, waiting):
    row = waiting.application
    window = client_of(county.accounts["window"])
    people.give_consent(by=SYSTEM, person=county.wife.pk, purpose="onestop.check", evidence="纸质")
    submit(county, waiting)
    here = f"/my/cases/{row.pk}/members/"
    assert "应本人要求撤回" in html(window.get(here))
    assert window.post(f"{here}{waiting.pk}/withdraw/").status_code == 302
    drain()
    assert "已撤回授权" in html(window.get(here))
    assert window.post(f"{here}{waiting.pk}/sheet/", said(papers=[picture()])).status_code == 302
    assert "附授权书 1 张" in html(window.get(here))
    html(client_of(county.accounts["stranger"]).get(here), 404)
