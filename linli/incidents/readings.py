"""What programs and forms send, read into a Telling: every defect at once, in words that name field and remedy."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from linli.areas import queries as areas
from linli.areas.coordinates import read_place, system_named
from linli.incidents.door import cleaned, one_line
from linli.incidents.rules import Telling
from linli.kernel import Refused

HERE = ZoneInfo("Asia/Shanghai")
PAIR = re.compile(
    r"^\s*[（(\[]?\s*[-+]?[\d.]+(e[-+]?\d+)?\s*[,，;；\s]\s*[-+]?[\d.]+(e[-+]?\d+)?\s*[)）\]]?\s*$", re.I
)
WORDS = ("words", "address", "name", "地址", "text")
LON, LAT = ("lon", "lng", "longitude", "经度"), ("lat", "latitude", "纬度")
SYSTEM = ("system", "crs", "coord_type")
OUTSIDE = "位置在本县网格范围之外，请核对坐标和坐标系；已按文字描述先行受理"
Faults = dict[str, list[str]]


class County:
    """Stands where read_place wants an outline: inside is whatever lies in one of our grids."""

    def intersects(self, point: Point) -> bool:
        return areas.locate(point.x, point.y) is not None


INSIDE = cast(BaseGeometry, County())


@dataclass(slots=True)
class Spot:
    """A place as read: degrees in `system`, or words, or an area code."""

    lon: float | None = None
    lat: float | None = None
    system: str = "wgs84"
    words: str = ""
    area: str = ""
    source: str = ""
    flags: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_point(lon: object, lat: object, system: str = "wgs84", *, name: str = "location") -> Spot:
    """Two numbers in a named system; put right when they were swapped. Raises Refused 422."""
    reading = read_place([lon, lat], system, within=INSIDE, field=name)
    x, y = float(lon), float(lat)  # type: ignore[arg-type]
    spot = Spot(*((y, x) if reading.swapped else (x, y)), reading.system, source="pin")
    if reading.swapped:
        spot.flags.append("swapped")
    if reading.system not in ("wgs84", "cgcs2000"):
        spot.flags.append(reading.system)
    spot.warnings = list(reading.warnings) if reading.swapped else [OUTSIDE] if reading.warnings else []
    return spot


def read_spot(given: object, *, strict: bool = True) -> Spot | None:
    """A place as words, "113.63,28.14", a pair or an object; None when nothing was said.

    `strict` raises Refused 422 for unusable numbers; otherwise they are kept as words and flagged, so that the
    telling itself is not lost.
    """
    if isinstance(given, bool) or given is None:
        return None
    try:
        if isinstance(given, str):
            return _from_words(given)
        if isinstance(given, list | tuple) and len(given) == 2:
            return read_point(*given)
        if isinstance(given, Mapping):
            return _from_object(given)
    except Refused as refused:
        if strict:
            raise
        words = given if isinstance(given, str) else _first_text(given) or str(given)
        return Spot(words=one_line(words)[:200], flags=[refused.code])
    return None


def _from_words(given: str) -> Spot | None:
    words = one_line(given)
    if not words:
        return None
    if PAIR.match(words):
        first, second = re.findall(r"[-+]?[\d.]+(?:e[-+]?\d+)?", words, re.I)[:2]
        return read_point(first, second)
    return Spot(words=words)


def _first(given: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((given[name] for name in names if given.get(name) not in (None, "")), None)


def _first_text(given: object) -> str:
    found = _first(given, WORDS) if isinstance(given, Mapping) else ""
    return found if isinstance(found, str) else ""


def _from_object(given: Mapping[str, Any]) -> Spot | None:
    words, area = one_line(_first_text(given)), given.get("area") or ""
    if not isinstance(area, str) or (
        area and not (area.isascii() and area.isdigit() and areas.area_exists(area))
    ):
        raise Refused(
            "没有这个区域代码", code="no_area", fields={"location": ["没有这个区域代码，请从区域列表中选择"]}
        )
    lon, lat = _first(given, LON), _first(given, LAT)
    point = given.get("coordinates")
    if given.get("type") == "Point" and isinstance(point, list | tuple) and len(point) >= 2:
        lon, lat = point[0], point[1]
    if lon is None and lat is None:
        return Spot(words=words, area=area) if words or area else None
    if lon is None or lat is None:
        said = "经度和纬度要一起给"
        raise Refused(said, code="half_a_point", fields={"location": [said]})
    system = _first(given, SYSTEM) or "wgs84"
    if not isinstance(system, str):
        raise Refused(
            "坐标系应为文字",
            code="unknown_system",
            fields={"location": ["坐标系请写 WGS-84、GCJ-02 或 BD-09"]},
        )
    spot = read_point(lon, lat, system_named(system))
    spot.words, spot.area = words, area
    spot.source = "gps" if given.get("source") == "gps" else "pin"
    return spot


def with_answers(text: str, answers: Mapping[str, str]) -> str:
    """What was said, with the answers to the class's questions below it, so that the handler reads them too."""
    lines = [f"{one_line(ask)} {one_line(said)}" for ask, said in answers.items() if said.strip()]
    return "\n".join([text, *lines]) if lines else text


def without_answers(text: str, answers: Mapping[str, str]) -> str:
    """The words themselves, where the answers are shown beside them."""
    below = with_answers("", answers)
    return text.removesuffix(below) if below else text


