"""Features of a user's own, named by their import path."""

import sys

import numpy as np
import pytest

from churn.data import DataConfig, example_frames
from churn.new_data import prepare_alike

pytestmark = pytest.mark.slow

MODULE = """
import numpy as np
from churn.data import Feature

def values(panel, user, day):
    return np.asarray(day[:, :, None] + 1000 * user[:, None, None], np.float32)

PLACE = Feature("place", lambda panel: ("place",), values, reaches="past")
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "shop_features.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "shop_features"
    sys.modules.pop("shop_features", None)


def test_a_feature_of_a_module_outside_the_package_is_a_column_of_the_history(module, prepared):
    windows = prepared(example_frames(), features=["tenure", f"{module}.PLACE"]).split().train
    assert windows.features[-2:] == ("tenure", "place")
    history = windows.history()[:, :, -1]
    days = windows.cutoff[:, None] + np.arange(-windows.history_days, 0)
    assert (history == days + 1000 * windows.user[:, None]).all()


@pytest.mark.parametrize(("name", "says"), [("nowhere.PLACE", "No module"), ("os.path.join", "a function")])
def test_what_is_no_feature_is_one_line(name, says, prepared, refused):
    with refused("the import path of a churn.data.Feature", says, "PYTHONPATH"):
        prepared(example_frames(), features=[name])


def test_no_feature_is_imported_that_only_a_folder_names(module, tmp_path, refused):
    old, new = DataConfig(events="events", features=[f"{module}.PLACE"]), DataConfig(events="events")
    with refused("data.features of your configuration", f"{module}.PLACE", "nothing was imported"):
        prepare_alike(tmp_path / "run", old, new, folder=tmp_path / "dataset", frames=example_frames())
    assert module not in sys.modules
