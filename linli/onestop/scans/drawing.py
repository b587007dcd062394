"""Draws made-up papers of made-up people, clean and as a phone takes them, with the truth beside: for the evaluation.

Nobody exists behind them; every page says 样张 in its margin. Not one stroke is copied from a real document.
"""

from __future__ import annotations

import glob
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from linli.onestop.scans.capitals import in_capitals
from linli.people.rules import check_digit

CONDITIONS = ("clean", "photographed", "bad", "upside_down")
_PLACES = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
)
_KNOWN = (
    "NotoSansCJK*Regular*",
    "NotoSerifCJK*Regular*",
    "SourceHanSans*Regular*",
    "NotoSansSC*",
    "wqy-*",
    "uming*",
    "simsun*",
    "PingFang*",
    "Droid*Fallback*",
)
_FAMILIES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志文国庆春生海燕红梅小龙德福金凤宝根水莲"
_NATIONS = ("汉", "汉", "汉", "汉", "土家", "苗", "侗", "瑶")
_ROADS = ("人民路", "建设路", "解放路", "青石街", "北正街", "桃花路", "东风路", "学院路")
_FIRMS = (
    "青石保洁服务有限公司",
    "桃花烟花制造厂",
    "东风建材经营部",
    "学院路幼儿园",
    "人民路社区食堂",
    "北正街水果批发行",
)
_JOBS = ("保洁", "门卫", "装卸", "炊事", "缝纫", "看护")
_SORTS = ("视力", "听力", "言语", "肢体", "智力", "精神", "多重")
_GRADES = "一二三四"
_RELATIONS = ("户主", "配偶", "子", "女", "父亲", "母亲")


class NoFont(Exception):
    """This machine has no Han font; the message says what to install."""


def han_font() -> str:
    """The file of a Han font: LINLI_HAN_FONT, fontconfig's answer, or a known name. Raises NoFont."""
    if given := os.environ.get("LINLI_HAN_FONT", ""):
        return given
    if program := shutil.which("fc-match"):
        said = subprocess.run(
            [program, "-f", "%{file}\n%{lang}", ":lang=zh-cn"], capture_output=True, text=True, check=False
        )
        file, _, languages = said.stdout.partition("\n")
        if "zh-cn" in languages.split("|") and Path(file).is_file():
            return file
    for place in _PLACES:
        for name in _KNOWN:
            if found := sorted(glob.glob(f"{os.path.expanduser(place)}/**/{name}", recursive=True)):
                return found[0]
    raise NoFont("本机没有中文字体：请安装（如 fonts-noto-cjk），或用环境变量 LINLI_HAN_FONT 指定字体文件。")


@dataclass(frozen=True, slots=True)
class Somebody:
    """Nobody at all."""

    name: str
    sex: str
    nation: str
    birth: date
    number: str
    address: str


def somebody(chance: random.Random) -> Somebody:
    sex = chance.choice("男女")
    birth = date(1940, 1, 1) + timedelta(days=chance.randrange(24000))
    order = chance.randrange(0, 500) * 2 + (sex == "男")
    # 430199 is no district: no number drawn here can be anybody's
    first = f"430199{birth:%Y%m%d}{order:03d}"
    name = chance.choice(_FAMILIES) + "".join(chance.sample(_GIVEN, chance.choice((1, 2, 2))))
    address = f"湖南省浏阳市{chance.choice(_ROADS)}{chance.randrange(1, 300)}号{chance.randrange(1, 20)}栋{chance.randrange(101, 1900)}室"
    return Somebody(name, sex, chance.choice(_NATIONS), birth, first + check_digit(first), address)


