from django.urls import path

from linli.exchange import pages

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
]
