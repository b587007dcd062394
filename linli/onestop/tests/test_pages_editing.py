"""An official edits the catalogue on pages: a promise shortened, a paper added, steps moved; published by another."""

import copy
import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from linli.kernel import Refused
from linli.onestop import actions, reading, sheets
from linli.onestop.actions.catalogue import digest_of
from linli.onestop.models import Application, ItemVersion
from linli.onestop.tests.test_pages import client_of, html, own_files, queries_of, said  # noqa: F401

pytestmark = pytest.mark.django_db


def in_force(code: str = "MZ-001") -> ItemVersion:
    return ItemVersion.objects.get(item__code=code, state="published")


def fields_of(page: str) -> dict[str, Any]:
    """What a browser would send of the page's form, untouched: inputs, chosen options, ticked boxes, texts."""
    form = page[page.index('<form class="form') :]
    form = form[: form.index("</form>")]
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is None or ('type="radio"' in tag or 'type="checkbox"' in tag) and " checked" not in tag:
            continue
        sent.setdefault(name[1], []).append(_plain(value[1]) if value else "on" if "checkbox" in tag else "")
    for name, inner in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', inner) or re.search(
            r'<option value="([^"]*)"', inner
        )
        sent[name] = [_plain(chosen[1]) if chosen else ""]
    for name, inner in re.findall(r'<textarea name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S):
        sent[name] = [_plain(inner).lstrip("\n")]
    sent.pop("csrfmiddlewaretoken", None)
    return sent


def _plain(text: str) -> str:
    import html as escapes

    return escapes.unescape(text)


def draft(county: Any, code: str = "MZ-001") -> tuple[Any, ItemVersion, str]:
    editor = client_of(county.accounts["editor"])
    answer = editor.post(f"/onestop/catalogue/{in_force(code).pk}/revise/")
    row = ItemVersion.objects.get(item__code=code, state="draft")
    assert answer["Location"] == f"/onestop/catalogue/{row.pk}/edit/"
    return editor, row, answer["Location"]


def test_a_promise_of_seven_days_becomes_six_in_one_form(county):
    editor, row, url = draft(county)
    sent = fields_of(html(editor.get(f"{url}terms/")))
    sent["promised_limit"] = "6"
    assert editor.post(f"{url}terms/", sent).status_code == 302
    page = html(editor.get(url))
    assert "各步骤合计 7 天，超过承诺时限" in page and "还有 1 处不能发布" in page
    assert "承诺时限·天数" in page
    sent = fields_of(html(editor.get(f"{url}terms/")))
    at = next(n for n, one in enumerate(row.definition["steps"]) if one["key"] == "decide")
    sent[f"promised_{at}"] = "2"
    assert editor.post(f"{url}terms/", sent).status_code == 302
    row.refresh_from_db()
    before = in_force().definition
    assert row.definition["promised_limit"] == {**before["promised_limit"], "days": 6}
    assert row.definition["steps"][at] == {
        **before["steps"][at],
        "promised": {"days": 2, "unit": "working_day"},
    }
    assert in_force().definition["promised_limit"]["days"] == 7
    assert editor.post(f"/onestop/catalogue/{row.pk}/simulate/").status_code == 302
    html(editor.post(f"/onestop/catalogue/{row.pk}/publish/", said()), 403)
    second = client_of(county.accounts["second"])
    assert "承诺时限·天数" in html(second.get(f"/onestop/catalogue/{row.pk}/"))
    assert second.post(f"/onestop/catalogue/{row.pk}/publish/", said()).status_code == 302
    row.refresh_from_db()
    assert row.state == "published"


@pytest.mark.parametrize("code", ["MZ-001", "MZ-003", "MZ-005", "MZ-007", "YB-005", "ZJ-002"])
def test_a_form_sent_back_untouched_changes_nothing(county, code):
    editor, row, url = draft(county, code)
    pages = ["basic/", "terms/", "notices/", "publicity/"]
    pages += [f"{part}/{at}/" for part in ("materials", "steps", "assists") for at in range(1, len(row.definition.get(part, ())) + 1)]  # fmt: skip
    for page in pages:
        sent = fields_of(html(editor.get(url + page)))
        answer = editor.post(url + page, sent)
        assert answer.status_code == 302, (page, html(answer, 422)[-3000:])
        row.refresh_from_db()
        assert row.definition == in_force(code).definition, page


def test_a_paper_is_added_with_its_condition_moved_and_taken_away(county):
    editor, row, url = draft(county)
    html(editor.post(f"{url}materials/0/", said(name_zh="租房合同", obtain="share", need="always")), 422)
    sent = said(
        name_zh="租房合同", obtain="submit", need="when", cond_join="all", fact_0="age", who_0="member", op_0=">=", value_0="60",
    )  # fmt: skip
    assert editor.post(f"{url}materials/0/?after=3", sent).status_code == 302
    row.refresh_from_db()
    made = row.definition["materials"][3]
    assert made == {"code": "M1", "name_zh": "租房合同", "obtain": "submit",
                    "need": {"when": {"any_member": {"fact": "age", "op": ">=", "value": 60}}}}  # fmt: skip
    page = html(editor.get(url))
    assert "任一成员周岁大于或等于60" in page and "新增" in page
    stale = {"seen": "0" * 64}
    editor.post(f"{url}materials/4/up/", stale)
    row.refresh_from_db()
    assert row.definition["materials"][3] == made  # nobody moves what has changed under their eyes
    editor.post(f"{url}materials/4/up/", {"seen": digest_of(row.definition)})
    row.refresh_from_db()
    assert row.definition["materials"][2] == made
    editor.post(f"{url}materials/3/remove/", {"seen": digest_of(row.definition)})
    row.refresh_from_db()
    assert row.definition == in_force().definition


def test_a_step_is_added_beside_another_and_one_that_is_needed_stays(county):
    editor, row, url = draft(county)
    at = [one["key"] for one in row.definition["steps"]].index("first") + 1
    sent = said(
        name_zh="村级走访", kind="field", role="village.committee", side="prev", join="n", join_n="1", min_people="2",
        promised="1", cause="assessment", cond_join="any", fact_0="kin_of_official", who_0="member", op_0="yes",
    )  # fmt: skip
    assert editor.post(f"{url}steps/0/?after={at}", sent).status_code == 302
    row.refresh_from_db()
    made = row.definition["steps"][at]
    assert made["key"] == "step1" and made["min_people"] == 2 and made["cause"] == "assessment"
    assert made["parallel"] == row.definition["steps"][at - 1]["parallel"] == "group1" and made["join"] == 1
    keys = [one["key"] for one in row.definition["steps"]]
    needed = editor.post(f"{url}steps/{keys.index('reinvestigate') + 1}/remove/", {"seen": digest_of(row.definition)}, follow=True)  # fmt: skip
    assert "异议成立后从哪一步重来" in html(needed)
    assert len(ItemVersion.objects.get(pk=row.pk).definition["steps"]) == len(keys)


def test_a_question_added_to_the_form_is_asked_and_its_answer_kept(county):
    editor, row, url = draft(county)
    assert "请列出可选的答案" in html(
        editor.post(f"{url}form_fields/0/", said(label_zh="住房", kind="choice")), 422
    )
    sent = said(label_zh="住房情况", kind="choice", options="自有\n租住", required="on")
    assert editor.post(f"{url}form_fields/0/", sent).status_code == 302
    assert "从列表中选：自有、租住" in html(editor.get(url))
    editor.post(f"/onestop/catalogue/{row.pk}/simulate/")
    second = client_of(county.accounts["second"])
    assert second.post(f"/onestop/catalogue/{row.pk}/publish/", said()).status_code == 302
    reading.published.forget()
    resident = client_of(county.accounts["resident"])
    begun = resident.post("/services/MZ-001/apply/", said(person=county.old.pk))
    story = said(story="两人都干不了重活", contact="13900001111")
    assert "请选择住房情况" in html(resident.post(begun["Location"], story), 422)
    assert (
        resident.post(begun["Location"], said(**story | {"own_f1": "租住", "client_uuid": ""})).status_code
        == 302
    )
    assert json.loads(Application.objects.get().form)["住房情况"] == "租住"


def test_publicity_is_forbidden_for_minors_by_picking(county):
    editor, row, url = draft(county)
    sent = fields_of(html(editor.get(f"{url}publicity/")))
    sent |= {"other_mode": "forbidden", "who_0": "case", "fact_0": "applicant_is_minor", "op_0": "yes"}
    assert editor.post(f"{url}publicity/", sent).status_code == 302
    row.refresh_from_db()
    assert row.definition["publicity"]["modes_when"] == [
        {"mode": "forbidden", "when": {"fact": "applicant_is_minor"}}
    ]
    sent = fields_of(html(editor.get(f"{url}publicity/")))
    sent["mode"] = "none"
    sent["other_mode"] = ""
    editor.post(f"{url}publicity/", sent)
    assert "不应有公示步骤" in html(editor.get(url))


def test_two_editors_do_not_write_over_each_other(county):
    editor, row, url = draft(county)
    mine = fields_of(html(editor.get(f"{url}terms/")))
    second = client_of(county.accounts["second"])
    theirs = fields_of(html(second.get(f"{url}basic/")))
    theirs["name_zh"] = "最低生活保障审核确认（新）"
    assert second.post(f"{url}basic/", theirs).status_code == 302
    mine["promised_limit"] = "6"
    page = html(editor.post(f"{url}terms/", mine), 409)
    assert "目录壬在您填写期间修改了这一版草稿" in page and 'value="6"' in page
    with pytest.raises(Refused) as refused:
        actions.edit_draft(by=county.actor("editor"), version=row.pk, definition=row.definition, seen="x")
    assert refused.value.code == "stale"
    raw = copy.deepcopy(ItemVersion.objects.get(pk=row.pk).definition)
    with pytest.raises(Refused) as refused:
        actions.edit_draft(by=county.actor("editor"), version=row.pk, definition=raw | {"code": "MZ-999"}, seen=digest_of(raw))  # fmt: skip
    assert refused.value.code == "other_item"


def test_the_catalogue_goes_out_and_in_again_without_loss(county):
    editor = client_of(county.accounts["editor"])
    for form in ("yaml", "xlsx"):
        file = editor.get(f"/onestop/catalogue/export/{form}/")
        back = (
            sheets.from_yaml(file.content.decode()) if form == "yaml" else sheets.from_workbook(file.content)
        )
        assert {one["code"]: one for one in back} == {
            one.item.code: one.definition for one in ItemVersion.objects.filter(state="published").select_related("item")
        }  # fmt: skip
        sent = SimpleUploadedFile(f"items.{form}", file.content)
        assert editor.post("/onestop/catalogue/import/", {**said(), "file": sent}).status_code == 302
        assert not ItemVersion.objects.filter(state="draft").exists()
    raw = in_force("MZ-014").definition | {"name_zh": "惠民殡葬补贴（改）"}
    sent = SimpleUploadedFile("one.yaml", sheets.to_yaml([raw]).encode())
    assert editor.post("/onestop/catalogue/import/", {**said(), "file": sent}).status_code == 302
    assert ItemVersion.objects.get(state="draft").definition == raw
    wrong = SimpleUploadedFile("one.yaml", sheets.to_yaml([raw | {"kind": "随便"}]).encode())
    assert "不在可用的写法之内" in html(
        editor.post("/onestop/catalogue/import/", {**said(), "file": wrong}), 422
    )
    html(
        editor.post("/onestop/catalogue/import/", {**said(), "file": SimpleUploadedFile("x.txt", b"1")}), 422
    )


def test_a_draft_is_given_up_and_published_editions_stand_still(county):
    editor, row, url = draft(county)
    assert queries_of(editor, url) <= 20
    old = in_force()
    for part in ("terms/", "materials/1/"):
        html(editor.get(f"/onestop/catalogue/{old.pk}/edit/{part}"), 409)
    with pytest.raises(Refused, match="只有草稿可以放弃"):
        actions.drop_draft(by=county.actor("editor"), version=old.pk)
    assert actions.revise_item(by=county.actor("second"), version=old.pk).pk == row.pk
    assert editor.post(f"/onestop/catalogue/{row.pk}/drop/").status_code == 302
    assert not ItemVersion.objects.filter(pk=row.pk).exists() and in_force() == old


def test_only_editors_come_near_a_draft(county):
    _, row, url = draft(county)
    here = f"/onestop/catalogue/{row.pk}"
    for who in ("MZ", "resident", "supervisor", "stranger"):
        client = client_of(county.accounts[who])
        for page in (
            url,
            f"{url}terms/",
            f"{url}steps/1/",
            "/onestop/catalogue/import/",
            "/onestop/catalogue/export/yaml/",
        ):
            html(client.get(page), 403)
        for page in (f"{here}/revise/", f"{here}/drop/", f"{url}steps/2/up/", f"{url}basic/"):
            html(client.post(page, said(name_zh="改名")), 403)
    row.refresh_from_db()
    assert row.definition == in_force().definition
