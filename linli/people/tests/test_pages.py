import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook
from PIL import Image

from linli.kernel.files.models import Attachment
from linli.kernel.files.registry import bind_may_see
from linli.kernel.identity.models import Account
from linli.kernel.ledger.models import Entry
from linli.kernel.web.subjects import may_see
from linli.people import actions, ports, queries
from linli.people.models import Household, LifeEvent, Member, Person, VisitNote
from linli.people.tests.conftest import COUNTY, GRID, holding, number

TODAY = timezone.localdate()
DAY = {"on_0": TODAY.year, "on_1": TODAY.month, "on_2": TODAY.day}


@pytest.fixture
def signed_in(client):
    """A browser in which an actor is signed in."""

    def browser(actor):
        client.force_login(
            Account.objects.get(pk=actor.account), backend="django.contrib.auth.backends.ModelBackend"
        )
        return client

    return browser


@pytest.fixture
def field(signed_in, worker):
    return signed_in(worker)


def counted(browser, url: str) -> int:
    browser.get(url)
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(url).status_code == 200
    return len(asked)


def photo() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (20, 90, 160)).save(out, "JPEG")
    return SimpleUploadedFile("证明.jpg", out.getvalue(), content_type="image/jpeg")


@pytest.fixture
def crowd(worker, home, wang):
    """A hundred households of two, each with a note that promised something."""
    old = timezone.now() - timedelta(days=90)
    codes = {"grid": home.grid, "community": home.community, "street": home.street, "county": home.county}
    homes = Household.objects.bulk_create(
        Household(dwelling=home.dwelling, number=f"9{n:03}", created=old, **codes) for n in range(100)
    )
    people = Person.objects.bulk_create(Person(name=f"赵{n}", **codes) for n in range(200))
    Member.objects.bulk_create(
        Member(household=homes[n % 100], person=person, since=TODAY) for n, person in enumerate(people)
    )
    Member.objects.bulk_create(
        Member(household=home, person=person, since=TODAY) for person in Person.objects.bulk_create(
            Person(name=f"钱{n}", **codes) for n in range(100)
        )
    )  # fmt: skip
    VisitNote.objects.bulk_create(
        VisitNote(household=one, at=old, promised="再来", promise_due=TODAY, by_id=worker.account)
        for one in homes
    )
    VisitNote.objects.bulk_create(
        VisitNote(household=home, at=old, heard="都好", by_id=worker.account) for _ in range(60)
    )
    return homes


@pytest.mark.parametrize("url", ["/people/", "/people/not-visited/", "/people/promises/"])
def test_a_hundred_rows_take_no_more_than_twelve_queries(field, crowd, url):
    assert counted(field, url) <= 12


def test_a_household_of_a_hundred_takes_no_more_than_twelve_queries(field, home, wang, crowd):
    assert counted(field, f"/people/households/{home.pk}/") <= 12
    assert counted(field, f"/people/persons/{wang.pk}/") <= 12


def test_lists_and_pages_show_no_name_number_phone_or_address(field, home, wang):
    actions_tie = {"kind": "kin", "name": "王大力", "phone": "13900009999", "rank": 1}
    field.post(f"/people/persons/{wang.pk}/ties/new/", actions_tie)
    for url in ("/people/", f"/people/households/{home.pk}/", f"/people/persons/{wang.pk}/"):
        page = field.get(url).text
        assert "王**" in page
        for secret in ("王向阳", number(), "13800001234", "12 号", "王大力", "13900009999"):
            assert secret not in page


def test_the_list_is_filtered_and_exported_as_seen(field, worker, home, wang):
    actions.add_household(by=worker, address="甲路 1 号", lon=113.05, lat=28.05, kind="rented", number="7")
    assert field.get("/people/?kind=rented").text.count('id="row-') == 1
    sheet = load_workbook(io.BytesIO(b"".join(field.get("/people/?kind=rented&export=xlsx")))).active
    assert sheet.max_row == 2 and "甲路 ****" in [cell.value for cell in sheet[2]]
    assert field.get(f"/people/?area={GRID}").text.count('id="row-') == 2


def test_a_household_and_its_first_member_are_registered(field):
    values = {"place_0": "河边路 8 号", "place_1": "113.05", "place_2": "28.05", "place_3": "wgs84", "place_4": "pin",
              "kind": "registered", "number": "88"}  # fmt: skip
    answer = field.post("/people/households/new/", values)
    home = Household.objects.get(number="88")
    assert answer["Location"] == f"/people/households/{home.pk}/members/new/" and home.grid == GRID
    field.post(answer["Location"], {"name": "周文", "number": number(order=3), "relation": "户主"})
    home.refresh_from_db()
    assert home.head.name == "周文"
    wrong = field.post(answer["Location"], {"name": "", "number": "430181", "relation": "户主"})
    assert wrong.status_code == 422 and "18 位" in wrong.text and "请填写姓名" in wrong.text


def test_a_place_outside_the_grids_is_refused_beside_the_field(field):
    answer = field.post("/people/households/new/", {"place_0": "远处", "kind": "registered"})
    assert answer.status_code == 422 and "请选择网格" in answer.text and 'value="远处"' in answer.text


