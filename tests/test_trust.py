"""What a folder of somebody else's can do: nothing is imported that only the folder names, and damage is named."""

import json
import sys

import pytest
import yaml

from churn.artefacts import atomic
from churn.configuration import RunConfig
from churn.data import DataConfig, example_split
from churn.models import Ensemble, Majority, allowing, load

FOREIGN = {"class_path": "foreign.Net"}
MODULE = """
from churn.models import Majority
class Net(Majority): ...
"""


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A module that can be imported, and says so by being among the modules."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "foreign.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.delitem(sys.modules, "foreign", raising=False)


@pytest.fixture
def majority():
    return Majority().fit(example_split(), target="churn")


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("named_in", ["model.json", "1/model.json"])
def test_a_class_that_only_a_folder_names_is_not_imported(named_in, foreign, majority, tmp_path, refused):
    model = Ensemble([majority, majority]) if named_in.startswith("1") else majority
    model.save(tmp_path / "model")
    edit(tmp_path / "model" / named_in, **FOREIGN)
    with refused("class of churn.models in", "'foreign.Net'", "nothing was imported"):
        load(tmp_path / "model")
    assert "foreign" not in sys.modules
    with allowing(["foreign.Net"]):
        load(tmp_path / "model")
    assert "foreign" in sys.modules


@pytest.mark.parametrize(
    "class_path", ["churn.models.base.importlib.import_module", "churn.models.Classifier", "os.path"]
)
def test_what_is_no_model_of_the_house_is_refused(class_path, majority, tmp_path, refused):
    majority.save(tmp_path / "model")
    edit(tmp_path / "model" / "model.json", class_path=class_path)
    with refused("expected", class_path, ""):
        load(tmp_path / "model")


@pytest.mark.parametrize(
    "changes",
    [
        {"models": ["foreign.Net"]},
        {"models": [FOREIGN]},
        {"models": [{"class_path": "churn.models.GRU", "init_args": {"lr": [FOREIGN]}}]},
        {"segments": FOREIGN},
        {"training": "foreign.Net"},
        {"data": {"events": "events", "windows": FOREIGN}},
        {"segments.control": FOREIGN},
        {"config": "other.yaml"},
    ],
)
def test_a_stored_configuration_imports_nothing_that_is_not_allowed(changes, foreign, tmp_path, refused):
    config = RunConfig(DataConfig("events"), models=["churn.models.Majority"])
    (tmp_path / "other.yaml").write_text(yaml.safe_dump({"models": ["foreign.Net"]}))
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config.public() | changes))
    with refused("config.yaml", "", ""):
        RunConfig.stored(tmp_path)
    assert "foreign" not in sys.modules


def test_a_stored_configuration_is_read_as_it_was_saved(foreign, tmp_path):
    config = RunConfig(DataConfig("events"), models=["foreign.Net"])
    config.save(tmp_path / "config.yaml")
    with allowing(["foreign.Net"]):
        assert RunConfig.stored(tmp_path) == config


def test_a_stored_configuration_that_was_cut_at_the_end_of_a_line_is_refused(tmp_path, refused):
    RunConfig(DataConfig("events"), models=["churn.models.Majority"]).save(tmp_path / "config.yaml")
    lines = (tmp_path / "config.yaml").read_text().splitlines(keepends=True)
    (tmp_path / "config.yaml").write_text("".join(lines[:-2]))  # seed and language
    with refused("seed, language in", "none", "bring the file back"):
        RunConfig.stored(tmp_path)


def test_a_model_of_another_target_or_name_or_with_another_file_is_refused(majority, tmp_path, refused):
    with atomic(tmp_path / "model") as scratch:
        majority.save(scratch, target="sticker", name="Majority")
    with refused("target churn", "sticker", "bring it back"):
        load(tmp_path / "model", target="churn")
    with refused("name GRU", "Majority", "bring it back"):
        load(tmp_path / "model", target="sticker", name="GRU")
    edit(tmp_path / "model" / "rate.json", rate=0.25)
    with refused("rate.json as it was written", "another content", "bring it back"):
        load(tmp_path / "model")
