import re

import pytest

import churn.journal
import churn.progress
from churn.artefacts import read_json, write_text
from churn.errors import UserError
from churn.journal import Journal
from churn.progress import progress, step, telling

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


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"config": {"data": {"events": "other"}}}, "data.events: log.parquet → other"),
        ({"config": {"data": {"events": "log.parquet", "zone": "UTC"}}}, "data.zone: null → UTC"),
        ({"config": {"data": {}, "models": ["a"]}}, 'data.events: log.parquet → null, models: null → ["a"]'),
        ({"inputs": {"events": "def"}}, "other rows in data.events"),
        ({"inputs": {"events": "abc", "stickers": "def"}}, "other rows in data.stickers"),
    ],
)
def test_a_folder_of_another_run_is_refused_by_the_name_of_every_key(tmp_path, refused, change, says):
    Journal.open(tmp_path, **RUN).do("data", dict)
    with refused("version, configuration and data that the run", says, "--out"):
        Journal.open(tmp_path, **RUN | change)
    assert Journal.open(tmp_path, **RUN).done == ["data"]


def test_a_folder_of_another_version_is_refused(tmp_path, refused, monkeypatch):
    Journal.open(tmp_path, **RUN).do("data", dict)
    monkeypatch.setattr(churn.journal, "__version__", "0.0.1")
    with refused("version, configuration and data that the run", f"version: {churn.__version__} → 0.0.1", "--out"):
        Journal.open(tmp_path, **RUN)


def test_a_manifest_that_does_not_tell_its_configuration_is_named(tmp_path, refused):
    (tmp_path / "manifest.json").write_text('{"stages": []}')
    with refused(f"begun_with in {tmp_path / 'manifest.json'}", "none", "make it again"):
        Journal.open(tmp_path, **RUN)


def test_only_the_entries_that_differ_are_named_of_a_long_list(tmp_path, refused):
    models = [f"churn.models.{name}" for name in ("GRU", "BiLSTM", "GRUBiLSTM", "LightGBM", "Logistic", "Majority")]
    Journal.open(tmp_path, **RUN | {"config": {"models": models}}).do("data", dict)
    with refused("", 'models: ["churn.models.Majority"] → []', ""):
        Journal.open(tmp_path, **RUN | {"config": {"models": models[:-1]}})


def test_a_changed_key_has_the_stages_done_again_that_it_matters_to(tmp_path, capsys):
    readers = {"language": ["page"], "list": ["score", "page"], "list.key": [], "list.rule": ["page"]}
    config = {"language": "en", "list": {"rule": "share", "number": 3}, "data": 1}
    stages = ("data", "fit", "score", "page")

    def redone(changes):
        journal = Journal.open(tmp_path, **RUN | {"config": config | changes}, readers=readers)
        left = [name for name in stages if name not in journal.done]
        for name in stages:
            journal.do(name, dict)
        return left

    assert redone({}) == list(stages)
    assert redone({}) == []
    assert redone({"language": "ko"}) == ["page"]
    assert "language: en → ko" in capsys.readouterr().err
    assert redone({"language": "ko", "list": {"rule": "share", "number": 4}}) == ["score", "page"]
    assert redone({"list": {"rule": "profit", "number": 4}}) == ["page"]
    with pytest.raises(UserError, match=r"got data: 1 → 2; take") as caught:
        redone({"data": 2, "language": "ko"})
    assert "language" not in str(caught.value)


def test_a_run_that_is_stopped_after_a_key_was_changed_goes_on_with_the_new_value(tmp_path):
    readers = {"language": ["page"]}
    for language in ("en", "ko"):
        journal = Journal.open(tmp_path, **RUN | {"config": {"language": language}}, readers=readers)
        journal.do("data", dict)
        if language == "en":
            journal.do("page", dict)
    again = Journal.open(tmp_path, **RUN | {"config": {"language": "ko"}}, readers=readers)
    assert again.done == ["data"]


@pytest.mark.parametrize(("loudness", "lines"), [("usual", 1), ("verbose", 3), ("quiet", 0)])
def test_a_stage_is_a_line_with_its_seconds_where_there_is_no_terminal(loudness, lines, tmp_path, capsys):
    def fit():
        step("GRU on churn")
        step("GRU on sticker")
        return {}

    with telling(loudness):
        Journal.open(tmp_path, **RUN).do("fit_models", fit)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == lines
    assert not lines or re.fullmatch(r"fit models: \d+\.\d s", said[-1])
    assert lines < 3 or said[0] == "fit models: GRU on churn …"


def test_a_stage_that_fails_is_not_said_to_have_ended(tmp_path, capsys):
    with telling("usual"), pytest.raises(ZeroDivisionError):
        Journal.open(tmp_path, **RUN).do("fit", lambda: {"p": 1 / 0})
    assert capsys.readouterr().err == ""


def test_a_log_hears_of_a_step_where_nothing_was_said_for_long(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(churn.progress, "_SILENCE", 0.0)
    with telling("usual"), progress("fit"):
        step("GRU")
    assert capsys.readouterr().err.splitlines()[0] == "fit: GRU …"


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


def test_a_run_does_not_go_on_from_a_file_that_is_not_as_it_was_written(tmp_path, refused):
    Journal.open(tmp_path, **RUN).do("fit", lambda: write_text("weights", tmp_path / "models" / "a.txt") or {})
    (tmp_path / "models" / "a.txt").write_text("weightz")
    with refused(f"{tmp_path}/models/a.txt as it was written", "another content", "delete it and make it again"):
        Journal.open(tmp_path, **RUN)
    (tmp_path / "models" / "a.txt").unlink()
    assert Journal.open(tmp_path, **RUN).done == []


def test_a_manifest_with_another_number_in_it_is_refused(tmp_path, refused):
    Journal.open(tmp_path, **RUN).do("fit", lambda: {"users": 31})
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text().replace("31", "13"))
    with refused(f"{manifest} as it was written", "another content", "bring it back"):
        Journal.resume(tmp_path)


def test_only_a_folder_that_no_hash_vouches_for_is_blamed_for_what_reading_it_breaks(tmp_path, refused):
    journal = Journal.open(tmp_path, **RUN)
    with refused(f"{tmp_path} as a run leaves it", "KeyError: 'gone'", "make it again"), journal.answering():
        raise KeyError("gone")
    journal.do("write", lambda: write_text("whole", tmp_path / "a.txt") or {})
    with pytest.raises(KeyError), journal.answering():
        raise KeyError("gone")
