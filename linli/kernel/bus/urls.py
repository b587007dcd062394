from django.urls import path

from linli.kernel.bus import pages

app_name = "bus"
urlpatterns = [
    path("system/parked/", pages.parked, name="parked"),
    path("system/parked/<int:delivery>/again/", pages.run_again, name="run_again"),
    path("live/ticket", pages.ticket, name="ticket"),
]
