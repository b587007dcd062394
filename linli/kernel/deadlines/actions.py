"""What an administrator may correct about time."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from linli.kernel import Refused
from linli.kernel.access.rules import Actor, require
from linli.kernel.bus.actions import tell
from linli.kernel.deadlines import queries
from linli.kernel.deadlines.facts import CalendarChanged
from linli.kernel.deadlines.models import STATUSES, CalendarDay, CalendarYear, DutyHours
from linli.kernel.deadlines.workdays import FIRST_YEAR, LAST_YEAR, parse_windows
from linli.kernel.ledger.actions import record

COUNTY_DIGITS = 6


def set_day(
    *, by: Actor, day: date, working: bool, name: str, source: str, status: str = "to_confirm"
) -> CalendarDay:
    """Declares one day worked or not, over library and statute. Refused without a source or out of range."""
    _require_everywhere(by)
    faults = _source_faults(source, status) | _year_faults(day.year, "day")
    if not name.strip():
        faults["name"] = ["请写明这一天的名称，例如“春节调休”。"]
    _refuse(faults)
    with transaction.atomic():
        row, _ = CalendarDay.objects.update_or_create(
            day=day,
            defaults={"working": working, "name": name.strip(), "source": source.strip(), "status": status},
        )
        record(
            subject=f"deadlines.day:{day.isoformat()}",
            verb="deadlines.set_day",
            by=by,
            fields={"working": int(working), "name": row.name, "source": row.source, "status": status},
        )
        said = f"{day.isoformat()} 改为{'上班' if working else '休息'}：{row.name}，依据：{row.source}"
        _changed("", day, day, "day", said)
    return row


def drop_day(*, by: Actor, day: date, reason: str) -> None:
    """Takes a correction back: the day counts again as library and statute say. Refused without a reason."""
    _require_everywhere(by)
    if not reason.strip():
        _refuse({"reason": ["请写明撤销理由。"]})
    with transaction.atomic():
        gone, _ = CalendarDay.objects.filter(day=day).delete()
        if not gone:
            raise Refused("这一天没有更正，无需撤销。", code="no_day", status=404)
        record(
            subject=f"deadlines.day:{day.isoformat()}",
            verb="deadlines.drop_day",
            by=by,
            fields={"reason": reason.strip()[:200]},
        )
        _changed("", day, day, "day", f"{day.isoformat()} 的日历更正已撤销：{reason.strip()[:100]}")


def publish_year(*, by: Actor, year: int, source: str) -> CalendarYear:
    """Declares the year's notice entered completely: its due dates stop being provisional."""
    _require_everywhere(by)
    _refuse(_source_faults(source, "cited") | _year_faults(year, "year"))
    with transaction.atomic():
        row, _ = CalendarYear.objects.update_or_create(year=year, defaults={"source": source.strip()})
        record(
            subject=f"deadlines.year:{year}",
            verb="deadlines.publish_year",
            by=by,
            fields={"source": row.source},
        )
        said = f"{year} 年节假日安排已公布，依据：{row.source}"
        _changed("", date(year, 1, 1), date(year, 12, 31), "year", said)
    return row


def import_year(
    *,
    by: Actor,
    year: int,
    source: str,
    off: Sequence[tuple[date, str]],
    working: Sequence[tuple[date, str]],
) -> CalendarYear:
    """Enters a year's whole notice at once: its days off, its make-up working days, and that it is complete.

    Days of an earlier entry of the same notice are replaced; local corrections of other days stay. Refused when no day
    off is given or a day stands in both lists.
    """
    _require_everywhere(by)
    faults = _source_faults(source, "cited") | _year_faults(year, "year")
    if not off:
        faults["off"] = ["请填写放假日期。"]
    if both := sorted({day for day, _ in off} & {day for day, _ in working}):
        faults["working"] = [f"{both[0].isoformat()} 同时列为放假和上班，请核对通知原文。"]
    _refuse(faults)
    days = {day: (name, False) for day, name in off} | {day: (name, True) for day, name in working}
    with transaction.atomic():
        before = CalendarYear.objects.select_for_update().filter(year=year).first()
        earlier = CalendarDay.objects.filter(day__year=year, source=before.source) if before else None
        stale = set(earlier.values_list("day", flat=True)) if earlier is not None else set()
        CalendarDay.objects.filter(day__in=stale | set(days)).delete()
        CalendarDay.objects.bulk_create(
            CalendarDay(day=day, working=works, name=name[:32], source=source.strip(), status="cited")
            for day, (name, works) in sorted(days.items())
        )
        row, _ = CalendarYear.objects.update_or_create(year=year, defaults={"source": source.strip()})
        record(
            subject=f"deadlines.year:{year}",
            verb="deadlines.import_year",
            by=by,
            fields={"source": row.source, "off": len(off), "working": len(working)},
        )
        said = f"{year} 年节假日安排已公布，依据：{row.source}"
        _changed("", min([*days, *stale, date(year, 1, 1)]), date(year, 12, 31), "year", said)
    return row


