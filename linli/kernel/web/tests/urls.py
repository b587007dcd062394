from django.urls import include, path

from linli.kernel.web.tests import pages

urlpatterns = [*pages.urlpatterns, path("", include("linli.kernel.web.urls"))]
handler404 = "linli.kernel.web.answers.not_found"
handler403 = "linli.kernel.web.answers.forbidden"
handler400 = "linli.kernel.web.answers.bad_request"
handler500 = "linli.kernel.web.answers.fault"
