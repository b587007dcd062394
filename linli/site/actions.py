"""The first run: the first administrator, a list of areas, demo data in and out."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from linli.areas.actions import add_areas
from linli.areas.actions.profile import locked_profile
from linli.areas.models import Area, Handover
from linli.demo import town
from linli.kernel import Refused
from linli.kernel.access.actions import give_grant
from linli.kernel.actor import SYSTEM, Actor, require
from linli.kernel.identity.actions.accounts import create_account
from linli.kernel.identity.models import Account
from linli.kernel.ledger.actions import record
from linli.kernel.web.actions import start_run
from linli.kernel.web.models import BackgroundRun
from linli.kernel.web.rules import match_columns
from linli.kernel.web.sheets import read_sheet
from linli.site import queries

FIRST_LOCK = 0x6C696E32  # one first administrator, however many press at once
REMOVE_WORD = "删除演示数据"


@transaction.atomic
def make_first_administrator(*, code: str, username: str, name: str, password: str) -> Account:
    """The account that sets everything up; only while there is none, and only with the code of the key folder."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FIRST_LOCK])
    if not queries.first_run():
        raise Refused("本站已有管理员，请用管理员账号登录。", code="not_first_run", status=403)
    if not hmac.compare_digest(code.strip().encode(), queries.setup_code().encode()):
        said = "首次设置码不对。它在服务器数据目录的 keys/setup-code 文件里"
        raise Refused(f"{said}。", code="wrong_code", fields={"code": [said]})
    if not password:
        raise Refused("请设置密码。", code="no_password", fields={"password": ["请设置密码"]})
    account = create_account(by=SYSTEM, username=username, name=name, password=password)
    give_grant(by=SYSTEM, account=account.pk, role="administrator", area=settings.LINLI_COUNTY)
    return account


def import_divisions(*, by: Actor, name: str, raw: bytes) -> int:
    """A CSV or Excel list with the columns 代码 and 名称; all or nothing. Returns how many areas were new."""
    require(by, "site.setup")
    headers, rows = read_sheet(name, raw)
    found = match_columns(headers, {"code": ("代码", "编码", "区划代码", "code"), "name": ("名称", "name")})
    missing = [label for key, label in (("code", "代码"), ("name", "名称")) if key not in found]
    if missing:
        said = f"表头缺少{'、'.join(missing)}列，请在第一行写明代码和名称"
        raise Refused(f"{said}。", code="no_columns", fields={"file": [said]})
    return add_areas(by=by, rows=[(row[found["code"]], row[found["name"]]) for row in rows])


@transaction.atomic
def load_demo(*, by: Actor, back: str = "") -> BackgroundRun:
    """Queues the demo county; refused beside any real area."""
    require(by, "site.setup")
    if Area.objects.exists():
        raise Refused("已有区划，不能再装入演示数据。", code="areas_there", status=409)
    record(subject="areas.profile:1", verb="load_demo", by=by)
    return start_run(
        by=by, code="site.load_demo", title="装入演示数据", job="linli.site.jobs.load_demo", back=back
    )


@transaction.atomic
def remove_demo(*, by: Actor, word: str) -> dict[str, int]:
    """Takes the demo data out whole. The word must be typed; never by an account that would go with it."""
    require(by, "site.setup")
    if word.strip() != REMOVE_WORD:
        raise Refused("尚未确认。", code="not_confirmed", fields={"word": [f"请输入“{REMOVE_WORD}”以确认"]})
    if Account.objects.filter(pk=by.account, demo=True).exists():
        said = "您用的是演示账号，会随演示数据一起删除。请先新建一位正式管理员，再由其办理"
        raise Refused(f"{said}。", code="demo_account", status=409)
    Handover.objects.filter(Q(giver__demo=True) | Q(receiver__demo=True)).delete()
    connection.check_constraints()  # PostgreSQL truncates no table that still has a deferred check to run
    try:
        with transaction.atomic():
            counts = town.remove()
    except ValueError as why:
        raise Refused(f"{why}。", code="real_areas", status=409) from why
    profile = locked_profile()
    profile.demo = False
    if profile.county and not Area.objects.filter(code=profile.county).exists():
        profile.county = ""
    profile.save()
    plain = {name: count for name, count in counts.items() if isinstance(count, int)}
    record(subject="areas.profile:1", verb="remove_demo", by=by, fields=plain)
    return plain
