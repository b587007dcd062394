"""One of everything exchange has, for the sweep with strangers: route so far -> id."""

from linli.incidents.tests.conftest import Town


def samples(there: Town) -> list[tuple[str, str]]:
    return [(r"^system/sources/", "GA-ID")]
