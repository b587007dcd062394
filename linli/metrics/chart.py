"""The chart of a period as places on a sheet: bars for reported, a line for closed. Pure; the template draws it.

Drawn by the server: it needs no script, prints, scales to a wall, and saves the board 143 kB of chart library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT, HEIGHT_WALL = 480, 190, 290
LEFT, RIGHT, TOP, BOTTOM = 44, 22, 10, 26


@dataclass(frozen=True, slots=True)
class Chart:
    """`bars`: (x, y, width, height) each; `line`: points of a polyline; `marks`: its dots; `rules`: (y, label);
    `days`: (x, label). All in a sheet of `width` × `height`."""

    bars: list[tuple[float, float, float, float]]
    line: str
    marks: list[tuple[float, float]]
    rules: list[tuple[float, str]]
    days: list[tuple[float, str]]
    height: int
    width: int = WIDTH


def step_of(most: int) -> int:
    """The distance of the horizontal rules: 1, 2 or 5 times a power of ten, at most five rules."""
    step = 1
    while most > 5 * step:
        step = step * 2 if str(step)[0] in "15" else step * 5 // 2
    return step


def chart(days: Sequence[tuple[date, int, int]], height: int = HEIGHT) -> Chart:
    """From (day, reported, closed), oldest first."""
    most = max([1, *(max(reported, closed) for _day, reported, closed in days)])
    step = step_of(most)
    top = -(-most // step) * step
    span = (WIDTH - LEFT - RIGHT) / max(1, len(days))
    deep = height - TOP - BOTTOM

    def y(value: int) -> float:
        return round(TOP + deep * (1 - value / top), 1)

    def x(place: int) -> float:
        return round(LEFT + span * (place + 0.5), 1)

    wide = round(min(span * 0.62, 34), 1)
    marks = [(x(place), y(closed)) for place, (_day, _reported, closed) in enumerate(days)]
    every = max(1, -(-len(days) // 8))
    return Chart(
        [
            (round(x(place) - wide / 2, 1), y(reported), wide, round(TOP + deep - y(reported), 1))
            for place, (_day, reported, _closed) in enumerate(days)
        ],
        " ".join(f"{one},{two}" for one, two in marks),
        marks if len(days) <= 31 else [],
        [(y(value), f"{value:,}") for value in range(0, top + 1, step)],
        [
            (x(place), f"{day.month}/{day.day}")
            for place, (day, _reported, _closed) in enumerate(days)
            if (len(days) - 1 - place) % every == 0
        ],
        height,
    )
