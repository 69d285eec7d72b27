"""The views in another language: no sentence of words, charts or remarks stays English."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churn import eda
from churn.data import DataConfig, example_dataset, example_frames
from churn.language import speaking

pytestmark = pytest.mark.slow

SHOWN = {"text", "title", "name", "hovertext", "hovertemplate", "customdata", "label", "x", "y"}
OWN = {"own post", "fan comment"}  # the log's own names
ENGLISH = re.compile(r"[A-Za-z’']{2,}(?: [A-Za-z’']{2,})+")
PANEL = example_dataset().panel
DAY = pd.Timestamp("2024-03-01")
ONE = replace(PANEL, listed=np.ones(80, bool), active=PANEL.active & (np.arange(len(PANEL.active)) < PANEL.start[1]))
SHORT = pd.Series([1.0, 2.0], pd.date_range("2024-01-01", periods=2), name="글")
SCORES = pd.DataFrame({"user_id": ["user003"], "cutoff": [PANEL.dates[60]], "p_churn": [0.4], "reason_1": ["이유"]})
OF_DAYS: dict[str, Callable[[], eda.View]] = {
    "seasons": lambda: eda.decompose(
        eda.daily_totals(PANEL)[eda.ACTIVE].rename("활동").drop(PANEL.dates[9]), unit="명", periods=(7, 14)
    ),
    "too few days": lambda: eda.decompose(SHORT, unit="건"),
    "no season": lambda: eda.decompose(SHORT.reindex(pd.date_range("2024-01-01", periods=30)).fillna(1) * 0, unit="건"),
    "too even": lambda: eda.decompose(
        pd.Series([*[1.0] * 29, 2.0], pd.date_range("2024-01-01", periods=30), name="글"), unit="건"
    ),
    "retention": lambda: eda.retention(PANEL),
    "retention by months": lambda: eda.retention(PANEL, period_days=30),
    "retention of few": lambda: eda.retention(ONE, period_days=1),
    "no cohort": lambda: eda.retention(PANEL, period_days=1000),
    "revenue": lambda: eda.revenue(PANEL),
    "survival": lambda: eda.survival(PANEL),
    "survival of new users": lambda: eda.survival(replace(PANEL, arrived=PANEL.first), silent_days=14),
    "returns": lambda: eda.returns(PANEL, repetitions=20),
    "returns of one": lambda: eda.returns(ONE, within_days=1),
    "returns unwatched": lambda: eda.returns(ONE, within_days=90),
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


def of_few(*, own: int) -> eda.View:
    """Two groups, one of which has so many users who make a step that the other has not."""
    steps = {f"a{n}": ("view", "like") for n in range(12)} | {f"b{n}": ("sing", "like") for n in range(own)}
    rows = [(user, DAY + pd.Timedelta(minutes=k), name) for user, step in steps.items() for k, name in enumerate(step)]
    rows += [("a0", DAY + pd.Timedelta(minutes=2), "sing"), ("a0", DAY + pd.Timedelta(minutes=3), "view")]
    events = pd.DataFrame(rows, columns=["user_id", "timestamp", "event"])
    groups = pd.DataFrame({"user_id": list(steps), "group": [{"a": "가", "b": "나"}[user[0]] for user in steps]})
    with eda.open_tables(DataConfig(events="events"), frames={"events": events}) as tables:
        return eda.compare_journeys(tables, groups.assign(cutoff=DAY + pd.Timedelta(days=9)))


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


@pytest.mark.parametrize("own", [3, 12])
def test_no_comparison_of_few_users_stays_english(own) -> None:
    with speaking("ko"):
        assert english(of_few(own=own)) == set()


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
