import pytest

import churn.journal
from churn.artefacts import read_json
from churn.journal import Journal

RUN = {"seed": 3, "config": {"data": {"events": "log.parquet"}}, "inputs": {"events": "abc"}}


def test_a_stage_that_is_done_is_not_done_again(tmp_path):
    calls = []
    for _ in range(2):
        journal = Journal.open(tmp_path, **RUN)
        for name in ("data", "fit"):
            journal.do(name, lambda name=name: calls.append(name) or {name: len(calls)})
    assert calls == ["data", "fit"]
    assert journal.done == ["data", "fit"]


def test_the_manifest_tells_version_seed_stages_and_what_each_returned(tmp_path):
    Journal.open(tmp_path, **RUN).do("data", lambda: {"windows": 12})
    manifest = read_json(tmp_path / "manifest.json")
    assert manifest["version"] == churn.__version__
    assert manifest["seed"] == 3
    assert manifest["windows"] == 12
    (stage,) = manifest["stages"]
    assert stage["name"] == "data"
    assert stage["seconds"] >= 0
    assert 10 < stage["peak_memory_mb"] < 100_000


def test_a_stage_that_fails_is_not_done_and_those_before_it_are(tmp_path):
    journal = Journal.open(tmp_path, **RUN)
    journal.do("data", dict)
    with pytest.raises(ZeroDivisionError):
        journal.do("fit", lambda: {"p": 1 / 0})
    assert Journal.open(tmp_path, **RUN).done == ["data"]


@pytest.mark.parametrize("change", [{"config": {"data": {"events": "other"}}}, {"inputs": {"events": "def"}}])
def test_a_folder_of_another_run_is_refused(tmp_path, refused, change):
    Journal.open(tmp_path, **RUN).do("data", dict)
    with refused("same version, configuration and data", "a run of another", "--out"):
        Journal.open(tmp_path, **RUN | change)


def test_a_folder_of_another_version_is_refused(tmp_path, refused, monkeypatch):
    Journal.open(tmp_path, **RUN).do("data", dict)
    monkeypatch.setattr(churn.journal, "__version__", "0.0.1")
    with refused("same version, configuration and data", "a run of another", "--out"):
        Journal.open(tmp_path, **RUN)


def test_the_order_of_keys_does_not_make_another_run(tmp_path):
    run = RUN | {"config": {"a": 1, "b": 2}}
    Journal.open(tmp_path, **run).do("data", dict)
    assert Journal.open(tmp_path, **run | {"config": {"b": 2, "a": 1}}).done == ["data"]


def test_a_folder_without_a_run_is_refused(tmp_path, refused):
    with refused("a run's folder", "no manifest.json", "--run"):
        Journal.resume(tmp_path)


@pytest.mark.parametrize("stages", ['[{"seconds": 1}]', '["data"]', "7"])
def test_a_spoilt_manifest_is_named(stages, tmp_path, refused):
    (tmp_path / "manifest.json").write_text(f'{{"stages": {stages}}}')
    with refused(f"{tmp_path}/manifest.json as it was written", "", "make it again"):
        Journal.resume(tmp_path)


def test_nothing_is_drawn_where_there_is_no_terminal(tmp_path, capsys):
    Journal.open(tmp_path, **RUN).do("data", dict)
    assert capsys.readouterr() == ("", "")
