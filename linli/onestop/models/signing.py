from django.conf import settings
from django.db import models
from django.db.models import Q

from linli.onestop.models.cases import Member

HOWS = [
    ("account", "本人账号"),
    ("guardian", "监护人账号"),
    ("link", "一次性链接"),
    ("paper", "纸质授权书"),
]


class Signing(models.Model):
    """A member asked to authorise look-ups for one case: invited, and what they answered. The consent is people's."""

    member = models.OneToOneField(Member, models.CASCADE, related_name="signing")
    link = models.BigIntegerField("通行许可", null=True)  # access.Pass of the link in force
    invited = models.SmallIntegerField("邀请次数", default=0)
    invited_at = models.DateTimeField("邀请", null=True)
    signed_at = models.DateTimeField("签署", null=True)
    how = models.CharField("签署方式", max_length=8, choices=HOWS, blank=True, default="")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    refused_at = models.DateTimeField("不同意", null=True)
    withdrawn_at = models.DateTimeField("撤回", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(signed_at=None) | ~Q(how=""), name="a_signature_says_how"),
            models.CheckConstraint(
                condition=Q(signed_at=None) | Q(refused_at=None), name="signed_or_refused"
            ),
        ]

    @property
    def subject(self) -> str:
        return f"onestop.member:{self.member_id}"
