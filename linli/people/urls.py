from django.urls import path

from linli.people.pages import events, households, notes, persons

app_name = "people"
urlpatterns = [
    path("people/", households.households, name="households"),
    path("people/not-visited/", notes.not_visited, name="not_visited"),
    path("people/promises/", notes.promises, name="promises"),
    path("people/find/", persons.find, name="find"),
    path("people/households/new/", households.new_household, name="new_household"),
    path("people/households/<int:number>/", households.household, name="household"),
    path("people/households/<int:number>/edit/", households.edit_dwelling, name="edit_dwelling"),
    path("people/households/<int:number>/close/", households.close, name="close_household"),
    path("people/households/<int:number>/members/new/", households.new_member, name="new_member"),
    path("people/households/<int:number>/head/<int:person>/", households.head, name="head"),
    path("people/households/<int:number>/events/<str:kind>/", events.event, name="event"),
    path("people/households/<int:number>/notes/new/", notes.new_note, name="new_note"),
    path("people/events/<int:number>/undo/", events.undo, name="undo_event"),
    path("people/notes/<int:number>/kept/", notes.kept, name="keep_promise"),
    path("people/notes/<int:number>/route/", notes.route, name="route_note"),
    path("people/persons/<int:number>/", persons.person, name="person"),
    path("people/persons/<int:number>/edit/", persons.edit_person, name="edit_person"),
    path("people/persons/<int:number>/merge/", persons.merge, name="merge"),
    path("people/persons/<int:number>/ties/new/", persons.new_tie, name="new_tie"),
    path("people/persons/<int:number>/consents/new/", persons.new_consent, name="new_consent"),
    path("people/ties/<int:number>/end/", persons.end_tie, name="end_tie"),
    path("people/consents/<int:number>/withdraw/", persons.withdraw, name="withdraw_consent"),
    path("people/reveal/<str:kind>/<int:number>/", persons.reveal, name="reveal"),
]
