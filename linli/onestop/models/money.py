from django.conf import settings
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.db.models import F, Q

from linli.kernel.identity.fields import EncryptedTextField
from linli.onestop.models.cases import Application
from linli.onestop.models.catalogue import Item
from linli.onestop.models.work import Decision, Task
from linli.people.models import Household, Person

KINDS = [("monthly", "按月"), ("yearly", "按年"), ("one_off", "一次性")]
CHANGES = [
    ("increase", "增发"),
    ("decrease", "减发"),
    ("phase_out", "渐退"),
    ("stop", "停发"),
    ("restore", "恢复"),
]
BATCH_STATES = [("made", "待复核"), ("checked", "已复核"), ("sent", "已送银行"), ("void", "已作废")]
TRANSFER_STATES = [
    ("waiting", "待发"),
    ("sent", "已送银行"),
    ("paid", "已到账"),
    ("failed", "未成功"),
    ("returned", "退汇"),
    ("void", "已作废"),
]
COUNTED = ("waiting", "sent", "paid")  # a line in another state is history: it pays nothing
ACCOUNT = settings.AUTH_USER_MODEL


class Placed(models.Model):
    """Area codes copied from the case, for the lists."""

    grid = models.CharField(max_length=15, blank=True, default="")
    community = models.CharField(max_length=12, blank=True, default="")
    street = models.CharField(max_length=9, blank=True, default="")
    county = models.CharField(max_length=6, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def area(self) -> str:
        return self.grid or self.community or self.street or self.county


class Entitlement(Placed):
    """待遇: what one approval grants. `months` is [first month, first month no more); who lives on it never twice."""

    decision = models.OneToOneField(Decision, models.PROTECT, related_name="entitlement")
    item = models.ForeignKey(Item, models.PROTECT, related_name="entitlements")
    person = models.ForeignKey(Person, models.PROTECT, related_name="entitlements")
    household = models.ForeignKey(Household, models.PROTECT, null=True, related_name="entitlements")
    whose = models.BigIntegerField()  # the household's id, or minus the person's
    kind = models.CharField("发放方式", max_length=7, choices=KINDS)
    fen = models.BigIntegerField("确认金额（分）")
    first = models.DateField("首发月")
    months = DateRangeField("发放月份")  # empty once stopped from the first month on
    account = EncryptedTextField("收款账户", blank=True, default="")
    payee = EncryptedTextField("户名", blank=True, default="")
    sheet = EncryptedTextField("计算表", blank=True, default="")  # JSON
    hold = models.CharField("暂缓原因", max_length=64, blank=True, default="")
    stopped = models.CharField("停发原因", max_length=16, blank=True, default="")
    recheck_on = models.DateField("复核日期", null=True)
    settled = models.BooleanField(default=False)  # over, and every month comes out right
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(fen__gt=0), name="entitled_to_something"),
        ]
        indexes = [
            models.Index(fields=["item", "county"], condition=Q(settled=False), name="entitlement_unsettled"),
            models.Index(
                fields=["recheck_on"], condition=Q(recheck_on__isnull=False), name="entitlement_recheck"
            ),
            models.Index(fields=["person"], name="entitlement_by_person"),
            models.Index(fields=["street", "-id"], name="entitlement_by_street"),
        ]

    def __str__(self) -> str:
        return f"待遇 {self.pk}"

    @property
    def subject(self) -> str:
        return f"onestop.entitlement:{self.pk}"


class Adjustment(models.Model):
    """增发、减发、停发: from a month on, with its reason; never changed, only followed by another."""

    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="adjustments")
    kind = models.CharField(max_length=9, choices=CHANGES)
    month = models.DateField("起始月")
    fen = models.BigIntegerField("调整后金额（分）")
    until_before = models.DateField(null=True)  # the end that stood before a stop
    cause = models.CharField("情形", max_length=16, blank=True, default="")
    reason = models.TextField("理由")
    by = models.ForeignKey(ACCOUNT, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(fen__gte=0), name="adjusted_not_below_zero"),
            models.CheckConstraint(condition=~Q(reason=""), name="adjusted_for_a_reason"),
            models.CheckConstraint(condition=Q(month__day=1), name="adjusted_from_a_month"),
        ]
        ordering = ["id"]


class Batch(models.Model):
    """发放批次: made by one, checked by another, then sent; the hash is that of the file sent."""

    number = models.CharField("批次号", max_length=32, unique=True)
    item = models.ForeignKey(Item, models.PROTECT, related_name="batches")
    area = models.CharField("范围", max_length=15)
    county = models.CharField(max_length=6)
    month = models.DateField("月份")
    state = models.CharField("状态", max_length=7, choices=BATCH_STATES, default="made")
    layout = models.CharField("文件格式", max_length=16)
    rows = models.IntegerField("笔数", default=0)
    fen = models.BigIntegerField("金额（分）", default=0)
    maker = models.ForeignKey(ACCOUNT, models.PROTECT, related_name="+")
    checker = models.ForeignKey(ACCOUNT, models.PROTECT, null=True, related_name="+")
    sender = models.ForeignKey(ACCOUNT, models.PROTECT, null=True, related_name="+")
    reason = models.CharField("作废理由", max_length=200, blank=True, default="")
    file_hash = models.CharField("文件摘要", max_length=64, blank=True, default="")
    made_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(checker=None) | ~Q(checker=F("maker")), name="checked_by_a_second_person"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["checked", "sent"]) | Q(checker__isnull=False),
                name="sent_was_checked",
            ),
            models.CheckConstraint(condition=~Q(state="sent") | ~Q(file_hash=""), name="sent_has_its_hash"),
        ]
        indexes = [
            models.Index(fields=["county", "-id"], name="batch_by_county"),
            models.Index(fields=["item", "area", "month"], name="batch_by_month"),
        ]

    @property
    def subject(self) -> str:
        return f"onestop.batch:{self.pk}"


