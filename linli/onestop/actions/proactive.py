"""免申即享: drafts made ready by a birthday, offered, and answered by the person. Silence never becomes a yes."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from linli.areas import queries as areas
from linli.dispatch.actions import Assignee, Said, cancel_order, handle_order
from linli.dispatch.models import WorkOrder
from linli.kernel import Refused
from linli.kernel.actor import SYSTEM, Actor, can, require
from linli.kernel.ledger.actions import record
from linli.kernel.notify.actions import notify
from linli.onestop import orders, placing, proactive, signing
from linli.onestop.actions import steps
from linli.onestop.actions.drafts import Given, save_draft, submit, version_for, withdraw_application
from linli.onestop.models import Application, Entitlement, Item, Offer
from linli.onestop.queries import items_in_force
from linli.onestop.rules import OPEN
from linli.people import actions as people
from linli.people.models import Consent, Person
from linli.people.queries import home_of

DRAFTS = uuid.UUID("6f1f6a2e-9f55-4f0e-9d2c-8f0c5f0c80aa")  # names a draft by rule, person and turn
AUTHORITY = "免申即享：系统备好草稿，须本人确认"


@transaction.atomic
def offer_for_age(*, person: int, age: int, on: date) -> list[Offer]:
    """AgeReached: what the rules in force on the day call for, once a rule and person. Returns offers made now."""
    row = Person.objects.select_for_update().filter(pk=person, died=None, merged_into=None).first()
    if row is None:
        return []
    made = [_offer(row, rule, on) for rule in proactive.for_age(age, on)]
    return [one for one in made if one is not None]


def _offer(person: Person, rule: proactive.Rule, on: date) -> Offer | None:
    item = Item.objects.filter(code=rule.item, pk__in=items_in_force().values("item")).first()
    if item is None or Offer.objects.filter(rule=rule.code, person=person).exists():
        return None
    why = proactive.held_back(rule, _granted(person)) or _applying(person, rule.item)
    codes = {name: getattr(person, name) for name in ("grid", "community", "street", "county")}
    offer = Offer(
        rule=rule.code, edition=rule.edition, item=item, person=person, on=on, why=why[:200],
        state="excluded" if why else "open", until=_until(rule), **codes,
    )  # fmt: skip
    offer.save()
    _recorded(SYSTEM, offer, "make_offer")
    if offer.state == "open":
        _prepare(offer, rule)
    return offer


def _until(rule: proactive.Rule) -> date:
    return timezone.localdate() + timedelta(days=rule.answer_days)


def _granted(person: Person) -> set[str]:
    """Items somebody lives on today, by themselves or with their household."""
    home = home_of(person)
    theirs = Q(person=person) | Q(household=home.household_id if home else None, household__isnull=False)
    rows = Entitlement.objects.filter(theirs, months__contains=timezone.localdate())
    return set(rows.values_list("item__code", flat=True))


def _applying(person: Person, item: str) -> str:
    open_ones = Application.objects.filter(person=person, item__code=item, state__in=OPEN)
    return "本人已在申请" if open_ones.exists() else ""


def _recorded(by: Actor, offer: Offer, verb: str, **more: object) -> None:
    fields = {"offer": offer.pk, "rule": offer.rule, "edition": offer.edition, "state": offer.state, **more}
    record(subject=offer.subject, verb=f"onestop.{verb}", by=by, fields=fields)


def _prepare(offer: Offer, rule: proactive.Rule) -> None:
    """The draft, from what people knows; and the question, to the account, the phone, or the door."""
    offer.application_id = _draft(offer, rule).pk
    offer.save(update_fields=["application"])
    _tell(offer, "onestop.offered", f"offer:{offer.pk}:{offer.turn}", rule=rule.zh, until=_day(offer.until))
    if _asker(offer.person) is None:
        ask_at_door(offer)


def _draft(offer: Offer, rule: proactive.Rule) -> Application:
    given = Given(form={"说明": rule.zh, "联系电话": offer.person.phone})
    sent = uuid.uuid5(DRAFTS, f"{offer.rule}:{offer.person_id}:{offer.turn}")
    made = save_draft(
        by=SYSTEM, item=rule.item, person=offer.person_id, given=given, client_uuid=str(sent),
        channel="proactive", authority=AUTHORITY,
    )  # fmt: skip
    return Application.objects.get(pk=made.application)


def _asker(person: Person) -> int | None:
    """The account that can answer: the person's own, or a child's guardian's."""
    signer = signing.signer_of(person)
    return signer.account_id if signer else None


