"""Lines are read in the order people read them, on a tilted page too."""

import math

import pytest

from linli.kernel.ocr.lines import Line, Page, rows


def line(text: str, x: float, y: float, tilt: float = 0.0) -> Line:
    """A line of 20 pixels height, 20 a character, on a page turned by `tilt` degrees around its corner."""
    turn = math.radians(tilt)
    corners = [(x, y), (x + 20 * len(text), y), (x + 20 * len(text), y + 20), (x, y + 20)]
    box = [
        (a * math.cos(turn) - b * math.sin(turn), a * math.sin(turn) + b * math.cos(turn)) for a, b in corners
    ]
    return Line(text, (box[0], box[1], box[2], box[3]), 0.9)


@pytest.mark.parametrize("tilt", [0, 4, -7, 12])
def test_a_table_is_read_row_by_row(tilt: float) -> None:
    told = [line("民族", 400, 40, tilt), line("公民身份号码", 0, 90, tilt), line("性别", 0, 42, tilt),
            line("姓名", 0, 0, tilt), line("王向阳小组长期在册", 100, 0, tilt), line("汉族代表", 500, 39, tilt)]  # fmt: skip
    assert [[one.text for one in row] for row in rows(told)] == [
        ["姓名", "王向阳小组长期在册"], ["性别", "民族", "汉族代表"], ["公民身份号码"],
    ]  # fmt: skip


def test_lines_one_above_the_other_are_not_one_row() -> None:
    assert len(rows([line("第一行的文字", 0, 0), line("第二行的文字", 0, 22)])) == 2


def test_a_page_tells_its_text() -> None:
    assert Page((line("姓名", 0, 0), line("王", 100, 0)), 200, 100).text == "姓名 王"
    assert Page((), 10, 10).text == "" and rows([]) == []
