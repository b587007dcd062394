"""A handful of cases of the one-stop service in several states, brought there by the staff through the real actions."""

import io
import uuid
from dataclasses import dataclass

from PIL import Image, ImageDraw

from linli.demo.residents import known
from linli.dispatch.actions import accept_order
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.actor import Actor
from linli.kernel.files.actions import store_file
from linli.kernel.identity.models import Account
from linli.onestop import actions
from linli.onestop.models import Application, Entitlement, Survey, Task, Transfer
from linli.people.models import Person
from linli.publicity import actions as publicity
from linli.publicity.models import Notice, Posting

COUNTY, FEN = "430181", 150_000


@dataclass(frozen=True, slots=True)
class Plan:
    """One case: what, for whom, how far it is brought. `until`: submitted, accepted, posted, paid or refused."""

    item: str
    who: str
    until: str
    story: str
    papers: tuple[str, ...] = ()
    disabled: bool = False


PLANS = (
    Plan("MZ-010", "old", "accepted", "肢体重度残疾，需要人护理", disabled=True),
    Plan("MZ-001", "lame", "posted", "夫妻体弱，收入不够看病", ("INC",), disabled=True),
    Plan("MZ-006", "flood", "paid", "家中失火，暂时没有住处", ("PROOF",)),
    Plan("MZ-006", "again", "refused", "手机丢了，请求救助", ("PROOF",)),
    Plan("MZ-001", "ill", "accepted", "常年吃药，孩子还在上学", ("INC",)),
    Plan("MZ-001", "fit", "submitted", "工厂停工，暂时没有收入", ("INC",)),
    Plan("GA-001", "aged", "submitted", "旧证快到期", ()),
)


class Counter:
    """The windows and desks of the demo town. Each step does one thing that somebody would do next."""

    def __init__(self) -> None:
        self.people = {plan.who: known(plan.who) for plan in PLANS}
        self.left = [plan for plan in PLANS if self.people[plan.who] is not None]

    def step(self) -> str:
        """One act; returns its name, "" when nobody has anything to do just now (departments may still be asked)."""
        for plan in tuple(self.left):
            person = self.people[plan.who]
            assert person is not None
            try:
                act = self._next(plan, person)
            except Refused:
                self.left.remove(plan)  # somebody else was at it: theirs counts
                continue
            if act:
                return act
        return ""

    def _next(self, plan: Plan, person: Person) -> str:
        row = Application.objects.filter(item__code=plan.item, person=person).order_by("id").last()
        if row is None:
            return _hand_in(plan, person)
        if row.state == plan.until or row.state not in ("submitted", "accepted", "approved"):
            self.left.remove(plan)
            return ""
        if row.state == "submitted":
            return _accept(row)
        if row.state == "approved":
            return self._pay(plan, row)
        posted = Task.objects.filter(application=row, kind="publicity").exclude(posted_at=None).exists()
        if posted:
            self.left.remove(plan)
            return ""
        return _work(plan, row)

    def _pay(self, plan: Plan, row: Application) -> str:
        grant = Entitlement.objects.get(decision__application=row)
        paid = Transfer.objects.filter(entitlement=grant).exists()
        if paid:
            self.left.remove(plan)
            return ""
        maker, checker = (_holder("finance", number) for number in (0, 1))
        batch = actions.make_batch(by=maker, item=plan.item, month=grant.first, area=COUNTY)
        actions.check_batch(by=checker, batch=batch.pk)
        actions.disburse_funds(by=maker, batch=batch.pk)
        lines = [
            f"{one.ref},{one.fen // 100}.{one.fen % 100:02d},00"
            for one in Transfer.objects.filter(batch=batch)
        ]
        actions.read_bank_return(by=checker, batch=batch.pk, content="\r\n".join(lines).encode())
        return "pay"


def _actor(account: int | None) -> Actor:
    row = Account.objects.get(pk=account)
    return actor_for(row.pk, name=row.name)


def _holder(role: str, number: int) -> Actor:
    rows = Grant.objects.filter(role=role, valid_to=None, account__demo=True).order_by("account")
    return _actor(rows.values_list("account", flat=True)[number])


def _window() -> Actor:
    return _actor(Account.objects.values_list("pk", flat=True).get(username="window"))


