"""The class Run: the files it reads, the time of reading, and its errors for a folder that is not whole."""

import re
import shutil

import pandas as pd
import pytest

from churn.artefacts import Table, declared, read_json, write_json
from churn.errors import UserError
from churn.report import write_report
from churn.runs import Run

from .report.synthetic_run import build_run

TABLES = {name: one for name, one in vars(declared).items() if isinstance(one, Table)}
IN_RUN = {name: one for name, one in TABLES.items() if not one.optional and one.file not in {"others.csv"}}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return build_run(tmp_path_factory.mktemp("run"))


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def written(folder):
    """The declared tables that a folder holds."""
    return {name: one for name, one in TABLES.items() if (folder / one.file).exists()}


def test_no_two_tables_share_a_file():
    files = [one.file for one in TABLES.values()]
    assert len(set(files)) == len(files)


def test_every_table_is_an_attribute_and_is_listed(finished):
    run = Run.open(finished)
    for name, one in written(finished).items():
        assert name.lower() in dir(run)
        if one not in (declared.PRIORITY, declared.SHAP):  # which have a form of their own
            assert len(getattr(run, name.lower())) == len(one.read(finished))
    assert len(run.leaderboard) > 0 and len(run.scores) > 0
    with pytest.raises(AttributeError, match=r"a run has no boosting; its tables: .*leaderboard"):
        _ = run.boosting


def test_a_table_is_read_when_it_is_asked_for(run):
    opened = Run.open(run)
    (run / "gains.csv").unlink()
    with pytest.raises(UserError, match=r"expected gains\.csv in .*no such file; finish the run"):
        _ = opened.gains
    assert not opened.leaderboard.empty


def test_a_change_of_a_table_stays_with_whoever_made_it(finished):
    opened = Run.open(finished)
    opened.leaderboard["value"] = 0
    assert opened.leaderboard["value"].any()


def test_the_priority_is_the_list_without_those_held_back(run):
    table = declared.PRIORITY.read(run)
    table.loc[[0, 3], "group"] = "control"
    declared.PRIORITY.write(table, run)
    found = Run.open(run).priority
    assert found.user_id.tolist() == table.user_id.drop([0, 3]).tolist() and "group" not in found


@pytest.mark.parametrize("name", ["nothing.csv", "../secret.csv", "manifest.json"])
def test_a_file_that_is_no_table_of_a_run_is_refused(name, finished):
    with pytest.raises(UserError, match="expected a file of a run"):
        Run.open(finished).table(name)


@pytest.mark.parametrize("name", ["manifest.json", "config.yaml"])
def test_a_run_without_what_tells_of_it_does_not_open(run, name):
    (run / name).unlink()
    with pytest.raises(UserError, match=rf"{name} .*no such file; finish the run"):
        Run.open(run)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match="expected the folder of a finished run"):
        Run.open(tmp_path / "none")


@pytest.mark.parametrize("one", sorted(IN_RUN), ids=str.lower)
def test_a_table_that_every_run_has_is_missed_by_name(one, run):
    (run / IN_RUN[one].file).unlink(missing_ok=True)
    with pytest.raises(UserError, match=f"expected {re.escape(IN_RUN[one].file)} in "):
        Run.open(run).table(IN_RUN[one])


@pytest.mark.slow
def test_a_page_of_a_folder_that_lacks_a_table_names_it(run):
    (run / "calibrators.csv").unlink()
    with pytest.raises(UserError, match=r"expected calibrators\.csv in .*no such file; finish the run"):
        write_report(run)
    assert not (run / "report.html").exists()


def test_a_missing_column_is_named(run):
    table = pd.read_csv(run / "leaderboard.csv")
    table.drop(columns="chosen").to_csv(run / "leaderboard.csv", index=False)
    with pytest.raises(UserError, match=r"expected chosen in leaderboard\.csv"):
        _ = Run.open(run).leaderboard


@pytest.mark.parametrize("key", declared.MANIFEST.keys.split())
def test_a_missing_key_of_the_manifest_is_named(run, key):
    manifest = read_json(run / "manifest.json")
    del manifest[key]
    write_json(manifest, run / "manifest.json")
    with pytest.raises(UserError, match=rf"expected {key} in manifest\.json"):
        Run.open(run)


def test_what_a_run_was_not_asked_for_may_be_absent(run):
    optional = [one for one in TABLES.values() if one.optional]
    for one in [*optional, declared.ANSWERS]:
        (run / one.file).unlink(missing_ok=True)
    opened = Run.open(run)
    assert not opened.answers
    for one in optional:
        found = opened.table(one)
        assert found.empty and list(found.columns) == list(one.types)


@pytest.mark.parametrize("key", declared.ANSWERS.keys.split())
def test_a_missing_key_of_a_verdict_is_named(run, key):
    verdicts = read_json(run / "verdicts.json")
    del verdicts[-1][key]
    write_json(verdicts, run / "verdicts.json")
    with pytest.raises(UserError, match=rf"expected {key} in verdicts\.json"):
        _ = Run.open(run).answers


@pytest.mark.parametrize(("name", "text"), [("config.yaml", ""), ("config.yaml", "a: ["), ("manifest.json", "[]")])
def test_a_file_that_cannot_be_read_is_named(name, text, run):
    (run / name).write_text(text)
    with pytest.raises(UserError, match=rf"expected .*{name}"):
        Run.open(run)


def test_a_spoilt_table_is_named(run):
    (run / "seeds.csv").write_text("")
    with pytest.raises(UserError, match=r"expected .*seeds\.csv"):
        _ = Run.open(run).seeds


def test_a_folder_in_the_place_of_an_optional_file_is_named(run):
    (run / "shap.parquet").unlink()
    (run / "shap.parquet").mkdir()
    with pytest.raises(UserError, match=r"expected .*shap\.parquet"):
        Run.open(run).shap("churn")


def test_a_notebook_shows_the_models_and_the_first_users(finished):
    shown = Run.open(finished)._repr_html_()
    assert "roc_auc" in shown and "rank" in shown and "<script>alert(1)" not in shown
