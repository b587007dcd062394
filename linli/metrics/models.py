from django.db import models
from django.db.models import Q

from linli.incidents.models import Incident
from linli.metrics.measures import STORED


class Case(models.Model):
    """What one incident adds to the numbers, worked out anew whenever something happened to it.

    Merged and void incidents have no row. Three days decide in which period a case counts: when it was received,
    when its promise fell due, and when it last ended (closed, or was reopened after closing).
    """

    incident = models.OneToOneField(
        Incident, models.CASCADE, primary_key=True, related_name="tally", db_constraint=False
    )
    received_day = models.DateField()
    due_day = models.DateField(null=True)
    ended_day = models.DateField(null=True)
    county = models.CharField(max_length=6)
    street = models.CharField(max_length=9, blank=True, default="")
    community = models.CharField(max_length=12, blank=True, default="")
    grid = models.CharField(max_length=15, blank=True, default="")
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    unit = models.CharField(max_length=32, blank=True, default="")  # whoever had it last
    large = models.CharField(max_length=32, blank=True, default="")
    private = models.BooleanField()
    own_find = models.BooleanField()
    reports = models.IntegerField()
    filed = models.BooleanField()
    declined = models.BooleanField()
    open = models.BooleanField()
    critical = models.BooleanField()
    due_at = models.DateTimeField()
    promised = models.BooleanField()  # filed with a promise
    suspended = models.BooleanField()
    closed = models.BooleanField()
    on_time = models.BooleanField()
    response_seconds = models.IntegerField(null=True)
    response_duty = models.IntegerField(null=True)  # seconds of duty time
    wall_bucket = models.SmallIntegerField(null=True)  # places in rules.EDGES
    duty_bucket = models.SmallIntegerField(null=True)
    false_by = models.BigIntegerField(null=True)  # the incident that showed it was not solved
    returned = models.BooleanField()
    reworked = models.BooleanField()
    extended = models.BooleanField()
    reopened = models.BooleanField()
    first_unit = models.CharField(max_length=32, blank=True, default="")
    raters = models.IntegerField()
    stars = models.IntegerField()  # sum over the raters of the last rated round
    resolved = models.BooleanField()
    satisfied = models.BooleanField()

    class Meta:
        indexes = [
            models.Index(fields=["received_day", "community"], name="case_by_receipt"),
            models.Index(
                fields=["due_day", "community"], name="case_by_due", condition=Q(due_day__isnull=False)
            ),
            models.Index(
                fields=["ended_day", "community"], name="case_by_end", condition=Q(ended_day__isnull=False)
            ),
            models.Index(
                fields=["street", "community", "grid", "due_at"], name="case_open", condition=Q(open=True)
            ),
            models.Index(fields=["unit", "received_day"], name="case_by_unit"),
            models.Index(fields=["false_by"], name="case_false_by", condition=Q(false_by__isnull=False)),
        ]


class _Counts(models.Model):
    """One integer column a measure; the list stands in measures.py."""

    class Meta:
        abstract = True


for _code in STORED:
    _Counts.add_to_class(_code, models.BigIntegerField(default=0))


class Daily(_Counts):
    """Counts of one day in the county or one town, of all classes (`large` "") or, for the county, of one large class;
    grid workers' own finds apart. Smaller areas hold too few cases a day to be worth a row: see queries."""

    day = models.DateField()
    area = models.CharField(max_length=9)
    large = models.CharField(max_length=32, blank=True, default="")
    own_find = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "large", "day", "own_find"], name="one_daily_row_each")
        ]
        indexes = [models.Index(fields=["day", "area"], name="daily_by_day")]


class GridLoad(models.Model):
    """Open cases of one grid: what the map is coloured by."""

    grid = models.CharField(max_length=15, primary_key=True)
    open = models.IntegerField()
    overdue = models.IntegerField()
    critical = models.IntegerField()


class Mark(models.Model):
    """Something happened to an incident: its numbers are to be worked out anew."""

    incident = models.BigIntegerField()
