from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from linli.areas.models import Located, near_index
from linli.dispatch.models import URGENCIES
from linli.incidents import rules
from linli.kernel.identity.fields import BlindIndexField, EncryptedTextField
from linli.kernel.search.fields import WordsField, words_index

CHANNELS = [
    ("web", "网页上报"),
    ("phone", "电话"),
    ("hotline", "12345 热线"),
    ("grid", "网格员上报"),
    ("window", "窗口"),
    ("api", "接口"),
    ("open311", "Open311"),
    ("device", "设备"),
    ("media", "媒体"),
    ("import", "批量导入"),
    ("note", "民情日记"),
]
STATES = [
    ("reported", "待受理"),
    ("confirming", "核实中"),
    ("filed", "已立案"),
    ("working", "处置中"),
    ("checking", "核查中"),
    ("closed", "已结案"),
    ("declined", "不予立案"),
    ("merged", "已并案"),
    ("void", "已作废"),
]
OPEN = ("reported", "confirming", "filed", "working", "checking")
PLACE_SOURCES = [
    ("gps", "定位"),
    ("pin", "地图选点"),
    ("address", "地址"),
    ("grid", "所在网格"),
    ("default", "默认坐标"),
    ("unknown", "不明"),
]


class IncidentClass(models.Model):
    """One small class of the project's list, in one published version; a published version is never changed."""

    code = models.CharField("代码", max_length=48)
    version = models.IntegerField("版本", default=1)
    name = models.CharField("小类", max_length=64)
    large = models.CharField("大类代码", max_length=32)
    large_name = models.CharField("大类", max_length=64)
    kind = models.CharField(max_length=9, choices=[("part", "部件"), ("happening", "事件")])
    domain = models.CharField("领域", max_length=32)
    urgency = models.CharField("紧急程度", max_length=8, choices=URGENCIES, default="routine")
    filing = models.TextField("立案条件", blank=True, default="")
    closing = models.TextField("结案条件", blank=True, default="")
    milestones = models.JSONField("处置阶段与时限", default=list)
    questions = models.JSONField("上报时的提问", default=list)
    check_mode = models.CharField(
        "核查方式",
        max_length=8,
        choices=[("spot", "到场"), ("photo", "前后照片"), ("reporter", "报事人确认")],
        default="photo",
    )
    skip_confirm = models.BooleanField("可免现场核实", default=False)
    private = models.BooleanField("保密", default=False)
    danger_words = models.JSONField("危险词", default=list)
    examples = models.JSONField(
        "例句", default=list
    )  # what people write about it: the classifier learns from them
    gb_code = models.CharField("国标代码", max_length=16, null=True)
    source = models.CharField("来源", max_length=200, blank=True, default="")
    status = models.CharField("依据状态", max_length=16, default="to_confirm")
    valid_from = models.DateTimeField(default=timezone.now)
    active = models.BooleanField("启用", default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="one_class_per_version"),
            models.UniqueConstraint(fields=["code"], condition=Q(active=True), name="one_active_class"),
        ]

    def __str__(self) -> str:
        return self.name


class RoutingRule(models.Model):
    """class × area (× urgency, an answer, hours) -> unit. Versioned: a change ends the row and writes a new one."""

    topic = models.CharField("小类或大类代码", max_length=48)  # "" any
    area = models.CharField("区域", max_length=15, blank=True, default="")
    urgency = models.CharField("紧急程度", max_length=8, blank=True, default="")
    question = models.CharField("提问", max_length=60, blank=True, default="")  # of the small class
    answered = models.CharField("回答包含", max_length=60, blank=True, default="")  # as rules.fold makes it
    hours = models.CharField("时段", max_length=4, blank=True, default="", choices=[*rules.HOURS.items()])
    function = models.CharField("职能代码", max_length=16, blank=True, default="")
    unit = models.CharField("指定单位", max_length=32, blank=True, default="")
    level = models.CharField("层级", max_length=9, default="county")
    assist = ArrayField(models.CharField(max_length=16), default=list, verbose_name="协办职能")
    basis = models.TextField("依据", blank=True, default="")
    status = models.CharField("依据状态", max_length=16, default="to_confirm")
    version = models.IntegerField(default=1)
    valid_from = models.DateTimeField(default=timezone.now)
    valid_to = models.DateTimeField(null=True)
    edited_by = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "area", "urgency", "question", "answered", "hours"],
                condition=Q(valid_to=None),
                name="one_open_rule_each",
            ),
            models.CheckConstraint(
                condition=Q(question="", answered="") | (~Q(question="") & ~Q(answered="") & ~Q(topic="")),
                name="rule_asks_and_says_what",
            ),
            models.CheckConstraint(condition=Q(hours__in=["", *rules.HOURS]), name="rule_hours_known"),
            models.CheckConstraint(condition=~Q(function="") | ~Q(unit=""), name="rule_names_a_unit"),
        ]


