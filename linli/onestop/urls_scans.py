"""Addresses of photos of papers as a machine read them."""

from django.urls import path

from linli.onestop.pages import scans

urlpatterns = [
    path("my/cases/<int:number>/readings/<int:scan>/", scans.reading, name="reading"),
    path("my/cases/<int:number>/readings/<int:scan>/keep/", scans.keep, name="keep_photo"),
    path("onestop/cases/<int:number>/readings/<int:scan>/", scans.check, name="check_reading"),
]
