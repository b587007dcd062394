from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from linli.onestop.models.cases import Application
from linli.people.models import Person


class Paper(models.Model):
    """A paper somebody once handed in, kept for them alone until they withdraw it. Its files stay with the case."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="papers")
    application = models.ForeignKey(
        Application, models.PROTECT, related_name="papers", verbose_name="来自办件"
    )
    material = models.CharField("材料代码", max_length=16)
    name = models.CharField("材料", max_length=80)
    files = ArrayField(models.BigIntegerField())
    issued = models.DateField("出具日期")
    until = models.DateField("有效期至", null=True)
    kept_at = models.DateTimeField("收存")
    withdrawn_at = models.DateTimeField("撤回", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "material"], name="one_paper_a_material"),
            models.CheckConstraint(condition=Q(files__len__gt=0), name="a_paper_has_its_file"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("issued")), name="a_paper_ends_after_it_began"
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "material"], condition=Q(withdrawn_at=None), name="paper_by_person"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> str:
        return f"onestop.paper:{self.pk}"


class PaperUse(models.Model):
    """A paper used again in another case: each time with the person's own consent, given how and by whom recorded."""

    paper = models.ForeignKey(Paper, models.PROTECT, related_name="uses")
    application = models.ForeignKey(Application, models.CASCADE, related_name="paper_uses")
    material = models.CharField("材料代码", max_length=16)
    consent = models.CharField("同意方式", max_length=120)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField("时间")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["paper", "application", "material"], name="a_paper_is_used_once"),
            models.CheckConstraint(condition=~Q(consent=""), name="no_use_without_consent"),
        ]
        ordering = ["id"]
