"""The views in another language: no sentence of words, charts or remarks stays English."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churn import eda
from churn.data import DataConfig, example_dataset, example_frames
from churn.language import speaking

SHOWN = {"text", "title", "name", "hovertext", "hovertemplate", "customdata", "label", "x", "y"}
OWN = {"own post", "fan comment"}  # the log's own names
ENGLISH = re.compile(r"[A-Za-z’']{2,}(?: [A-Za-z’']{2,})+")
PANEL = example_dataset().panel
SHORT = pd.Series([1.0, 2.0], pd.date_range("2024-01-01", periods=2), name="글")
SCORES = pd.DataFrame({"user_id": ["user003"], "cutoff": [PANEL.dates[60]], "p_churn": [0.4], "reason_1": ["이유"]})
OF_DAYS: dict[str, Callable[[], eda.View]] = {
    "seasons": lambda: eda.decompose(
        eda.daily_totals(PANEL)[eda.ACTIVE].rename("활동").drop(PANEL.dates[9]), unit="명", periods=(7, 14)
    ),
    "too few days": lambda: eda.decompose(SHORT, unit="건"),
    "no season": lambda: eda.decompose(SHORT.reindex(pd.date_range("2024-01-01", periods=30)).fillna(1) * 0, unit="건"),
    "retention": lambda: eda.retention(PANEL),
    "no cohort": lambda: eda.retention(PANEL, period_days=1000),
    "revenue": lambda: eda.revenue(PANEL),
    "survival": lambda: eda.survival(PANEL),
    "returns": lambda: eda.returns(PANEL, repetitions=20),
    "definitions": lambda: eda.definitions(example_dataset(), history_days=[7], at_risk_days=[7]),
    "anatomy": lambda: eda.anatomy(PANEL, "user003", scores=SCORES),
}


def of_journeys(group: Callable[[int], str], *, gap_minutes: float | None) -> Iterator[eda.View]:
    frames = example_frames()
    groups = frames["members"][["user_id"]].assign(cutoff="2024-03-01")
    groups["group"] = [group(number) for number in range(len(groups))]
    with eda.open_tables(DataConfig(events="events"), frames=frames) as tables:
        walks = eda.journeys(tables, actors="all", gap_minutes=gap_minutes)
        yield from (eda.directly_follows(walks), eda.first_steps(walks, top=1), eda.variants(walks, max_steps=1))
        rare = eda.journeys(tables, actors="all", max_event_types=1)
        yield from (eda.directly_follows(rare), eda.first_steps(rare), eda.variants(rare))
        yield eda.compare_journeys(tables, groups, actors="all", gap_minutes=gap_minutes)


def shown(value: Any, *, key: str = "") -> Iterator[str]:
    """Every text of a chart that a reader sees."""
    if isinstance(value, str) and key in SHOWN:
        yield value
    elif isinstance(value, dict):
        for name, inside in value.items():
            yield from shown(inside, key=name)
    elif isinstance(value, list | tuple | np.ndarray):
        for inside in value:
            yield from shown(inside, key=key)


def english(view: eda.View) -> set[str]:
    texts = [re.sub("<[^>]*>", " ", text) for text in (str(view), *shown(view.figure().to_dict()))]
    assert re.search("[가-힣]", " ".join(texts)), "nothing was said"
    return {words for text in texts for words in ENGLISH.findall(text)} - OWN


@pytest.mark.parametrize("name", OF_DAYS)
def test_no_view_of_days_stays_english(name) -> None:
    with speaking("ko"):
        assert english(OF_DAYS[name]()) == set()


@pytest.mark.parametrize("group", [lambda n: "가" if n % 3 else "나", lambda n: "가"])
@pytest.mark.parametrize("gap_minutes", [30, None])
def test_no_view_of_journeys_stays_english(group, gap_minutes) -> None:
    with speaking("ko"):
        assert [english(view) for view in of_journeys(group, gap_minutes=gap_minutes)] == [set()] * 7


def test_what_is_no_event_is_called_in_the_language_spoken_and_kept_in_english() -> None:
    with speaking("ko"):
        first, *_ = of_journeys(lambda n: "가", gap_minutes=30)
        assert {"(start)", "(end)"} <= {*first.table["from"], *first.table["to"]}
        said = " ".join(shown(first.figure().to_dict()))
        assert "(시작)" in said and "(start)" not in said


def test_a_weekday_is_named_in_the_language_spoken() -> None:
    days = pd.date_range("2024-01-01", periods=70)
    weekend = pd.Series(10.0 + 5 * (days.dayofweek == 5), days, name="글")
    with speaking("ko"):
        assert "토요일에 가장 높고" in str(eda.decompose(weekend, unit="건"))
