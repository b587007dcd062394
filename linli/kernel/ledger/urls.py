from django.urls import path

from linli.kernel.ledger import pages

app_name = "ledger"
urlpatterns = [
    path("audit/entries/", pages.entries, name="entries"),
    path("audit/entries/<int:entry>/proof.json", pages.proof, name="proof"),
]
