"""What pages remember: saved filters, forms done once, long work, imports, and items synced from phones."""

import uuid

from django.db import models
from django.utils import timezone

RUN_STATES = ["queued", "running", "done", "failed", "cancelled"]
IMPORT_STATES = ["uploaded", "checking", "checked", "applying", "done", "failed", "cancelled"]


class SavedFilter(models.Model):
    """A list's filter somebody named; kept as the query string it is."""

    account = models.BigIntegerField()
    table = models.CharField(max_length=80)
    name = models.CharField(max_length=30)
    query = models.CharField(max_length=1000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "table", "name"], name="one_filter_one_name")
        ]


class Once(models.Model):
    """A form sent: the same client UUID again gives the same answer, with other content a refusal."""

    sender = models.CharField(max_length=120)
    uuid = models.UUIDField()
    digest = models.CharField(max_length=64)
    location = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender", "uuid"], name="one_form_once")]
        indexes = [models.Index(fields=["at"], name="once_at")]


class BackgroundRun(models.Model):
    """Long work somebody waits for: a bulk act, an import, a rebuild."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=80)
    title = models.CharField(max_length=120)
    by = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, default="queued")
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    message = models.CharField(max_length=300, blank=True)
    faults = models.JSONField(default=list)
    payload = models.JSONField(default=dict)
    back = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)
    ended = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["by", "-at"], name="run_by_at")]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=RUN_STATES), name="run_state_known"),
            models.CheckConstraint(
                condition=models.Q(done__gte=0, failed__gte=0, total__gte=0), name="run_counts_positive"
            ),
        ]

    @property
    def open(self) -> bool:
        return self.state in ("queued", "running")


class ImportRun(models.Model):
    """One sheet on its way in: mapped, tried dry, then written whole or not at all."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=80)
    by = models.BigIntegerField()
    file_name = models.CharField(max_length=200)
    content = models.BinaryField(default=bytes)  # emptied as soon as the run has ended
    headers = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=10, default="uploaded")
    rows = models.IntegerField(default=0)
    good = models.IntegerField(default=0)
    doubles = models.IntegerField(default=0)
    errors = models.JSONField(default=list)
    run = models.ForeignKey(BackgroundRun, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["kind", "by", "-at"], name="import_kind_by")]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=IMPORT_STATES), name="import_state_known")
        ]


class SyncItem(models.Model):
    """One act a phone queued offline, with the answer it was given."""

    sender = models.CharField(max_length=120)
    uuid = models.UUIDField()
    kind = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    status = models.CharField(max_length=12)  # done | superseded | refused (a refused one may be sent again)
    answer = models.JSONField(default=dict)
    captured_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(default=timezone.now)
    skew_seconds = models.IntegerField(default=0)
    flagged = models.BooleanField(default=False)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "uuid"], name="one_item_once"),
            models.CheckConstraint(
                condition=models.Q(status__in=["done", "superseded", "refused"]), name="sync_status_known"
            ),
        ]
