from django.urls import path

from linli.dispatch.pages import catalogue, orders, units, work
from linli.dispatch.pages.acts import ACTS

app_name = "dispatch"
urlpatterns = [
    path("work/", work.work, name="work"),
    path("orders/<int:number>/", orders.order_page, name="order"),
    path("orders/<int:number>/map.json", orders.order_map, name="order_map"),
    path("orders/<int:number>/areas.json", orders.order_areas, name="order_areas"),
    *(
        path(f"orders/<int:number>/{act}/", orders.order_act, {"act": act}, name=f"order_{act}")
        for act in ACTS
    ),
    path("unit/", units.unit, name="unit"),
    path("approvals/", units.approvals, name="approvals"),
    path("approvals/<int:number>/", units.decide, name="decide"),
    path("admin/clocks/", catalogue.clocks, name="clocks"),
    path("admin/clocks/edit/", catalogue.clock_edit, name="clock_edit"),
    path("admin/ladders/", catalogue.ladders, name="ladders"),
    path("admin/ladders/<int:number>/", catalogue.ladder_edit, name="ladder_edit"),
    path("duty/", catalogue.duty, name="duty"),
    path("duty/<int:number>/end/", catalogue.duty_end, name="duty_end"),
]
