"""What the whole-site tests share: the little town of incidents, and one real Chromium."""

import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, sync_playwright

from linli.areas import queries as areas_seen
from linli.areas.models import Branch, Handover
from linli.dispatch.models import Ask, Ruling, WorkOrder
from linli.incidents import actions
from linli.incidents.models import Incident
from linli.incidents.rules import Telling
from linli.incidents.tests.conftest import (
    COMMUNITY,
    COUNTY,
    GRID,
    LAT,
    LON,
    TOWN,
    Town,
    town,  # noqa: F401  the fixture
)
from linli.incidents.tests.test_pages import photo
from linli.kernel.access.actions import bar, give_pass
from linli.kernel.access.models import Grant
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.jobs import drain
from linli.kernel.deadlines.actions import set_day
from linli.kernel.files.actions import store_file
from linli.kernel.files.models import Attachment
from linli.kernel.identity.models import Account
from linli.kernel.ledger.models import Entry
from linli.kernel.notify.actions import notify
from linli.kernel.notify.models import Notice
from linli.onestop import actions as onestop
from linli.onestop.models import ItemVersion
from linli.people import actions as people
from linli.people.models import Consent, LifeEvent, Person, Tie, VisitNote
from linli.publicity import actions as publicity
from linli.publicity import registry as publicity_kinds
from linli.publicity.masks import Field
from linli.publicity.models import Objection
from linli.publicity.registry import PublicityKind

SECRET = "紫藤架下的暗井"
PLAIN = "城墙根的断枝"
FAMILY = "欧阳望北"


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    settings.LINLI_FILES, settings.LINLI_MODELS = tmp_path / "files", tmp_path / "models"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as play:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright's loop runs in this thread
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Matter:
    """One of everything the first town has that is nobody else's business. `plain` is the same with a case of no
    private class, so that what keeps strangers from it is the area alone."""

    ids: list[tuple[str, str]]
    incident: Incident
    order: WorkOrder
    plain: "Matter | None" = None

    @property
    def both(self) -> tuple["Matter", ...]:
        return (self, self.plain) if self.plain else (self,)

    def address(self, route: str) -> str:
        """The route with its blanks filled by what exists: the first rule that fits the way so far decides."""
        plain = re.sub(r"\(\?:\\\.\(\?P<form>json\|xml\)\)\?\$$", ".json", route).lstrip("^")
        while blank := re.search(r"<(?:(\w+):)?(\w+)>|\(\?P<(\w+)>[^)]*\)", plain):
            before = plain[: blank.start()] + (blank[2] or blank[3])
            value = next(value for pattern, value in self.ids if re.search(pattern, before))
            plain = plain[: blank.start()] + value + plain[blank.end() :]
        assert not set(plain) & set("<>^$(?"), f"no object for {route}"
        return "/" + plain