class Transfer(models.Model):
    """One payment to one account in a batch. Account and payee as they stood then; one of 0 only sets off."""

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="transfers")
    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="transfers")
    ref = models.CharField("流水号", max_length=16, unique=True)
    fen = models.BigIntegerField("金额（分）")
    account = EncryptedTextField()
    payee = EncryptedTextField(blank=True, default="")
    state = models.CharField("状态", max_length=8, choices=TRANSFER_STATES, default="waiting")
    reason = models.CharField("原因", max_length=64, blank=True, default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "entitlement"], name="one_transfer_a_batch"),
            models.CheckConstraint(condition=Q(fen__gte=0), name="nothing_is_drawn_from_anybody"),
        ]
        indexes = [models.Index(fields=["entitlement", "-id"], name="transfer_by_entitlement")]


class PayLine(models.Model):
    """One month's money in a transfer, or a signed correction of it. Amounts never change (trigger)."""

    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="lines")
    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="lines")
    month = models.DateField("月份")
    kind = models.CharField(max_length=10, choices=[("regular", "当月"), ("correction", "更正")])
    fen = models.BigIntegerField("金额（分）")
    state = models.CharField("状态", max_length=8, choices=TRANSFER_STATES, default="waiting")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entitlement", "month"],
                condition=Q(kind="regular", state__in=COUNTED),
                name="one_regular_line_a_month",
            ),
            models.CheckConstraint(
                condition=(Q(kind="regular") & Q(fen__gt=0)) | (Q(kind="correction") & ~Q(fen=0)),
                name="a_line_says_something",
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="a_line_is_of_a_month"),
        ]
        indexes = [models.Index(fields=["entitlement", "month"], name="line_by_month")]


class BankReturn(models.Model):
    """回盘文件: read once, by its hash."""

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="returns")
    file_hash = models.CharField(max_length=64)
    paid = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    returned = models.IntegerField(default=0)
    by = models.ForeignKey(ACCOUNT, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "file_hash"], name="a_return_is_read_once")]


class Recheck(models.Model):
    """复核: why and by when it is looked at again whether somebody still needs it; its task stands in the lists."""

    WHY = [("periodic", "定期"), ("death", "成员死亡"), ("report", "举报或情况变化")]
    OUTCOMES = [("keep", "不变"), ("increase", "增发"), ("decrease", "减发"), ("stop", "停发")]
    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="rechecks")
    task = models.OneToOneField(Task, models.PROTECT, related_name="recheck")
    why = models.CharField(max_length=8, choices=WHY)
    due = models.DateField("期限")
    outcome = models.CharField(max_length=8, choices=OUTCOMES, blank=True, default="")
    note = EncryptedTextField("核查情况", blank=True, default="")
    sheet = EncryptedTextField(blank=True, default="")  # JSON
    opened_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entitlement"], condition=Q(done_at=None), name="one_open_recheck"
            ),
            models.CheckConstraint(
                condition=Q(done_at=None) | ~Q(outcome=""), name="a_recheck_has_an_outcome"
            ),
        ]


class Custody(models.Model):
    """代管: somebody else keeps the bank card, by written agreement (代管协议)."""

    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="custodies")
    keeper = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    keeper_name = EncryptedTextField("代管人")
    keeper_phone = EncryptedTextField("电话", blank=True, default="")
    relation = models.CharField("与本人关系", max_length=32)
    agreement = ArrayField(models.BigIntegerField(), default=list)
    since = models.DateField("起")
    until = models.DateField("止", null=True)
    reason = models.CharField("终止原因", max_length=200, blank=True, default="")
    by = models.ForeignKey(ACCOUNT, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entitlement"], condition=Q(until=None), name="one_keeper_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(agreement=[]), name="kept_by_agreement"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="custody_ends_after_it_began"
            ),
        ]


class SpotCheck(models.Model):
    """抽查: what was drawn from whom, and by what seed; anybody can draw it again from `population`."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="spot_checks")
    area = models.CharField(max_length=15)
    county = models.CharField(max_length=6)
    first, last = models.DateField("起"), models.DateField("止")
    percent = models.SmallIntegerField("比例")
    log_size = models.BigIntegerField("台账大小")
    log_root = models.CharField("台账根", max_length=64)
    cut_off = models.DateTimeField("截止")
    population = ArrayField(models.CharField(max_length=40))
    population_hash = models.CharField(max_length=64)
    seed = models.CharField(max_length=64)
    sample = ArrayField(models.CharField(max_length=40))
    by = models.ForeignKey(ACCOUNT, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "area", "first", "last"], name="drawn_once_a_period"),
            models.CheckConstraint(condition=Q(percent__gte=1, percent__lte=100), name="a_share_is_a_share"),
        ]

    @property
    def subject(self) -> str:
        return f"onestop.spotcheck:{self.pk}"


class SpotResult(models.Model):
    """What the visit to one drawn case found."""

    check_of = models.ForeignKey(SpotCheck, models.CASCADE, related_name="results")
    application = models.ForeignKey(Application, models.PROTECT, related_name="spot_results")
    sound = models.BooleanField("属实")
    note = EncryptedTextField("情况", blank=True, default="")
    files = ArrayField(models.BigIntegerField(), default=list)
    by = models.ForeignKey(ACCOUNT, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["check_of", "application"], name="one_result_a_drawn_case")
        ]
