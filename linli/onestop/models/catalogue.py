from django.conf import settings
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Q

VERSION_STATES = [("draft", "草稿"), ("published", "已发布"), ("retired", "已停用")]


class Item(models.Model):
    """A matter residents bring (事项). What it asks and how it runs stands in its versions."""

    code = models.CharField("代码", max_length=16, unique=True)
    name = models.CharField("名称", max_length=80)
    category = models.CharField("类别", max_length=8)
    made = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class ItemVersion(models.Model):
    """One edition of an item. Once published it never changes (trigger), and no two are valid on one day (EXCLUDE)."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="versions")
    number = models.IntegerField("版本")
    definition = models.JSONField("定义")
    state = models.CharField("状态", max_length=9, choices=VERSION_STATES, default="draft")
    validity = DateRangeField("有效期", null=True)
    findings = models.JSONField("发布前检查", default=list)  # [[path, sentence]] of the last check
    simulated = models.JSONField("模拟结果", default=dict)  # {"seed", "runs", "breaches", "digest"}
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    edited_at = models.DateTimeField(auto_now=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    published_at = models.DateTimeField("发布时间", null=True)
    shipped = models.BooleanField("随系统附带", default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="one_item_version_a_number"),
            models.UniqueConstraint(fields=["item"], condition=Q(state="draft"), name="one_draft_an_item"),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(validity__isnull=False, published_at__isnull=False),
                name="published_says_from_when",
            ),
            models.CheckConstraint(
                condition=Q(published_by=None) | Q(edited_by=None) | ~Q(published_by=F("edited_by")),
                name="published_by_a_second_person",
            ),
        ]
        indexes = [models.Index(fields=["item", "state"], name="version_by_item")]

    def __str__(self) -> str:
        return f"{self.item.code} 第 {self.number} 版"
