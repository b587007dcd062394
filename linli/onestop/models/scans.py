from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from linli.kernel.identity.fields import EncryptedTextField
from linli.onestop.models.cases import Slot

STATES = [("waiting", "等待识别"), ("read", "已识别"), ("failed", "未能识别")]


class Scan(models.Model):
    """One photo of one line of the checklist as a machine read it: a help, never a decision. Goes with its case."""

    slot = models.ForeignKey(Slot, models.CASCADE, related_name="scans")
    file = models.BigIntegerField()  # the attachment
    faults = ArrayField(
        models.CharField(max_length=10), default=list
    )  # of the photo: keys of kernel.ocr.gate.SAID
    kept_at = models.DateTimeField("仍用这张", null=True)  # advised to take it again, its owner kept it
    state = models.CharField("状态", max_length=7, choices=STATES, default="waiting")
    tries = models.SmallIntegerField(default=0)
    kind = models.CharField("材料种类", max_length=12, blank=True, default="")
    turned = models.SmallIntegerField(default=0)  # degrees clockwise until it stood upright
    found = EncryptedTextField("读数", blank=True, default="")  # JSON: field -> [value, score, doubt]
    asked_at = models.DateTimeField()
    read_at = models.DateTimeField("识别", null=True)
    confirmed_at = models.DateTimeField("申请人核对", null=True)
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    checked_at = models.DateTimeField("工作人员核对", null=True)
    note = models.CharField("核对情况", max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slot", "file"], name="one_scan_a_file"),
            models.CheckConstraint(
                condition=Q(state="read", read_at__isnull=False) | ~Q(state="read") & Q(found="", kind=""),
                name="only_a_read_scan_says_something",
            ),
            models.CheckConstraint(
                condition=Q(checked_at=None, note="") | Q(checked_at__isnull=False) & ~Q(note=""),
                name="a_checked_scan_says_how",
            ),
        ]
        ordering = ["id"]
