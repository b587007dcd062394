"""The seed's apply_for_welfare over HTTP: everything missing at once, a real case otherwise, and never 申请已通过."""

import json
import uuid
from datetime import date

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from linli.kernel.identity.actions import issue_token
from linli.kernel.identity.fields import blind
from linli.onestop import welfare
from linli.onestop.models import Application
from linli.onestop.tests.conftest import County, a_file, person
from linli.people.models import Consent

pytestmark = pytest.mark.django_db
URL = "/api/welfare/apply"
NAMES = ["身份证", "户口本", "收入证明"]  # the seed's required_documents
CARD = "430181195705120013"


def token(county: County, who: str = "resident", *scopes: str) -> dict[str, str]:
    by = county.actor(who)
    wanted = scopes or ("onestop.*", "people.*")
    return {
        "Authorization": f"Bearer {issue_token(by=by, account=by.account, name='测试', scopes=wanted)[1]}"
    }


def told(**more):
    return {"documents": NAMES, "age": 68, "disability": True, "signed": True, **more}


def send(body, headers=None, client=None):
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    answer = (client or Client()).post(URL, raw, content_type="application/json", headers=headers or {})
    return answer.status_code, json.loads(answer.content)


def test_complete_documents_make_a_real_case_and_the_answer_never_says_passed(county):
    status, said = send({"applicant_info": told()}, token(county))
    row = Application.objects.get()
    assert (status, said["status"], said["number"], said["application"]) == (
        202,
        "accepted",
        row.number,
        row.pk,
    )
    assert row.number in said["message"] and "不会当场通过" in said["message"]
    assert "通过" not in said["message"].replace("不会当场通过", "")
    assert "收入证明请在受理前上传或带到窗口核对" in said["message"]
    assert (row.state, row.person, row.item.code) == ("submitted", county.old, "MZ-001")
    assert row.members.get(person=county.old).facts["disability_cert"] is True
    assert row.tasks.get(step="accept").holder_id == county.accounts["window"].pk
    assert said["departments"][:1] == ["县民政局"] and "县残联" in said["departments"]


def test_a_paper_sent_along_lies_in_its_slot(county):
    number = a_file(county.accounts["resident"])
    status, said = send(told(documents={"身份证": [], "收入证明": [number]}), token(county))
    slot = Application.objects.get().slots.get(material="INC")
    assert (status, slot.state, slot.files) == (202, "met", [number]) and "窗口核对" not in said["message"]


def test_everything_missing_is_named_in_one_answer_and_nothing_is_kept(county):
    Consent.objects.all().delete()
    info = told(documents=["身份证"], facts={"serious_illness": True}, signed=False)
    status, said = send(info, token(county))
    assert (status, said["status"]) == (422, "error") and said["message"].startswith("材料不完整")
    assert said["missing"] == [
        "收入证明或收入声明", "疾病诊断证明/病历",
        "家庭经济状况核对授权书（全体共同生活成员）和申请表及诚信承诺书的签署（signed）",
        f"{county.wife.masked_name}的核对授权",
    ]  # fmt: skip
    assert all(name in said["message"] for name in said["missing"])
    assert not Application.objects.exists() and not Consent.objects.exists()


def test_what_departments_know_is_never_missing(county):
    assert send(told(documents=["收入证明"]), token(county))[0] == 202


def test_signing_is_the_applicants_own_authorisation(county):
    Consent.objects.filter(person=county.old).delete()
    assert send(told(), token(county))[0] == 202
    assert (
        Consent.objects.get(person=county.old, purpose="onestop.check").recorded_by_id
        == county.actor("resident").account
    )


def test_the_register_beats_a_said_age(county):
    status, said = send(told(age=40), token(county))
    assert status == 202 and "年龄以人口登记为准" in said["message"]
    assert Application.objects.get().members.get(person=county.old).facts["age"] > 60