def _day(on: date) -> str:
    return f"{on.month} 月 {on.day} 日"


def _tell(offer: Offer, template: str, key: str, **more: str) -> None:
    person = offer.person
    to: int | str | None = _asker(person) or person.phone or None
    if to is None or person.died is not None:
        return
    notify(
        to=to,
        template=template,
        context={"item": offer.item.name, **more},
        subject=offer.subject,
        client_key=key,
    )


def ask_at_door(offer: Offer) -> WorkOrder | None:
    """An order for the grid worker, else the village, to ask in person; None while one is open."""
    person, rule = offer.person, proactive.rule_of(offer.rule)
    where = placing.place("village.committee", person.area)
    worker = areas.keepers(person.grid).get("worker") if person.grid else None
    to = Assignee(where.unit, worker or where.holder) if where.unit else None
    words = f"{rule.zh if rule else offer.item.name}。请当面说清楚，问本人愿不愿意；愿意的请本人在确认书上签字并拍照。"
    return orders.ask(offer.subject, f"上门告知：{offer.item.name}", words, person, to)


def _locked(offer: int) -> Offer:
    rows = Offer.objects.select_for_update(of=("self",)).select_related("person", "item")
    row = rows.filter(pk=offer).first()
    if row is None:
        raise Refused("没有这项提示。", code="no_offer", status=404)
    return row


def _way(by: Actor, offer: Offer, door: bool) -> str:
    """How the answer came. Raises Refused 403 for whoever is neither the person nor there with them."""
    if by.account is not None and by.account == offer.person.account_id:
        return "account"
    guardian = signing.guardian_of(offer.person) if signing.is_child(offer.person) else None
    if by.account is not None and guardian and guardian.account_id == by.account:
        return "guardian"
    require(by, "onestop.assist", area=offer.area, subject=offer.subject)
    if by.account is None:
        raise Refused("须由本人答复，或由工作人员当面记录本人的答复。", code="not_yours", status=403)
    return "door" if door else "window"


@transaction.atomic
def accept_offer(
    *, by: Actor, offer: int, files: Sequence[int] = (), door: bool = False, at: datetime | None = None
) -> Offer:  # fmt: skip
    """本人确认: the consent is signed and the draft handed in as any other case. Twice: the first answer.

    By the person's own account (a child's guardian's), or by who may assist there, in the person's presence and with
    a photograph of their signature. Raises Refused 403, 404, 409, 422 (`incomplete` where papers are wanting).
    """
    row = _locked(offer)
    way = _way(by, row, door)
    if row.state == "confirmed":
        return row
    _must_be_open(row)
    rule = proactive.rule_of(row.rule)
    if row.application is None or row.application.state != "draft":
        row.turn += 1
        row.application = _draft(row, rule) if rule else None
    if way in ("door", "window") and not files:
        raise Refused(
            "请拍下本人签字的确认书。", code="no_sheet", fields={"photos": ["请拍下本人签字的确认书"]}
        )
    case = row.application
    if case is None:
        raise Refused("这项提示的规则已停用，请按普通申请办理。", code="no_rule", status=409)
    steps.keep_files(by, case, files)
    row.consent = _consent(by, row, way, files)
    speaker = by if way in ("account", "door", "window") else SYSTEM
    row.application = submit(by=speaker, application=case.pk, signed=True, at=at)
    return _answered(by, row, "confirmed", way, at)


def _consent(by: Actor, offer: Offer, way: str, files: Sequence[int]) -> Consent:
    held = signing.consent_of(offer.person_id)
    if held is not None:
        return held
    words = {"account": "本人账号确认", "guardian": "监护人账号确认"}.get(way, "当面签字确认")
    return people.give_consent(
        by=by if way == "account" else SYSTEM, person=offer.person_id, purpose=signing.PURPOSE, files=files,
        given_by="guardian" if signing.is_child(offer.person) else "self",
        evidence=f"{words}（免申即享：{offer.item.name}）",
    )  # fmt: skip


def _must_be_open(row: Offer) -> None:
    if row.state != "open":
        said = dict(Offer._meta.get_field("state").choices or ())[row.state]
        raise Refused(f"这项提示现在是“{said}”，不能再答。", code="moved_on", status=409)


