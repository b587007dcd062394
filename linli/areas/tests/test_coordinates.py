import json
import math

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from linli.areas.coordinates import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    belt_meridian,
    distance_m,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    read_place,
    system_named,
    to_degrees,
    to_metres,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from linli.kernel import Refused

COUNTY_BOX = (113.17, 27.85, 114.26, 28.57)
SEAT = (113.633, 28.141)
WGS84 = Geod(ellps="WGS84")

china_lon = st.floats(75, 134)
china_lat = st.floats(18, 53)


def metres_between(one, other):
    return WGS84.inv(*one, *other)[2]


@given(china_lon, china_lat)
@example(105.0, 35.0)
def test_gcj02_there_and_back_stays_within_a_millimetre(lon, lat):
    assert metres_between((lon, lat), gcj02_to_wgs84(*wgs84_to_gcj02(lon, lat))) < 0.001


@given(china_lon, china_lat)
def test_bd09_there_and_back_stays_within_a_millimetre(lon, lat):
    assert metres_between((lon, lat), bd09_to_wgs84(*wgs84_to_bd09(lon, lat))) < 0.001
    assert metres_between((lon, lat), bd09_to_gcj02(*gcj02_to_bd09(lon, lat))) < 0.001


@given(china_lon, china_lat)
def test_gcj02_moves_a_point_in_china_by_some_hundred_metres(lon, lat):
    assert 50 < metres_between((lon, lat), wgs84_to_gcj02(lon, lat)) < 1000


def test_gcj02_matches_the_published_values():
    # Beijing example of the coordtransform README: WGS-84 116.404,39.915.
    assert wgs84_to_gcj02(116.404, 39.915) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)
    assert gcj02_to_bd09(116.404, 39.915) == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-9)


def test_gcj02_leaves_places_abroad_alone():
    for place in [(-0.1276, 51.5072), (151.2, -33.87), (139.69, 35.69)]:
        assert wgs84_to_gcj02(*place) == place
        assert gcj02_to_wgs84(*place) == place
    lon, lat = wgs84_to_gcj02(np.array([139.69, SEAT[0]]), np.array([35.69, SEAT[1]]))
    assert (lon[0], lat[0]) == (139.69, 35.69)
    assert lon[1] != SEAT[0]


@given(st.floats(112.3, 115.7), st.floats(18, 53))
def test_metres_agree_with_proj_to_a_tenth_of_a_millimetre(lon, lat):
    east, north = to_metres(lon, lat)
    assert (east, north) == pytest.approx(PROJ.transform(lon, lat), abs=1e-4)
    back = to_degrees(east, north)
    assert back == pytest.approx((lon, lat), abs=1e-9)


PROJ = Transformer.from_crs(4490, 4547, always_xy=True)


@pytest.mark.parametrize(("meridian", "epsg"), [(111, 4546), (117, 4548), (120, 4549)])
def test_other_belts_agree_with_proj(meridian, epsg):
    proj = Transformer.from_crs(4490, epsg, always_xy=True)
    assert to_metres(meridian + 0.7, 28.1, meridian) == pytest.approx(
        proj.transform(meridian + 0.7, 28.1), abs=1e-4
    )


def test_the_central_meridian_lies_500_km_from_the_belts_origin():
    east, north = to_metres(114.0, 0.0)
    assert east == pytest.approx(500_000)
    assert north == pytest.approx(0, abs=1e-9)


def test_a_longitude_lies_in_the_nearest_belt():
    assert [belt_meridian(lon) for lon in (113.633, 112.51, 112.49, 116.9)] == [114, 114, 111, 117]


@pytest.mark.parametrize(
    "convert",
    [wgs84_to_gcj02, gcj02_to_wgs84, gcj02_to_bd09, bd09_to_gcj02, wgs84_to_bd09, bd09_to_wgs84, to_metres],
)
def test_arrays_give_what_single_numbers_give(convert):
    lons, lats = np.linspace(113.2, 114.2, 7), np.linspace(27.9, 28.5, 7)
    many = np.stack(convert(lons, lats), axis=1)
    one_by_one = [convert(lon, lat) for lon, lat in zip(lons.tolist(), lats.tolist(), strict=True)]
    assert many == pytest.approx(np.array(one_by_one), abs=1e-8)


def test_back_to_degrees_takes_arrays_too():
    lons, lats = np.linspace(113.2, 114.2, 7), np.linspace(27.9, 28.5, 7)
    back = to_degrees(*to_metres(lons, lats))
    assert back[0] == pytest.approx(lons, abs=1e-10)
    assert back[1] == pytest.approx(lats, abs=1e-10)


def test_distance_is_close_to_the_ellipsoids():
    for there in [(113.634, 28.141), (113.633, 28.151), (113.7, 28.2)]:
        assert distance_m(*SEAT, *there) == pytest.approx(metres_between(SEAT, there), rel=0.005)


