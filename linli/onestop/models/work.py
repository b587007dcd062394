from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from linli.kernel.identity.fields import EncryptedTextField
from linli.onestop.models.cases import Application, Member

OPINIONS = [("agree", "同意"), ("disagree", "不同意")]
TASK_STATES = [("open", "待办"), ("done", "已办"), ("superseded", "已作废")]
PLACED = [("holder", "经办"), ("head", "单位负责人"), ("supervisor", "督查列表")]


class Task(models.Model):
    """What one post has to do in one round. Codes and unit are copied from the case for the lists."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="tasks")
    step = models.CharField("步骤", max_length=32)
    branch = models.CharField("部门", max_length=32, blank=True, default="")
    round = models.SmallIntegerField("轮次")
    stage = models.SmallIntegerField(default=0)
    name = models.CharField("任务", max_length=80)
    kind = models.CharField(
        max_length=9
    )  # of the step; extra: raised beside the table; notice: to be delivered
    role = models.CharField("岗位", max_length=48)
    cause = models.CharField("等待原因", max_length=24, blank=True, default="")
    binding = models.CharField(max_length=8, blank=True, default="")  # fact | opinion, for assists
    min_people = models.SmallIntegerField(default=1)
    unit = models.CharField("单位", max_length=32, blank=True, default="")
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    placed = models.CharField("由谁接住", max_length=10, choices=PLACED, default="holder")
    state = models.CharField("状态", max_length=10, choices=TASK_STATES, default="open")
    opened_at = models.DateTimeField("开始")
    due_at = models.DateTimeField("期限")
    done_at = models.DateTimeField("办结", null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    opinion = models.CharField("意见", max_length=8, choices=OPINIONS, blank=True, default="")
    finding = models.TextField("核实情况", blank=True, default="")
    reason = models.TextField("理由", blank=True, default="")
    files = ArrayField(models.BigIntegerField(), default=list)
    publicity = models.CharField(
        "公示", max_length=64, blank=True, default=""
    )  # the posting's subject, once posted
    posted_at = models.DateTimeField("张贴", null=True)
    urged = models.SmallIntegerField("催办", default=0)
    grid = models.CharField(max_length=15, blank=True, default="")
    community = models.CharField(max_length=12, blank=True, default="")
    street = models.CharField(max_length=9, blank=True, default="")
    county = models.CharField(max_length=6, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "step", "branch", "round"], name="one_task_a_step_and_round"
            ),
            models.CheckConstraint(
                condition=Q(opinion__in=["", "agree"]) | ~Q(reason=""), name="reason_unless_agree"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(done_at__isnull=False), name="done_says_when"
            ),
            models.CheckConstraint(
                condition=~Q(state="open") | Q(holder__isnull=False) | Q(placed="supervisor"),
                name="an_open_task_has_an_owner",
            ),
        ]
        indexes = [
            models.Index(fields=["unit", "due_at"], condition=Q(state="open"), name="task_by_unit"),
            models.Index(fields=["holder", "due_at"], condition=Q(state="open"), name="task_by_holder"),
            models.Index(fields=["street", "due_at"], condition=Q(state="open"), name="task_by_street"),
            models.Index(
                fields=["due_at"], condition=Q(state="open", placed="supervisor"), name="task_unowned"
            ),
            models.Index(
                fields=["due_at"],
                condition=Q(state="open", kind="publicity", posted_at__isnull=False),
                name="task_posted",
            ),
            models.Index(fields=["application", "id"], name="task_by_case"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def area(self) -> str:
        return self.grid or self.community or self.street or self.county

    @property
    def subject(self) -> str:
        return f"onestop.task:{self.pk}"


class Survey(models.Model):
    """A home survey (入户调查): what was seen, signed by two surveyors, each by their own account, and by the household.

    The first one's record waits in `said` (what `do_task` takes) until the second has signed it.
    """

    task = models.OneToOneField(Task, models.CASCADE, related_name="survey")
    first = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    second = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    member = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    place = models.CharField("地点", max_length=200, blank=True, default="")
    answers = EncryptedTextField("调查内容", blank=True, default="")  # JSON
    photos = ArrayField(models.BigIntegerField(), default=list)
    signed = models.BooleanField("被调查人签字", default=False)
    remote = models.CharField("电话或视频调查的原因", max_length=200, blank=True, default="")
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    said = models.JSONField(default=dict)  # opinion, finding, reason, files
    objection = models.CharField("第二调查人的意见", max_length=400, blank=True, default="")
    first_signed_at = models.DateTimeField("调查人签字", null=True)
    second_signed_at = models.DateTimeField("第二调查人签字", null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None)
                | Q(first__isnull=False, second__isnull=False) & ~Q(first=F("second")),
                name="surveyed_by_two",
            ),
            models.CheckConstraint(
                condition=Q(done_at=None)
                | Q(first_signed_at__isnull=False, second_signed_at__isnull=False)
                & (Q(signed=True) | ~Q(remote="")),
                name="signed_by_all",
            ),
        ]
        indexes = [
            models.Index(
                fields=["second"],
                condition=Q(second_signed_at=None, first_signed_at__isnull=False),
                name="survey_to_sign",
            )
        ]


class Notice(models.Model):
    """What must reach the applicant in writing: all defects at once, or why not and what can be done about it."""

    KINDS = [("supplement", "一次性告知"), ("decline", "不予受理"), ("refusal", "不予确认")]
    application = models.ForeignKey(Application, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=10, choices=KINDS)
    defects = models.JSONField("全部缺项", default=list)
    reason = models.TextField("理由", blank=True, default="")
    basis = models.CharField("依据", max_length=200, blank=True, default="")
    remedy = models.TextField("救济途径", blank=True, default="")
    right_place = models.CharField("应向何处申请", max_length=200, blank=True, default="")
    due_at = models.DateTimeField("期限")  # of the answer (supplement), of delivery (others)
    made_at = models.DateTimeField()
    delivered_at = models.DateTimeField("送达", null=True)
    how = models.CharField("送达方式", max_length=64, blank=True, default="")
    new_facts = models.BooleanField("因新情况", default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(kind="supplement", new_facts=False),
                name="one_supplement_a_case",
            ),
            models.CheckConstraint(
                condition=Q(kind="supplement") | (~Q(reason="") & ~Q(remedy="")),
                name="a_refusal_says_why",
            ),
        ]


class Decision(models.Model):
    """审核确认: one a case, never changed; the database lets no approval in before its time (trigger)."""

    application = models.OneToOneField(Application, models.PROTECT, related_name="decision")
    task = models.ForeignKey(Task, models.PROTECT, related_name="+")
    round = models.SmallIntegerField()
    outcome = models.CharField("结果", max_length=8, choices=[("approve", "确认"), ("refuse", "不予确认")])
    fen = models.BigIntegerField("金额（分）", null=True)
    sheet = models.JSONField("计算表", default=dict)
    rule_versions = models.JSONField(default=dict)
    findings = models.JSONField("对各部门意见的回应", default=dict)
    reason = models.TextField("理由", blank=True, default="")
    basis = models.CharField("依据", max_length=200, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(fen=None) | Q(fen__gte=0), name="decided_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(outcome="approve") | ~Q(reason=""), name="refused_with_reason"
            ),
        ]
