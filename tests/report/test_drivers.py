import json
import math

import numpy as np
import pandas as pd
import pytest

from churn.artefacts import read_json, read_table, write_json, write_table, write_text
from churn.explanation import readable
from churn.report.models import leaderboard
from churn.report.parts.chart_parts import GREY, colour_of, label
from churn.report.parts.wording import feature
from churn.report.trust import checks
from churn.report.why import attribution, drivers, features, fidelity
from churn.runs import Run

from .parsed_page import figures, page_of
from .synthetic_models import HOSTILE_FEATURE

pytestmark = pytest.mark.slow

NEW = ("fidelity.csv", "shap.parquet", "attributions.csv")


def drawn(run):
    return {one.title: one for one in figures(drivers.build(Run.open(run)).blocks)}


def traces(found):
    return json.loads(found.spec)["data"]


def change(run, name, edit):
    """Write a table anew."""
    write_table(edit(read_table(run / name)), run / name)


def set_r2(run, target, r2):
    def edit(table):
        table.loc[(table["target"] == target) & table["explained"], "r2"] = r2
        return table

    change(run, "surrogates.csv", edit)


def rewrite(run, edit):
    manifest = read_json(run / "manifest.json")
    edit(manifest)
    write_json(manifest, run / "manifest.json")


def text_of(run, *builds):
    return page_of(run, *builds or (checks.build, drivers.build, leaderboard.build, features.build)).text


def test_a_run_that_explained_no_window_has_bars_and_days_alone(run):
    for name in NEW:
        change(run, name, lambda table: table.head(0))
    change(run, "features.csv", lambda table: table.assign(duplicates=None, stability=math.nan))
    page = page_of(run, checks.build, drivers.build, leaderboard.build, features.build)
    assert [*drawn(run)] == [
        "Churn: strongest drivers",
        "Stickers: strongest drivers",
        "Churn: which days count",
        "Stickers: which days count",
    ]
    assert not {"User by user", "The more, the …?"} & {text for _, text in page.headings}
    assert ["Target", "Column", "VIF", "Boruta", "Kept", "Reason"] in page.tables


def test_every_chart_of_drivers_says_how_many_stand_behind_it_and_its_unit(run):
    found = list(figures(drivers.build(Run.open(run)).blocks))
    assert len(found) == 2 + 2 + 8 + 3  # bars, swarms, dependence, days
    for one in found:
        assert one.title and one.description and "n = " in one.caption, one.title
        assert json.loads(one.spec)["layout"]["xaxis"]["title"]["text"], one.title
    assert "n = 250 windows, spread evenly over the 600 held-out ones" in drawn(run)["Churn: single windows"].caption


def test_a_swarm_has_a_row_per_column_the_strongest_first_with_the_same_windows_in_each(run):
    rows = traces(drawn(run)["Churn: single windows"])
    single = read_table(run / "shap.parquet").query("target == 'churn'")
    strength = single["shap"].abs().groupby(single["feature"]).mean().sort_values(ascending=False)
    assert [row["name"] for row in rows][1:] == [label(feature(name), 60) for name in strength.index[1:10]]
    assert {len(row["x"]) for row in rows} == {250}
    for place, row in enumerate(rows):
        assert max(abs(y - place) for y in row["y"]) < 0.5  # no dot strays into another row


def test_the_colour_of_a_dot_is_the_rank_of_its_value_in_its_own_column(run):
    rows = traces(drawn(run)["Churn: single windows"])
    for row in rows:
        values, shades = np.array(row["customdata"]), np.array(row["marker"]["color"])
        order = np.argsort(values, kind="stable")
        assert (np.diff(shades[order]) >= 0).all()
        assert shades.min() >= 0 and shades.max() <= 1
    counted = next(row for row in rows if row["name"] == feature("own_reply"))
    assert {
        shade for value, shade in zip(counted["customdata"], counted["marker"]["color"], strict=True) if not value
    } == {0}


def test_dots_at_the_same_place_do_not_lie_on_each_other(run):
    change(run, "shap.parquet", lambda table: table.assign(shap=table["shap"].round(1)))
    row = traces(drawn(run)["Churn: single windows"])[1]
    assert len({*zip(row["x"], row["y"], strict=True)}) > 150


def test_a_count_has_a_logarithmic_axis_with_its_own_numbers_and_a_sine_has_not(run):
    change(run, "shap.parquet", lambda table: table[table["feature"].isin(["own_reply", "weekday_sin"])])
    found = drawn(run)
    axis = json.loads(found[feature("own_reply")].spec)["layout"]["xaxis"]
    assert axis["ticktext"][:2] == ["0", "1"] and axis["title"]["text"] == "value (log scale)"
    assert axis["tickvals"][1] == pytest.approx(np.log(2))
    assert json.loads(found["Weekday sin"].spec)["layout"]["xaxis"]["title"]["text"] == "value"


