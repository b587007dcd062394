from django.conf import settings
from django.db import models
from django.db.models import Q

from linli.onestop.models.cases import Application
from linli.onestop.models.catalogue import Item
from linli.people.models import Consent, Person, Placed

OFFER_STATES = [
    ("open", "等本人决定"),
    ("confirmed", "已确认"),
    ("declined", "不需要"),
    ("lapsed", "到期未答"),
    ("excluded", "已有待遇，未提出"),
    ("void", "已失效"),
]
ANSWERED = [("account", "本人账号"), ("guardian", "监护人账号"), ("door", "上门当面"), ("window", "窗口当面")]


class Offer(Placed):
    """免申即享: something offered to a person because a fact about them came true. Nobody has it without saying yes."""

    rule = models.CharField("规则", max_length=32)
    edition = models.SmallIntegerField("规则版本")
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", verbose_name="事项")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name="居民")
    on = models.DateField("到龄日")
    application = models.ForeignKey(Application, models.SET_NULL, null=True, related_name="offers")
    state = models.CharField("状态", max_length=9, choices=OFFER_STATES, default="open")
    until = models.DateField("答复期限")
    why = models.CharField("说明", max_length=200, blank=True, default="")
    turn = models.SmallIntegerField("提出次数", default=1)
    made_at = models.DateTimeField("提出", auto_now_add=True)
    answered_at = models.DateTimeField("答复", null=True)
    how = models.CharField("答复方式", max_length=8, choices=ANSWERED, blank=True, default="")
    consent = models.ForeignKey(Consent, models.PROTECT, null=True, related_name="+")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "person"], name="one_offer_a_rule_and_person"),
            models.CheckConstraint(
                condition=~Q(state="confirmed")
                | Q(consent__isnull=False, application__isnull=False, answered_at__isnull=False) & ~Q(how=""),
                name="nobody_is_enrolled_unasked",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | Q(answered_at__isnull=False) & ~Q(how=""),
                name="a_no_was_said_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(state="excluded") | ~Q(why=""), name="excluded_says_why"),
        ]
        indexes = [
            models.Index(fields=["until"], condition=Q(state="open"), name="offer_open"),
            models.Index(fields=["street", "-id"], name="offer_by_street"),
            models.Index(fields=["person"], name="offer_by_person"),
        ]

    @property
    def subject(self) -> str:
        return f"onestop.offer:{self.pk}"
