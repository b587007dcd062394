"""Dwellings and households."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from linli.areas import queries as areas
from linli.areas.rules import COLUMNS, codes_of
from linli.kernel import Refused
from linli.kernel.actor import Actor, require
from linli.kernel.ledger.actions import record
from linli.people import rules
from linli.people.actions.events import move_in
from linli.people.actions.persons import CLERK, codes_from, locked_household, require_register
from linli.people.models import Dwelling, Household, Member, Person


@transaction.atomic
def add_household(
    *, by: Actor, address: str, lon: float | None = None, lat: float | None = None, source_crs: str = "wgs84",
    area: str = "", kind: str = "registered", number: str = "", dwelling: int | None = None,
    door_hint: str = "", demo: bool = False,
) -> Household:  # fmt: skip
    """A household in a new dwelling (a point or an area code is needed), or a further one in `dwelling`."""
    home = Dwelling.objects.filter(pk=dwelling).first() if dwelling is not None else None
    if dwelling is not None and home is None:
        raise Refused("没有这处住所。", code="no_dwelling", status=404)
    place = areas.located(lon, lat, source_crs=source_crs, code=area)
    codes = {name: getattr(home, name) if home else place[name] for name in codes_from(None)}
    where = codes["grid"] or codes["community"] or codes["street"] or codes["county"]
    wrong = _household_faults(address if home is None else "有", where, kind, area)
    if wrong:
        raise Refused("住户信息有误，请按提示改正。", code="wrong_household", fields=wrong)
    require_register(by, where)
    if home is None:
        home = Dwelling.objects.create(
            address=address.strip()[:200], door_hint=door_hint.strip()[:200], demo=demo, **place
        )
    try:
        with transaction.atomic():
            row = Household.objects.create(
                dwelling=home, kind=kind, number=number.strip()[:32], demo=demo, **codes
            )
    except IntegrityError as why:
        said = "本村（社区）已有这个户号，请核对"
        raise Refused(f"{said}。", code="number_taken", fields={"number": [said]}, status=409) from why
    record(
        subject=f"people.household:{row.pk}",
        verb="add_household",
        by=by,
        fields={"kind": kind, "area": where},
    )
    return row


def _household_faults(address: str, where: str, kind: str, area: str) -> dict[str, list[str]]:
    wrong = {}
    if not address.strip():
        wrong["address"] = ["请填写地址"]
    if len(where) < 12 or (area and not areas.area_exists(area)):
        wrong["area"] = ["请选择网格，或在地图上点出住所的位置"]
    if kind not in rules.HOUSEHOLD_KINDS:
        wrong["kind"] = ["请选择住户类型"]
    return wrong


@transaction.atomic
def correct_dwelling(
    *, by: Actor, household: int, address: str, lon: float | None = None, lat: float | None = None,
    source_crs: str = "wgs84", area: str = "", door_hint: str | None = None,
) -> Household:  # fmt: skip
    """Puts an address or position right; households and people in the dwelling follow it to its grid."""
    row = locked_household(household)
    require(by, "people.change", area=row.area)
    home = Dwelling.objects.select_for_update().get(pk=row.dwelling_id)
    if lon is not None or area:
        for name, value in areas.located(lon, lat, source_crs=source_crs, code=area or row.area).items():
            setattr(home, name, value)
    if wrong := _household_faults(address, home.area, row.kind, area):
        raise Refused("住所信息有误，请按提示改正。", code="wrong_dwelling", fields=wrong)
    require(by, "people.change", area=home.area)
    home.address = address.strip()[:200]
    if door_hint is not None:
        home.door_hint = door_hint.strip()[:200]
    home.save()
    codes = codes_from(home)  # type: ignore[arg-type]
    Household.objects.filter(dwelling=home).update(**codes)
    Person.objects.filter(memberships__household__dwelling=home, memberships__until=None).update(**codes)
    record(subject=f"people.household:{row.pk}", verb="correct_dwelling", by=by, fields={"area": home.area})
    row.refresh_from_db()
    return row


@transaction.atomic
def set_head(*, by: Actor, household: int, person: int) -> Household:
    """Makes a member the head of their household."""
    row = locked_household(household)
    require(by, "people.change", area=row.area)
    if not row.members.filter(person=person, until=None).exists():
        said = "户主须是本户现有成员"
        raise Refused(f"{said}。", code="not_a_member", fields={"person": [said]})
    row.head_id = person
    row.save(update_fields=["head"])
    record(subject=f"people.household:{row.pk}", verb="set_head", by=by, fields={"person": person})
    return row


@transaction.atomic
def close_household(*, by: Actor, household: int, why: str, text: str, into: int | None = None) -> Household:
    """销户, by a community clerk: nobody lives here any more, or (`merged`) everybody belongs to the household `into`.

    Members are moved out, or registered dead, one by one before, since each of them goes somewhere; a merger takes
    them along. Notes and events stay readable. Raises Refused 403, 404, 409 (somebody still lives here), 422.
    """
    first, second = sorted({household, into or household})[0], max(household, into or household)
    rows = {pk: locked_household(pk) for pk in dict.fromkeys((first, second))}
    row, target = rows[household], rows[into] if into and into != household else None
    require(by, CLERK, area=row.area)
    wrong: dict[str, list[str]] = {}
    if why not in rules.CLOSINGS:
        wrong["why"] = ["请选择销户原因：" + "、".join(rules.CLOSINGS.values())]
    if not text.strip():
        wrong["text"] = ["请写明依据，例如迁移证、拆迁协议的编号"]
    if (why == "merged") != (target is not None):
        wrong["into"] = ["请填写并入哪一户的编号"] if why == "merged" else ["只有并入他户时才填写"]
    if wrong:
        raise Refused("销户信息有误，请按提示改正。", code="wrong_closing", fields=wrong)
    members = list(row.members.filter(until=None).select_related("person").order_by("id"))
    if members and target is None:
        said = f"还有 {len(members)} 名成员，请先逐人登记迁出或死亡"
        raise Refused(f"{said}。", code="not_empty", fields={"why": [said]}, status=409)
    if target is not None:
        require(by, CLERK, area=target.area)
        for member in members:
            move_in(
                by=by,
                household=target.pk,
                person=member.person_id,
                relation=member.relation if member.relation != "户主" else "其他",
                evidence=text,
            )
    Household.objects.filter(pk=row.pk).update(
        closed=timezone.now(), closed_why=why, merged_into=target, head=None
    )
    fields = {"why": why, "into": target.pk if target else 0, "text": text.strip()[:200]}
    record(subject=f"people.household:{row.pk}", verb="close_household", by=by, fields=fields)
    row.refresh_from_db()
    return row


def relocate(*, by: Actor, area: str) -> int:
    """After boundaries below `area` changed: dwellings with a point follow it into their new grid, people with them.

    A dwelling known only by its area stays where it was put. Returns how many dwellings moved.
    """
    require(by, "areas.import", area=area)
    column = COLUMNS[len(area)]
    rows = list(
        Dwelling.objects.filter(**{column: area}, lon__isnull=False).values_list("pk", "lon", "lat", "grid")
    )
    found = areas.finder().find_many([lon for _, lon, _, _ in rows], [lat for _, _, lat, _ in rows])
    homes: dict[str, list[int]] = {}
    for (pk, _lon, _lat, grid), now in zip(rows, found, strict=True):
        if now and now != grid:
            homes.setdefault(now, []).append(pk)
    for grid, dwellings in homes.items():
        _move_codes(grid, dwellings)
    moved = sum(map(len, homes.values()))
    if moved:
        record(subject=f"areas.area:{area}", verb="relocate", by=by, fields={"dwellings": moved})
    return moved


@transaction.atomic
def _move_codes(grid: str, dwellings: list[int]) -> None:
    codes = codes_of(grid)
    Dwelling.objects.filter(pk__in=dwellings).update(**codes)
    Household.objects.filter(dwelling__in=dwellings).update(**codes)
    living = Member.objects.filter(household__dwelling__in=dwellings, until=None).values("person")
    Person.objects.filter(pk__in=living).update(**codes)
