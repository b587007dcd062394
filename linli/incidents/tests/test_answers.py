"""What somebody answers to the questions of a class: kept by question, read by whoever handles the case."""

import uuid

from linli.incidents.catalogue import class_of
from linli.incidents.forms import ReportForm
from linli.incidents.models import Report
from linli.incidents.open311_reading import answers_of, told
from linli.incidents.readings import given_answers, read_report, with_answers, without_answers
from linli.incidents.tests.conftest import Town
from linli.incidents.tests.scenes import client, html, report


def test_answers_are_cut_to_one_line_and_empty_ones_left_out() -> None:
    said = given_answers({"多大？": " 一\n堆 ", "何时？": "", "谁？": "x" * 300})
    assert said == {"多大？": "一 堆", "谁？": "x" * 200}
    assert len(given_answers({f"问{n}": "答" for n in range(30)})) == 10


def test_the_words_themselves_come_back_without_the_answers() -> None:
    answers = {"多大？": "一堆"}
    assert without_answers(with_answers("路口有垃圾", answers), answers) == "路口有垃圾"
    assert without_answers("路口有垃圾", answers) == without_answers("路口有垃圾", {}) == "路口有垃圾"


def test_the_form_the_api_and_open311_hand_them_on(town: Town) -> None:
    known = class_of("sr.litter")
    assert known is not None
    form = ReportForm(
        {"text": "垃圾", "class_said": "sr.litter", "ask0": "三车", "client_uuid": str(uuid.uuid4())}
    )
    form.is_valid()
    assert form.telling(town.resident).answers == {known.questions[0]: "三车"}
    reader, given, _ = read_report({"description": "垃圾", "answers": {"多大？": "三车"}})
    assert not reader.wrong and given["answers"] == {"多大？": "三车"} and "三车" in given["text"]
    reader, _, _ = read_report({"description": "垃圾", "answers": ["三车"]})
    assert "answers" in reader.wrong
    params = {"description": "垃圾", "attribute[q1]": "三车"}
    assert answers_of(params, known) == {known.questions[0]: "三车"} and "三车" in told(params, known)


def test_the_case_page_shows_them_by_question_and_once(town: Town) -> None:
    answers = {"大概有多大一堆？": "三轮车一车"}
    row = report(town, text=with_answers("路口有垃圾堆着", answers), by=town.resident, answers=answers)
    Report.objects.filter(incident=row).update(answers=answers)
    page = html(client(town, "clerk").get(f"/incidents/{row.pk}/"))
    assert "<dt>大概有多大一堆？</dt><dd>三轮车一车</dd>" in page and page.count("三轮车一车") == 1
