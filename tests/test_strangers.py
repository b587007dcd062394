"""Every address of the site, asked by those who have no business there: visitors, residents, the next town.

The addresses are walked out of Django's resolver, so that a new page is covered the day it is mounted; only
what stands in OPEN, with its reason, may answer a visitor.
"""

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from linli.incidents.tests.callers import EVERYTHING, bearer
from linli.incidents.tests.conftest import COUNTY, LAT, LON, OTHER
from linli.kernel.access.models import Grant
from linli.kernel.access.queries import actor_for
from linli.kernel.bus.jobs import drain
from linli.kernel.identity.actions import issue_token
from linli.kernel.identity.models import Account
from tests.conftest import Matter
from tests.words import FAMILY, PLAIN, SECRET

METHODS = ("GET", "POST")
NOT_LET_IN = {401, 403, 404, 405}

# What answers a visitor, and why.  "GET" alone: a POST is refused like everywhere else.
OPEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("the residents' home", ("GET",)),
    "report/": ("reporting needs no account", ("GET", "POST")),
    "report/thanks/": ("the number and code of this browser's own report, by a signed cookie", ("GET",)),
    "track/": ("whoever holds a tracking code may follow", ("GET", "POST")),
    "track/case/": (
        "the case whose code this browser has shown, by a signed cookie; else back to the code",
        ("GET",),
    ),
    "map/": ("the public map: classes and rough places, no words, no names", ("GET",)),
    "map/points.json": ("its points", ("GET",)),
    "map/areas.json": ("its outlines, which are a sketch", ("GET",)),
    "setup/logo": ("the county's own picture in the head bar", ("GET",)),
    "face/care/": ("large font, kept in a cookie", ("POST",)),
    "face/language/": ("the language, kept in a cookie", ("POST",)),
    "manifest.webmanifest": ("read by browsers before anybody signs in", ("GET",)),
    "sw.js": ("the service worker's program", ("GET",)),
    "tray/": ("the offline shell: an empty page that the phone itself fills", ("GET",)),
    "areas/map.json": ("areas.look is everybody's; the outlines are a sketch", ("GET",)),
    "accounts/login/": ("signing in", ("GET", "POST")),
    "accounts/2fa/webauthn/login/": ("the challenge of a passkey, before the sign-in", ("GET", "POST")),
    "api/event/report": ("the seed's own call is open by default (incidents.md section 6)", ("POST",)),
    "^open311/v2/discovery": ("Open311 is a public interface", ("GET",)),
    "^open311/v2/services": ("Open311", ("GET",)),
    "^open311/v2/requests": ("Open311: public cases only; a report is open as on the page", ("GET", "POST")),
    "^open311/v2/servicerequestupdates": ("Open311: public cases only", ("GET",)),
    "^open311/v2/tokens/": ("Open311: number of a report from its token", ("GET",)),
    "api/v1/openapi.json": ("the description of the interface, whatever the method", ("GET", "POST")),
    "api/v1/reports": ("reporting needs no account", ("POST",)),
    "api/v1/files/uploads": (
        "photos of a report without an account; read by nobody but their sender",
        ("POST",),
    ),
    "api/v1/classes": ("the catalogue of classes is public", ("GET",)),
    "api/v1/onestop/items": ("what can be applied for is public", ("GET",)),
    "api/v1/onestop/items/<item>": ("the guide of a matter is public", ("GET",)),
    "api/v1/onestop/progress": ("a case by its number and a code sent to its phone", ("POST",)),
    "api/v1/onestop/progress/code": ("the code for it, as at signing in", ("POST",)),
    "publicity/": ("notices are public", ("GET",)),
    "publicity/<int:number>/": ("a notice is public, and whoever reads it may object", ("GET",)),
    "publicity/<int:number>/object/": ("objecting needs no account", ("GET", "POST")),
    "publicity/answers/": ("the answer to an objection, by its code", ("GET", "POST")),
    "publicity/objected/": ("where an objector lands with the code", ("GET",)),
    "results/check/": ("whether a document is genuine, by number and code; names nobody", ("GET",)),
    "appointments/": ("where one may book is public", ("GET",)),
    "queue/<slug:key>/": ("a slip by its own unguessable key: numbers, no names", ("GET",)),
    "services/": ("what can be applied for is public", ("GET",)),
    "services/resume/": ("a draft by its code and phone; it opens after signing in", ("GET", "POST")),
    "services/<slug:item>/": ("the guide of a matter is public", ("GET",)),
    "bundles/": ("matters of life done in one go are public", ("GET",)),
    "bundles/<slug:slug>/": ("the guide of one", ("GET",)),
    "authorise/done/": ("thanks after a member's answer; names nobody", ("GET",)),
    "demo/outbox/": ("sign-in codes of the demo; gone in production (a test below)", ("GET", "POST")),
}
# Pages of a person's own, which show a resident nothing of the offices.
OWN = (
    "me/",
    "accounts/",
    "my/reports/",
    "my/cases/",
    "my/results/",
    "my/papers/",
    "my/appointments/",
    "appointments/",
    "my/authorisations/",
    "my/offers/",
    "my/bundles/",
    "inbox/",
    "filters/",
    "sync/",
    "live/ticket",
    "api/v1/files/uploads",
    "api/v1/onestop/cases",
)

