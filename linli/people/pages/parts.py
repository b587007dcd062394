"""What several pages of people need: person chips, photos, the areas to filter by."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse
from django.utils.translation import gettext_lazy

from linli.areas import queries as areas
from linli.areas import rules as area_rules
from linli.kernel.actor import Actor, can
from linli.kernel.files.actions import attach, store_file
from linli.kernel.web.tables import Filter
from linli.people.models import Person

STAFF = {"base": "web/base.html"}


def chip(person: Person, viewer: Actor) -> dict[str, Any]:
    """What web/_person.html shows; with the reason-asking reveal for whoever may."""
    may = can(viewer, "people.reveal", area=person.area, subject=f"people.person:{person.pk}")
    url = reverse("people:reveal", args=["person", person.pk]) if may else ""
    return {"id": person.pk, "name": person.name, "number": person.number, "reveal_url": url}


def keep_photos(
    by: Actor, photos: Iterable[UploadedFile], subject: str, form_id: uuid.UUID | None
) -> list[int]:
    """Stores a form's photos and ties them to a subject, in the form's transaction."""
    base = form_id or uuid.uuid4()
    keys = []
    for number, photo in enumerate(photos):
        row = store_file(
            by=by, name=photo.name or "", data=photo.read(), client_uuid=uuid.uuid5(base, f"photo{number}")
        )
        keys.append(row.key)
    return [row.pk for row in attach(by=by, keys=keys, subject=subject)] if keys else []


def evidence(files: Iterable[int], title: str) -> list[dict[str, str]]:
    """Thumbnails for a timeline; the file's own page decides who may see it."""
    return [
        {"url": f"/api/v1/files/{number}", "thumb": f"/api/v1/files/{number}/thumb?size=320", "title": title}
        for number in files
    ]


def area_filter(viewer: Actor) -> Filter:
    """Towns for the county, communities for a town, grids below: never a list of three thousand."""
    top = area_rules.common_area(scope for scope in areas.scopes_of(viewer, "people.view") if scope)
    level = {6: "street", 9: "community"}.get(len(top), "grid")
    options = areas.choices(level, top) if top else areas.choices("street")
    return Filter("area", gettext_lazy("区域"), kind="choice", options=tuple(options), apply=_in_area)


def _in_area(rows: Any, code: str) -> Any:
    return rows.filter(**{area_rules.COLUMNS[len(code)]: code})