class _Sheet:
    """A page under the pen."""

    def __init__(self, size: tuple[int, int], paper: tuple[int, int, int], font: str) -> None:
        self.image = Image.new("RGB", size, paper)
        self.pen = ImageDraw.Draw(self.image)
        self.font = font

    def write(
        self, x: float, y: float, words: str, size: int = 36, ink: tuple[int, int, int] = (25, 25, 30)
    ) -> float:
        """Returns where the words end."""
        font = ImageFont.truetype(self.font, size)
        self.pen.text((x, y), words, fill=ink, font=font)
        return x + self.pen.textlength(words, font=font)

    def seal(self, x: int, y: int, words: str) -> None:
        """A round red stamp half over what is written."""
        layer = Image.new("RGBA", self.image.size)
        pen = ImageDraw.Draw(layer)
        pen.ellipse((x - 130, y - 130, x + 130, y + 130), outline=(205, 30, 30, 150), width=7)
        pen.regular_polygon((x, y, 34), 5, fill=(205, 30, 30, 130))
        pen.text((x - 80, y + 60), words, fill=(205, 30, 30, 150), font=ImageFont.truetype(self.font, 26))
        self.image.paste(layer, (0, 0), layer)


Truth = dict[str, str]


def _id_card(who: Somebody, chance: random.Random, font: str) -> tuple[Image.Image, Truth]:
    sheet = _Sheet((1080, 680), (226, 235, 240), font)
    label = (60, 110, 160)
    for row in range(0, 680, 24):
        sheet.pen.arc((-200, row - 300, 1280, row + 420), 20, 160, fill=(212, 224, 232), width=2)
    rows = (("姓名", who.name, 70), ("性别", who.sex, 150), ("出生", "", 230), ("住址", "", 310))
    for words, value, y in rows:
        sheet.write(70, y, words, 30, label)
        sheet.write(170, y - 4, value, 38)
    sheet.write(330, 150, "民族", 30, label)
    sheet.write(430, 146, who.nation, 38)
    x: float = 170
    for value, words in ((who.birth.year, "年"), (who.birth.month, "月"), (who.birth.day, "日")):
        x = sheet.write(sheet.write(x, 226, str(value), 38) + 12, 230, words, 30, label) + 14
    for at, part in enumerate((who.address[:12], who.address[12:])):
        sheet.write(170, 306 + 52 * at, part, 38)
    sheet.pen.rectangle((760, 90, 1000, 400), fill=(205, 212, 218))
    sheet.pen.ellipse((820, 140, 940, 280), fill=(170, 150, 140))
    sheet.pen.rectangle((790, 290, 970, 400), fill=(90, 100, 120))
    sheet.write(70, 560, "公民身份号码", 30, label)
    sheet.write(330, 552, who.number, 44)
    sheet.write(940, 640, "样张", 22, (160, 170, 180))
    return sheet.image, {
        "name": who.name, "sex": who.sex, "nation": who.nation, "birth": who.birth.isoformat(), "address": who.address,
        "number": who.number,
    }  # fmt: skip


def _household(who: Somebody, chance: random.Random, font: str) -> tuple[Image.Image, Truth]:
    sheet = _Sheet((1400, 1000), (250, 246, 236), font)
    sheet.write(500, 40, "常住人口登记卡", 52)
    relation, school = chance.choice(_RELATIONS), chance.choice(("小学", "初中", "高中"))
    table = (
        ("姓名", who.name, "户主或与户主关系", relation),
        ("曾用名", "", "性别", who.sex),
        ("出生地", "湖南省浏阳市", "民族", f"{who.nation}族"),
        ("籍贯", "湖南省浏阳市", "出生日期", f"{who.birth.year}年{who.birth.month}月{who.birth.day}日"),
        ("本市（县）其他住址", "", "宗教信仰", ""),
        ("公民身份证件编号", who.number, "血型", ""),
        ("文化程度", school, "婚姻状况", "已婚"),
    )
    for at, cells in enumerate(table):
        y = 140 + at * 104
        for x, width, words, size in (
            (40, 290, cells[0], 30),
            (330, 440, cells[1], 38),
            (770, 290, cells[2], 30),
            (1060, 300, cells[3], 36),
        ):
            sheet.pen.rectangle((x, y, x + width, y + 104), outline=(90, 90, 90), width=2)
            sheet.write(x + 18, y + 30, words, size)
    sheet.write(880, 900, "承办人签章：", 28)
    sheet.seal(1150, 880, "样张专用")
    return sheet.image, {
        "name": who.name, "relation": relation, "sex": who.sex, "nation": who.nation, "birth": who.birth.isoformat(),
        "number": who.number,
    }  # fmt: skip


