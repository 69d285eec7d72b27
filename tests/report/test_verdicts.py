import json

import pandas as pd
import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.report.models import verdicts
from churn.report.parts.chart_parts import GREY
from churn.runs import Run

from .parsed_page import ParsedPage, figures, page_of
from .synthetic_verdicts import HOSTILE_SENTENCE, QUESTIONS

pytestmark = pytest.mark.slow


def drawn(run):
    return {one.title: one for one in figures(verdicts.build(Run.open(run)).blocks)}


def test_every_question_has_a_heading_in_the_order_of_the_list(run):
    asked = read_json(run / "verdicts.json")
    write_json(asked[::-1], run / "verdicts.json")
    headings = [text for _, text in page_of(run, verdicts.build).headings]
    assert [text for text in headings if text in QUESTIONS.values()] == list(QUESTIONS.values())[::-1]


def test_each_target_has_its_own_answer(finished):
    page = ParsedPage(finished / "evidence.html")
    assert HOSTILE_SENTENCE in page.text
    assert "With 7 days, 31% of those called lost come back" in page.text


@pytest.mark.parametrize("absent", [True, False])
def test_a_run_that_was_asked_nothing_says_so(run, absent):
    for name in ("verdicts.csv", "verdicts.json"):
        (run / name).unlink(missing_ok=True)
    if not absent:
        write_json([], run / "verdicts.json")
    text = page_of(run, verdicts.build).text
    assert "This run was asked none of these questions." in text
    assert not drawn(run)


def test_the_reference_is_named_and_has_no_dot(run):
    spec = json.loads(drawn(run)["Churn: log loss minus that of “days in order”"].spec)
    assert [trace["name"] for trace in spec["data"]] == ["GRU", "LightGBM"]
    assert all(trace["y"] == ["days permuted", "last day only", "sums only"] for trace in spec["data"])


def test_variants_of_different_targets_are_in_the_table_and_in_no_chart(run):
    assert not [title for title in drawn(run) if "“14 days”" in title]
    heads = [heads for heads in page_of(run, verdicts.build).tables if "Come back" in heads]
    assert len(heads) == 1 and {"Base rate", "AP", "ROC-AUC", "Log loss", "Difference"} <= set(heads[0])


def test_a_variant_of_few_users_is_grey(run):
    spec = json.loads(drawn(run)["Churn: log loss minus that of “7 days”"].spec)
    grey = [trace["y"] for trace in spec["data"] if trace["marker"]["color"] == GREY]
    assert grey == [["28 days"], ["28 days"]]


def test_networks_are_a_map_of_their_layers_and_scalings_with_the_references_framed(run):
    found = drawn(run)["Churn: log loss by network and scaling"]
    spec = json.loads(found.spec)
    assert spec["data"][0]["x"] == ["log<br>standard", "none", "standard", "robust", "min<br>max"]
    assert spec["data"][0]["y"] == [f"{name} × {n}" for name in ("GRU", "BiLSTM", "GRUBiLSTM") for n in (1, 2)]
    frames = [(shape["x0"], shape["y0"]) for shape in spec["layout"]["shapes"]]
    assert frames == [(-0.5, -0.5), (-0.5, 1.5), (-0.5, 3.5)]
    rows = read_table(run / "verdicts.csv").query("verdict == 'architecture' and target == 'churn'")
    one = rows.query("model == 'BiLSTM' and variant == 'robust × 2 layers'")["log_loss"].item()
    assert spec["data"][0]["z"][3][3] == pytest.approx(one)


def test_a_question_without_numbers_keeps_its_sentence(run):
    write_table(read_table(run / "verdicts.csv").head(0), run / "verdicts.csv")
    assert HOSTILE_SENTENCE in page_of(run, verdicts.build).text
    assert not drawn(run)


def test_a_model_looks_the_same_in_the_charts_of_every_target(run):
    table = read_table(run / "verdicts.csv")
    turned = table[table["target"] == "sticker"].iloc[::-1]
    write_table(pd.concat([table[table["target"] == "churn"], turned]), run / "verdicts.csv")
    pair = [one for title, one in drawn(run).items() if title.endswith("“days in order”")]
    looks = [
        {trace["name"]: (trace["marker"]["color"], trace["marker"]["symbol"]) for trace in json.loads(one.spec)["data"]}
        for one in pair
    ]
    assert len(looks) == 2 and looks[0] == looks[1] and set(looks[0]) == {"GRU", "LightGBM"}


def test_the_kinds_of_split_are_named_in_words_and_explained(run):
    names = {"days in order": "time", "days permuted": "user_time", "last day only": "user", "sums only": "random"}
    table = read_table(run / "verdicts.csv").query("verdict == 'order'")
    write_table(table.assign(verdict="split", variant=table["variant"].replace(names)), run / "verdicts.csv")
    asked = [entry | {"verdict": "split"} for entry in read_json(run / "verdicts.json")][:1]
    write_json(asked, run / "verdicts.json")
    labels = json.loads(drawn(run)["Churn: log loss minus that of “by time”"].spec)["data"][0]["y"]
    assert labels[:3] == ["by user and time", "by user", "at random"]
    said = [block.body for block in verdicts.build(Run.open(run)).blocks if block.kind == "text"]
    assert any("By time: from earlier weeks of all users" in body for body in said)
