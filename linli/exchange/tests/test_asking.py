"""From a look-up to its answer: the real database, the real department server, every fault it can make."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.exchange import actions, queries
from linli.exchange.actions import asking as module
from linli.exchange.catalogue import asking
from linli.exchange.models import DataSource, Request
from linli.exchange.tests.departments import LATER, NINE, connected, department, numbered  # noqa: F401
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM
from linli.kernel.bus.jobs import drain
from linli.onestop.facts import LookupRequested
from linli.onestop.models import Lookup, Task
from linli.onestop.tests.conftest import accepted, begin, county  # noqa: F401
from linli.people.models import Consent

pytestmark = pytest.mark.django_db
WAIT = timedelta(seconds=asking().wait)


@pytest.fixture
def asked(county, begin, connected):  # noqa: F811
    """A submitted 低保 case of two whose questions are written down; `asked("ID")` -> (request, look-up) of the applicant."""
    numbered(county.old)
    numbered(county.wife, "004")
    row = begin("MZ-001")
    drain()
    Request.objects.update(
        next_try_at=NINE, at=NINE, ask_until=NINE + WAIT, late_until=NINE + timedelta(hours=72)
    )
    asked_rows = Request.objects.all()

    def one(material: str) -> tuple[Request, Lookup]:
        found = Lookup.objects.get(
            slot__application=row, slot__material=material, member__person=county.old.pk
        )
        asked_rows.exclude(lookup=found.pk).delete()
        return Request.objects.get(lookup=found.pk), found

    one.row = row
    return one


def settled(pair: tuple[Request, Lookup]) -> tuple[Request, Lookup]:
    for row in pair:
        row.refresh_from_db()
    return pair


def test_a_submitted_case_is_answered_by_the_departments_and_its_lines_are_shared(asked, connected):  # noqa: F811
    waiting = Request.objects.count()
    assert waiting == Lookup.objects.filter(slot__application=asked.row).count() > 10
    assert actions.ask_due(now=NINE) == waiting
    assert set(Request.objects.values_list("state", flat=True)) == {"answered"}
    states = dict(asked.row.slots.filter(way="share").values_list("material", "state"))
    assert {states[code] for code in ("ID", "HK", "PROP", "VEH", "TAX", "BIZ", "FUND", "BANK")} == {"shared"}
    assert sorted(connected.asked) == sorted(str(row.uuid) for row in Request.objects.all())


def test_what_a_department_says_becomes_facts_of_the_member_and_only_its_hash_is_kept(asked):
    pair = asked("ID")
    actions.ask_due(now=NINE)
    request, lookup = settled(pair)
    assert (request.result, lookup.state, lookup.result) == ("match", "answered", "match")
    assert lookup.member.facts["age"] == 68
    assert len(bytes(request.evidence)) == 32 and bytes(request.evidence) == bytes(lookup.evidence)


FAULTS = [
    # fault, what it is given, the request's state, the look-up's state, what the administrator reads
    ("slow", {"seconds": 3}, "waiting", "requested", "秒内没有答复"),
    ("error", {"status": 500}, "waiting", "requested", "对方程序出错"),
    ("error", {"status": 503}, "waiting", "requested", "暂停服务"),
    ("error", {"status": 403}, "failed", "failed", "拒绝"),
    ("error", {"status": 302}, "failed", "failed", "HTTP 302"),
    ("malformed", {}, "failed", "failed", "found 应是"),
    ("drop", {}, "waiting", "requested", "连接中断"),
    ("mismatch", {}, "answered", "answered", "姓名不一致"),
    ("absent", {}, "answered", "answered", "查无"),
    ("asynchronous", {"polls": 1}, "asked", "requested", "稍后取结果"),
]


@pytest.mark.parametrize(("kind", "given", "state", "known", "said"), FAULTS)
def test_each_fault_has_its_own_end_and_words(asked, connected, kind, given, state, known, said):  # noqa: F811
    pair = asked("ID")
    connected.fault(kind, "identity", **given)
    DataSource.objects.update(timeout=1 if kind == "slow" else 5)
    assert actions.ask_due(now=NINE) == 1
    request, lookup = settled(pair)
    assert (request.state, lookup.state) == (state, known) and said in request.last_said
    if state in ("waiting", "asked"):
        assert request.next_try_at == NINE + timedelta(seconds=asking().pauses[0]) and request.attempts == 1


@pytest.mark.parametrize("kind", ["error", "drop"])
def test_a_fault_that_passes_leaves_an_answer(asked, connected, kind):  # noqa: F811
    pair = asked("ID")
    connected.fault(kind, "identity", times=1)
    actions.ask_due(now=NINE)
    assert DataSource.objects.get(code="GA-ID").failing_since == NINE
    assert actions.ask_due(now=NINE + timedelta(seconds=70)) == 1
    assert settled(pair)[1].result == "match"
    assert DataSource.objects.get(code="GA-ID").failing_since is None


def test_an_asynchronous_answer_is_fetched_later(asked, connected):  # noqa: F811
    pair = asked("ID")
    connected.fault("asynchronous", "identity", polls=1)
    now = NINE
    for state in ("asked", "asked", "answered"):
        assert actions.ask_due(now=now) == 1
        assert settled(pair)[0].state == state
        now = (pair[0].next_try_at or now) + LATER
    assert pair[1].result == "match"


def test_a_source_that_does_not_answer_rests_and_its_other_questions_wait(asked, connected):  # noqa: F811
    Request.objects.exclude(source__code="GA-ID").delete()
    connected.fault("error", "identity", status=503)
    assert Request.objects.count() == 2 and actions.ask_due(now=NINE) == 1
    assert actions.ask_due(now=NINE + timedelta(seconds=30)) == 0
    assert sorted(Request.objects.values_list("attempts", flat=True)) == [0, 1]


def test_after_the_wait_the_applicant_may_upload_and_a_late_answer_still_counts(asked, connected):  # noqa: F811
    pair = asked("ID")
    connected.fault("error", "identity")
    actions.ask_due(now=NINE)
    assert actions.give_up_due(now=NINE + WAIT - LATER) == 0
    assert actions.give_up_due(now=NINE + WAIT) == 1 and actions.give_up_due(now=NINE + WAIT) == 0
    request, lookup = settled(pair)
    assert (request.state, lookup.state, lookup.slot.state) == ("timed_out", "timed_out", "failed")
    connected.fault("", "identity")
    assert actions.ask_due(now=NINE + WAIT + LATER) == 1
    request, lookup = settled(pair)
    assert (request.state, lookup.result) == ("answered", "match")


def test_even_a_late_answer_is_waited_for_only_so_long(asked, connected):  # noqa: F811
    pair = asked("ID")
    connected.fault("error", "identity")
    actions.give_up_due(now=NINE + WAIT)
    assert actions.ask_due(now=NINE + timedelta(hours=71, minutes=59, seconds=58)) == 1
    assert settled(pair)[0].state == "timed_out" and pair[0].next_try_at is None
    assert actions.ask_due(now=NINE + timedelta(days=9)) == 0


def test_a_late_mismatch_raises_a_task_in_an_accepted_case(county, accepted, connected):  # noqa: F811
    numbered(county.old)
    numbered(county.wife, "004")
    row = accepted("MZ-001")
    drain()
    lookup = Lookup.objects.get(slot__application=row, slot__material="VEH", member__person=county.old.pk)
    Lookup.objects.filter(pk=lookup.pk).update(state="timed_out", result="", evidence=None, answered_at=None)
    Request.objects.exclude(lookup=lookup.pk).delete()
    Request.objects.update(state="timed_out", next_try_at=NINE, late_until=timezone.now())
    connected.fault("mismatch", "vehicle")
    assert actions.ask_due(now=NINE + timedelta(days=4)) == 1
    assert Task.objects.filter(application=row, step="mismatch", branch="VEH").exists()


class Killed(BaseException):
    """What a SIGKILL between asking and recording leaves behind: asked, not recorded."""


def test_a_crash_after_asking_asks_again_under_the_same_number_and_hears_the_same(
    asked,
    connected,  # noqa: F811
    monkeypatch,
):
    pair = asked("ID")
    replies = []

    def die(row, reply, now):
        replies.append(reply.body)
        raise Killed

    with monkeypatch.context() as broken, pytest.raises(Killed):
        broken.setattr(module, "_settle", die)
        actions.ask_due(now=NINE)
    lease = timedelta(seconds=asking().lease)
    assert actions.ask_due(now=NINE + lease - LATER) == 0 and settled(pair)[1].state == "requested"
    plain = module._settle
    monkeypatch.setattr(
        module, "_settle", lambda row, reply, now: (replies.append(reply.body), plain(row, reply, now))
    )
    assert actions.ask_due(now=NINE + lease) == 1
    assert settled(pair)[1].result == "match" and replies[0] == replies[1]
    assert connected.asked == [str(pair[0].uuid)] * 2


def test_nobody_is_asked_about_without_their_authorisation(asked, connected):  # noqa: F811
    pair = asked("ID")
    Consent.objects.filter(pk=pair[0].consent).update(withdrawn=NINE)
    assert actions.ask_due(now=NINE) == 0
    request, lookup = settled(pair)
    assert (request.state, lookup.state) == ("failed", "failed") and "授权" in lookup.note
    assert connected.asked == []


def fact(lookup: Lookup, **more) -> LookupRequested:
    given = {
        "lookup": lookup.pk, "application": lookup.slot.application_id, "subject": "onestop.application:1", "area": "430181001",
        "person": lookup.member.person_id, "consent": lookup.consent_id, "source": lookup.source, "material": lookup.slot.material,
        "purpose": lookup.purpose,
    }  # fmt: skip
    return LookupRequested(**given | more)


REFUSED = [
    ({"consent": 0}, "授权"),
    ({"source": "没有登记的来源"}, "尚未登记"),
    ({"material": "XYZ"}, "字段对照"),
    ({"purpose": "市场调查：姓名"}, "用途"),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_what_may_not_be_asked_is_refused_at_once_and_said_so(asked, change, said):
    request, lookup = asked("ID")
    request.delete()
    made = actions.request_lookup(fact(lookup, **change), now=NINE)
    lookup.refresh_from_db()
    assert made.state == lookup.state == "failed" and said in made.last_said and said in lookup.note


def test_the_consent_of_somebody_else_opens_nothing(asked, county):  # noqa: F811
    request, lookup = asked("ID")
    request.delete()
    other = Consent.objects.get(person=county.wife).pk
    assert "授权" in actions.request_lookup(fact(lookup, consent=other), now=NINE).last_said


def test_who_has_no_number_or_whose_source_is_not_connected_may_upload(county, begin):  # noqa: F811
    begin("MZ-001")
    drain()
    assert set(Lookup.objects.values_list("state", flat=True)) == {"failed"}
    assert "尚未接通" in Request.objects.filter(named="税务").first().last_said
    DataSource.objects.filter(title="税务").update(active=True, url="https://10.1.2.3/")
    lookup = Lookup.objects.filter(source="税务").first()
    Request.objects.filter(lookup=lookup.pk).delete()
    assert "没有登记身份证号" in actions.request_lookup(fact(lookup), now=NINE).last_said


def test_a_look_up_is_written_down_once(asked):
    request, lookup = asked("ID")
    assert actions.request_lookup(fact(lookup), now=NINE) == request
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.create(lookup=lookup.pk, at=NINE, ask_until=NINE, late_until=NINE, state="timed_out", person=1, consent=1)  # fmt: skip


def test_what_waits_at_a_source_that_is_switched_off_may_be_uploaded(asked, admin_of_county):
    pair = asked("ID")
    actions.switch_source_off(by=admin_of_county, source="GA-ID", reason="接口升级")
    assert actions.ask_due(now=NINE) == 0 and actions.give_up_due(now=NINE) == 1
    request, lookup = settled(pair)
    assert (request.state, lookup.state) == ("failed", "failed") and "接口升级" in lookup.note


def test_what_failed_is_asked_again_under_its_number(asked, connected, admin_of_county):  # noqa: F811
    pair = asked("ID")
    connected.fault("malformed", "identity", times=1)
    actions.ask_due(now=NINE)
    assert settled(pair)[1].state == "failed"
    assert actions.ask_again(by=admin_of_county, source="GA-ID", now=NINE + LATER) == 1
    actions.ask_due(now=NINE + LATER)
    assert settled(pair)[1].result == "match" and connected.asked == [str(pair[0].uuid)] * 2


def test_a_withdrawn_case_does_not_stop_the_others(asked):
    request, lookup = asked("ID")
    lookup.delete()
    assert actions.ask_due(now=NINE) == 1
    request.refresh_from_db()
    assert request.state == "answered" and "办件未接收" in request.last_said


def test_a_person_reads_what_was_asked_about_them_and_nobody_else_does(asked, county):  # noqa: F811
    request, _ = asked("ID")
    actions.ask_due(now=NINE)
    used = queries.uses_of(county.actor("resident"), county.old.pk).get()
    assert used == request and used.purpose.startswith("核对办件材料") and used.asked_at == NINE
    assert queries.uses_of(SYSTEM, county.old.pk).count() == 1
    for who in ("stranger", "window"):
        with pytest.raises(Refused):
            queries.uses_of(county.actor(who), county.old.pk)


@pytest.fixture
def admin_of_county(county):  # noqa: F811
    from linli.onestop.tests.conftest import _account

    account = _account("管理员", "administrator")
    county.accounts["admin"] = account
    return county.actor("admin")
