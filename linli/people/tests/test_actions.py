from datetime import date, timedelta
from unittest import mock

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from linli.kernel import Refused
from linli.kernel.bus.models import Fact
from linli.kernel.identity.fields import blind
from linli.kernel.ledger.models import Entry
from linli.people import actions, queries
from linli.people.models import Household, LifeEvent, Member, Person
from linli.people.tests.conftest import COUNTY, GRID, HERE, NEXT, PLAIN, RIVER, account, holding, number

TODAY = timezone.localdate()


def told(name: str) -> list[dict]:
    return list(Fact.objects.filter(name=f"people.{name}").order_by("id").values_list("body", flat=True))


@pytest.fixture
def other_home(clerk) -> Household:
    return actions.add_household(by=clerk, address="滨河路 3 号", lon=113.15, lat=28.05, number="0002")


@pytest.fixture
def far_home(stranger) -> Household:
    return actions.add_household(by=stranger, address="大路 9 号", area=PLAIN + "001", number="0001")


# --- households and persons


def test_a_household_stands_where_its_point_lies(home):
    assert (home.grid, home.community) == (GRID, RIVER) and home.dwelling.east is not None


def test_a_household_needs_an_address_and_a_grid_or_community(worker):
    with pytest.raises(Refused) as refused:
        actions.add_household(by=worker, address=" ", lon=119.0, lat=29.0, kind="?")
    assert set(refused.value.fields) == {"address", "area", "kind"}


def test_a_household_number_is_used_once_in_a_community(clerk, home, far_home):
    with pytest.raises(Refused, match="户号"):
        actions.add_household(by=clerk, address="另一处 1 号", lon=113.15, lat=28.05, number="0001")
    assert far_home.number == home.number


def test_two_households_share_a_dwelling(worker, home):
    second = actions.add_household(by=worker, address="", dwelling=home.dwelling_id, kind="rented")
    assert second.dwelling_id == home.dwelling_id and second.grid == GRID


def test_the_first_member_heads_the_household_and_is_told_without_a_name(home, wang):
    home.refresh_from_db()
    assert home.head == wang and wang.grid == GRID
    assert (wang.birth, wang.sex) == (date(1980, 5, 12), "m")
    assert told("PersonRegistered") == [
        {"person": wang.pk, "area": GRID, "household": home.pk, "how": "register"}
    ]


def test_what_is_personal_is_sealed_in_the_table(wang):
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, number, phone FROM people_person WHERE id = %s", [wang.pk])
        row = cursor.fetchone()
    assert not any(plain in cell for cell in row for plain in ("王", "1980", "1380"))
    assert str(wang) == "王**" and wang.masked_number == "4301****" + number()[-4:]
    entry = Entry.objects.get(subject=f"people.person:{wang.pk}", verb="register_person")
    assert "王" not in str(entry.fields)


def test_an_identity_number_is_registered_once(worker, home, wang):
    with pytest.raises(Refused) as refused:
        actions.register_person(by=worker, household=home.pk, name="王向阳", number=number())
    assert refused.value.status == 409 and "number" in refused.value.fields
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.create(name="x", number_index=blind(number()))


def test_a_wrong_person_is_refused_with_every_field(worker, home):
    with pytest.raises(Refused) as refused:
        actions.register_person(by=worker, household=home.pk, name="", number="1", phone="1")
    assert set(refused.value.fields) == {"name", "number", "phone"}


def test_a_correction_takes_birth_and_sex_from_the_new_number(worker, wang):
    fresh = number("19800513", order=2)
    row = actions.correct_person(by=worker, person=wang.pk, number=fresh, nation="汉族")
    assert row.birth == date(1980, 5, 13) and row.sex == "f" and row.version == 2
    assert bytes(row.number_index) == blind(fresh)
    entry = Entry.objects.get(subject=f"people.person:{wang.pk}", verb="correct_person")
    assert entry.fields == {"columns": "birth nation number sex"}
    assert actions.correct_person(by=worker, person=wang.pk, nation="汉族").version == 2


def test_a_moved_address_takes_household_and_people_to_its_grid(clerk, home, wang):
    actions.correct_dwelling(
        by=clerk, household=home.pk, address="滨河路 5 号", lon=113.15, lat=28.05, door_hint="钥匙在门垫下"
    )
    wang.refresh_from_db(), home.refresh_from_db()
    assert wang.grid == home.grid == NEXT
    assert home.dwelling.door_hint == "钥匙在门垫下"


