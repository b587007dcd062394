"""到窗口次数: how often somebody had to come, counted from what happened; one day is one trip."""

from linli.onestop.models import Application
from linli.onestop.queries_outlet import trips_of


def recount(application: int) -> int:
    """Counts a case's trips anew and keeps the number on the case for lists and figures. No verb: nobody decides it."""
    row = Application.objects.select_related("person").get(pk=application)
    count = len(trips_of(row))
    if row.trips != count:
        Application.objects.filter(pk=application).update(trips=count)
    return count
