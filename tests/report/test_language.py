"""The page in another language, by the key of the run or by the command's option."""

import json
import re

import pandas as pd
import pytest

from churn.artefacts import read_table, write_table, write_text
from churn.cli import main
from churn.errors import UserError
from churn.report import write_report

from .parsed_page import ParsedPage, pages_in
from .synthetic_run import CONFIG
from .test_anomalies import departed
from .test_behaviour import grouped
from .test_budget import planned, rewrite, ruled
from .test_stake import promised, rescored

pytestmark = pytest.mark.slow


LEARNT = ("drivers", "levers", "features", "models", "gains", "calibration", "verdicts", "search")
LOG = ("seasons", "journeys", "cohorts")


@pytest.fixture(scope="module")
def korean(built):
    """Both pages in Korean."""
    return pages_in("ko", built)


def test_words_of_the_run_s_files_are_said_in_the_page_s_language(korean) -> None:
    texts = {text.strip() for text in korean[1].texts}
    assert not texts & {"events", "stickers", "none", "temperature", "platt", "isotonic"}


def test_the_page_is_written_in_the_run_s_language_by_default(run) -> None:
    write_text(f"{CONFIG}language: ko\n", run / "config.yaml")
    assert "무엇을 해야 합니까?" in ParsedPage(write_report(run)).text
    assert "What should I do?" in ParsedPage(write_report(run, language="en")).text


def test_the_command_has_an_option_for_the_language(run, capsys) -> None:
    assert main(["report", "--run", str(run), "--language", "ko"]) == 0
    text = ParsedPage(run / "report.html").text
    assert "무엇을 해야 합니까?" in text and "What should I do?" not in text
    capsys.readouterr()
    assert main(["report", "--run", str(run), "--language", "tlh"]) == 2
    assert "expected a language out of en, ko, got 'tlh'" in capsys.readouterr().err


def test_an_unknown_language_leaves_the_old_page_alone(run) -> None:
    (run / "report.html").write_text("old")
    with pytest.raises(UserError, match="expected a language"):
        write_report(run, language="tlh")
    assert (run / "report.html").read_text() == "old"


def texts(value: object) -> list[str]:
    """Every text inside a chart's JSON."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for one in inside for text in texts(one)]


def english(run, pages) -> list[str]:
    """Three English words and more in a row on Korean pages, but what the run's files hold."""
    names = ("title", "aria-label", "placeholder", "data-found", "data-copied", "data-failed", "data-label")
    shown = [text for page in pages for text in page.texts]
    shown += [value for page in pages for _, given in page.elements for key, value in given.items() if key in names]
    scripts = [script for page in pages for script in page.scripts if script.startswith("{")]
    shown += [text for script in scripts for text in texts(json.loads(script))]
    data = [path.read_text(encoding="utf8") for path in run.glob("*.*") if path.suffix in (".csv", ".json", ".yaml")]
    known = " ".join([*data, *pd.read_parquet(run / "shap.parquet").feature.unique()]).replace("_", " ").lower()
    phrases = {words for text in shown if text for words in re.findall(r"[A-Za-z’']+(?: [A-Za-z’']+){2,}", text)}
    assert phrases, "nothing was looked at"
    return [words for words in sorted(phrases) if words.lower() not in known]


def counted(run):
    """Give a made-up run a list of so many users a day, some of them held back, from a log with few times of day."""
    control = {"share": 0.1, "seed": 4, "held_back": 12, "contacted": 288}
    ruled(run, rule="number", number=50, control=control)
    ties = {"listed": 0, "line": 5, "line_listed": 3}
    compared = {"per_day": 40, "users": 300, "listed": 30, "ties": ties}
    rewrite(run, compared=compared, clock={"timed": 9, "actions": 10})
    return run


def emptied(run):
    """Take the users who depart, the groups and the line from a made-up run."""
    departed(grouped(run), users=())
    write_table(read_table(run / "groups.csv").head(0), run / "groups.csv")
    write_table(read_table(run / "threshold.csv").head(0), run / "threshold.csv")
    return run


def at_stake(run):
    return promised(rescored(planned(run), value_at_risk=0.1, expected_loss=0.5), 0.9)


def test_no_sentence_of_the_page_stays_english(built, korean) -> None:
    assert english(built, korean) == []


@pytest.mark.parametrize("told", [grouped, departed, counted, at_stake, emptied])
def test_no_sentence_of_another_list_stays_english(told, run) -> None:
    told(run)
    assert english(run, pages_in("ko", run, left=(*LEARNT, *LOG))) == []


def test_no_sentence_of_a_page_without_stickers_stays_english(without_stickers) -> None:
    assert english(without_stickers, pages_in("ko", without_stickers)) == []


def test_what_the_script_says_keeps_the_places_of_its_numbers(korean) -> None:
    said = [given for _, given in korean[0].elements if "data-found" in given]
    assert said and all(given["data-found"] == "{total}행 중 {found}행" for given in said)
