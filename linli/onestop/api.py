"""/api/v1/onestop: items, cases of one's own or one's office, tasks, look-ups, progress. It adds no rule of its own."""

from linli.onestop.api_cases import cases
from linli.onestop.api_items import items, progress
from linli.onestop.api_work import lookups, tasks, window

routers = {
    "/onestop/items": items,
    "/onestop/progress": progress,
    "/onestop/cases": cases,
    "/onestop/window": window,
    "/onestop/tasks": tasks,
    "/onestop/lookups": lookups,
}
