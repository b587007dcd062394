import uuid
from datetime import date, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from linli.areas.models import Located
from linli.dispatch.models import WorkOrder
from linli.kernel.identity.fields import BlindIndexField, EncryptedTextField
from linli.publicity import rules

STATES = list(rules.STATES.items())


class Notice(Located):
    """One list shown to everybody. Holds masked, whitelisted strings and nothing else of whom it is about.

    `starts` is the day of posting and is not counted; `ends` is the last day. Triggers (migration
    `0002_notice_keeps_its_word`) freeze the list from the start and the whole row once it is over.
    """

    kind = models.CharField(max_length=48)
    subject = models.CharField(max_length=64)
    title = models.CharField("公示", max_length=120)
    unit = models.CharField("责任单位", max_length=32, blank=True, default="")
    mode = models.CharField(max_length=9, default="required")
    columns = models.JSONField("公示项目")  # [{"key": …, "label": …}]
    rows = models.JSONField("公示名单")  # [{key: masked string}]
    sheet = models.CharField("名单摘要", max_length=64)  # SHA-256 of rules.sheet_text
    days = models.SmallIntegerField("公示天数")
    day_unit = models.CharField(max_length=2, choices=[("d", "天"), ("wd", "工作日")], default="d")
    roll = models.BooleanField(default=True)
    posting = models.BooleanField(default=True)
    listed = models.BooleanField(default=True)
    basis = models.CharField("依据", max_length=200, blank=True, default="")
    status = models.CharField(max_length=16, default="to_confirm")
    state = models.CharField("状态", max_length=9, choices=STATES, default="draft")
    opened_at = models.DateTimeField("发起时间")
    starts = models.DateField("张贴日", null=True)
    ends = models.DateField("期满日", null=True)
    ends_at = models.DateTimeField(null=True)
    lost = models.SmallIntegerField("顺延天数", default=0)
    provisional = models.BooleanField(default=False)
    barred = ArrayField(models.BigIntegerField(), default=list)  # accounts that never rule on this notice
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField("结果", max_length=9, blank=True, default="")
    reason = models.CharField("撤回原因", max_length=500, blank=True, default="")
    proof = models.JSONField(default=dict)  # what stood when it ended: photos by hash, days, objections
    version = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=["required", "none"]), name="forbidden_never_shown"),
            models.CheckConstraint(condition=Q(days__gte=1, lost__gte=0), name="notice_hangs_a_day"),
            models.CheckConstraint(
                condition=Q(starts=None, ends=None, ends_at=None)
                | Q(starts__isnull=False, ends__gte=F("starts") + F("days") + F("lost"), ends_at__isnull=False),
                name="notice_hangs_its_days",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn", "ended"]) | Q(starts__isnull=False),
                name="posted_notice_has_days",
            ),
            models.CheckConstraint(
                condition=Q(state__in=rules.OPEN, outcome="", ended_at=None)
                | Q(state="withdrawn", outcome="withdrawn", ended_at__isnull=False)
                | Q(state="ended", outcome="upheld", ended_at__isnull=False)
                | Q(state="ended", outcome="none", ended_at__gte=F("ends_at")),
                name="notice_ends_after_its_days",
            ),
            models.UniqueConstraint(
                fields=["subject", "kind"], condition=Q(state__in=rules.OPEN), name="one_open_notice"
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["ends_at"], condition=Q(state__in=["posted", "running"]), name="notice_due"),
            models.Index(fields=["street", "-id"], name="notice_by_street"),
            models.Index(fields=["community", "-id"], name="notice_by_community"),
            models.Index(
                fields=["-id"], condition=Q(state__in=rules.OPEN, listed=True), name="notice_public"
            ),
            models.Index(fields=["subject"], name="notice_by_subject"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def number(self) -> str:
        """`GS-430181-20261122-00017`: county, day of opening, id."""
        day = timezone.localtime(self.opened_at)
        return f"GS-{self.county or settings.LINLI_COUNTY}-{day:%Y%m%d}-{self.pk:05d}"

    @property
    def ref(self) -> str:
        return f"publicity.notice:{self.pk}"

    @property
    def open(self) -> bool:
        return self.state in rules.OPEN

    @property
    def first_day(self) -> date | None:
        """The first full day that counts."""
        return self.starts + timedelta(days=1) if self.starts else None


class Posting(models.Model):
    """The paper list at one place. Its photos are files of `ref`: phase before at the start, after at the end."""

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="postings")
    place = models.CharField("张贴地点", max_length=120)
    days = models.SmallIntegerField()
    order = models.ForeignKey(WorkOrder, models.PROTECT, null=True, related_name="+")
    end_order = models.ForeignKey(WorkOrder, models.PROTECT, null=True, related_name="+")
    posted_at = models.DateTimeField("张贴时间", null=True)
    starts = models.DateField("张贴日", null=True)
    ends = models.DateField("期满拍照日", null=True)
    closed_at = models.DateTimeField("期满拍照时间", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "place"], name="one_posting_a_place"),
            models.CheckConstraint(
                condition=Q(ends=None) | Q(starts__isnull=False, ends__gte=F("starts") + F("days")),
                name="posting_hangs_its_days",
            ),
        ]

    @property
    def ref(self) -> str:
        return f"publicity.posting:{self.pk}"


