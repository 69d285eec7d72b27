"""Drawing: chances and counts over days as SVG, which needs no script."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, BELOW = 640, 180, 46, 24  # units of the picture
_RULES = (0.0, 0.5, 1.0)  # heights of its rules


@dataclass(frozen=True)
class Point:
    """A chance, or a count, on a day."""

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
    return _line(places, [chance / top for chance in chances], labels, below, [f"{p * top:.0%}" for p in _RULES])


def counts(numbers: Sequence[int], labels: Sequence[str], below: Sequence[str]) -> Chart:
    """A line of numbers of days on end; the rest as for `chart`.

    Example:
        >>> [label for _, label in counts([0, 7], ["a", "b"], ["", ""]).rules]
        ['0', '4', '8']
    """
    top = max(2, max(numbers) + max(numbers) % 2)
    heights = [number / top for number in numbers]
    return _line(range(len(numbers)), heights, labels, below, [f"{p * top:,.0f}" for p in _RULES])


def _line(
    places: Sequence[float], heights: Sequence[float], labels: Sequence[str], below: Sequence[str], rules: Sequence[str]
) -> Chart:
    span = (places[-1] - places[0]) or 1
    floor, tall = HEIGHT - BELOW, HEIGHT - BELOW - 10
    points, last = [], float("-inf")
    for place, height, label, under in zip(places, heights, labels, below, strict=True):
        x = LEFT + (place - places[0]) / span * (WIDTH - LEFT - 10)
        shown = under if x - last > 9 * len(under) else ""
        last = x if shown else last
        points.append(Point(x, floor - height * tall, label, shown))
    return Chart(points, [(floor - part * tall, rule) for part, rule in zip(_RULES, rules, strict=True)])