@pytest.fixture
def matter(town: Town) -> Matter:  # noqa: F811
    """A case with its photo, order and ask; a household with somebody in it; a branch, a hand-over, a ruling."""
    boss = Account.objects.create(username="boss", name="管理员", kind="staff")
    Grant.objects.create(account=boss, role_id="administrator", area=COUNTY)
    plain = _told(town, PLAIN, "green")
    case, report, shot = _told(town, SECRET, "red")
    Incident.objects.filter(pk=case.pk).update(private=True, title=SECRET)
    case.refresh_from_db()
    order = WorkOrder.objects.get(subject=case.subject, kind="incident.handle")
    WorkOrder.objects.filter(pk=order.pk).update(title=SECRET, private=True)
    drain()
    now, someone = timezone.now(), town.accounts["worker"]
    home = people.add_household(by=town.worker, address="紫藤巷 3 号", lon=LON, lat=LAT)
    person = people.register_person(
        by=town.worker, household=home.pk, name=FAMILY, relation="户主", since=date(2020, 1, 1)
    )
    ask = Ask.objects.create(
        order=order, what="extend", reason=SECRET, asked_by=town.accounts["officer"], asked_at=now
    )
    note = VisitNote.objects.create(household=home, by=someone, at=now, asked=SECRET)
    tie = Tie.objects.create(person=person, kind="kin", name=FAMILY)
    consent = Consent.objects.create(person=person, purpose="onestop.check", given_by="self", evidence="书面")
    event = LifeEvent.objects.create(
        kind="moved_in", person=person, household=home, on=date(2024, 1, 1), evidence="书面"
    )
    branch = Branch.objects.create(name="紫藤党支部", community=COMMUNITY)
    shift = Handover.objects.create(
        giver=someone, receiver=town.accounts["clerk"], area=GRID, reason="leave", starts=now.date()
    )
    ruling = Ruling.objects.create(
        topic="sr.litter", area=TOWN, unit="430181-CG", basis=SECRET, order=order, valid_from=now
    )
    until = now + timedelta(hours=24)
    opened, _ = give_pass(
        by=SYSTEM,
        account=someone.pk,
        subject=case.subject,
        verbs=["care.open"],
        reason=SECRET,
        until=until,
        area=TOWN,
    )
    barred = bar(by=SYSTEM, account=someone.pk, subject="tests.file:1", why="kin", reason=SECRET, area=TOWN)
    set_day(by=SYSTEM, day=date(2027, 3, 8), working=False, name="停工", source="通告")
    notify(to=someone.pk, template="notify.plain", context={"title": SECRET, "text": SECRET})
    listed, lost, told = _publicised(town)
    applied, worked, notified = _applied()
    ids = [
        (r"^services/", "MZ-001"),
        (r"papers/material$", "INC"),
        (r"apply/step$", "story"),
        (r"^onestop/tasks/", worked),
        (r"^onestop/notices/", notified),
        (r"^onestop/catalogue/", str(ItemVersion.objects.earliest("id").pk)),
        (r"^my/cases/|^onestop/cases/", applied),
        (r"^publicity/outages/", lost),
        (r"^publicity/objections/", told),
        (r"^publicity/", listed),
        (r"^system/channels/", "sms"),
        (r"^system/sources/", "GA-ID"),
        (r"^system/notices/", str(Notice.objects.latest("id").pk)),
        (r"^system/wordings/", "notify.trial"),
        (r"^system/calendar/days/", "2027-03-08"),
        (r"^system/calendar/", "2027"),
        (r"^system/passes/", str(opened.pk)),
        (r"^system/bars/", str(barred.pk)),
        (r"^(me|system|accounts)/", str(someone.pk)),
        (r"members/account$", str(town.accounts["checker"].pk)),
        (r"roles/role$", "officer"),
        (r"^audit/", str(Entry.objects.latest("id").pk)),
        (r"^approvals/", str(ask.pk)),
        (r"head/person$|^people/persons/|^people/reveal/\w+/number", str(person.pk)),
        (r"^people/households/\d+/events/kind$", "death"),
        (r"^people/households/", str(home.pk)),
        (r"^people/events/", str(event.pk)),
        (r"^people/notes/", str(note.pk)),
        (r"^people/ties/", str(tie.pk)),
        (r"^people/consents/", str(consent.pk)),
        (r"^people/reveal/kind$", "phone"),
        (r"^imports/kind$", "areas"),
        (r"^areas/units/", f"{TOWN}-ZX"),
        (r"^areas/branches/new/", COMMUNITY),
        (r"^areas/branches/", str(branch.pk)),
        (r"^areas/\d+/post$", "worker"),
        (r"^areas/", GRID),
        (r"^handovers/\d+/act$", "cancel"),
        (r"^handovers/", str(shift.pk)),
        (r"^admin/rulings/", str(ruling.pk)),
        (r"^admin/classes/|services/code$", "sr.litter"),
        (r"^admin/", "1"),
        (r"^duty/|^filters/", "1"),
        (r"tracking/code$", "ABCDEFGHJK"),
    ]
    open_case, open_report, open_shot = plain
    open_order = WorkOrder.objects.get(subject=open_case.subject, kind="incident.handle")
    rules = [
        (pattern, OF_A_CASE[pattern](open_case, open_order, open_report, open_shot)) for pattern in OF_A_CASE
    ]
    also = Matter([*rules, *ids], open_case, open_order)
    return Matter(
        [(one, OF_A_CASE[one](case, order, report, shot)) for one in OF_A_CASE] + ids, case, order, also
    )


