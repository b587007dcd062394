"""The administrator's addresses of classes, routing and the model; incidents/urls.py includes them."""

from django.urls import path

from linli.incidents import pages_admin, pages_promises, pages_routing

app_name = "incidents_admin"
urlpatterns = [
    path("admin/classes/", pages_admin.classes, name="classes"),
    path("admin/classes/new/", pages_admin.class_edit, name="class_new"),
    path("admin/classes/sheet.xlsx", pages_admin.class_sheet_file, name="class_sheet"),
    path("admin/classes/<str:code>/", pages_admin.class_page, name="class"),
    path("admin/classes/<str:code>/edit/", pages_admin.class_edit, name="class_edit"),
    path("admin/classes/<str:code>/retire/", pages_admin.class_retire, name="class_retire"),
    path("admin/model/", pages_admin.model_page, name="model"),
    path("admin/model/<int:number>/roll-back/", pages_admin.model_roll_back, name="model_roll_back"),
    path("admin/promises/", pages_promises.promises_page, name="promises"),
    path("admin/routing/", pages_routing.routing, name="routing"),
    path("admin/routing/edit/", pages_routing.route_edit, name="route_edit"),
    path("admin/routing/check/", pages_routing.route_check, name="route_check"),
    path("admin/rulings/", pages_routing.rulings, name="rulings"),
    path("admin/rulings/<int:number>/end/", pages_routing.ruling_end, name="ruling_end"),
]
