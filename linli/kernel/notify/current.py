"""What is in force now: the files' words and hours, with what an administrator set above them."""

from typing import NamedTuple

from linli.kernel.kept import Kept
from linli.kernel.notify import registry, rules
from linli.kernel.notify.models import QuietHours, Wording
from linli.kernel.notify.rules import Quiet, Template, TemplateError


class Book(NamedTuple):
    wordings: dict[str, Wording]  # the newest of each code
    quiet: Quiet | None


def _load() -> Book:
    newest = Wording.objects.order_by("code", "-version").distinct("code")
    hours = QuietHours.objects.order_by("-id").first()
    return Book({row.code: row for row in newest}, Quiet(hours.start, hours.end) if hours else None)


book = Kept(_load, "SELECT (SELECT max(id) FROM notify_wording), (SELECT max(id) FROM notify_quiethours)")


def template(code: str) -> Template:
    """The template in its newest words; the file's own when an upgrade took away a place they use.

    TemplateError when no file has it.
    """
    plain, row = registry.template(code), book.get().wordings.get(code)
    if row is None:
        return plain
    try:
        return rules.reworded(plain, version=row.version, title=row.title, text=row.text, texts=row.texts)
    except TemplateError:
        return plain


def quiet() -> Quiet:
    return book.get().quiet or registry.delivery().quiet
