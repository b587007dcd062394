from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


class Role(models.Model):
    """A named set of verbs; loaded from data/roles.yaml, editable by an administrator."""

    code = models.CharField("代码", max_length=32, primary_key=True)
    zh = models.CharField("名称", max_length=32)
    en = models.CharField("英文名称", max_length=48)
    verbs = ArrayField(models.CharField(max_length=64), verbose_name="可办事项", default=list)
    implicit = models.CharField(  # who holds it without a grant
        max_length=8,
        choices=[("", "需授权"), ("anyone", "任何人"), ("account", "任何账号")],
        default="",
        blank=True,
    )
    status = models.CharField(max_length=16, default="to_confirm")
    edited = models.BooleanField(
        "管理员已调整", default=False
    )  # then data/roles.yaml no longer overwrites the verbs

    def __str__(self) -> str:
        return self.zh


class Grant(models.Model):
    """role × area × unit, for a time."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="grants")
    role = models.ForeignKey(Role, models.PROTECT, related_name="grants")
    area = models.CharField("区域代码", max_length=15)
    unit = models.CharField("单位代码", max_length=32, blank=True, default="")
    valid_from = models.DateTimeField(auto_now_add=True)
    valid_to = models.DateTimeField(null=True, blank=True)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "role", "area", "unit"],
                condition=Q(valid_to=None),
                name="one_open_grant_each",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")), name="grant_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(area__regex=r"^(\d{6}|\d{9}|\d{12}|\d{15})$"), name="grant_area_is_code"
            ),
        ]
        indexes = [models.Index(fields=["area", "role"], name="grant_by_area_role")]


class Pass(models.Model):
    """A time-limited opening on one subject: break-glass, 24-hour files, one-time links. Always recorded."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="passes")
    link_hash = models.BinaryField("链接摘要", max_length=32, null=True)
    subject = models.CharField(max_length=64)
    verbs = ArrayField(models.CharField(max_length=64))
    reason = models.CharField("理由", max_length=200)
    until = models.DateTimeField()
    area = models.CharField(
        "区域代码", max_length=15, blank=True, default=""
    )  # "": the whole county's business
    created = models.DateTimeField(auto_now_add=True)
    revoked = models.DateTimeField(null=True)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(account=None, link_hash__isnull=False) | Q(account__isnull=False, link_hash=None),
                name="pass_is_for_account_or_link",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="pass_has_reason"),
        ]
        indexes = [
            models.Index(fields=["account", "until"], name="pass_by_account"),
            models.Index(fields=["link_hash"], condition=Q(link_hash__isnull=False), name="pass_by_link"),
        ]


class Proposal(models.Model):
    """A grant that takes two: one administrator proposes, another one confirms or rejects."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    role = models.ForeignKey(Role, models.PROTECT, related_name="+")
    area = models.CharField("区域代码", max_length=15)
    unit = models.CharField("单位代码", max_length=32, blank=True, default="")
    valid_to = models.DateTimeField(null=True, blank=True)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    proposed_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(
        max_length=9,
        choices=[("open", "待复核"), ("confirmed", "已同意"), ("rejected", "已驳回")],
        default="open",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "role", "area", "unit"],
                condition=Q(state="open"),
                name="one_open_proposal_each",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")), name="proposal_takes_two"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("account")),
                name="nobody_confirms_their_own_grant",
            ),
        ]


class Bar(models.Model):
    """Somebody who must not touch a subject, whatever their role (kin, sealed)."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="bars")
    subject = models.CharField(max_length=64)
    why = models.CharField(max_length=16, choices=[("kin", "亲属回避"), ("sealed", "封存")])
    area = models.CharField(
        "区域代码", max_length=15, blank=True, default=""
    )  # "": the whole county's business
    reason = models.CharField("理由", max_length=200, blank=True, default="")
    created = models.DateTimeField(auto_now_add=True, null=True)  # null: set before this was kept
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "subject"], name="one_bar_each")]
