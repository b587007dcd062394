"""POST /api/welfare/apply: the seed's `apply_for_welfare(applicant_info)`, made lawful (docs/rooms/onestop.md).

{"documents", "age", "disability", …} -> {"status", "message", …}. It makes a real case through the room's own actions.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from linli.kernel import Refused
from linli.kernel.access.middleware import actor_of
from linli.kernel.access.queries import anonymous
from linli.kernel.actor import Actor, can, require
from linli.kernel.identity.fields import blind
from linli.kernel.web.calls import json_object
from linli.onestop import actions, queries, reading, rules
from linli.onestop.actions import Given, drafts
from linli.onestop.catalogue import Definition, Material
from linli.onestop.conditions import Household
from linli.onestop.models import Application, ItemVersion
from linli.people import actions as people
from linli.people.models import Person, Tie
from linli.people.queries import consents_to, person_of_account
from linli.people.rules import age_on, plain_number

ITEM = "MZ-001"  # 最低生活保障
INCOMPLETE = "材料不完整"
CONSENT = drafts.CONSENT
CALLED = {
    "户口本": "居民户口簿",
    "户口簿": "居民户口簿",
    "身份证": "居民身份证",
    "收入证明": "收入证明或收入声明",
}
NOT_YET = "是否确认，须经入户调查、信息核对、初审和公示后由县民政局决定，不会当场通过。"
MOST_FILES = 20


@dataclass(slots=True)
class Info:
    """`applicant_info` as read. `papers`: material -> files; `named`: papers announced by name only."""

    disabled: bool = False
    age: int | None = None
    signed: bool = False
    papers: dict[str, list[int]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    number: str = ""
    authority: str = ""
    client_uuid: str = ""


@csrf_exempt
@require_POST
def apply(request: HttpRequest) -> HttpResponse:
    """202 `accepted` with the case's number; 422 `error` 材料不完整 naming everything; 400, 401, 403, 404, 409, 413."""
    try:
        by = _who(request)
        body = json_object(request)
        info = _read(body.get("applicant_info", body))
        with transaction.atomic():
            row, said = _apply(by, info)
    except Refused as refused:
        return _error(refused)
    return _answer({"status": "accepted", "message": said, **_told(row)}, 202)


def _who(request: HttpRequest) -> Actor:
    """A token's actor. No cookie counts: the call has no CSRF mark; and nobody applies for welfare unnamed."""
    by = actor_of(request) if request.headers.get("Authorization") else anonymous()
    if by.token is None:
        raise Refused(
            "低保申请须由本人、监护人或窗口提出，请携带有效的接口令牌；也可在网上“办事”页面或街道窗口申请。",
            code="no_token", status=401,
        )  # fmt: skip
    if not can(by, "onestop.assist"):
        require(by, "onestop.apply")
    return by


def _answer(body: Mapping[str, Any], status: int) -> HttpResponse:
    return HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type="application/json")


def _error(refused: Refused) -> HttpResponse:
    body: dict[str, Any] = {"status": "error", "message": refused.message, "code": refused.code}
    if refused.fields:
        body["errors"] = [{"field": name, "reasons": said} for name, said in refused.fields.items()]
    if refused.code == "incomplete":
        body["missing"] = refused.fields.get("documents", [])
    answer = _answer(body, refused.status)
    if refused.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


