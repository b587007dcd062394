from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from linli.areas.models import Located
from linli.kernel.identity.fields import EncryptedTextField
from linli.onestop import rules
from linli.onestop.models.catalogue import Item, ItemVersion
from linli.people.models import Consent, Household, Person

STATES = list(rules.STATE_WORDS.items())
CHANNELS = [
    ("self", "自助申办"),
    ("window", "窗口代录"),
    ("helper", "帮办代办"),
    ("kiosk", "自助终端"),
    ("proactive", "免申即享"),
    ("bundle", "一件事"),
]
WAYS = [("share", "数据共享"), ("submit", "提交"), ("form", "填写签署"), ("commit", "告知承诺")]
SLOT_STATES = [
    ("waiting", "等待"),
    ("met", "已收"),
    ("shared", "已共享"),
    ("committed", "已承诺"),
    ("tolerated", "容缺待补"),
    ("waived", "免交"),
    ("failed", "未取得"),
]


class Application(Located):
    """A case (办件): one item for one person or household, from draft to money. Its subject is onestop.application:id."""

    number = models.CharField("编号", max_length=40, blank=True, default="")
    item = models.ForeignKey(Item, models.PROTECT, related_name="applications")
    version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="applications")
    person = models.ForeignKey(Person, models.PROTECT, related_name="applications", verbose_name="申请人")
    household = models.ForeignKey(Household, models.PROTECT, null=True, related_name="applications")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    authority = models.CharField("代办依据", max_length=200, blank=True, default="")
    channel = models.CharField("渠道", max_length=9, choices=CHANNELS, default="self")
    state = models.CharField("状态", max_length=10, choices=STATES, default="draft")
    unit = models.CharField("承办单位", max_length=32, blank=True, default="")
    form = EncryptedTextField("申请表", blank=True, default="")  # JSON
    facts = models.JSONField(default=dict)  # of the case, by names of the glossary
    signed = models.DateTimeField("签署", null=True)
    round = models.SmallIntegerField("轮次", default=1)
    start = models.SmallIntegerField(default=0)  # the stage this round began at
    publish_from = models.SmallIntegerField(default=1)  # publicity counts from this round on
    mode = models.CharField("公示", max_length=9, default="none")  # required | none | forbidden
    kin = models.BooleanField("近亲属备案", default=False)
    complaint = models.BooleanField("被举报", default=False)
    extended = models.CharField("延长事由", max_length=64, blank=True, default="")
    once = models.CharField(max_length=48, null=True)  # what may have one open case: MZ-001:h17
    sender = models.CharField(max_length=80)
    client_uuid = models.UUIDField()
    content = models.BinaryField(max_length=16)  # digest: the same UUID with other content is a conflict
    resume = models.BinaryField(max_length=32, unique=True)  # SHA-256 of the code a draft is resumed by
    created = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField("提交", null=True)
    accepted_at = models.DateTimeField("受理", null=True)
    decided_at = models.DateTimeField("决定", null=True)
    closed_at = models.DateTimeField("办结", null=True)
    clocks = models.JSONField(default=dict)  # promised, statutory: clocks.Clock
    promised_due = models.DateTimeField("承诺期限", null=True)
    statutory_due = models.DateTimeField("法定期限", null=True)
    warn_at = models.DateTimeField(null=True)  # when the light of the promise turns yellow
    provisional = models.BooleanField("期限暂定", default=False)
    need = models.CharField(
        "关爱需求", max_length=64, blank=True, default=""
    )  # what it began from: care.need:17
    trips = models.SmallIntegerField("到窗口次数", default=0)
    row_version = models.IntegerField(default=1)
    demo = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "client_uuid"], name="one_application_a_client_uuid"),
            models.UniqueConstraint(
                fields=["number"], condition=~Q(number=""), name="one_application_a_number"
            ),
            models.UniqueConstraint(
                fields=["once"], condition=Q(state__in=rules.OPEN, once__isnull=False), name="one_open_per"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn", "ended"]) | ~Q(number=""),
                name="submitted_has_number",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "approved", "refused"])
                | Q(accepted_at__isnull=False, statutory_due__isnull=False),
                name="accepted_has_clocks",
            ),
            models.CheckConstraint(condition=Q(agent=None) | ~Q(authority=""), name="an_agent_has_authority"),
        ]
        indexes = [
            models.Index(
                fields=["street", "statutory_due"],
                condition=Q(state="accepted"),
                name="application_by_street",
            ),
            models.Index(
                fields=["unit", "promised_due"], condition=Q(state="accepted"), name="application_by_unit"
            ),
            models.Index(fields=["street", "-id"], name="application_by_street_new"),
            models.Index(fields=["community", "-id"], name="application_by_village_new"),
            models.Index(
                fields=["street", "promised_due", "warn_at"],
                condition=Q(state="accepted"),
                name="application_lights",
            ),
            models.Index(
                fields=["decided_at"], condition=Q(decided_at__isnull=False), name="application_decided"
            ),
            models.Index(fields=["unit", "-id"], name="application_by_unit_new"),
            models.Index(fields=["item", "-id"], name="application_by_item"),
            models.Index(fields=["person", "-id"], name="application_by_person"),
            models.Index(
                fields=["promised_due"], condition=Q(state="accepted"), name="application_by_promise"
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"草稿 {self.pk}"

    @property
    def subject(self) -> str:
        return f"onestop.application:{self.pk}"

    @property
    def open(self) -> bool:
        return self.state in rules.OPEN


class Member(models.Model):
    """Somebody a case is about, with what is known of them and the authorisation to ask departments."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    relation = models.CharField("与申请人关系", max_length=16, blank=True, default="")
    facts = models.JSONField(default=dict)
    consent = models.ForeignKey(Consent, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "person"], name="a_member_stands_once")]
        ordering = ["id"]


class Slot(models.Model):
    """A line of the checklist: what it is, how it is to be had, whether it is there."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="slots")
    material = models.CharField("材料代码", max_length=16)
    name = models.CharField("材料", max_length=80)
    way = models.CharField("取得方式", max_length=6, choices=WAYS)
    state = models.CharField("状态", max_length=9, choices=SLOT_STATES, default="waiting")
    files = ArrayField(models.BigIntegerField(), default=list)
    due_at = models.DateTimeField("补交期限", null=True)
    note = models.CharField(max_length=200, blank=True, default="")
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "material"], name="one_slot_a_material"),
            models.CheckConstraint(
                condition=~Q(state="tolerated") | Q(due_at__isnull=False), name="tolerated_until_when"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state="tolerated"), name="slot_tolerated")]
        ordering = ["id"]


