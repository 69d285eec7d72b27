"""The code of docs/extending.md, run as it is written: a model, a feature and a section in one run."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from churn.artefacts import read_json
from churn.cli import main
from churn.data import example_frames
from churn.runs import Run

pytestmark = pytest.mark.slow

TEXT = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
CODE = [body for kind, body in BLOCKS if kind == "python"]
FRAMES = example_frames()
QUICK = """
tuning: {trials: 1}
evaluation: {repetitions: 20}
verdicts: {ask: []}
explanation: {windows: 500, sample: 100, trees: 20, rounds: 5}
explore: {journeys: false}
segments: {rule: number, number: 8}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The package `shop` and the log on a disk; the options that name the log, and a file of each YAML block."""
    place = tmp_path_factory.mktemp("shop")
    for body in CODE:
        module = place / body.splitlines()[0].removeprefix("# ")
        module.parent.mkdir(exist_ok=True)
        module.write_text(body, encoding="utf8")
    sources = {name: str(place / f"{name}.parquet") for name in FRAMES}
    for name, frame in FRAMES.items():
        frame.to_parquet(sources[name])
    texts = [yaml.safe_dump({"data": sources}), QUICK, *(body for kind, body in BLOCKS if kind == "yaml")]
    options = []
    for number, text in enumerate(texts):
        (place / f"{number}.yaml").write_text(text, encoding="utf8")
        options += ["--config", str(place / f"{number}.yaml")]
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(place)
        yield place, options
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


@pytest.fixture
def broken(shop):
    """From a line of a module of `shop`, and what stands there instead, to the import path of the module so written."""
    place, _ = shop
    names = []

    def write(module, line, instead, name):
        text = (place / "shop" / f"{module}.py").read_text(encoding="utf8")
        assert line in text
        (place / "shop" / f"{name}.py").write_text(text.replace(line, instead), encoding="utf8")
        names.append(name)
        importlib.invalidate_caches()
        return f"shop.{name}"

    yield write
    for name in names:
        (place / "shop" / f"{name}.py").unlink()
        sys.modules.pop(f"shop.{name}", None)


@pytest.fixture(scope="module")
def finished(shop):
    place, options = shop
    assert main(["run", *options, "--out", str(place / "run")]) == 0
    return Run(place / "run")


@pytest.fixture(scope="module")
def scores(shop, finished):
    place, options = shop
    cutoff = ["--cutoff", "2024-03-31", "--out", str(place / "scores")]
    assert main(["score", "--run", str(finished.folder), *options, *cutoff]) == 0
    return place / "scores"


def test_each_of_the_three_has_code_of_under_25_lines_and_the_key_that_names_it() -> None:
    assert [body.splitlines()[0] for body in CODE] == ["# shop/models.py", "# shop/features.py", "# shop/sections.py"]
    assert max(len([line for line in body.splitlines() if line]) for body in CODE) < 25
    assert [kind for kind, _ in BLOCKS] == ["python", "yaml"] * 3


def test_the_own_model_stands_in_the_leaderboard_and_ranks_users(finished) -> None:
    board = finished.leaderboard
    found = board[(board.part == "test") & (board.metric == "roc_auc")].set_index(["target", "model"]).value
    for target in ("churn", "sticker"):
        assert found[target, "Discriminant"] > 0.6 > found[target, "Majority"]


def test_the_own_feature_is_the_share_of_days_with_activity(scores) -> None:
    """Recomputed from the raw log, for every user who was scored; the example's members joined before it begins."""
    events = FRAMES["events"]
    own = events[events.actor_id == events.user_id]
    days = own.assign(day=own.timestamp.dt.normalize()).groupby("user_id").day.nunique()
    users = pd.read_parquet(scores / "scores.parquet").user_id
    found = pd.read_parquet(scores / "scored_features.parquet").active_share
    np.testing.assert_allclose(np.sort(found), np.sort(days.reindex(users) / 90), rtol=1e-6)


def test_scores_of_new_data_are_the_run_s_own(finished, scores) -> None:
    again = pd.read_parquet(scores / "scores.parquet")
    pd.testing.assert_frame_equal(again, finished.table("scores.parquet"), check_exact=False)


def test_a_chosen_model_of_one_s_own_scores(finished) -> None:
    assert read_json(finished.folder / "manifest.json")["chosen"] == {
        "churn": "Discriminant",
        "sticker": "Discriminant",
    }


def test_the_page_shows_all_three(finished) -> None:
    page, listed = (finished.folder / "evidence.html").read_text(encoding="utf8"), len(finished.priority)
    assert 'id="first-reasons"' in page and f"columns are the first reason of {listed} users" in page
    assert "Discriminant" in page and "active share" in page
    assert list(finished.figures("first-reasons", sections=["shop.sections.first_reasons"])) == ["First reasons"]


RETURN = "return share[:, :, None].astype(np.float32)"


@pytest.mark.parametrize(
    ("instead", "says"),
    [
        ('return {}["share"]', "expected shop.broken.values to run, got KeyError: 'share' (line 14 of "),
        ("return share", ", 1) from feature active_share, got ("),
        ("return share[:, :, None] * np.nan", "expected finite numbers from feature active_share, got "),
    ],
)
def test_a_feature_that_fails_is_named(broken, shop, instead, says, capsys) -> None:
    path = broken("features", RETURN, instead, "broken")
    features = ["--data.features", f"[{path}.ACTIVE_SHARE]"]
    assert main(["check", *shop[1][:2], *features]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("instead", "says"),
    [
        ("return run.nothing", "expected shop.broken.first_reasons to run, got AttributeError: "),
        ("return None", "expected a churn.report.Section from shop.broken.first_reasons, got a NoneType; return one"),
    ],
)
def test_a_section_that_fails_is_named(broken, finished, instead, says, capsys) -> None:
    last = 'return Section("first-reasons", "First reasons", "What is most often said.", (words, chart))'
    path = broken("sections", last, instead, "broken")
    before = finished.report.read_bytes()
    assert main(["report", "--run", str(finished.folder), "--sections", f"[{path}.first_reasons]"]) == 2
    assert says in capsys.readouterr().err
    assert finished.report.read_bytes() == before


def test_a_module_that_fails_is_no_riddle(broken, shop, capsys) -> None:
    path = broken("features", "import numpy as np", "import numpy as np\n1 / 0", "broken")
    assert main(["check", *shop[1][:2], "--data.features", f"[{path}.ACTIVE_SHARE]"]) == 2
    assert "(ZeroDivisionError: division by zero)" in capsys.readouterr().err
