"""/api/v1/onestop: the same actions as the pages, for programs; strangers and narrow tokens get nothing."""

import json
import uuid

import pytest
import schemathesis
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from linli.incidents.tests.test_api_document import one_connection
from linli.kernel.identity.actions import issue_token
from linli.kernel.identity.models import PhoneCode
from linli.onestop import actions, api
from linli.onestop.models import Application, Lookup, Notice, Task
from linli.onestop.tests.conftest import COUNTY, OTHER, TOWN, County, a_file, answer_all, at, person
from linli.people.models import Consent

pytestmark = pytest.mark.django_db
HERE = "/api/v1/onestop"
EVERY = ("onestop.*", "people.*")


class Caller:
    """A program with one account's token."""

    def __init__(self, county: County, who: str = "", scopes: tuple[str, ...] = EVERY) -> None:
        self.headers = {}
        if who:
            by = county.actor(who)
            token = issue_token(by=by, account=by.account, name="测试", scopes=scopes)[1]
            self.headers = {"Authorization": f"Bearer {token}"}

    def _answer(self, answer):
        return answer.status_code, json.loads(answer.content)

    def get(self, path, **asked):
        return self._answer(Client().get(f"{HERE}{path}", asked, headers=self.headers))

    def post(self, path, body=None, method="post"):
        raw = body if isinstance(body, bytes) else json.dumps(body or {})
        call = getattr(Client(), method)
        return self._answer(call(f"{HERE}{path}", raw, content_type="application/json", headers=self.headers))

    def patch(self, path, body):
        return self.post(path, body, "patch")


def faults(said):
    return {one["field"]: one["reasons"] for one in said.get("errors", [])}


def drafted(county, caller, **more):
    body = {"client_uuid": str(uuid.uuid4()), "item": "MZ-001", "form": {"说明": "申请"}, **more}
    status, said = caller.post("/cases", body)
    assert status == 201, said
    return said["case"]


def handed_in(county):
    """A case handed in by its resident's program; the window has it."""
    me = Caller(county, "resident")
    number = drafted(county, me, papers={"INC": [a_file(county.accounts["resident"])]})
    status, said = me.post(f"/cases/{number}/submit", {"signed": True})
    assert status == 200, said
    return number


def test_anybody_reads_items_and_the_guide_with_its_doubts(county):
    status, said = Caller(county).get("/items", q="低保 生活困难")
    assert status == 200 and said["items"][0]["code"] == "MZ-001"
    status, guide = Caller(county).get("/items/MZ-001")
    ways = [one["way"] for one in guide["materials"]]
    assert status == 200 and (ways.count("share"), ways.count("submit"), ways.count("form")) == (11, 2, 2)
    assert guide["promised"] == "7 个工作日（不含公示 7 天）" and guide["promised_to_confirm"]
    assert guide["publicity"] == "required" and "disability_cert" in guide["facts"]
    assert Caller(county).get("/items/XX-999")[0] == 404
    assert Caller(county).get("/items", q="不存在的事项")[1] == {"items": []}


def test_a_resident_goes_from_the_first_field_to_the_receipt_and_back_out(county):
    Consent.objects.filter(person=county.old).delete()
    me = Caller(county, "resident")
    number = drafted(county, me)
    status, said = me.patch(f"/cases/{number}", {"members": {str(county.old.pk): {"disability_cert": True}}})
    assert status == 200 and said["state"] == "draft" and said["form"] == {"说明": "申请"}
    assert said["members"][0]["facts"]["disability_cert"] is True and said["to_do"]
    status, said = me.post(f"/cases/{number}/submit", {"signed": True})
    assert status == 422 and "members" in faults(said)
    assert me.post(f"/cases/{number}/sign", {"declared": True, "authorised": False})[0] == 422
    assert me.post(f"/cases/{number}/sign", {"declared": True, "authorised": True})[0] == 200
    status, said = me.post(f"/cases/{number}/submit", {"signed": True})
    assert status == 422 and faults(said) == {"papers": ["请提供收入证明或收入声明"]}
    paper = a_file(county.accounts["resident"])
    status, said = me.post(f"/cases/{number}/papers", {"papers": {"INC": [paper]}})
    assert status == 200 and [one["files"] for one in said["checklist"]] == [[paper]]
    first, again = (me.post(f"/cases/{number}/submit", {"signed": True}) for _ in range(2))
    assert first[0] == again[0] == 200 and first[1]["number"] == again[1]["number"] != ""
    status, receipt = me.get(f"/cases/{number}/receipt")
    assert status == 200 and receipt["limits"]["promised"] == "7 个工作日（不含公示 7 天）"
    assert receipt["address"].endswith(f"/my/cases/{number}/")
    asked = me.get(f"/cases/{number}/lookups")[1]
    assert {one["state"] for one in asked} == {"requested"} and all(one["source"] for one in asked)
    status, said = me.post(f"/cases/{number}/withdraw", {"reason": "不再需要"})
    assert status == 200 and said["state"] == "withdrawn"
    assert me.get(f"/cases/{number}")[1]["timeline"][-1]["reason"] == "不再需要"


