"""Trust: a stranger's folder causes no import of a module that only it names, and damage is reported."""

import json
import shutil
import sys

import pytest
import yaml

from churn.artefacts import atomic
from churn.configuration import RunConfig
from churn.data import DataConfig, example_split
from churn.errors import UserError
from churn.models import GRU, Ensemble, LightGBM, Majority, allowing, load
from churn.runs import Model, Run

pytestmark = pytest.mark.slow

FOREIGN = {"class_path": "foreign.Net"}
MODULE = """
from pathlib import Path
from churn.models import Majority
Path(__file__).with_name("imported").touch()
class Net(Majority): ...
"""


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A module that can be imported, and leaves a file beside it then."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "foreign.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.delitem(sys.modules, "foreign", raising=False)


@pytest.fixture
def majority():
    return Majority().fit(example_split(), target="churn")


def forge(folder, file, **changes):
    """Change a file of a saved model as a stranger can, who seals the folder again."""
    with atomic(folder) as scratch:
        shutil.copytree(folder, scratch)
        (scratch / file).write_text(json.dumps(json.loads((scratch / file).read_text()) | changes))


@pytest.mark.parametrize("named_in", ["model.json", "1/model.json"])
def test_a_class_that_only_a_folder_names_is_not_imported(named_in, foreign, majority, tmp_path, refused):
    model = Ensemble([majority, majority]) if named_in.startswith("1") else majority
    model.save(tmp_path / "model")
    forge(tmp_path / "model", named_in, **FOREIGN)
    with refused("class of churn.models in", "'foreign.Net'", "nothing was imported"):
        load(tmp_path / "model")
    assert not (tmp_path / "modules" / "imported").exists()
    with allowing(["foreign.Net"]):
        load(tmp_path / "model")
    assert (tmp_path / "modules" / "imported").exists()


@pytest.mark.parametrize(
    "class_path", ["churn.models.base.importlib.import_module", "churn.models.Classifier", "os.path"]
)
def test_what_is_no_model_of_the_house_is_refused(class_path, majority, tmp_path, refused):
    majority.save(tmp_path / "model")
    forge(tmp_path / "model", "model.json", class_path=class_path)
    with refused("expected", class_path, ""):
        load(tmp_path / "model")


@pytest.mark.parametrize(
    ("file", "changes", "says"),
    [
        ("model.json", {"init_args": {"foo": 1}}, "no arguments"),
        ("model.json", {"init_args": [1]}, "mapping"),
        ("model.json", {"class_path": "churn.models.Logistic"}, "coefficients.json"),
        ("0/model.json", {"init_args": {"foo": 1}}, "no arguments"),
    ],
)
def test_a_model_that_was_tampered_with_is_refused_in_one_line(file, changes, says, majority, tmp_path):
    (Ensemble([majority]) if file.startswith("0") else majority).save(tmp_path / "model")
    forge(tmp_path / "model", file, **changes)
    with pytest.raises(UserError, match=says):
        load(tmp_path / "model")


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        (GRU(max_epochs=1), "weights.pt"),
        (LightGBM(max_trees=2), "trees.txt"),
        (Majority(), "rate.json"),
        (Ensemble([Majority()]), "0/rate.json"),
        (Ensemble([Majority()]), "zero/rate.json"),
    ],
)
def test_a_model_that_was_spoilt_and_sealed_again_is_refused_in_one_line(kind, file, tmp_path, refused):
    kind.fit(example_split(), target="churn").save(tmp_path / "model")
    with atomic(tmp_path / "spoilt") as scratch:
        shutil.copytree(tmp_path / "model", scratch)
        (scratch / file).parent.mkdir(exist_ok=True)
        (scratch / file).write_text("{}")
    with refused("as it was written", "", "bring it back"):
        load(tmp_path / "spoilt")


@pytest.mark.parametrize("name", ["/dev/zero", "../../secret", "link"])
def test_a_list_of_files_that_leads_out_of_its_folder_is_not_followed(name, majority, tmp_path, refused):
    majority.save(tmp_path / "a" / "model")
    (tmp_path / "secret").write_text("another's")
    (tmp_path / "a" / "model" / "link").symlink_to("/dev/zero")
    (tmp_path / "a" / "model" / ".contents.json").write_text(json.dumps({name: "0"}))
    with refused("files of", name, "bring it back"):
        load(tmp_path / "a" / "model")


def test_a_model_whose_list_of_files_is_gone_is_refused(majority, tmp_path, refused):
    majority.save(tmp_path / "model")
    (tmp_path / "model" / ".contents.json").unlink()
    with refused(".contents.json", "no such file", "bring it back"):
        load(tmp_path / "model")


