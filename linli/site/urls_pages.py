from django.urls import path

from linli.site import pages

app_name = "site"
urlpatterns = [
    path("setup/", pages.setup, name="setup"),
    path("setup/first/", pages.first, name="first"),
    path("setup/divisions/", pages.divisions, name="divisions"),
    path("setup/demo/", pages.load_demo, name="load_demo"),
    path("setup/demo/remove/", pages.remove_demo, name="remove_demo"),
    path("setup/profile/", pages.profile, name="profile"),
    path("setup/finish/", pages.finish, name="finish"),
    path("setup/logo", pages.logo, name="logo"),
]
