from django.urls import path

from linli.kernel.notify import pages

app_name = "notify"
urlpatterns = [
    path("demo/outbox/", pages.outbox, name="outbox"),
    path("system/channels/", pages.channels, name="channels"),
    path("system/channels/<str:kind>/", pages.channel, name="channel"),
    path("system/channels/<str:kind>/switch/", pages.switch, name="switch"),
    path("system/channels/<str:kind>/trial/", pages.trial, name="trial"),
    path("system/notices/", pages.notices, name="notices"),
    path("system/notices/<int:number>/", pages.notice, name="notice"),
    path("system/notices/<int:number>/resend/", pages.resend, name="resend"),
    path("system/quiet-hours/", pages.quiet, name="quiet"),
    path("system/wordings/", pages.wordings, name="wordings"),
    path("system/wordings/<str:code>/", pages.wording, name="wording"),
]
