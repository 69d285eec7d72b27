"""A model outside the package, of `experiments/leads`: it keeps the contract of models, and a run names it by path."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from churn.cli import main
from churn.data import WindowConfig, example_split
from churn.models import allowing, classifier
from churn.runs import Run

pytest.importorskip("transformers")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
BERT, LINEAR = "leads.row_as_text.RowAsText", "leads.text_logistic.TextLogistic"
SMALL = {"hidden_size": 16, "layers": 1, "batch_size": 64, "lr": 5e-3}
STEPS = {"copies": 1, "copied": "both", "dropped": 1}


def contract():
    """The tests of every classifier, with settings under which these models are quick."""
    where = ROOT / "tests" / "models" / "test_contract.py"
    spec = importlib.util.spec_from_file_location("contract_of_models", where)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    found.QUICK |= {"RowAsText": SMALL | STEPS | {"sharpness": 0.05, "max_epochs": 2}, "TextLogistic": STEPS}
    return found


CONTRACT = contract()
fitted = CONTRACT.fitted
for name in (
    "test_no_windows_give_no_probabilities",
    "test_the_same_seed_gives_the_same_probabilities",
    "test_a_saved_model_predicts_as_before",
    "test_a_saved_model_holds_no_pickled_code",
    "test_predictions_do_not_depend_on_the_windows_beside",
    "test_a_model_is_learnt_again_from_all_windows_in_as_many_steps",
    "test_the_search_space_gives_arguments_that_the_class_takes",
):
    globals()[name] = getattr(CONTRACT, name)


@pytest.fixture(scope="module", autouse=True)
def on_path():
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(ROOT / "experiments")
        with allowing([BERT, LINEAR]):
            yield


@pytest.fixture(scope="module")
def split():
    """Some of the example's windows, with their last two days alone, which make short texts."""
    return example_split().mapped(lambda windows: windows.recent(2).sample(1_000))


@pytest.fixture(scope="module", params=[BERT, LINEAR])
def kind(on_path, request):
    return classifier(request.param)


@pytest.fixture(scope="module")
def members():
    """Leads, who convert more often from some origins; every ninth has no visits written down."""
    rng, n = np.random.default_rng(3), 800
    origin, visits = rng.choice(["web page", "fair", "friend"], n), rng.poisson(4, n).astype(float)
    won = rng.random(n) < 1 / (1 + np.exp(3 - 3 * (origin == "friend") - 0.3 * visits))
    visits[::9] = np.nan
    joined = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 120, n), unit="D")
    table = {"user_id": [f"lead{row}" for row in range(n)], "joined": joined, "origin": origin, "visits": visits}
    return pd.DataFrame(table | {"state": np.where(won, "won", "lost")})


@pytest.fixture(scope="module")
def finished(members, tmp_path_factory):
    """A run of both models, of which the BERT has learnt further from positives alone."""
    place = tmp_path_factory.mktemp("texts")
    members.to_parquet(place / "leads.parquet")
    further = SMALL | {"max_epochs": 10, "positive_epochs": 1}
    settings = {
        "data": {
            "members": str(place / "leads.parquet"),
            "features": ["origin", "visits"],
            "attributes": {"origin": {"known": "arrival"}, "visits": {"known": "arrival"}},
            "outcome": {"column": "state", "positive": ["won"], "name": "won"},
            "windows": {"at_risk": "arrival", "history_days": 0, "horizon_days": 7},
            "split": {"kind": "user"},
        },
        "models": [{"class_path": BERT, "init_args": further}, LINEAR],
        "tuning": {"trials": 1},
        "training": {"seeds": 1},
        "evaluation": {"repetitions": 20},
        "verdicts": {"ask": []},
        "explanation": {"windows": 200, "sample": 50, "trees": 20, "rounds": 2, "seeds": 1},
    }
    (place / "config.yaml").write_text(yaml.safe_dump(settings))
    assert main(["run", "--config", str(place / "config.yaml"), "--out", str(place / "run")]) == 0
    return Run(place / "run")


def test_a_row_is_a_word_per_column_with_missing_values_and_tenths(prepared, members) -> None:
    from leads.words import Words, texts

    known = {"known": "arrival"}
    windows = prepared(
        {"members": members},
        features=["origin", "visits"],
        attributes={"origin": known, "visits": known},
        outcome={"column": "state", "positive": ["won"], "name": "won"},
        windows=WindowConfig(at_risk="arrival", history_days=0, horizon_days=7),
    ).windows
    told = dict(zip(windows.user_ids, texts(Words.fit(windows).of(windows)), strict=True))
    shown = members.assign(text=members.user_id.map(told), word=members.origin.str.replace(" ", "-"))
    assert (shown.text.str.split().str[0] == "origin_" + shown.word).all()
    tenth = shown.text.str.extract(r" visits_(\w+)$")[0]
    assert (tenth[shown.visits.isna()] == "nan").all() and shown.visits.isna().any()
    assert pd.to_numeric(tenth[shown.visits.notna()]).corr(shown.visits[shown.visits.notna()], "spearman") > 0.95


def test_copies_of_positives_are_blanked_by_the_share_and_keep_their_label() -> None:
    from leads.words import with_copies

    words, y = np.array([[f"a_{row}", f"b_{row}"] for row in range(1_000)], object), np.arange(1_000) % 4 == 0
    rows, labels = with_copies(words, y.astype(np.int8), copies=8, of_both=False, blanked=0.2, seed=0)
    assert len(rows) == 1_000 + 8 * 250 and labels[1_000:].all()
    assert abs(np.isin(rows[1_000:], ["a_nan", "b_nan"]).mean() - 0.2) < 0.03
    assert (rows[:1_000] == words).all()


def test_a_forest_drops_the_column_that_says_nothing(split) -> None:
    from leads.words import Words

    train = split.train
    own = Words.fit(train)
    y = (train.history()[:, -1, 0] > 0).astype(np.int8)
    kept = own.without_weakest(1, train, y, seed=0).kept
    assert len(kept) == own.of(train).shape[1] - 1 and "own-post" in kept


def test_further_training_on_positives_raises_every_chance_and_the_run_takes_it_back(finished) -> None:
    told = finished.table("predictions.parquet").query("model == 'RowAsText' and part == 'test'")
    moved, left = told.p_raw.mean() - told.y.mean(), told.p.mean() - told.y.mean()
    assert moved > 0.08 and abs(left) < moved / 2


def test_both_models_stand_in_the_leaderboard_above_chance(finished) -> None:
    board = finished.leaderboard.query("part == 'test' and metric == 'roc_auc'").set_index("model").value
    assert min(board["TextLogistic"], board["RowAsText"]) > 0.65