def test_a_death_takes_two_taps_and_a_photo(field, home, wang):
    tap = f"/people/households/{home.pk}/events/death/?person={wang.pk}"
    assert tap.replace("&", "&amp;") in field.get(f"/people/households/{home.pk}/").text
    assert "<h1>死亡：王**</h1>" in field.get(tap).text
    assert field.post(tap, DAY).status_code == 422
    assert field.post(tap, {**DAY, "photos": photo()}).status_code == 302
    event = LifeEvent.objects.get()
    file = Attachment.objects.get(pk=event.files[0])
    assert event.kind == "death" and file.subject == f"people.household:{home.pk}"
    assert f"/api/v1/files/{file.pk}" in field.get(f"/people/households/{home.pk}/").text


def test_evidence_is_seen_only_by_who_may_see_the_household(field, signed_in, home, wang, stranger, worker):
    bind_may_see(may_see)
    field.post(f"/people/households/{home.pk}/events/moved_out/?person={wang.pk}", {**DAY, "photos": photo()})
    file = LifeEvent.objects.get().files[0]
    url = f"/api/v1/files/{file}"
    assert signed_in(worker).get(url).status_code == 200
    assert signed_in(stranger).get(url).status_code in (403, 404)


@pytest.mark.parametrize(
    ("kind", "values", "count"),
    [
        ("moved_in", {"number": number(order=5), "relation": "其他", "evidence": "身份证"}, 404),
        ("tenant", {"number": number(order=5), "name": "孙租", "evidence": "租赁合同"}, 302),
        ("birth", {"name": "王小", "sex": "f", "relation": "女", "evidence": "出生证明"}, 302),
        ("moved_out", {"evidence": "迁移证"}, 404),
        ("nothing", {}, 404),
    ],
)
def test_each_event_has_its_form(field, home, wang, kind, values, count):
    answer = field.post(f"/people/households/{home.pk}/events/{kind}/", {**DAY, **values})
    assert answer.status_code == count
    assert LifeEvent.objects.count() == (count == 302)


def test_a_clerk_takes_an_event_back_on_the_page(field, signed_in, clerk, home, wang):
    field.post(
        f"/people/households/{home.pk}/events/moved_out/?person={wang.pk}", {**DAY, "evidence": "迁移证"}
    )
    event = LifeEvent.objects.get()
    assert "undo" not in field.get(f"/people/households/{home.pk}/").text
    browser = signed_in(clerk)
    assert f"/people/events/{event.pk}/undo/" in browser.get(f"/people/households/{home.pk}/").text
    assert browser.post(f"/people/events/{event.pk}/undo/", {"reason": "没有迁走"}).status_code == 302
    wang.refresh_from_db()
    assert wang.grid == GRID


def test_a_note_is_written_kept_and_routed_on_the_phone(field, home):
    due = {"promise_due_0": TODAY.year, "promise_due_1": TODAY.month, "promise_due_2": TODAY.day}
    sent = {"asked": "楼道灯坏了", "promised": "三天内修好", **due, "photos": photo()}
    assert field.post(f"/people/households/{home.pk}/notes/new/", sent).status_code == 302
    note = VisitNote.objects.get()
    assert note.files and "三天内修好" in field.get("/people/promises/").text
    ports.register_note_target("incident", "转为网格事件", lambda by, note, text: "incidents.incident:5")
    try:
        assert "转办诉求" in field.get(f"/people/households/{home.pk}/").text
        field.post(f"/people/notes/{note.pk}/route/", {"to": "incident", "text": "楼道灯坏了"})
    finally:
        ports.unregister_note_target("incident")
    field.post(f"/people/notes/{note.pk}/kept/")
    note.refresh_from_db()
    assert note.routed_to == "incidents.incident:5" and note.promise_kept


def test_a_note_sent_twice_is_kept_once(field, home):
    sent = {"heard": "都好", "client_uuid": "8a7f4f0e-2a53-4c11-9f7c-5a3f2f4b1c00"}
    for _ in range(2):
        assert field.post(f"/people/households/{home.pk}/notes/new/", sent).status_code == 302
    assert VisitNote.objects.count() == 1


def test_not_visited_counts_from_the_chosen_days(field, worker, home):
    Household.objects.filter(pk=home.pk).update(created=timezone.now() - timedelta(days=45))
    assert f'id="row-{home.pk}"' in field.get("/people/not-visited/").text
    assert "都走访过了" in field.get("/people/not-visited/?days=60").text
    sheet = load_workbook(io.BytesIO(b"".join(field.get("/people/not-visited/?days=30&export=xlsx")))).active
    assert 45 in [cell.value for cell in sheet[2]]


def test_sealed_values_are_shown_after_a_reason(field, home, wang):
    refused = field.post(f"/people/reveal/person/{wang.pk}/", {"reason": ""})
    assert refused.status_code == 422 and "王向阳" not in refused.text
    shown = field.post(f"/people/reveal/person/{wang.pk}/", {"reason": "核对低保申请"})
    assert "王向阳" in shown.text and "no-store" in shown["Cache-Control"]
    assert (
        "人民路 12 号"
        in field.post(f"/people/reveal/dwelling/{home.dwelling_id}/", {"reason": "上门走访核实"}).text
    )
    assert Entry.objects.filter(verb="reveal").count() == 2
    assert field.post("/people/reveal/account/1/", {"reason": "核对低保申请"}).status_code == 404


