"""Definitions: the base rates of the windows themselves, and false churners counted one by one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churn.data import Dataset, WindowConfig, example_dataset, example_frames, prepare, slide
from churn.data.config.data_config import DataConfig
from churn.eda import definitions

pytestmark = pytest.mark.slow

Planted = Callable[..., Dataset]


def test_base_rate_and_windows_are_those_of_the_pipeline() -> None:
    dataset = example_dataset()
    table = definitions(dataset, history_days=[7], horizon_days=[7], at_risk_days=[7]).table
    labelled = dataset.labelled
    assert table["windows"].item() == len(labelled)
    assert table["churn"].item() == labelled.answers.mean()


@pytest.mark.parametrize(("horizon", "later"), [(3, 10), (7, 28), (14, 5)])
def test_false_churners_equal_a_slow_count(horizon: int, later: int) -> None:
    dataset = example_dataset()
    found = definitions(dataset, history_days=[7], horizon_days=[horizon], at_risk_days=[7], later_days=later).table
    windows = slide(dataset.panel, WindowConfig(horizon_days=horizon))
    user, day = dataset.panel.days_where(np.asarray(dataset.panel.active))
    active = pd.Series(day).groupby(user).apply(list).to_dict()
    watched = returned = 0
    for u, cutoff, churn in zip(windows.user, windows.cutoff, windows.answers, strict=True):
        end = cutoff + horizon
        if churn == 1 and end + later <= dataset.panel.n_days:
            watched += 1
            returned += any(end <= d < end + later for d in active[u])
    assert found["watched"].item() == watched > 0
    assert found["returned"].item() == pytest.approx(returned / watched)


def test_longer_horizons_have_fewer_churners_and_fewer_false_ones() -> None:
    table = definitions(example_dataset(), history_days=[7], at_risk_days=[7], later_days=14).table
    assert table["churn"].is_monotonic_decreasing
    assert table["returned"].iloc[0] > table["returned"].iloc[2]


def test_rule_for_members_is_tried_where_the_configuration_has_it(tmp_path: Path) -> None:
    frames = example_frames(30)
    config = DataConfig(events="events", members="members", windows=WindowConfig(at_risk="member"))
    dataset = prepare(config, tmp_path / "dataset", frames=frames)
    table = definitions(dataset, history_days=[7, 14], horizon_days=[7], at_risk_days=[7]).table
    assert table["at_risk"].unique().tolist() == ["active", "member"]
    own = table[(table["at_risk"] == "member") & (table["history_days"] == 7)]
    assert own["windows"].item() == len(dataset.labelled)


def test_definitions_that_the_log_is_too_short_for_are_empty_cells(planted: Planted) -> None:
    dataset = planted({"a": [0, 3, 19], "b": [1, 9]})
    found = definitions(dataset, history_days=[7, 28], horizon_days=[7], at_risk_days=[7])
    assert found.table["windows"].tolist()[1] == 0
    assert np.isnan(found.table["churn"].iloc[1])
    assert found.empty is None
    found.figure()
    nothing = definitions(dataset, history_days=[28], horizon_days=[7], at_risk_days=[7])
    assert "too few" in str(nothing)


def test_lengths_that_are_none_are_refused(refused: Any) -> None:
    dataset = example_dataset()
    for name in ("history_days", "horizon_days", "at_risk_days"):
        with refused(f"one or more {name}", "none", "give"):
            definitions(dataset, **{name: []})
        with refused(f"{name} of at least 1", "0", "give 1 or more"):
            definitions(dataset, **{name: [7, 0]})
    with refused("later_days of at least 1", "0", "give 1 or more"):
        definitions(dataset, later_days=0)


def test_one_definition_of_one_window_is_said_in_the_singular(planted: Planted) -> None:
    lengths = {"history_days": [1], "horizon_days": [19], "at_risk_days": [1]}
    two = definitions(planted({"a": [0], "b": [0, 19]}), **lengths, later_days=1)
    assert "churn 50.0% (n = 2 windows)" in str(two)
    dataset = planted({"a": [0], "b": [19]})
    one = definitions(dataset, **lengths, later_days=1)
    assert "1 definition; here those with the shortest history (days: 1)" in str(one)
    assert "churn 100.0% (n = 1 window)" in str(one)
    short = replace(dataset, panel=replace(dataset.panel, n_days=1))
    assert "The log's 1 day is too few" in str(definitions(short, **lengths))


def test_every_cell_of_the_heat_map_states_its_n() -> None:
    figure = definitions(example_dataset(), history_days=[7], horizon_days=[3, 7], at_risk_days=[7]).figure()
    assert all("n = " in text for heat in figure.data for row in heat.text for text in row)
    assert len(figure.data) == 2


def test_windows_of_the_dataset_stay_as_configured() -> None:
    dataset = example_dataset()
    before = replace(dataset)
    definitions(dataset, history_days=[14], horizon_days=[14], at_risk_days=[14])
    assert dataset.windows is before.windows
