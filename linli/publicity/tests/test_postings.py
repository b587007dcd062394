"""The paper on the wall: when the days begin, what is photographed, which days are given again."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.dispatch.actions import accept_order
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.files.models import Attachment
from linli.publicity import actions, jobs
from linli.publicity.models import Posting
from linli.publicity.tests.conftest import GRID, KIND, PAPER_KIND, Open, Told, Town, photo, post
from linli.publicity.tests.test_actions import facts_told

# ---- posting and days


def test_the_days_begin_when_the_list_hangs_with_its_photo(
    town: Town, opened: Open, at: Any, told: Told
) -> None:
    at("2026-02-13 09:00")
    row = opened()
    at("2026-02-13 16:00")
    posting = post(town.keeper, row)
    row.refresh_from_db()
    assert row.state == "posted" and (row.starts, row.ends) == (date(2026, 2, 13), date(2026, 2, 24))
    assert posting.order is not None and WorkOrder.objects.get(pk=posting.order_id).state == "done"
    shot = Attachment.objects.get(subject=posting.ref)
    assert shot.phase == "before"
    (fact,) = facts_told("PublicityStarted")
    assert fact == {
        "notice": row.pk, "kind": KIND, "subject": row.subject, "area": GRID, "starts": "2026-02-13", "ends": "2026-02-24",
    }  # fmt: skip


def test_with_several_places_the_last_one_counts(town: Town, opened: Open, at: Any) -> None:
    at("2026-03-02 09:00")
    row = opened(places=["公开栏", "祠堂门口"])
    first, second = row.postings.order_by("id")
    for posting, day in ((first, "2026-03-02 10:00"), (second, "2026-03-04 10:00")):
        at(day)
        accept_order(by=town.keeper, order=posting.order_id)
        actions.confirm_posted(by=town.keeper, order=posting.order_id, keys=[photo(town.keeper)])
    row.refresh_from_db()
    assert (row.starts, row.ends) == (date(2026, 3, 4), date(2026, 3, 11))


def test_no_photo_no_posting(town: Town, opened: Open) -> None:
    posting = opened().postings.get()
    accept_order(by=town.keeper, order=posting.order_id)
    with pytest.raises(Refused, match="至少一张照片") as refused:
        actions.confirm_posted(by=town.keeper, order=posting.order_id)
    assert "photos" in refused.value.fields


@pytest.mark.parametrize("hours", [-48, 1])
def test_a_posting_lies_between_opening_and_now(town: Town, opened: Open, hours: int) -> None:
    posting = opened().postings.get()
    accept_order(by=town.keeper, order=posting.order_id)
    moment = timezone.now() + timedelta(hours=hours)
    with pytest.raises(Refused, match="张贴时间"):
        actions.confirm_posted(by=town.keeper, order=posting.order_id, at=moment, keys=[photo(town.keeper)])


@pytest.mark.parametrize("who", ["far", "clerk", "officer", "resident"])
def test_only_whoever_the_order_was_given_to_confirms(town: Town, opened: Open, who: str) -> None:
    posting = opened().postings.get()
    accept_order(by=town.keeper, order=posting.order_id)
    by = getattr(town, who)
    with pytest.raises(Refused) as refused:
        actions.confirm_posted(by=by, order=posting.order_id, keys=[photo(by)])
    assert refused.value.status == 403


def test_the_list_is_photographed_again_on_its_last_day(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    row = posted()
    at("2026-03-08 23:59")
    assert actions.call_for_end_photos() == 0
    at("2026-03-09 00:01")
    assert actions.call_for_end_photos() == 1 and jobs.call_for_last_photos() == 0
    posting = post(town.keeper, row, last=True)
    assert (posting.starts, posting.ends) == (date(2026, 3, 2), date(2026, 3, 9))
    assert sorted(Attachment.objects.values_list("phase", flat=True)) == ["after", "before"]


def test_a_last_photo_may_come_late_but_not_early(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    row = posted()
    at("2026-03-09 08:00")
    actions.call_for_end_photos()
    posting = row.postings.get()
    accept_order(by=town.keeper, order=posting.end_order_id)
    with pytest.raises(Refused, match="期满"):
        actions.confirm_posted(
            by=town.keeper, order=posting.end_order_id, at=at("2026-03-08 20:00"), keys=[photo(town.keeper)]
        )
    at("2026-03-10 09:00")
    assert actions.end_due() == 1
    done = actions.confirm_posted(by=town.keeper, order=posting.end_order_id, keys=[photo(town.keeper)])
    assert done.ends == date(2026, 3, 10)


def test_the_database_lets_no_paper_come_down_early(town: Town, posted: Open) -> None:
    posting = posted().postings.get()
    assert posting.starts is not None
    with pytest.raises(IntegrityError, match="posting_hangs_its_days"), transaction.atomic():
        Posting.objects.filter(pk=posting.pk).update(ends=posting.starts + timedelta(days=6))


# ---- outages


def test_lost_days_are_given_again(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    row = posted()
    at("2026-03-05 09:00")
    outage = actions.mark_down(
        by=town.keeper, notice=row.pk, what="poster", reason="名单被撕掉了", since=at("2026-03-04 18:00")
    )
    at("2026-03-06 08:00")
    with pytest.raises(Refused, match="先登记恢复"):
        actions.mark_down(by=town.keeper, notice=row.pk, what="poster", reason="又看到被撕")
    actions.restore(by=town.keeper, outage=outage.pk, reason="重新贴好了")
    row.refresh_from_db()
    assert (row.ends, row.lost) == (date(2026, 3, 12), 3)
    with pytest.raises(Refused, match="已经登记恢复"):
        actions.restore(by=town.keeper, outage=outage.pk, reason="重新贴好了")


def test_a_notice_that_is_down_does_not_end(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    row = posted()
    at("2026-03-09 12:00")
    outage = actions.mark_down(by=town.clerk, notice=row.pk, what="page", reason="网页打不开")
    at("2026-03-10 00:00")
    assert actions.end_due() == 0
    actions.restore(by=town.clerk, outage=outage.pk, reason="网页恢复正常")
    row.refresh_from_db()
    assert row.open and (row.ends, row.lost) == (date(2026, 3, 11), 2)


def test_an_end_photo_taken_before_an_extension_is_taken_again(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    row = posted()
    at("2026-03-09 08:00")
    actions.call_for_end_photos()
    post(town.keeper, row, last=True)
    outage = actions.mark_down(by=town.keeper, notice=row.pk, what="poster", reason="拍照后被撕掉")
    at("2026-03-09 20:00")
    actions.restore(by=town.keeper, outage=outage.pk, reason="重新贴好了")
    posting = row.postings.get()
    assert posting.ends is None and posting.end_order is None
    at("2026-03-10 08:00")
    assert actions.call_for_end_photos() == 1


def test_the_site_being_down_costs_every_listed_notice_its_day(town: Town, posted: Open, at: Any) -> None:
    at("2026-03-02 10:00")
    shown, paper = posted(), posted(kind=PAPER_KIND)
    now = at("2026-03-05 10:00")
    assert actions.mark_page_offline(since=now - timedelta(hours=3), until=now, reason="机房停电") == 1
    shown.refresh_from_db()
    paper.refresh_from_db()
    assert (shown.lost, shown.ends, paper.lost) == (1, date(2026, 3, 10), 0)
    with pytest.raises(Refused, match="起止时间"):
        actions.mark_page_offline(since=now, until=now, reason="机房停电")


@pytest.mark.parametrize("wrong", [{"what": "page"}, {"what": "wall"}, {"what": "poster", "posting": 10**9}])
def test_what_is_down_must_be_there(town: Town, posted: Open, wrong: dict[str, Any]) -> None:
    row = posted(kind=PAPER_KIND)  # it has no page
    with pytest.raises(Refused, match="哪一处"):
        actions.mark_down(by=town.keeper, notice=row.pk, reason="名单被撕掉了", **wrong)


@pytest.mark.parametrize("who", ["far", "resident", "window"])
def test_strangers_mark_nothing(town: Town, posted: Open, who: str) -> None:
    row = posted()
    with pytest.raises(Refused):
        actions.mark_down(by=getattr(town, who), notice=row.pk, what="page", reason="名单被撕掉了")
    outage = actions.mark_down(by=town.keeper, notice=row.pk, what="page", reason="网页打不开")
    with pytest.raises(Refused):
        actions.restore(by=getattr(town, who), outage=outage.pk, reason="名单贴好了")
    with pytest.raises(Refused):
        actions.withdraw_publicity(by=getattr(town, who), notice=row.pk, reason="不想公示了")
