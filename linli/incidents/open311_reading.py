"""What an Open311 client sends for one service request: its words and its place."""

import re
from collections.abc import Mapping
from typing import Any

from linli.areas import queries as areas
from linli.incidents.door import cleaned, one_line
from linli.incidents.models import IncidentClass
from linli.incidents.readings import given_answers, read_point, with_answers
from linli.kernel import Refused

Params = Mapping[str, Any]


def text_of(given: Params, name: str, most: int = 0) -> str:
    """A parameter as text, on one line and cut when `most` is given; "" for everything else."""
    value = given.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if value is None or not isinstance(value, str):
        return ""
    return one_line(value)[:most] if most else cleaned(value)[0]


def answers_of(given: Params, service: IncidentClass) -> dict[str, str]:
    """The attributes q1, q2 … as answers to the questions of the class."""
    asked = enumerate(service.questions, start=1)
    return given_answers({ask: text_of(given, f"attribute[q{n}]", 200) for n, ask in asked})


def told(given: Params, service: IncidentClass) -> str:
    """The description with answers and the media link below it; the class's name when nothing was written."""
    text = with_answers(text_of(given, "description") or service.name, answers_of(given, service))
    media = text_of(given, "media_url", 500)
    if media and not re.fullmatch(r"https?://\S+", media):
        raise Refused(
            "媒体链接有误",
            code="bad_media",
            fields={"media_url": ["应以 http:// 或 https:// 开头"]},
            status=400,
        )
    return f"{text}\n媒体链接：{media}" if media else text


def place(given: Params) -> dict[str, Any]:
    """lat and long, or words, or an area code as address_id (or `area`). Raises Refused 400."""
    lat, lon = text_of(given, "lat", 40), text_of(given, "long", 40) or text_of(given, "lon", 40)
    address, area = (
        text_of(given, "address_string", 200),
        text_of(given, "address_id", 15) or text_of(given, "area", 15),
    )
    if area and not areas.area_exists(area):
        raise Refused("地点有误", code="no_area", fields={"address_id": ["没有这个区域代码"]}, status=400)
    if bool(lat) != bool(lon):
        raise Refused("地点有误", code="half_a_point", fields={"lat": ["lat 与 long 要一起给"]}, status=400)
    if not (lat or address or area):
        said = "请给出 lat 与 long，或 address_string，或 address_id"
        raise Refused("缺少地点", code="no_place", fields={"lat": [said]}, status=400)
    found: dict[str, Any] = {"place_words": address, "area": area}
    if lat:
        try:
            spot = read_point(lon, lat, name="lat")
        except Refused as refused:
            refused.status = 400
            raise
        found |= {"lon": spot.lon, "lat": spot.lat, "place_source": "pin", "flags": tuple(spot.flags)}
    return found
