"""Decisions about people from values alone: identity numbers, ages, masks, moves."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

from linli.kernel.web.rules import mask_name, mask_number

__all__ = ["mask_name", "mask_number"]

# GB 11643-1999 (公民身份号码), after ISO 7064:1983 MOD 11-2.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
PHONE = re.compile(r"^(1[3-9]\d{9}|0\d{2,3}-?\d{7,8})$")

SEXES = {"m": "男", "f": "女"}
HOUSEHOLD_KINDS = {
    "registered": "户籍",
    "rented": "租住",
    "resident": "常住",
    "collective": "集体",
    "other": "其他",
}
TIE_KINDS = {
    "kin": "亲属",
    "guardian": "监护人",
    "key_holder": "钥匙保管人",
    "emergency": "紧急联系人",
    "carer": "照护人",
}
RELATIONS = ("户主", "配偶", "子", "女", "父", "母", "孙子女", "祖父母", "兄弟姐妹", "租客", "其他")
EVENTS = {"moved_in": "迁入", "moved_out": "迁出", "tenant": "租客入住", "birth": "出生", "death": "死亡"}
CLOSINGS = {"moved_out": "全户迁出", "demolished": "房屋拆除", "merged": "并入他户", "died": "人员均已去世"}
UNDO_WITHIN = timedelta(days=7)
PURPOSES = {
    "care.file": "建立关爱档案", "care.devices": "安装感知设备", "onestop.check": "代查办事材料",
    "volunteers.help": "转交志愿服务", "contact": "联系走访",
}  # fmt: skip


def plain_number(written: str) -> str:
    """An identity number without spaces, full-width digits folded, x as X."""
    return "".join(written.split()).translate(str.maketrans("０１２３４５６７８９ｘＸx", "0123456789XXX"))


def check_digit(first17: str) -> str:
    """The eighteenth character for seventeen digits (GB 11643-1999, 4.2.4)."""
    return _CHECKS[sum(int(d) * w for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def number_fault(number: str, today: date) -> str:
    """What is wrong with an identity number, as a sentence with the remedy; "" when it is sound."""
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return f"身份证号应为 18 位，末位可以是 X，现为 {len(number)} 位，请核对"
    born = birth_of(number)
    if born is None or born > today or born.year < 1880:
        return "身份证号第 7 至 14 位不是有效的出生日期，请核对"
    if check_digit(number[:17]) != number[17]:
        return "身份证号校验位不符，可能有一位抄错，请对照证件核对"
    return ""


def birth_of(number: str) -> date | None:
    """The day in an identity number; None when there is no such day."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def sex_of(number: str) -> str:
    """m for an odd seventeenth digit, f for an even one."""
    return "m" if int(number[16]) % 2 else "f"


def birthday_in(year: int, born: date) -> date:
    """Somebody born on 29 February completes a year on 1 March where the year has no such day."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def years_before(day: date, years: int) -> date:
    """The same day so many years ago; 28 February where that year has no 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def age_on(born: date, day: date) -> int:
    """Completed years (周岁) on a day; 0 before birth."""
    return max(0, day.year - born.year - (day < birthday_in(day.year, born)))


def turned(born: date, age: int, today: date, days_back: int) -> date | None:
    """The day somebody completed `age`, if it lies within the last `days_back` days; else None."""
    on = birthday_in(born.year + age, born)
    return on if today - timedelta(days=days_back) < on <= today else None


def born_between(age: int, today: date, days_back: int) -> tuple[date, date]:
    """The first and last birth dates for which `turned` may answer; a day wider on both sides."""
    first = birthday_in(today.year - age, today) - timedelta(days=days_back + 1)
    return first, birthday_in(today.year - age, today) + timedelta(days=1)


def plain_phone(written: str) -> str:
    """A phone number without spaces and country code; full-width digits folded."""
    digits = "".join(written.split()).translate(str.maketrans("０１２３４５６７８９－—", "0123456789--"))
    return re.sub(r"^(\+?86)(?=1\d{10}$)", "", digits)


def phone_fault(phone: str) -> str:
    return "" if PHONE.match(phone) else "电话应为 11 位手机号，或带区号的座机，例如 0731-83612345"


def person_faults(
    *, name: str, number: str, phone: str, birth: date | None, sex: str, today: date
) -> dict[str, list[str]]:
    """Field -> what is wrong; birth and sex must agree with the identity number where there is one."""
    wrong: dict[str, list[str]] = {}
    if not name.strip():
        wrong["name"] = ["请填写姓名"]
    elif len(name) > 50:
        wrong["name"] = ["姓名超过 50 个字，请核对"]
    fault = number_fault(number, today) if number else ""
    if fault:
        wrong["number"] = [fault]
    elif number and birth and birth != birth_of(number):
        wrong["birth"] = [f"出生日期与身份证号不符，身份证号上是 {birth_of(number)}，请核对"]
    elif number and sex and sex != sex_of(number):
        wrong["sex"] = [f"性别与身份证号不符，身份证号上是{SEXES[sex_of(number)]}，请核对"]
    if phone and (said := phone_fault(phone)):
        wrong["phone"] = [said]
    if birth and birth > today:
        wrong["birth"] = ["出生日期在今天之后，请改正"]
    if sex and sex not in SEXES:
        wrong["sex"] = ["请选择男或女"]
    return wrong


def masked_address(words: str) -> str:
    """An address without its last numbers: 人民路 12 号 3 栋 502 -> 人民路****"""
    found = re.search(r"\d", words)
    kept = words[: found.start()] if found else words[:4]
    return f"{kept}****" if words else ""


def same_person_fault(first: str, second: str, first_birth: date | None, second_birth: date | None) -> str:
    """Why two records cannot be one person; "" when they may. Numbers are compared plain."""
    if first and second and first != second:
        return "两人的身份证号不同，不能合并"
    if first_birth and second_birth and first_birth != second_birth:
        return "两人的出生日期不同，请先核对改正再合并"
    return ""


def days_without_visit(last: date | None, registered: date, today: date) -> int:
    """Days since the last visit, or since the household is known when there was none."""
    return (today - (last or registered)).days


def read_flag(written: str) -> bool | None:
    """是/否 as people write it in sheets; None when it is neither, False when empty."""
    text = written.strip().lower()
    if text in ("", "否", "不是", "群众", "n", "no", "0"):
        return False
    return True if text in ("是", "党员", "中共党员", "√", "y", "yes", "1") else None


def read_degrees(written: str) -> float | None:
    try:
        return float(Decimal(written.strip()))
    except (ArithmeticError, ValueError):
        return None
