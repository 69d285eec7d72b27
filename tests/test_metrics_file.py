"""The numbers for Prometheus, held against the documents of the folder."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from churn.artefacts import declared, read_json, write_metrics


def samples(folder):
    """The samples of a folder's metrics, by name and labels."""
    families = text_string_to_metric_families((folder / declared.METRICS).read_text())
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


@pytest.mark.slow
def test_the_metrics_of_a_run_are_the_numbers_of_its_manifest(outcome_runs):
    folder = outcome_runs["to score"]
    told, found = read_json(folder / declared.MANIFEST.file), samples(folder)
    for stage in told["stages"]:
        assert found["churn_stage_seconds", stage["name"]] == stage["seconds"]
        for name, n in stage["rows"].items():
            assert found["churn_stage_rows", *sorted((name, stage["name"]))] == n
    assert found["churn_users", "scored"] == told["segment"]["scored"] == len(declared.SCORES.read(folder))
    assert found[("churn_warnings",)] == len(told["warnings"])
    for table, counts in told["reconciliation"].items():
        fates = sum(n for (name, *labels), n in found.items() if name == "churn_rows" and table in labels)
        assert found["churn_rows_read", table] == counts["read"] == fates


def test_names_of_a_log_stand_in_metrics_as_text(tmp_path):
    name = 'a"b\\c\nd{e="f"} 1'
    told = {"reconciliation": {name: {"read": 3, "used": 2, "non_members": 0, "rejected": {"null event": 1}}}}
    write_metrics(told, tmp_path)
    assert samples(tmp_path)["churn_rows_read", name] == 3
    assert samples(tmp_path)["churn_rows", *sorted((name, "null event"))] == 1


def test_the_day_of_a_list_is_its_midnight_in_utc(tmp_path):
    segment = {"cutoff": "1970-01-03", "scored": 5, "listed": 2, "control": {"held_back": 1}}
    write_metrics({"segment": segment, "warnings": ["one"]}, tmp_path)
    found = samples(tmp_path)
    assert found[("churn_cutoff_timestamp_seconds",)] == 2 * 86_400
    assert [found["churn_users", state] for state in ("scored", "listed", "held back")] == [5, 2, 1]
