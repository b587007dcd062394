from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from linli.areas.models import Located, near_index

URGENCIES = [("critical", "特急"), ("urgent", "紧急"), ("routine", "一般"), ("complex", "疑难")]
STATES = [
    ("raised", "待派遣"),
    ("dispatched", "待接单"),
    ("disputed", "退回待裁"),
    ("accepted", "处置中"),
    ("suspended", "缓办"),
    ("handled", "待核查"),
    ("done", "已完成"),
    ("cancelled", "已撤销"),
]
OPEN = ("raised", "dispatched", "disputed", "accepted", "suspended", "handled")
VERIFY = [("none", "不核查"), ("raiser", "派单人核查"), ("other", "他人核查"), ("sample", "抽查")]


class WorkOrder(Located):
    """One thing to be done by one unit or person: the row of the one work list of the field.

    `due_at` is the end of the running stage (or milestone); `stage` and `stage_from` say which and since when.
    """

    kind = models.CharField(max_length=32)
    subject = models.CharField(max_length=64)
    role = models.CharField(max_length=6, choices=[("lead", "主办"), ("assist", "协办")], default="lead")
    urgency = models.CharField(max_length=8, choices=URGENCIES, default="routine")
    mode = models.CharField(
        max_length=8, choices=[("actual", "实战"), ("drill", "演练"), ("exercise", "推演")], default="actual"
    )
    private = models.BooleanField("保密", default=False)
    title = models.CharField("事项", max_length=120)
    instructions = models.TextField("要求", blank=True, default="")
    unit = models.CharField("承办单位", max_length=32, blank=True, default="")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="orders"
    )
    state = models.CharField("状态", max_length=10, choices=STATES, default="raised")
    version = models.IntegerField(
        default=1
    )  # counts every move: the base version of stale forms and offline acts
    not_before = models.DateTimeField(null=True)
    planned_day = models.DateField(null=True)
    seq = models.SmallIntegerField(null=True)
    stage = models.CharField(max_length=8, default="dispatch")  # dispatch accept handle check
    milestone = models.SmallIntegerField(default=0)
    stage_from = models.DateTimeField()
    due_at = models.DateTimeField("时限")
    limit = models.CharField("本环节时限", max_length=16, blank=True, default="")
    plan = models.JSONField(
        "各环节时限", default=dict
    )  # frozen at raising: {"accept": "15 min", "handle": [...], …}
    pauses = models.JSONField("缓办时段", default=list)  # [{"at": iso, "until": iso | null, "review": iso}]
    explanation = models.JSONField("派遣依据", default=dict)
    verify = models.CharField(max_length=8, choices=VERIFY, default="none")
    ladder = models.CharField(max_length=48, blank=True, default="")
    rung = models.SmallIntegerField(default=0)  # how many rungs of this stage have fired
    round = models.SmallIntegerField(default=1)  # a rework or reassignment opens a new round of rungs
    next_rung_at = models.DateTimeField(null=True)
    returns = models.SmallIntegerField("退回次数", default=0)
    reworks = models.SmallIntegerField("返工次数", default=0)
    extensions = models.SmallIntegerField("延期次数", default=0)
    final = models.BooleanField("终审", default=False)
    outcome = models.TextField("处置结果", blank=True, default="")
    flags = ArrayField(
        models.CharField(max_length=32), default=list
    )  # evidence misses, skewed clock: told, never refused
    created = models.DateTimeField()
    first_dispatched_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    handled_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    handled_by = models.CharField(
        max_length=64, blank=True, default=""
    )  # actor ref: account or one-time link
    verified_by = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "kind"],
                condition=Q(role="lead") & ~Q(state__in=["done", "cancelled"]),
                name="one_open_lead_order",
            ),
            models.CheckConstraint(
                condition=Q(handled_by="")
                | Q(verified_by="")
                | ~Q(verify="other")
                | ~Q(handled_by=F("verified_by")),
                name="never_checks_own_work",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["dispatched", "accepted", "suspended", "handled"])
                | ~Q(unit="")
                | Q(person__isnull=False),
                name="running_order_has_owner",
            ),
        ]
        indexes = [
            models.Index(fields=["unit", "due_at"], condition=Q(done_at=None), name="order_open_by_unit"),
            models.Index(fields=["person", "due_at"], condition=Q(done_at=None), name="order_open_by_person"),
            models.Index(fields=["grid", "due_at"], condition=Q(done_at=None), name="order_open_by_grid"),
            models.Index(
                fields=["community", "due_at"], condition=Q(done_at=None), name="order_open_by_community"
            ),
            models.Index(fields=["street", "due_at"], condition=Q(done_at=None), name="order_open_by_street"),
            models.Index(fields=["due_at"], condition=Q(done_at=None), name="order_open_by_due"),
            models.Index(
                fields=["due_at", "id"], condition=Q(state__in=["raised", "disputed"]), name="order_to_place"
            ),
            models.Index(
                fields=["next_rung_at"], condition=Q(next_rung_at__isnull=False), name="order_next_rung"
            ),
            models.Index(fields=["subject"], name="order_by_subject"),
            models.Index(fields=["unit", "-id"], name="order_by_unit"),
            models.Index(fields=["unit", "subject"], condition=Q(role="assist"), name="order_assisting"),
            near_index("order_near", Q(done_at=None, east__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def open(self) -> bool:
        return self.state in OPEN


class OrderCrew(models.Model):
    """Others who come along on an order that wants two."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="crew")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    part = models.CharField(max_length=6, choices=[("lead", "主"), ("second", "辅")])

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "person"], name="one_seat_each")]


class Move(models.Model):
    """One step of an order or of its subject: what the timeline shows. Append-only by trigger."""

    subject = models.CharField(max_length=64)
    order = models.ForeignKey(WorkOrder, models.CASCADE, null=True, related_name="moves")
    action = models.CharField(max_length=24)
    from_state = models.CharField(max_length=12, blank=True, default="")
    to_state = models.CharField(max_length=12, blank=True, default="")
    by = models.CharField(max_length=64)  # actor ref
    by_name = models.CharField(max_length=64, blank=True, default="")
    by_role = models.CharField(max_length=64, blank=True, default="")
    unit = models.CharField(max_length=32, blank=True, default="")
    at = models.DateTimeField()
    device_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=64, blank=True, default="")
    text = models.TextField(blank=True, default="")
    files = ArrayField(models.BigIntegerField(), default=list)
    public = models.BooleanField("报事人可见", default=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="move_by_subject"),
            models.Index(fields=["order", "id"], name="move_by_order"),
            # rows only grow, in order of time: a few pages of block ranges answer what a tree would take gigabytes for
            BrinIndex(fields=["at"], name="move_by_time", autosummarize=True),
        ]


class Rung(models.Model):
    """A rung of the ladder that fired. The constraint lets each fire once, whoever claims it."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="rungs")
    stage = models.CharField(max_length=8)
    round = models.SmallIntegerField()
    rung = models.SmallIntegerField()
    fired_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "stage", "round", "rung"], name="a_rung_fires_once")
        ]


