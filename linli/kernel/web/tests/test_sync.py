import json
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.web import sync
from linli.kernel.web.models import SavedFilter, SyncItem
from linli.kernel.web.sync import OfflineField, OfflineKind, OfflineSource, register_offline

WORKER = Actor(5, "account", "王敏")
OTHER = Actor(6, "account", "李强")


def note(actor, item):
    """A stand-in for a room's action."""
    text = item.data["text"]
    if text == "拒绝":
        raise Refused("此单已关闭", code="closed", fields={"text": ["请改写"]})
    if text == "过时":
        raise Refused("李敏已办结此单", code="stale", status=409)
    if text == "改作备注":
        return {"status": "superseded", "message": "已作备注保存"}
    row = SavedFilter.objects.create(account=actor.account, table="notes", name=str(item.uuid)[:30])
    if text == "故障":
        raise RuntimeError("made to fail")
    return {"note": row.pk, "at": item.taken.at.isoformat()}


@pytest.fixture(autouse=True)
def kinds():
    schema = {
        "text": OfflineField("巡查情况", required=True, most=50),
        "count": OfflineField("人数", "number"),
        "tone": OfflineField("程度", "choice", options=(("low", "轻"), ("high", "重"))),
    }
    register_offline(
        OfflineKind("tests.note", "巡查记录", schema, note),
        OfflineSource("tests.orders", lambda actor: [{"id": 1, "for": actor.account}]),
    )


def item(text="路灯不亮", **more):
    return {
        "uuid": str(uuid4()),
        "kind": "tests.note",
        "data": {"text": text},
        "captured_at": timezone.now().isoformat(),
        **more,
    }


def send(*items, actor=WORKER, **more):
    return sync.receive(actor, {"sent_at": timezone.now().isoformat(), "items": list(items), **more})[
        "answers"
    ]


def notes():
    return SavedFilter.objects.filter(table="notes").count()


@pytest.mark.django_db
def test_an_act_is_done_and_answered():
    [said] = send(item())
    assert said["status"] == "done"
    assert SavedFilter.objects.get(pk=said["note"]).account == 5


@pytest.mark.django_db
def test_sent_twice_is_done_once_with_the_first_answer():
    one = item()
    [first], [second] = send(one), send(one)
    assert (second["status"], second["first"]["note"], notes()) == ("already", first["note"], 1)


@pytest.mark.django_db
def test_the_same_uuid_twice_in_one_batch_is_done_once():
    one = item()
    assert [a["status"] for a in send(one, one)] == ["done", "already"]


@pytest.mark.django_db
def test_the_same_uuid_with_other_content_is_refused():
    one = item()
    send(one)
    [said] = send({**one, "data": {"text": "另一件"}})
    assert (said["status"], said["code"], notes()) == ("refused", "uuid_conflict", 1)


@pytest.mark.django_db
def test_a_uuid_belongs_to_its_sender():
    one = item()
    assert [send(one)[0]["status"], send(one, actor=OTHER)[0]["status"]] == ["done", "done"]


@pytest.mark.django_db
def test_one_failure_harms_no_neighbour():
    answers = send(
        item(), item("拒绝"), item("故障"), item("过时"), item("改作备注"), {"uuid": "x"}, "nonsense", item()
    )
    assert [a["status"] for a in answers] == [
        "done",
        "refused",
        "refused",
        "superseded",
        "superseded",
        "refused",
        "refused",
        "done",
    ]
    assert notes() == 2


@pytest.mark.django_db
def test_a_fault_leaves_nothing_behind_and_may_be_sent_again():
    one = item("故障")
    [said] = send(one)
    assert (said["again"], notes(), SyncItem.objects.count()) == (True, 0, 0)


@pytest.mark.django_db
def test_a_refused_act_is_repaired_under_its_own_uuid():
    one = item("拒绝")
    [said] = send(one)
    assert (said["message"], said["fields"]) == ("此单已关闭", {"text": ["请改写"]})
    assert send({**one, "data": {"text": "改好了"}})[0]["status"] == "done"


@pytest.mark.django_db
def test_every_wrong_field_is_named_at_once():
    [said] = send(item("", data={"text": "", "count": "三", "tone": "mid"}))
    assert set(said["fields"]) == {"text", "count", "tone"}


@pytest.mark.django_db
def test_an_absurd_time_is_flagged_and_the_time_of_arrival_used():
    [said] = send(item(captured_at="2031-01-01T00:00:00+08:00"))
    row = SyncItem.objects.get()
    assert (said["flagged"], row.flagged, row.captured_at.year) == (True, True, 2030)
    assert said["at"] == row.received_at.isoformat()