def test_a_class_that_the_caller_hands_over_is_not_imported_by_its_name(majority, tmp_path, refused):
    class Local(Majority):
        pass

    Local().fit(example_split(), target="churn").save(tmp_path / "model")
    assert type(load(tmp_path / "model", kind=Local)) is Local
    majority.save(tmp_path / "other")
    with refused("class_path", "Majority", "bring it back"):
        load(tmp_path / "other", kind=Local)


NOT_ALLOWED = "class of churn.models in", "foreign.Net", "nothing was imported"
NOT_A_LIST = "a list of models in", "foreign.Net", "bring the file back"
NOT_WRITTEN = "config.yaml as it was written"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"models": ["foreign.Net"]}, NOT_ALLOWED),
        ({"models": [FOREIGN]}, NOT_ALLOWED),
        ({"models": ["{class_path: foreign.Net}"]}, NOT_ALLOWED),
        ({"models": "[foreign.Net]"}, NOT_A_LIST),
        ({"models": "[{class_path: foreign.Net}]"}, NOT_A_LIST),
        ({"models": FOREIGN}, NOT_A_LIST),
        ({"models": [{"class_path": "churn.models.GRU", "init_args": "{lr: 1}"}]}, (NOT_WRITTEN, "a mapping in", "")),
        ({"models": [{"class_path": "churn.models.GRU", "init_args": {"lr": FOREIGN}}]}, (NOT_WRITTEN, "GRU.lr", "")),
        ({"segments": FOREIGN}, (NOT_WRITTEN, "SegmentConfig, got 'class_path'", "")),
        ({"training": "foreign.Net"}, (NOT_WRITTEN, "TrainingConfig, got 'foreign.Net'", "")),
        ({"data": {"events": "events", "windows": FOREIGN}}, (NOT_WRITTEN, "WindowConfig, got 'class_path'", "")),
        ({"data": {}}, (NOT_WRITTEN, "an event log in data.events", "")),
        ({"segments.control": FOREIGN}, (NOT_WRITTEN, "RunConfig, got 'segments.control'", "")),
        ({"config": "OTHER"}, (NOT_WRITTEN, "RunConfig, got 'config'", "")),
        ({"seed": "3"}, (NOT_WRITTEN, "a whole number in seed, got '3'", "")),
        ({"explore": {"seasons": "[7]"}}, (NOT_WRITTEN, "a list in explore.seasons, got '[7]'", "")),
    ],
)
def test_a_stored_configuration_imports_nothing_that_is_not_allowed(changes, says, foreign, tmp_path, refused):
    config = RunConfig(DataConfig("events"), models=["churn.models.Majority"])
    (tmp_path / "other.yaml").write_text(yaml.safe_dump({"models": ["foreign.Net"]}))
    told = yaml.safe_dump(config.public() | changes).replace("OTHER", str(tmp_path / "other.yaml"))
    (tmp_path / "config.yaml").write_text(told)
    with refused(*says):
        RunConfig.stored(tmp_path)
    assert not (tmp_path / "modules" / "imported").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("&m [*m]", "alias"),
        ("&m {data: *m}", "alias"),
        ("[&a [1], &b [*a, *a], *b]", "alias"),
        ("[" * 5000 + "]" * 5000, "recurs"),
    ],
)
def test_a_stored_configuration_that_grows_without_end_is_refused(text, says, tmp_path, refused):
    RunConfig(DataConfig("events"), models=["churn.models.Majority"]).save(tmp_path / "config.yaml")
    with (tmp_path / "config.yaml").open("a") as file:
        file.write(f"more: {text}\n")
    with refused(NOT_WRITTEN, says, "bring it back"):
        RunConfig.stored(tmp_path)


def test_a_stored_configuration_is_read_as_it_was_saved(foreign, tmp_path):
    config = RunConfig(DataConfig("events"), models=["foreign.Net"])
    config.save(tmp_path / "config.yaml")
    with allowing(["foreign.Net"]):
        assert RunConfig.stored(tmp_path) == config


def test_data_frames_are_read_with_an_own_feature_only_if_its_module_is_imported(foreign, tmp_path, refused):
    data = DataConfig("events", features=["foreign.FEATURE"])
    RunConfig(data, models=["churn.models.Majority"]).save(tmp_path / "config.yaml")
    for read in (Run(tmp_path).features_of, Model(Run(tmp_path), "churn").predict_proba, Run(tmp_path).score):
        with refused("you to have imported", "'foreign.FEATURE'", "nothing was imported"):
            read({"events": None}, cutoff="2024-03-01")
    assert not (tmp_path / "modules" / "imported").exists()


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
    (tmp_path / "model" / "rate.json").write_text('{"rate": 0.25}')
    with refused("rate.json as it was written", "another content", "bring it back"):
        load(tmp_path / "model")
