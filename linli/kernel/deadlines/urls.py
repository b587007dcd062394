from django.urls import path

from linli.kernel.deadlines import pages

app_name = "deadlines"
urlpatterns = [
    path("system/calendar/", pages.calendar, name="calendar"),
    path("system/calendar/days/new/", pages.new_day, name="new_day"),
    path("system/calendar/days/<str:day>/drop/", pages.drop_day, name="drop_day"),
    path("system/calendar/years/new/", pages.new_year, name="new_year"),
    path("system/calendar/<int:year>/", pages.year, name="year"),
    path("system/duty-hours/", pages.duty_hours, name="duty_hours"),
    path("system/duty-hours/new/", pages.new_duty_hours, name="new_duty_hours"),
]