def test_a_draft_sent_twice_is_one_and_other_content_is_a_conflict(county):
    me, body = Caller(county, "resident"), {"client_uuid": str(uuid.uuid4()), "item": "MZ-001"}
    first, again = me.post("/cases", body), me.post("/cases", body)
    assert first[1]["case"] == again[1]["case"] and (first[1]["repeated"], again[1]["repeated"]) == (
        False,
        True,
    )
    assert me.post("/cases", body | {"form": {"a": "b"}})[0] == 409
    assert Application.objects.count() == 1


def test_the_window_sends_back_once_with_everything_and_accepts_the_answer(county):
    number, window, me = handed_in(county), Caller(county, "window"), Caller(county, "resident")
    assert [one["case"] for one in window.get("/tasks", list="intake")[1]["items"]] == [number]
    status, notice = window.post(f"/window/{number}/supplement", {"defects": ["收入证明没有盖章"]})
    assert status == 200 and notice["defects"] == ["收入证明没有盖章"]
    assert window.post(f"/window/{number}/supplement", {"defects": ["再来一次"]})[0] == 409
    paper = a_file(county.accounts["resident"])
    assert me.post(f"/cases/{number}/answer", {"papers": {"INC": [paper]}})[1]["state"] == "submitted"
    answer_all(Application.objects.get(pk=number))
    status, said = window.post(f"/window/{number}/accept", {})
    assert status == 200 and said["state"] == "accepted" and said["promised_due"]
    assert Caller(county).get("/tasks")[0] == 401
    mine = Caller(county, "town").get("/tasks")[1]["items"]
    assert {one["case"] for one in mine} == {number} and {one["light"] for one in mine} == {"green"}


def test_not_accepted_says_why_by_what_rule_and_where_to_go(county):
    number, window = handed_in(county), Caller(county, "window")
    status, said = window.post(f"/window/{number}/decline", {"reason": "", "basis": "", "right_place": ""})
    assert status == 422 and set(faults(said)) == {"reason", "basis", "right_place"}
    body = {"reason": "户籍不在本县", "basis": "民发〔2021〕57号 第六条", "right_place": "户籍所在地乡镇"}
    assert window.post(f"/window/{number}/decline", body)[1]["remedy"]
    assert Notice.objects.get().kind == "decline"


def test_departments_take_do_hand_on_send_back_and_are_urged(county, accepted):
    row = accepted()
    assist = row.tasks.get(branch="县残联", state="open")
    cl = Caller(county, "CL")
    assert cl.post(f"/tasks/{assist.pk}/take")[1]["holder"] == county.accounts["CL"].pk
    status, said = cl.post(f"/tasks/{assist.pk}/do", {"opinion": "disagree"})
    assert status == 422 and set(faults(said)) == {"finding", "reason"}
    body = {"finding": "持证情况属实"}
    first, again = (cl.post(f"/tasks/{assist.pk}/do", body) for _ in range(2))
    assert first[1]["state"] == again[1]["state"] == "done" and first[1]["done_at"] == again[1]["done_at"]
    check = row.tasks.get(step="check", state="open")
    holder = next(name for name, one in county.accounts.items() if one.pk == check.holder_id)
    assert Caller(county, "supervisor").post(f"/tasks/{check.pk}/urge")[1]["urged"] == 1
    to = county.accounts["head"].pk
    body = {"to": to, "reason": "出差期间请代办"}
    assert Caller(county, holder).post(f"/tasks/{check.pk}/transfer", body)[1]["holder"] == to
    status, said = Caller(county, "head").post(
        f"/tasks/{check.pk}/return", {"to": "nowhere", "reason": "重查"}
    )
    assert status == 422 and "to" in faults(said)
    body = {"to": check.step, "reason": "情况不清，重新核对"}
    assert Caller(county, "head").post(f"/tasks/{check.pk}/return", body)[1]["round"] == 2


def test_a_decision_before_its_time_is_refused_in_words(county, accepted):
    row = accepted()
    codes = {
        "application": row,
        "round": 1,
        "role": "x",
        "opened_at": at("2026-02-10 09:00"),
        "due_at": at("2026-02-20 09:00"),
    }
    task = Task.objects.create(
        step="decide", name="决定", kind="desk", holder=county.accounts["MZ"], unit=f"{COUNTY}-MZ", street=TOWN,
        county=COUNTY, **codes,
    )  # fmt: skip
    mz = Caller(county, "MZ")
    status, said = mz.post(f"/tasks/{task.pk}/approve", {"fen": 65000})
    assert status == 409 and said["code"] == "not_yet"
    status, said = mz.post(f"/tasks/{task.pk}/refuse", {"reason": "收入超标", "basis": "x"})
    assert status == 409 and said["code"] == "not_yet"


