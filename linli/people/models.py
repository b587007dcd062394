from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from linli.areas.models import Located, near_index
from linli.kernel.identity.fields import BlindIndexField, EncryptedTextField
from linli.people import rules


class Placed(models.Model):
    """The codes scope filters use, copied from the dwelling somebody or something belongs to."""

    grid = models.CharField("网格", max_length=15, blank=True, default="")
    community = models.CharField("村（社区）", max_length=12, blank=True, default="")
    street = models.CharField("乡镇街道", max_length=9, blank=True, default="")
    county = models.CharField("县（市）", max_length=6, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def area(self) -> str:
        return self.grid or self.community or self.street or self.county


class Person(Placed):
    """Somebody known to the county: one person, one id, in every room. Codes follow where they live now."""

    name = EncryptedTextField("姓名")
    number = EncryptedTextField("身份证号", blank=True, default="")
    number_index = BlindIndexField(null=True, unique=True)
    phone = EncryptedTextField("电话", blank=True, default="")
    phone_index = BlindIndexField(null=True, db_index=True)
    birth = models.DateField("出生日期", null=True)
    sex = models.CharField("性别", max_length=1, choices=list(rules.SEXES.items()), blank=True, default="")
    nation = models.CharField("民族", max_length=16, blank=True, default="")
    registered_place = models.CharField("户籍地", max_length=120, blank=True, default="")
    party_member = models.BooleanField("中共党员", default=False)
    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="person"
    )
    died = models.DateField("死亡日期", null=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged_from")
    merged_on = models.DateField("并入日期", null=True)
    anonymised = models.DateField("去标识", null=True)
    anonymised_why = models.CharField(max_length=10, blank=True, default="")
    version = models.IntegerField(default=1)
    demo = models.BooleanField("演示数据", default=False)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(merged_into=F("id")), name="nobody_is_merged_into_themselves"
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(number_index=None), name="a_merged_number_is_free"
            ),
            models.CheckConstraint(
                condition=Q(anonymised=None) | Q(number_index=None, phone_index=None, birth=None),
                name="the_anonymous_have_no_number",
            ),
        ]
        indexes = [
            models.Index(fields=["grid", "id"], name="person_by_grid"),
            models.Index(fields=["community", "id"], name="person_by_community"),
            models.Index(fields=["birth"], condition=Q(died=None, merged_into=None), name="person_by_birth"),
        ]

    def __str__(self) -> str:
        return self.masked_name

    @property
    def masked_name(self) -> str:
        return rules.mask_name(self.name)

    @property
    def masked_number(self) -> str:
        return rules.mask_number(self.number)

    @property
    def masked_phone(self) -> str:
        return rules.mask_number(self.phone)

    @property
    def alive(self) -> bool:
        return self.died is None


class Dwelling(Located):
    """Where a household lives. The door hint opens a door: encrypted, its reading recorded."""

    address = EncryptedTextField("地址")
    door_hint = EncryptedTextField("入户提示", blank=True, default="")
    demo = models.BooleanField("演示数据", default=False)

    class Meta:
        indexes = [
            models.Index(fields=["grid", "id"], name="dwelling_by_grid"),
            near_index("dwelling_near", Q(east__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.masked_address

    @property
    def masked_address(self) -> str:
        return rules.masked_address(self.address)


class Household(Placed):
    """People who live together, or are registered together, in one dwelling."""

    dwelling = models.ForeignKey(Dwelling, models.PROTECT, related_name="households", verbose_name="住所")
    head = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="heads", verbose_name="户主")
    kind = models.CharField(
        "类型", max_length=12, choices=list(rules.HOUSEHOLD_KINDS.items()), default="registered"
    )
    number = models.CharField("户号", max_length=32, blank=True, default="")
    visited_at = models.DateTimeField("最近走访", null=True)
    visits = models.IntegerField("走访次数", default=0)
    closed = models.DateTimeField("销户", null=True)
    closed_why = models.CharField(
        "销户原因", max_length=10, choices=list(rules.CLOSINGS.items()), blank=True, default=""
    )
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged_from")
    demo = models.BooleanField("演示数据", default=False)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "number"],
                condition=~Q(number="") & Q(closed=None),
                name="one_household_a_number",
            ),
            models.CheckConstraint(
                condition=Q(closed=None, closed_why="") | (Q(closed__isnull=False) & ~Q(closed_why="")),
                name="a_closed_household_says_why",
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | (Q(closed_why="merged") & ~Q(merged_into=F("id"))),
                name="a_merged_household_names_another",
            ),
        ]
        indexes = [
            models.Index(fields=["grid", "id"], condition=Q(closed=None), name="household_by_grid"),
            models.Index(fields=["community", "id"], condition=Q(closed=None), name="household_by_community"),
            models.Index(fields=["visited_at"], condition=Q(closed=None), name="household_by_visit"),
        ]

    def __str__(self) -> str:
        return f"{self.head.masked_name}户" if self.head else f"第 {self.pk} 户"


