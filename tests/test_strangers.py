"""Every address of the site, asked by those who have no business there: visitors, residents, the next town.

The addresses are walked out of Django's resolver, so that a new page is covered the day it is mounted; only
what stands in OPEN, with its reason, may answer a visitor.
"""

import itertools
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from linli.areas.models import Unit
from linli.areas.tests.conftest import account as new_account
from linli.dispatch.models import WorkOrder
from linli.incidents import actions
from linli.incidents.models import Incident, Report
from linli.incidents.rules import Telling
from linli.incidents.tests.callers import EVERYTHING, bearer, token_of
from linli.incidents.tests.conftest import COMMUNITY, COUNTY, FAR_GRID, GRID, LAT, LON, TOWN, Town
from linli.kernel.access.models import Grant
from linli.kernel.bus.jobs import drain
from linli.kernel.files.actions import store_file
from linli.kernel.files.models import Attachment
from linli.people import actions as people
from linli.people.models import Household, Person

SECRET = "紫藤架下的暗井"
FAMILY = "欧阳望北"
METHODS = ("GET", "POST")
NOT_LET_IN = {401, 403, 404, 405}

# What answers a visitor, and why.  "GET" alone: a POST is refused like everywhere else.
OPEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("the residents' home", ("GET",)),
    "report/": ("reporting needs no account", ("GET", "POST")),
    "report/thanks/": ("the number and code of this browser's own report, by a signed cookie", ("GET",)),
    "track/": ("whoever holds a tracking code may follow", ("GET", "POST")),
    "track/case/": ("the case whose code this browser has shown, by a signed cookie; else back to the code", ("GET",)),
    "map/": ("the public map: classes and rough places, no words, no names", ("GET",)),
    "map/points.json": ("its points", ("GET",)),
    "map/areas.json": ("its outlines, which are a sketch", ("GET",)),
    "setup/logo": ("the county's own picture in the head bar", ("GET",)),
    "face/care/": ("large font, kept in a cookie", ("POST",)),
    "face/language/": ("the language, kept in a cookie", ("POST",)),
    "manifest.webmanifest": ("read by browsers before anybody signs in", ("GET",)),
    "sw.js": ("the service worker's program", ("GET",)),
    "tray/": ("the offline shell: an empty page that the phone itself fills", ("GET",)),
    "sync/shell.json": ("the list of files of the offline shell", ("GET",)),
    "accounts/login/": ("signing in", ("GET", "POST")),
    "accounts/inactive/": ("tells a closed account whom to ask", ("GET",)),
    "accounts/2fa/webauthn/login/": ("the challenge of a passkey, before the sign-in", ("GET", "POST")),
    "api/event/report": ("the seed's own call is open by default (incidents.md section 6)", ("POST",)),
    "^open311/v2/discovery": ("Open311 is a public interface", ("GET",)),
    "^open311/v2/services": ("Open311", ("GET",)),
    "^open311/v2/requests": ("Open311: public cases only; a report is open as on the page", ("GET", "POST")),
    "^open311/v2/servicerequestupdates": ("Open311: public cases only", ("GET",)),
    "^open311/v2/tokens/": ("Open311: number of a report from its token", ("GET",)),
    "api/v1/openapi.json": ("the description of the interface", ("GET",)),
    "api/v1/reports": ("reporting needs no account", ("POST",)),
    "api/v1/classes": ("the catalogue of classes is public", ("GET",)),
    "demo/outbox/": ("sign-in codes of the demo; gone in production (a test below)", ("GET", "POST")),
}
# Pages of a person's own, which show a resident nothing of the offices.
OWN = ("me/", "accounts/", "my/reports/", "inbox/", "filters/", "sync/", "live/ticket", "api/v1/files/uploads")
