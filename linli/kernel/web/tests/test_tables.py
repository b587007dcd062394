import io
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from linli.kernel import Refused
from linli.kernel.web import tables
from linli.kernel.web.bulk import BulkKind, register_bulk, run_bulk
from linli.kernel.web.models import BackgroundRun, SavedFilter
from linli.kernel.web.sheets import write_sheet
from linli.kernel.web.tests.pages import RunTable

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(db):
    now = timezone.now()
    return [
        BackgroundRun.objects.create(
            code="fire" if n % 3 == 0 else "road",
            title=f"事件 {n:02}",
            total=n // 2,
            at=now - timedelta(hours=n),
            ended=None if n % 4 == 3 else now + timedelta(hours=(n * 7) % 5),
        )
        for n in range(17)
    ]


def table_at(query, rows=None):
    request = RequestFactory().get(f"/t/list/{query}")
    return RunTable(request, BackgroundRun.objects.all() if rows is None else rows)


def walk(query, way="after"):
    """All ids met by following the pager."""
    seen = []
    while True:
        table = table_at(query)
        seen.append([row.id for row in table.rows])
        query = getattr(table, way)
        if not query:
            return seen


@pytest.mark.parametrize("sort", ["at", "-at", "ended", "-ended", "total", "-total"])
def test_pages_show_every_row_once_in_order_whatever_the_sort(events, sort):
    met = [ident for page in walk(f"?sort={sort}") for ident in page]
    assert met == [row.pk for row in table_at(f"?sort={sort}").ordered()]
    assert len(met) == len(set(met)) == 17


@pytest.mark.parametrize("sort", ["-at", "ended", "-ended", "total"])
def test_turning_back_shows_the_same_pages(events, sort):
    forward = walk(f"?sort={sort}")
    last = f"?sort={sort}"
    while table_at(last).after:
        last = table_at(last).after
    assert walk(last, "before")[::-1] == forward


def test_filters_stay_in_the_links_of_the_pager(events):
    table = table_at("?code=road&sort=total")
    link = parse_qs(table.after.lstrip("?"))
    assert (link["code"], link["sort"]) == (["road"], ["total"])
    assert all(row.row.code == "road" for row in table.rows)


def test_days_filter_from_and_to_the_end_of_the_day(events):
    today = f"{timezone.localdate():%Y-%m-%d}"
    shown = table_at(f"?from={today}&to={today}").filtered()
    assert set(shown) == {e for e in events if timezone.localtime(e.at).date() == timezone.localdate()}


@pytest.mark.parametrize(
    "query",
    [
        "?after=%00",
        "?after=eyJ9",
        "?after=WyJ4IiwgIngiXQ",
        "?sort=by__password",
        "?code=none",
        "?from=never",
        "?total=abc&q=%00",
    ],
)
def test_a_broken_url_is_a_page_and_no_fault(client, events, query):
    assert client.get(f"/t/list/{query}").status_code == 200


def test_an_empty_list_says_what_to_do_next(client):
    html = client.get("/t/list/").content.decode()
    assert "没有符合条件的事件" in html
    assert 'href="/t/report/"' in html


def test_a_list_asks_at_most_twice_for_its_rows_and_filters(
    client, wang, events, django_assert_max_num_queries
):
    client.force_login(wang)
    with django_assert_max_num_queries(9):  # session, account, grants, roles, passes, bars + rows, filters
        client.get("/t/list/")


def test_the_sheet_holds_what_is_seen_and_only_that(client, events):
    answer = client.get("/t/list/?code=fire&export=xlsx")
    rows = list(load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active.values)
    assert rows[0] == ("事件", "时限", "类别", "上报时间", "人数")
    assert [row[0] for row in rows[1:]] == [e.title for e in events if e.code == "fire"]
    assert "attachment" in answer["Content-Disposition"]


def test_a_sheet_above_the_limit_is_refused_and_not_cut(client, events, monkeypatch):
    monkeypatch.setattr(tables, "MOST_EXPORTED", 10)
    answer = client.get("/t/list/?export=xlsx")
    assert answer.status_code == 413
    assert "请缩小筛选范围" in answer.content.decode()


CELLS = st.one_of(
    st.text(max_size=30), st.from_regex(r"\A[=+\-@\t\r].*\Z"), st.integers(-(10**9), 10**9), st.none()
)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6))
@settings(max_examples=40, deadline=None)
def test_no_cell_of_a_sheet_is_a_formula(rows):
    book = load_workbook(write_sheet("表", ["甲", "=1+1", "丙"], rows))
    assert all(cell.data_type != "f" for line in book.active.iter_rows() for cell in line)
    read = [line[0].value for line in book.active.iter_rows(min_row=2)]
    assert all(not isinstance(v, str) or not v.startswith(("=", "@", "+")) for v in read)


def test_a_filter_is_kept_under_a_name_for_oneself(client, wang, stranger, events):
    client.force_login(wang)
    form = {"table": "tests.runs", "name": "消防", "query": "code=fire", "next": "/t/list/?code=fire"}
    assert client.post("/filters/", form)["Location"] == "/t/list/?code=fire"
    assert "消防</a>" in client.get("/t/list/").content.decode()
    client.force_login(stranger)
    assert "?code=fire" not in client.get("/t/list/").content.decode()
    kept = SavedFilter.objects.get()
    client.post(f"/filters/{kept.pk}/forget/")
    assert SavedFilter.objects.exists()


def test_a_nameless_filter_is_refused(client, wang):
    client.force_login(wang)
    assert client.post("/filters/", {"table": "x", "name": " "}).status_code == 422


def test_nobody_keeps_filters_without_signing_in(client):
    assert client.post("/filters/", {"table": "x", "name": "y"}).status_code == 403


def test_a_bulk_act_goes_on_past_a_refusal_and_says_which(client, wang, stranger):
    done = []

    def act(actor, ident):
        if ident == 2:
            raise Refused("已办结，不能催办", code="closed")
        if ident == 3:
            raise RuntimeError("made to fail")
        done.append((actor.account, ident))

    register_bulk(BulkKind("tests.remind", "催办", act))
    client.force_login(wang)
    answer = client.post("/t/list/", {"act": "remind", "ids": ["1", "2", "3", "4", "4"]})
    run = BackgroundRun.objects.get(code="tests.remind")
    assert answer["Location"] == f"/runs/{run.pk}/"
    run_bulk(str(run.pk))
    run.refresh_from_db()
    assert done == [(wang.pk, 1), (wang.pk, 4)]
    assert (run.state, run.done, run.failed) == ("done", 2, 2)
    assert run.faults == ["2：已办结，不能催办", "3：系统出错，已记录"]
    assert "已办结，不能催办" in client.get(answer["Location"]).content.decode()
    client.force_login(stranger)
    assert client.get(answer["Location"]).status_code == 404


def test_a_bulk_act_started_again_does_not_repeat_what_is_done(wang):
    done = []
    register_bulk(BulkKind("tests.remind", "催办", lambda actor, ident: done.append(ident)))
    run = BackgroundRun.objects.create(
        code="tests.remind", title="催办", by=wang.pk, done=2, payload={"ids": [7, 8, 9]}
    )
    run_bulk(str(run.pk))
    assert done == [9]


def test_choosing_nothing_is_refused_in_words(client, wang):
    client.force_login(wang)
    answer = client.post("/t/list/", {"act": "remind"})
    assert answer.status_code == 422
    assert "还没有勾选" in answer.content.decode()
    with transaction.atomic():
        assert not BackgroundRun.objects.exists()
