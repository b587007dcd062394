import io
import json
import struct
import zipfile

import numpy as np
import pyproj
import pytest
import shapefile
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box, mapping

from linli.areas import boundary_files
from linli.areas.boundaries import Boundary
from linli.areas.boundary_files import read_boundaries
from linli.areas.coordinates import distance_m, to_metres, wgs84_to_gcj02
from linli.kernel import Refused

WEST, SOUTH = 113.60, 28.10
VILLAGE = Boundary("430181001001", "城西社区", "community", "430181001", box(WEST, SOUTH, 113.62, 28.11))
LEFT = Boundary("430181001001001", "第1网格", "grid", "430181001001", box(WEST, SOUTH, 113.61, 28.11))
RIGHT = Boundary("430181001001002", "第2网格", "grid", "430181001001", box(113.61, SOUTH, 113.62, 28.11))


def geojson(*boundaries, **more):
    features = [
        {"type": "Feature", "properties": {"code": b.code, "name": b.name}, "geometry": mapping(b.geometry)}
        for b in boundaries
    ]
    return json.dumps(
        {"type": "FeatureCollection", "features": features, **more}, ensure_ascii=False
    ).encode()


def zipped_shapefile(*boundaries, crs=None, encoding="utf-8", stem="边界/grids", cpg=True, move=None):
    files = {kind: io.BytesIO() for kind in ("shp", "shx", "dbf")}
    with shapefile.Writer(**files, shapeType=shapefile.POLYGON, encoding=encoding) as writer:
        writer.field("WGBM", "C", size=20)
        writer.field("WGMC", "C", size=60)
        for b in boundaries:
            drawn = shapely.transform(b.geometry, move) if move else b.geometry
            writer.shape(mapping(shapely.orient_polygons(drawn, exterior_cw=True)))
            writer.record(b.code, b.name)
    extra = {".prj": pyproj.CRS(crs).to_wkt("WKT1_ESRI").encode()} if crs else {}
    extra |= {".cpg": encoding.encode()} if cpg else {}
    return zipped(
        {f"{stem}.{kind}": file.getvalue() for kind, file in files.items()}
        | {stem + end: content for end, content in extra.items()}
    )


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


COLUMNS = {"code": "WGBM", "name": "WGMC"}


def refusal(raw, **more):
    with pytest.raises(Refused) as refused:
        read_boundaries(raw, **more)
    return refused.value


def farthest(one, other):
    """Metres from a corner of one boundary to the nearest corner of the other, at worst."""
    a, b = (shapely.get_coordinates(x.geometry).tolist() for x in (one, other))
    assert len(a) == len(b)
    return max(min(distance_m(*p, *q) for q in b) for p in a)


# --- reading


def test_geojson_is_read_with_level_and_parent_from_the_code():
    village, left = read_boundaries(geojson(VILLAGE, LEFT))
    assert (village.code, village.level, village.parent) == ("430181001001", "community", "430181001")
    assert (left.name, left.level, left.parent) == ("第1网格", "grid", "430181001001")
    assert left.geometry.equals(LEFT.geometry)


def test_the_files_own_property_names_are_mapped():
    raw = geojson(LEFT).replace(b'"code"', '"网格编码"'.encode()).replace(b'"name"', '"网格名称"'.encode())
    assert read_boundaries(raw, columns={"code": "网格编码", "name": "网格名称"})[0].code == LEFT.code
    assert "属性“code”为空或不存在" in refusal(raw).fields["file"][0]


def test_codes_kept_as_numbers_keep_their_digits():
    raw = geojson(LEFT).replace(b'"430181001001001"', b"430181001001001.0")
    assert read_boundaries(raw)[0].code == LEFT.code


def test_height_is_dropped():
    flat = json.loads(geojson(LEFT))
    ring = flat["features"][0]["geometry"]["coordinates"][0]
    flat["features"][0]["geometry"]["coordinates"] = [[[x, y, 65.5] for x, y in ring]]
    assert not read_boundaries(json.dumps(flat).encode())[0].geometry.has_z