def _income(who: Somebody, chance: random.Random, font: str) -> tuple[Image.Image, Truth]:
    sheet = _Sheet((1240, 1240), (252, 252, 250), font)
    sheet.write(480, 90, "收入证明", 68)
    fen = chance.randrange(80000, 600000, 100) + chance.choice((0, 0, 0, 50, 80, 5))
    firm, on = f"浏阳市{chance.choice(_FIRMS)}", date(2026, 1, 5) + timedelta(days=chance.randrange(40))
    story = (
        f"　　兹证明{who.name}，{who.sex}，身份证号码：{who.number}，系我单位职工，自20{chance.randrange(10, 25)}年起在我单位从事"
        f"{chance.choice(_JOBS)}工作，月平均收入为人民币{in_capitals(fen)}（¥{fen // 100}.{fen % 100:02d}）。"
    )
    y, line = 230, ""
    pen_font = ImageFont.truetype(font, 38)
    for sign in story:
        if sheet.pen.textlength(line + sign, font=pen_font) > 1040:
            sheet.write(100, y, line, 38)
            y, line = y + 74, ""
        line += sign
    sheet.write(100, y, line, 38)
    sheet.write(100, y + 90, "　　特此证明。", 38)
    sheet.seal(930, y + 300, "样张专用章")
    sheet.write(560, y + 240, f"单位（盖章）：{firm}" if len(firm) < 12 else f"单位：{firm}", 34)
    sheet.write(760, y + 320, f"{on.year}年{on.month}月{on.day}日", 34)
    return sheet.image, {
        "name": who.name, "number": who.number, "amount": str(fen), "employer": firm, "date": on.isoformat(),
    }  # fmt: skip


def _disability(who: Somebody, chance: random.Random, font: str) -> tuple[Image.Image, Truth]:
    sheet = _Sheet((1080, 700), (238, 240, 228), font)
    sort, grade = chance.randrange(7), chance.randrange(4)
    issued = date(2019, 1, 1) + timedelta(days=chance.randrange(2000))
    until = issued.replace(year=issued.year + 10, day=min(issued.day, 28))
    sheet.write(280, 40, "中华人民共和国残疾人证", 46, (150, 40, 40))
    rows = (
        ("姓　　名", who.name), ("性　　别", who.sex), ("残疾类别", _SORTS[sort]),
        ("残疾等级", f"{_GRADES[grade]}级"), ("证　　号", f"{who.number}{sort + 1}{grade + 1}"),
        ("签发日期", f"{issued.year}年{issued.month}月{issued.day}日"),
        ("有效期至", f"{until.year}年{until.month}月{until.day}日"),
    )  # fmt: skip
    for at, (words, value) in enumerate(rows):
        sheet.write(70, 140 + at * 72, words, 32, (90, 80, 60))
        sheet.write(250, 136 + at * 72, value, 36)
    sheet.pen.rectangle((790, 150, 1000, 420), fill=(210, 205, 198))
    sheet.seal(880, 560, "样张专用章")
    return sheet.image, {
        "name": who.name, "sex": who.sex, "category": _SORTS[sort], "grade": f"{_GRADES[grade]}级", "number": f"{who.number}{sort + 1}{grade + 1}",
        "until": until.isoformat(),
    }  # fmt: skip


KINDS: Mapping[str, Callable[[Somebody, random.Random, str], tuple[Image.Image, Truth]]] = {
    "id_card": _id_card,
    "household": _household,
    "income": _income,
    "disability": _disability,
}


def draw(kind: str, seed: int, font: str) -> tuple[Image.Image, Truth]:
    """A clean page and its truth; the same seed, the same page (with the same font)."""
    chance = random.Random(f"{kind}:{seed}")
    return KINDS[kind](somebody(chance), chance, font)
