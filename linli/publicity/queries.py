"""Every read of the room: what the public may see, what an area's staff may, and what only those who rule may."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from linli.dispatch.models import Move
from linli.kernel import Refused
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import scope_filter, visible_to
from linli.kernel.actor import Actor
from linli.kernel.files.models import Attachment
from linli.publicity import registry, rules
from linli.publicity.codes import code_hash
from linli.publicity.models import Announcement, Notice, Objection, Outage, Posting

VIEW, RULE = "publicity.view", "publicity.rule"
LEVELS = registry.LEVELS


# ---- everybody


def public_notices(area: str = "", kind: str = "") -> QuerySet[Notice]:
    """Notices on the public page: listed, not over; below an area code, of one kind. Never searched by name."""
    rows = Notice.objects.filter(listed=True, state__in=rules.OPEN)
    if area:
        column = {6: "county", 9: "street", 12: "community", 15: "grid"}.get(len(area))
        rows = rows.filter(**{column: area}) if column else rows.none()
    return rows.filter(kind=kind) if kind else rows


def announced(area: str = "") -> QuerySet[Announcement]:
    """Results that stand publicly now."""
    rows = Announcement.objects.filter(until=None).select_related("notice")
    column = {6: "county", 9: "street", 12: "community", 15: "grid"}.get(len(area))
    return rows.filter(**{f"notice__{column}": area}) if column else rows


def public_notice(number: int) -> Notice:
    """One notice for anybody, over or not: what may still be shown of it the page decides. Raises Refused 404."""
    row = Notice.objects.filter(pk=number, listed=True).exclude(state="withdrawn").first()
    if row is None:
        raise Refused("没有这份公示，或它已经撤下。", code="no_notice", status=404)
    return row


def notice_to_object_to(number: int) -> Notice:
    """Also one that hangs on paper only: its sheet carries the address. Raises Refused 404."""
    row = Notice.objects.filter(pk=number).exclude(state="withdrawn").first()
    if row is None:
        raise Refused("没有这份公示，或它已经撤下。", code="no_notice", status=404)
    return row


def announcement_of(notice: Notice) -> Announcement | None:
    return Announcement.objects.filter(notice=notice, until=None).first()


def objection_by_code(code: str) -> Objection:
    """One's own objection, by the code of its receipt. Raises Refused 404."""
    row = Objection.objects.select_related("notice").filter(code_hash=code_hash(code)).first()
    if row is None:
        said = "没有这个查询码，请核对后重新输入"
        raise Refused(f"{said}。", code="no_code", fields={"code": [said]})
    return row


# ---- other rooms


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the publicity of a matter stands: the newest notice of the subject (and kind)."""

    notice: int
    state: str
    outcome: str
    starts: date | None
    ends: date | None
    unruled: int

    @property
    def cleared(self) -> bool:
        """Its days are over and no objection was upheld: what has to wait for publicity may go on."""
        return self.state == "ended" and self.outcome == "none"


def standing(subject: str, kind: str = "") -> Standing | None:
    """None when the subject was never publicised. For rooms: what their own actor may see is theirs to decide."""
    rows = Notice.objects.filter(subject=subject)
    row = (rows.filter(kind=kind) if kind else rows).order_by("-id").first()
    if row is None:
        return None
    unruled = row.objections.filter(late=False, state="open").count()
    return Standing(row.pk, row.state, row.outcome, row.starts, row.ends, unruled)


# ---- staff


def seen(viewer: Actor) -> QuerySet[Notice]:
    """Notices of the viewer's areas and units."""
    return visible_to(viewer, VIEW, Notice.objects.all())


def listed(viewer: Actor) -> QuerySet[Notice]:
    """The staff list: whether something is down, and for those who rule them how many objections wait."""
    down = Exists(Outage.objects.filter(notice=OuterRef("pk"), until=None))
    rows, where = seen(viewer).annotate(down=down), ruling_where(viewer)
    if where is None:
        return rows
    return rows.annotate(waiting=Count("objections", filter=Q(objections__state="open") & where))


def notice_for(viewer: Actor, number: int) -> Notice:
    """One notice. Raises Refused 404 when it is not there for this viewer."""
    row = seen(viewer).filter(pk=number).first()
    if row is None or row.ref in viewer.bars:
        raise Refused("没有这份公示，或您无权查看。", code="no_notice", status=404)
    return row


def postings_of(notice: Notice) -> list[Posting]:
    return list(notice.postings.select_related("order", "end_order").order_by("id"))


def outages_of(notice: Notice) -> list[Outage]:
    return list(notice.outages.select_related("posting").order_by("since"))


