import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon, box

from linli.areas.boundaries import Boundary, polygonal, review
from linli.areas.coordinates import to_metres
from linli.kernel import Refused

WEST, SOUTH = 113.60, 28.10
VILLAGE = Boundary("430181001001", "城西社区", "community", "430181001", box(WEST, SOUTH, 113.62, 28.11))
LEFT = Boundary("430181001001001", "第1网格", "grid", "430181001001", box(WEST, SOUTH, 113.61, 28.11))
RIGHT = Boundary("430181001001002", "第2网格", "grid", "430181001001", box(113.61, SOUTH, 113.62, 28.11))


def grid(number, west, south, east, north, parent="430181001001"):
    return Boundary(f"{parent}{number:03}", f"第{number}网格", "grid", parent, box(west, south, east, north))


def square_metres(shape_):
    return shapely.transform(shape_, lambda xy: np.column_stack(to_metres(xy[:, 0], xy[:, 1]))).area


def kinds(result):
    return [(f.kind, f.serious) for f in result.findings]


def test_a_clean_file_has_nothing_to_report_and_is_accepted():
    result = review(
        [VILLAGE, LEFT, RIGHT], [Boundary("430181001", "淮川街道", "street", "430181", VILLAGE.geometry)]
    )
    assert kinds(result) == []
    assert result.accepted() == (VILLAGE, LEFT, RIGHT)


def test_an_overlap_names_both_grids_and_its_square_metres():
    wide = grid(2, 113.609, SOUTH, 113.62, 28.11)
    result = review([wide, LEFT], [VILLAGE])
    (finding,) = result.findings
    expected = square_metres(box(113.609, SOUTH, 113.61, 28.11))
    assert (finding.kind, finding.serious, finding.codes) == ("overlap", True, (LEFT.code, wide.code))
    assert finding.area == pytest.approx(expected, rel=1e-6)
    assert f"重叠 {expected:,.0f} 平方米" in finding.message
    assert finding.where.equals(box(113.609, SOUTH, 113.61, 28.11))


def test_a_hair_of_overlap_is_told_but_not_refused():
    result = review([LEFT, grid(2, 113.609995, SOUTH, 113.62, 28.11)], [VILLAGE])
    assert kinds(result) == [("overlap", False)]
    assert len(result.accepted()) == 2


def test_an_overlap_below_the_tolerance_is_not_worth_a_word():
    assert kinds(review([LEFT, grid(2, 113.609995, SOUTH, 113.62, 28.11)], [VILLAGE], tolerance=1000)) == []


def test_a_gap_inside_the_parent_is_found_with_its_area():
    result = review([LEFT, grid(2, 113.612, SOUTH, 113.62, 28.11)], [VILLAGE])
    (finding,) = result.findings
    assert (finding.kind, finding.serious, finding.codes) == ("gap", False, (VILLAGE.code,))
    assert finding.area == pytest.approx(square_metres(box(113.61, SOUTH, 113.612, 28.11)), rel=1e-6)
    assert "未划入任何下级" in finding.message


def test_a_grid_without_its_parent_is_an_orphan():
    result = review([LEFT])
    assert kinds(result) == [("orphan", True)]
    assert "上级 430181001001 不存在" in result.findings[0].message


def test_a_grid_drawn_elsewhere_is_told_to_lie_outside_its_parent():
    result = review([LEFT, RIGHT, grid(3, 113.7, 28.2, 113.71, 28.21)], [VILLAGE])
    assert kinds(result) == [("outside", True)]
    assert "完全落在上级" in result.findings[0].message


def test_a_grid_sticking_out_of_its_parent_is_told_with_the_area():
    result = review([LEFT, grid(2, 113.61, SOUTH, 113.63, 28.11)], [VILLAGE])
    assert kinds(result) == [("outside", True)]
    assert "平方米落在上级" in result.findings[0].message


def test_a_crossed_outline_is_repaired_and_told():
    bow = Polygon([(113.61, SOUTH), (113.62, 28.11), (113.62, SOUTH), (113.61, 28.11)])
    result = review([LEFT, Boundary(RIGHT.code, "第2网格", "grid", VILLAGE.code, bow)], [VILLAGE])
    assert kinds(result)[0] == ("invalid", False)
    assert "自相交，已自动修复" in result.findings[0].message
    assert all(b.geometry.is_valid for b in result.accepted())
    assert isinstance(result.boundaries[1].geometry, MultiPolygon)


def test_an_outline_without_any_area_cannot_be_repaired():
    line = Polygon([(113.61, SOUTH), (113.62, 28.11), (113.61, SOUTH)])
    result = review([Boundary(RIGHT.code, "第2网格", "grid", VILLAGE.code, line)], [VILLAGE])
    assert ("invalid", True) in kinds(result)
    assert "无法修复" in result.errors[0].message


def test_a_code_given_twice_is_told_once():
    result = review([LEFT, LEFT, RIGHT], [VILLAGE])
    assert kinds(result) == [("duplicate", True)]
    assert "出现 2 次" in result.findings[0].message


@pytest.mark.parametrize(
    ("code", "level", "parent", "said"),
    [
        ("4301810010010", "grid", "430181001001", "编码应为 6（县）"),
        ("43018100100100A", "grid", "430181001001", "位数字"),
        ("٤30181001001001", "grid", "٤30181001001", "位数字"),
        ("430181001001001", "community", "430181001001", "与所填级别“community”不符"),
        ("430181001001001", "grid", "430181001002", "上级编码应为 430181001001"),
        ("430181", "county", "43", "上级编码应为 空"),
    ],
)
def test_a_wrong_code_is_told_with_what_was_expected(code, level, parent, said):
    result = review([Boundary(code, "某格", level, parent, LEFT.geometry)], [VILLAGE])
    assert "code" in {f.kind for f in result.errors}
    assert said in result.errors[0].message


def test_one_error_refuses_the_whole_file_and_names_every_error():
    result = review([LEFT, LEFT, grid(2, 113.609, SOUTH, 113.62, 28.11)], [VILLAGE])
    with pytest.raises(Refused) as refused:
        result.accepted()
    assert refused.value.fields["file"] == [f.message for f in result.errors]
    assert len(result.errors) >= 2
    assert "整份未导入" in refused.value.message


def test_the_areas_of_different_levels_may_cover_each_other():
    assert "overlap" not in {f.kind for f in review([VILLAGE, LEFT, RIGHT]).findings}


def test_a_parent_drawn_anew_in_the_same_file_wins_over_the_kept_one():
    wider = Boundary(VILLAGE.code, VILLAGE.name, "community", "430181001", box(WEST, SOUTH, 113.63, 28.11))
    street = Boundary("430181001", "淮川街道", "street", "430181", wider.geometry)
    result = review([wider, LEFT, RIGHT, grid(3, 113.62, SOUTH, 113.63, 28.11)], [VILLAGE, street])
    assert kinds(result) == []


def test_nothing_to_review_is_nothing_wrong():
    assert review([]).accepted() == ()


def test_only_faces_are_kept_of_a_mixed_repair():
    mixed = shapely.GeometryCollection(
        [LEFT.geometry, shapely.LineString([(0, 0), (1, 1)]), shapely.Point(1, 1)]
    )
    assert polygonal(mixed).equals(LEFT.geometry)
    assert polygonal(shapely.Point(1, 1)).is_empty
