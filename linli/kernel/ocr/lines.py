"""What a reading machine answers, and the order in which people read it. Values only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One stretch of text: its corners in pixels from the top left, clockwise, and how sure the machine is (0–1)."""

    text: str
    box: tuple[Point, Point, Point, Point]
    score: float

    @property
    def left(self) -> Point:
        """The middle of its left edge."""
        (ax, ay), _, _, (dx, dy) = self.box
        return (ax + dx) / 2, (ay + dy) / 2

    @property
    def right(self) -> Point:
        _, (bx, by), (cx, cy), _ = self.box
        return (bx + cx) / 2, (by + cy) / 2

    @property
    def height(self) -> float:
        (_, ay), (_, by), (_, cy), (_, dy) = self.box
        return max(1.0, ((dy - ay) + (cy - by)) / 2)

    @property
    def slope(self) -> float:
        """How far it sinks a pixel to the right."""
        (x1, y1), (x2, y2) = self.left, self.right
        return (y2 - y1) / max(1.0, x2 - x1)


@dataclass(frozen=True, slots=True)
class Page:
    """All lines of one picture. `turned`: degrees it was turned clockwise to stand upright (0, 90, 180, 270)."""

    lines: tuple[Line, ...]
    width: int
    height: int
    turned: int = 0

    @property
    def text(self) -> str:
        return "\n".join(" ".join(line.text for line in row) for row in rows(self.lines))


def rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines side by side are one row, left to right; rows from top to bottom. A tilted page is followed along its tilt."""
    long = [line.slope for line in lines if line.right[0] - line.left[0] > 3 * line.height]
    slope = median(long) if long else 0.0
    found: list[list[Line]] = []
    for line in sorted(lines, key=lambda one: one.left[0]):
        best, least = None, 0.55
        for row in found:
            before = row[-1]
            height = min(before.height, line.height)
            meets = before.right[1] + slope * (line.left[0] - before.right[0])
            apart = abs(meets - line.left[1]) / height
            if apart < least and line.left[0] > before.right[0] - height:
                best, least = row, apart
        if best is None:
            found.append([line])
        else:
            best.append(line)
    return sorted(found, key=lambda row: row[0].left[1] - slope * row[0].left[0])