def photos_of(notice: Notice) -> list[Attachment]:
    """Photos of its postings and of what was found down, oldest first; for somebody who may see the notice."""
    refs = [f"publicity.posting:{number}" for number in notice.postings.values_list("pk", flat=True)]
    return list(Attachment.objects.filter(subject__in=[*refs, notice.ref], state="ready").order_by("id"))


def moves_of(viewer: Actor, notice: Notice) -> list[Move]:
    """The timeline; what concerns objections only for those who rule them."""
    rows = Move.objects.filter(subject=notice.ref).order_by("id")
    return list(rows if may_rule(viewer, notice) else rows.filter(public=True))


# ---- those who rule objections


def ruling_scopes(viewer: Actor, verb: str = RULE) -> bool:
    """Whether the viewer rules objections anywhere."""
    return viewer.kind == "system" or any(len(scope.area) <= 9 for scope in viewer.scopes(verb))


def ruling_where(viewer: Actor) -> Q | None:
    """The notices whose objections are the viewer's business, as `may_rule` has it for one; None for none."""
    ways = {(kind.ruler, LEVELS[kind.ruled_from]) for kind in registry.kinds().values()} | {(RULE, 9)}
    either: Q | None = None
    for verb, longest in sorted(ways):
        wide = tuple(scope for scope in viewer.scopes(verb) if len(scope.area) <= longest)
        where = scope_filter(Actor(viewer.account, viewer.kind, viewer.name, wide), verb)
        if where is None:
            continue
        where &= _kinds_ruled(verb, longest)
        either = where if either is None else either | where
    if either is None:
        return None
    own = Q(barred__contains=[viewer.account]) if viewer.account is not None else Q(pk=None)
    return either & ~own & ~Q(subject__in=viewer.bars)


def _kinds_ruled(verb: str, longest: int) -> Q:
    """The kinds ruled this way; those no room registers any more are ruled as by default."""
    known = registry.kinds().values()
    mine = [one.code for one in known if (one.ruler, LEVELS[one.ruled_from]) == (verb, longest)]
    if (verb, longest) != (RULE, 9):
        return Q(kind__in=mine)
    return ~Q(kind__in=[one.code for one in known if one.code not in mine])


def may_rule(viewer: Actor, notice: Notice, verb: str = "") -> bool:
    """Whether objections of this notice are the viewer's business: the kind's verb, held wide enough.

    A village never sees the objections against its own lists, whatever role somebody holds there.
    """
    if viewer.kind == "system":
        return True
    kind = registry.kinds().get(notice.kind)
    wanted = verb or (kind.ruler if kind else RULE)
    length = LEVELS[kind.ruled_from] if kind else 9
    if notice.ref in viewer.bars or notice.subject in viewer.bars or viewer.account in notice.barred:
        return False
    return any(
        len(scope.area) <= length and scope.covers(notice.area, notice.unit)
        for scope in viewer.scopes(wanted)
    )


def objections_of(viewer: Actor, notice: Notice) -> list[Objection]:
    """[] for everybody whose business they are not."""
    if not may_rule(viewer, notice):
        return []
    return list(notice.objections.select_related("ruled_by").order_by("-id"))


def objection_for(viewer: Actor, number: int) -> Objection:
    """One objection. Raises Refused 404 when it is not this viewer's business."""
    row = Objection.objects.select_related("notice", "ruled_by").filter(pk=number).first()
    if row is None or not may_rule(viewer, row.notice) or row.ref in viewer.bars:
        raise Refused("没有这件异议，或您无权查看。", code="no_objection", status=404)
    return row


def unruled(viewer: Actor) -> QuerySet[Objection]:
    """Objections that wait for a ruling by the viewer, the most pressing first."""
    where = ruling_where(viewer)
    if where is None:
        return Objection.objects.none()
    rows = Objection.objects.filter(state="open", notice__in=Notice.objects.filter(where))
    return rows.select_related("notice").order_by("due_at", "id")


def rulers(notice: Notice) -> set[int]:
    """Accounts that rule objections of this notice, without those who must not."""
    kind = registry.kinds().get(notice.kind)
    verb, longest = (kind.ruler, LEVELS[kind.ruled_from]) if kind else (RULE, 9)
    now = Q(valid_to=None) | Q(valid_to__gt=timezone.now())
    above = [notice.area[:length] for length in (6, 9, 12) if length <= min(longest, len(notice.area))]
    units = ["", notice.unit] if notice.unit else None
    rows = Grant.objects.filter(now, area__in=above, account__is_active=True).select_related("role")
    rows = rows.filter(unit__in=units) if units else rows
    room = verb.partition(".")[0]
    held = {one.account_id for one in rows if {verb, f"{room}.*", "*"} & set(one.role.verbs)}
    return held - set(notice.barred)
