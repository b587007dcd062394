from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "linli.kernel.identity"
    label = "identity"
    verbose_name = "身份"
