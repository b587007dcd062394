"""What rooms hang into the frame: entries of the navigation."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, gettext_lazy

from linli.kernel.actor import can
from linli.kernel.web.caller import caller


@dataclass(frozen=True, slots=True)
class NavEntry:
    """One place a person can go. `verb` hides it from whoever may not; `audience` says in which frame it stands.

    Audiences: staff (head bar), resident (plain pages), field (the grid worker's bottom bar, at most five).
    `group` is a key of GROUPS, or of SECTIONS for a card on the system page, which shows `words` below the label.
    """

    label: str
    url_name: str
    verb: str | None = None
    order: int = 100
    audience: str = "staff"
    icon: str = ""
    group: str = "work"
    words: str = ""


@dataclass(frozen=True, slots=True)
class NavLink:
    label: str
    url: str
    here: bool
    icon: str
    group: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class BarItem:
    """One entry of the head bar: a link, or with `links` a menu of several."""

    label: str
    url: str
    here: bool
    links: tuple[NavLink, ...] = ()


GROUPS = {
    "work": gettext_lazy("工作"),
    "map": gettext_lazy("地图"),
    "residents": gettext_lazy("居民"),
    "figures": gettext_lazy("指标"),
}
SECTIONS = {
    "system.people": gettext_lazy("组织与授权"),
    "system.catalogue": gettext_lazy("事件目录与规则"),
    "system.time": gettext_lazy("时限与日历"),
    "system.messages": gettext_lazy("消息"),
    "system.records": gettext_lazy("记录与诊断"),
}
MOST_FLAT = 6  # entries that stand side by side; more are gathered into groups


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
    return [
        NavLink(str(entry.label), url, url == here, entry.icon, entry.group, entry.words)
        for entry, url in links
    ]


def bar(request: HttpRequest) -> list[BarItem]:
    """The head bar of the offices: at most MOST_FLAT links, else one entry a group; what is system stands on a page
    of its own, unless it is a single one."""
    links = nav(request)
    daily = [link for link in links if link.group not in SECTIONS]
    system = [link for link in links if link.group in SECTIONS]
    tail = _system(request, system)
    if len(daily) + len(tail) <= MOST_FLAT:
        return [BarItem(link.label, link.url, link.here) for link in daily] + tail
    groups: dict[str, list[NavLink]] = {group: [] for group in GROUPS}
    for link in daily:
        groups.setdefault(link.group if link.group in GROUPS else "work", []).append(link)
    return [_item(str(GROUPS[group]), found) for group, found in groups.items() if found] + tail


def _item(label: str, links: list[NavLink]) -> BarItem:
    if len(links) == 1:
        return BarItem(links[0].label, links[0].url, links[0].here)
    return BarItem(label, "", any(link.here for link in links), tuple(links))


def _system(request: HttpRequest, links: list[NavLink]) -> list[BarItem]:
    url = _url("web:system")
    if not links or url is None:
        return []
    if len(links) == 1:
        return [BarItem(links[0].label, links[0].url, links[0].here)]
    here = request.path == url or any(link.here for link in links)
    return [BarItem(str(gettext("系统")), url, here)]


def system_cards(request: HttpRequest) -> list[tuple[str, list[NavLink]]]:
    """The system page: (section, links) in the order of SECTIONS, empty sections left out."""
    links = nav(request)
    sections = [(str(name), [one for one in links if one.group == code]) for code, name in SECTIONS.items()]
    return [(name, found) for name, found in sections if found]


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