BLANK = re.compile(r"<|\(\?P<(?!form)")  # an argument in a route
Route = tuple[str, URLPattern]


def walk(resolver: URLResolver, prefix: str = "") -> Iterator[Route]:
    for one in resolver.url_patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLPattern):
            yield route, one
        else:
            yield from walk(one, route)


ROUTES = sorted({route: None for route, _ in walk(get_resolver())})


def open_to_visitors(route: str) -> tuple[str, ...]:
    """The methods that answer a visitor here; Open311's and the tracking pages' entries stand for what is below them."""
    found = [
        methods
        for key, (_, methods) in OPEN.items()
        if route == key or (key[:1] == "^" and route.startswith(key))
    ]
    return found[0] if found else ()


PLAUSIBLE: dict[str, Any] = {
    "text": "说明", "reason": "busy", "outcome": "已办", "class_code": "sr.litter", "unit": "430181-SL", "passed": "1", "cause": "fixed",
    "found": "1", "granted": "1", "decision": "同意", "room": "council", "act": "file", "picked": "sr.litter", "unit_1": "430181-SL",
    "class_1": "sr.litter", "text_1": "一半", "what": "extend", "limit": "1 wd", "name": "某某", "kind": "death", "on": "2024-01-01",
    "evidence": "书面", "relation": "亲属", "purpose": "onestop.check", "given_by": "self", "to": "council", "heard": "听说", "secretary": "1",
    "starts": "2030-01-01", "address": "紫藤巷 9 号", "resolved": "no", "stars": "1", "place_1": LON, "place_2": LAT, "place_3": "wgs84",
    "person": "1", "account": "1", "role": "officer", "area": COUNTY, "password": "a-long-password-9",
}  # fmt: skip


