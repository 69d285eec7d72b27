"""Words on the charts of journeys."""

from html import escape
from textwrap import wrap
from typing import Any

from churn.charts import QUIET
from churn.language import event_in_words, say, say_again

_LARGE, _SMALL = 52, 60  # letters in a line on a phone


def titled(chart: Any, text: str, *notes: str) -> Any:
    """A chart under a title, with small notes beneath the title."""
    small = [line for note in notes for line in wrap(note, _SMALL)]
    lines = [
        *(escape(line) for line in wrap(text, _LARGE)),
        *(f"<span style='font-size:12px'>{escape(line)}</span>" for line in small),
    ]
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
    text = called(text)
    return escape(text if len(text) <= longest else text[: longest - 1] + "…")


def called(name: str) -> str:
    """A type of event by its label or the log's own name, spaced; (start) and the like in the language spoken.

    Example:
        >>> called("post"), called("(start)")
        ('post', '(start)')
    """
    return say_again(name) if name.startswith("(") else event_in_words(name)


def minutes(value: float) -> str:
    """A span of time in the unit that suits it.

    Example:
        >>> minutes(0.5), minutes(12.3), minutes(150), minutes(4320)
        ('30 s', '12 min', '2.5 h', '3 d')
    """
    if value < 1:
        return say("{time:.2g} s", time=60 * value)
    if value < 90:
        return say("{time:.2g} min", time=value)
    return say("{time:.2g} h", time=value / 60) if value < 2880 else say("{time:.3g} d", time=value / 1440)
