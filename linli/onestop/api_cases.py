"""Cases by API: drafts, signature, submission, papers, progress, receipt, withdrawal; lists by scope."""

import json
from typing import Annotated, Any

from django.http import HttpRequest
from django.urls import reverse
from ninja import Path, Query, Router, Status

from linli.kernel import Refused
from linli.kernel.actor import require
from linli.onestop import actions, queries
from linli.onestop import api_given as given
from linli.onestop import api_words as docs
from linli.onestop.actions import Given, drafts
from linli.onestop.api_door import (
    APPLY,
    MOST,
    applicant_side,
    newest_first,
    own_or_at_work,
    signed,
    speaks,
    spoken_for,
    who,
)
from linli.onestop.api_out import case_out, case_whole, lookup_out, receipt_out
from linli.onestop.models import Application, Lookup
from linli.people import actions as people
from linli.people.queries import consents_to, person_of_account

cases = Router(tags=["onestop"])
Number = Annotated[int, Path(ge=1, le=2**53)]
Area = Annotated[str, Query(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})?$")]
COLUMNS = {6: "county", 9: "street", 12: "community", 15: "grid"}


@cases.get("", auth=signed, response=docs.CasesOut, openapi_extra=docs.refuses(*docs.READ))
def list_cases(
    request: HttpRequest,
    own: bool = False,
    state: docs.CaseState | None = None,
    item: Annotated[str, Query(max_length=16)] = "",
    area: Area = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    cursor: Annotated[str, Query(max_length=100)] = "",
) -> Any:
    """办件，新的在前：own=true 为本人和自己代办的，否则为管辖范围内的。"""
    by = who(request)
    if not (own and speaks(by)):
        require(by, APPLY if own else queries.VIEW)
    rows = queries.own_applications(by) if own else queries.applications_seen(by)
    if state:
        rows = rows.filter(state=state)
    if item:
        rows = rows.filter(item__code=item)
    if area:
        rows = rows.filter(**{COLUMNS[len(area)]: area})
    return newest_first(rows, limit, cursor, case_out)


@cases.post("", auth=signed, response={201: docs.DraftOut}, openapi_extra=docs.refuses(*docs.ACT))
def begin(request: HttpRequest, payload: given.NewDraftIn) -> Any:
    """新建草稿；续办码可在别处接着填。"""
    by = who(request)
    own = person_of_account(by.account) if by.account is not None and payload.person is None else None
    person = payload.person if payload.person is not None else own.pk if own else None
    if person is None:
        said = "请写明申请人；本人申请的，请先到社区登记人口信息"
        raise Refused(said + "。", code="no_person", fields={"person": [said]})
    made = actions.save_draft(
        by=by, item=payload.item, person=person, given=_given(payload, lon=payload.lon, lat=payload.lat),
        client_uuid=str(payload.client_uuid), channel=payload.channel, authority=payload.authority,
    )  # fmt: skip
    return Status(201, {"case": made.application, "code": made.code, "repeated": made.repeated})


def _given(payload: given.DraftIn, **more: Any) -> Given:
    said = payload.dict(include={"form", "facts", "members", "papers", "commit"})
    return Given(**said, **more)


@cases.get("/{number}", auth=signed, response=docs.CaseWholeOut, openapi_extra=docs.refuses(*docs.READ))
def one(request: HttpRequest, number: Number) -> Any:
    """一个办件：时限、材料、进度、告知书、决定、经过。"""
    row, own = own_or_at_work(who(request), number)
    return case_whole(row, who(request), own)


@cases.patch(
    "/{number}", auth=applicant_side, response=docs.CaseWholeOut, openapi_extra=docs.refuses(*docs.ACT)
)
def go_on(request: HttpRequest, number: Number, payload: given.GoOnIn) -> Any:
    """续填草稿；不写的部分保持原样。"""
    row = spoken_for(who(request), number)
    actions.save_draft(
        by=who(request), application=row.pk, given=_given(payload), base_version=payload.base_version
    )
    return _now(request, row.pk)


def _now(request: HttpRequest, number: int) -> dict[str, Any]:
    row, own = own_or_at_work(who(request), number)
    return case_whole(row, who(request), own)


