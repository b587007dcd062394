"""The desk's own addresses; incidents/urls.py includes them."""

from django.urls import path

from linli.incidents import pages_bulk, pages_case, pages_desk, pages_field

app_name = "desk"
urlpatterns = [
    path("desk/", pages_desk.triage, name="triage"),
    path("desk/new/", pages_desk.new_report, name="new"),
    path("desk/bulk/", pages_bulk.bulk_page, name="bulk"),
    path("desk/areas.json", pages_desk.areas_json, name="areas"),
    path("desk/points.json", pages_desk.points_json, name="points"),
    *(path(f"desk/{tab}/", pages_desk.listing, {"tab": tab}, name=tab) for tab in ("confirming", "orders", "open", "all")),
    path("incidents/<int:number>/", pages_case.case_page, name="case"),
    path("incidents/<int:number>/near.json", pages_case.near_json, name="near"),
    path("incidents/<int:number>/reports/<int:report>/reveal/", pages_case.reveal, name="reveal"),
    *(path(f"incidents/<int:number>/{act}/", pages_case.case_act, {"act": act}, name=f"case_{act}") for act in pages_case.ACTS),
    path("work/report/", pages_field.quick_report, name="quick_report"),
    path("orders/<int:number>/confirm/", pages_field.confirm, name="confirm"),
    path("orders/<int:number>/check/", pages_field.check_order, name="check_order"),
    path("check/", pages_field.checks, name="checks"),
    path("check/<int:number>/", pages_field.check, name="check"),
]  # fmt: skip
