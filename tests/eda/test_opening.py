"""A log is opened as it lies, however short it is."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from churn import eda
from churn.data import DataConfig, example_dataset, example_frames
from churn.errors import UserError

pytestmark = pytest.mark.slow

ONE_DAY = {
    "events": pd.DataFrame(
        {
            "user_id": list("aabbc"),
            "event": ["post", "chat"] * 2 + ["post"],
            "timestamp": pd.Timestamp("2024-03-01 09:00") + pd.to_timedelta([0, 5, 20, 30, 40], unit="min"),
        }
    )
}
CONFIG = DataConfig(events="events")


def test_a_day_of_data_gets_a_sentence_in_place_of_each_chart_of_days() -> None:
    with eda.open_panel(CONFIG, frames=ONE_DAY) as panel:
        assert panel.n_days == 1
        views = [
            eda.decompose(eda.daily_totals(panel)[eda.ACTIVE]),
            eda.survival(panel),
            eda.returns(panel),
            eda.retention(panel),
            eda.revenue(panel),
        ]
    for view in views:
        assert view.empty
        assert view.empty in str(view)
        assert view.figure().layout.annotations
        assert not view.figure().data


def test_the_paths_of_a_day_are_shown() -> None:
    with eda.open_tables(CONFIG, frames=ONE_DAY) as tables:
        graph = eda.directly_follows(eda.journeys(tables)).table.set_index(["from", "to"])["count"]
    assert graph["post", "chat"] == 2


def test_the_panel_is_that_of_the_dataset_and_gone_after_the_block(tmp_path: Path, monkeypatch) -> None:
    config, whole = DataConfig(events="events", members="members"), example_dataset().panel
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with eda.open_panel(config, frames=example_frames()) as panel:
        assert panel.users.tolist() == whole.users.tolist()
        np.testing.assert_array_equal(panel.active, whole.active)
        np.testing.assert_array_equal(panel.arrived, whole.arrived)
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_log_without_a_usable_event_is_refused_in_a_line() -> None:
    frames = {"events": ONE_DAY["events"].assign(timestamp=pd.NaT)}
    with pytest.raises(UserError), eda.open_panel(CONFIG, frames=frames):
        pass


def test_a_view_in_a_notebook_is_its_words_and_its_chart(monkeypatch) -> None:
    monkeypatch.setattr("plotly.io.renderers.default", "plotly_mimetype")
    with eda.open_panel(DataConfig(events="events"), frames=example_frames()) as panel:
        view = eda.returns(panel)
    InteractiveShell.instance()
    with capture_output() as shown:
        view._ipython_display_()
    assert str(view) in shown.stdout
    assert "application/vnd.plotly.v1+json" in shown.outputs[0].data
