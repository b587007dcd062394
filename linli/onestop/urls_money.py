"""Addresses of money: the means sheet, batches, entitlements, rechecks, custody, spot checks."""

from django.urls import path

from linli.onestop.pages import entitlements, means, money, spotchecks

urlpatterns = [
    path("onestop/tasks/<int:number>/means/", means.means, name="means"),
    path("onestop/tasks/<int:number>/means/ask/", means.deviate, name="deviate"),
    path("onestop/tasks/<int:number>/means/agree/", means.agree, name="agree_amount"),
    path("onestop/batches/", money.batches, name="batches"),
    path("onestop/batches/new/", money.make, name="make_batch"),
    path("onestop/batches/<int:number>/", money.batch, name="batch"),
    path("onestop/batches/<int:number>/check/", money.check, name="check_batch"),
    path("onestop/batches/<int:number>/file/", money.file, name="bank_file"),
    path("onestop/batches/<int:number>/return/", money.bank_return, name="bank_return"),
    path("onestop/grants/", entitlements.grants, name="grants"),
    path("onestop/grants/held/", entitlements.held, name="held_grants"),
    path("onestop/grants/means/", entitlements.means_list, name="means_list"),
    path("onestop/grants/<int:number>/", entitlements.grant, name="grant"),
    path("onestop/grants/<int:number>/account/reveal/", entitlements.reveal, name="reveal_account"),
    path("onestop/grants/<int:number>/<slug:act>/", entitlements.change, name="change_grant"),
    path("onestop/rechecks/", entitlements.rechecks, name="rechecks"),
    path("onestop/rechecks/<int:number>/", entitlements.recheck, name="recheck"),
    path("onestop/custody/", entitlements.custodies, name="custodies"),
    path("onestop/custody/<int:number>/end/", entitlements.end_custody, name="end_custody"),
    path("onestop/samples/", spotchecks.samples, name="samples"),
    path("onestop/samples/new/", spotchecks.draw, name="draw_sample"),
    path("onestop/samples/<int:number>/", spotchecks.sample, name="sample"),
    path("onestop/samples/<int:number>/<str:case>/", spotchecks.result, name="sample_result"),
]