def test_a_dwelling_is_not_moved_out_of_ones_own_area(worker, home):
    with pytest.raises(Refused) as refused:
        actions.correct_dwelling(by=worker, household=home.pk, address="滨河路 5 号", lon=113.15, lat=28.05)
    assert refused.value.status == 403


def test_only_a_member_becomes_head(worker, home, wang, clerk, other_home):
    wife = actions.register_person(by=worker, household=home.pk, name="李梅", relation="配偶")
    assert actions.set_head(by=worker, household=home.pk, person=wife.pk).head_id == wife.pk
    outsider = actions.register_person(by=clerk, household=other_home.pk, name="赵四")
    with pytest.raises(Refused):
        actions.set_head(by=worker, household=home.pk, person=outsider.pk)


def test_an_account_is_linked_to_one_person(clerk, worker, home, wang):
    someone = account()
    assert actions.link_account(by=clerk, person=wang.pk, account=someone.pk).account == someone
    assert queries.person_of_account(someone.pk) == wang
    second = actions.register_person(by=worker, household=home.pk, name="李梅")
    with pytest.raises(Refused, match="关联"):
        actions.link_account(by=clerk, person=second.pk, account=someone.pk)
    with pytest.raises(Refused):
        actions.link_account(by=worker, person=wang.pk, account=None)


# --- life events


def test_whoever_shows_the_card_is_moved_in_from_anywhere(worker, stranger, home, wang, far_home):
    event = actions.move_in(by=stranger, household=far_home.pk, number=number(), evidence="身份证、租赁合同")
    wang.refresh_from_db(), home.refresh_from_db()
    assert wang.grid == PLAIN + "001" and home.head is None and event.kind == "moved_in"
    assert Member.objects.get(person=wang, until=None).household == far_home
    assert told("PersonMoved")[-1] == {
        "person": wang.pk, "area": PLAIN + "001", "before": GRID, "household": far_home.pk, "on": TODAY.isoformat()
    }  # fmt: skip


def test_nobody_is_moved_by_an_id_one_may_not_see(stranger, wang, far_home):
    with pytest.raises(Refused) as refused:
        actions.move_in(by=stranger, household=far_home.pk, person=wang.pk, evidence="口头说明")
    assert refused.value.status == 403


def test_moving_out_leaves_no_area_below_the_county(worker, clerk, home, wang):
    actions.move_out(by=worker, person=wang.pk, evidence="户口迁移证 2026-118")
    wang.refresh_from_db()
    assert wang.area == COUNTY and told("PersonMoved")[-1]["area"] == ""
    with pytest.raises(Refused):
        queries.person_of(clerk, wang.pk)
    with pytest.raises(Refused):
        actions.correct_person(by=clerk, person=wang.pk, nation="汉族")


def test_a_tenant_is_registered_or_moved_in_by_the_same_form(worker, clerk, home, other_home, wang):
    new = actions.register_tenant(
        by=clerk, household=other_home.pk, number=number(order=5), name="孙租客", evidence="租赁合同"
    )
    assert new.kind == "tenant" and new.was["new"] and told("PersonRegistered")[-1]["how"] == "tenant"
    known = actions.register_tenant(by=clerk, household=other_home.pk, number=number(), evidence="租赁合同")
    assert known.person == wang and Member.objects.get(person=wang, until=None).relation == "租客"


def test_a_birth_registers_the_child(worker, home, wang):
    event = actions.register_birth(
        by=worker,
        household=home.pk,
        name="王小",
        birth=TODAY,
        sex="f",
        relation="女",
        evidence="出生医学证明",
    )
    assert event.person.birth == TODAY and event.person.number_index is None
    assert told("PersonRegistered")[-1]["how"] == "birth"


def test_a_death_is_registered_once_and_told(worker, home, wang):
    actions.register_death(by=worker, person=wang.pk, on=TODAY, evidence="死亡医学证明")
    wang.refresh_from_db(), home.refresh_from_db()
    assert wang.died == TODAY and home.head is None
    assert told("PersonDied") == [{"person": wang.pk, "area": GRID, "on": TODAY.isoformat(), "undone": False}]
    with pytest.raises(Refused, match="已登记死亡"):
        actions.register_death(by=worker, person=wang.pk, on=TODAY, evidence="死亡医学证明")
    with pytest.raises(Refused, match="死亡"):
        actions.move_in(by=worker, household=home.pk, number=number(), evidence="身份证")