def rows_of_all_tables() -> dict[str, str]:
    """Table -> count and digest of everything in it, of every table the program writes for others."""
    tables = [
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.startswith("linli.")
        and model._meta.managed
        and model._meta.db_table not in OWN_TABLES
    ]
    asked = " UNION ALL ".join(
        f"SELECT '{name}', count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '')"
        f' FROM "{name}" t'
        for name in sorted(set(tables))
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return dict(cursor.fetchall())


OWN_TABLES = {"web_once", "identity_signin", "identity_failedsignin"}


def call(client: Client, method: str, address: str, **more: Any) -> HttpResponse:
    if method == "GET":
        return client.get(address, **more)  # type: ignore[return-value]
    if address.startswith(("/api/", "/sync/")):
        body = {
            "client_uuid": str(uuid.uuid4()),
            "outcome": "已办",
            "reason": "busy",
            "text": "说明",
            "resolved": False,
            "stars": 1,
            "uuid": str(uuid.uuid4()),
            "keys": [str(uuid.uuid4())],
        }
        return client.generic(method, address, json.dumps(body), content_type="application/json", **more)  # type: ignore[return-value]
    return client.post(address, PLAUSIBLE | {"client_uuid": str(uuid.uuid4())}, **more)  # type: ignore[return-value]


def text_of(answer: HttpResponse) -> str:
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[arg-type]
    return raw.decode("utf-8", "replace")


def leaks(answer: HttpResponse, *, plain: bool = False) -> bool:
    """What was told in the first town, or who lives there; with `plain` also of the case of no private class."""
    said = text_of(answer)
    words = [SECRET, FAMILY, *([PLAIN] if plain else [])]
    return any(one in said or json.dumps(one)[1:-1] in said for one in words)


def asked(client: Client, method: str, matter: Matter, route: str, **more: Any) -> list[HttpResponse]:
    """The answers about the private case and about the other one; once where the address names no case."""
    addresses = dict.fromkeys(one.address(route) for one in matter.both)
    return [call(client, method, address, **more) for address in addresses]


WAITING_ROOMS = (
    "/accounts/login/",
    "/accounts/reauthenticate/",
    "/track/",
    "/publicity/answers/",
    "/services/resume/",
    "/",
    "/me/",
    "/me/password/",
)


def sent_away(answer: HttpResponse) -> bool:
    """To the sign-in, or to where a visitor may be: never on to a page of the offices."""
    if answer.status_code not in (301, 302):
        return False
    return urlsplit(answer["Location"]).path in WAITING_ROOMS


def client_of(account: Account) -> Client:
    made = Client()
    made.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return made


def neighbour(role: str, name: str) -> Account:
    """Somebody of the next town, or with role "" a resident who reported nothing."""
    account = Account.objects.create(username=name, name=name, kind="staff" if role else "resident")
    for one in filter(None, role.split()):
        Grant.objects.create(account=account, role_id=one, area=OTHER)
    return account


DESK = "duty_chief duty_officer dispatcher checker community_clerk leader auditor"


def test_a_visitor_is_let_in_nowhere_but_where_it_says_so(matter: Matter, client: Client) -> None:
    wrong, before = [], rows_of_all_tables()
    for route in ROUTES:
        for method in METHODS:
            if method == "POST" and "POST" in open_to_visitors(route):
                continue  # may write: reports and sign-ins have tests of their own
            inside = method not in open_to_visitors(route)
            for answer in asked(client, method, matter, route):
                if leaks(answer, plain=inside):
                    wrong.append((method, route, "leaks"))
                elif inside and answer.status_code not in NOT_LET_IN and not sent_away(answer):
                    wrong.append((method, route, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert rows_of_all_tables() == before


def test_the_list_of_open_addresses_holds_no_stale_entry(matter: Matter, client: Client) -> None:
    for key, (reason, methods) in OPEN.items():
        routes = [
            route
            for route in ROUTES
            if open_to_visitors(route) and (route == key or key[:1] == "^" and route.startswith(key))
        ]
        assert routes and reason, key
        assert any(
            call(client, method, matter.address(route)).status_code not in {401, 403, 405}
            for method in methods
            for route in routes
        ), key


def test_a_resident_is_refused_on_every_page_of_the_offices(matter: Matter) -> None:
    resident = client_of(neighbour("", "居民乙"))
    wrong, before = [], rows_of_all_tables()
    for route in ROUTES:
        if open_to_visitors(route) or route.startswith(OWN):
            own = not open_to_visitors(route)
            if "<" in route and any(leaks(one, plain=own) for one in asked(resident, "GET", matter, route)):
                wrong.append(("GET", route, "leaks"))
            continue
        for method in METHODS:
            for answer in asked(resident, method, matter, route):
                refused = answer.status_code in NOT_LET_IN or route in EMPTY_LISTS
                if leaks(answer, plain=True) or not refused:
                    wrong.append((method, route, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert rows_of_all_tables() == before


# Lists of the interface answer whoever signed in, with what is theirs: for a resident nothing.
EMPTY_LISTS = {"api/v1/incidents", "api/v1/orders", "api/v1/metrics"}


@pytest.mark.parametrize("roles", ["grid_worker", DESK, "unit_head officer", "administrator"])
def test_the_next_town_reads_and_changes_nothing_of_this_one(matter: Matter, roles: str) -> None:
    far = client_of(neighbour(roles, "邻镇"))
    wrong, before = [], rows_of_all_tables()
    for route in ROUTES:
        of_one_town = (
            BLANK.search(route) and not open_to_visitors(route) and not route.startswith(COUNTY_WIDE)
        )
        for method in METHODS if of_one_town else ("GET",):
            for answer in asked(far, method, matter, route):
                if leaks(answer, plain=not open_to_visitors(route)):
                    wrong.append((method, route, "leaks"))
                if (
                    of_one_town
                    and answer.status_code not in NOT_LET_IN
                    and not sent_away(answer)
                    and route not in QUIET
                ):
                    wrong.append((method, route, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert rows_of_all_tables() == before


# Not of one town: one's own account, what the whole county has once: catalogues, forms, accounts, the sealed record.
COUNTY_WIDE = (
    "me/",
    "accounts/",
    "admin/classes/",
    "admin/ladders/",
    "admin/model/",
    "imports/",
    "system/grants/",
    "system/proposals/",
    "system/roles/",
    "system/calendar/",
    "onestop/catalogue/",
    "system/parked/",
    "audit/",
)
# Forgetting what one does not have is no fault.
QUIET = {"filters/<int:ident>/forget/"}


@pytest.mark.parametrize("roles", ["grid_worker", DESK])
def test_no_bulk_or_queued_act_reaches_into_another_town(matter: Matter, roles: str) -> None:
    for one in matter.both:
        _bulk_and_queued(client_of(neighbour(roles, f"邻镇{one.incident.pk}")), one)


def _bulk_and_queued(far: Client, matter: Matter) -> None:
    before = (matter.incident.version, matter.order.version)
    for act in ("reclass", "dispatch", "merge", "refer"):
        said = {**PLAUSIBLE, "ids": [matter.incident.pk], "act": act, "into": matter.incident.number}
        assert not leaks(far.post(f"/desk/bulk/?act={act}&ids={matter.incident.pk}", said), plain=True)
        assert not leaks(far.post("/desk/?case=" + str(matter.incident.pk), said), plain=True)
        drain()
    item = {"kind": "order.accept", "uuid": str(uuid.uuid4()), "captured_at": timezone.now().isoformat()}
    item |= {"base_version": matter.order.version, "data": {"order": matter.order.pk}}
    answer = far.post(
        "/sync/",
        json.dumps({"sent_at": timezone.now().isoformat(), "items": [item]}),
        content_type="application/json",
    )
    assert [one["status"] for one in answer.json()["answers"]] == ["refused"] and not leaks(
        answer, plain=True
    )
    matter.incident.refresh_from_db()
    matter.order.refresh_from_db()
    assert (matter.incident.version, matter.order.version) == before


@pytest.mark.parametrize("who", ["", "far", "resident"])
def test_every_operation_of_the_interface_refuses_strangers(matter: Matter, client: Client, who: str) -> None:
    headers = {}
    if who:
        account = neighbour({"far": DESK, "resident": ""}[who], "外人")
        by = actor_for(account.pk, name=account.name)
        headers = bearer(
            issue_token(by=by, account=account.pk, name="测试", scopes=(*EVERYTHING, "metrics.*"))[1]
        )
    operations = [
        (path.lstrip("/"), method.upper())
        for path, methods in client.get("/api/v1/openapi.json").json()["paths"].items()
        for method in methods
    ]
    assert len(operations) > 15
    wrong, before = [], rows_of_all_tables()
    for path, method in operations:
        route = re.sub(r"\{(\w+)\}", r"<\1>", path)
        if method != "GET" and (route == "api/v1/reports" or route.startswith("api/v1/files/uploads")):
            continue  # whoever is signed in may report and send photos
        listed = (who and "{" not in path) or method in open_to_visitors(route)
        shut = NOT_LET_IN | {422} if "{" not in path else NOT_LET_IN
        for answer in asked(client, method, matter, route, headers=headers):
            if leaks(answer, plain=not open_to_visitors(route)) or not (answer.status_code in shut or listed):
                wrong.append((method, path, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    changed = {name for name, said in rows_of_all_tables().items() if said != before[name]}
    assert changed <= {"identity_apitoken"}


def test_the_outbox_of_the_demo_is_gone_in_production(client: Client, settings: Any, db: None) -> None:
    settings.PRODUCTION = False
    assert client.get("/demo/outbox/").status_code == 200
    settings.PRODUCTION = True
    assert client.get("/demo/outbox/").status_code == 404