@pytest.mark.parametrize(
    "given_",
    [
        "113.633,28.141",
        " 113.633， 28.141 ",
        "113.633 28.141",
        "(113.633; 28.141)",
        "[113.633,28.141]",
        [113.633, 28.141],
        ("113.633", "28.141"),
        {"lon": 113.633, "lat": 28.141},
        {"lng": "113.633", "lat": "28.141"},
        {"Longitude": 113.633, "Latitude": 28.141, "accuracy": 12},
        {"type": "Point", "coordinates": [113.633, 28.141]},
        {"type": "Point", "coordinates": [113.633, 28.141, 65.0]},
    ],
)
def test_a_place_is_read_however_it_is_written(given_):
    reading = read_place(given_, within=COUNTY_BOX)
    assert (reading.lon, reading.lat) == SEAT
    assert (reading.system, reading.swapped, reading.warnings) == ("wgs84", False, ())


@pytest.mark.parametrize("given_", ["28.141,113.633", {"lon": 28.141, "lat": 113.633}])
def test_a_swapped_pair_is_swapped_back_when_only_that_fits_the_county(given_):
    reading = read_place(given_, within=COUNTY_BOX)
    assert (reading.lon, reading.lat) == SEAT
    assert reading.swapped
    assert "已按本区域范围调换" in reading.warnings[0]


def test_a_swapped_pair_is_not_touched_when_no_county_is_known():
    with pytest.raises(Refused) as refused:
        read_place("28.141,113.633")
    assert refused.value.code == "place_out_of_range"
    assert "先写经度" in refused.value.fields["location"][0]


def test_a_pair_that_fits_either_way_is_left_as_written():
    assert read_place("60,61", within=(50, 50, 70, 70)).swapped is False


def test_a_place_outside_the_county_is_kept_with_a_warning():
    reading = read_place("112.94,28.23", within=COUNTY_BOX)
    assert (reading.lon, reading.lat) == (112.94, 28.23)
    assert not reading.swapped
    assert "范围之外" in reading.warnings[0]


def test_the_county_may_be_given_as_an_outline():
    outline = shapely.box(*COUNTY_BOX)
    shapely.prepare(outline)
    assert read_place("28.141,113.633", within=outline).swapped
    assert read_place("112.94,28.23", within=outline).warnings


@pytest.mark.parametrize("system", ["gcj02", "GCJ-02", "高德", "amap"])
def test_a_declared_amap_place_is_shifted_back(system):
    shifted = wgs84_to_gcj02(*SEAT)
    reading = read_place(list(shifted), system, within=COUNTY_BOX)
    assert reading.system == "gcj02"
    assert metres_between((reading.lon, reading.lat), SEAT) < 0.1


def test_a_swapped_baidu_place_is_swapped_and_shifted_back():
    lon, lat = wgs84_to_bd09(*SEAT)
    reading = read_place(f"{lat},{lon}", "bd09", within=COUNTY_BOX)
    assert reading.swapped
    assert metres_between((reading.lon, reading.lat), SEAT) < 0.1


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        (None, "place_unreadable"),
        ("", "place_unreadable"),
        ("113.633", "place_unreadable"),
        ("1,2,3", "place_unreadable"),
        ({"lon": 113.6}, "place_unreadable"),
        ({"type": "Point"}, "place_unreadable"),
        ({"lon": None, "lat": 28}, "place_unreadable"),
        (42, "place_unreadable"),
        ("nan,28.1", "place_not_a_number"),
        ("113.6,inf", "place_not_a_number"),
        ([math.nan, 28.1], "place_not_a_number"),
        ([113.6, -math.inf], "place_not_a_number"),
        ([10**400, 28.1], "place_not_a_number"),
        ([True, 28.1], "place_not_a_number"),
        ("城西,桥头", "place_not_a_number"),
        ([[113.6], 28.1], "place_not_a_number"),
        ("0,0", "place_empty"),
        ("213.6,28.1", "place_out_of_range"),
        ("113.6,-91", "place_out_of_range"),
    ],
)
def test_nonsense_is_refused_naming_the_field_and_the_reason(given_, code):
    with pytest.raises(Refused) as refused:
        read_place(given_, within=COUNTY_BOX, field="place")
    assert refused.value.code == code
    assert refused.value.fields["place"] == [refused.value.message]


def test_an_unknown_system_is_refused_listing_the_known_ones():
    with pytest.raises(Refused) as refused:
        system_named("beijing54")
    assert "GCJ-02" in refused.value.message
    assert list(refused.value.fields) == ["system"]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["lon", "lat", "type"]), inner)
    ),
    max_leaves=6,
)


@given(json_values)
def test_whatever_json_comes_it_is_read_or_refused(value):
    value = json.loads(json.dumps(value))
    try:
        reading = read_place(value, within=COUNTY_BOX)
    except Refused as refused:
        assert refused.message
    else:
        assert -180 <= reading.lon <= 180
        assert -90 <= reading.lat <= 90