def test_lists_page_by_cursor_in_their_order_and_by_scope(county, begin):
    rows = [
        begin("MZ-001"),
        begin("CL-003", members={county.old.pk: {"disability_cert": True}}),
        begin("MZ-011"),
    ]
    window, all_seeing = Caller(county, "window"), Caller(county, "supervisor")
    found, cursor = [], ""
    for _ in rows:
        status, said = all_seeing.get("/cases", limit=1, **({"cursor": cursor} if cursor else {}))
        assert status == 200
        found += [one["id"] for one in said["items"]]
        cursor = said["next"]
    assert found == [row.pk for row in reversed(rows)] and cursor is None
    due, cursor = [], ""
    for _ in rows:
        said = window.get("/tasks", list="intake", limit=1, **({"cursor": cursor} if cursor else {}))[1]
        due += [(one["due_at"], one["id"]) for one in said["items"]]
        cursor = said["next"]
    assert due == sorted(due) and len(due) == 3 and cursor is None
    assert len(all_seeing.get("/cases", area=TOWN, state="submitted", item="MZ-001")[1]["items"]) == 1
    assert all_seeing.get("/cases", area=OTHER)[1]["items"] == []
    for wrong in (
        {"cursor": "x"},
        {"cursor": "MQ|"},
        {"limit": 0},
        {"limit": 101},
        {"area": "43"},
        {"state": "gone"},
    ):
        status, said = all_seeing.get("/cases", **wrong)
        assert status == 422 and set(faults(said)) == set(wrong)


def test_look_ups_are_read_only_and_what_failed_stands_in_a_queue(county, begin):
    row = begin()
    one = Lookup.objects.filter(slot__application=row).first()
    actions.record_lookup(
        by=actions.working.SYSTEM, lookup=one.pk, result="failed", at=at("2026-02-06 10:00")
    )
    status, said = Caller(county, "supervisor").get("/lookups")
    assert status == 200 and [(o["case"], o["material"]) for o in said["items"]] == [
        (row.pk, one.slot.material)
    ]
    assert Caller(county, "stranger").get("/lookups")[1]["items"] == []
    assert Caller(county, "resident").get("/lookups")[0] == 403


def test_progress_is_told_by_number_and_phone_code(county, begin, monkeypatch):
    sent = []
    monkeypatch.setattr("linli.kernel.identity.ports.deliver_code", lambda phone, words: sent.append(words))
    cache.clear()
    county.old.phone = "13800000000"
    county.old.save(update_fields=["phone"])
    row, somebody = begin(), Caller(county)
    assert somebody.post("/progress/code", {"phone": "138 0000 0000"})[1] == {"phone": "138****0000"}
    code = next(
        word for word in sent[0].replace("验证码 ", "\n").replace("，", "\n").split("\n") if word.isdigit()
    )
    body = {"number": row.number, "phone": "13800000000", "code": code}
    assert somebody.post("/progress", body | {"code": "000000" if code != "000000" else "111111"})[0] == 422
    status, said = somebody.post("/progress", body)
    assert status == 200 and (said["number"], said["state"]) == (row.number, "submitted")
    assert "经办" not in json.dumps(said, ensure_ascii=False) and said["progress"]
    assert somebody.post("/progress", body)[0] == 422  # a code works once


def test_another_phone_learns_nothing_of_a_number(county, begin, monkeypatch):
    sent = []
    monkeypatch.setattr("linli.kernel.identity.ports.deliver_code", lambda phone, words: sent.append(words))
    cache.clear()
    row, somebody = begin(), Caller(county)
    somebody.post("/progress/code", {"phone": "13900000000"})
    code = sent[0].partition("验证码 ")[2][:6]
    status, said = somebody.post("/progress", {"number": row.number, "phone": "13900000000", "code": code})
    assert status == 404 and row.number not in json.dumps(said) and PhoneCode.objects.count() == 1


# --- strangers


