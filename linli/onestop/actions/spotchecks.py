"""抽查: at least 30 % of what was decided, drawn so that anybody can draw it again, visited and put on record."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.db import transaction

from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.deadlines.workdays import SHANGHAI
from linli.kernel.ledger.actions import record
from linli.kernel.ledger.models import Head
from linli.onestop.actions import steps
from linli.onestop.books import terms
from linli.onestop.drawing import drawn_by
from linli.onestop.models import Application, Decision, Item, SpotCheck, SpotResult
from linli.onestop.placing import kept_out_of


@transaction.atomic
def draw_sample(
    *, by: Actor, item: str, area: str, first: date, last: date, percent: int | None = None,
    at: datetime | None = None,
) -> SpotCheck:  # fmt: skip
    """抽取: from all decisions on the item in the area from `first` to `last`; once a period, the first answer stays.

    The seed needs a ledger head from after the period's end, so that nobody could choose whom to decide on.
    Raises Refused 403, 404, 409 (the period still runs, no head yet, nothing decided), 422 (too small a share).
    """
    require(by, "onestop.supervise", area=area)
    now, least = steps.moment(at), terms()["spot_check"]["percent_least"]
    share = least if percent is None else percent
    if not least <= share <= 100:
        raise Refused("抽查比例太低。", code="share", fields={"percent": [f"不低于 {least}%，不高于 100%"]})
    matter = Item.objects.select_for_update().filter(code=item).first()
    if matter is None:
        raise Refused("没有这个事项。", code="no_item", status=404)
    known = SpotCheck.objects.filter(item=matter, area=area, first=first, last=last).first()
    if known is not None:
        return known
    ends = datetime.combine(last + timedelta(days=1), time(), SHANGHAI)
    if last < first or now < ends:
        raise Refused("这段时间还没有结束，不能抽取。", code="not_yet", status=409)
    head = Head.objects.filter(log="county", at__gte=ends).order_by("size").first()
    if head is None:
        raise Refused("台账尚未形成截止后的树根，请稍后再抽。", code="no_head", status=409)
    population = _decided(matter, area, datetime.combine(first, time(), SHANGHAI), ends)
    if not population:
        raise Refused("这段时间没有作出决定的办件。", code="nothing_decided", status=409)
    root = bytes(head.root).hex()
    drawn = drawn_by(head.size, root, population, share)
    row = SpotCheck.objects.create(
        item=matter, area=area, county=area[:6], first=first, last=last, percent=share, log_size=head.size,
        log_root=root, cut_off=ends, population=sorted(population), population_hash=drawn.population_hash,
        seed=drawn.seed, sample=list(drawn.sample), by_id=by.account,
    )  # fmt: skip
    fields = {"item": item, "population": drawn.population_hash, "of": len(population), "seed": drawn.seed,
              "drawn": len(drawn.sample), "head": head.size}  # fmt: skip
    record(subject=row.subject, verb="onestop.draw_sample", by=by, fields=fields)
    return row


def _decided(matter: Item, area: str, since: datetime, until: datetime) -> list[str]:
    column = {6: "county", 9: "street", 12: "community", 15: "grid"}[len(area)]
    where = {"application__item": matter, f"application__{column}": area, "at__gte": since, "at__lt": until}
    return list(Decision.objects.filter(**where).values_list("application__number", flat=True))


@transaction.atomic
def record_spot_result(
    *, by: Actor, spot_check: int, application: str, sound: bool, note: str, files: Sequence[int] = (),
    at: datetime | None = None,
) -> SpotResult:  # fmt: skip
    """登记抽查结果 of one drawn case, by its number; by nobody who worked on it or is kin. Recorded once.

    Raises Refused 403, 404, 409, 422.
    """
    row = SpotCheck.objects.select_for_update().filter(pk=spot_check).first()
    if row is None or application not in row.sample:
        raise Refused("这个办件不在抽查名单内。", code="not_drawn", status=404)
    case = Application.objects.get(number=application)
    require(by, "onestop.supervise", area=case.area, subject=case.subject)
    worked = set(case.tasks.values_list("done_by", flat=True)) | {case.decision.by_id}
    if by.account is not None and by.account in worked | kept_out_of(case):
        raise Refused("经办过本办件或与当事人有利害关系的，不能抽查。", code="kin", status=403)
    if row.results.filter(application=case).exists():
        raise Refused("这个办件的抽查结果已经登记。", code="moved_on", status=409)
    said = steps.must_say(note, "note", "请写明抽查的情况")
    steps.keep_files(by, case, files, "files")
    made = SpotResult.objects.create(
        check_of=row,
        application=case,
        sound=sound,
        note=said,
        files=list(files),
        by_id=by.account,
        at=steps.moment(at),
    )
    record(subject=row.subject, verb="onestop.record_spot_result", by=by, personal={"note": said},
           fields={"case": application, "sound": int(sound)})  # fmt: skip
    return made
