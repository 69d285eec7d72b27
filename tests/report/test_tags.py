"""The page of `churn tag` says in both languages nothing but its files."""

import json

import numpy as np
import pandas as pd
import pytest

from churn.artefacts import declared
from churn.errors import UserError
from churn.report import write_tags
from churn.tagging import ItemConfig, TagConfig, tag

from .parsed_page import ParsedPage

pytestmark = pytest.mark.slow

KINDS = [f"kind {letter}" for letter in "ABCDEF"]
STRANGER = "</script><b>qqq www</b>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """1,200 items of six kinds, whose titles are of each kind's own words; some are wrong, some without a kind."""
    rng = np.random.default_rng(0)
    truth = rng.integers(6, size=1200)
    titles = [" ".join(rng.choice([f"w{kind}{n}word{kind}" for n in range(8)], 3)) for kind in truth]
    given = np.asarray(KINDS, object)[np.where(rng.random(1200) < 0.04, (truth + 1) % 6, truth)]
    items = pd.DataFrame({"item_id": range(1200), "text": titles, "category": given})
    items.loc[1100:, "category"] = None
    items.loc[1150:, "text"] = STRANGER
    config = TagConfig(data=ItemConfig("items"))
    out = tag(config, tmp_path_factory.mktemp("tags") / "out", frames={"items": items})
    write_tags(out)
    return out


def told(folder, metric):
    rows = declared.TAG_MEASURES.read(folder).query("chosen")
    return float(rows.set_index("metric").value[metric])


def test_the_page_says_how_often_the_category_is_right(folder):
    page = ParsedPage(folder / "report.html")
    assert f"{100 * told(folder, 'top_1'):.1f}%" in page.text
    assert f"{100 * told(folder, 'coverage'):.1f}%" in page.text
    assert "1,200 items in 6 categories" in page.text


def test_suspicious_items_stand_first_and_the_least_likely_of_them_on_top(folder):
    page, items = ParsedPage(folder / "report.html"), declared.ITEMS.read(folder)
    wrong = items[items.looks_wrong].sort_values(["p_given", "p_1"], ascending=[True, False])
    assert 30 <= len(wrong) <= 60
    sections = [attrs.get("id") for tag, attrs in page.elements if tag == "section"]
    assert sections == ["glance", "check", "confused", "categories", "trust", "made"]
    assert f"{len(wrong)} of 1,100 given categories look wrong." in page.text
    shown = [page.text.index(str(text)) for text in wrong.text.head(3)]
    assert shown == sorted(shown)


def test_new_categories_are_told_from_known_ones_by_a_threshold_tuned_on_categories_held_out(folder):
    unlike = declared.TAGGING.read(folder)["unlike"]
    assert unlike["categories"] == 1 and unlike["n"] > 20
    assert unlike["found"] > 0.8 and unlike["refused"] <= 0.2
    items = declared.ITEMS.read(folder)
    assert (items.basis[items.text == STRANGER] == "none of these").all()
    assert items.event[items.text == STRANGER].isna().all()
    assert (items.basis[1100:1150] == "predicted").mean() > 0.8


def test_a_title_is_no_markup_and_the_page_loads_nothing(folder):
    page = ParsedPage(folder / "report.html")
    assert STRANGER in page.text
    assert not [attrs for tag, attrs in page.elements if attrs.get("src", "").startswith("http")]


def test_charts_of_confusion_can_be_zoomed_and_hold_every_pair(folder):
    page, pairs = ParsedPage(folder / "report.html"), declared.TAG_CONFUSION.read(folder)
    specs = [json.loads(text) for text in page.scripts if text.startswith('{"data":[{') and '"heatmap"' in text]
    shares, numbers = specs
    assert all(spec["layout"]["dragmode"] == "zoom" for spec in specs)
    filled = [n for row in numbers["data"][0]["z"] for n in row if n is not None]
    assert sum(filled) == pairs.n.sum() and len(filled) == len(pairs)
    assert max(n for row in shares["data"][0]["z"] for n in row if n is not None) <= 1


def test_the_page_is_korean_where_it_is_asked_for(folder, tmp_path):
    page = ParsedPage(write_tags(folder, "ko"))
    write_tags(folder)
    assert ("html", {"lang": "ko"}) in page.elements
    assert "먼저 살펴볼 항목" in page.text and "Check these first" not in page.text


def test_a_cut_file_leaves_the_old_page(folder):
    before, path = (folder / "report.html").read_bytes(), folder / declared.TAG_MEASURES.file
    whole = path.read_bytes()
    path.write_bytes(b"tagger\nWords\n")
    with pytest.raises(UserError):
        write_tags(folder)
    path.write_bytes(whole)
    assert (folder / "report.html").read_bytes() == before
