"""From lines of text to fields, and what differs: no picture is read here."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linli.kernel.ocr.lines import Line
from linli.onestop.evaluate_ocr import evaluate
from linli.onestop.scans import drawing
from linli.onestop.scans.capitals import CAPITAL, MOST_FEN, from_capitals, in_capitals
from linli.onestop.scans.compare import Known, differences, same, shown
from linli.onestop.scans.fields import Found, Reading, number_doubt, understand
from linli.onestop.scans.papers import expected_of, kind_of, papers
from linli.people.rules import check_digit

FIRST = "43019919570512003"  # 430199 is no district
NUMBER = FIRST + check_digit(FIRST)
WRONG = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
TODAY = date(2026, 2, 9)


def lines(*rows: str) -> list[Line]:
    """A row a string; two spaces part the lines of a row."""
    found = []
    for at, row in enumerate(rows):
        x = 0.0
        for text in row.split("  "):
            y, wide = at * 60.0, 24.0 * len(text)
            found.append(Line(text, ((x, y), (x + wide, y), (x + wide, y + 24), (x, y + 24)), 0.95))
            x += wide + 60
    return found


def read(*rows: str) -> dict[str, str]:
    return {key: one.value for key, one in understand(lines(*rows), papers()).fields.items()}


CARD = (
    "姓名王向阳",
    "性别男  民族汉",
    "出生1957年5月12日",
    "住址  浏阳市人民路1号",
    "2栋301室",
    f"公民身份号码  {NUMBER}",
)
LETTER = ("收入证明", f"兹证明王向阳，男，身份证号码：{NUMBER}，系我单", "位职工，月平均收入为人民币贰仟叁佰伍拾元整", "（¥2350.00）。",
          "特此证明。", "单位（盖章）：青石保洁服务有限公司", "2026年1月8日")  # fmt: skip


def test_an_identity_card_gives_its_six_fields() -> None:
    assert read(*CARD) == {
        "name": "王向阳", "sex": "男", "nation": "汉", "birth": "1957-05-12", "address": "浏阳市人民路1号2栋301室",
        "number": NUMBER,
    }  # fmt: skip


def test_a_household_register_keeps_its_cells_apart() -> None:
    told = read("常住人口登记卡", "姓名  李秀英  户主或与户主关系  配偶", "曾用名  性别  女", "籍贯  湖南省浏阳市  出生日期  1961年3月2日",
                "出生地  湖南省浏阳市  民族  土家族", f"公民身份证件编号  {NUMBER}  血型")  # fmt: skip
    assert told == {
        "name": "李秀英",
        "relation": "配偶",
        "sex": "女",
        "nation": "土家",
        "birth": "1961-03-02",
        "number": NUMBER,
    }


def test_a_letter_of_income_agrees_with_itself() -> None:
    told = understand(lines(*LETTER), papers())
    assert {key: one.value for key, one in told.fields.items()} == {
        "name": "王向阳", "number": NUMBER, "amount": "235000", "employer": "青石保洁服务有限公司", "date": "2026-01-08",
    }  # fmt: skip
    assert all(one.sound for one in told.fields.values())


def test_a_disability_certificate_tells_category_and_grade() -> None:
    told = read("中华人民共和国残疾人证", "姓 名  王向阳", "性 别  男", "残疾类別  肢体", "残疾等级  二级", f"证 号  {NUMBER}42",
                "有效期至  2030年2月7日")  # fmt: skip
    assert told == {
        "name": "王向阳",
        "sex": "男",
        "category": "肢体",
        "grade": "二级",
        "number": f"{NUMBER}42",
        "until": "2030-02-07",
    }


@pytest.mark.parametrize(
    ("row", "key", "value"),
    [
        ("哲别男", "sex", "男"),  # one character of a label misread
        ("性 别 男", "sex", "男"),
        ("性别：男", "sex", "男"),
        ("民 族 土家", "nation", "土家"),
        ("出生 1957.5.12", "birth", "1957-05-12"),
        ("出生 2023年2月30日", "birth", "2023-2-30"),
        ("公民身份号码 4301991957O5120036", "number", "430199195705120036"),  # the letter O
    ],
)
def test_labels_and_values_are_found_in_many_spellings(row: str, key: str, value: str) -> None:
    assert understand(lines(row), papers(), "id_card").fields[key].value == value


@pytest.mark.parametrize(
    ("rows", "key", "doubt"),
    [
        ((f"公民身份号码 {WRONG}",), "number", "校验位不符"),
        (("公民身份号码 430199195713120036",), "number", "出生日期不存在"),
        (("性别女", f"公民身份号码 {NUMBER}"), "sex", "与证件号码不一致"),
        (("出生1958年5月12日", f"公民身份号码 {NUMBER}"), "birth", "与证件号码不一致"),
        (("出生2023年2月30日",), "birth", "没有这一天"),
    ],
)
def test_what_a_paper_contradicts_is_doubted_and_never_mended(
    rows: tuple[str, ...], key: str, doubt: str
) -> None:
    found = understand(lines(*rows), papers(), "id_card").fields[key]
    assert not found.sound and doubt in found.doubt


@pytest.mark.parametrize(
    ("words", "doubt"),
    [
        ("人民币贰仟叁佰伍拾元整（¥2350.00）", ""),
        ("人民币贰仟叁佰伍拾元整（¥2,350.00元）", ""),
        ("人民币贰仟叁佰伍拾元整（¥2850.00）", "大写与小写金额不一致"),
        ("人民币2350元", "只读出大写或小写中的一个"),
        ("人民币贰仟叁佰伍拾元整", "只读出大写或小写中的一个"),
    ],
)
def test_figures_and_capitals_have_to_say_the_same(words: str, doubt: str) -> None:
    found = understand(lines("收入证明", f"月收入为{words}。"), papers(), "income").fields["amount"]
    assert found.doubt == doubt


def test_what_is_no_known_paper_has_no_fields() -> None:
    assert understand(lines("疾病诊断证明书", "诊断：高血压"), papers()) == Reading("", {})
    assert understand([], papers()) == Reading("", {})
    assert kind_of("个人简历 姓名 性别 民族 出生 住址 电话", papers()) == ""
    assert [expected_of(one, papers()) for one in ("INC", "XX")] == [["income"], []]


@given(st.integers(0, MOST_FEN))
@example(0)
@example(100_000_05)
@example(10_000_0000_10)
@example(1)
def test_an_amount_survives_its_capitals(fen: int) -> None:
    words = in_capitals(fen)
    assert from_capitals(words) == fen
    if fen >= 100:
        found = CAPITAL.search(f"人民币{words}（")
        assert found and from_capitals(found[0]) == fen


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (235000, "贰仟叁佰伍拾元整"), (100005, "壹仟元零伍分"), (1_0001_00, "壹万零壹元整"), (10_0500_00, "壹拾万零伍佰元整"),
        (120, "壹元贰角整"), (1_0000_0000_00, "壹亿元整"), (0, "零元整"), (7, "柒分"),
    ],
)  # fmt: skip
def test_capitals_are_written_as_the_rules_of_banks_want(fen: int, words: str) -> None:
    assert in_capitals(fen) == words


@pytest.mark.parametrize("words", ["", "元", "贰仟块", "两千零五十元"])
def test_what_is_no_amount_is_none_and_small_numerals_count(words: str) -> None:
    assert from_capitals(words) == (205000 if words.startswith("两") else None)


@given(st.integers(0, 16), st.sampled_from("0123456789"))
def test_no_single_misread_digit_passes(at: int, digit: str) -> None:
    changed = NUMBER[:at] + digit + NUMBER[at + 1 :]
    assert (number_doubt(changed) == "") == (changed == NUMBER)


OLD = Known("王向阳", NUMBER, date(1957, 5, 12), "m")


def said(
    reading: Reading,
    *,
    people: tuple[Known, ...] = (OLD,),
    form: dict[str, str] | None = None,
    expected: str = "",
) -> list[str]:
    kinds = [expected or reading.kind]
    return [one.said for one in differences(reading, kinds, people, form or {}, TODAY, papers())]


def income(**more: str) -> Reading:
    values = {"name": "王向阳", "number": NUMBER, "amount": "235000", "date": "2026-01-08"} | more
    return Reading("income", {key: Found(value, 0.9) for key, value in values.items()})


def test_a_paper_that_agrees_with_form_and_register_raises_nothing() -> None:
    assert said(income(), form={"月收入（元）": "2350"}) == []


@pytest.mark.parametrize(
    ("reading", "form", "part"),
    [
        (income(name="李四"), {}, "姓名与登记不同"),
        (income(name="李四", number="430199196001010017"), {}, "证件号码与登记的家庭成员都不同"),
        (income(), {"月收入（元）": "1800"}, "月收入：申请表填的是 1800，照片上是 2350.00"),
        (income(date="2027-01-01"), {}, "开具日期在今天之后"),
        (Reading("disability", {"until": Found("2025-01-01", 0.9)}), {}, "有效期已过"),
        (
            Reading("id_card", {"name": Found("王向阳", 0.9), "birth": Found("1958-05-12", 0.9)}),
            {},
            "出生日期与登记不同",
        ),
        (
            Reading("id_card", {"number": Found(WRONG, 0.9, "校验位不符")}),
            {},
            "公民身份号码：校验位不符，请对照原件",
        ),
    ],
)
def test_each_difference_is_a_sentence_for_a_person(
    reading: Reading, form: dict[str, str], part: str
) -> None:
    assert [one for one in said(reading, form=form) if part in one]


def test_another_paper_than_the_list_wants_is_told() -> None:
    assert said(income(), expected="household") == ["照片像收入证明，不像清单要的材料"]
    assert said(Reading("", {}), expected="household") == ["没有认出是户口簿，请对照原件"]


def test_sentences_show_no_whole_name_and_number() -> None:
    told = "".join(said(income(name="欧阳小红", number="430199196001010017")))
    assert "欧阳小红" not in told and "430199196001010017" not in told and "4301****0017" in told


def test_amounts_are_compared_however_they_are_written() -> None:
    assert all(same("amount", typed, "235000") for typed in ("2350", "2,350.00", "2350.0元", " 2350 元"))
    assert not same("amount", "2350.01", "235000") and shown("amount", "5") == "0.05"


def test_a_drawn_person_is_nobody_and_the_same_seed_draws_the_same() -> None:
    import random

    one, again = (drawing.somebody(random.Random("7")) for _ in "12")
    assert one == again and one.number.startswith("430199") and number_doubt(one.number) == ""


def test_without_a_truth_there_is_no_evaluation(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="render-papers"):
        evaluate(tmp_path)


def test_a_machine_without_a_han_font_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINLI_HAN_FONT", raising=False)
    monkeypatch.setattr(drawing.shutil, "which", lambda _: None)
    monkeypatch.setattr(drawing.glob, "glob", lambda *_, **__: [])
    with pytest.raises(drawing.NoFont, match="LINLI_HAN_FONT"):
        drawing.han_font()
