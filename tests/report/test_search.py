import json
import shutil

import pandas as pd
import pytest

from churn.artefacts import read_table, write_table
from churn.report.models import search
from churn.report.parts.chart_parts import GREY
from churn.runs import Run

from .parsed_page import figures, page_of
from .synthetic_run import build_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """The run with all its trials."""
    return build_run(tmp_path_factory.mktemp("searched"), search=True)


@pytest.fixture
def run(searched, tmp_path):
    """A run's folder of this test's own, with all its trials."""
    return shutil.copytree(searched, tmp_path / "run")


def built(run):
    return {f"{one.title} | {one.description}": one for one in figures(search.build(Run.open(run)).blocks)}


def only(found, *words):
    (one,) = [figure for name, figure in found.items() if all(word in name for word in words)]
    return json.loads(one.spec)


def change(run, name, edit):
    write_table(edit(read_table(run / name)), run / name)


def test_pruned_trials_and_the_steps_they_saved_are_counted(run):
    rows = [("churn", "GRU", 0, step) for step in range(10)] + [("churn", "GRU", 1, step) for step in range(4)]
    rows += [("churn", "LightGBM", 0, 10 * step) for step in range(3)]
    table = pd.DataFrame(rows, columns=["target", "model", "trial", "step"]).assign(log_loss=0.6)
    write_table(table, run / "trial_curves.csv")
    text = page_of(run, search.build).text
    assert "160 trials were made; 32 of them were pruned" in text
    assert "the 3 trials with a learning curve reported 17 steps." in text
    assert "it would have been 23: stopping early saved 26%." in text


def test_pruned_trials_are_grey_and_have_no_part_in_the_best_so_far(run):
    spec = only(built(run), "Churn: log loss by trial")
    pruned = next(trace for trace in spec["data"] if trace.get("name") == "pruned")
    assert len(pruned["x"]) == 16 and pruned["marker"]["color"] == GREY
    lines = [trace for trace in spec["data"] if trace["mode"] == "lines"]
    assert len(lines) == 4
    assert all(line["y"] == sorted(line["y"], reverse=True) for line in lines)
    assert not any(set(line["x"]) & {4, 9, 14, 19} for line in lines)


@pytest.mark.parametrize(
    ("name", "scale"),
    [("lr", "log"), ("dropout", "linear"), ("hidden_size", "category"), ("bidirectional", "category")],
)
def test_each_setting_has_the_axis_that_suits_it(run, name, scale):
    spec = only(built(run), "Churn: GRU, the chosen model", f"log loss by {name},")
    assert spec["layout"]["xaxis"]["type"] == scale
    assert sum(len(trace["y"]) for trace in spec["data"]) == 20


def test_the_slices_of_other_models_are_folded(run):
    blocks = search.build(Run.open(run)).blocks
    seen = [one.description for block in blocks if block.kind != "fold" for one in figures((block,))]
    assert any("GRU, the chosen model: log loss by lr" in words for words in seen)
    assert not any("BiLSTM: log loss by" in words for words in seen)


def test_a_setting_that_never_changed_has_no_chart(run):
    change(run, "trials.csv", lambda trials: trials.assign(dropout=0.1))
    assert not [name for name in built(run) if "log loss by dropout" in name]


def test_one_trial_a_model_gives_sentences_and_no_empty_charts(run):
    change(run, "trials.csv", lambda trials: trials[trials["trial"] == 0])
    change(run, "trial_curves.csv", lambda curves: curves.head(0))
    change(run, "importances.csv", lambda table: table.head(0))
    text = page_of(run, search.build).text
    assert "Settings and log loss" not in text
    assert "Not known: that takes several trials" in text
    assert "No trial reported how it went step by step." in text
    assert "The run kept no learning curves" in text
    assert all(json.loads(one.spec)["data"] for one in built(run).values())


def test_only_failed_and_pruned_trials_give_a_sentence(run):
    change(run, "trials.csv", lambda trials: trials[trials["state"] != "complete"])
    assert "Churn: no trial came to an end." in page_of(run, search.build).text


def test_importances_of_few_trials_are_called_a_hint(run):
    said = {one.title: one.caption for one in built(run).values() if "importance of each setting" in one.description}
    assert set(said) == {"GRU (chosen)", "LightGBM (chosen)", "GRU", "BiLSTM", "LightGBM"}
    assert said["GRU (chosen)"] == "n = 16 completed trials, fewer than 30: a hint only."


def test_long_curves_are_thinned_and_keep_their_end(run):
    table = pd.DataFrame({"step": range(1_000), "log_loss": 0.6}).assign(target="churn", model="GRU", trial=0)
    write_table(table, run / "trial_curves.csv")
    (trace,) = [trace for trace in only(built(run), "GRU: log loss by step")["data"] if trace["x"]]
    assert trace["x"][-2:] == [999, None] and trace["x"][0] == 0 and len(trace["x"]) <= 62


def test_models_of_few_trials_are_one_line_and_no_charts_of_a_few_dots(run):
    change(run, "trials.csv", lambda trials: trials[(trials["trial"] < 4) | (trials["model"] == "BiLSTM")])
    (said,) = [
        block.body
        for block in search.build(Run.open(run)).blocks
        if block.kind == "text" and block.body.startswith("Not drawn, since fewer than 10 trials were made")
    ]
    assert "Churn: GRU;" in said and "Churn: BiLSTM" not in said
    assert not [name for name in built(run) if "GRU, the chosen model: log loss by" in name]
    change(run, "trials.csv", lambda trials: trials[trials["trial"] < 4])
    assert not [
        block for block in search.build(Run.open(run)).blocks if block.kind == "heading" and "log loss" in block.body
    ]


def test_a_search_of_one_trial_is_told_in_the_singular_and_saves_nothing(run):
    for name in ("trials.csv", "trial_curves.csv"):
        table = read_table(run / name)
        write_table(table[(table["model"] == "GRU") & (table["trial"] == 0) & (table["target"] == "churn")], run / name)
    write_table(read_table(run / "trials.csv").assign(state="complete", value=0.5), run / "trials.csv")
    text = page_of(run, search.build).text
    assert "1 trial was made; it was not pruned." in text
    assert "n = 1 trial with a curve" in text.replace("\xa0", " ")
    assert "1 trial: GRU, trial 0, 0.500." in text
    assert "1 trials" not in text and "saved" not in text.split("What was tried")[-1].split("Which columns")[0]