def _read(said: object) -> Info:
    """Raises Refused 422 naming every field that cannot be read."""
    if not isinstance(said, Mapping):
        raise Refused("applicant_info 应为一个对象。", code="not_json", status=400)
    info, wrong = Info(), {}
    kinds: dict[str, tuple[type, str]] = {
        "disability": (bool, "应为 true 或 false"), "signed": (bool, "应为 true 或 false"), "form": (dict, "应为对象"),
        "id_number": (str, "应为文字"), "authority": (str, "应为文字"), "client_uuid": (str, "应为文字"),
    }  # fmt: skip
    for name, (kind, words) in kinds.items():
        given = said.get(name)
        if given is not None and not isinstance(given, kind):
            wrong[name] = [words]
        elif given is not None:
            setattr(info, {"disability": "disabled", "id_number": "number"}.get(name, name), given)
    age = said.get("age")
    if age is not None and (isinstance(age, bool) or not isinstance(age, int) or not 0 <= age <= 130):
        wrong["age"] = ["应为 0 至 130 的整数"]
    elif age is not None:
        info.age = age
    if not _documents(info, said.get("documents")):
        wrong["documents"] = [
            "应为材料名称的列表，或“名称：文件编号列表”的对象（文件先经 /api/v1/files 上传）"
        ]
    if not _facts(info, said.get("facts")):
        wrong["facts"] = ["应为“事实：是否、整数或文字”的对象"]
    if wrong:
        raise Refused("申请信息有误，请按提示改正。", code="wrong_info", fields=wrong)
    return info


def _documents(info: Info, given: object) -> bool:
    """The seed's list of names, or names with the files that are the papers. False when it is neither."""
    if given is None:
        return True
    if isinstance(given, list):
        given = dict.fromkeys(given, []) if all(isinstance(one, str) for one in given) else None
    if not isinstance(given, Mapping):
        return False
    for name, files in given.items():
        numbers = [files] if isinstance(files, int) and not isinstance(files, bool) else files
        if not isinstance(numbers, list) or len(numbers) > MOST_FILES:
            return False
        if not all(isinstance(one, int) and not isinstance(one, bool) and 0 < one < 2**53 for one in numbers):
            return False
        if numbers:
            info.papers[name.strip()] = numbers
        else:
            info.named.add(name.strip())
    return True


def _facts(info: Info, given: object) -> bool:
    if given is None:
        return True
    if not isinstance(given, Mapping) or not all(isinstance(v, bool | int | str) for v in given.values()):
        return False
    info.facts = dict(given)
    return True


def _apply(by: Actor, info: Info) -> tuple[Application, str]:
    """Everything that is missing is told before anything is kept; then draft, signature and submission in one."""
    version, person = drafts.version_for(ITEM), _person(by, info)
    definition = reading.definition_of(version)
    known = _known(definition, info)
    own = person.account_id == by.account
    facts = _member_facts(info, person)
    given = _given(info, person, facts, known)
    if before := _before(by, info.client_uuid, given.digest(ITEM, person.pk)):
        return before, _accepted(before, [])
    missing = _missing(definition, version, person, info, facts, own)
    if missing:
        said = f"{INCOMPLETE}：缺少{'、'.join(missing)}。请补齐后再提交，也可到街道窗口办理。"
        raise Refused(said, code="incomplete", fields={"documents": missing})
    if own and not consents_to(person.pk, CONSENT):
        people.give_consent(by=by, person=person.pk, purpose=CONSENT, evidence="接口提交时签署")
    draft = actions.save_draft(
        by=by, item=ITEM, person=person.pk, given=given, client_uuid=info.client_uuid, authority=info.authority,
        channel="self" if own else "helper",
    )  # fmt: skip
    row = actions.submit(by=by, application=draft.application, signed=info.signed, despite_missing=True)
    notes = [] if info.age is None or facts.get("age") in (None, info.age) else ["年龄以人口登记为准"]
    left = [name for name in info.named if known[name].obtain == "submit"]
    if left:
        notes.append(f"{'、'.join(sorted(left))}请在受理前上传或带到窗口核对")
    return row, _accepted(row, notes)


def _given(info: Info, person: Person, facts: dict[str, Any], known: Mapping[str, Material]) -> Given:
    told = {name: value for name, value in facts.items() if name not in ("age", "working_age")}
    papers = {known[name].code: files for name, files in info.papers.items()}
    return Given(form=info.form or None, members={person.pk: told}, papers=papers)