class Lookup(models.Model):
    """A question to a department's data: never without the member's authorisation, and kept as a record of use."""

    STATES = [
        ("requested", "已请求"),
        ("answered", "已答复"),
        ("failed", "失败"),
        ("timed_out", "超时"),
    ]
    RESULTS = [("match", "相符"), ("mismatch", "不符"), ("absent", "查无")]
    slot = models.ForeignKey(Slot, models.CASCADE, related_name="lookups")
    member = models.ForeignKey(Member, models.CASCADE, related_name="lookups")
    consent = models.ForeignKey(Consent, models.PROTECT, related_name="+")
    source = models.CharField("来源", max_length=64)
    purpose = models.CharField("用途", max_length=120)
    state = models.CharField("状态", max_length=9, choices=STATES, default="requested")
    result = models.CharField("结果", max_length=8, choices=RESULTS, blank=True, default="")
    evidence = models.BinaryField("答复摘要", max_length=32, null=True)  # SHA-256 of the answer as received
    requested_at = models.DateTimeField("请求")
    answered_at = models.DateTimeField("答复", null=True)
    note = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slot", "member"], name="one_lookup_a_member"),
            models.CheckConstraint(
                condition=(Q(state="answered") & ~Q(result="")) | (~Q(state="answered") & Q(result="")),
                name="an_answer_has_a_result",
            ),
        ]
        indexes = [
            models.Index(fields=["requested_at"], condition=Q(state="requested"), name="lookup_waiting")
        ]
        ordering = ["id"]