def test_a_declared_gcj02_file_is_shifted_back():
    shifted = Boundary(LEFT.code, LEFT.name, "grid", LEFT.parent, shapely.transform(LEFT.geometry, to_gcj02))
    assert farthest(shifted, LEFT) > 300
    assert farthest(read_boundaries(geojson(shifted), system="gcj02")[0], LEFT) < 0.1


def to_gcj02(xy):
    return np.column_stack(wgs84_to_gcj02(xy[:, 0], xy[:, 1]))


def in_belt(xy):
    return np.column_stack(to_metres(xy[:, 0], xy[:, 1], 114.0))


@pytest.mark.parametrize("crs", [4547, 4526])
def test_a_shapefile_in_a_cgcs2000_belt_is_read_by_its_prj(crs):
    # 4547: belt of 114° without number; 4526: the same belt with 38 before the easting.
    offset = 38_000_000 if crs == 4526 else 0
    raw = zipped_shapefile(LEFT, RIGHT, crs=crs, move=lambda xy: in_belt(xy) + (offset, 0))
    left, right = read_boundaries(raw, columns=COLUMNS)
    assert farthest(left, LEFT) < 0.01
    assert (right.code, right.name) == (RIGHT.code, RIGHT.name)


@pytest.mark.parametrize("crs", [4490, 4326, None])
def test_a_shapefile_in_degrees_is_read_as_it_is(crs):
    assert farthest(read_boundaries(zipped_shapefile(LEFT, crs=crs), columns=COLUMNS)[0], LEFT) < 0.01


def test_a_shapefile_in_gcj02_degrees_is_shifted_back_when_declared():
    raw = zipped_shapefile(LEFT, crs=4490, move=to_gcj02)
    assert farthest(read_boundaries(raw, columns=COLUMNS, system="gcj02")[0], LEFT) < 0.1


def test_a_projected_file_declared_as_gcj02_is_refused():
    raw = zipped_shapefile(LEFT, crs=4547, move=in_belt)
    assert refusal(raw, columns=COLUMNS, system="gcj02").code == "systems_disagree"


@pytest.mark.parametrize("cpg", [True, False])
def test_a_gbk_table_is_read_with_and_without_its_cpg(cpg):
    raw = zipped_shapefile(LEFT, encoding="gb18030", cpg=cpg)
    assert read_boundaries(raw, columns=COLUMNS)[0].name == "第1网格"


def test_the_crs_member_of_geojson_is_honoured():
    moved = Boundary(LEFT.code, LEFT.name, "grid", LEFT.parent, shapely.transform(LEFT.geometry, in_belt))
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
    assert farthest(read_boundaries(geojson(moved, crs=crs))[0], LEFT) < 0.01


@pytest.mark.parametrize("crs", ["EPSG:2384", "EPSG:2435", "EPSG:4610"])
def test_xian_80_and_beijing_54_are_refused_with_the_remedy(crs):
    said = refusal(geojson(LEFT, crs={"type": "name", "properties": {"name": crs}}))
    assert said.code == "foreign_datum"
    assert "先转换为 CGCS2000" in said.message


def test_metres_without_a_stated_system_are_refused():
    moved = Boundary(LEFT.code, LEFT.name, "grid", LEFT.parent, shapely.transform(LEFT.geometry, in_belt))
    assert "请附 .prj 文件" in refusal(geojson(moved)).fields["file"][0]


def test_all_defects_of_a_file_are_named_at_once():
    found = json.loads(geojson(LEFT, RIGHT, VILLAGE))
    found["features"][0]["properties"] = None
    found["features"][2]["properties"]["name"] = " "
    said = refusal(json.dumps(found).encode())
    assert [line[:7] for line in said.fields["file"]] == ["第 1 个图形", "第 3 个图形"]
    assert "整份未导入" in said.message


