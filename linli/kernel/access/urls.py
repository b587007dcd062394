from django.urls import path

from linli.kernel.access.pages import grants as pages
from linli.kernel.access.pages import openings

app_name = "access"
urlpatterns = [
    path("system/grants/", pages.grants, name="grants"),
    path("system/grants/<int:grant>/end/", pages.end, name="end"),
    path("system/proposals/<int:proposal>/decide/", pages.decide, name="decide"),
    path("system/accounts/<int:account>/grants/", pages.account_grants, name="account_grants"),
    path("system/accounts/<int:account>/grants/give/", pages.give, name="give"),
    path("system/roles/", pages.roles, name="roles"),
    path("system/roles/<str:role>/", pages.edit_role, name="edit_role"),
    path("system/passes/", openings.passes, name="passes"),
    path("system/passes/<int:number>/revoke/", openings.revoke, name="revoke"),
    path("system/bars/", openings.bars, name="bars"),
    path("system/bars/new/", openings.set_bar, name="set_bar"),
    path("system/bars/<int:number>/lift/", openings.lift, name="lift"),
]