class Member(models.Model):
    """Somebody in a household, from when to when."""

    household = models.ForeignKey(Household, models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    relation = models.CharField("与户主关系", max_length=16, blank=True, default="")
    since = models.DateField("起")
    until = models.DateField("止", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(until=None), name="lives_in_one_household"
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="member_leaves_after_coming"
            ),
        ]
        indexes = [models.Index(fields=["household"], condition=Q(until=None), name="member_by_household")]


class Tie(models.Model):
    """Who is what to somebody: kin, guardian, key holder, emergency contact. Either a person here or a name and phone."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="ties")
    kind = models.CharField("关系", max_length=12, choices=list(rules.TIE_KINDS.items()))
    relation = models.CharField("称谓", max_length=32, blank=True, default="")
    other = models.ForeignKey(Person, models.PROTECT, null=True, related_name="tied_from")
    name = EncryptedTextField("姓名", blank=True, default="")
    phone = EncryptedTextField("电话", blank=True, default="")
    rank = models.SmallIntegerField("先后", default=1)
    created = models.DateTimeField(default=timezone.now)
    ended = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(other=None) | ~Q(other=F("person")), name="nobody_is_tied_to_themselves"
            )
        ]
        indexes = [models.Index(fields=["person", "kind"], condition=Q(ended=None), name="tie_by_person")]

    @property
    def masked_name(self) -> str:
        return self.other.masked_name if self.other else rules.mask_name(self.name)

    @property
    def masked_phone(self) -> str:
        return rules.mask_number(self.phone or (self.other.phone if self.other else ""))


class Consent(models.Model):
    """What somebody, or their guardian, agreed to, on what evidence, until when."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="consents")
    purpose = models.CharField("用途", max_length=32, choices=list(rules.PURPOSES.items()))
    given_by = models.CharField(
        "同意人", max_length=8, choices=[("self", "本人"), ("guardian", "监护人"), ("kin", "近亲属")]
    )
    evidence = models.CharField("凭据", max_length=200)
    files = ArrayField(models.BigIntegerField(), default=list)
    given_at = models.DateTimeField(default=timezone.now)
    until = models.DateField("有效期至", null=True)
    withdrawn = models.DateTimeField("撤回", null=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "purpose"], condition=Q(withdrawn=None), name="one_open_consent_a_purpose"
            )
        ]


class LifeEvent(models.Model):
    """A birth, a death, a move: what the field registers in two taps. `was` is what an undo puts back."""

    kind = models.CharField("事项", max_length=10, choices=list(rules.EVENTS.items()))
    person = models.ForeignKey(Person, models.CASCADE, related_name="events")
    household = models.ForeignKey(Household, models.SET_NULL, null=True, related_name="events")
    on = models.DateField("日期")
    evidence = models.CharField("凭据", max_length=200, blank=True, default="")
    files = ArrayField(models.BigIntegerField(), default=list)
    was = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    undone = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    undo_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(kind="death", undone=None), name="dies_once"
            ),
            models.CheckConstraint(
                condition=~Q(evidence="") | ~Q(files=[]), name="a_life_event_has_evidence"
            ),
        ]
        indexes = [models.Index(fields=["household", "-at"], name="life_event_by_household")]


class VisitNote(models.Model):
    """民情日记: what was heard at a door, what was asked, what was promised and by when."""

    household = models.ForeignKey(Household, models.CASCADE, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField("走访时间")
    heard = models.TextField("听到", blank=True, default="")
    asked = models.TextField("诉求", blank=True, default="")
    promised = models.TextField("答应", blank=True, default="")
    promise_due = models.DateField("答应的日期", null=True)
    promise_kept = models.DateTimeField("已兑现", null=True)
    files = ArrayField(models.BigIntegerField(), default=list)
    routed_to = models.CharField("转办", max_length=64, blank=True, default="")
    routed_at = models.DateTimeField(null=True)
    flagged = models.BooleanField("手机时间有误", default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(heard="") | ~Q(asked="") | ~Q(promised=""), name="a_note_says_something"
            ),
            models.CheckConstraint(
                condition=Q(promise_due=None) | ~Q(promised=""), name="a_due_day_has_its_promise"
            ),
        ]
        indexes = [
            models.Index(fields=["household", "-at"], name="note_by_household"),
            models.Index(
                fields=["promise_due"],
                condition=Q(promise_kept=None, promise_due__isnull=False),
                name="note_by_open_promise",
            ),
        ]


class AgeTold(models.Model):
    """That a person's birthday was told to the house: once a person and age, whatever reruns."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    age = models.SmallIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "age"], name="an_age_is_told_once")]


class Tombstone(models.Model):
    """What is left of somebody who was forgotten: that this id was used, why it ended and when."""

    person = models.BigIntegerField(unique=True)
    area = models.CharField(max_length=15, blank=True, default="")
    why = models.CharField(max_length=10)
    anonymised = models.DateField()
    deleted = models.DateField()