def test_a_long_list_of_defects_is_cut_with_the_number_left_out():
    nameless = [Boundary(b.code, "", "grid", "", b.geometry) for b in [LEFT] * 60]
    assert refusal(geojson(*nameless)).fields["file"][-1] == "另有 10 处错误未列出"


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        "Polygon",
        {"type": "Point", "coordinates": [113.6, 28.1]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[113.6, 28.1], [113.7, 28.1]]]},
        {"type": "Polygon", "coordinates": [[["a", "b"], [1, 2], [3, 4], [1, 2]]]},
        {"type": "Polygon", "coordinates": [[[113.6, 1e999], [113.7, 28.1], [113.7, 28.2], [113.6, 1e999]]]},
        {"type": "Polygon"},
        {"type": "MultiPolygon", "coordinates": 5},
    ],
)
def test_a_shape_that_is_no_area_is_refused(geometry):
    feature = {"type": "Feature", "properties": {"code": "430181", "name": "浏阳市"}, "geometry": geometry}
    raw = json.dumps(feature).replace("Infinity", "1e999").encode()
    assert refusal(raw).fields["file"][0].startswith("第 1 个图形：")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"[1]",
        b"null",
        b'{"type": "FeatureCollection"}',
        b"NaN",
    ],
)
def test_what_is_no_geojson_is_refused(raw):
    assert refusal(raw).status == 422


def test_a_file_without_shapes_is_refused():
    assert refusal(geojson()).code == "file_empty"


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(raw):
    for content in (raw, b"PK\x03\x04" + raw):
        with pytest.raises(Refused):
            read_boundaries(content)


@given(st.integers(100, 900), st.integers(0, 255))
def test_a_damaged_shapefile_is_read_or_refused(where, byte):
    whole = zipfile.ZipFile(io.BytesIO(SOUND))
    files = {name: whole.read(name) for name in whole.namelist()}
    shp = bytearray(files["grids.shp"])
    shp[where % len(shp)] = byte
    try:
        read_boundaries(zipped(files | {"grids.shp": bytes(shp)}), columns=COLUMNS)
    except Refused as refused:
        assert refused.fields["file"]


SOUND = zipped_shapefile(LEFT, RIGHT, stem="grids")


# --- archives


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    said = refusal(zipped({"a.shp": b"\0" * 20_000_000}))
    assert (said.code, said.status) == ("zip_bomb", 413)


def test_a_zip_whose_header_lies_about_its_size_is_refused():
    raw = bytearray(zipped({"a.shp": b"\0" * 3_000_000, "a.dbf": b""}))
    directory = raw.rindex(b"PK\x01\x02", 0, raw.rindex(b"PK\x01\x02"))
    raw[directory + 24 : directory + 28] = struct.pack("<I", 10)
    assert refusal(bytes(raw)).code in ("zip_bomb", "zip_unreadable")


@pytest.mark.parametrize("name", ["../a.shp", "x/../../a.shp", "/etc/a.shp", "C:\\a.shp", "..\\a.shp"])
def test_a_path_that_leaves_the_archive_is_refused(name):
    assert refusal(zipped({name: b"", "a.dbf": b""})).code == "zip_path"


def test_an_archive_of_very_many_files_is_refused():
    assert refusal(zipped({f"{n}.txt": b"" for n in range(201)})).code == "zip_too_many"


def test_an_archive_with_a_password_is_refused():
    raw = bytearray(SOUND)
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(raw)).code == "zip_encrypted"


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["a.txt"], "zip_without_shapefile"),
        (["a.shp", "a.dbf", "b.shp", "b.dbf"], "zip_without_shapefile"),
        (["a.shp"], "zip_without_table"),
    ],
)
def test_an_archive_must_hold_one_layer_with_its_table(names, code):
    assert refusal(zipped(dict.fromkeys(names, b"x"))).code == code


def test_a_prj_nobody_understands_is_refused():
    whole = zipfile.ZipFile(io.BytesIO(SOUND))
    files = {name: whole.read(name) for name in whole.namelist()}
    assert refusal(zipped(files | {"grids.prj": b"PROJCS[?"}), columns=COLUMNS).code == "unknown_system"


def test_a_file_too_large_is_refused_with_413(monkeypatch):
    monkeypatch.setattr(boundary_files, "MAX_FILE", 100)
    assert refusal(b"{" + b" " * 200).status == 413


@pytest.mark.parametrize("crs", ["+proj=longlat +ellps=WGS84", "+init=/etc/hostname", "{}", "EPSG:99999999"])
def test_a_system_that_is_neither_code_nor_wkt_is_refused(crs):
    said = refusal(geojson(LEFT, crs={"type": "name", "properties": {"name": crs}}))
    assert said.code == "unknown_system"
