"""Addresses of the catalogue's editing, import and export."""

from django.urls import path

from linli.onestop.pages import editing, editing_rows

HERE = "onestop/catalogue/"
urlpatterns = [
    path(f"{HERE}import/", editing.bring, name="import_items"),
    path(f"{HERE}export/<str:form>/", editing.export, name="export_items"),
    path(f"{HERE}<int:number>/revise/", editing.revise, name="revise"),
    path(f"{HERE}<int:number>/edit/", editing.edit, name="edit"),
    path(f"{HERE}<int:number>/drop/", editing.drop, name="drop_draft"),
    path(f"{HERE}<int:number>/edit/<slug:part>/", editing.section, name="edit_section"),
    path(f"{HERE}<int:number>/edit/<slug:part>/<int:at>/", editing_rows.row, name="edit_row"),
    path(f"{HERE}<int:number>/edit/<slug:part>/<int:at>/<slug:way>/", editing_rows.move, name="move_row"),
]
