from django.urls import include, path
from ninja import NinjaAPI

from linli.kernel.files.api import router
from linli.kernel.web.tests import pages

api = NinjaAPI(urls_namespace="tests")
api.add_router("/files", router)
urlpatterns = [*pages.urlpatterns, path("", include("linli.kernel.web.urls")), path("api/v1/", api.urls)]
handler404 = "linli.kernel.web.answers.not_found"
handler403 = "linli.kernel.web.answers.forbidden"
handler400 = "linli.kernel.web.answers.bad_request"
handler500 = "linli.kernel.web.answers.fault"
