"""Views that are kept and opened again say and draw what they did, in the language of whoever opens them."""

from collections.abc import Callable

import pandas as pd
import pytest

from churn import eda
from churn.artefacts import read_json, write_json
from churn.data import DataConfig, example_dataset, example_frames
from churn.explanation import Reason, Story, reason_rows, worded
from churn.language import speaking

DATA = DataConfig(events="events", stickers="stickers", members="members")


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    """The example's tables, whose members joined over the first weeks."""
    frames = example_frames()
    joined = pd.date_range("2023-12-20", periods=len(frames["members"]), freq="12h")
    return frames | {"members": frames["members"].assign(joined=joined)}


@pytest.fixture(scope="module")
def panel(frames):
    with eda.open_panel(DATA, frames=frames) as panel:
        yield panel


@pytest.fixture(scope="module")
def tables(frames):
    with eda.open_tables(DATA, frames=frames) as tables:
        yield tables


def anatomy(panel) -> eda.View:
    story = Story(0, 7, 90, 21, 0, silent_days=7, long_silence=True)
    told = reason_rows([("user003", 1, Reason("own_post", "count", "low", story))], "user_id")
    words = worded(told, ["user003"], by="user_id")
    scores = pd.DataFrame({"user_id": ["user003"], "cutoff": ["2024-03-01"], "p_churn": [0.4]}).join(words)
    return eda.anatomy(panel, "user003", scores=scores)


def compared(tables) -> eda.View:
    return eda.compare_journeys(tables, eda.of_fates(example_dataset().split().test), actors="all")


OF_PANEL = {
    "seasons": lambda panel: eda.decompose(eda.daily_totals(panel)["active_users"]),
    "retention": eda.retention,
    "revenue": eda.revenue,
    "survival": eda.survival,
    "returns": lambda panel: eda.returns(panel, repetitions=2),
    "anatomy": anatomy,
    "a day alone": lambda panel: eda.decompose(eda.daily_totals(panel)["active_users"][:1]),
}
OF_TABLES = {
    "map": lambda tables: eda.directly_follows(eda.journeys(tables, actors="all")),
    "beginnings": lambda tables: eda.first_steps(eda.journeys(tables, actors="all"), top=1),
    "variants": lambda tables: eda.variants(eda.journeys(tables, actors="all"), top=5),
    "differences": compared,
}


def check_kept(make: Callable[[], eda.View], folder, *, empty: bool = False) -> None:
    view = make()
    english = str(view)
    assert (view.empty is not None) is empty
    write_json(eda.keep_view(view, "view", folder), folder / "told.json")
    again = eda.open_view(read_json(folder / "told.json"), "view", folder)
    assert (str(again), again.figure()) == (english, view.figure())
    with speaking("ko"):
        korean, read = make(), eda.open_view(read_json(folder / "told.json"), "view", folder)
        assert (str(read), read.figure()) == (str(korean), korean.figure())
        assert str(korean) != english


@pytest.mark.parametrize("name", OF_PANEL)
def test_a_view_of_a_panel_is_kept(name, panel, tmp_path) -> None:
    check_kept(lambda: OF_PANEL[name](panel), tmp_path, empty=name == "a day alone")


@pytest.mark.parametrize("name", OF_TABLES)
def test_a_view_of_journeys_is_kept(name, tables, tmp_path) -> None:
    check_kept(lambda: OF_TABLES[name](tables), tmp_path, empty=name == "differences")


def test_definitions_are_kept(tmp_path) -> None:
    check_kept(lambda: eda.definitions(example_dataset(), history_days=[7], horizon_days=[3, 7]), tmp_path)


def test_the_table_for_a_spreadsheet_holds_no_words_of_a_language(panel, tmp_path) -> None:
    eda.keep_view(anatomy(panel), "view", tmp_path)
    assert "why" not in pd.read_csv(tmp_path / "views" / "view.csv")