@pytest.mark.django_db
def test_a_phone_that_runs_behind_is_measured_and_put_right():
    late = timezone.now() - timedelta(hours=2)
    said = sync.receive(
        WORKER,
        {"sent_at": late.isoformat(), "items": [item(captured_at=(late - timedelta(minutes=9)).isoformat())]},
    )
    row = SyncItem.objects.get()
    assert 7195 <= said["skew_seconds"] <= 7205
    assert row.skew_seconds == said["skew_seconds"]
    assert (
        timezone.now() - timedelta(minutes=10)
        < timezone.datetime.fromisoformat(said["answers"][0]["at"])
        < timezone.now()
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "place", [{"lon": 113.6, "lat": 28.1}, None, {"lon": "x", "lat": 1}, {"lon": 999, "lat": 1}]
)
def test_a_position_is_kept_when_it_is_one(place):
    send(item(position=place))
    row = SyncItem.objects.get()
    assert (row.lon, row.lat) == ((113.6, 28.1) if place and place["lon"] == 113.6 else (None, None))


@pytest.mark.django_db
def test_a_batch_has_a_limit():
    with pytest.raises(Refused) as refused:
        send(*[item()] * (sync.MOST_ITEMS + 1))
    assert refused.value.status == 413


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["一", "拒绝", "改作备注", "故障"])), max_size=20)
)
def test_whatever_is_sent_again_in_whatever_order_each_act_happens_at_most_once(sends):
    before = notes()
    idents = [str(uuid4()) for _ in range(6)]
    done = set()
    for n, text in sends:
        [said] = send(item(text, uuid=idents[n]))
        if said["status"] == "done":
            assert n not in done
            done.add(n)
    assert notes() - before == len(done)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3),
    max_leaves=8,
)


@pytest.mark.django_db
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, JSON, JSON)
def test_no_json_whatever_breaks_the_batch(data, when, files):
    raw = {
        "uuid": str(uuid4()),
        "kind": "tests.note",
        "data": data,
        "captured_at": when,
        "files": files,
        "position": data,
    }
    [said] = send(raw, sent_at=when)
    assert said["status"] in ("done", "refused")


@pytest.mark.django_db(transaction=True)
def test_two_phones_sending_the_same_act_at_once_do_it_once():
    one, answers = item(), []
    start = threading.Barrier(4)

    def work():
        start.wait()
        answers.extend(send(one))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(a["status"] for a in answers) == ["already", "already", "already", "done"]
    assert notes() == 1


@pytest.mark.django_db
def test_the_endpoint_takes_a_batch_and_the_shell_gives_the_forms(client, wang):
    client.force_login(wang)
    shell = client.get("/sync/shell.json").json()
    assert shell["kinds"]["tests.note"]["fields"]["text"]["required"] is True
    assert shell["sources"]["tests.orders"] == [{"id": 1, "for": wang.pk}]
    answer = client.post("/sync/", json.dumps({"items": [item()]}), content_type="application/json")
    assert answer.json()["answers"][0]["status"] == "done"


@pytest.mark.django_db
@pytest.mark.parametrize(("body", "status"), [("{", 400), ("[]", 422), ('{"items": 3}', 422)])
def test_what_is_no_batch_is_a_problem_in_json(client, wang, body, status):
    client.force_login(wang)
    answer = client.post("/sync/", body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.django_db
def test_a_stranger_syncs_nothing(client):
    assert (
        client.post("/sync/", json.dumps({"items": [item()]}), content_type="application/json").status_code
        == 403
    )
    assert client.get("/sync/shell.json").status_code == 403
    assert not SyncItem.objects.exists()


@pytest.mark.django_db
def test_photos_that_come_after_their_act_are_tied_to_its_subject(client, wang):
    from hashlib import sha256

    from linli.kernel.access.models import Grant, Role
    from linli.kernel.files.models import Attachment

    role = Role.objects.create(code="tests_w", zh="网格员", en="worker", verbs=["tests.note"])
    Grant.objects.create(account=wang, role=role, area="430181")
    register_offline(
        OfflineKind(
            "tests.tied", "办结", {}, lambda actor, one: {"subject": "tests.note:7", "phase": "after"}
        )
    )
    client.force_login(wang)
    one = {"uuid": str(uuid4()), "kind": "tests.tied", "data": {}}
    client.post("/sync/", json.dumps({"items": [one]}), content_type="application/json")
    photo = Attachment.objects.create(
        owner=wang,
        client_uuid=uuid4(),
        name="a.jpg",
        size=1,
        sha256=sha256(b"a").hexdigest(),
        state="ready",
        received=1,
        stored="0" * 64,
        content_type="image/jpeg",
        retention_until=timezone.now() + timedelta(days=1),
    )
    body = json.dumps({"uuid": one["uuid"], "keys": [str(photo.key)]})
    assert client.post("/sync/files/", body, content_type="application/json").json() == {"tied": 1}
    photo.refresh_from_db()
    assert (photo.subject, photo.phase) == ("tests.note:7", "after")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"uuid": "x", "keys": []},
        {"uuid": str(uuid4()), "keys": []},
        {"uuid": str(uuid4()), "keys": ["y"]},
    ],
)
def test_photos_of_nothing_are_refused(client, wang, body):
    client.force_login(wang)
    assert client.post("/sync/files/", json.dumps(body), content_type="application/json").status_code in (
        404,
        422,
    )
