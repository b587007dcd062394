import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from linli.kernel.files.rules import PHASES

STATES = [("uploading", "上传中"), ("ready", "可用"), ("refused", "未接受"), ("gone", "已销毁")]


class Attachment(models.Model):
    """One file somebody sent. `key` is unguessable: whoever holds it may go on with an anonymous upload.

    `sha256` is of the bytes received, `stored` of the cleaned bytes kept. A row outlives its file as a tombstone.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="attachments"
    )
    client_uuid = models.UUIDField()
    state = models.CharField("状态", max_length=9, choices=STATES, default="uploading")
    refusal = models.CharField("未接受的原因", max_length=200, blank=True, default="")
    name = models.CharField("文件名", max_length=100)
    size = models.PositiveIntegerField("字节数")
    received = models.PositiveIntegerField("已收到", default=0)
    sha256 = models.CharField(max_length=64)
    stored = models.CharField(max_length=64, blank=True, default="")
    stored_size = models.PositiveIntegerField(default=0)
    content_type = models.CharField(max_length=64, blank=True, default="")
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    subject = models.CharField("事项", max_length=64, blank=True, default="")
    phase = models.CharField("阶段", max_length=6, choices=list(PHASES.items()), default="none")
    taken_at = models.DateTimeField("拍摄时间", null=True)
    lat = models.FloatField("拍摄纬度", null=True)
    lon = models.FloatField("拍摄经度", null=True)
    phash = models.BigIntegerField("感知哈希", null=True)
    bands = ArrayField(models.IntegerField(), default=list)
    created = models.DateTimeField(auto_now_add=True)
    retention_until = models.DateTimeField("保存至")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "client_uuid"],
                condition=Q(owner__isnull=False),
                name="one_upload_per_owner_uuid",
            ),
            models.UniqueConstraint(
                fields=["client_uuid"], condition=Q(owner=None), name="one_anonymous_upload_per_uuid"
            ),
            models.CheckConstraint(condition=Q(received__lte=F("size")), name="received_within_size"),
            models.CheckConstraint(
                condition=~Q(state="ready") | (Q(received=F("size")) & ~Q(stored="") & ~Q(content_type="")),
                name="ready_attachment_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="attachment_sha256_is_hex"
            ),
        ]
        indexes = [
            models.Index(fields=["subject", "id"], name="attachment_by_subject"),
            models.Index(fields=["stored"], condition=Q(state="ready"), name="attachment_by_content"),
            models.Index(
                fields=["retention_until"], condition=~Q(state="gone"), name="attachment_by_retention"
            ),
            models.Index(fields=["created"], condition=Q(state="uploading"), name="attachment_unfinished"),
            GinIndex(fields=["bands"], name="attachment_bands"),
        ]
