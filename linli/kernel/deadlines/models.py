from django.db import models
from django.db.models import Q

STATUSES = [("cited", "有据"), ("known", "已知"), ("to_confirm", "待核实")]


class CalendarDay(models.Model):
    """A day that is worked, or not, whatever the printed calendar says (a notice out before the library has it, a local
    holiday); the newest word of an administrator."""

    day = models.DateField("日期", unique=True)
    working = models.BooleanField("上班")
    name = models.CharField("名称", max_length=32)
    source = models.CharField("依据", max_length=200)
    status = models.CharField(max_length=16, choices=STATUSES, default="to_confirm")
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["day"]
        constraints = [
            models.CheckConstraint(condition=~Q(source=""), name="calendar_day_has_source"),
            models.CheckConstraint(
                condition=Q(day__gte="2004-01-01", day__lte="2060-12-31"), name="calendar_day_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class CalendarYear(models.Model):
    """A year whose State Council notice is entered completely: its due dates are no longer provisional."""

    year = models.PositiveSmallIntegerField("年份", primary_key=True)
    source = models.CharField("依据", max_length=200)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(source=""), name="calendar_year_has_source"),
            models.CheckConstraint(
                condition=Q(year__gte=2004, year__lte=2060), name="calendar_year_in_range"
            ),
        ]


class DutyHours(models.Model):
    """When an area's desks are manned, from a date on; the longest matching area code wins, then the newest date."""

    area = models.CharField("区域代码", max_length=15, blank=True)
    windows = models.JSONField("值班时段")
    follows_calendar = models.BooleanField("节假日不值班", default=False)
    valid_from = models.DateField("生效日期")
    source = models.CharField("依据", max_length=200)
    status = models.CharField(max_length=16, choices=STATUSES, default="to_confirm")
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["area", "valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["area", "valid_from"], name="one_duty_hours_a_date"),
            models.CheckConstraint(
                condition=Q(area__regex=r"^(\d{6}|\d{9}|\d{12}|\d{15}|)$"), name="duty_area_is_code"
            ),
            models.CheckConstraint(condition=~Q(source=""), name="duty_hours_have_source"),
        ]
