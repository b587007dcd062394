"""What every template may use: the face of this request and its links."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import get_language

from linli.kernel.web.registry import BarItem, NavLink, bar, nav

CARE_COOKIE = "linli_care"


@dataclass
class Face:
    """How this visitor sees linli. Links are worked out only when a template asks for them."""

    request: HttpRequest

    @cached_property
    def care(self) -> bool:
        """大字版: the cookie when there is one, else what the account prefers."""
        chosen = self.request.COOKIES.get(CARE_COOKIE)
        if chosen in ("0", "1"):
            return chosen == "1"
        user = getattr(self.request, "user", None)
        return bool(user is not None and user.is_authenticated and getattr(user, "large_font", False))

    @cached_property
    def lang(self) -> str:
        return "en" if (get_language() or "").startswith("en") else "zh-CN"

    @cached_property
    def bar(self) -> list[BarItem]:
        return bar(self.request)

    @cached_property
    def resident(self) -> list[NavLink]:
        return nav(self.request, "resident")

    @cached_property
    def field(self) -> list[NavLink]:
        return nav(self.request, "field")


def page(request: HttpRequest) -> dict[str, Face]:
    return {"face": Face(request)}
