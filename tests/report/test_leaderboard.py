import pandas as pd
import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report.models import leaderboard
from churn.runs import Run

pytestmark = pytest.mark.slow


def told(run):
    """The conclusions above the tables."""
    return [
        one.replace("\xa0", " ")
        for block in leaderboard.build(Run.open(run)).blocks
        if block.kind == "items"
        for one in block.items
    ]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (
            -0.02,
            -0.004,
            "GRU, the chosen model, is clearly better than LightGBM (log loss −0.012 [−0.020, −0.004] on test)",
        ),
        (-0.02, 0.004, "GRU, the chosen model, and LightGBM are not distinguishable"),
        (-0.002, -0.0002, "GRU, the chosen model, and LightGBM hardly differ, by less than 0.002 (log loss −0.001"),
        (0.004, 0.02, "GRU, the chosen model, is clearly worse than LightGBM"),
    ],
)
def test_the_chosen_model_is_set_against_lightgbm_in_one_sentence(run, low, high, words):
    table = read_table(run / "differences.csv")
    write_table(table.assign(value=(low + high) / 2, low=low, high=high), run / "differences.csv")
    lead = leaderboard.build(Run.open(run)).lead.replace("\xa0", " ")
    assert lead.startswith(f"Churn: {words}")
    assert lead.endswith("Stickers: LightGBM itself is the chosen model.")


def test_a_run_without_that_comparison_draws_no_conclusion_from_it(run):
    write_table(read_table(run / "differences.csv").query("reference == 'Majority'"), run / "differences.csv")
    assert not [said for said in told(run) if "LightGBM" in said and "Blend averages" not in said]
    assert leaderboard.build(Run.open(run)).lead.startswith("Churn: GRU is the chosen model.")


def test_the_blend_is_told_by_its_weights(run):
    said = [one for one in told(run) if "Blend averages" in one]
    assert (
        said[0] == "Churn: Blend averages the models’ logits, by weights that half A gives, drawn to equal ones where "
        "its users are few: GRU 62% and LightGBM 38%."
    )
    manifest = read_json(run / "manifest.json")
    write_json(manifest | {"blend": {}}, run / "manifest.json")
    assert not [one for one in told(run) if "Blend averages" in one]


def test_yardsticks_and_models_on_the_kept_columns_are_explained_where_there_are_any(run):
    board = read_table(run / "leaderboard.csv")
    assert "Majority gives everyone the base rate, Persistence knows only" in told(run)[-1]
    write_table(pd.concat([board, board.query("model == 'GRU'").assign(model="GRU_kept")]), run / "leaderboard.csv")
    assert told(run)[-1].startswith("Models whose names end in _kept were trained again")
    write_table(board.query("model == 'GRU'"), run / "leaderboard.csv")
    assert not [said for said in told(run) if "Yardsticks" in said or "_kept" in said]
