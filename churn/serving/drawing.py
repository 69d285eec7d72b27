"""Drawing: chances over days as SVG, which needs no script."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, BELOW = 640, 180, 46, 24  # units of the picture


@dataclass(frozen=True)
class Point:
    """A chance on a day."""

    x: float
    y: float
    label: str  # what a reader hears and sees on it
    below: str  # what stands under it; empty where its neighbour's would be too near


@dataclass(frozen=True)
class Chart:
    """Points of a line, and the heights of 0, half and all of its scale."""

    points: Sequence[Point]
    rules: Sequence[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT

    @property
    def path(self) -> str:
        """The line through the points."""
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)


def chart(places: Sequence[float], chances: Sequence[float], labels: Sequence[str], below: Sequence[str]) -> Chart:
    """A line of chances.

    Args:
        places: Where each stands, such as its day; in rising order.
        chances: The chances, 0 to 1.
        labels: What is said of each.
        below: What stands under each.

    Example:
        >>> chart([0, 7], [0.5, 0.25], ["a", "b"], ["", ""]).path
        '46.0,10.0 630.0,83.0'
    """
    top = next((step for step in (0.1, 0.2, 0.5, 1.0) if max(chances) <= step), 1.0)
    span = (places[-1] - places[0]) or 1
    floor, tall = HEIGHT - BELOW, HEIGHT - BELOW - 10
    points, last = [], float("-inf")
    for place, chance, label, under in zip(places, chances, labels, below, strict=True):
        x = LEFT + (place - places[0]) / span * (WIDTH - LEFT - 10)
        shown = under if x - last > 9 * len(under) else ""
        last = x if shown else last
        points.append(Point(x, floor - chance / top * tall, label, shown))
    return Chart(points, [(floor - part * tall, f"{part * top:.0%}") for part in (0.0, 0.5, 1.0)])
