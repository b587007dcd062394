import io

import pytest
from openpyxl import Workbook

from linli.kernel import Refused
from linli.kernel.web import imports
from linli.kernel.web.models import ImportRun
from linli.people import queries, sheets
from linli.people.models import Household, Person
from linli.people.tests.conftest import COUNTY, EAST, GRID, PLAIN, holding, number

HEADS = ["姓名", "身份证号码", "联系电话", "与户主关系", "户号", "所属网格", "住址", "政治面貌"]


def book(*rows: list[str]) -> bytes:
    out, made = io.BytesIO(), Workbook()
    for row in (HEADS, *rows):
        made.active.append(row)
    made.save(out)
    return out.getvalue()


def row(
    name: str = "王向阳", ident: str = "", grid: str = GRID, house: str = "0001", relation: str = "户主"
) -> list[str]:
    return [name, ident or number(), "13800001234", relation, house, grid, "人民路 12 号", "群众"]


def run(actor, raw: bytes, *, write: bool = True) -> ImportRun:
    sheet = imports.upload(by=actor, kind=sheets.RESIDENTS, name="名册.xlsx", raw=raw)
    imports.check(str(imports.start_check(by=actor, sheet=sheet, mapping=sheet.mapping).pk))
    sheet.refresh_from_db()
    if write:
        imports.write(str(imports.start_apply(by=actor, sheet=sheet).pk))
        sheet.refresh_from_db()
    return sheet


@pytest.fixture
def importer(clerk):
    return clerk


def cells(**given: str) -> dict[str, str]:
    plain = {column.key: "" for column in sheets.COLUMNS}
    return {
        **plain,
        "name": "王向阳",
        "number": number(),
        "household": "1",
        "grid": GRID,
        "address": "路 1 号",
        **given,
    }


@pytest.mark.django_db(transaction=True)
def test_a_register_is_tried_dry_and_then_written_whole(importer):
    raw = book(
        row(), row("李梅", number(order=2), relation="配偶"), row("赵四", number(order=4), house="0002")
    )
    tried = run(importer, raw, write=False)
    assert (tried.state, tried.good, tried.doubles) == ("checked", 3, 0) and not Person.objects.exists()
    done = run(importer, raw)
    assert done.state == "done" and Person.objects.count() == 3
    home = Household.objects.get(number="0001")
    assert home.head.name == "王向阳" and len(queries.members_of(home)) == 2


@pytest.mark.django_db(transaction=True)
def test_doubles_are_found_by_blind_index_and_left_out(importer):
    run(importer, book(row()))
    again = run(importer, book(row(), row("李梅", number(order=2)), row("李梅", number(order=2))))
    assert (again.good, again.doubles) == (1, 2) and Person.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_wrong_row_keeps_the_whole_sheet_out(importer):
    sheet = run(
        importer, book(row(), row("李梅", "430181198005120001"), row("", number(order=2))), write=False
    )
    assert [error["line"] for error in sheet.errors] == [3, 4]
    with pytest.raises(Refused):
        imports.start_apply(by=importer, sheet=sheet)
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"number": "123"}, "number"),
        ({"number": "", "birth": ""}, "number"),
        ({"birth": "昨天"}, "birth"),
        ({"sex": "公"}, "sex"),
        ({"phone": "12"}, "phone"),
        ({"party_member": "也许"}, "party_member"),
        ({"kind": "别墅"}, "kind"),
        ({"grid": "不存在的网格"}, "grid"),
        ({"grid": PLAIN + "001"}, "grid"),
        ({"lon": "东经"}, "lon"),
    ],
)
def test_each_wrong_cell_is_named(importer, given, key):
    assert key in sheets.check_row(importer, cells(**given))


def test_a_sound_row_has_nothing_wrong(importer):
    assert (
        sheets.check_row(
            importer, cells(kind="租住", party_member="中共预备党员", sex="男", lon="113.05", lat="28.05")
        )
        == {}
    )
    assert sheets.check_row(importer, cells(number="", birth="1980年5月12日")) == {}


def test_a_grid_is_known_by_code_path_or_unique_name(county):  # noqa: F811
    assert sheets.grid_code(GRID) == GRID
    assert sheets.grid_code("淮川街道 城西社区 第1网格") == GRID
    assert sheets.grid_code("城西社区第1网格") == GRID
    assert sheets.grid_code("新建村第1网格") == ""


def test_a_stranger_and_a_worker_import_nothing_here(stranger, worker):
    with pytest.raises(Refused):
        imports.upload(by=worker, kind=sheets.RESIDENTS, name="名册.xlsx", raw=book(row()))
    assert "不在您的管辖范围" in sheets.check_row(stranger, cells())["grid"]
    with pytest.raises(Refused):
        sheets.apply(stranger, cells())


def test_an_administrator_imports_for_the_whole_county(county):  # noqa: F811
    administrator = holding("administrator", COUNTY)
    for code in (GRID, PLAIN + "001"):
        sheets.apply(administrator, cells(number="", birth="1980-05-12", grid=code))
    assert {person.street for person in Person.objects.all()} == {GRID[:9], EAST}