class Ladder(models.Model):
    """Escalation as data: rungs for a kind × urgency × mode; a published version is never changed."""

    code = models.CharField(max_length=48)  # kind prefix, e.g. incident.handle or *
    urgency = models.CharField(max_length=8, blank=True, default="")  # "" any
    mode = models.CharField(max_length=8, default="actual")
    version = models.IntegerField(default=1)
    rungs = models.JSONField()
    valid_from = models.DateTimeField()
    source = models.CharField(max_length=120, blank=True, default="")
    status = models.CharField(max_length=16, default="to_confirm")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "urgency", "mode", "version"], name="one_ladder_per_version"
            )
        ]


class Clock(models.Model):
    """Stage limits as data: kind × stage × urgency -> limit such as `15 min`, `0.5 dh`, `1 wd`."""

    kind = models.CharField(max_length=32, default="*")
    stage = models.CharField(max_length=8)
    urgency = models.CharField(max_length=8)
    limit = models.CharField(max_length=16)
    version = models.IntegerField(default=1)
    valid_from = models.DateTimeField()
    source = models.CharField(max_length=120, blank=True, default="")
    status = models.CharField(max_length=16, default="to_confirm")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "stage", "urgency"], condition=Q(active=True), name="one_clock_each"
            )
        ]


class Ask(models.Model):
    """A request for more time: extension or suspension, decided by somebody else."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="asks")
    what = models.CharField(max_length=8, choices=[("extend", "延期"), ("suspend", "缓办")])
    reason = models.CharField(max_length=200)
    ground = models.CharField(max_length=16, blank=True, default="")  # season court budget land …
    limit = models.CharField(max_length=16, blank=True, default="")
    until = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(
        max_length=8, choices=[("asked", "待批"), ("granted", "已批"), ("refused", "不准")], default="asked"
    )
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "what"], condition=Q(state="asked"), name="one_open_ask"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(asked_by=F("decided_by")), name="never_grants_own_ask"
            ),
        ]


class Ruling(models.Model):
    """What a duty chief decided about class × area -> unit after a second return: remembered above routing rules."""

    topic = models.CharField(max_length=64)  # the class code, for incidents
    area = models.CharField(max_length=15)
    unit = models.CharField(max_length=32)
    basis = models.TextField("依据")
    order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="+")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "area"], condition=Q(valid_to=None), name="rulings_do_not_overlap"
            )
        ]


class Rating(models.Model):
    """What the person concerned says of the result; one per rater and round of the subject."""

    subject = models.CharField(max_length=64)
    round = models.SmallIntegerField(default=1)
    rater = models.CharField(max_length=64)
    resolved = models.BooleanField("是否解决")
    stars = models.SmallIntegerField("满意度")
    reasons = ArrayField(models.CharField(max_length=32), default=list)
    text = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "round", "rater"], name="one_rating_a_rater"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="one_to_five_stars"),
        ]


class Duty(models.Model):
    """A duty list: who stands in for a post in an area, when, and the backup."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="duties")
    post = models.CharField(max_length=32)  # duty_officer, duty_chief …
    area = models.CharField(max_length=15)
    unit = models.CharField(max_length=32, blank=True, default="")
    start = models.DateTimeField()
    end = models.DateTimeField()
    backup = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="duty_ends_after_start")]
        indexes = [models.Index(fields=["area", "post", "end"], name="duty_by_post")]
