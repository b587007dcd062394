import pytest

from linli.areas import actions, sheets
from linli.areas.models import Unit
from linli.areas.tests.conftest import COUNTY, WEST
from linli.kernel import Refused


def cells(**given: str) -> dict[str, str]:
    plain = {column.key: "" for column in sheets.COLUMNS}
    return {**plain, "code": "CG1", "name": "综合执法中队", "kind": "乡镇站所", "area": WEST, **given}


def test_units_come_in_with_their_parents(administrator):
    sheets.apply(administrator, cells(code="CG", name="城管局", kind="县直部门", area=COUNTY))
    assert sheets.check_row(administrator, cells(parent="CG")) == {}
    made = sheets.apply(administrator, cells(parent="CG", function="CG"))
    assert made.parent.code == "CG" and sheets.exists(administrator, cells())


@pytest.mark.parametrize("given", [{"kind": "公司"}, {"area": "430181999"}, {"code": "X" * 33}])
def test_each_wrong_cell_is_named(administrator, given):
    assert list(sheets.check_row(administrator, cells(**given))) == list(given)


def test_a_stranger_brings_no_unit_in(stranger):
    assert "管辖范围" in sheets.check_row(stranger, cells())["area"]
    with pytest.raises(Refused):
        sheets.apply(stranger, cells())
    assert not Unit.objects.exists()


def test_a_list_of_areas_comes_in_whole_or_not_at_all(administrator, stranger):
    rows = [(f"{WEST}009001", "第1网格"), (f"{WEST}009", "新社区"), (WEST, "淮川街道")]
    with pytest.raises(Refused):
        actions.add_areas(by=stranger, rows=rows)
    with pytest.raises(Refused):
        actions.add_areas(by=administrator, rows=[*rows, ("12", "短码")])
    assert actions.add_areas(by=administrator, rows=rows) == 2
