from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path, re_path

from linli.incidents import event, maps, open311, pages, pages_photos
from linli.kernel.web.registry import NavEntry, register_nav

FORM = r"(?:\.(?P<form>json|xml))?$"
resident = (
    [
        path("", pages.home, name="home"),
        path("report/", pages.report, name="report"),
        path("report/thanks/", pages.thanks, name="thanks"),
        path("track/", pages.track, name="track"),
        path("track/case/", pages.case, name="track_case"),
        path("track/photos/<int:file>/<str:size>/", pages_photos.photo, name="track_photo"),
        path("track/rate/", pages.rate, name="track_rate"),
        path("track/object/", pages.contest, name="track_object"),
        path("my/reports/", pages.my_reports, name="my_reports"),
        path("my/reports/<int:number>/", pages.case, name="my_report"),
        path("my/reports/<int:number>/photos/<int:file>/<str:size>/", pages_photos.photo, name="my_photo"),
        path("my/reports/<int:number>/rate/", pages.rate, name="my_rate"),
        path("my/reports/<int:number>/object/", pages.contest, name="my_object"),
        path("inbox/", pages.inbox, name="inbox"),
        path("map/", maps.public, name="map"),
        path("map/points.json", maps.points, name="map_points"),
        path("map/areas.json", maps.outlines, name="map_areas"),
    ],
    "incidents",
)
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(resident)),
    path("api/event/report", event.report, name="event_report"),
    re_path(rf"^open311/v2/discovery{FORM}", open311.discovery),
    re_path(rf"^open311/v2/services{FORM}", open311.services),
    re_path(rf"^open311/v2/services/(?P<code>[a-z0-9_.]+?){FORM}", open311.definition),
    re_path(rf"^open311/v2/requests{FORM}", open311.requests),
    re_path(rf"^open311/v2/requests/(?P<ident>[0-9]+){FORM}", open311.request_one),
    re_path(rf"^open311/v2/requests/(?P<ident>[0-9]+)/updates{FORM}", open311.updates_of),
    re_path(rf"^open311/v2/servicerequestupdates{FORM}", open311.updates),
    re_path(rf"^open311/v2/tokens/(?P<ident>[0-9]+){FORM}", open311.token),
]
if find_spec("linli.incidents.urls_desk"):
    urlpatterns.append(path("", include("linli.incidents.urls_desk")))
if find_spec("linli.incidents.urls_admin"):
    urlpatterns.append(path("", include("linli.incidents.urls_admin")))

# What is mounted here stands in the residents' head bar.
register_nav(
    NavEntry("我要上报", "incidents:report", order=10, audience="resident"),
    NavEntry("查进度", "incidents:track", order=20, audience="resident"),
    NavEntry("我的上报", "incidents:my_reports", verb="incidents.rate", order=30, audience="resident"),
    NavEntry("消息", "incidents:inbox", verb="incidents.rate", order=40, audience="resident"),
    NavEntry("地图", "incidents:map", order=50, audience="resident"),
)
