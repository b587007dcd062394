import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from hashlib import sha256

import brotli
import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from linli.areas.boundaries import review
from linli.areas.finder import GridFinder
from linli.demo import geography

SEAT = (113.633, 28.141)


@pytest.fixture(scope="module")
def boundaries():
    return geography.build()


@pytest.fixture(scope="module")
def grids(boundaries):
    return [b for b in boundaries if b.level == "grid"]


@pytest.fixture(scope="module")
def outline():
    found = json.loads((geography.DATA / "county.geojson").read_text(encoding="utf-8"))
    return shape(found["features"][0]["geometry"])


def rows(name):
    with (geography.DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_there_are_32_towns_326_communities_and_about_3000_grids(boundaries):
    count = Counter(b.level for b in boundaries)
    assert (count["county"], count["street"], count["community"]) == (1, 32, 326)
    assert 2900 <= count["grid"] <= 3100


def test_towns_and_communities_carry_their_real_names_and_codes(boundaries):
    built = {b.code: b.name for b in boundaries}
    for row in rows("towns.csv") + rows("villages.csv"):
        assert built[row["code"]] == row["name"]


def test_every_code_is_unique_and_begins_with_its_parents(boundaries):
    codes = {b.code for b in boundaries}
    assert len(codes) == len(boundaries)
    assert all(b.parent in codes and b.code.startswith(b.parent) for b in boundaries if b.level != "county")


def test_grids_are_numbered_from_001_and_named_after_their_community(boundaries, grids):
    names = {b.code: b.name for b in boundaries}
    for b in grids:
        assert b.name == f"{names[b.parent]}第{int(b.code[-3:])}网格"
    for parent, held in Counter(b.parent for b in grids).items():
        assert {b.code for b in grids if b.parent == parent} == {
            f"{parent}{n:03}" for n in range(1, held + 1)
        }


def test_communities_are_cut_finer_than_villages(grids):
    held = Counter(b.parent for b in grids)
    kinds = {row["code"]: row["kind"] for row in rows("villages.csv")}
    assert min(n for code, n in held.items() if kinds[code] == "社区") > max(
        n for code, n in held.items() if kinds[code] == "村"
    )


def test_each_level_tiles_the_one_above_without_gap_or_overlap(boundaries):
    shapes = {b.code: b.geometry for b in boundaries}
    for level in ("street", "community", "grid"):
        assert shapely.coverage_is_valid([b.geometry for b in boundaries if b.level == level])
    children = {}
    for b in boundaries:
        children.setdefault(b.parent, []).append(b.geometry)
    for parent, inner in children.items():
        if parent:
            assert shapely.coverage_union_all(inner).equals(shapes[parent])


def test_areas_sum_to_the_outline_within_a_millionth(boundaries, outline):
    for level in ("county", "street", "community", "grid"):
        total = sum(b.geometry.area for b in boundaries if b.level == level)
        assert total == pytest.approx(outline.area, rel=1e-6)


def test_the_county_keeps_the_real_outline(boundaries, outline):
    assert boundaries[0].code == "430181"
    assert boundaries[0].geometry.symmetric_difference(outline).area / outline.area < 1e-5
    assert boundaries[0].geometry.hausdorff_distance(outline) < 2e-6


def test_every_area_is_one_valid_piece_without_hole(boundaries):
    for b in boundaries:
        assert b.geometry.is_valid
        assert b.geometry.geom_type == "Polygon"
        assert not b.geometry.interiors or b.level != "grid"


def test_every_point_inside_lies_in_exactly_one_grid(grids, outline):
    rng = np.random.default_rng(5)
    west, south, east, north = outline.bounds
    points = shapely.points(rng.uniform(west, east, 6000), rng.uniform(south, north, 6000))
    inside = points[shapely.contains(outline.buffer(-1e-5), points)]
    assert len(inside) > 2500
    hits, _ = shapely.STRtree([b.geometry for b in grids]).query(inside, predicate="intersects")
    assert (np.bincount(hits, minlength=len(inside)) == 1).all()


def test_the_seat_lies_in_huaichuan_and_the_towns_where_they_belong(boundaries):
    communities = GridFinder(b for b in boundaries if b.level == "community")
    assert communities.find(*SEAT).startswith("430181001")
    middle = {b.name: b.geometry.centroid for b in boundaries if b.level == "street"}
    assert middle["大瑶镇"].y < SEAT[1] < middle["社港镇"].y
    assert middle["镇头镇"].x < SEAT[0] < middle["张坊镇"].x
    assert middle["永安镇"].x < SEAT[0] and middle["永安镇"].y > SEAT[1]
    assert middle["文家市镇"].x > SEAT[0] and middle["文家市镇"].y < SEAT[1]


def test_the_seat_is_dense_and_the_mountains_are_wide(boundaries):
    def mean(town):
        areas = [b.geometry.area for b in boundaries if b.level == "grid" and b.code.startswith(town)]
        return sum(areas) / len(areas)

    assert mean("430181001") * 10 < mean("430181110") < mean("430181105")


def test_the_review_finds_nothing_wrong(boundaries):
    assert review(boundaries).findings == ()


def test_a_fresh_process_draws_the_same_map(boundaries):
    code = (
        "import hashlib, shapely; from linli.demo import geography as g;"
        "drawn = b''.join(b.code.encode() + shapely.to_wkb(b.geometry) for b in g.build());"
        "print(hashlib.sha256(drawn).hexdigest())"
    )
    environment = dict(os.environ, PYTHONHASHSEED="7", PYTHONPATH=os.pathsep.join(p for p in sys.path if p))
    again = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    here = sha256(b"".join(b.code.encode() + shapely.to_wkb(b.geometry) for b in boundaries)).hexdigest()
    assert again.stdout.strip() == here


def test_coordinates_have_six_decimals(grids):
    xy = shapely.get_coordinates([b.geometry for b in grids])
    assert (np.round(xy, 6) == xy).all()


def test_the_map_is_small_and_says_that_it_is_not_real(grids):
    made = geography.for_map(grids)
    assert made["notice"] == "示意边界，非真实区划"
    assert len(made["features"]) == len(grids)
    raw = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(brotli.compress(raw, quality=5)) < 150 * 1024


def test_the_map_still_tiles_after_rounding(grids):
    features = geography.for_map(grids)["features"]
    shapes = [shape(f["geometry"]) for f in features]
    assert all(s.is_valid for s in shapes)
    assert shapely.coverage_is_valid(shapes)
    assert [f["properties"]["code"] for f in features] == [b.code for b in grids]


def test_a_map_of_nothing_is_an_empty_collection():
    assert geography.for_map([])["features"] == []


def test_every_data_file_has_its_origin_and_licence():
    text = (geography.DATA / "SOURCES.md").read_text(encoding="utf-8")
    for file in ("county.geojson", "towns.csv", "villages.csv", "town_seeds.csv"):
        assert (geography.DATA / file).exists()
        assert re.search(rf"\| {re.escape(file)} \|", text)
    assert "MIT License" in text and "Permission is hereby granted" in text
