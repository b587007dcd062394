"""The desk's own addresses; incidents/urls.py includes them."""

app_name = "desk"
urlpatterns: list = []