@cases.post(
    "/{number}/sign", auth=applicant_side, response=docs.CaseWholeOut, openapi_extra=docs.refuses(*docs.ACT)
)
def sign(request: HttpRequest, number: Number, payload: given.SignIn) -> Any:
    """承诺与授权。本人的核对授权在此签署；其他成员各自签署，或在窗口签纸质授权书。"""
    by, row = who(request), spoken_for(who(request), number)
    wrong = {name: ["请选择 true 表示同意"] for name, said in payload.dict().items() if not said}
    if wrong:
        raise Refused("提交前须承诺并授权。", code="unsigned", fields=wrong)
    written = json.loads(row.form) if row.form else {}
    actions.save_draft(by=by, application=row.pk, given=Given(form=written | {"承诺": "是"}))
    if row.person.account_id == by.account and not consents_to(row.person_id, drafts.CONSENT):
        people.give_consent(by=by, person=row.person_id, purpose=drafts.CONSENT, evidence="接口签署")
    return _now(request, row.pk)


@cases.post(
    "/{number}/submit", auth=applicant_side, response=docs.CaseOut, openapi_extra=docs.refuses(*docs.ACT)
)
def submit(request: HttpRequest, number: Number, payload: given.SubmitIn) -> Any:
    """提交：得到编号，系统向部门核对已有的信息。缺的材料一次说全；重发得到同样的答复。"""
    row = spoken_for(who(request), number)
    return case_out(actions.submit(by=who(request), application=row.pk, **payload.dict()))


@cases.post(
    "/{number}/papers", auth=applicant_side, response=docs.CaseWholeOut, openapi_extra=docs.refuses(*docs.ACT)
)
def papers(request: HttpRequest, number: Number, payload: given.PapersIn) -> Any:
    """交材料：草稿中加到清单里；提交后为补交。文件先经 /api/v1/files 上传。"""
    by, row = who(request), spoken_for(who(request), number)
    if row.state == "draft":
        actions.save_draft(by=by, application=row.pk, given=Given(papers=_joined(row, payload.papers)))
    else:
        actions.fill_slot(by=by, application=row.pk, papers=payload.papers)
    return _now(request, row.pk)


def _joined(row: Application, papers: dict[str, list[int]]) -> dict[str, list[int]]:
    """With what lies there already, each file once."""
    there = {slot.material: slot.files for slot in row.slots.filter(material__in=papers)}
    return {
        code: list(dict.fromkeys([*there.get(code, ()), *files])) for code, files in papers.items() if files
    }


@cases.post(
    "/{number}/answer", auth=applicant_side, response=docs.CaseWholeOut, openapi_extra=docs.refuses(*docs.ACT)
)
def answer(request: HttpRequest, number: Number, payload: given.PapersIn) -> Any:
    """补正：补齐一次性告知的全部内容，回到窗口。"""
    row = spoken_for(who(request), number)
    actions.answer_supplement(by=who(request), application=row.pk, papers=payload.papers)
    return _now(request, row.pk)


@cases.post(
    "/{number}/withdraw", auth=applicant_side, response=docs.CaseOut, openapi_extra=docs.refuses(*docs.ACT)
)
def withdraw(request: HttpRequest, number: Number, payload: given.ReasonIn) -> Any:
    """撤件，决定之前随时可以。"""
    row = spoken_for(who(request), number)
    return case_out(actions.withdraw_application(by=who(request), application=row.pk, reason=payload.reason))


@cases.get("/{number}/receipt", auth=signed, response=docs.ReceiptOut, openapi_extra=docs.refuses(*docs.READ))
def receipt(request: HttpRequest, number: Number) -> Any:
    """申请回执。"""
    row, _ = own_or_at_work(who(request), number)
    if not row.number:
        raise Refused("办件提交后才有回执。", code="no_receipt", status=404)
    return receipt_out(row, request.build_absolute_uri(reverse("onestop:progress", args=[row.pk])))


@cases.get(
    "/{number}/lookups", auth=signed, response=list[docs.LookupOut], openapi_extra=docs.refuses(*docs.READ)
)
def lookups(request: HttpRequest, number: Number) -> Any:
    """向部门核对的记录：问了谁、凭谁的授权、答了什么；只读。"""
    row, _ = own_or_at_work(who(request), number)
    rows = Lookup.objects.filter(slot__application=row).select_related("slot", "member__person")
    return [lookup_out(one) for one in rows]