def test_a_healthy_forty_year_old_is_led_by_civil_affairs_not_by_nobody(county):
    account = county.accounts["stranger"]
    person("陈平", date(1985, 1, 5), account)
    status, said = send(told(age=41, disability=False), token(county, "stranger"))
    assert status == 202 and said["departments"][0] == "县民政局" and "县残联" not in said["departments"]


def test_sent_twice_it_is_one_case_and_one_answer(county):
    headers, info = token(county), told(client_uuid=str(uuid.uuid4()))
    first, again = send(info, headers), send(info, headers)
    assert first[0] == again[0] == 202 and first[1]["number"] == again[1]["number"]
    assert Application.objects.count() == 1
    assert send(info | {"disability": False}, headers)[0] == 409
    status, said = send(told(), headers)
    assert status == 409 and "已有一个在办的办件" in said["message"] and Application.objects.count() == 1


def test_a_window_applies_for_a_resident_by_number_with_their_authority(county):
    county.old.number_index = blind(CARD)
    county.old.save(update_fields=["number_index"])
    info, headers = told(id_number=CARD), token(county, "window")
    status, said = send(info, headers)
    assert status == 422 and said["errors"][0]["field"] == "authority"
    assert send(info | {"authority": "本人到窗口口述"}, headers)[0] == 202
    row = Application.objects.get()
    assert (row.agent_id, row.channel) == (county.accounts["window"].pk, "helper")


def test_a_stranger_applies_for_nobody(county):
    county.old.number_index = blind(CARD)
    county.old.save(update_fields=["number_index"])
    assert send(told(id_number=CARD), token(county, "stranger"))[0] == 404
    assert send(told(id_number=CARD), token(county, "payer", "onestop.pay", "onestop.work"))[0] == 403
    assert not Application.objects.exists()


def test_nobody_applies_without_a_token_not_even_with_a_cookie(county):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(county.accounts["resident"])
    answer = browser.post(URL, json.dumps(told()), content_type="application/json")
    assert answer.status_code == 401 and answer["WWW-Authenticate"] == "Bearer"
    assert send(told(), {"Authorization": "Bearer linli_wrong"})[0] == 401
    assert browser.get(URL).status_code == 405 and not Application.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("documents", "身份证"), ("documents", [1]), ("documents", {"收入证明": ["x"]}), ("documents", {"收入证明": [-1]}),
        ("documents", ["结婚照"]), ("documents", {"收入证明": [99999999]}), ("age", -1), ("age", "68"), ("age", True),
        ("disability", "是"), ("signed", 1), ("facts", {"x": {}}), ("facts", {"no_such_fact": True}), ("client_uuid", "1"),
        ("form", []),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_by_field(county, field, value):
    status, said = send(told(**{field: value}), token(county))
    assert status == 422 and said["status"] == "error" and not Application.objects.exists()
    assert any(one["field"] in (field, "papers") for one in said["errors"])


@pytest.mark.parametrize(
    "raw", ["", "{", "[1]", "null", b"\xff\xfe", '{"age": NaN}', "[" * 90_000, '{"applicant_info": 3}']
)
def test_what_is_no_object_is_400(county, raw):
    assert send(raw, token(county))[0] == 400


def test_control_characters_break_nothing_and_a_flood_is_413(county):
    assert send(told(form={"说明": "a\x00b\ud800"}), token(county))[0] == 202
    assert json.loads(Application.objects.get().form) == {"说明": "ab"}
    assert send(told(form={"x": "长" * 300_000}), token(county))[0] == 413


def test_a_fault_on_the_way_leaves_nothing_behind(county, monkeypatch):
    """Consent, draft, number and tasks are one transaction."""
    Consent.objects.filter(person=county.old).delete()
    headers = token(county)

    def broken(**_):
        raise DatabaseError("gone")

    monkeypatch.setattr(welfare.actions, "submit", broken)
    with pytest.raises(DatabaseError):
        send(told(), headers)
    assert not connection.needs_rollback
    assert not Application.objects.exists() and not Consent.objects.filter(person=county.old).exists()
