from django.urls import path

from linli.exchange import pages, source_pages

app_name = "exchange"
urlpatterns = [
    path("system/webhooks/", pages.webhooks, name="webhooks"),
    path("system/webhooks/new/", pages.new, name="new_webhook"),
    path("system/webhooks/<int:number>/", pages.webhook, name="webhook"),
    path("system/webhooks/<int:number>/change/", pages.change, name="change_webhook"),
    path("system/webhooks/<int:number>/rotate/", pages.rotate, name="rotate_secret"),
    path("system/webhooks/<int:number>/off/", pages.off, name="switch_off"),
    path("system/webhooks/<int:number>/on/", pages.on, name="switch_on"),
    path("system/webhooks/<int:number>/test/", pages.send_test, name="send_test"),
    path("system/webhooks/<int:number>/resend/", pages.resend, name="resend"),
    path("system/sources/", source_pages.sources, name="sources"),
    path("system/sources/<slug:code>/", source_pages.source, name="source"),
    path("system/sources/<slug:code>/change/", source_pages.change, name="change_source"),
    path("system/sources/<slug:code>/off/", source_pages.off, name="source_off"),
    path("system/sources/<slug:code>/on/", source_pages.on, name="source_on"),
    path("system/sources/<slug:code>/test/", source_pages.test, name="try_source"),
    path("system/sources/<slug:code>/again/", source_pages.again, name="ask_again"),
]