def test_the_line_joins_the_medians_and_the_sentence_says_its_direction(run):
    rows = read_table(run / "shap.parquet")
    change(run, "shap.parquet", lambda table: table[(table["target"] == "churn") & (table["feature"] == "fan_reply")])
    one = drawn(run)[feature("fan_reply")]
    nothing = rows.query("target == 'churn' and feature == 'fan_reply' and value == 0")["shap"].median()
    line = traces(one)[1]
    assert (line["customdata"][0], line["y"][0]) == (0, pytest.approx(nothing, abs=0.001))
    assert one.caption.startswith("More of fan reply → lower churn: median +0.2")


def test_what_both_targets_react_to_is_told_with_both_directions(run):
    text = text_of(run)
    assert "Own reply lowers rank 2 raises rank 2 opposite" in text
    assert "Stickers received raises rank 4 raises rank 3 same" in text


def test_targets_that_share_no_driver_have_a_sentence_and_no_table(run):
    def edit(table):
        mine = {"churn": ["own_reply"], "sticker": ["fan_reply"]}
        return pd.concat([table[(table["target"] == target) & table["feature"].isin(mine[target])] for target in mine])

    change(run, "explanations.csv", edit)
    page = page_of(run, checks.build, drivers.build, leaderboard.build, features.build)
    assert "No column is a driver of both targets" in page.text
    assert not [heads for heads in page.tables if "Ways" in heads]


def test_the_networks_own_map_stands_beside_the_surrogates_with_the_same_rows(run):
    change(run, "attributions.csv", lambda table: table[table["feature"] != HOSTILE_FEATURE])
    found = drawn(run)
    surrogate, network = found["Churn: which days count"], found["Churn: which days count for GRU itself"]
    assert traces(surrogate)[0]["y"] == traces(network)[0]["y"]
    assert "Adds up to GRU’s score within 0.004 logits (n = 200 windows)" in network.caption
    assert "not the model behind" not in network.caption


def test_the_strongest_column_is_on_the_networks_map_though_not_on_the_surrogates(run):
    found = drawn(run)["Churn: which days count for GRU itself"]
    assert "shout" in found.caption and any("shout" in name for name in traces(found)[0]["y"])


@pytest.mark.parametrize("r2", [0.93, 0.5])
def test_a_network_that_does_not_score_has_no_map_of_days(run, r2):
    set_r2(run, "sticker", r2)
    titles = [title for title in drawn(run) if title.startswith("Stickers: which days")]
    assert titles == (["Stickers: which days count"] if r2 > 0.9 else [])


def test_a_network_that_does_not_score_is_said_to_be_another_model(run):
    set_r2(run, "sticker", 0.5)
    caption = drawn(run)["Stickers: what BiLSTM itself reacts to"].caption
    assert "BiLSTM is the best network, not the model behind the scores (LightGBM)." in caption


def test_under_the_floor_the_networks_own_attribution_replaces_the_surrogate(run):
    set_r2(run, "churn", 0.89)
    found, text = drawn(run), text_of(run)
    assert "Churn: what GRU itself reacts to" in found and "Churn: strongest drivers" not in found
    assert not {"Churn: single windows", "Churn: which days count"} & {*found}
    assert "less than the 0.90 asked for: the trees do not speak for GRU." in text
    assert "The chart shows GRU’s own attribution instead" in text
    bars = traces(found["Churn: what GRU itself reacts to"])[0]
    table = read_table(run / "attributions.csv").query("target == 'churn'")
    assert bars["x"][0] == pytest.approx(table.groupby("feature")["mean_abs"].sum().max())
    assert [name[-1] for name in bars["y"][:3]] == ["▼", "▲", "◆"]
    assert "Stickers: single windows" in found


def test_the_floor_is_the_one_of_the_runs_configuration(run):
    set_r2(run, "churn", 0.89)
    write_text("explanation: {fidelity_floor: 0.85}\n", run / "config.yaml")
    assert fidelity.floor(Run.open(run)) == 0.85
    assert "Churn: strongest drivers" in drawn(run)


def test_the_first_screen_holds_explanations_against_the_same_floor(run):
    change(run, "fidelity.csv", lambda table: table.assign(r2=0.95))
    assert "Do the explanations speak for the model? Yes. The explained stand-in" in text_of(run, checks.build)
    before = text_of(run, checks.build).count("Do the explanations speak for the model? In part")
    set_r2(run, "churn", 0.89)
    assert text_of(run, checks.build).count("Do the explanations speak for the model? In part") == before + 1


