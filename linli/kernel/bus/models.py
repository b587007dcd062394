from django.db import models
from django.db.models import Q


class Fact(models.Model):
    """Something a room told, written in the transaction that made it true."""

    name = models.CharField(max_length=64)  # room.FactName
    body = models.JSONField()
    at = models.DateTimeField()
    delivered = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(delivered=None), name="bus_undelivered"),
            models.Index(
                fields=["delivered"], condition=Q(delivered__isnull=False), name="bus_delivered_when"
            ),
        ]


class Delivery(models.Model):
    """One reaction to one fact: runs to the end exactly once, or is parked with its reason."""

    fact = models.ForeignKey(Fact, models.CASCADE, related_name="deliveries")
    reaction = models.CharField(max_length=96)
    state = models.CharField(
        max_length=8,
        choices=[("queued", "待处理"), ("done", "已完成"), ("parked", "已搁置")],
        default="queued",
    )
    attempts = models.SmallIntegerField(default=0)
    reason = models.TextField(blank=True, default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fact", "reaction"], name="one_delivery_per_reaction")]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="parked"), name="bus_parked"),
            models.Index(fields=["id"], condition=Q(state="queued"), name="bus_queued"),
        ]


class TimerRun(models.Model):
    """How a timer fared lately; written at most every ten seconds a timer, and at once when it fails."""

    name = models.CharField(max_length=96, primary_key=True)
    ran = models.DateTimeField()
    took_ms = models.IntegerField(default=0)
    failed = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, default="")
