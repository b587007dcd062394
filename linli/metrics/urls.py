from django.urls import path

from linli.metrics import pages

app_name = "metrics"
urlpatterns = [
    path("board/", pages.board, name="board"),
    path("board/wall/", pages.wall, name="wall"),
    path("board/parts/", pages.parts, name="parts"),
    path("board/row/<int:number>/", pages.row, name="row"),
    path("board/load.json", pages.load_json, name="load"),
    path("board/points.json", pages.points_json, name="points"),
    path("metrics/", pages.table, name="table"),
    path("metrics/cases/", pages.cases, name="cases"),
]
