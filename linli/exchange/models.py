import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from linli.kernel.identity.fields import EncryptedTextField

STATES = [("waiting", "待发送"), ("sent", "已送达"), ("parked", "已搁置")]


class Webhook(models.Model):
    """One receiver: an outside system that wants to be told of some facts of one area and below."""

    name = models.CharField("接收方", max_length=60)
    url = models.CharField("网址", max_length=500)
    secret = EncryptedTextField("签名密钥")
    old_secret = EncryptedTextField("上一个签名密钥", blank=True, default="")
    old_until = models.DateTimeField(null=True, blank=True)  # signs along until then
    facts = ArrayField(models.CharField(max_length=64), verbose_name="消息")
    area = models.CharField("区域代码", max_length=15)
    active = models.BooleanField("启用", default=True)
    off_reason = models.CharField("停用原因", max_length=200, blank=True, default="")
    failing_since = models.DateTimeField(null=True, blank=True)
    rest_until = models.DateTimeField(
        null=True, blank=True
    )  # nobody answered: the next message waits until then
    version = models.IntegerField(default=1)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "name"], name="one_webhook_per_name"),
            models.CheckConstraint(
                condition=Q(area__regex=r"^\d{6}(\d{3}){0,3}$"), name="webhook_area_is_a_code"
            ),
            models.CheckConstraint(condition=Q(facts__len__gt=0), name="webhook_wants_something"),
            models.CheckConstraint(
                condition=Q(active=True) | ~Q(off_reason=""), name="webhook_off_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Message(models.Model):
    """One fact as it is told outside: written once, whoever receives it. `uuid` is the webhook-id."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    fact = models.CharField("消息", max_length=64)
    area = models.CharField("区域代码", max_length=15, blank=True, default="")
    data = models.JSONField("内容")
    at = models.DateTimeField("时间")

    class Meta:
        indexes = [models.Index(fields=["at"], name="exchange_message_by_age")]


class Delivery(models.Model):
    """One message on its way to one receiver. A claimed row is `waiting` with `next_try_at` at the end of its lease."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries")
    state = models.CharField("状态", max_length=7, choices=STATES, default="waiting")
    attempts = models.PositiveSmallIntegerField("已试次数", default=0)
    next_try_at = models.DateTimeField("下次发送", null=True, blank=True)
    last_status = models.SmallIntegerField("对方状态码", null=True, blank=True)
    last_said = models.CharField("最近一次结果", max_length=200, blank=True, default="")
    sent_at = models.DateTimeField("送达时间", null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["webhook", "message"], name="one_delivery_per_receiver"),
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(next_try_at__isnull=False), name="waiting_has_next_try"
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="sent_has_time"
            ),
            models.CheckConstraint(condition=~Q(state="parked") | ~Q(last_said=""), name="parked_has_reason"),
        ]
        indexes = [
            models.Index(
                fields=["webhook", "next_try_at", "id"], condition=Q(state="waiting"), name="exchange_waiting"
            ),
            models.Index(fields=["webhook", "-id"], name="exchange_by_webhook"),
            models.Index(fields=["webhook"], condition=Q(state="parked"), name="exchange_parked"),
        ]
