"""`linli bench board`: the situation board over a million incidents.

The county of the proving ground gets a history by SQL; the roll-up is built from nothing, then the board is asked
again and again through the whole stack (middleware, templates), and single incidents are worked out anew.
"""

import argparse
import random
import time
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from linli.areas import queries as areas
from linli.incidents import proving
from linli.incidents.models import Incident
from linli.incidents.shipped import load_classes
from linli.kernel.access.models import Grant
from linli.kernel.identity.models import Account
from linli.kernel.kept import forget_all
from linli.metrics import actions
from linli.metrics.models import Case, Daily, GridLoad

needs_database = True
PATHS = {
    "board": "/board/",
    "board_7_days": "/board/?days=7",
    "board_of_a_town": "/board/?area=430181001",
    "parts": "/board/parts/",
    "load": "/board/load.json",
    "points": "/board/points.json",
    "table": "/metrics/",
    "table_by_unit": "/metrics/?by=unit",
    "cases": "/metrics/cases/?metric=honest&part=miss",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--incidents", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=1095, help="历史跨多少天")
    parser.add_argument("--times", type=int, default=30, help="每页请求多少次")
    parser.add_argument("--batch", type=int, default=50, help="一次重算多少件")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Milliseconds of pages (median and P95), queries of the board, milliseconds of a recount, seconds of a rebuild."""
    load_classes()
    proving.grids(3000)
    proving.units()
    areas.forget()
    forget_all()
    began = time.monotonic()
    rows = proving.million(options.incidents, options.days)
    generated = round(time.monotonic() - began, 1)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    took = actions.rebuild()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE metrics_case, metrics_daily, metrics_gridload")
    plain = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(STORAGES=plain, ALLOWED_HOSTS=["*"]):  # no collected files in a bench's own home
        client = Client()
        client.force_login(_leader())
        pages = {name: _times(client, path, options.times) for name, path in PATHS.items()}
        queries = _queries(client)
    return {
        "incidents": rows,
        "days": options.days,
        "generated_seconds": generated,
        "rows": {
            "case": Case.objects.count(),
            "daily": Daily.objects.count(),
            "gridload": GridLoad.objects.count(),
        },
        "open": Case.objects.filter(open=True).count(),
        "board_ms_p95": pages["board"]["p95"],
        "pages_ms": pages,
        "board_queries": queries,
        "recompute_ms": _recompute(options.batch),
        "recompute_batch": options.batch,
        "rebuild_seconds": took["all"],
        "rebuild_steps": took,
    }


def _leader() -> Account:
    account = Account.objects.create(username="bench-leader", name="压测领导", kind="staff")
    Grant.objects.create(account=account, role_id="leader", area=proving.COUNTY)
    return account


def _times(client: Client, path: str, times: int) -> dict[str, float]:
    took = []
    for _ in range(times + 3):
        began = time.perf_counter()
        answer = client.get(path)
        took.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
    kept = sorted(took[3:])  # the first ones fill caches
    return {
        "p50": round(kept[len(kept) // 2], 1),
        "p95": round(kept[min(len(kept) - 1, len(kept) * 95 // 100)], 1),
        "kib": round(len(answer.content) / 1024, 1),
    }


def _queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as caught:
        client.get("/board/")
    return len(caught)


def _recompute(batch: int) -> float:
    """Median of five recounts of as many incidents of the last days."""
    ids = list(Incident.objects.order_by("-received_at").values_list("id", flat=True)[:20_000])
    took = []
    for seed in range(5):
        actions.mark(*random.Random(seed).sample(ids, min(batch, len(ids))))
        began = time.perf_counter()
        actions.recompute()
        took.append(1000 * (time.perf_counter() - began))
    return round(sorted(took)[2], 1)
