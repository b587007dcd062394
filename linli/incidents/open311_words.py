"""Open311 GeoReport v2 as JSON and XML: how cases, classes and errors are written.

Source: wiki.open311.org/GeoReport_v2 (element names, plural and singular); detailed_status, media and updates are the
extensions of the CitySDK and FixMyStreet profiles.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from django.http import HttpResponse
from django.utils import timezone

from linli.areas import queries as areas
from linli.incidents import catalogue, rules
from linli.incidents.models import OPEN, Incident, IncidentClass
from linli.kernel import Refused

NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
MEDIA = re.compile(r"^媒体链接：(https?://\S+)$", re.M)
Thing = Mapping[str, Any]


def when(at: datetime | None) -> str | None:
    """W3C date and time in local time, as clients show it."""
    return timezone.localtime(at).isoformat(timespec="seconds") if at else None


def write(form: str, root: str, item: str, body: list[Thing] | Thing, status: int = 200) -> HttpResponse:
    """`body` as JSON or, under `root` and `item`, as XML."""
    if form == "json":
        return HttpResponse(
            json.dumps(body, ensure_ascii=False),
            status=status,
            content_type="application/json; charset=utf-8",
        )
    top = ElementTree.Element(root)
    if isinstance(body, list):
        for one in body:
            _fill(ElementTree.SubElement(top, item), one)
    else:
        _fill(top, body)
    text = ElementTree.tostring(top, encoding="utf-8", xml_declaration=True)
    return HttpResponse(text, status=status, content_type="text/xml; charset=utf-8")


SINGULAR = {
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
    "media": "media_url",
}


def _fill(element: ElementTree.Element, thing: Thing) -> None:
    for name, value in thing.items():
        child = ElementTree.SubElement(element, name)
        if isinstance(value, list):
            for one in value:
                inner = ElementTree.SubElement(child, SINGULAR.get(name, "item"))
                if isinstance(one, Mapping):
                    _fill(inner, one)
                else:
                    inner.text = _text(one)
        else:
            child.text = _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return NOT_XML.sub("", str(value)) if value is not None else ""


def errors(form: str, refused: Refused) -> HttpResponse:
    """[{"code": 400, "description": "…"}], one line a defect, in the asked format."""
    said = [f"{name}：{one}" for name, reasons in refused.fields.items() for one in reasons] or [
        refused.message
    ]
    answer = write(
        form,
        "errors",
        "error",
        [{"code": refused.status, "description": one} for one in said],
        refused.status,
    )
    if refused.status == 429:
        answer["Retry-After"] = str(getattr(refused, "after", 60))
    return answer


def services() -> list[IncidentClass]:
    """Classes anybody may report in public; private ones do not exist here."""
    return sorted(
        (row for row in catalogue.classes.get().values() if not row.private), key=lambda row: row.pk
    )


def service_out(row: IncidentClass) -> Thing:
    return {
        "service_code": row.code,
        "service_name": row.name,
        "description": row.filing,
        "metadata": bool(row.questions),
        "type": "realtime",
        "keywords": ",".join(dict.fromkeys([row.large_name, row.name])),
        "group": row.large_name,
    }


def definition_out(row: IncidentClass) -> Thing:
    """The class's questions as attributes; none is required: nobody is sent away for not knowing."""
    return {
        "service_code": row.code,
        "attributes": [
            {
                "variable": True,
                "code": f"q{place}",
                "datatype": "string",
                "required": False,
                "datatype_description": "文字",
                "order": place,
                "description": question,
                "values": [],
            }
            for place, question in enumerate(row.questions, start=1)
        ],
    }


def request_out(row: Incident, whole: bool) -> Thing:
    """One service request. `whole` shows the words told; a stranger reads the class only."""
    known, here = catalogue.class_of(row.class_code), areas.area_path(row.area)
    media = MEDIA.findall(row.text) if whole else []
    return {
        "service_request_id": str(row.pk),
        "status": "open" if row.state in OPEN else "closed",
        "status_notes": notes(row),
        "service_name": known.name if known else "",
        "service_code": row.class_code,
        "description": MEDIA.sub("", row.text).strip() if whole else (known.name if known else ""),
        "agency_responsible": areas.unit_names().get(row.unit, ""),
        "service_notice": row.number,
        "requested_datetime": when(row.received_at),
        "updated_datetime": when(getattr(row, "updated", None) or row.received_at),
        "expected_datetime": when(row.promised_at),
        "address": (row.place_words if whole else "") or here,
        "address_id": row.area,
        "zipcode": "",
        "lat": row.lat,
        "long": row.lon,
        "media_url": media[0] if media else "",
        "media": media,
        "detailed_status": row.state,
    }


def notes(row: Incident) -> str:
    """The state in words; where a merged case went on."""
    if row.merged_into_id:
        return f"{rules.STATE_WORDS['merged']}，见 {row.merged_into_id}"
    if row.state == "closed":
        return f"{rules.STATE_WORDS['closed']}：{rules.CAUSES.get(row.cause, row.cause)}"
    return rules.STATE_WORDS[row.state]


def update_out(incident: int, move: Any, told: Iterable[str]) -> Thing:
    """One step; its words only where they are meant for the reporter."""
    state = move.to_state
    return {
        "update_id": str(move.pk),
        "service_request_id": str(incident),
        "status": "open" if state in OPEN else "closed",
        "updated_datetime": when(move.at),
        "description": rules.WORDS.get(move.action, move.action),
        "detailed_status": state,
        "status_notes": move.text if move.action in told else "",
    }
