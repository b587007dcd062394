"""好差评: one word a case by its applicant; a bad one is looked into by the head and answered."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linli.dispatch import actions as dispatch
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.bus.jobs import drain
from linli.kernel.notify.models import Notice as Told
from linli.onestop import actions, queries_reviews, reviewing
from linli.onestop.tests.conftest import TOWN
from linli.onestop.tests.test_pages import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def over(county, begin):
    """A case the window would not take: its applicant has seen how it ended."""
    row = begin()
    actions.decline(
        by=county.actor("window"), application=row.pk, reason="户籍不在本县", basis="民发〔2021〕57号 第5条",
        right_place="户籍所在地乡镇",
    )  # fmt: skip
    row.refresh_from_db()
    Grant.objects.create(account=county.accounts["mate"], role_id="unit_head", area=TOWN, unit=row.unit)
    return row


def refused(act) -> Refused:
    with pytest.raises(Refused) as no:
        act()
    return no.value


@pytest.mark.parametrize(
    ("level", "reasons", "text", "wrong"),
    [
        (5, (), "", set()),
        (2, ("slow",), "", set()),
        (1, (), "跑了三趟", set()),
        (2, (), " ", {"reasons"}),
        (0, (), "", {"level"}),
        (6, (), "", {"level"}),
        (4, ("nonsense",), "", {"reasons"}),
        (0, ("nonsense",), "", {"level", "reasons"}),
    ],
)
def test_a_bad_review_says_why(level: int, reasons: tuple[str, ...], text: str, wrong: set[str]) -> None:
    assert set(reviewing.defects(level, reasons, text)) == wrong


def test_only_the_applicant_reviews_and_only_once_and_in_time(county, over) -> None:
    resident = county.actor("resident")
    for other in ("window", "MZ", "head"):
        assert refused(lambda who=other: actions.review_case(by=county.actor(who), application=over.pk, level=5)).status == 404  # fmt: skip
    late = timezone.now() + timedelta(days=reviewing.book().open_days + 1)
    assert refused(lambda: actions.review_case(by=resident, application=over.pk, level=5, at=late)).code == "not_reviewable"  # fmt: skip
    assert actions.review_case(by=resident, application=over.pk, level=5).resolved
    assert refused(lambda: actions.review_case(by=resident, application=over.pk, level=1, text="改主意")).status == 409  # fmt: skip
    assert not WorkOrder.objects.filter(kind=reviewing.REVIEW).exists()


def test_an_open_case_is_not_reviewed(county, begin) -> None:
    row = begin()
    assert not queries_reviews.reviewable(row)
    assert refused(lambda: actions.review_case(by=county.actor("resident"), application=row.pk, level=5)).status == 409  # fmt: skip


def test_a_bad_review_comes_back_answered(county, over) -> None:
    client = client_of(county.accounts["resident"])
    page = f"/my/cases/{over.pk}/review/"
    assert "去评价" in client.get(f"/my/cases/{over.pk}/").content.decode()
    assert client.post(page, {"level": "1"}).status_code == 422
    assert client.post(page, {"level": "1", "reasons": ["manner"], "text": "问一句答半句"}).status_code == 302
    assert client.get(page).status_code == 404
    order = WorkOrder.objects.get(kind=reviewing.REVIEW)
    assert "态度不好；问一句答半句" in order.instructions and order.private
    listed = queries_reviews.reviews_seen(county.actor("mate")).get()
    assert (listed.stars, listed.why, listed.answer) == (1, ["manner"], None)
    holder = county.actor("mate")
    assert order.person_id == holder.account
    dispatch.accept_order(by=holder, order=order.pk)
    dispatch.handle_order(by=holder, order=order.pk, outcome="已当面道歉，窗口已调整值班安排")
    drain()
    told = Told.objects.filter(template="onestop.review_answered", account=county.accounts["resident"])
    assert told.filter(channel="in_app").count() == 1 and "已当面道歉" in told.first().text
    assert queries_reviews.reviews_seen(county.actor("mate")).get().answer == "已当面道歉，窗口已调整值班安排"


def test_the_offices_read_reviews_and_strangers_do_not(county, over) -> None:
    actions.review_case(by=county.actor("resident"), application=over.pk, level=2, reasons=["trips"])
    body = client_of(county.accounts["mate"]).get("/onestop/reviews/").content.decode()
    assert "不满意" in body and "要跑好几趟" in body and "核实中" in body
    assert client_of(county.accounts["resident"]).get("/onestop/reviews/").status_code == 403
    assert (
        "要跑好几趟" not in client_of(county.accounts["stranger"]).get("/onestop/reviews/").content.decode()
    )