def every_call(number, task):
    case = [("get", f"/cases/{number}{end}") for end in ("", "/receipt", "/lookups")]
    case += [("post", f"/cases/{number}/{end}", body) for end, body in (
        ("sign", {"declared": True, "authorised": True}), ("submit", {"signed": True}), ("papers", {"papers": {"INC": [1]}}),
        ("answer", {"papers": {}}), ("withdraw", {"reason": "不要了"}))]  # fmt: skip
    case += [("patch", f"/cases/{number}", {"form": {}})]
    case += [("post", f"/window/{number}/{end}", body) for end, body in (
        ("accept", {}), ("supplement", {"defects": ["x"]}), ("decline", {"reason": "不属本县", "basis": "y", "right_place": "z"}))]  # fmt: skip
    tasks = [("get", f"/tasks/{task}")] + [("post", f"/tasks/{task}/{end}", body) for end, body in (
        ("take", {}), ("do", {}), ("return", {"to": "survey", "reason": "重查"}), ("transfer", {"to": 1, "reason": "转办"}),
        ("urge", {}), ("approve", {"fen": 1}), ("refuse", {"reason": "不符合", "basis": "y"}))]  # fmt: skip
    return case + tasks


def test_strangers_find_nothing_and_change_nothing(county, begin):
    row = begin()
    before = list(Application.objects.values())
    task = row.tasks.get(step="accept").pk
    person("陈平", county.old.birth, county.accounts["stranger"])
    for who, expected in (("stranger", {404}), ("", {401})):
        caller = Caller(county, who)
        for method, path, *body in every_call(row.pk, task):
            assert getattr(caller, method)(path, *body)[0] in expected, (who, path)
    assert Caller(county, "stranger").get("/cases")[1]["items"] == []
    assert Caller(county, "stranger").get("/cases", own=True)[1]["items"] == []
    assert list(Application.objects.values()) == before


def test_a_token_may_no_more_than_its_scopes(county, begin):
    """The applicant's own account, but a token for something else: nothing of their case."""
    row = begin()
    task = row.tasks.get(step="accept").pk
    for who in ("resident", "window"):
        narrow = Caller(county, who, ("incidents.*",))
        for method, path, *body in every_call(row.pk, task):
            assert getattr(narrow, method)(path, *body)[0] in (403, 404), (who, path)
        for path in ("/cases", "/tasks", "/lookups"):
            assert narrow.get(path)[0] == 403
        assert narrow.get("/cases", own=True)[0] == 403
        assert narrow.post("/cases", {"client_uuid": str(uuid.uuid4()), "item": "MZ-001"})[0] in (403, 422)
    row.refresh_from_db()
    assert row.state == "submitted"


def test_a_cookie_without_its_csrf_mark_writes_nothing(county):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(county.accounts["resident"])
    body = json.dumps({"client_uuid": str(uuid.uuid4()), "item": "MZ-001"})
    assert browser.post(f"{HERE}/cases", body, content_type="application/json").status_code == 403
    assert browser.get(f"{HERE}/cases?own=true").status_code == 200 and not Application.objects.exists()


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"\xff\xfe", b'{"form": NaN}', b"[" * 60_000])
def test_what_is_no_json_object_is_told_so(county, raw):
    status, said = Caller(county, "resident").post("/cases", raw)
    assert status in (400, 422) and said["type"].startswith("about:blank#")


def test_every_defect_is_named_in_chinese_at_once(county):
    body = {"client_uuid": "1", "item": "x y", "lon": 500, "papers": {"INC": [0]}, "channel": "fax"}
    status, said = Caller(county, "resident").post("/cases", body)
    named = faults(said)
    assert status == 422 and {"client_uuid", "item", "lon", "channel"} <= set(named)
    assert any(name.startswith("papers") for name in named)
    assert all(not word.isascii() for words in named.values() for word in words)


# --- the document


def test_no_call_breaks_and_no_answer_is_undocumented(county, begin, monkeypatch):
    """Every operation, tried as the applicant and as an officer, on ids that are there and on made-up ones."""
    monkeypatch.setattr("linli.kernel.identity.ports.deliver_code", lambda phone, words: None)
    cache.clear()
    row = begin()
    promises = [
        checks.not_a_server_error, openapi_checks.status_code_conformance, openapi_checks.content_type_conformance,
        openapi_checks.response_schema_conformance,
    ]  # fmt: skip
    headers = [Caller(county, who).headers for who in ("resident", "town")]
    with one_connection():
        schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
        ours = schema.include(path_regex=r"^/api/v1/onestop").get_all_operations()
        operations = [one.ok() for one in ours]
        for operation in operations:
            for one in headers:
                _try(operation, one, promises, {"number": row.pk})
    assert len(operations) == sum(
        len(path.operations) for one in api.routers.values() for path in one.path_operations.values()
    )


def _try(operation, headers, promises, known):
    @settings(
        max_examples=8, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def call(case):
        if case.path_parameters and len(json.dumps(case.body, default=str)) % 2:
            case.path_parameters |= {name: known[name] for name in case.path_parameters if name in known}
        case.validate_response(case.call(headers=headers), checks=promises)

    call()
