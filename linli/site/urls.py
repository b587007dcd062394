"""The only place that mounts every room's pages and API; LINLI_ROOMS mounts some of them in a process."""

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

ALWAYS = [f"kernel.{name}" for name in settings.KERNEL]


def _mounted() -> list[str]:
    rooms = [room for room in settings.ROOMS if not settings.LINLI_ROOMS or room in settings.LINLI_ROOMS]
    return [*ALWAYS, *rooms, "site"]


def _pages() -> list[URLPattern | URLResolver]:
    found: list[URLPattern | URLResolver] = []
    for room in _mounted():
        module = f"linli.{room}.urls" if room != "site" else "linli.site.urls_pages"
        if find_spec(module):
            found.append(path("", include(module)))
    return found


def _api() -> list[URLPattern | URLResolver]:
    from linli.site.api import build

    api = build()
    for room in _mounted():
        module = f"linli.{room}.api"
        if room != "site" and find_spec(module):
            routers = import_module(module).routers
            for prefix, router in routers.items():
                api.add_router(prefix, router)
    return [path("api/v1/", api.urls)]


# the interface first: its calls must not be held against every page's pattern before their own
urlpatterns = [*_api(), *_pages()]
handler400 = "linli.kernel.web.answers.bad_request"
handler403 = "linli.kernel.web.answers.forbidden"
handler404 = "linli.kernel.web.answers.not_found"
handler500 = "linli.kernel.web.answers.fault"