def _picture(words: str) -> bytes:
    """A page that says it is a demonstration; no two alike."""
    page = Image.new("RGB", (640, 480), "white")
    drawn = ImageDraw.Draw(page)
    drawn.rectangle((24, 24, 616, 456), outline="black", width=3)
    mark = uuid.uuid5(uuid.NAMESPACE_OID, words).int
    for at in range(48):
        drawn.rectangle((60 + at % 12 * 44, 90 + at // 12 * 80, 90 + at % 12 * 44, 130 + at // 12 * 80),
                        fill="gray" if mark >> at & 1 else "white")  # fmt: skip
    drawn.text((40, 40), "DEMO", fill="black")
    out = io.BytesIO()
    page.save(out, "JPEG", quality=85)
    return out.getvalue()


def _photo(by: Actor, words: str) -> tuple[int, uuid.UUID]:
    sent = uuid.uuid5(uuid.NAMESPACE_OID, f"demo:{by.ref}:{words}")
    made = store_file(by=by, name="演示材料.jpg", data=_picture(words), client_uuid=sent)
    return made.pk, made.key


def _hand_in(plan: Plan, person: Person) -> str:
    """By the resident's own account where they have one, else at the window, as they say it."""
    own = person.account_id is not None
    by = _actor(person.account_id) if own else _window()
    form = {"说明": plan.story, "承诺": "是", "bank_account": f"62170000000{person.pk:05d}"}
    draft = actions.save_draft(
        by=by, item=plan.item, person=person.pk, channel="self" if own else "window",
        authority="" if own else "本人到窗口口述",
        given=actions.Given(
            form=form, facts={},
            members={person.pk: {"disability_cert": True}} if plan.disabled else None,
            papers={code: [_photo(by, f"{plan.item}{plan.who}{code}")[0]] for code in plan.papers},
        ),
    )  # fmt: skip
    actions.submit(by=by, application=draft.application, signed=True, despite_missing=True)
    return "apply"


def _accept(row: Application) -> str:
    """When every department has answered; until then it lies at the window, as it would."""
    if row.slots.filter(way="share", state="waiting").exists():
        return ""
    task = row.tasks.get(step="accept", state="open")
    if task.holder_id is None:
        return ""
    actions.accept(by=_actor(task.holder_id), application=row.pk)
    return "accept_case"


def _work(plan: Plan, row: Application) -> str:
    """The first open task that somebody can do now. A case that is to stay under way keeps what is left."""
    for task in row.tasks.filter(state="open").order_by("stage", "id"):
        if task.holder_id is None:
            continue
        if plan.until == "accepted" and (task.branch or task.kind == "external" or task.step == "first"):
            continue
        by = _actor(task.holder_id)
        if task.kind == "publicity":
            return _post(by, row, task)
        if task.step == "decide":
            return _decide(plan, by, task)
        survey = Survey.objects.filter(task=task).exclude(first_signed_at=None).first()
        if survey is not None:
            actions.sign_survey(by=_actor(survey.second_id), task=task.pk)
            return "sign_survey"
        actions.do_task(by=by, task=task.pk, finding="经核实，情况属实", survey=_surveyed(task))
        return "work_case"
    return ""


def _surveyed(task: Task) -> actions.Surveyed | None:
    if task.min_people < 2:
        return None
    mates = Grant.objects.filter(role="officer", unit=task.unit, valid_to=None).exclude(
        account=task.holder_id
    )
    second = mates.order_by("account").values_list("account", flat=True)[0]
    told = {"住房": "自建平房，两间", "收入": "务农，偶有零工"}
    return actions.Surveyed(second=second, answers=told, place="家中", signed=True)


def _post(by: Actor, row: Application, task: Task) -> str:
    """Ordered by the town, hung and photographed by whoever got the order."""
    if not task.publicity:
        actions.publish_results(by=by, application=row.pk)
        return "publish"
    notice = Notice.objects.filter(subject=row.subject).latest("id")
    posting = Posting.objects.filter(notice=notice, posted_at=None).select_related("order").first()
    if posting is None or posting.order is None or posting.order.person_id is None:
        return ""
    keeper = _actor(posting.order.person_id)
    if posting.order.state == "dispatched":
        accept_order(by=keeper, order=posting.order_id)
    publicity.confirm_posted(
        by=keeper, order=posting.order_id, keys=[_photo(keeper, f"posting{posting.pk}")[1]]
    )
    return "post"


def _decide(plan: Plan, by: Actor, task: Task) -> str:
    if plan.until == "refused":
        actions.refuse(
            by=by, task=task.pk, reason="财物遗失不属于突发的急难情形，本人现有工资收入可以维持基本生活",
            basis="社会救助暂行办法（国务院令第649号）第四十七条",
        )  # fmt: skip
        return "refuse"
    actions.approve(by=by, task=task.pk, fen=FEN)
    return "approve"
