"""A living county: the project's own stream of reports, and staff who do their work through the real actions."""

import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shapely.geometry import Point, shape

from linli.areas.models import Area
from linli.demo.counter import Counter
from linli.dispatch import actions as dispatch
from linli.dispatch.models import WorkOrder
from linli.incidents import actions, catalogue
from linli.incidents.models import Incident, Report
from linli.incidents.rules import Telling
from linli.incidents.training import starter_examples
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for, anonymous
from linli.kernel.actor import Actor

OUTCOMES = (
    "已到现场处理完毕",
    "已修复，恢复正常",
    "已清理干净并提醒商户",
    "已联系责任人当场整改",
    "已解释清楚，居民表示理解",
)
# what no classifier should be sure of: such reports wait at the desk for a person
VAGUE = (
    "这里有点问题，麻烦派人来看一下",
    "楼下那个东西又坏了，什么时候修",
    "跟上次说的一样，还是没人管",
    "路过看到不太对劲，说不清楚，来人看看就知道",
    "晚上总有声音，不晓得哪里来的",
    "门口堆了些东西，不晓得是谁家的",
    "水漫出来了一点，不知道是管子还是沟",
    "墙上掉下来一块，差点砸到人",
)
VAGUE_SHARE = 0.15
LEFT_AT_DESK = 8  # of the undecided: a visitor finds some at the desk
ACTS_EACH = 4  # acts of staff a report; a case needs about seven to its end
BUSY = 0.35  # of reports come from the demo town, so that its desk has something to do


@dataclass(slots=True)
class Town:
    """What the simulation needs to know of the county, read once."""

    grids: list[tuple[str, object]]
    near: list[tuple[str, object]]


def _towns() -> Town:
    rows = [
        (code, shape(outline))
        for code, outline in Area.objects.filter(level="grid").values_list("code", "outline")
    ]
    return Town(rows, [row for row in rows if row[0].startswith("430181001")])


def _point(draw: random.Random, outline: object) -> tuple[float, float]:
    west, south, east, north = outline.bounds  # type: ignore[attr-defined]
    for _ in range(50):
        lon, lat = draw.uniform(west, east), draw.uniform(south, north)
        if outline.contains(Point(lon, lat)):  # type: ignore[attr-defined]
            return lon, lat
    middle = outline.representative_point()  # type: ignore[attr-defined]
    return middle.x, middle.y


def stream(seed: int = 1) -> Iterator[tuple[Telling, str]]:
    """Reports without end, from the project's own examples; each with the grid it lies in."""
    draw, town = random.Random(seed), _towns()
    texts, _ = starter_examples()
    while True:
        code, outline = draw.choice(town.near if draw.random() < BUSY else town.grids)
        lon, lat = _point(draw, outline)
        own, vague = draw.random() < 0.3, draw.random() < VAGUE_SHARE
        yield (
            Telling(
                text=draw.choice(VAGUE if vague else texts),
                sender="demo",
                client_uuid=uuid.UUID(int=draw.getrandbits(128), version=4),
                lon=round(lon, 6),
                lat=round(lat, 6),
                place_source="gps",
                channel="grid" if own else draw.choice(["web", "web", "hotline", "phone"]),
            ),
            code,
        )


