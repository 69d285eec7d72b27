"""`churn export`: onnxruntime gives the chances of a run's list, from a folder that is whole or absent."""

import io
import shutil
import sys
from contextlib import redirect_stdout

import numpy as np
import pytest
import yaml

import churn.export
from churn.artefacts import declared
from churn.cli import main
from churn.configuration import parse, run_config, run_parser
from churn.data import example_frames
from churn.export import export
from churn.models import allowing
from churn.pipeline import run
from churn.runs import Run
from churn.scoring import newest_windows

from .conftest import LEADS, leads

pytest.importorskip("onnxscript", reason="the extra `onnx` is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
pytestmark = pytest.mark.slow

QUICK = {
    "tuning": {"trials": 1},
    "evaluation": {"repetitions": 20, "calibrators": ["none", "platt"]},
    "verdicts": {"ask": []},
    "explanation": {"windows": 300, "sample": 50, "trees": 5, "rounds": 2, "seeds": 1, "attributed": 20},
    "segments": {"groups": {"max": 1}, "anomalies": {"number": 0}},
    "explore": {"journeys": False},
}
OF_OWN = """
from churn.models import Classifier, Logistic

class Plain(Logistic):
    program = Classifier.program
"""


def finished(folder, frames, **settings):
    (folder / "config.yaml").write_text(yaml.safe_dump(QUICK | settings))
    config = run_config(parse(["--config", str(folder / "config.yaml")], parser=run_parser()))
    return run(config, folder / "run", frames=frames)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """A run whose chosen models are learnt again: a network, trees, or a blend of both."""
    frames = example_frames()
    gru = {"class_path": "churn.models.GRU", "init_args": {"hidden_size": 4, "max_epochs": 1}}
    settings = {"models": [gru, "churn.models.LightGBM"], "training": {"refit": "all"}, "language": "ko"}
    data = {name: name for name in frames}
    return finished(tmp_path_factory.mktemp("networks"), frames, data=data, **settings)


@pytest.fixture(scope="module")
def exported(networks, tmp_path_factory):
    """Its models as the command wrote them, and the lines that it printed; tests leave them as they are."""
    out, said = tmp_path_factory.mktemp("exported") / "out", io.StringIO()
    with redirect_stdout(said):
        assert main(["export", "--run", str(networks.folder), "--out", str(out)]) == 0
    return out, said.getvalue().splitlines()


def probabilities(folder, target, windows):
    session = onnxruntime.InferenceSession((folder / f"{target}.onnx").read_bytes())
    (p,) = session.run(None, {"history": windows.history()})
    return p


def test_onnxruntime_gives_the_chances_of_the_list(networks, exported):
    out, said = exported
    windows = newest_windows(networks.dataset)
    for target in networks.targets:
        p = probabilities(out, target, windows)
        np.testing.assert_allclose(p, networks.scores[f"p_{target}"], rtol=0, atol=1e-6)
    assert len(said) == len(networks.targets) and all("e-0" in line or "e-1" in line for line in said)


def test_an_export_says_what_a_caller_has_to_give(networks, exported):
    out, _ = exported
    told, windows = declared.EXPORT.read(out), networks.dataset.windows
    assert [column["name"] for column in told["features"]] == list(windows.features)
    assert [column["constant"] for column in told["features"]] == windows.constant.tolist()
    kinds = {column["name"]: column["kind"] for column in told["features"]}
    assert kinds["own_post"] == "count" and kinds["sticker_amount"] == "amount"
    assert {one["target"]: one["model"] for one in told["models"]} == {t: networks.chosen(t) for t in networks.targets}
    assert all(one["windows"] == min(len(windows), 10_000) for one in told["models"])
    readme = (out / "README.md").read_text(encoding="utf8")
    assert all(f"`{name}`" in readme for name in windows.features)
    assert f"(n, {windows.history_days}, {len(windows.features)})" in readme
    assert "열" in readme  # in the run's language


def test_models_of_an_earlier_export_give_way(exported, outcome_runs, tmp_path):
    shutil.copytree(exported[0], tmp_path, dirs_exist_ok=True)
    leads_run = Run(outcome_runs["to score"])
    export(leads_run.folder, tmp_path)
    windows = newest_windows(leads_run.dataset)
    p = probabilities(tmp_path, "deal_won", windows)
    np.testing.assert_allclose(p, leads_run.scores["p_deal_won"], rtol=0, atol=1e-6)
    found = sorted(path.name for path in tmp_path.glob("[!.]*"))
    assert found == ["README.md", "deal_won.onnx", "export.json"]


def test_an_altered_model_is_refused_and_nothing_is_left(networks, tmp_path, capsys):
    copy = shutil.copytree(networks.folder, tmp_path / "run")
    weights = next((copy / "models" / "churn").rglob("weights.pt"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert main(["export", "--run", str(copy), "--out", str(tmp_path / "out")]) == 2
    assert "as it was written, got another content" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_export_that_fails_half_way_leaves_the_earlier_one(networks, exported, tmp_path, monkeypatch):
    shutil.copytree(exported[0], tmp_path, dirs_exist_ok=True)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("[!.]*")}

    def full(*_, **__):
        raise OSError("no more")

    monkeypatch.setattr(churn.export, "_largest_difference", full)
    with pytest.raises(OSError, match="no more"):
        export(networks.folder, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("[!.]*")} == before
    assert not list(tmp_path.glob(".churn-*partial*")) and not list(tmp_path.glob(".churn-next*"))


def test_a_class_of_one_s_own_is_named(tmp_path, monkeypatch, capsys):
    (tmp_path / "exported_shop.py").write_text(OF_OWN)
    monkeypatch.syspath_prepend(tmp_path)
    own = "exported_shop.Plain"
    folder = finished(tmp_path, {"members": leads()}, data=LEADS, models=[own]).folder
    words = ["export", "--run", str(folder), "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert f"got '{own}'" in capsys.readouterr().err
    assert main([*words, "--models", f"[{own}]"]) == 2
    (said,) = capsys.readouterr().err.splitlines()[-1:]
    assert said.startswith(f"churn: expected a model that ONNX can hold, got {own};")
    assert not (tmp_path / "out").exists()
    sys.modules.pop("exported_shop", None)


def test_texts_and_pictures_are_named(tmp_path, refused):
    block = LEADS | {"attributes": LEADS["attributes"] | {"origin": {"known": "arrival", "as": "text"}}}
    folder = finished(tmp_path, {"members": leads()}, data=block, models=["churn.models.LightGBM"]).folder
    with refused("models that read numbers alone", "origin, a text or picture", "leave it out"):
        export(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_the_extra_it_is_named(networks, tmp_path, monkeypatch, refused):
    monkeypatch.setattr(churn.export, "find_spec", lambda name: None)
    with refused("the extra of churn export", "no onnx", "churn[onnx]"), allowing(()):
        export(networks.folder, tmp_path / "out")
