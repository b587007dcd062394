"""Addresses of the centre: documents handed out, papers of before, trips, appointments and the queue."""

from django.urls import path

from linli.onestop.pages import appointments, centre, outlet, results, shelf

urlpatterns = [
    path("results/check/", results.check, name="check_result"),
    path("my/results/<int:number>/", results.result, name="own_result"),
    path("my/results/<int:number>/open/", results.open_it, name="open_result"),
    path("my/results/<int:number>/document/", results.document, name="own_document"),
    path("my/results/<int:number>/wish/", results.wish, name="wish"),
    path("my/papers/", shelf.papers, name="own_papers"),
    path("my/papers/<int:number>/withdraw/", shelf.withdraw, name="withdraw_paper"),
    path("my/cases/<int:number>/reuse/", shelf.reuse, name="reuse"),
    path("onestop/outlet/", outlet.results, {"which": "made"}, name="outlet_made"),
    path("onestop/outlet/ready/", outlet.results, {"which": "ready"}, name="outlet_ready"),
    path("onestop/outlet/received/", outlet.results, {"which": "received"}, name="outlet_received"),
    path("onestop/outlet/void/", outlet.results, {"which": "void"}, name="outlet_void"),
    path("onestop/outlet/<int:number>/", outlet.result, name="result"),
    path("onestop/outlet/<int:number>/document/", outlet.document, name="result_document"),
    path("onestop/outlet/<int:number>/put-out/", outlet.put_out, name="put_out"),
    path("onestop/outlet/<int:number>/<slug:act>/", outlet.act, name="result_act"),
    path("onestop/trips/", outlet.trips, name="trips"),
    path("appointments/", appointments.centres, name="appointments"),
    path("appointments/<slug:unit>/", appointments.book, name="book"),
    path("my/appointments/", appointments.mine, name="my_appointments"),
    path("my/appointments/<int:number>/move/", appointments.move, name="move_booking"),
    path("my/appointments/<int:number>/cancel/", appointments.cancel, name="cancel_booking"),
    path("queue/<slug:key>/", appointments.slip, name="slip"),
    path("onestop/centre/", centre.centres, name="centres"),
    path("onestop/centre/<slug:unit>/", centre.queue, name="queue"),
    path("onestop/centre/<slug:unit>/call/", centre.call, name="call_next"),
    path("onestop/centre/<slug:unit>/take/", centre.take, name="take_number"),
    path("onestop/centre/<slug:unit>/book/", centre.phone, name="phone_booking"),
    path("onestop/centre/<slug:unit>/wall/", centre.wall, name="centre_wall"),
    path("onestop/queue/<int:number>/<slug:act>/", centre.ticket, name="ticket"),
]