def _answered(by: Actor, row: Offer, state: str, way: str, at: datetime | None) -> Offer:
    row.state, row.how, row.answered_at, row.recorded_by_id = state, way, steps.moment(at), by.account
    row.save()
    _recorded(by, row, "answer_offer", how=way)
    _close_ask(by, row, "愿意，已代为申请" if state == "confirmed" else "本人不需要")
    return row


def _close_ask(by: Actor, offer: Offer, words: str) -> None:
    """Whoever was sent to ask has the answer; anybody else who was on the way is called back."""
    order = orders.open_order(offer.subject)
    if order is None:
        return
    if by.kind != "system" and orders.take(by, order):
        handle_order(by=by, order=order.pk, outcome=words, said=Said(public=False))
    else:
        cancel_order(by=SYSTEM, order=order.pk, said=Said(text=words, reason="answered"))


@transaction.atomic
def decline_offer(*, by: Actor, offer: int, door: bool = False, at: datetime | None = None) -> Offer:
    """不需要: kept, the draft is put away, nobody asks again unless the person wishes (`reopen_offer`)."""
    row = _locked(offer)
    way = _way(by, row, door)
    if row.state == "declined":
        return row
    _must_be_open(row)
    _put_away(row, "本人表示不需要")
    return _answered(by, row, "declined", way, at)


def _put_away(row: Offer, why: str) -> None:
    if row.application is not None and row.application.state == "draft":
        withdraw_application(by=SYSTEM, application=row.application_id or 0, reason=why)


@transaction.atomic
def reopen_offer(*, by: Actor, offer: int) -> Offer:
    """The person wants it after all: offered anew for the full time. Raises Refused 403, 404, 409."""
    row = _locked(offer)
    _way(by, row, False)
    rule = proactive.rule_of(row.rule)
    if row.state not in ("declined", "lapsed") or rule is None or not rule.in_force(timezone.localdate()):
        raise Refused("这项现在不能重新提出，请按普通申请办理。", code="moved_on", status=409)
    if why := proactive.held_back(rule, _granted(row.person)) or _applying(row.person, rule.item):
        raise Refused(f"{why}，不用再办。", code="has_it", status=409)
    version_for(rule.item)
    row.state, row.how, row.answered_at, row.turn, row.until = "open", "", None, row.turn + 1, _until(rule)
    row.application = _draft(row, rule)
    row.save()
    _recorded(by, row, "reopen_offer")
    return row


def lapse_offers(today: date | None = None) -> int:
    """Offers nobody answered in time: put away, with a word that it may be applied for at any time."""
    day, done = today or timezone.localdate(), 0
    for number in Offer.objects.filter(state="open", until__lt=day).values_list("pk", flat=True):
        with transaction.atomic():
            row = _locked(number)
            if row.state != "open" or row.until >= day:
                continue
            _put_away(row, "逾期未答复")
            row.state = "lapsed"
            row.save(update_fields=["state"])
            _recorded(SYSTEM, row, "lapse_offer")
            _close_ask(SYSTEM, row, "提示已到期")
            _tell(row, "onestop.offer_lapsed", f"lapse:{row.pk}:{row.turn}")
            done += 1
    return done


def ask_the_silent(today: date | None = None) -> int:
    """Who has an account but has not looked for a while is asked at the door, once a turn."""
    day, sent = today or timezone.localdate(), 0
    for row in Offer.objects.filter(state="open").select_related("person", "item")[:2000]:
        rule = proactive.rule_of(row.rule)
        if rule is None or day <= row.until - timedelta(days=rule.answer_days - rule.door_days):
            continue
        if not WorkOrder.objects.filter(subject=row.subject).exists():
            sent += ask_at_door(row) is not None
    return sent


def void_offers(*, person: int) -> int:
    """A death: nothing is offered any more, nobody is sent to the door."""
    done = 0
    for number in Offer.objects.filter(person=person, state="open").values_list("pk", flat=True):
        with transaction.atomic():
            row = _locked(number)
            row.state = "void"
            row.save(update_fields=["state"])
            _close_ask(SYSTEM, row, "不再需要")
            done += 1
    return done


def may_answer(by: Actor, offer: Offer) -> bool:
    """Whether the caller answers for themselves or records the answer of somebody in front of them."""
    if by.account is not None and by.account == _asker(offer.person):
        return True
    return can(by, "onestop.assist", area=offer.area, subject=offer.subject)
