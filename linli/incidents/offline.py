"""What a grid worker's phone may do without a network in this room: report, mend on the spot, confirm."""

from dataclasses import dataclass
from typing import Any

from linli.dispatch import offline as orders
from linli.dispatch.models import WorkOrder
from linli.incidents import actions, catalogue
from linli.incidents.forms_desk import class_name, classes
from linli.incidents.rules import Telling
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.web.sync import OfflineField, OfflineItem, OfflineKind, OfflineSource, register_offline


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a queued report: what the form said, else where the phone was."""

    words: str
    lon: float | None
    lat: float | None
    source: str


def where(item: OfflineItem) -> Where:
    words = str(item.data.get("place_0") or "")[:200]
    try:
        lon, lat = float(item.data.get("place_1") or ""), float(item.data.get("place_2") or "")
        return Where(words, lon, lat, "pin" if item.data.get("place_4") == "pin" else "gps")
    except ValueError:
        pass
    if item.position and not words:
        return Where(words, item.position[0], item.position[1], "gps")
    return Where(words, None, None, "")


def code_of(said: str) -> str:
    """A class by code or by its words as the search field shows them."""
    if not said or catalogue.class_of(said):
        return said
    return next((code for code, words in classes() if said in (words, words.partition(" · ")[2])), said)


def telling_of(by: Actor, item: OfflineItem) -> Telling:
    """The queued report as intake takes it; UUID and sender are those of the form, so that both ways meet."""
    data, place = item.data, where(item)
    code = code_of(str(data.get("other_class") or data.get("class_said") or ""))
    text = str(data.get("text") or "") or (class_name(code) if code else "照片上报" if item.files else "")
    return Telling(
        text=text,
        sender=by.ref,
        client_uuid=item.uuid,
        channel="grid",
        class_said=code,
        place_words=place.words,
        lon=place.lon,
        lat=place.lat,
        place_source=place.source,
        area=_own_grid(by) if place.lon is None else "",
        captured_at=item.taken.said or item.taken.at,
        flags=("odd_captured_at",) if item.taken.flagged else (),
    )


def _own_grid(by: Actor) -> str:
    grids = {scope.area for scope in by.scopes("incidents.report_own") if len(scope.area) == 15}
    return grids.pop() if len(grids) == 1 else ""


def report(by: Actor, item: OfflineItem) -> dict[str, Any]:
    telling = telling_of(by, item)
    try:
        if item.data.get("fixed"):
            receipt = actions.report_and_fix(
                by=by,
                telling=telling,
                outcome=str(item.data.get("outcome") or ""),
                position=item.position,
                photos_follow=bool(item.files),
            )
        else:
            receipt = actions.report_incident(by=by, telling=telling)
    except Refused as refused:
        if refused.code != "uuid_reused":
            raise
        # the form went through before the phone lost the line; what it carried besides is the same report
        said = "这份上报此前已经收到，不必再传。"
        raise Refused(said, code="uuid_reused", status=409) from None
    told: dict[str, Any] = {"report": receipt.report, "incident": receipt.incident, "number": receipt.number}
    told |= {"subject": f"incidents.report:{receipt.report}", "phase": "before"}
    return told


def _confirm(by: Actor, order: WorkOrder, item: OfflineItem, said: Any) -> None:
    actions.confirm_incident(
        by=by,
        order=order.pk,
        found=item.data["found"] == "1",
        text=str(item.data["text"]),
        class_code=code_of(str(item.data.get("class_code") or "")),
        said=said,
    )


FOUND = (("1", "属实"), ("0", "不属实"))
TEXT = OfflineField("情况", most=4000)
PLACE = {f"place_{n}": OfflineField("地点", most=200) for n in range(5)}
KINDS = (
    OfflineKind(
        "incidents.report",
        "上报",
        {
            "class_said": OfflineField("类别", most=64),
            "other_class": OfflineField("其他类别", most=64),
            "text": TEXT,
            "fixed": OfflineField("当场已处理", "flag"),
            "outcome": OfflineField("怎么处理的", most=2000),
            **PLACE,
        },
        report,
    ),
    OfflineKind(
        "incidents.confirm",
        "核实",
        {
            "order": orders.NUMBER,
            "found": OfflineField("核实结果", "choice", required=True, options=FOUND),
            "class_code": OfflineField("类别", most=64),
            "text": OfflineField("现场情况", required=True),
        },
        orders.queued(_confirm, title="核实", phase="before"),
    ),
)


def known_classes(actor: Actor) -> list[dict[str, str]]:
    """The class list for forms filled without a network."""
    if not actor.scopes("incidents.report_own"):
        return []
    return [{"code": code, "name": words} for code, words in classes()]


def register() -> None:
    register_offline(*KINDS, OfflineSource("classes", known_classes))
