from django.urls import path

from linli.kernel.web import pages

app_name = "web"
urlpatterns = [
    path("system/", pages.system, name="system"),
    path("face/care/", pages.care, name="care"),
    path("face/language/", pages.language, name="language"),
    path("filters/", pages.save_filter, name="save_filter"),
    path("filters/<int:ident>/forget/", pages.forget_filter, name="forget_filter"),
    path("runs/<uuid:ident>/", pages.run, name="run"),
    path("imports/run/<uuid:ident>/", pages.import_run, name="import"),
    path("imports/<str:kind>/", pages.import_start, name="import_start"),
    path("imports/<str:kind>/template.xlsx", pages.import_template, name="import_template"),
    path("manifest.webmanifest", pages.manifest, name="manifest"),
    path("sw.js", pages.service_worker, name="sw"),
    path("tray/", pages.tray, name="tray"),
    path("sync/", pages.sync_batch, name="sync"),
    path("sync/files/", pages.sync_files, name="sync_files"),
    path("sync/shell.json", pages.sync_shell, name="sync_shell"),
]