def test_no_life_event_without_evidence_or_ahead_of_time(worker, home, wang):
    with pytest.raises(Refused) as refused:
        actions.register_death(by=worker, person=wang.pk, on=TODAY + timedelta(days=1))
    assert set(refused.value.fields) == {"on", "evidence"}
    with pytest.raises(IntegrityError), transaction.atomic():
        LifeEvent.objects.create(kind="death", person=wang, on=TODAY)


def test_a_clerk_takes_a_death_back_within_seven_days(worker, clerk, home, wang):
    event = actions.register_death(by=worker, person=wang.pk, on=TODAY, evidence="死亡医学证明")
    with pytest.raises(Refused) as refused:
        actions.undo_event(by=worker, event=event.pk, reason="登记错人")
    assert refused.value.status == 403
    actions.undo_event(by=clerk, event=event.pk, reason="登记错人")
    wang.refresh_from_db(), home.refresh_from_db()
    assert wang.died is None and home.head == wang and queries.home_of(wang).household == home
    assert told("PersonDied")[-1]["undone"] is True
    with pytest.raises(Refused, match="已经撤销"):
        actions.undo_event(by=clerk, event=event.pk, reason="登记错人")


def test_a_move_is_put_back_where_it_came_from(worker, clerk, home, other_home, wang):
    event = actions.move_in(by=clerk, household=other_home.pk, number=number(), evidence="身份证")
    actions.undo_event(by=clerk, event=event.pk, reason="登记错户")
    wang.refresh_from_db(), home.refresh_from_db()
    assert wang.grid == GRID and home.head == wang
    assert Member.objects.filter(person=wang).count() == 1
    out = actions.move_out(by=worker, person=wang.pk, evidence="户口迁移证")
    actions.undo_event(by=clerk, event=out.pk, reason="没有迁走")
    wang.refresh_from_db()
    assert wang.grid == GRID


def test_a_birth_taken_back_leaves_the_child_in_no_household(worker, clerk, home, wang):
    event = actions.register_birth(
        by=worker, household=home.pk, name="王小", birth=TODAY, sex="f", evidence="出生医学证明"
    )
    actions.undo_event(by=clerk, event=event.pk, reason="重复登记")
    assert queries.home_of(event.person) is None and len(queries.members_of(home)) == 1


def test_undoing_is_for_seven_days_and_last_things_first(worker, clerk, home, other_home, wang):
    first = actions.move_in(by=clerk, household=other_home.pk, number=number(), evidence="身份证")
    actions.register_death(by=clerk, person=wang.pk, on=TODAY, evidence="死亡医学证明")
    with pytest.raises(Refused, match="后一条"):
        actions.undo_event(by=clerk, event=first.pk, reason="登记错户")
    late = timezone.now() + timedelta(days=8)
    last = LifeEvent.objects.latest("id")
    with mock.patch("django.utils.timezone.now", return_value=late), pytest.raises(Refused, match="7 天"):
        actions.undo_event(by=clerk, event=last.pk, reason="登记错人")


# --- merge and ages


def test_two_records_of_one_person_become_one(worker, clerk, home, other_home, wang):
    double = actions.register_person(
        by=clerk, household=other_home.pk, name="王向阳", phone="13800001234", birth=date(1980, 5, 12)
    )
    actions.set_tie(by=clerk, person=double.pk, kind="kin", name="王大", phone="13900000000")
    with pytest.raises(Refused):
        actions.merge_persons(by=clerk, keep=wang.pk, drop=double.pk, reason="")
    with pytest.raises(Refused) as refused:
        actions.merge_persons(by=worker, keep=wang.pk, drop=double.pk, reason="同一人")
    assert refused.value.status == 403
    kept = actions.merge_persons(by=clerk, keep=wang.pk, drop=double.pk, reason="同一人")
    other_home.refresh_from_db()
    assert queries.person_of(clerk, double.pk) == kept and len(queries.ties_of(kept)) == 1
    assert queries.home_of(kept).household == home and other_home.head == kept


def test_a_merge_takes_the_number_of_the_dropped_record(clerk, home, other_home, wang):
    bare = actions.register_person(by=clerk, household=other_home.pk, name="王向阳")
    kept = actions.merge_persons(by=clerk, keep=bare.pk, drop=wang.pk, reason="同一人")
    assert kept.number == number() and queries.by_number(clerk, number()) == kept


