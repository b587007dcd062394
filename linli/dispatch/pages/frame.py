"""What the order pages share: which frame a viewer sees them in, and forms that notice a change in between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest

from linli.kernel import Refused
from linli.kernel.actor import Actor
from linli.kernel.web.forms import Form


def in_field(viewer: Actor) -> bool:
    """True for people who work with a phone in their hand: grid workers, and nobody who runs a desk."""
    return bool(viewer.roles & {"grid_worker", "grid_leader"}) and not viewer.scopes("dispatch.dispatch")


def base_for(viewer: Actor) -> str:
    return "web/phone.html" if in_field(viewer) else "web/base.html"


def posted(request: HttpRequest) -> tuple[Any, Any]:
    """What a form is bound to: fields and files of a POST, also of an empty one; nothing otherwise."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


@contextmanager
def renewing(form: Form, version: Callable[[], int]) -> Iterator[None]:
    """Lets a 409 through, with the form renewed: it keeps what was typed and may be sent again on top."""
    try:
        yield
    except Refused as refused:
        if refused.status == 409:
            form.refresh(version())
        raise


def base_version(said: dict) -> int | None:
    """The version the person saw; None when the form carries none."""
    text = str(said.get("base_version") or "")
    return int(text) if text.isdigit() else None
