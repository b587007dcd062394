"""Offers, bundles and authorisations in a real browser: without JavaScript, on a phone, clean for axe."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from linli.dispatch.actions import accept_order
from linli.kernel.access.queries import actor_for
from linli.onestop import actions
from linli.onestop.actions.proactive import offer_for_age
from linli.onestop.models import Bundle, Member, Offer, Task
from linli.onestop.tests.conftest import person, task_of
from linli.onestop.tests.test_orders import mate_of, order_for, surveyed
from linli.onestop.tests.test_pages import own_files  # noqa: F401
from linli.onestop.tests.test_pages_faces import AXE, _faults, visit  # noqa: F401
from linli.people.models import Consent, Tie

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(county: Any, begin: Any, accepted: Any) -> dict[str, list[str]]:
    """Who looks at which page: an offer, a bundle under way, an invitation, a survey to be signed."""
    row = accepted()
    task = task_of(row, "survey")
    second, order = mate_of(county, task), order_for(task)
    accept_order(by=actor_for(task.holder_id), order=order.pk)
    record = surveyed(second)
    actions.do_task(by=actor_for(task.holder_id), task=task.pk, finding="情况属实", survey=record)
    offer_for_age(person=county.old.pk, age=80, on=timezone.localdate())
    child = person("王小苗", timezone.localdate() - timedelta(days=20), None, county.home)
    Tie.objects.create(person=child, kind="guardian", other=county.old)
    who = county.actor("resident")
    bundle = actions.start_bundle(by=who, code="YJS-01", person=county.old.pk, about=child.pk)
    Consent.objects.filter(person=county.wife).update(withdrawn=timezone.now())
    draft = actions.save_draft(by=who, item="MZ-002", person=county.old.pk)
    wife = Member.objects.get(application=draft.application, person=county.wife)
    actions.invite_member(by=who, member=wife.pk)
    names = {one.pk: name for name, one in county.accounts.items()}
    offer, started = Offer.objects.get().pk, Bundle.objects.get(pk=bundle.pk).pk
    holder = names[Task.objects.get(pk=task.pk).holder_id or 0]
    return {
        "": ["/bundles/", "/bundles/birth/", "/authorise/done/"],
        "resident": [
            "/my/offers/", f"/my/offers/{offer}/", "/my/bundles/", "/bundles/birth/apply/", f"/my/bundles/{started}/",
            f"/my/bundles/{started}/papers/", f"/my/cases/{draft.application}/members/", "/my/authorisations/",
        ],
        "village": ["/onestop/offers/", f"/onestop/offers/{offer}/", "/onestop/bundles/", "/onestop/bundles/new/"],
        holder: [f"/orders/{order.pk}/survey/"],
        names[second]: ["/onestop/surveys/", f"/onestop/surveys/{task.pk}/"],
    }  # fmt: skip


@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_is_clean_on_phone_and_desk(told: Any, visit: Callable[..., Page], width: int) -> None:  # noqa: F811
    axe, wrong = AXE.read_text("utf-8"), []
    for who, addresses in told.items():
        page = visit("/", who=who, width=width)
        for address in addresses:
            wrong += _faults(page, address, axe, f"{who}{width}")
    assert wrong == []


def test_an_offer_is_taken_and_a_member_signs_without_javascript(
    county: Any,
    told: Any,
    visit: Callable[..., Page],  # noqa: F811
) -> None:
    page = visit("/my/offers/", who="resident", script=False)
    page.click("text=看看并决定")
    page.click("text=愿意，帮我申请")
    assert "申请回执" in page.inner_text("h1") and Offer.objects.get().state == "confirmed"
    member = Member.objects.get(application__item__code="MZ-002", person=county.wife)
    link = actions.invite_member(
        by=county.actor("resident"), member=member.pk, address="/authorise/{secret}/"
    ).address
    page = visit(link, script=False)
    page.fill("[name=tail]", "19610302")
    page.check("text=同意核对")
    page.click("button:has-text('签署')")
    assert "已收到您的决定" in page.inner_text("h1")
    assert Consent.objects.filter(person=county.wife, withdrawn=None).exists()