def test_under_the_floor_without_a_network_the_bars_are_a_grey_sketch(run):
    set_r2(run, "churn", 0.4)
    (run / "attributions.csv").unlink()
    bars = traces(drawn(run)["Churn: strongest drivers"])[0]
    assert {*bars["marker"]["color"]} == {GREY} != {colour_of("churn")}
    assert "so read the chart as a sketch" in text_of(run)


def test_under_the_floor_another_models_attribution_is_a_second_opinion(run):
    set_r2(run, "sticker", 0.5)
    assert "the attribution of BiLSTM instead (integrated gradients), the best network: a second opinion" in text_of(
        run
    )


def test_a_constant_model_has_a_sentence_and_no_chart(run):
    set_r2(run, "churn", float("nan"))
    assert not [title for title in drawn(run) if title.startswith("Churn")]
    text = text_of(run)
    assert text.count(fidelity.CONSTANT) == 2  # among the drivers, and on the first screen
    assert "What both targets react to" not in text


@pytest.mark.parametrize(("r2", "left"), [(float("nan"), set()), (0.5, {"By day before the cutoff"})])
def test_no_heading_stands_without_a_chart_when_no_surrogate_speaks_for_its_model(run, r2, left):
    for target in ("churn", "sticker"):
        set_r2(run, target, r2)
    headings = {
        text for _, text in page_of(run, checks.build, drivers.build, leaderboard.build, features.build).headings
    }
    assert {"User by user", "The more, the …?", "By day before the cutoff"} & headings == left
    assert bool(drawn(run)) == bool(left)


def test_fidelity_inside_the_priority_segment_is_told_and_a_low_one_is_a_sketch(run):
    text = text_of(run)
    assert "imitate GRU: R² 0.91 on held-out users of the training part (n = 812); on the list 0.84 (n = 88)." in text
    assert "On the list: R² 0.84, rank correlation +0.90 (n = 88 users, 528 windows)" in text
    assert "under the 0.90 asked for: a sketch" in text
    change(run, "fidelity.csv", lambda table: table.assign(r2=0.95))
    assert "under the 0.90 asked for: a sketch" not in text_of(run)
    change(run, "fidelity.csv", lambda table: table.assign(n_users=12))
    assert "Fewer than 30 users on the list: read with care." in text_of(run)


def test_one_column_alone_makes_its_charts(run, readers):
    names = ("shap.parquet", "attributions.csv", "explanations.csv", "explanations_by_day.csv", "features.csv")
    for name in names:
        change(run, name, lambda table: table[table["feature"] == "own_post"])
    found = drawn(run)
    assert len(traces(found["Churn: single windows"])) == 1
    assert len(traces(found["Churn: which days count for GRU itself"])[0]["y"]) == 1
    page_of(run, *{build for name in names for build in readers[name]})


@pytest.mark.parametrize("column", ["value", "shap"])
def test_columns_that_never_vary_or_move_nothing_are_not_drawn(run, column):
    change(run, "shap.parquet", lambda table: table.assign(**{column: 0.0}))
    assert not [title for title in drawn(run) if "single windows" in title or "reply" in title]


def test_attributions_of_nothing_are_no_attributions(run):
    change(run, "attributions.csv", lambda table: table.assign(attribution=0.0, mean_abs=0.0))
    assert attribution.by_feature(Run.open(run), "churn").empty
    assert not [title for title in drawn(run) if "itself" in title]


@pytest.mark.parametrize("name", NEW)
def test_a_target_without_rows_takes_nothing_from_the_other(run, readers, name):
    change(run, name, lambda table: table[table["target"] == "sticker"])
    found = drawn(run)
    assert {"Churn: strongest drivers", "Stickers: single windows", "Stickers: which days count"} <= {*found}
    assert ("Churn: single windows" in found) == (name != "shap.parquet")
    page_of(run, *readers[name])


def test_missing_values_leave_their_dots_out(run):
    def edit(table):
        table.loc[table.index[:50], "value"] = np.nan
        return table

    change(run, "shap.parquet", edit)
    assert "NaN" not in drawn(run)["Churn: single windows"].spec


def test_the_charts_of_drivers_stay_light(run):
    assert sum(len(one.spec) for one in figures(drivers.build(Run.open(run)).blocks)) < 300_000


