from django.db import models

from linli.onestop.models.catalogue import Item


class Rate(models.Model):
    """按时率 a month of decision, town, lead unit and item: counts only, so that any two can be added.

    Each number is that of the cases behind it (`queries_rates.cases_behind`) and can be rebuilt from them at any time.
    """

    month = models.DateField("决定月份")
    county = models.CharField(max_length=6, blank=True, default="")
    street = models.CharField(max_length=9, blank=True, default="")
    unit = models.CharField(max_length=32, blank=True, default="")
    item = models.ForeignKey(Item, models.PROTECT, related_name="+")
    decided = models.IntegerField("已决定")
    promised = models.IntegerField("承诺期内")
    statutory = models.IntegerField("法定期内")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["month", "county", "street", "unit", "item"], name="one_rate_a_key"
            ),
            models.CheckConstraint(
                condition=models.Q(decided__gte=models.F("promised"), statutory__lte=models.F("decided")),
                name="no_more_in_time_than_decided",
            ),
        ]
