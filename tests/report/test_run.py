import pytest

from churn.artefacts import read_json, read_table, write_json, write_table
from churn.errors import UserError
from churn.report.run import COLUMNS, KEYS, read_run


@pytest.mark.parametrize("name", [*COLUMNS, "manifest.json", "config.yaml"])
def test_a_missing_artefact_is_named(run, name):
    (run / name).unlink()
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
