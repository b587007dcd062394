from django.urls import path

from linli.kernel.notify import pages

app_name = "notify"
urlpatterns = [path("demo/outbox/", pages.outbox, name="outbox")]
