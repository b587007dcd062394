"""What deadlines tells the house."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CalendarChanged:
    """What is worked changed between two days, both included; running due moments that span them count anew.

    `area` is the code whose calendar it is ("" everywhere); `since` and `until` are ISO dates, `until` empty for
    "from then on"; `what` is day, year or duty_hours; `why` says it in words with its source, never a person's name.
    """

    area: str
    since: str
    until: str
    what: str
    why: str