def test_the_table_of_features_names_duplicates_and_what_is_not_settled(run):
    page = page_of(run, features.build)
    assert ["Target", "Column", "VIF", "Same as", "Boruta", "Agree", "Kept", "Reason"] in page.tables
    assert f"{feature('own_post')}; {feature('fan_reply')}" in page.text
    change(run, "features.csv", lambda table: table.assign(stability=1.0))
    assert "at least 80% of the runs agree on every column" in text_of(run, features.build).replace("\xa0", " ")

    def edit(table):
        table.loc[(table["target"] == "churn") & (table["feature"] == "fan_reply"), ["boruta", "stability"]] = (
            "tentative",
            0.56,
        )
        return table

    change(run, "features.csv", edit)
    assert f"Churn: {feature('fan_reply')} (tentative, 56%)." in text_of(run, features.build).replace("\xa0", " ")


def test_models_trained_again_on_the_kept_columns_are_compared(run):
    advice = "This is advice: the models of this run use every column, kept or not."
    assert advice in text_of(run, leaderboard.build, features.build)

    def edit(board):
        again = board[(board["model"] == "GRU") & (board["target"] == "churn")]
        return pd.concat([board, again.assign(model="GRU_kept", value=0.588, chosen=False)])

    def compare(table):
        gap = {"target": "churn", "model": "GRU_kept", "reference": "GRU", "metric": "log_loss"}
        return pd.concat([table, pd.DataFrame([gap | {"value": 0.003, "low": -0.001, "high": 0.007}])])

    change(run, "leaderboard.csv", edit)
    change(run, "differences.csv", compare)
    rewrite(run, lambda manifest: manifest.update(retrained={"churn": ["GRU_kept"]}))
    text = text_of(run, leaderboard.build, features.build)
    assert advice not in text and "trained again on the kept columns alone" in text
    assert "Models whose names end in _kept were trained again on the kept columns alone, for comparison" in text
    assert "0.588 +0.003 [−0.001, 0.007]" in text
    assert "None of the 1 differences is clear of 0" not in text and "The difference is not clear of 0" in text
    small = {0.003: 0.0015, -0.001: 0.001, 0.007: 0.002}
    change(run, "differences.csv", lambda table: table.replace(dict.fromkeys(("value", "low", "high"), small)))
    assert "less than 0.002, too little to matter" in text_of(run, leaderboard.build, features.build)
    back = {new: old for old, new in small.items()}
    change(run, "differences.csv", lambda table: table.replace(dict.fromkeys(("value", "low", "high"), back)))
    change(run, "differences.csv", lambda table: table.replace({"low": {-0.001: 0.001}}))
    assert "The one difference lies clearly above 0: the kept columns alone predict worse." in text_of(
        run, leaderboard.build, features.build
    )


def test_the_table_of_features_says_that_models_use_all_columns_and_where_none_is_collinear(run):
    assert "The models use all columns; this checks which would do, and nothing was dropped." in text_of(
        run, features.build
    )
    assert "None was set aside as collinear." not in text_of(run, features.build)
    change(run, "features.csv", lambda table: table.assign(duplicates="", reason="carries more"))
    page = page_of(run, features.build)
    assert "None was set aside as collinear." in page.text
    assert ["Target", "Column", "VIF", "Boruta", "Agree", "Kept", "Reason"] in page.tables
    assert "Same as" not in page.text


def test_runs_that_contradict_each_other_half_and_half_are_split(run):
    change(run, "features.csv", lambda table: table.assign(boruta="tentative", stability=0.0))
    assert "(tentative, split)" in text_of(run, features.build) and "(tentative, 0%)" not in text_of(
        run, features.build
    )


def test_what_the_other_fidelities_are_is_folded(run):
    column = drivers.build(Run.open(run)).blocks[1].columns[0]
    assert [block.kind for block in column] == ["figure", "note", "fold"]
    assert "rank correlation" not in column[1].body and "other models" not in column[1].body
    assert "top tenth" in column[2].blocks[0].body and "LightGBM R² 0.62" in column[2].blocks[0].body


def test_a_network_that_does_not_score_has_no_map_to_compare(run):
    assert "Churn: both maps are of one model" in text_of(run)
    change(run, "attributions.csv", lambda table: table.assign(model="BiLSTM"))
    text = text_of(run)
    assert "A map named after a network" not in text and "both maps are of one model" not in text


def test_columns_are_named_as_in_the_reasons():
    for name in ("own_post", "fan_view", "away_visit", "total_fan_view"):
        assert feature(name).lower() == readable(name).lower() and feature(name)[0].isupper()
    assert feature("away_visit_before") == f"{feature('away_visit')} before"