class Incident(Located):
    """A case: what one or many reports are about. Its number is its id in words (`number`)."""

    title = models.CharField("标题", max_length=80)
    text = models.TextField("情况")
    words = WordsField(of=("title", "text", "place_words"))
    class_code = models.CharField("小类", max_length=48, blank=True, default="")
    class_version = models.IntegerField(default=0)
    large = models.CharField("大类", max_length=32, blank=True, default="")
    domain = models.CharField("领域", max_length=32, blank=True, default="")
    urgency = models.CharField("紧急程度", max_length=8, choices=URGENCIES, default="routine")
    state = models.CharField("状态", max_length=10, choices=STATES, default="reported")
    version = models.IntegerField(default=1)
    channel = models.CharField("来源", max_length=8, choices=CHANNELS, default="web")
    place_source = models.CharField(max_length=8, choices=PLACE_SOURCES, default="unknown")
    place_words = models.CharField("地址", max_length=200, blank=True, default="")
    private = models.BooleanField("保密", default=False)
    hide_reporter = models.BooleanField("隐去报事人", default=False)
    unit = models.CharField("承办单位", max_length=32, blank=True, default="")
    guess = models.JSONField(
        "系统判断", default=dict
    )  # {"top": [[code, p]…], "words": [[gram, weight]…], "sure", "model"}
    routing = models.JSONField("派遣说明", default=dict)
    reports_count = models.IntegerField("上报次数", default=1)
    received_at = models.DateTimeField("接报时间")
    filed_at = models.DateTimeField("立案时间", null=True)
    responded_at = models.DateTimeField("首次人工响应", null=True)
    due_at = models.DateTimeField(
        "时限"
    )  # triage limit until filed, then the limit of its class; later by what a suspension stood
    promised_at = models.DateTimeField(
        "承诺时间", null=True
    )  # what was told at filing, never later than the limit; frozen
    handled_at = models.DateTimeField("办结时间", null=True)
    closed_at = models.DateTimeField("结案时间", null=True)
    suspended = models.BooleanField("缓办", default=False)  # as the lead order; see actions/pausing.py
    own_find = models.BooleanField("网格员自行发现", default=False)
    round = models.SmallIntegerField(default=1)  # 1 + how often it was reopened
    cause = models.CharField("原因", max_length=32, blank=True, default="")
    outcome = models.TextField("结果", blank=True, default="")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    depth = models.SmallIntegerField(default=1)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    before_merge = models.CharField(max_length=10, blank=True, default="")
    suggestions = models.JSONField("疑似重复", default=list)
    demo = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(state="merged") & Q(merged_into__isnull=False) & ~Q(merged_into=F("id")))
                | (~Q(state="merged") & Q(merged_into=None)),
                name="merged_has_other_target",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | (~Q(cause="") & ~Q(outcome="") & Q(closed_at__isnull=False)),
                name="closed_says_why",
            ),
            models.CheckConstraint(condition=Q(depth__gte=1, depth__lte=3), name="at_most_three_deep"),
            models.CheckConstraint(
                condition=Q(state__in=["reported", "confirming", "declined", "merged", "void", "closed"])
                | ~Q(class_code=""),
                name="filed_has_class",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=OPEN), name="incident_open_by_due"),
            models.Index(
                fields=["street", "due_at"], condition=Q(state__in=OPEN), name="incident_open_by_street"
            ),
            models.Index(
                fields=["community", "due_at"], condition=Q(state__in=OPEN), name="incident_open_by_community"
            ),
            models.Index(
                fields=["grid", "due_at"], condition=Q(state__in=OPEN), name="incident_open_by_grid"
            ),
            models.Index(
                fields=["state", "due_at"], condition=Q(state__in=OPEN), name="incident_open_by_state"
            ),
            models.Index(
                fields=["unit", "due_at"], condition=Q(state__in=OPEN), name="incident_open_by_unit"
            ),
            models.Index(fields=["street", "-id"], name="incident_by_street"),
            models.Index(fields=["community", "-id"], name="incident_by_community"),
            models.Index(fields=["grid", "-id"], name="incident_by_grid"),
            models.Index(fields=["class_code", "-id"], name="incident_by_class"),
            models.Index(fields=["unit", "-id"], name="incident_by_unit"),
            models.Index(
                fields=["closed_at"], condition=Q(closed_at__isnull=False), name="incident_by_close"
            ),
            models.Index(fields=["received_at"], name="incident_by_receipt"),
            words_index("incident_words"),
            near_index("incident_near", Q(east__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def number(self) -> str:
        """`430181-20261122-00017`: county, local day of receipt, id; nothing to count, so nothing to queue on."""
        day = timezone.localtime(self.received_at)
        return f"{self.county or settings.LINLI_COUNTY}-{day:%Y%m%d}-{self.pk:05d}"

    @property
    def subject(self) -> str:
        return f"incidents.incident:{self.pk}"

    @property
    def open(self) -> bool:
        return self.state in OPEN


class Report(Located):
    """One telling, never edited. A merge moves it: `incident` may change, `first_incident` never."""

    sender = models.CharField(max_length=80)
    client_uuid = models.UUIDField()
    content = models.BinaryField(
        max_length=16
    )  # digest of what was said: the same UUID with other content is a conflict
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="reports")
    first_incident = models.ForeignKey(Incident, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=8, choices=CHANNELS, default="web")
    class_said = models.CharField("报事人所选类别", max_length=64, blank=True, default="")
    text = models.TextField("情况")
    place_words = models.CharField("地址", max_length=200, blank=True, default="")
    place_source = models.CharField(max_length=8, choices=PLACE_SOURCES, default="unknown")
    captured_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    name = EncryptedTextField("称呼", blank=True, default="")
    phone = EncryptedTextField("电话", blank=True, default="")
    phone_index = BlindIndexField(null=True, db_index=True)
    anonymous = models.BooleanField("匿名", default=False)
    tracking = models.BinaryField(max_length=32, unique=True)  # SHA-256 of the tracking code
    flags = ArrayField(models.CharField(max_length=32), default=list)
    answers = models.JSONField(
        "对类别提问的回答", default=dict
    )  # question -> answer; also below `text`, for reading
    files = ArrayField(models.BigIntegerField(), default=list)
    followed = models.BooleanField(default=False)  # "也遇到了": joined an existing incident

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "client_uuid"], name="one_report_per_client_uuid"),
            models.CheckConstraint(condition=~Q(text="") | ~Q(files=[]), name="report_says_something"),
        ]
        indexes = [models.Index(fields=["account", "-id"], name="report_by_account")]


