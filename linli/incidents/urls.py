from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from linli.incidents import event

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/event/report", event.report, name="event_report"),
]
if find_spec("linli.incidents.urls_desk"):
    urlpatterns.append(path("", include("linli.incidents.urls_desk")))
