"""How often somebody may knock: calls counted in fixed windows, by whoever is named."""

from collections.abc import Iterable

from django.core.cache import cache as counters
from django.utils.crypto import salted_hmac


def over(what: str, who: str, windows: Iterable[tuple[int, int]]) -> int:
    """Counts one call of `who` (an address, an account's ref; kept as a keyed hash only).

    `windows` are (seconds, most). Returns the seconds of the first window that is over-full, else 0.
    """
    mark = salted_hmac("linli.limit", f"{what}:{who}").hexdigest()[:16]
    for seconds, most in windows:
        key = f"limit:{what}:{seconds}:{mark}"
        if counters.add(key, 1, seconds):
            continue
        try:
            count = counters.incr(key)
        except ValueError:  # it ran out in between
            counters.set(key, 1, seconds)
            continue
        if count > most:
            return seconds
    return 0