def test_different_numbers_are_never_merged(clerk, worker, home, other_home, wang):
    other = actions.register_person(by=clerk, household=other_home.pk, name="王向阳", number=number(order=9))
    with pytest.raises(Refused, match="身份证号不同"):
        actions.merge_persons(by=clerk, keep=wang.pk, drop=other.pk, reason="同一人")
    with pytest.raises(Refused):
        actions.merge_persons(by=clerk, keep=wang.pk, drop=wang.pk, reason="同一人")


def test_the_ages_and_their_days_come_from_the_data_file():
    ages, days_back = actions.persons.ages_told()
    assert {18, 60, 80} <= set(ages) and days_back == 31


def test_an_age_is_told_once_whatever_reruns(worker, home):
    elder = actions.register_person(by=worker, household=home.pk, name="赵老", birth=date(1946, 11, 22))
    actions.register_person(by=worker, household=home.pk, name="钱老", birth=date(1946, 8, 1))
    actions.register_person(by=worker, household=home.pk, name="孙老", birth=date(1946, 11, 23))
    assert actions.tell_ages(today=date(2026, 11, 22)) == 1
    assert actions.tell_ages(today=date(2026, 11, 22)) == 0
    assert told("AgeReached") == [{"person": elder.pk, "area": GRID, "age": 80, "on": "2026-11-22"}]
    assert actions.tell_ages(today=date(2026, 11, 25)) == 1


# --- strangers


def test_a_stranger_changes_nothing_here(stranger, home, wang, worker):
    note = actions.write_note(by=worker, household=home.pk, promised="再来", asked="灯坏了")
    tie = actions.set_tie(by=worker, person=wang.pk, kind="kin", name="王大", phone="13900000000")
    consent = actions.give_consent(by=worker, person=wang.pk, purpose="contact", evidence="签字")
    event = actions.register_birth(
        by=worker, household=home.pk, name="王小", birth=TODAY, sex="f", evidence="出生医学证明"
    )
    attempts = [
        lambda: actions.add_household(by=stranger, address="甲 1 号", **HERE),
        lambda: actions.correct_dwelling(by=stranger, household=home.pk, address="乙 1 号"),
        lambda: actions.set_head(by=stranger, household=home.pk, person=wang.pk),
        lambda: actions.register_person(by=stranger, household=home.pk, name="外人"),
        lambda: actions.correct_person(by=stranger, person=wang.pk, nation="汉族"),
        lambda: actions.link_account(by=stranger, person=wang.pk, account=None),
        lambda: actions.move_in(by=stranger, household=home.pk, number=number(), evidence="身份证"),
        lambda: actions.move_out(by=stranger, person=wang.pk, evidence="迁移证"),
        lambda: actions.register_tenant(
            by=stranger, household=home.pk, number=number(order=7), evidence="合同"
        ),
        lambda: actions.register_birth(
            by=stranger, household=home.pk, name="外人", birth=TODAY, sex="m", evidence="证明"
        ),
        lambda: actions.register_death(by=stranger, person=wang.pk, on=TODAY, evidence="证明"),
        lambda: actions.undo_event(by=stranger, event=event.pk, reason="登记错误"),
        lambda: actions.write_note(by=stranger, household=home.pk, heard="路过"),
        lambda: actions.keep_promise(by=stranger, note=note.pk),
        lambda: actions.route_note(by=stranger, note=note.pk, to="incident"),
        lambda: actions.set_tie(by=stranger, person=wang.pk, kind="kin", name="甲", phone="13900000000"),
        lambda: actions.end_tie(by=stranger, tie=tie.pk),
        lambda: actions.give_consent(by=stranger, person=wang.pk, purpose="contact", evidence="签字"),
        lambda: actions.withdraw_consent(by=stranger, consent=consent.pk),
        lambda: actions.reveal(
            by=stranger, kind="person", number=wang.pk, fields=("number",), reason="核对低保申请"
        ),
        lambda: actions.merge_persons(by=stranger, keep=wang.pk, drop=event.person_id, reason="同一人"),
    ]
    before = Entry.objects.count()
    for attempt in attempts:
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.status == 403
    assert Entry.objects.count() == before


def test_another_role_in_the_same_place_changes_nothing(home, wang):
    nurse = holding("nurse", RIVER)
    assert queries.household_of(nurse, home.pk) == home
    for attempt in (
        lambda: actions.write_note(by=nurse, household=home.pk, heard="路过"),
        lambda: actions.move_out(by=nurse, person=wang.pk, evidence="迁移证"),
        lambda: actions.reveal(by=nurse, kind="person", number=wang.pk, fields=("name",), reason="核对身份"),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.status == 403