def set_duty_hours(
    *,
    by: Actor,
    area: str,
    windows: dict[str, list[list[str]]],
    valid_from: date,
    source: str,
    follows_calendar: bool = False,
    status: str = "to_confirm",
) -> DutyHours:
    """Sets an area's duty hours from a date on ({"1": [["08:30", "17:30"]], …}); the same date again corrects it."""
    if area:
        require(by, "deadlines.edit", area=area)
    else:
        _require_everywhere(by)
    faults = _source_faults(source, status)
    if area and not (area.isdigit() and len(area) in (6, 9, 12, 15)):
        faults["area"] = ["区域代码应为 6、9、12 或 15 位数字。"]
    try:
        parse_windows(windows)
    except (ValueError, TypeError, AttributeError) as error:
        faults["windows"] = [f"{error}。" if isinstance(error, ValueError) else "值班时段的格式不对。"]
    _refuse(faults)
    with transaction.atomic():
        row, _ = DutyHours.objects.update_or_create(
            area=area,
            valid_from=valid_from,
            defaults={
                "windows": windows,
                "follows_calendar": follows_calendar,
                "source": source.strip(),
                "status": status,
            },
        )
        said = " ".join(
            f"{day}:{','.join('-'.join(pair) for pair in windows[day])}" for day in sorted(windows)
        )
        record(
            subject=f"deadlines.dutyhours:{row.pk}",
            verb="deadlines.set_duty_hours",
            by=by,
            fields={"area": area, "windows": said, "from": valid_from.isoformat(), "source": row.source},
        )
        _changed(area, valid_from, None, "duty_hours", f"工作时调整，依据：{row.source}")
    return row


def _changed(area: str, since: date, until: date | None, what: str, why: str) -> None:
    """Tells that running due moments may have moved, and forgets what this process kept of the calendar."""
    last = until.isoformat() if until else ""
    tell(CalendarChanged(area=area, since=since.isoformat(), until=last, what=what, why=why[:300]))
    transaction.on_commit(queries.forget)
    queries.forget()


def _require_everywhere(by: Actor) -> None:
    """The calendar is the whole county's: a grant below county level does not reach it."""
    require(by, "deadlines.edit")
    if by.kind != "system" and not any(
        len(scope.area) <= COUNTY_DIGITS for scope in by.scopes("deadlines.edit")
    ):
        raise Refused("日历由县级管理员维护，您的权限只到所辖区域。", code="not_allowed", status=403)


def _source_faults(source: str, status: str) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if not source.strip():
        faults["source"] = ["请写明依据，例如通知的文号。"]
    if status not in dict(STATUSES):
        faults["status"] = ["状态只能是 cited、known 或 to_confirm。"]
    return faults


def _year_faults(year: int, field: str) -> dict[str, list[str]]:
    inside = FIRST_YEAR <= year <= LAST_YEAR
    return {} if inside else {field: [f"只能填写 {FIRST_YEAR} 年至 {LAST_YEAR} 年。"]}


def _refuse(faults: dict[str, list[str]]) -> None:
    if faults:
        raise Refused("时限设置有误，请更正后再保存。", code="bad_deadline_setting", fields=faults)
