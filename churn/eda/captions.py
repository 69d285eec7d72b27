"""Words on the charts of journeys."""

from html import escape
from typing import Any

from churn.charts import QUIET


def titled(chart: Any, text: str, *notes: str) -> Any:
    """A chart under a title, with small notes beneath the title."""
    lines = [escape(text), *(f"<span style='font-size:12px'>{escape(note)}</span>" for note in notes if note)]
    place = {"x": 0, "xref": "container", "y": 1, "yref": "container", "yanchor": "top", "pad": {"l": 8, "t": 20}}
    chart.update_layout(title={"text": "<br>".join(lines), "font": {"size": 14, "color": QUIET}, **place})
    chart.update_layout(margin_t=34 + 18 * len(lines), height=chart.layout.height + 18 * len(lines))
    return chart


def label(text: str, *, longest: int = 24) -> str:
    """A name on a chart, shortened; plotly reads tags, so they are escaped.

    Example:
        >>> label("<b>an event with a very long name"), label("post")
        ('&lt;b&gt;an event with a very…', 'post')
    """
    return escape(text if len(text) <= longest else text[: longest - 1] + "…")


def minutes(value: float) -> str:
    """A span of time in the unit that suits it.

    Example:
        >>> minutes(0.5), minutes(12.3), minutes(150), minutes(4320)
        ('30 s', '12 min', '2.5 h', '3 d')
    """
    for limit, size, unit in ((1, 1 / 60, "s"), (90, 1, "min"), (2880, 60, "h")):
        if value < limit:
            return f"{value / size:.2g} {unit}"
    return f"{value / 1440:.3g} d"
