from django.urls import path

from linli.areas.pages import boundaries, handovers, posts, tree

app_name = "areas"
urlpatterns = [
    path("areas/", tree.tree, name="tree"),
    path("areas/map.json", tree.map_json, name="map"),
    path("areas/coverage/", tree.coverage, name="coverage"),
    path("areas/import/", boundaries.import_boundaries, name="import"),
    path("areas/import/<uuid:ident>/", boundaries.import_run, name="import_run"),
    path("areas/import/<uuid:ident>/map.json", boundaries.import_map, name="import_map"),
    path("areas/units/", posts.units, name="units"),
    path("areas/units/new/", posts.unit, name="new_unit"),
    path("areas/units/<str:code>/", posts.unit, name="unit"),
    path("areas/units/<str:code>/close/", posts.close_unit, name="close_unit"),
    path("areas/branches/", posts.branches, name="branches"),
    path("areas/branches/new/<str:community>/", posts.new_branch, name="new_branch"),
    path("areas/branches/<int:number>/", posts.branch, name="branch"),
    path("areas/branches/<int:number>/close/", posts.close_branch, name="close_branch"),
    path("areas/branches/<int:number>/members/", posts.add_member, name="add_member"),
    path("areas/branches/<int:number>/members/<int:account>/", posts.remove_member, name="remove_member"),
    path("areas/<str:code>/", tree.tree, name="area"),
    path("areas/<str:code>/edit/", tree.edit_area, name="edit_area"),
    path("areas/<str:code>/add/", tree.add_area, name="add_area"),
    path("areas/<str:code>/close/", tree.close_area, name="close_area"),
    path("areas/<str:code>/<str:post>/", posts.keeper, name="keeper"),
    path("areas/<str:code>/<str:post>/end/", posts.end_keeper, name="end_keeper"),
    path("handovers/", handovers.handovers, name="handovers"),
    path("handovers/new/", handovers.new_handover, name="new_handover"),
    path("handovers/<int:number>/", handovers.handover, name="handover"),
    path("handovers/<int:number>/sign-for/", handovers.sign_for, name="sign_for"),
    path("handovers/<int:number>/<str:act>/", handovers.end, name="end_handover"),
]
