from django.conf import settings
from django.db import models
from django.db.models import F, Q

from linli.kernel.identity.fields import EncryptedTextField
from linli.onestop.models.cases import Application


class Reckoning(models.Model):
    """核算: what the rules make of a household's incomes; every save a new row, the latest of a round counts.

    `asked_fen` is another amount somebody wants to decide on, with its reason; a second person agrees to it.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="reckonings")
    round = models.SmallIntegerField("轮次")
    method = models.CharField("方法", max_length=32)
    given = EncryptedTextField("所填内容", blank=True, default="")  # JSON: members, incomes, care
    sheet = EncryptedTextField("计算表")  # JSON of means.Sheet
    fen = models.BigIntegerField("核算金额（分）")
    eligible = models.BooleanField("符合条件")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    asked_fen = models.BigIntegerField("另定金额（分）", null=True)
    asked_reason = models.TextField("另定的理由", blank=True, default="")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    agreed_at = models.DateTimeField(null=True)
    denied = models.CharField("不同意的理由", max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(fen__gte=0), name="reckoned_not_below_zero"),
            models.CheckConstraint(
                condition=Q(asked_fen=None) | (Q(asked_fen__gt=0) & ~Q(asked_reason="")),
                name="another_amount_has_its_reason",
            ),
            models.CheckConstraint(
                condition=Q(agreed_by=None) | ~Q(agreed_by=F("asked_by")), name="another_amount_takes_two"
            ),
        ]
        indexes = [models.Index(fields=["application", "-id"], name="reckoning_by_case")]
        ordering = ["id"]
