from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "linli.kernel.files"
    label = "files"
    verbose_name = "附件"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from linli.kernel.files import jobs  # noqa: F401  (registers its timers)
