"""Long work of the first run."""

import logging

from django.conf import settings
from django.db import transaction

from linli.areas.actions.profile import locked_profile
from linli.areas.models import Area
from linli.demo import town
from linli.kernel.web.actions import begin_run, end_run, find_run
from linli.site.environment import stored_secret

log = logging.getLogger("linli.site")


def load_demo(run: str) -> None:
    """Lays the demo county down. All demo accounts share the password of the key folder."""
    row = find_run(run)
    begin_run(row, 1)
    try:
        with transaction.atomic():
            if Area.objects.exists():
                raise ValueError("已有区划")
            counts = town.load(stored_secret(settings.LINLI_HOME / "keys" / "demo-password", 6))
            profile = locked_profile()
            profile.demo = True
            profile.save()
    except Exception:
        log.exception("demo data could not be loaded")
        end_run(row, state="failed", message="演示数据没有装入，原因已记入日志。没有留下半份数据。")
        return
    end_run(
        row, message=f"已装入 {counts['areas']} 个区域、{counts['units']} 个单位、{counts['accounts']} 个账号"
    )
