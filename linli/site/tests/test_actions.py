from datetime import timedelta

import pytest
from django.utils import timezone

from linli.areas import queries as areas
from linli.areas.actions import draft_handover, set_profile
from linli.areas.models import Area, Handover, Keeper, Profile, Unit
from linli.areas.tests.conftest import COUNTY, RIVER, WEST, account, holding
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.identity.models import Account
from linli.kernel.web.models import BackgroundRun
from linli.site import actions, jobs, queries, sheets

CSV = "代码,名称\n430181,浏阳市\n430181001001,城西社区\n430181001,淮川街道\n430181001001001,第1网格\n"
FIRST = {"username": "first.admin", "name": "首位管理员", "password": "mountain-river-8"}


def test_the_first_administrator_needs_the_code_of_the_machine(roles):  # noqa: F811
    assert queries.first_run()
    with pytest.raises(Refused) as refused:
        actions.make_first_administrator(code="guess", **FIRST)
    assert "code" in refused.value.fields and not Account.objects.exists()
    made = actions.make_first_administrator(code=f" {queries.setup_code()} ", **FIRST)
    assert Grant.objects.get(account=made).role_id == "administrator" and not queries.first_run()


def test_there_is_one_first_administrator(roles):  # noqa: F811
    actions.make_first_administrator(code=queries.setup_code(), **FIRST)
    with pytest.raises(Refused) as refused:
        actions.make_first_administrator(code=queries.setup_code(), **{**FIRST, "username": "second"})
    assert refused.value.status == 403


def test_a_weak_password_makes_no_administrator(roles):  # noqa: F811
    for password in ("", "123"):
        with pytest.raises(Refused) as refused:
            actions.make_first_administrator(code=queries.setup_code(), **{**FIRST, "password": password})
        assert "password" in refused.value.fields
    assert queries.first_run()


def test_a_list_of_areas_comes_in_whole_in_any_order(roles):  # noqa: F811
    admin = holding("administrator", COUNTY)
    assert actions.import_divisions(by=admin, name="区划.csv", raw=CSV.encode()) == 4
    assert areas.area_path(RIVER + "001") == "淮川街道 城西社区 第1网格"
    assert actions.import_divisions(by=admin, name="区划.csv", raw=CSV.encode("gb18030")) == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("4301810010,短码", "6、9、12 或 15 位"),
        ("430181001,重复", "重复"),
        ("430181009,", "缺少名称"),
        ("430181777001,孤儿", "上级 430181777"),
        ("430122001,别县", "上级 430122"),
    ],
)
def test_one_wrong_line_keeps_the_whole_list_out(roles, line, said):  # noqa: F811
    admin = holding("administrator", COUNTY)
    with pytest.raises(Refused) as refused:
        actions.import_divisions(by=admin, name="区划.csv", raw=(CSV + line + "\n").encode())
    assert any("第 6 行" in one and said in one for one in refused.value.fields["file"])
    assert not Area.objects.exists()


def test_a_list_without_its_heads_says_which_are_missing(roles):  # noqa: F811
    admin = holding("administrator", COUNTY)
    with pytest.raises(Refused, match="名称"):
        actions.import_divisions(by=admin, name="区划.csv", raw="代码,备注\n430181,x\n".encode())


def test_a_stranger_sets_nothing_up(county, stranger):  # noqa: F811
    clerk = holding("community_clerk", COUNTY)
    for attempt in (
        lambda: actions.import_divisions(by=clerk, name="x.csv", raw=CSV.encode()),
        lambda: actions.load_demo(by=clerk),
        lambda: actions.remove_demo(by=clerk, word=actions.REMOVE_WORD),
    ):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.status == 403
    with pytest.raises(Refused):  # an administrator, but of another town
        actions.import_divisions(by=stranger, name="x.csv", raw=f"代码,名称\n{WEST}009,新社区\n".encode())


def test_demo_data_is_refused_beside_real_areas(administrator):  # noqa: F811
    with pytest.raises(Refused, match="已有区划"):
        actions.load_demo(by=administrator)
    with pytest.raises(Refused, match="真实区划"):
        actions.remove_demo(by=administrator, word=actions.REMOVE_WORD)
    assert Area.objects.filter(code=WEST).exists()


def test_demo_data_comes_in_by_its_job_and_goes_out_whole(roles):  # noqa: F811
    admin = holding("administrator", COUNTY)
    run = actions.load_demo(by=admin)
    jobs.load_demo(str(run.pk))
    run.refresh_from_db()
    assert run.state == "done" and Area.objects.filter(level="grid").count() > 2500
    assert Profile.objects.get(pk=1).demo and areas.illustrative() and queries.progress().demo
    one, other = Account.objects.filter(demo=True, kind="staff")[:2]
    day = timezone.localdate() + timedelta(days=2)
    draft_handover(by=admin, giver=one.pk, receiver=other.pk, reason="resign", starts=day)
    with pytest.raises(Refused) as unsure:
        actions.remove_demo(by=admin, word="删除")
    assert "word" in unsure.value.fields
    Account.objects.filter(pk=admin.account).update(demo=True)
    with pytest.raises(Refused, match="演示账号"):
        actions.remove_demo(by=admin, word=actions.REMOVE_WORD)
    Account.objects.filter(pk=admin.account).update(demo=False)
    actions.remove_demo(by=admin, word=actions.REMOVE_WORD)
    for model in (Area, Unit, Keeper, Handover):
        assert not model.objects.exists()
    assert list(Account.objects.values_list("pk", flat=True)) == [admin.account]


def test_a_demo_that_cannot_come_in_leaves_nothing_and_says_so(administrator):  # noqa: F811
    run = BackgroundRun.objects.create(code="site.load_demo", title="装入演示数据", by=administrator.account)
    before = Area.objects.count()
    jobs.load_demo(str(run.pk))
    run.refresh_from_db()
    assert run.state == "failed" and Area.objects.count() == before


def cells(**given: str) -> dict[str, str]:
    plain = {column.key: "" for column in sheets.COLUMNS}
    return {
        **plain,
        "username": "zhang.san",
        "name": "张三",
        "role": "网格员",
        "area": RIVER + "001",
        **given,
    }


def test_staff_come_in_with_their_role(administrator):  # noqa: F811
    row = cells(phone="13800007777", party_member="是")
    assert sheets.check_row(administrator, row) == {} and not sheets.exists(administrator, row)
    made = sheets.apply(administrator, row)
    made.refresh_from_db()
    assert made.party_member and not made.has_usable_password()
    assert Grant.objects.get(account=made).role_id == "grid_worker" and sheets.exists(administrator, row)


@pytest.mark.parametrize(
    "given",
    [
        {"username": "张三"},
        {"phone": "123"},
        {"role": "系统管理员"},
        {"role": "国王"},
        {"area": "430181999"},
        {"unit": "NO"},
        {"party_member": "也许"},
    ],
)
def test_each_wrong_cell_of_staff_is_named(administrator, given):  # noqa: F811
    assert list(sheets.check_row(administrator, cells(**given))) == list(given)


def test_an_administrator_of_a_town_brings_no_staff_into_another(stranger):  # noqa: F811
    assert "管辖范围" in sheets.check_row(stranger, cells())["area"]
    with pytest.raises(Refused):
        sheets.apply(stranger, cells())


def test_progress_counts_what_is_there(administrator):  # noqa: F811
    set_profile(by=administrator, name="浏阳邻里", county=COUNTY)
    done = queries.progress()
    assert (done.areas, done.grids, done.named, done.finished) == (12, 6, True, False)
    assert account().pk and queries.progress().accounts == done.accounts + 1
