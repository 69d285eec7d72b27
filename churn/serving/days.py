"""A user's own days before a list, from the panel of the run that drew it."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from churn.data import panel_of_user
from churn.errors import UserError
from churn.language import say_many
from churn.serving import words
from churn.serving.catalogue import Drawn
from churn.serving.drawing import Chart, counts

_DAYS, _NAMED = 28, (0, 14, 27)  # of the chart; the ones that are named under it
_OWN = "own_"  # begins the columns of what users do themselves


def own_days(drawn: Drawn, user_id: str) -> Chart | None:
    """A user's own events by the day.

    None where the list is of another folder's data, of arrivals, of ids that are hashes, or where the panel is gone.
    """
    panel = drawn.folder / "dataset" / "panel"
    if not drawn.is_run or drawn.run.scattered or drawn.run.segments.id_key or not panel.is_dir():
        return None
    try:
        days = [drawn.cutoff - timedelta(days=before) for before in range(_DAYS, 0, -1)]
        numbers = _counted(panel, user_id, days)
    except (UserError, IndexError):  # deleted or damaged meanwhile: a page without a chart
        return None
    if numbers is None:
        return None
    told = [words.day(one) for one in days]
    labels = [_labelled(day, n) for day, n in zip(told, numbers, strict=True)]
    return counts(numbers, labels, [day if place in _NAMED else "" for place, day in enumerate(told)])


def _labelled(day: str, n: int) -> str:
    told = say_many("{n} event", "{n} events", n)
    return f"{day}: {told}"


def _counted(folder: Path, user_id: str, days: Sequence[date]) -> list[int] | None:
    """The own events of some days on end; None for a user whom the panel lacks, or without such columns."""
    panel = panel_of_user(folder, user_id)
    own = [] if panel is None else [place for place, name in enumerate(panel.features) if name.startswith(_OWN)]
    if panel is None or not own:
        return None
    (first,), (last,), (start,) = panel.first, panel.last, panel.start
    places = [(day - panel.date(0).date()).days for day in days]
    rows = [start + place - first if first <= place <= last else 0 for place in places]  # row 0 is of no events
    return [int(n) for n in panel.counts[rows][:, own].sum(axis=1)]
