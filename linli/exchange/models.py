import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from linli.kernel.identity.fields import EncryptedTextField

STATES = [("waiting", "待发送"), ("sent", "已送达"), ("parked", "已搁置")]
ASKING = [
    ("waiting", "待查询"),
    ("asked", "对方办理中"),
    ("answered", "已答复"),
    ("failed", "未查成"),
    ("timed_out", "已超时"),
]


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


class DataSource(models.Model):
    """A department's data the house may ask: where, signed with which secret, for what. Its questions stand in data/sources.yaml."""

    code = models.CharField("代码", max_length=32, unique=True)
    title = models.CharField("数据源", max_length=64, unique=True)  # as the catalogue of items names it
    department = models.CharField("部门", max_length=32)
    url = models.CharField("接口网址", max_length=500, blank=True, default="")
    secret = EncryptedTextField("签名密钥", blank=True, default="")
    purposes = ArrayField(models.CharField(max_length=32), verbose_name="用途")
    timeout = models.PositiveSmallIntegerField("等候秒数", default=10)
    active = models.BooleanField("启用", default=False)
    off_reason = models.CharField("停用原因", max_length=200, blank=True, default="")
    failing_since = models.DateTimeField(null=True, blank=True)
    rest_until = models.DateTimeField(null=True, blank=True)
    test_wanted = models.DateTimeField(null=True, blank=True)  # a test call is to be made by the worker
    tested_at = models.DateTimeField("试调时间", null=True, blank=True)
    tested_said = models.CharField("试调结果", max_length=200, blank=True, default="")
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(active=True) & ~Q(url="") | Q(active=False) & ~Q(off_reason=""),
                name="source_is_reached_or_off_with_reason",
            ),
            models.CheckConstraint(condition=Q(purposes__len__gt=0), name="source_has_a_purpose"),
            models.CheckConstraint(condition=Q(timeout__range=(1, 60)), name="source_timeout_in_reason"),
        ]

    def __str__(self) -> str:
        return self.title


class Request(models.Model):
    """One question to a department, one a look-up; kept as the record of use. `uuid` is its number there, however often asked.

    It holds no name and no identity number. What is to be tried has `next_try_at`: due, or the end of a worker's claim.
    """

    uuid = models.UUIDField("请求编号", unique=True, default=uuid.uuid4)
    lookup = models.BigIntegerField(unique=True)  # onestop.Lookup
    source = models.ForeignKey(DataSource, models.PROTECT, null=True, related_name="requests")
    named = models.CharField("来源", max_length=64)
    material = models.CharField("材料", max_length=16)
    subject = models.CharField("办件", max_length=80)
    person = models.BigIntegerField()
    consent = models.BigIntegerField("授权书")
    purpose = models.CharField("用途", max_length=120)
    area = models.CharField("区域代码", max_length=15, blank=True, default="")
    state = models.CharField("状态", max_length=9, choices=ASKING, default="waiting")
    attempts = models.PositiveIntegerField("已试次数", default=0)
    at = models.DateTimeField("提出")
    next_try_at = models.DateTimeField("下次查询", null=True, blank=True)
    ask_until = models.DateTimeField()  # afterwards the applicant may upload
    late_until = models.DateTimeField()  # afterwards nobody asks any more
    asked_at = models.DateTimeField("最近查询", null=True, blank=True)
    answered_at = models.DateTimeField("答复", null=True, blank=True)
    result = models.CharField("结果", max_length=8, blank=True, default="")
    evidence = models.BinaryField(max_length=32, null=True)  # SHA-256 of the answer as received
    mapping = models.SmallIntegerField("对照版本", default=0)
    last_status = models.SmallIntegerField("对方状态码", null=True, blank=True)
    last_said = models.CharField("最近一次结果", max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["waiting", "asked"])
                | Q(next_try_at__isnull=False, source__isnull=False),
                name="an_open_request_has_next_try",
            ),
            models.CheckConstraint(
                condition=~Q(state="answered")
                | Q(answered_at__isnull=False, evidence__isnull=False, next_try_at=None) & ~Q(result=""),
                name="an_answered_request_has_evidence",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | Q(next_try_at=None) & ~Q(last_said=""),
                name="a_failed_request_has_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["source", "next_try_at", "id"],
                condition=Q(next_try_at__isnull=False),
                name="exchange_request_due",
            ),
            models.Index(
                fields=["ask_until"],
                condition=Q(state__in=["waiting", "asked"]),
                name="exchange_request_open",
            ),
            models.Index(fields=["source", "-id"], name="exchange_request_by_source"),
            models.Index(fields=["source", "-answered_at"], name="exchange_request_answers"),
            models.Index(fields=["source", "-asked_at"], name="exchange_request_asked"),
            models.Index(fields=["person", "-id"], name="exchange_request_by_person"),
        ]
