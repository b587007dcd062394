from django.conf import settings
from django.db import models
from django.db.models import Q

from linli.kernel.identity.fields import BlindIndexField, EncryptedTextField
from linli.kernel.notify.rules import KINDS

STATES = [
    ("queued", "待发送"),
    ("held", "免打扰中"),
    ("sending", "发送中"),
    ("sent", "已发送"),
    ("failed", "发送失败"),
    ("read", "已读"),
]


class Channel(models.Model):
    """The gateway of one kind of outside channel. `{address}` in the URL becomes the person's phone or mailbox."""

    kind = models.CharField("通道", max_length=8, primary_key=True, choices=list(KINDS.items()))
    url = EncryptedTextField("网关地址（apprise）")
    active = models.BooleanField("启用", default=True)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(kind="in_app"), name="in_app_needs_no_gateway")]


class Notice(models.Model):
    """One message to one person by one channel."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="notices")
    address = EncryptedTextField("地址", blank=True, default="")
    address_index = BlindIndexField(null=True, blank=True)
    channel = models.CharField("通道", max_length=8, choices=list(KINDS.items()))
    template = models.CharField("模板", max_length=64)
    template_version = models.PositiveSmallIntegerField(default=1)
    title = models.CharField("标题", max_length=100)
    text = EncryptedTextField("内容", blank=True, default="")
    subject = models.CharField("事项", max_length=64, blank=True, default="")
    urgent = models.BooleanField("紧急", default=False)
    state = models.CharField("状态", max_length=8, choices=STATES, default="queued")
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField("失败原因", max_length=200, blank=True, default="")
    next_try_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    dedupe = models.BinaryField(max_length=32, null=True, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(account__isnull=False) | Q(address_index__isnull=False),
                name="notice_has_somebody_to_go_to",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["queued", "held", "sending"]) | Q(next_try_at__isnull=False),
                name="waiting_notice_has_next_try",
            ),
            models.UniqueConstraint(
                fields=["dedupe"], condition=Q(dedupe__isnull=False), name="one_notice_per_client_key"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(state__in=["queued", "held", "sending"]),
                name="notice_waiting",
            ),
            models.Index(fields=["account", "-id"], condition=Q(channel="in_app"), name="notice_inbox"),
            models.Index(
                fields=["account"], condition=Q(channel="in_app", read_at=None), name="notice_unread"
            ),
            models.Index(fields=["-id"], condition=Q(state="failed"), name="notice_failed"),
            models.Index(fields=["address_index"], name="notice_by_address"),
            models.Index(fields=["created_at"], name="notice_by_age"),
        ]


class Outbox(models.Model):
    """What the demo would have sent: shown on a page where no gateway is configured. Never filled in production."""

    channel = models.CharField(max_length=8, choices=list(KINDS.items()))
    address = models.CharField("收件地址", max_length=100)
    title = models.CharField("标题", max_length=100)
    text = models.TextField("内容")
    created_at = models.DateTimeField(auto_now_add=True)


class Wording(models.Model):
    """An administrator's words for a template of the files; the newest version is in force, none is ever changed."""

    code = models.CharField("模板", max_length=64)
    version = models.PositiveSmallIntegerField("版本")
    title = models.CharField("标题", max_length=100)
    text = models.TextField("正文")
    texts = models.JSONField("各通道正文", default=dict, blank=True)
    reason = models.CharField("修改理由", max_length=200)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="one_wording_a_version"),
            models.CheckConstraint(condition=~Q(reason=""), name="wording_has_reason"),
        ]


class QuietHours(models.Model):
    """When nobody is disturbed, over data/delivery.yaml; the newest row is in force."""

    start = models.TimeField("开始")
    end = models.TimeField("结束")
    source = models.CharField("依据", max_length=200)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(source=""), name="quiet_hours_have_source")]
