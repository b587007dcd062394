"""What is promised at filing: learnt at night from like cases, never later than the limit, frozen once told."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from linli.incidents import actions, jobs, promises
from linli.incidents.actions.filing import set_promise
from linli.incidents.actions.promising import learn_promises
from linli.incidents.models import Incident, PromiseEntry, Report
from linli.incidents.tests.conftest import COUNTY, OTHER, TOWN, Town
from linli.incidents.tests.scenes import client, html, report
from linli.kernel.access.models import Grant
from linli.kernel.identity.models import Account

CODE = "sr.litter"


def past(
    hours: list[float], *, street: str = TOWN, code: str = CODE, still_open: int = 0, **more: Any
) -> None:
    """Cases closed after so many hours, the first received twenty days ago; the last `still_open` are not closed."""
    began = timezone.now() - timedelta(days=20)
    rows = []
    for number, long in enumerate(hours):
        done = number < len(hours) - still_open
        received = began + timedelta(minutes=number)
        rows.append(
            Incident(
                title=f"旧案 {number}",
                text="旧案",
                class_code=code,
                large="sr",
                state="closed" if done else "working",
                street=street,
                county=COUNTY,
                received_at=received,
                filed_at=received,
                due_at=received + timedelta(days=3),
                promised_at=received + timedelta(days=3),
                closed_at=received + timedelta(hours=long) if done else None,
                cause="fixed" if done else "",
                outcome="已办" if done else "",
                **more,
            )
        )
    Incident.objects.bulk_create(rows)


def learnt() -> int:
    rows = learn_promises()
    promises.learnt.forget()  # on commit, and a test never commits
    return rows


def told(limit_hours: float, street: str = TOWN, code: str = CODE) -> tuple[float, dict[str, Any]]:
    """Hours promised from receipt, and why."""
    received = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.get_default_timezone())
    found = promises.promised(
        received=received,
        limit=received + timedelta(hours=limit_hours),
        class_code=code,
        large="sr",
        street=street,
    )
    return round((found.at - received).total_seconds() / 3600, 3), found.why


def test_the_promise_is_the_time_within_which_four_in_five_like_cases_were_closed(town: Town) -> None:
    past([float(hour) for hour in range(1, 61)])
    assert learnt() == 2  # the class in its town, and in the county
    row = PromiseEntry.objects.get(area=TOWN)
    assert (row.small, row.cases, row.observed) == (CODE, 60, True) and row.days == pytest.approx(2)
    hours, why = told(72)
    assert hours == 48 and not why["capped"] and why["cases"] == 60
    assert promises.words(why) == "同类事件 80% 在 2 天内办结（淮川街道近一年 60 件）"


def test_it_is_never_later_than_the_limit(town: Town) -> None:
    past([float(hour) for hour in range(1, 61)])
    learnt()
    hours, why = told(24)
    assert hours == 24 and why["capped"] and "按办理时限承诺" in promises.words(why)


def test_open_cases_count_as_what_they_are(town: Town) -> None:
    past([1.0] * 70, still_open=20)  # fifty of seventy closed at once: not four in five
    learnt()
    row = PromiseEntry.objects.get(area=TOWN)
    assert not row.observed and (row.days is None or row.days > 1)


def test_too_few_like_cases_promise_the_limit(town: Town) -> None:
    past([1.0] * 49)
    assert learnt() == 0
    hours, why = told(10)
    assert (
        hours == 10
        and why["cases"] == 0
        and promises.words(why) == "近一年同类事件不足 50 件，按办理时限承诺"
    )


def test_a_town_with_few_cases_goes_by_the_county(town: Town) -> None:
    past([2.0] * 60)
    learnt()
    hours, why = told(72, street=OTHER)
    assert hours == 2 and why["area"] == "" and "全县" in promises.words(why)


def test_a_rare_class_is_not_promised_what_other_classes_take(town: Town) -> None:
    past([2.0] * 60)
    learnt()
    assert told(72, code="bld.illegal")[0] == 72


def test_a_grid_workers_own_finds_and_old_cases_teach_nothing(town: Town) -> None:
    past([0.1] * 60, own_find=True)
    past([0.1] * 60, code="fac.lamp")
    Incident.objects.filter(class_code="fac.lamp").update(received_at=timezone.now() - timedelta(days=400))
    assert learnt() == 0


def test_the_night_replaces_the_table(town: Town) -> None:
    past([2.0] * 60)
    assert jobs.learn_how_long() == jobs.learn_how_long() == PromiseEntry.objects.count() == 2


def test_a_case_filed_is_promised_it_and_keeps_it(town: Town) -> None:
    past([1.0] * 60)
    learnt()
    row = report(town, text="这里有点不对劲", by=town.resident, client_uuid=uuid.uuid4())
    row = actions.file_incident(by=town.clerk, incident=row.pk, class_code=CODE)
    promised = row.received_at + timedelta(hours=1)
    assert row.promised_at == promised < row.due_at
    PromiseEntry.objects.update(days=0.001)
    promises.learnt.forget()
    again = actions.reclass_incident(by=town.clerk, incident=row.pk, class_code="sr.dirty_road")
    assert again.promised_at == promised
    words = (
        "同类事件 80% 在 60 分钟内办结"
        if "60 分钟" in promises.words(row.guess["promise"])
        else "同类事件 80% 在 1 小时内办结"
    )
    assert words in html(client(town, "clerk").get(f"/incidents/{row.pk}/"))
    mine = Report.objects.get(incident=row)
    assert words in html(client(town, "resident").get(f"/my/reports/{mine.pk}/"))


def test_children_of_a_split_and_cases_confirmed_on_the_spot_are_promised_too(town: Town) -> None:
    past([1.0] * 60)
    learnt()
    row = report(town, text="这里有点不对劲", by=town.resident, client_uuid=uuid.uuid4())
    row = actions.file_incident(by=town.clerk, incident=row.pk, class_code=CODE)
    (child,) = actions.split_incident(by=town.clerk, incident=row.pk, parts=[(CODE, "", "清运西侧一堆")])
    assert child.promised_at == child.received_at + timedelta(hours=1)
    assert child.guess["promise"]["cases"] == 60


def test_set_promise_needs_no_query(town: Town, django_assert_num_queries: Any) -> None:
    past([1.0] * 60)
    learnt()
    row = report(town, text="这里有点不对劲")
    row.class_code, row.large = CODE, "sr"
    set_promise(row, None)
    with django_assert_num_queries(0):
        set_promise(row, None)


def test_administrators_look_at_the_table_and_others_do_not(town: Town) -> None:
    past([30.0] * 60)
    learnt()
    boss = Account.objects.create(username="boss", name="管理员", kind="staff")
    Grant.objects.create(account=boss, role_id="administrator", area=COUNTY)
    browser = client(town, "clerk")
    assert browser.get("/admin/promises/").status_code == 403
    browser.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    page = html(browser.get("/admin/promises/"))
    assert "暴露垃圾" in page and "1 天 6 小时" in page and "淮川街道" in page
    assert "淮川街道" not in html(browser.get("/admin/promises/?kind=county")).split("<tbody")[1]
    assert browser.get("/admin/promises/?export=xlsx").status_code == 200
    assert html(browser.get("/admin/promises/?class=没有")).count("暴露垃圾") == 0
