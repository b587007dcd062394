"""The catalogue linli ships with: laid down once, afterwards an editor's."""

from datetime import date

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from linli.onestop.glossary import glossary, shipped_items
from linli.onestop.models import Item, ItemVersion


@transaction.atomic
def load_items() -> int:
    """Adds shipped items that are not there, published from the catalogue's day on. Returns how many."""
    known = set(Item.objects.values_list("code", flat=True))
    fresh = [raw for raw in shipped_items() if raw["code"] not in known]
    items = Item.objects.bulk_create(
        [Item(code=raw["code"], name=raw["name_zh"], category=raw["category"]) for raw in fresh]
    )
    begins = date.fromisoformat(glossary().valid_from)
    ItemVersion.objects.bulk_create(
        [
            ItemVersion(
                item=item, number=1, definition=dict(raw), state="published", validity=DateRange(begins, None),
                published_at=timezone.now(), shipped=True,
            )
            for item, raw in zip(items, fresh, strict=True)
        ]
    )  # fmt: skip
    return len(items)
