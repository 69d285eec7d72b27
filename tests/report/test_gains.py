import json

import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report import method
from churn.report.models import gains, leaderboard
from churn.report.parts.chart_parts import GREY
from churn.report.whom import shortlist
from churn.runs import Run

from .parsed_page import ParsedPage, figures, page_of

pytestmark = pytest.mark.slow


def rewrite(run, change):
    manifest = read_json(run / "manifest.json")
    change(manifest)
    write_json(manifest, run / "manifest.json")


def drawn(run):
    return {one.title: one for one in figures(gains.build(Run.open(run)).blocks)}


def test_gain_starts_at_nothing_and_lift_is_gain_over_share(run):
    found = drawn(run)
    assert list(found) == [
        "Churn: gain, GRU",
        "Churn: lift, GRU",
        "Stickers: gain, LightGBM",
        "Stickers: lift, LightGBM",
    ]
    gain, lift = (json.loads(found[f"Churn: {name}, GRU"].spec)["data"][-1] for name in ("gain", "lift"))
    assert (gain["x"][0], gain["y"][0], gain["x"][-1]) == (0, 0, 1)
    assert lift["y"] == pytest.approx([y / x for x, y in zip(gain["x"][1:], gain["y"][1:], strict=True)])
    assert "n = 10,743 windows of 1,438 users" in found["Churn: gain, GRU"].caption


def test_gains_of_few_users_are_grey(run):
    rewrite(run, lambda manifest: manifest["audit"]["parts"][2].update(users=29))
    found = drawn(run)["Churn: gain, GRU"]
    assert json.loads(found.spec)["data"][-1]["line"]["color"] == GREY and "read with care" in found.caption


def test_one_point_makes_no_curve(run):
    table = read_table(run / "gains.csv")
    write_table(table[table["share"] == 0.05], run / "gains.csv")
    assert not drawn(run)
    assert "Stickers: the gains of the chosen model were not measured." in page_of(run, gains.build).text


def test_decisions_stand_under_their_threshold_and_not_in_the_leaderboard(finished):
    tables = ParsedPage(finished / "evidence.html").tables
    assert [heads for heads in tables if "Threshold" in heads] == [
        [
            "Model",
            "Threshold",
            "Share of half B called",
            "F1, half B",
            "Precision, test",
            "Recall, test",
            "F1, test",
        ]
    ] * 2
    assert not [heads for heads in tables if "Micro-AP" in heads and "F1" in heads]


def test_the_spread_over_seeds_stands_beside_the_averaged_model(run):
    seeds = read_table(run / "seeds.csv")
    of_one = (seeds["model"] == "GRU") & (seeds["target"] == "churn") & (seeds["part"] == "test")
    values = [0.7, 0.71, 0.72, 0.73, 0.74]
    seeds.loc[of_one & (seeds["metric"] == "roc_auc"), "value"] = values
    write_table(seeds, run / "seeds.csv")
    text = page_of(run, shortlist.reading, leaderboard.build, gains.build, method.build).text
    assert "GRU chosen ROC-AUC 0.7580 0.7200 0.0158 0.7000 0.7400 5" in text


def test_with_one_seed_there_is_no_table_of_seeds(run):
    (run / "seeds.csv").unlink()
    rewrite(run, lambda manifest: manifest.update(seeds=1))
    text = page_of(run, shortlist.reading, leaderboard.build, gains.build, method.build).text
    assert "luck of the seed" not in text and "Each was fitted from one seed." in text


@pytest.mark.parametrize(
    ("refit", "said"),
    [
        ({"policy": "keep"}, "The models that were measured are those that score."),
        (
            {"policy": "all", "targets": {"churn": {"windows": 1_234, "steps": 14}}},
            "as the measured model took (falling silent: n = 1,234 windows, 14 steps)",
        ),
        ({"policy": "all", "targets": {"churn": {"windows": 1_234, "steps": 0}}}, "falling silent: n = 1,234 windows)"),
    ],
)
def test_the_page_says_which_models_score(run, refit, said):
    rewrite(run, lambda manifest: manifest.update(refit=refit))
    text = page_of(run, shortlist.reading, leaderboard.build, gains.build, method.build).text
    assert text.count(said) == 2  # under the list and among the definitions
    assert ("The measures on this page are those of the model before." in text) == (refit["policy"] == "all")


def test_what_calibration_gained_on_test_is_signed(finished):
    text = ParsedPage(finished / "evidence.html").text
    assert "Churn GRU none 0.600 0.590 0.612 0.615 −0.003" in text
    assert "Churn LightGBM isotonic 0.600 0.590 0.612 0.604 +0.008" in text