def _publicised(there: Town) -> tuple[str, str, str]:
    """A notice of the first town that nobody may read but its officers, an outage of it, an objection to it."""
    publicity_kinds.register(
        PublicityKind("tests.sweep", "试例公示", (Field("name", "户主", "name"),), posting=False)
    )
    given = publicity.Given(
        kind="tests.sweep",
        subject="tests.case:1",
        values=[{"name": FAMILY}],
        place=areas_seen.located(None, None, code=GRID),
    )
    row = publicity.open_publicity(by=SYSTEM, given=given)
    publicity.begin_due()
    said = publicity.Objecting(grounds=SECRET, client_uuid=uuid.uuid4(), name=FAMILY, phone="13900000001")
    publicity.object_to_notice(by=there.resident, notice=row.pk, said=said)
    lost = publicity.mark_down(by=SYSTEM, notice=row.pk, what="page", reason=SECRET)
    return str(row.pk), str(lost.pk), str(Objection.objects.latest("id").pk)


def _applied() -> tuple[str, str, str]:
    """An application of the first town at its window, with its task and a supplement told."""
    codes = {"grid": GRID, "community": COMMUNITY, "street": TOWN, "county": COUNTY}
    who = Person.objects.create(name=FAMILY, birth=date(1957, 5, 12), **codes)
    Consent.objects.create(person=who, purpose="onestop.check", given_by="self", evidence="书面")
    given = onestop.Given(form={"说明": SECRET})
    draft = onestop.save_draft(by=SYSTEM, item="MZ-001", person=who.pk, given=given, authority="窗口口述")
    row = onestop.submit(by=SYSTEM, application=draft.application, signed=True, despite_missing=True)
    task = row.tasks.get(step="accept")
    notice = onestop.ask_supplement(by=SYSTEM, application=row.pk, defects=[SECRET])
    return str(row.pk), str(task.pk), str(notice.pk)


# Route so far -> id, of a case, its order, its report, its photo.
OF_A_CASE: dict[str, Any] = {
    r"photos/\d+/size$": lambda case, order, report, shot: "small",
    r"photos/file$|^api/v1/files/file_id$": lambda case, order, report, shot: str(shot.pk),
    r"^orders/|^api/v1/orders/": lambda case, order, report, shot: str(order.pk),
    r"reports/report$|^my/reports/|^api/v1/reports/|^open311/v2/tokens": lambda case, order, report, shot: (
        str(report)
    ),
    r"^incidents/|^check/|^board/|^api/v1/incidents/|^open311/v2/requests": lambda case, order, report, shot: (
        str(case.pk)
    ),
    r"^areas/import/|^runs/|^imports/run/|uploads/upload_id$": lambda case, order, report, shot: str(
        shot.key
    ),
}


def _told(there: Town, words: str, colour: str) -> tuple[Incident, int, Attachment]:
    """A filed case of the first town with a photo of its reporter's: case, report, photo."""
    shot = store_file(
        by=there.resident, name="a.jpg", data=photo(colour=colour).read(), client_uuid=uuid.uuid4()
    )
    telling = Telling(
        text=words,
        sender="r",
        client_uuid=uuid.uuid4(),
        lon=LON,
        lat=LAT,
        place_source="pin",
        files=(shot.pk,),
    )
    receipt = actions.report_incident(by=there.resident, telling=telling)
    case = Incident.objects.get(pk=receipt.incident)
    if case.state in ("reported", "confirming"):
        actions.file_incident(by=there.clerk, incident=case.pk, class_code="sr.litter")
    return Incident.objects.get(pk=case.pk), receipt.report, shot
