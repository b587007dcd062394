"""What rooms hang into the frame: entries of the navigation."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from linli.kernel.actor import can
from linli.kernel.web.caller import caller


@dataclass(frozen=True, slots=True)
class NavEntry:
    """One place a person can go. `verb` hides it from whoever may not; `audience` says in which frame it stands.

    Audiences: staff (head bar), resident (plain pages), field (the grid worker's bottom bar, at most five).
    """

    label: str
    url_name: str
    verb: str | None = None
    order: int = 100
    audience: str = "staff"
    icon: str = ""


@dataclass(frozen=True, slots=True)
class NavLink:
    label: str
    url: str
    here: bool
    icon: str


_entries: dict[tuple[str, str], NavEntry] = {}


def register_nav(*entries: NavEntry) -> None:
    """Called in a room's AppConfig.ready(); the same entry again replaces the former."""
    for entry in entries:
        _entries[entry.audience, entry.url_name] = entry


def nav(request: HttpRequest, audience: str = "staff") -> list[NavLink]:
    """The links this visitor sees, in order; rooms not mounted in this process are left out."""
    links = [
        (entry, url)
        for entry in sorted(_entries.values(), key=lambda e: (e.order, e.label))
        if entry.audience == audience
        and (entry.verb is None or can(caller(request), entry.verb))
        and (url := _url(entry.url_name)) is not None
    ]
    here = _longest(request.path, [url for _, url in links])
    return [NavLink(str(entry.label), url, url == here, entry.icon) for entry, url in links]


def _url(name: str) -> str | None:
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def _longest(path: str, urls: Iterable[str]) -> str | None:
    return max(
        (url for url in urls if path == url or (url != "/" and path.startswith(url))), key=len, default=None
    )


@dataclass(frozen=True, slots=True)
class MapGround:
    """What the map in a form shows: the address of a GeoJSON of areas and the bounds `west,south,east,north`."""

    url_name: str
    bounds: str


_ground: list[MapGround] = []


def register_ground(ground: MapGround) -> None:
    """Called once, by the room that keeps the areas."""
    _ground[:] = [ground]


def ground() -> dict[str, str]:
    """`areas` (empty when nobody registered one or it is not mounted here) and `bounds`."""
    if not _ground:
        return {}
    return {"areas": _url(_ground[0].url_name) or "", "bounds": _ground[0].bounds}
