"""Staff as a sheet: one row an account with its first role."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from linli.areas import queries as areas
from linli.kernel.access.actions import catalogue, give_grant
from linli.kernel.actor import Actor, can
from linli.kernel.identity import rules as identity
from linli.kernel.identity.actions.accounts import create_account
from linli.kernel.identity.models import Account
from linli.kernel.web.imports import ImportColumn, ImportKind

Cells = Mapping[str, str]
COLUMNS = (
    ImportColumn("username", "账号名", required=True, aliases=("账号", "用户名"), example="zhangsan"),
    ImportColumn("name", "姓名", required=True, example="张三"),
    ImportColumn("phone", "手机号", aliases=("电话", "联系电话"), hint="用于验证码登录和通知"),
    ImportColumn("unit", "单位代码", aliases=("所在单位代码",)),
    ImportColumn("party_member", "是否党员", aliases=("党员",), example="否"),
    ImportColumn("role", "角色", required=True, example="网格员"),
    ImportColumn("area", "区域代码", required=True, example="430181001001001"),
)


@cache
def roles() -> dict[str, str]:
    """Chinese name and code of each role that is given, to its code; administrators are made one by one."""
    given = [role for role in catalogue() if not role["implicit"] and role["code"] != "administrator"]
    return {name: role["code"] for role in given for name in (role["zh"], role["code"])}


def check_row(by: Actor, cells: Cells) -> dict[str, str]:
    wrong = {}
    if not identity.USERNAME.match(cells["username"]):
        wrong["username"] = "账号名用 3 到 32 位小写字母、数字或 . _ -，以字母开头"
    if cells["phone"] and not identity.normal_phone(cells["phone"]):
        wrong["phone"] = "手机号应为 11 位数字"
    if cells["role"] not in roles():
        wrong["role"] = f"没有角色“{cells['role']}”；系统管理员请在账号页面单独授权"
    if not areas.area_exists(cells["area"]):
        wrong["area"] = f"没有区域“{cells['area']}”，请先导入区划或核对代码"
    elif not can(by, "access.grant", area=cells["area"]):
        wrong["area"] = f"区域 {cells['area']} 不在您的管辖范围内"
    if cells["unit"] and cells["unit"] not in areas.unit_names():
        wrong["unit"] = f"没有单位“{cells['unit']}”，请先导入单位"
    if cells["party_member"] not in ("", "是", "否"):
        wrong["party_member"] = "是否党员请填是或否"
    return wrong


def exists(by: Actor, cells: Cells) -> bool:
    return Account.objects.filter(username=cells["username"]).exists()


def apply(by: Actor, cells: Cells) -> Any:
    """Without a password: the first sign-in is by a code sent to the phone, or an administrator sets one."""
    account = create_account(
        by=by, username=cells["username"], name=cells["name"], unit=cells["unit"], phone=cells["phone"]
    )
    if cells["party_member"] == "是":
        Account.objects.filter(pk=account.pk).update(party_member=True)
    give_grant(by=by, account=account.pk, role=roles()[cells["role"]], area=cells["area"])
    return account


ACCOUNTS = ImportKind(
    code="site.accounts",
    title="人员账号导入",
    verb="identity.manage",
    columns=COLUMNS,
    check_row=check_row,
    apply=apply,
    key=("username",),
    exists=exists,
)
