from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MetricsConfig(AppConfig):
    name = "linli.metrics"
    label = "metrics"
    verbose_name = "指标"

    def ready(self) -> None:
        from linli.kernel.web.registry import NavEntry, register_nav
        from linli.metrics import jobs, reactions  # noqa: F401  they register themselves

        register_nav(
            NavEntry(_("态势"), "metrics:board", "metrics.view", order=5, group="map"),
            NavEntry(_("指标"), "metrics:table", "metrics.view", order=60, group="figures"),
        )
