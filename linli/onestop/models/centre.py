from django.conf import settings
from django.db import models
from django.db.models import F, Q

from linli.onestop import centre
from linli.onestop.models.cases import Application
from linli.onestop.models.catalogue import Item
from linli.people.models import Person, Placed

HELD = ("booked", "arrived")


class Booking(Placed):
    """An appointment at a centre: one seat of one slot. The seat's uniqueness is what keeps a slot within capacity."""

    unit = models.CharField("中心", max_length=32)
    at = models.DateTimeField("时间")
    seat = models.SmallIntegerField("席位")
    capacity = models.SmallIntegerField()  # of the slot by the data in force when it was booked
    person = models.ForeignKey(Person, models.PROTECT, related_name="bookings")
    item = models.ForeignKey(Item, models.PROTECT, null=True, related_name="+")
    application = models.ForeignKey(Application, models.SET_NULL, null=True, related_name="bookings")
    channel = models.CharField("渠道", max_length=6, choices=list(centre.CHANNELS.items()))
    state = models.CharField("状态", max_length=9, choices=list(centre.BOOKED.items()), default="booked")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField("预约")
    moved = models.SmallIntegerField("改期次数", default=0)
    reminded_at = models.DateTimeField("提醒", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "at", "seat"], condition=Q(state__in=HELD), name="one_booking_a_seat"
            ),
            models.UniqueConstraint(
                fields=["person", "at"], condition=Q(state__in=HELD), name="nobody_is_booked_twice_at_once"
            ),
            models.CheckConstraint(
                condition=Q(seat__gte=1, seat__lte=F("capacity")), name="a_seat_within_capacity"
            ),
        ]
        indexes = [
            models.Index(fields=["unit", "at"], name="booking_by_unit"),
            models.Index(fields=["person", "-at"], name="booking_by_person"),
            models.Index(fields=["at"], condition=Q(state="booked"), name="booking_coming"),
        ]
        ordering = ["at", "seat"]


class Ticket(Placed):
    """A queue number (取号) of one centre and day. `key` is unguessable: whoever holds the slip may look at it."""

    unit = models.CharField("中心", max_length=32)
    day = models.DateField("日期")
    number = models.SmallIntegerField("号码")
    key = models.CharField(max_length=24, unique=True)
    kind = models.CharField("类别", max_length=8, choices=list(centre.QUEUES.items()))
    ground = models.CharField("优先事由", max_length=16, blank=True, default="")
    turn_at = models.DateTimeField("排队起点")  # a booked person's own time, else when the number was taken
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    application = models.ForeignKey(Application, models.SET_NULL, null=True, related_name="tickets")
    booking = models.OneToOneField(Booking, models.PROTECT, null=True, related_name="ticket")
    state = models.CharField("状态", max_length=8, choices=list(centre.TICKETS.items()), default="waiting")
    window = models.SmallIntegerField("窗口", null=True)
    calls = models.SmallIntegerField("呼叫次数", default=0)
    taken_at = models.DateTimeField("取号")
    called_at = models.DateTimeField("首次呼叫", null=True)
    ended_at = models.DateTimeField("结束", null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "day", "number"], name="one_number_a_day"),
            models.UniqueConstraint(
                fields=["unit", "day", "window"], condition=Q(state="called"), name="one_caller_a_window"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["called", "served"])
                | Q(window__isnull=False, called_at__isnull=False),
                name="who_is_called_has_a_window",
            ),
            models.CheckConstraint(
                condition=~Q(kind="priority") | ~Q(ground=""), name="priority_has_its_ground"
            ),
        ]
        indexes = [
            models.Index(fields=["unit", "day", "state"], name="ticket_of_the_day"),
            models.Index(
                fields=["application", "day"], condition=Q(application__isnull=False), name="ticket_by_case"
            ),
        ]
        ordering = ["number"]

    @property
    def label(self) -> str:
        return centre.label(self.kind, self.number)