class Correction(models.Model):
    """A person's re-class: what the nightly training learns from."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="corrections")
    text = models.TextField()
    before = models.CharField(max_length=48, blank=True, default="")
    after = models.CharField(max_length=48)
    guessed = models.CharField(max_length=48, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)


class PromiseEntry(models.Model):
    """Within how many days 80 % of a class are closed, in a town or (`area` "") the county; learnt anew every night."""

    small = models.CharField("小类", max_length=48)
    area = models.CharField("镇街", max_length=9, blank=True, default="")
    days = models.FloatField("80% 办结用时（天）", null=True)  # None: too slow for a promise
    cases = models.IntegerField("样本")
    observed = models.BooleanField("实际办结")  # else extended beyond what has been seen
    learnt_at = models.DateTimeField("计算时间")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["small", "area"], name="one_promise_per_class_and_area")
        ]


class ModelVersion(models.Model):
    """A trained classifier with its card; one is active, the one before stays to roll back to."""

    file = models.CharField(max_length=80)
    trained_at = models.DateTimeField(auto_now_add=True)
    trained_on = models.JSONField(default=dict)  # counts of examples and corrections, newest correction
    figures = models.JSONField(default=dict)
    verdict = models.CharField(max_length=200, blank=True, default="")
    active = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["active"], condition=Q(active=True), name="one_active_model")
        ]