def _before(by: Actor, client_uuid: str, content: bytes) -> Application | None:
    """The case this call made when it came first: the same answer, however far it has got since."""
    try:
        sent = uuid.UUID(client_uuid) if client_uuid else None
    except ValueError:
        said = "client_uuid 应为 UUID，例如 8-4-4-4-12 位十六进制"
        raise Refused(said, code="bad_uuid", fields={"client_uuid": [said]}) from None
    rows = Application.objects.select_related("version", "item").exclude(number="")
    found = rows.filter(sender=by.ref, client_uuid=sent).first() if sent else None
    if found is not None and bytes(found.content) != content:
        raise Refused("同一 client_uuid 此前提交过不同的内容。", code="uuid_reused", status=409)
    return found


def _person(by: Actor, info: Info) -> Person:
    """The caller's own person or ward; by whoever may assist, the one of that number. Raises Refused 404, 422."""
    own = person_of_account(by.account) if by.account is not None else None
    if not info.number and own is None:
        said = "请写明申请人的身份证号码（id_number）；本人申请的，请先到社区登记人口信息"
        raise Refused(said + "。", code="no_person", fields={"id_number": [said]})
    index = blind(plain_number(info.number))
    if own is not None and (not info.number or own.number_index == index):
        return own
    wards = Tie.objects.filter(kind="guardian", ended=None, other__account=by.account, person__died=None)
    ward = wards.filter(person__number_index=index).select_related("person").first()
    found = ward.person if ward else queries.person_to_assist(by, info.number)
    if found is None:
        said = "没有找到这位居民，或者不在您的办理范围内；请先到社区登记人口信息"
        raise Refused(said + "。", code="no_person", fields={"id_number": [said]}, status=404)
    return found


def _known(definition: Definition, info: Info) -> dict[str, Material]:
    """Document names of the call -> the item's materials. Raises Refused 422 for names the item does not have."""
    every = {name: one for one in definition.materials for name in (one.code, one.name)}
    every |= {short: every[long] for short, long in CALLED.items() if long in every}
    lost = sorted({*info.papers, *info.named} - set(every))
    if lost:
        said = f"本事项没有这些材料：{'、'.join(lost)[:200]}"
        raise Refused(said + "。", code="wrong_info", fields={"documents": [said]})
    return every


def _member_facts(info: Info, person: Person) -> dict[str, Any]:
    """What is told of the applicant; the register's birth date beats a said age."""
    today, told = timezone.localdate(), dict(info.facts)
    if info.age is not None:
        told["age"] = info.age
    if info.disabled:
        told["disability_cert"] = True
    age = age_on(person.birth, today) if person.birth else None
    return {**told, **rules.facts_of_person(person.birth, today, age)}


def _missing(
    definition: Definition, version: ItemVersion, person: Person, info: Info, facts: dict[str, Any], own: bool
) -> list[str]:  # fmt: skip
    """Papers not even announced, the applicant's signature, and every member's authorisation that is not on record.

    What departments know is asked of them and never missing here.
    """
    home = [one for one, _ in drafts.people_of(person, version)]
    household = Household(rules.case_facts(facts), [facts])
    every = _known(definition, info)
    given = {every[name].code for name in (*info.papers, *info.named)}
    had = [one.code for one in definition.materials if one.obtain in ("share", "form", "commit")]
    missing = list(rules.validate_documents(definition, household, sorted(given), had).missing)
    signable = [one.name for one in rules.materials_needed(definition, household) if one.obtain == "form"]
    if not info.signed:
        missing.append(f"{'和'.join(signable)}的签署（signed）")
    for one in home:
        if not (consents_to(one.pk, CONSENT) or (own and one.pk == person.pk)):
            missing.append(f"{one.masked_name}的核对授权")
    return missing


def _accepted(row: Application, notes: list[str]) -> str:
    limits = queries.limits_of(row)
    more = f"{'；'.join(notes)}。" if notes else ""
    return f"申请已收到，编号 {row.number}，等待窗口受理。承诺 {limits.promised}。{more}{NOT_YET}"


def _told(row: Application) -> dict[str, Any]:
    definition, household = reading.definition_of(row.version), reading.household_of(row)
    return {
        "number": row.number,
        "application": row.pk,
        "state": row.state,
        "departments": list(rules.distribute_to_departments(definition, household)),
    }
