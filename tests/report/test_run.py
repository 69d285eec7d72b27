import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.errors import UserError
from churn.report.run import COLUMNS, KEYS, OPTIONAL, VERDICT_KEYS, read_run


@pytest.mark.parametrize("name", sorted({*COLUMNS, "manifest.json", "config.yaml"} - OPTIONAL))
def test_a_missing_artefact_is_named(run, name):
    (run / name).unlink(missing_ok=True)
    with pytest.raises(UserError, match=rf"{name} .*no such file; finish the run"):
        read_run(run)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match="expected the folder of a finished run"):
        read_run(tmp_path / "none")


def test_a_missing_column_is_named(run):
    table = read_table(run / "leaderboard.csv")
    write_table(table.drop(columns="chosen"), run / "leaderboard.csv")
    with pytest.raises(UserError, match=r"expected chosen in leaderboard\.csv"):
        read_run(run)


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key_of_the_manifest_is_named(run, key):
    manifest = read_json(run / "manifest.json")
    del manifest[key]
    write_json(manifest, run / "manifest.json")
    with pytest.raises(UserError, match=rf"expected {key} in manifest\.json"):
        read_run(run)


def test_what_a_run_was_not_asked_for_may_be_absent(run):
    for name in OPTIONAL:
        (run / name).unlink(missing_ok=True)
    found = read_run(run)
    assert found.table("seeds.csv").empty and found.table("verdicts.csv").empty and not found.verdicts
    assert list(found.table("seeds.csv").columns) == COLUMNS["seeds.csv"].split()


@pytest.mark.parametrize("key", VERDICT_KEYS)
def test_a_missing_key_of_a_verdict_is_named(run, key):
    verdicts = read_json(run / "verdicts.json")
    del verdicts[-1][key]
    write_json(verdicts, run / "verdicts.json")
    with pytest.raises(UserError, match=rf"expected {key} in verdicts\.json"):
        read_run(run)


def test_an_older_manifest_means_one_seed_and_models_kept(run):
    manifest = read_json(run / "manifest.json")
    del manifest["seeds"], manifest["refit"]
    write_json(manifest, run / "manifest.json")
    found = read_run(run)
    assert (found.seeds, found.refit) == (1, {"policy": "keep"})


@pytest.mark.parametrize(
    ("name", "text"), [("config.yaml", ""), ("config.yaml", "a: ["), ("manifest.json", "[]"), ("seeds.csv", "")]
)
def test_a_file_that_cannot_be_read_is_named(name, text, run):
    (run / name).write_text(text)
    with pytest.raises(UserError, match=rf"expected .*{name}"):
        read_run(run)


def test_a_folder_in_the_place_of_an_optional_file_is_named(run):
    (run / "shap.parquet").unlink()
    (run / "shap.parquet").mkdir()
    with pytest.raises(UserError, match=r"expected shap\.parquet"):
        read_run(run)