class Outage(models.Model):
    """The paper was gone (of one posting) or the page could not be opened; every day touched is given again."""

    WHAT = [("poster", "纸质名单"), ("page", "网页")]
    notice = models.ForeignKey(Notice, models.PROTECT, related_name="outages")
    posting = models.ForeignKey(Posting, models.PROTECT, null=True, related_name="outages")
    what = models.CharField("中断的是", max_length=6, choices=WHAT)
    since = models.DateTimeField("中断时间")
    until = models.DateTimeField("恢复时间", null=True)
    reason = models.CharField("情况", max_length=500)
    files = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="outage_ends_after_it_began"
            ),
            models.CheckConstraint(
                condition=Q(what="page", posting=None) | Q(what="poster", posting__isnull=False),
                name="outage_of_one_poster_or_the_page",
            ),
            models.UniqueConstraint(
                fields=["posting"], condition=Q(until=None, what="poster"), name="one_open_outage_a_poster"
            ),
            models.UniqueConstraint(
                fields=["notice"], condition=Q(until=None, what="page"), name="one_open_outage_of_the_page"
            ),
        ]


class Objection(models.Model):
    """Somebody's objection. Who it is lies encrypted; `sender` and `account_index` are keyed hashes.

    `barred` are accounts that must not rule: parties and handlers of the matter. A constraint (migration
    `0002_notice_keeps_its_word`) holds `ruled_by` off them.
    """

    STATES = [("open", "待裁定"), ("upheld", "成立"), ("rejected", "不成立")]
    CHANNELS = [("web", "网页"), ("window", "窗口"), ("phone", "电话"), ("paper", "书面")]
    notice = models.ForeignKey(Notice, models.PROTECT, related_name="objections")
    sender = BlindIndexField()
    client_uuid = models.UUIDField(default=uuid.uuid4)
    content = models.BinaryField(max_length=32)
    code_hash = models.BinaryField(max_length=32)
    channel = models.CharField("渠道", max_length=6, choices=CHANNELS, default="web")
    real_name = models.BooleanField("实名", default=False)
    name = EncryptedTextField(blank=True, default="")
    phone = EncryptedTextField(blank=True, default="")
    account = EncryptedTextField(blank=True, default="")
    account_index = BlindIndexField(null=True)
    against = EncryptedTextField("涉及的工作人员", blank=True, default="")
    grounds = EncryptedTextField("理由")
    barred = ArrayField(models.BigIntegerField(), default=list)
    received_at = models.DateTimeField("收到时间")
    late = models.BooleanField("逾期", default=False)
    due_at = models.DateTimeField("答复时限")
    state = models.CharField("状态", max_length=8, choices=STATES, default="open")
    reasons = models.TextField("裁定理由", blank=True, default="")
    ruled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ruled_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField("书面答复时间", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "client_uuid"], name="one_objection_per_client_uuid"),
            models.UniqueConstraint(fields=["code_hash"], name="one_objection_a_code"),
            models.CheckConstraint(
                condition=Q(real_name=False) | ~Q(name="") & (~Q(phone="") | ~Q(account="")),
                name="real_name_can_be_answered",
            ),
            models.CheckConstraint(
                condition=Q(state="open", ruled_by=None, ruled_at=None, reasons="")
                | ~Q(state="open") & Q(ruled_by__isnull=False, ruled_at__isnull=False) & ~Q(reasons=""),
                name="ruling_has_ruler_and_reasons",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None) | ~Q(state="open"), name="answered_after_ruling"
            ),
            models.CheckConstraint(
                condition=Q(real_name=False) | Q(state="open") | Q(answered_at__isnull=False),
                name="real_name_is_answered",
            ),
        ]
        indexes = [
            models.Index(fields=["notice", "id"], name="objection_by_notice"),
            models.Index(fields=["due_at"], condition=Q(state="open"), name="objection_waiting"),
        ]

    @property
    def ref(self) -> str:
        return f"publicity.objection:{self.pk}"


class Announcement(models.Model):
    """公布: what stands publicly after a notice ended without an upheld objection, until it is taken down."""

    notice = models.OneToOneField(Notice, models.PROTECT, related_name="announcement")
    columns = models.JSONField()
    rows = models.JSONField()
    since = models.DateTimeField("公布时间")
    until = models.DateTimeField("撤下时间", null=True)