class Staff:
    """Everybody at work. Each step does one thing somebody would do next; nothing is written but by actions."""

    def __init__(self, seed: int = 2) -> None:
        self.draw = random.Random(seed)
        self.actors: dict[int, Actor] = {}

    def actor(self, account: int) -> Actor:
        if account not in self.actors:
            self.actors[account] = actor_for(account, name=_name(account))
        return self.actors[account]

    def holder(self, role: str, area: str = "", unit: str = "") -> Actor | None:
        """Somebody who has the role there."""
        rows = Grant.objects.filter(role=role, valid_to=None)
        rows = rows.filter(unit=unit) if unit else rows
        for length in (15, 12, 9, 6) if area else (0,):
            found = rows.filter(area=area[:length]).first() if length else rows.first()
            if found:
                return self.actor(found.account_id)
        return None

    def worker(self, grid: str) -> Actor | None:
        return self.holder("grid_worker", grid) if grid else None

    def step(self) -> str:
        """One act of somebody; returns its name, "" when nobody had anything to do."""
        acts: list[Callable[[], str]] = [
            self.triage,
            self.accept,
            self.accept,
            self.finish,
            self.finish,
            self.check,
            self.rate,
        ]
        self.draw.shuffle(acts)
        for act in acts:
            try:
                if done := act():
                    return done
            except Refused:
                continue
        return ""

    def triage(self) -> str:
        waiting = Incident.objects.filter(state="reported")
        row = waiting.exclude(grid="").order_by("?").first() if waiting.count() > LEFT_AT_DESK else None
        clerk = self.holder("duty_officer", row.street) if row else None
        if row is None or clerk is None:
            return ""
        top = row.guess.get("top") or []
        code = row.class_code or (top[0][0] if top else "")
        if not code or self.draw.random() < 0.06:
            actions.decline_incident(by=clerk, incident=row.pk, text="经电话核实，属重复咨询，已答复")
            return "decline"
        actions.file_incident(by=clerk, incident=row.pk, class_code=code)
        return "file"

    def _worker_of(self, order: WorkOrder) -> Actor | None:
        if order.person_id:
            return self.actor(order.person_id)
        for role in ("officer", "community_clerk", "duty_officer"):
            if found := self.holder(role, unit=order.unit):
                return found
        return None

    def accept(self) -> str:
        order = WorkOrder.objects.filter(state="dispatched").order_by("due_at").first()
        by = self._worker_of(order) if order else None
        if order is None or by is None:
            return ""
        if (
            by.account != order.person_id
            and not order.person_id
            and not any(s.unit == order.unit for s in by.scopes("dispatch.work"))
        ):
            return ""
        dispatch.accept_order(by=by, order=order.pk)
        return "accept"

    def finish(self) -> str:
        order = WorkOrder.objects.filter(state="accepted").order_by("?").first()
        by = self.actor(order.person_id) if order and order.person_id else None
        if order is None or by is None:
            return ""
        if order.kind == "incident.confirm":
            row = Incident.objects.get(pk=int(order.subject.partition(":")[2]))
            top = row.guess.get("top") or [["sr.litter", 0]]
            code = row.class_code or top[0][0]
            actions.confirm_incident(
                by=by, order=order.pk, found=self.draw.random() < 0.92, text="现场核实", class_code=code
            )
            return "confirm"
        if order.kind == "incident.check":
            actions.check_incident(
                by=by,
                incident=int(order.subject.partition(":")[2]),
                passed=True,
                text="现场已恢复",
                order=order.pk,
            )
            return "check"
        if order.arrived_at is None:
            dispatch.arrive(by=by, order=order.pk)
            return "arrive"
        dispatch.handle_order(by=by, order=order.pk, outcome=self.draw.choice(OUTCOMES))
        return "handle"

    def check(self) -> str:
        row = Incident.objects.filter(state="checking").order_by("handled_at").first()
        checker = self.holder("checker")
        if row is None or checker is None:
            return ""
        passed = self.draw.random() < 0.9
        actions.check_incident(
            by=checker, incident=row.pk, passed=passed, text="核查属实" if passed else "还有残留，请返工"
        )
        return "check"

    def rate(self) -> str:
        row = Incident.objects.filter(state="closed", round=1).exclude(reports_count=0).order_by("?").first()
        report = Report.objects.filter(incident=row).first() if row else None
        if report is None or self.draw.random() < 0.5:
            return ""
        resolved = self.draw.random() < 0.93
        actions.rate_incident(
            by=anonymous(),
            report=report.pk,
            resolved=resolved,
            stars=self.draw.choice((4, 5, 5)) if resolved else 2,
        )
        return "rate"


def _name(account: int) -> str:
    from linli.kernel.identity.models import Account

    return Account.objects.values_list("name", flat=True).get(pk=account)


def busy() -> bool:
    """Whether the county has seen reports already."""
    return Incident.objects.exists()


def live(*, reports: int, seconds: float, told: Callable[[str], object] = print) -> dict[str, int]:
    """Sends `reports` and lets the staff work for about `seconds`; returns how often each act was done."""
    staff, counter, done = Staff(), Counter(), dict[str, int]()
    began, sent = time.monotonic(), 0
    catalogue.model.forget()
    for telling, grid in stream(seed=Incident.objects.count() + 1):
        share = (time.monotonic() - began) / seconds if seconds else 1.0
        if sent >= reports and share >= 1:
            break
        if sent < reports and sent <= reports * min(1.0, share * 3):
            by = staff.worker(grid) if telling.channel == "grid" else None
            actions.report_incident(by=by or anonymous(), telling=telling)
            sent += 1
            done["report"] = done.get("report", 0) + 1
        if served := counter.step():
            done[served] = done.get(served, 0) + 1
        busy_enough = sum(done.values()) - sent >= ACTS_EACH * sent  # so that some work is left to be seen
        act = "" if busy_enough else staff.step()
        if busy_enough:
            time.sleep(0.2)
        if act:
            done[act] = done.get(act, 0) + 1
        elif sent >= reports:
            time.sleep(0.3)
        if sent and sent % 50 == 0 and not act:
            told(f"演示：已上报 {sent} 件")
    return done
