"""Taking the demo county out again, whole."""

from typing import Any

from django.apps import apps
from django.db import connection

from linli.areas import queries as areas
from linli.areas.models import Area, Branch, Keeper, Unit
from linli.demo import departments
from linli.dispatch.models import WorkOrder
from linli.kernel.access.models import Grant
from linli.kernel.identity.models import Account

# rooms whose rows stand in demo areas, in the order foreign keys allow
ROOMS = ["metrics", "exchange", "onestop", "incidents", "publicity", "dispatch", "people"]
KEEP = {
    "IncidentClass", "RoutingRule", "ModelVersion", "Clock", "Ladder", "Item", "ItemVersion", "DataSource", "Webhook",
}  # fmt: skip


def remove_all() -> dict[str, Any]:
    """Deletes every row of the rooms when only demo areas exist; refuses (ValueError) beside real ones."""
    if Area.objects.filter(demo=False).exists():
        raise ValueError("县内已有真实区划，不能整体删除演示数据；请先停用演示网格")
    departments.disconnect()
    counts = {"orders": WorkOrder.objects.count(), "accounts": Account.objects.filter(demo=True).count()}
    tables = [
        model._meta.db_table
        for room in ROOMS
        for model in apps.get_app_config(room).get_models()
        if model.__name__ not in KEEP
    ]
    tables += [
        apps.get_model("notify", "Notice")._meta.db_table,
        apps.get_model("files", "Attachment")._meta.db_table,
    ]
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in tables) + " CASCADE")
    Branch.objects.filter(demo=True).delete()
    Keeper.objects.all().delete()
    # by number, not by a join: rows of this very transaction have no statistics, and a planner that takes thousands
    # for one row loops through them millions of times
    made_up = list(Account.objects.filter(demo=True).values_list("pk", flat=True))
    Grant.objects.filter(account__in=made_up).delete()
    Unit.objects.filter(demo=True).delete()
    Account.objects.filter(pk__in=made_up).delete()
    for length in (15, 12, 9, 6):
        counts[f"areas_{length}"] = Area.objects.filter(demo=True, code__regex=rf"^\d{{{length}}}$").delete()[
            0
        ]
    areas.forget()
    return counts