def test_a_correction_keeps_what_was_not_typed_and_notices_another(field, worker, wang):
    url = f"/people/persons/{wang.pk}/edit/"
    page = field.get(url).text
    assert "王向阳" not in page and number() not in page
    assert field.post(url, {"nation": "汉族", "sex": "m", "birth_0": "1980-05-12"}).status_code == 302
    wang.refresh_from_db()
    assert (wang.nation, wang.name, wang.version) == ("汉族", "王向阳", 2)
    stale = field.post(url, {"nation": "苗族", "sex": "m", "birth_0": "1980-05-12", "base_version": "1"})
    assert stale.status_code == 409


def test_ties_and_consents_are_made_and_ended(field, wang):
    tie = {"kind": "key_holder", "relation": "邻居", "name": "周邻", "phone": "13900001111", "rank": 1}
    field.post(f"/people/persons/{wang.pk}/ties/new/", tie)
    consent = {"purpose": "contact", "given_by": "self", "evidence": "签字表"}
    field.post(f"/people/persons/{wang.pk}/consents/new/", consent)
    kept = queries.ties_of(wang)[0], queries.consents_of(wang)[0]
    assert "139****1111" in field.get(f"/people/persons/{wang.pk}/").text
    field.post(f"/people/ties/{kept[0].pk}/end/"), field.post(f"/people/consents/{kept[1].pk}/withdraw/")
    assert queries.ties_of(wang) == [] and not queries.consents_to(wang.pk, "contact")


def test_a_new_head_and_a_new_address_are_set_on_pages(field, worker, home, wang):
    wife = actions.register_person(by=worker, household=home.pk, name="李梅")
    field.post(f"/people/households/{home.pk}/head/{wife.pk}/")
    field.post(f"/people/households/{home.pk}/edit/", {"place_0": "新街 6 号"})
    home.refresh_from_db()
    assert home.head == wife and home.dwelling.address == "新街 6 号" and home.grid == GRID


def test_people_are_found_by_a_whole_number_in_ones_own_area(field, signed_in, worker, stranger, home, wang):
    assert field.post("/people/find/", {"words": number()})["Location"] == f"/people/persons/{wang.pk}/"
    actions.register_person(by=worker, household=home.pk, name="王小", phone="13800001234")
    assert field.post("/people/find/", {"words": "13800001234"}).text.count("/people/persons/") >= 2
    assert field.post("/people/find/", {"words": number(order=9)}).status_code == 422
    assert signed_in(stranger).post("/people/find/", {"words": number()}).status_code == 422


def test_doubles_are_merged_on_the_page(signed_in, clerk, worker, home, wang):
    double = actions.register_person(by=worker, household=home.pk, name="王向阳")
    browser = signed_in(clerk)
    sent = {"drop": double.pk, "reason": "同一人"}
    assert browser.post(f"/people/persons/{wang.pk}/merge/", sent).status_code == 302
    assert Person.objects.get(pk=double.pk).merged_into == wang
    assert "王**" in browser.get(f"/people/persons/{double.pk}/").text


def test_a_stranger_opens_and_changes_nothing(signed_in, stranger, worker, home, wang):
    note = actions.write_note(by=worker, household=home.pk, promised="再来", asked="灯坏了")
    browser = signed_in(stranger)
    assert "王**" not in browser.get("/people/").text
    urls = [
        f"/people/households/{home.pk}/", f"/people/households/{home.pk}/edit/",
        f"/people/households/{home.pk}/members/new/", f"/people/households/{home.pk}/notes/new/",
        f"/people/households/{home.pk}/events/birth/", f"/people/notes/{note.pk}/route/",
        f"/people/persons/{wang.pk}/", f"/people/persons/{wang.pk}/edit/", f"/people/persons/{wang.pk}/merge/",
        f"/people/persons/{wang.pk}/ties/new/", f"/people/persons/{wang.pk}/consents/new/",
    ]  # fmt: skip
    before = Entry.objects.count()
    for url in urls:
        assert browser.get(url).status_code in (403, 404), url
    posts = [f"/people/notes/{note.pk}/kept/", f"/people/households/{home.pk}/head/{wang.pk}/",
             f"/people/reveal/person/{wang.pk}/"]  # fmt: skip
    for url in [*urls[1:], *posts]:
        sent = {"reason": "核对低保申请", "heard": "路过", "name": "外人"}
        assert browser.post(url, sent).status_code in (403, 404, 405), url
    assert Entry.objects.count() == before


@pytest.mark.parametrize("url", ["/people/", "/people/not-visited/", "/people/promises/", "/people/find/"])
def test_visitors_and_other_roles_are_kept_out(client, signed_in, home, url):
    assert client.get(url).status_code == 403
    assert signed_in(holding("mediator", COUNTY)).get(url).status_code == 403
