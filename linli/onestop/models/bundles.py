import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from linli.kernel.identity.fields import EncryptedTextField
from linli.onestop.models.cases import Application
from linli.people.models import Person, Placed

BUNDLE_STATES = [
    ("offered", "已提示，等申请"),
    ("draft", "正在填写"),
    ("submitted", "办理中"),
    ("done", "全部办结"),
    ("declined", "不需要"),
    ("void", "已失效"),
]
PART_STATES = [
    ("waiting", "等前一件办好"),
    ("stuck", "还不能提交"),
    ("open", "办理中"),
    ("done", "已办结"),
    ("ended", "没有办成"),
    ("dropped", "不需要办"),
]
GOING = ("offered", "draft", "submitted")


class Bundle(Placed):
    """一件事: one application that fills several cases. `person` applies, `about` is the newborn or the dead."""

    code = models.CharField("一件事", max_length=16)
    edition = models.SmallIntegerField("目录版本")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", verbose_name="申请人")
    about = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", verbose_name="为谁办")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    authority = models.CharField("代办依据", max_length=200, blank=True, default="")
    state = models.CharField("状态", max_length=9, choices=BUNDLE_STATES, default="draft")
    form = EncryptedTextField("申请表", blank=True, default="")  # JSON
    facts = models.JSONField(default=dict)  # of the matter, by names of bundles.yaml and the glossary
    papers = models.JSONField(default=dict)  # material code -> attachment ids, each handed in once
    sender = models.CharField(max_length=80)
    client_uuid = models.UUIDField(default=uuid.uuid4)
    made_at = models.DateTimeField("开始", auto_now_add=True)
    submitted_at = models.DateTimeField("提交", null=True)
    closed_at = models.DateTimeField("办完", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "client_uuid"], name="one_bundle_a_client_uuid"),
            models.UniqueConstraint(
                fields=["code", "about"],
                condition=Q(state__in=GOING, about__isnull=False),
                name="one_bundle_about",
            ),
            models.CheckConstraint(
                condition=Q(person=None) | Q(about=None) | ~Q(person=F("about")),
                name="a_bundle_is_about_another",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["submitted", "done"])
                | Q(person__isnull=False, submitted_at__isnull=False),
                name="a_bundle_has_an_applicant",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="bundle_by_person"),
            models.Index(fields=["street", "-id"], name="bundle_by_street"),
        ]

    @property
    def subject(self) -> str:
        return f"onestop.bundle:{self.pk}"


class BundlePart(models.Model):
    """One item of a bundle and the case it became."""

    bundle = models.ForeignKey(Bundle, models.CASCADE, related_name="parts")
    item = models.CharField("事项", max_length=16)
    place = models.SmallIntegerField("次序")
    after = models.CharField("在哪件之后", max_length=16, blank=True, default="")
    state = models.CharField("状态", max_length=8, choices=PART_STATES, default="waiting")
    why = models.CharField("说明", max_length=400, blank=True, default="")
    application = models.OneToOneField(Application, models.SET_NULL, null=True, related_name="part")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bundle", "item"], name="one_part_an_item"),
            models.CheckConstraint(
                condition=~Q(state__in=["open", "done", "ended"]) | Q(application__isnull=False),
                name="a_part_under_way_is_a_case",
            ),
        ]
        ordering = ["place", "id"]
