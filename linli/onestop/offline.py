"""What a surveyor's phone may do without a network in this room: the record of a home visit, an inspection, a recheck."""

from dataclasses import replace
from typing import Any

from django.utils import timezone

from linli.dispatch import offline as orders
from linli.dispatch.actions import Said, handle_order
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.web.sync import OfflineField, OfflineItem, OfflineKind, register_offline
from linli.onestop import actions
from linli.onestop.actions import Surveyed
from linli.onestop.surveying import QUESTIONS, answers_of

OPINION = OfflineField("意见", "choice", required=True, options=(("agree", "属实"), ("disagree", "不属实")))
FINDING = OfflineField("查到的情况", required=True, most=2000)
REASON = OfflineField("不属实的理由", most=2000)
SURVEY = {
    "order": orders.NUMBER,
    "second": OfflineField("另一名调查人员（账号）", "number", required=True),
    "answers": OfflineField("调查记录", "record"),
    **{name: OfflineField(words, most=2000) for name, words in QUESTIONS},
    "place": OfflineField("地点", most=200),
    "signed": OfflineField("被调查人已签字", "flag"),
    "crew_signed": OfflineField("我已签字", "flag", required=True),
    "remote": OfflineField("电话或视频调查的原因", most=200),
    "opinion": OPINION,
    "finding": FINDING,
    "reason": REASON,
}
PLAIN = {"order": orders.NUMBER, "opinion": OPINION, "finding": FINDING, "reason": REASON}


def _moment(item: OfflineItem) -> Any:
    """The phone's time once its clock is put right; an absurd clock counts from the arrival."""
    return timezone.now() if item.taken.flagged else item.taken.at


def _words(item: OfflineItem, name: str) -> str:
    return str(item.data.get(name) or "")


def _survey(by: Actor, order: WorkOrder, item: OfflineItem, said: Said) -> None:
    second = item.data["second"]
    if int(second) != second:
        raise Refused("请填写另一名调查人员。", code="wrong_second", fields={"second": ["账号应为整数"]})
    survey = Surveyed(
        second=int(second), answers=answers_of(item.data), place=_words(item, "place"),
        signed=bool(item.data.get("signed")), remote=_words(item, "remote"),
        crew_signed=bool(item.data.get("crew_signed")),
        lon=item.position[0] if item.position else None, lat=item.position[1] if item.position else None,
    )  # fmt: skip
    _record(by, order, item, survey)


def _inspect(by: Actor, order: WorkOrder, item: OfflineItem, said: Said) -> None:
    _record(by, order, item, None)


def _record(by: Actor, order: WorkOrder, item: OfflineItem, survey: Surveyed | None) -> None:
    actions.record_fieldwork(
        by=by, order=order.pk, opinion=item.data["opinion"], finding=item.data["finding"],
        reason=_words(item, "reason"), survey=survey, at=_moment(item),
    )  # fmt: skip


def _recheck(by: Actor, order: WorkOrder, item: OfflineItem, said: Said) -> None:
    handle_order(by=by, order=order.pk, outcome=item.data["finding"], said=replace(said, text=""))


def register() -> None:
    register_offline(
        OfflineKind("onestop.survey", "入户调查", SURVEY, orders.queued(_survey, title="入户调查", phase="after")),
        OfflineKind("onestop.inspect", "到场查验", PLAIN, orders.queued(_inspect, title="到场查验", phase="after")),
        OfflineKind("onestop.recheck", "动态复核", PLAIN, orders.queued(_recheck, title="动态复核", phase="after")),
    )  # fmt: skip
