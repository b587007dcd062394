"""A random walk of real actions through a town: what a few weeks do to sixty cases."""

import random
from datetime import timedelta

from django.utils import timezone

from linli.dispatch import actions as dispatch
from linli.dispatch.actions import Assignee, Said
from linli.dispatch.models import WorkOrder
from linli.incidents import actions
from linli.incidents.models import OPEN, Incident, Report
from linli.incidents.tests.conftest import Town
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor
from linli.kernel.bus.jobs import drain
from linli.metrics.tests.conftest import told

CODES = ("sr.litter", "sr.litter", "fac.lamp", "fac.lighting", "trf.road")


def walk(town: Town, *, steps: int, seed: int) -> list[int]:
    """Reports and then takes every case some steps further; returns the incidents' ids."""
    draw = random.Random(seed)
    ids = []
    for number in range(steps):
        own = draw.random() < 0.5
        by = town.worker if own else town.resident
        ids.append(told(seed * 10_000 + number, by=by, own=own, far=draw.random() < 0.3))
    drain()
    for _ in range(7):
        for incident in ids:
            if draw.random() < 0.85:
                try:
                    one_step(town, draw, incident, ids)
                except Refused:
                    continue  # somebody else was faster, as in life
        drain()
    return ids


def _person(town: Town, order: WorkOrder) -> Actor:
    return next(
        (actor for actor in (town.worker, town.far, town.officer) if actor.account == order.person_id), SYSTEM
    )


def one_step(town: Town, draw: random.Random, incident: int, ids: list[int]) -> None:
    case = Incident.objects.get(pk=incident)
    luck = draw.random()
    if case.state in OPEN and luck < 0.05:
        actions.void_incident(by=SYSTEM, incident=incident, text="重复登记")
    elif case.state in OPEN and luck < 0.1:
        actions.reclass_incident(
            by=SYSTEM, incident=incident, class_code="trf.road" if luck < 0.07 else "sr.litter"
        )
    elif case.state in ("filed", "working") and luck < 0.14:
        others = [one for one in ids if one != incident]
        actions.merge_incident(by=SYSTEM, incident=incident, into=draw.choice(others), text="同一件事")
    elif case.state == "merged" and luck < 0.5:
        actions.unmerge_incident(by=SYSTEM, incident=incident, text="并错了")
    elif case.state == "reported":
        if luck < 0.3:
            actions.decline_incident(by=SYSTEM, incident=incident, text="不属于受理范围")
        else:
            actions.file_incident(by=SYSTEM, incident=incident, class_code="sr.litter")
    elif case.state == "checking":
        actions.check_incident(
            by=town.checker if luck < 0.5 else SYSTEM, incident=incident, passed=luck < 0.75, text="看过"
        )
    elif case.state == "closed":
        after_closing(town, draw, case)
    else:
        for order in WorkOrder.objects.filter(subject=case.subject, done_at=None).order_by("id"):
            order_step(town, draw, order)


def order_step(town: Town, draw: random.Random, order: WorkOrder) -> None:
    by, luck = _person(town, order), draw.random()
    if order.state == "dispatched" and luck < 0.15:
        said = Said(reason="not_ours", text="不属于本单位职责", files=(1,))
        dispatch.return_order(by=by, order=order.pk, said=said, propose="430181-ZJ")
    elif order.state == "dispatched":
        dispatch.accept_order(by=by, order=order.pk)
    elif order.state in ("disputed", "raised"):
        dispatch.dispatch_order(
            by=SYSTEM, order=order.pk, to=Assignee("430181-ZJ"), said=Said(text="改派", reason="basis")
        )
    elif order.state == "accepted" and order.kind == "incident.confirm":
        actions.confirm_incident(by=SYSTEM, order=order.pk, found=luck < 0.8, text="到场看过")
    elif order.state == "accepted" and luck < 0.15 and by is not SYSTEM:
        until = timezone.now() + timedelta(days=20)
        ask = dispatch.ask_for_time(
            by=by, order=order.pk, what="suspend", reason="等审批", ground="budget", until=until
        )
        dispatch.decide_ask(by=SYSTEM, ask=ask.pk, granted=True, decision="同意")
    elif order.state == "accepted" and order.kind == "incident.handle":
        dispatch.handle_order(by=by, order=order.pk, outcome="已清理")


def after_closing(town: Town, draw: random.Random, case: Incident) -> None:
    luck = draw.random()
    report = Report.objects.filter(incident=case).order_by("id").first()
    if luck < 0.5 and report is not None:
        actions.rate_incident(
            by=town.resident, report=report.pk, resolved=luck < 0.35, stars=draw.randint(1, 5)
        )
    elif luck < 0.6:
        actions.reopen_incident(by=SYSTEM, incident=case.pk, text="又出现了")