def given_answers(answers: Mapping[str, str]) -> dict[str, str]:
    """Question -> answer as stored: one line each, nothing unanswered, at most ten of 200 characters."""
    said = {one_line(ask)[:100]: one_line(answer)[:200] for ask, answer in answers.items()}
    return dict([pair for pair in said.items() if all(pair)][:10])


def read_moment(given: object, flags: list[str]) -> datetime | None:
    """A time as ISO 8601; None and a flag when no clock could have shown it. Raises ValueError for other things."""
    if not isinstance(given, str):
        raise ValueError
    found = parse_datetime(given.strip())
    if found is None:
        raise ValueError
    if not 1970 <= found.year <= 2199:
        flags.append("odd_captured_at")
        return None
    return found if found.tzinfo else found.replace(tzinfo=HERE)


def read_uuid(given: object) -> uuid.UUID | None:
    """Raises ValueError when it is not one; None when not given."""
    if given in (None, ""):
        return None
    if not isinstance(given, str) or len(given) > 45:
        raise ValueError
    return uuid.UUID(given)


class Reader:
    """Takes values out of a JSON object and gathers what is wrong with them."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body, self.wrong, self.flags = body, {}, []  # type: ignore[var-annotated]

    def fault(self, name: str, said: str) -> None:
        self.wrong.setdefault(name, []).append(said)

    def text(self, *names: str, most: int = 0, what: str = "") -> str:
        """The first of these fields as text; control characters go, with a flag."""
        name = next((n for n in names if self.body.get(n) is not None), names[0])
        given = self.body.get(name)
        if given is None:
            return ""
        if not isinstance(given, str):
            self.fault(name, f"{what or name}应为文字")
            return ""
        kept, cut = cleaned(given)
        if cut and "control_characters" not in self.flags:
            self.flags.append("control_characters")
        if most and len(kept) > most:
            self.fault(name, f"{what or name}最多 {most} 字")
        return kept

    def yes(self, name: str) -> bool:
        given = self.body.get(name, False)
        if given is None or isinstance(given, bool):
            return bool(given)
        self.fault(name, "应为 true 或 false")
        return False

    def whole(self, name: str, least: int = 1, most: int = 2**53) -> int | None:
        given = self.body.get(name)
        if given is None:
            return None
        if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
            self.fault(name, f"应为 {least} 至 {most} 的整数" if most < 2**53 else "应为正整数")
            return None
        return given

    def words(self, name: str, most: int) -> list[str]:
        given = self.body.get(name)
        if given is None:
            return []
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            self.fault(name, "应为文字的列表")
            return []
        if len(given) > most:
            self.fault(name, f"最多 {most} 项")
            return []
        return [one_line(one) for one in given]

    def check(self, *, code: str = "invalid") -> None:
        """Raises Refused 422 with everything found so far."""
        if self.wrong:
            raise Refused("还有内容需要修改", code=code, fields=self.wrong)


def read_report(body: Mapping[str, Any]) -> tuple[Reader, dict[str, Any], list[str]]:
    """Fields of a Telling from /api/v1 JSON, the photos asked for, and warnings. Defects wait in the Reader."""
    reader = Reader(body)
    text = reader.text("description", "text", what="情况描述")
    answers = body.get("answers") or {}
    if isinstance(answers, dict) and all(isinstance(said, str) for said in answers.values()):
        answers = given_answers(answers)
        text = with_answers(text, answers)
    else:
        reader.fault("answers", "应为“问题：回答”的对象")
    given = {
        "text": text,
        "answers": answers,
        "class_said": one_line(reader.text("class", "class_code", "type", most=64, what="类别")),
        "name": one_line(reader.text("name", most=64, what="称呼")),
        "phone": one_line(reader.text("phone", most=32, what="电话")),
        "anonymous": reader.yes("anonymous"),
        "join": reader.whole("join"),
        "client_uuid": _caught(reader, "client_uuid", read_uuid, "应为 UUID，例如 8-4-4-4-12 位十六进制"),
        "captured_at": None,
    }
    if body.get("captured_at") is not None:
        given["captured_at"] = _caught(
            reader,
            "captured_at",
            lambda said: read_moment(said, reader.flags),
            "应为 ISO 8601 时间，例如 2026-11-22T14:05:00+08:00",
        )
    warnings: list[str] = []
    try:
        spot = read_spot(body.get("location"))
        if spot is None and body.get("location") not in (None, "", {}):
            reader.fault("location", "应为文字、“经度,纬度”或含 lon 与 lat 的对象")
        if spot:
            given |= spot_fields(spot)
            reader.flags += spot.flags
            warnings = spot.warnings
    except Refused as refused:
        reader.fault("location", next(iter(refused.fields.values()), [refused.message])[0])
    return reader, given, warnings


def spot_fields(spot: Spot) -> dict[str, Any]:
    return {
        "lon": spot.lon, "lat": spot.lat, "crs": spot.system, "place_words": spot.words, "area": spot.area, "place_source": spot.source
    }  # fmt: skip


def _caught(reader: Reader, name: str, read: Any, said: str) -> Any:
    try:
        return read(reader.body.get(name))
    except ValueError:
        reader.fault(name, said)
        return None


def telling_from(
    given: Mapping[str, Any], *, sender: str, channel: str, files: tuple[int, ...], flags: list[str]
) -> Telling:
    return Telling(**given, sender=sender, channel=channel, files=files, flags=tuple(flags))
