"""Photos of papers in a case: judged, read once, offered, compared, checked by a person, forgotten. Never a decision."""

import io
import json
import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.kernel.files.actions import store_file
from linli.kernel.files.models import Attachment
from linli.kernel.ledger.models import Entry
from linli.kernel.ocr import reader
from linli.kernel.ocr import tests as ocr_tests
from linli.onestop import actions, jobs, queries_scans
from linli.onestop.actions import Given
from linli.onestop.actions.scans import MOST_TRIES, forget_readings
from linli.onestop.models import Application, Scan
from linli.onestop.scans.fields import Found, Reading
from linli.people.models import Person

pytestmark = pytest.mark.django_db
PAGE = Path(ocr_tests.__file__).parent / "page.png"
INCOME = Reading(
    "income",
    {
        "name": Found("王向阳", 0.98), "amount": Found("235000", 0.97), "employer": Found("青石保洁服务有限公司", 0.9),
        "date": Found("2026-01-08", 0.95),
    },
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    settings.LINLI_FILES = tmp_path


def dark_photo() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((900, 700), 12).point(lambda value: value // 4).save(out, "PNG")
    return out.getvalue()


def photo_of(county: Any, data: bytes, who: str = "resident") -> int:
    return store_file(by=county.actor(who), name="证明.png", data=data, client_uuid=uuid.uuid4()).pk


def drafted(
    county: Any, data: bytes | None = None, material: str = "INC", **form: str
) -> tuple[Application, Scan]:
    """A draft with one photo in it."""
    given = Given(
        form={"说明": "申请", **form}, papers={material: [photo_of(county, data or PAGE.read_bytes())]}
    )
    draft = actions.save_draft(
        by=county.actor("resident"),
        item="MZ-001",
        person=county.old.pk,
        given=given,
        client_uuid=str(uuid.uuid4()),
    )
    row = Application.objects.get(pk=draft.application)
    return row, Scan.objects.get(slot__application=row)


def told(scan: Scan, reading: Reading = INCOME) -> Scan:
    return actions.record_reading(by=SYSTEM, scan=scan.pk, reading=reading)


def differs(row: Application) -> list[str]:
    return [one.said for sheet in queries_scans.sheets_of(row) for one in sheet.differs]


def test_a_photo_is_judged_at_once_and_queued_for_the_reading_process(county: Any) -> None:
    row, scan = drafted(county, dark_photo())
    assert "dark" in scan.faults and scan.state == "waiting"
    assert any("太暗" in said for said in queries_scans.advice_of(scan))
    job = ProcrastinateJob.objects.get(queue_name="ocr")
    assert job.args == {"function": "linli.onestop.jobs.read_paper", "arguments": {"scan": scan.pk}}


def test_a_bad_photo_hinders_nobody_and_its_owner_may_keep_it(county: Any) -> None:
    row, scan = drafted(county, dark_photo())
    kept = actions.keep_photo(by=county.actor("resident"), scan=scan.pk)
    assert kept.kept_at and queries_scans.advice_of(kept) == []
    actions.submit(by=county.actor("resident"), application=row.pk, signed=True, despite_missing=True)
    assert row.slots.get(material="INC").state == "met"


def test_a_page_is_really_read_and_what_it_says_is_sealed(county: Any, django_db_blocker: Any) -> None:
    row, scan = drafted(county, material="DIS")
    jobs.read_paper(scan.pk)
    scan.refresh_from_db()
    assert (scan.state, scan.kind) == ("read", "disability")
    values = {key: one.value for key, one in queries_scans.reading_of(scan).fields.items()}
    assert values == {"name": "高敏", "sex": "男", "category": "肢体", "grade": "二级", "number": "43019920050628975842", "until": "2033-10-18"}  # fmt: skip
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT found FROM onestop_scan WHERE id = %s", [scan.pk])
        assert "高敏" not in cursor.fetchone()[0]
    entry = Entry.objects.get(verb="onestop.read_paper")
    assert entry.subject == row.subject and "高敏" not in json.dumps(entry.fields, ensure_ascii=False)
    jobs.read_paper(scan.pk)  # its job runs twice after a crash: nothing changes
    assert Entry.objects.filter(verb="onestop.read_paper").count() == 1


def test_a_picture_that_ends_the_process_again_and_again_is_left_to_people(
    county: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, scan = drafted(county)

    def killed(_: bytes) -> None:
        raise SystemExit(9)

    monkeypatch.setattr(reader, "read", killed)
    for _ in range(MOST_TRIES):
        with pytest.raises(SystemExit):
            jobs.read_paper(scan.pk)
    jobs.read_paper(scan.pk)
    scan.refresh_from_db()
    assert scan.state == "failed" and differs(scan.slot.application) == []


def test_a_file_that_is_gone_or_no_picture_fails_quietly(
    county: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, scan = drafted(county)

    def broken(_: bytes) -> None:
        raise OSError("cannot identify")

    monkeypatch.setattr(reader, "read", broken)
    jobs.read_paper(scan.pk)
    scan.refresh_from_db()
    assert scan.state == "failed"
    Scan.objects.filter(pk=scan.pk).update(state="waiting")
    Attachment.objects.filter(pk=scan.file).update(state="gone")
    assert actions.begin_reading(by=SYSTEM, scan=scan.pk) is None
    assert actions.begin_reading(by=SYSTEM, scan=10**9) is None


def test_what_was_read_is_offered_and_what_was_typed_stays(county: Any) -> None:
    row, scan = drafted(county, 工作单位="我自己填的")
    offers = {
        key: (value, hint)
        for key, _, value, hint in queries_scans.prefill(told(scan), queries_scans.written_in(row))
    }
    assert offers["amount"] == ("2350.00", "从照片读出，请核对")
    assert offers["employer"] == ("我自己填的", "您已填写；照片上读作“青石保洁服务有限公司”")
    actions.confirm_reading(
        by=county.actor("resident"), scan=scan.pk, values={"amount": "2350", "employer": ""}
    )
    row.refresh_from_db()
    assert json.loads(row.form) == {"说明": "申请", "工作单位": "我自己填的", "月收入（元）": "2350"}
    assert Scan.objects.get().confirmed_at


def test_a_doubted_value_is_told_but_not_filled_in(county: Any) -> None:
    _, scan = drafted(county)
    doubted = Reading("income", {"amount": Found("285000", 0.9, "大写与小写金额不一致")})
    ((_, _, value, hint),) = [
        one for one in queries_scans.prefill(told(scan, doubted), {}) if one[0] == "amount"
    ]
    assert value == "" and "大写与小写金额不一致" in hint and "2850.00" in hint


def test_only_fields_of_the_paper_go_into_a_draft_and_nothing_after_it_is_handed_in(county: Any) -> None:
    row, scan = drafted(county)
    who = county.actor("resident")
    with pytest.raises(Refused) as refused:
        actions.confirm_reading(by=who, scan=scan.pk, values={"amount": "1"})
    assert refused.value.code == "not_read"
    told(scan)
    for values in ({"name": "李四"}, {"amount": "9" * 200}):
        with pytest.raises(Refused) as refused:
            actions.confirm_reading(by=who, scan=scan.pk, values=values)
        assert refused.value.code == "wrong_reading"
    actions.submit(by=who, application=row.pk, signed=True, despite_missing=True)
    with pytest.raises(Refused) as refused:
        actions.confirm_reading(by=who, scan=scan.pk, values={"amount": "1"})
    assert refused.value.status == 409


def test_differences_are_flags_that_a_person_answers_and_the_case_goes_on(county: Any) -> None:
    Person.objects.filter(pk=county.old.pk).update(sex="m")
    row, scan = drafted(county, **{"月收入（元）": "1800"})
    told(scan, Reading("income", INCOME.fields | {"name": Found("赵六", 0.9)}))
    assert len(differs(row)) == 2 and "姓名不在家庭成员之内" in differs(row)[0]
    row = actions.submit(by=county.actor("resident"), application=row.pk, signed=True, despite_missing=True)
    assert row.state == "submitted" and row.slots.get(material="INC").state == "met"
    checked = actions.check_reading(
        by=county.actor("window"), scan=scan.pk, note="已对照原件，照片是邻居的证明"
    )
    assert checked.checked_by == county.accounts["window"]
    row.refresh_from_db()
    assert row.state == "submitted" and Entry.objects.filter(verb="onestop.check_reading").exists()
    with pytest.raises(Refused):
        actions.check_reading(by=county.actor("window"), scan=scan.pk, note="")


def test_strangers_read_and_write_nothing(county: Any) -> None:
    row, scan = drafted(county)
    told(scan)
    for who in ("stranger", "editor", "payer"):
        by = county.actor(who)
        for act in (
            lambda by=by: actions.keep_photo(by=by, scan=scan.pk),
            lambda by=by: actions.confirm_reading(by=by, scan=scan.pk, values={"amount": "1"}),
            lambda by=by: actions.check_reading(by=by, scan=scan.pk, note="看过"),
            lambda by=by: actions.record_reading(by=by, scan=scan.pk, reading=None),
            lambda by=by: actions.begin_reading(by=by, scan=scan.pk),
        ):
            with pytest.raises(Refused) as refused:
                act()
            assert refused.value.status in (403, 404), who
    actions.submit(by=county.actor("resident"), application=row.pk, signed=True, despite_missing=True)
    for who in ("stranger", "editor", "payer", "resident"):
        with pytest.raises(Refused):
            actions.check_reading(by=county.actor(who), scan=scan.pk, note="看过")
    with pytest.raises(Refused) as refused:
        actions.keep_photo(by=county.actor("resident"), scan=10**9)
    assert refused.value.status == 404
    other, _ = drafted_elsewhere(county)
    with pytest.raises(Refused):
        queries_scans.scan_of(other, scan.pk)


def drafted_elsewhere(county: Any) -> tuple[Application, Scan]:
    given = Given(papers={"ID": [photo_of(county, PAGE.read_bytes())]})
    draft = actions.save_draft(by=county.actor("resident"), item="MZ-002", person=county.old.pk, given=given)
    row = Application.objects.get(pk=draft.application)
    return row, Scan.objects.get(slot__application=row)


def test_a_photo_taken_again_takes_the_place_of_the_old_one_and_its_reading(county: Any) -> None:
    row, scan = drafted(county, dark_photo())
    fresh = photo_of(county, PAGE.read_bytes())
    actions.save_draft(by=county.actor("resident"), application=row.pk, given=Given(papers={"INC": [fresh]}))
    assert [one.file for one in Scan.objects.filter(slot__application=row)] == [fresh]


def test_readings_go_with_their_draft_their_photo_and_a_month_after_the_case(county: Any) -> None:
    row, scan = drafted(county)
    told(scan)
    assert forget_readings() == 0
    actions.withdraw_application(by=county.actor("resident"), application=row.pk, reason="不办了")
    assert forget_readings(now=timezone.now() + timedelta(days=29)) == 0
    assert forget_readings(now=timezone.now() + timedelta(days=31)) == 1
    other, second = drafted_elsewhere(county)
    Attachment.objects.filter(pk=second.file).update(state="gone")
    assert jobs.forget_readings() == 1
    third, last = drafted(county)
    third.delete()
    assert not Scan.objects.filter(pk=last.pk).exists()


def test_a_person_without_a_number_is_known_by_name(county: Any) -> None:
    row, scan = drafted(county)
    told(scan, Reading("id_card", {"name": Found("李秀英", 0.9), "birth": Found("1961-03-03", 0.9)}))
    assert [said for said in differs(row) if "1961-03-03" in said and str(date(1961, 3, 2)) in said]
