from pathlib import Path

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "linli.kernel.notify"
    label = "notify"
    verbose_name = "通知"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from linli.kernel.notify import jobs, registry  # noqa: F401  (jobs registers its timers)

        registry.register_templates(Path(__file__).parent / "data" / "templates.yaml")
