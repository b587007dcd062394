from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from linli.kernel.identity.fields import EncryptedTextField
from linli.onestop import outlet
from linli.onestop.models.cases import Application
from linli.people.models import Placed


class Result(Placed):
    """A result document (结果文书): one edition, never changed; a reissue voids it and makes the next edition.

    `file` is its print page in kernel.files, `sha256` of those bytes. Codes and the window's unit are of the case.
    """

    application = models.ForeignKey(Application, models.PROTECT, related_name="results")
    edition = models.SmallIntegerField("版次", default=1)
    number = models.CharField("文书编号", max_length=40, unique=True)
    check_hash = models.BinaryField(max_length=32)  # SHA-256 of number and code; the code stands on the paper
    title = models.CharField("文书", max_length=120)
    issuer = models.CharField("出具单位", max_length=64)
    unit = models.CharField("出件窗口", max_length=32, blank=True, default="")
    file = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    sealed = models.BooleanField(
        "电子签章", default=False
    )  # by a bound service; otherwise a demonstration frame
    until = models.DateField("有效期至", null=True)
    made_at = models.DateTimeField("制成")
    state = models.CharField("状态", max_length=8, choices=list(outlet.STATES.items()), default="made")
    wish = models.CharField(
        "领取方式", max_length=6, choices=list(outlet.WAYS.items()), blank=True, default=""
    )
    post_to = EncryptedTextField("邮寄地址", blank=True, default="")
    ready_at = models.DateTimeField("出件", null=True)
    received_at = models.DateTimeField("领取", null=True)
    reminded = models.SmallIntegerField("提醒次数", default=0)
    reminded_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField("作废", null=True)
    why = models.CharField(
        "作废原因", max_length=10, choices=list(outlet.WHY.items()), blank=True, default=""
    )
    reason = models.CharField("说明", max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "edition"], name="one_result_an_edition"),
            models.UniqueConstraint(
                fields=["application"], condition=~Q(state="void"), name="one_result_in_force"
            ),
            models.CheckConstraint(
                condition=Q(state="void", voided_at__isnull=False) & ~Q(why="") & ~Q(reason="")
                | ~Q(state="void") & Q(voided_at=None, why="", reason=""),
                name="a_void_result_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(state="received") | Q(received_at__isnull=False), name="received_says_when"
            ),
        ]
        indexes = [
            models.Index(fields=["unit", "-id"], name="result_by_unit"),
            models.Index(fields=["street", "-id"], name="result_by_street"),
            models.Index(
                fields=["made_at"], condition=Q(state__in=["made", "ready"]), name="result_uncollected"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Handover(models.Model):
    """One attempt to get a document to its owner: at the window with a receipt, by post, or opened online."""

    OUTCOMES = [("sent", "已寄出"), ("received", "已收到"), ("returned", "退回")]
    result = models.ForeignKey(Result, models.PROTECT, related_name="handovers")
    way = models.CharField("方式", max_length=6, choices=list(outlet.WAYS.items()))
    outcome = models.CharField("结果", max_length=8, choices=OUTCOMES)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField("时间")
    receiver = EncryptedTextField("领取人", blank=True, default="")
    authority = models.CharField("代领依据", max_length=200, blank=True, default="")
    agent = models.BooleanField("代领", default=False)
    signature = ArrayField(models.BigIntegerField(), default=list)
    courier = models.CharField("快递公司", max_length=32, blank=True, default="")
    tracking = models.CharField("运单号", max_length=40, blank=True, default="")
    ended_at = models.DateTimeField("签收或退回", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["result", "way"], condition=Q(outcome="received"), name="received_once_a_way"
            ),
            models.UniqueConstraint(
                fields=["result"], condition=Q(outcome="sent"), name="one_parcel_on_its_way"
            ),
            models.CheckConstraint(
                condition=~Q(way="post") | ~Q(courier="") & ~Q(tracking=""), name="a_parcel_has_its_number"
            ),
            models.CheckConstraint(
                condition=~Q(way="window") | Q(signature__len__gt=0), name="a_receipt_is_signed"
            ),
            models.CheckConstraint(
                condition=Q(agent=False) | ~Q(authority=""), name="who_collects_for_another_has_authority"
            ),
        ]
        ordering = ["id"]
