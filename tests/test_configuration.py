"""Every key of the configuration, also future ones: its values are declared, and all others are refused."""

import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest
import yaml
from jsonargparse import ArgumentParser

from churn import strict_yaml
from churn.cli import main
from churn.configuration import OutcomeConfig, RunConfig, parse, run_config, run_parser
from churn.data import DataConfig, WindowConfig
from churn.data.config.data_config import CSV_OPTIONS
from churn.delivery import DeliveryConfig
from churn.errors import UserError
from churn.evaluation import EvaluationConfig
from churn.keys import Block, Range, check, check_arguments
from churn.models import LightGBM, Majority
from churn.training import ModelSpec, TrainingConfig


class Selective(Majority):
    def __init__(self, threshold: float) -> None:
        self.threshold = threshold


VALUES = (0, -1, float("nan"), float("inf"), 10**9, 2**70, None, "many", [], {}, True)
SECRET = "p@ss:w/rd%25"
WHOLE = run_parser()


def keys_of(block: type[Block], prefix: str = "") -> Iterator[tuple[str, type[Block], Any]]:
    """Each key below a block, with the block in which it stands and its type."""
    for name, kind in get_type_hints(block, include_extras=True).items():
        if is_dataclass(kind):
            yield from keys_of(kind, f"{prefix}{name}.")
        if not name.startswith("_"):
            yield f"{prefix}{name}", block, kind


EVERY = [*keys_of(RunConfig), *keys_of(OutcomeConfig, "outcomes.")]
KEYS = {key: kind for key, _, kind in EVERY if not is_dataclass(kind)}
BLOCKS = [key for key, _, kind in EVERY if is_dataclass(kind)]
DELIVERY = {key: kind for key, _, kind in keys_of(DeliveryConfig) if not is_dataclass(kind)}
HOMES = {key: block for key, block, _ in EVERY}


def written(folder: Path, values: dict[str, object]) -> list[str]:
    """The options that read a file in which some keys are set."""
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *blocks, last = key.split(".")
        block = tree
        for name in blocks:
            block = block.setdefault(name, {})
        block[last] = value
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(tree))
    return ["--config", str(path)]


def configured(folder: Path, values: dict[str, object]) -> RunConfig:
    return run_config(parse(written(folder, {"data.events": "log.parquet"} | values), parser=WHOLE))


@cache
def parser_of(block: type[Block], key: str) -> ArgumentParser:
    """A parser of one block alone, which is faster than that of all."""
    parser = ArgumentParser(exit_on_error=False, parser_mode=strict_yaml.MODE)
    parser.add_argument("--config", action="config")
    parser.add_class_arguments(block, key or None)
    return parser


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_a_key_takes_what_it_declares_and_refuses_all_else_in_a_line_that_names_it(key, tmp_path):
    block = key.rpartition(".")[0]
    for value in VALUES:
        try:
            if block:
                needed = {"data.events": "log"} if block == "data" else {}
                parser = parser_of(HOMES[key], block)
                found: Any = parse(written(tmp_path, needed | {key: value}), parser=parser)
            else:
                found = configured(tmp_path, {key: value})
        except UserError as error:
            assert key in str(error) or "segments.budget.save_rate with the other keys" in str(error)
            assert "\n" not in str(error)
        else:
            for name in key.split("."):
                found = getattr(found, name)
            check(key, found, KEYS[key])


@pytest.mark.slow
@pytest.mark.parametrize("key", DELIVERY)
def test_a_key_of_a_delivery_takes_what_it_declares_and_refuses_all_else_in_a_line_that_names_it(key, tmp_path):
    parser = parser_of(DeliveryConfig, "")
    for value in VALUES:
        try:
            options = parse(written(tmp_path, {"owner": "crm", key: value}), parser=parser, block=DeliveryConfig)
            found: Any = DeliveryConfig(**{one.name: options[one.name] for one in fields(DeliveryConfig)})
        except UserError as error:
            assert key in str(error) and "\n" not in str(error)
        else:
            for name in key.split("."):
                found = getattr(found, name)
            check(key, found, DELIVERY[key])


def test_an_alias_saves_writing_a_value_twice_and_a_block_in_itself_is_refused(tmp_path):
    (tmp_path / "own.yaml").write_text("data: {events: &log log.parquet, members: *log}\n")
    asked = ["--config", str(tmp_path / "own.yaml")]
    assert run_config(parse(asked, parser=WHOLE)).data.members == "log.parquet"
    for endless in ("data: &all {events: *all}", "models: &all [*all]"):
        (tmp_path / "own.yaml").write_text(f"{endless}\n")
        with pytest.raises(UserError, match="a block that stands in itself"):
            parse(asked, parser=WHOLE)


def test_a_number_that_neither_the_rule_nor_a_budget_reads_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"segments\.number .* set segments\.rule: number"):
        configured(tmp_path, {"segments.number": 5})
    for reader in ({"segments.rule": "number"}, {"segments.budget.save_rate": 0.3}):
        assert configured(tmp_path, {"segments.number": 5} | reader).segments.number == 5


@pytest.mark.slow
@pytest.mark.parametrize("key", BLOCKS)
def test_a_block_is_a_mapping(key, tmp_path):
    for value in (3, None, ["x"]):
        with pytest.raises(UserError, match=key):
            configured(tmp_path, {key: value})


def numeric(kind: Any) -> bool:
    return kind in (int, float) or any(numeric(inner) for inner in get_args(kind))


def bounded(kind: Any) -> bool:
    """Whether each number in a type has a lower and an upper bound beside it, and a list of them a length."""
    inner = get_args(kind)
    if get_origin(kind) is not Annotated:
        return kind not in (int, float) and get_origin(kind) is not list and all(map(bounded, inner))
    limit = next((limit for limit in inner[1:] if isinstance(limit, Range)), Range())
    low, high = (limit.least, limit.above), (limit.most, limit.below)
    ends = low != (None, None) and high != (None, None)
    return ends and all(bounded(one) for one in get_args(inner[0]))


@pytest.mark.parametrize("key", [key for key, kind in (KEYS | DELIVERY).items() if numeric(kind)])
def test_every_number_has_a_lower_and_an_upper_bound(key):
    assert bounded((KEYS | DELIVERY)[key])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"evaluation.repetitions": 0}, "evaluation.repetitions of at least 1 and at most 10,000, got 0"),
        ({"segments.before_days": -9}, "segments.before_days of at least 1"),
        ({"explore.before_days": 10**9}, "explore.before_days of at least 1 and at most 10,000, got 1000000000"),
        ({"seed": -1}, "seed of at least 0"),
        ({"seed": 2**70}, "seed of at least 0 and at most 2,000,000,000"),
        ({"outcomes.alarms.ece": 2}, "correct it, or write null"),
        ({"explore.seasons": [7, 7]}, "different explore.seasons"),
        ({"explore.seasons": []}, "explore.seasons of at least 1 and at most 5 entries"),
        ({"verdicts.histories": [3, 0]}, "verdicts.histories of at least 1"),
        ({"evaluation.calibrators": ["plat"]}, "evaluation.calibrators out of none, temperature, platt, isotonic"),
        ({"evaluation.calibrators": []}, "evaluation.calibrators of at least 1 and at most 4 entries, got 0"),
        ({"explore.seasons": [1]}, "explore.seasons of at least 2"),
        ({"language": "kr"}, "language out of en, ko, got 'kr'"),
        ({"data.zone": "PST"}, "a time zone in data.zone, got 'PST'"),
        ({"data.first_day": "03/04/2024"}, "a date for data.first_day, got '03/04/2024'; write it as 2024-03-01"),
        ({"data.split.val_from": "20240301T05"}, "a date for data.split.val_from"),
        ({"data.csv": {"sepp": ";"}}, "data.csv out of delim, sep"),
        ({"data.csv": {"header": "no"}}, "true or false in data.csv.header, got 'no'"),
        ({"data.windows": 7}, "a mapping in data.windows, got 7"),
        ({"tuning.storage": "many"}, "a URL in tuning.storage, got 'many'"),
        ({"models": ["churn.models.Classifier"]}, "a model that can be fitted, got churn.models.Classifier"),
        ({"models": ["churn.models.Ensemble"]}, "a model that can be fitted, got churn.models.Ensemble"),
        (
            {"models": [{"class_path": "churn.models.LightGBM", "init_args": {"max_trees": "many"}}]},
            "a whole number in models: LightGBM.max_trees, got 'many'",
        ),
        (
            {"models": [{"class_path": "churn.models.LightGBM", "init_args": {"history_days": 8}}]},
            "history_days of LightGBM within the windows, got 8, longer than data.windows.history_days, 7",
        ),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_when_it_is_read(values, says, tmp_path):
    with pytest.raises(UserError) as caught:
        configured(tmp_path, values)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"lr": float("nan")}, {"scaling": "nonsense"}, {"batch_size": 10**12}, {"layers": 3.5}], ids=str
)
def test_a_network_s_arguments_are_checked_before_any_is_trained(wrong):
    (name,) = wrong
    with pytest.raises(UserError, match=rf"models: GRU\.{name}"):
        ModelSpec("churn.models.GRU", wrong).check()


def test_models_of_days_are_not_asked_about_an_outcome():
    windows = WindowConfig(at_risk="arrival", history_days=0)
    data = DataConfig(members="leads.csv", outcome={"column": "state", "positive": ["won"]}, windows=windows)
    assert "churn.models.Foresight" in RunConfig(DataConfig("log.csv")).models
    assert len(RunConfig(data).models) == len(RunConfig(DataConfig("log.csv")).models) - 1
    with pytest.raises(UserError, match=r"models of an answer .* got churn\.models\.Foresight, which is about days"):
        RunConfig(data, models=["churn.models.Foresight"])


def test_nothing_is_learnt_of_days_where_there_is_no_history():
    windows = WindowConfig(at_risk="arrival", history_days=0)
    data = DataConfig(members="leads.csv", outcome={"column": "state", "positive": ["won"]}, windows=windows)
    training = TrainingConfig(pretrain="next_days")
    assert RunConfig(DataConfig("log.csv"), training=training).training.pretrain == "next_days"
    with pytest.raises(UserError, match=r"no training\.pretrain .*history_days 0, got next_days"):
        RunConfig(data, training=training)


def test_a_class_s_missing_argument_is_named():
    with pytest.raises(UserError, match=r"expected arguments of Selective, got none for threshold"):
        ModelSpec(f"{__name__}.Selective").load()


def test_numpys_numbers_and_tuples_are_taken_and_kept_plain(tmp_path):
    models = ({"class_path": "churn.models.LightGBM", "init_args": {"num_leaves": np.int64(31)}},)
    data = DataConfig("events", features=("tenure",))
    config = RunConfig(data, models=models, evaluation=EvaluationConfig(repetitions=np.int64(9)))
    config.save(tmp_path / "config.yaml")
    assert RunConfig.stored(tmp_path) == config
    assert LightGBM(num_leaves=np.int64(31), learning_rate=np.float32(0.5)).arguments["learning_rate"] == 0.5


@pytest.mark.parametrize(("value", "kind"), [(np.float64(3), int), (np.True_, int), (True, float), ({}, list[int])])
def test_what_only_looks_like_a_number_or_a_list_is_refused(value, kind):
    with pytest.raises(UserError, match=r"in a\.key, got"):
        check("a.key", value, kind)


def test_a_path_is_no_text(refused):
    with refused("text in data.events", "PosixPath('log')", "correct it"):
        DataConfig(Path("log"))


@pytest.mark.parametrize("limit", [Range(0), Range(above=0), Range(most=0)])
def test_no_range_holds_infinity(limit):
    for number in (math.inf, -math.inf, math.nan):
        with pytest.raises(UserError, match=r"a\.key"):
            limit.check("a.key", number)


def test_what_yaml_cannot_write_is_left_to_the_class_that_takes_it():
    check_arguments(Path, {"args": 3})
    check("path", Path(), Path | None)


def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("data:\n  events: log\n  windows:\n    history_days: 7\n    history_days: 9\n")
    with pytest.raises(UserError, match=r"the key history_days is there twice.* line 5"):
        parse(["--config", str(path)], parser=run_parser())


def test_every_option_of_delimited_text_is_one_of_duckdb_s(tmp_path):
    from churn.data.sources import Engines

    names = "SELECT DISTINCT unnest(parameters) FROM duckdb_functions() WHERE function_name = 'read_csv'"
    with Engines() as engines:
        assert set(CSV_OPTIONS) <= {name for (name,) in engines.local.raw_sql(names).fetchall()}


@pytest.mark.slow
@pytest.mark.parametrize("key", ["data.events", "data.stickers", "data.members", "tuning.storage"])
@pytest.mark.parametrize("start", ["postgresql://", "postgresql:/", "postgresql//", "postgresql:///", "postgres:", ""])
def test_a_password_is_never_printed_or_stored(key, start, tmp_path, capsys):
    source = f"{start}ada:{SECRET}@db/shop" + ("::events" if key.startswith("data") else "")
    options = ["--data.events", str(tmp_path), f"--{key}", source, "--out", str(tmp_path / "run")]
    main(["run", *options])
    out, err = capsys.readouterr()
    stored = [path.read_text() for path in (tmp_path / "run").rglob("*") if path.is_file()]
    for text in (out, err, *stored):
        assert SECRET not in text
        assert "w/rd" not in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["simulate", "--seed", "-1"], "--seed of at least 0"),
        (["simulate", "--seed", str(2**70)], "--seed of at least 0"),
        (["simulate", "--dirt", "-5"], "--dirt of at least 0"),
        (["simulate", "--preset", "x"], "--preset out of small, study, large, got 'x'"),
        (["score", "--data.events", "x", "--run", "x", "--cutoff", "03/04/2024"], "a date for --cutoff"),
    ],
)
def test_an_option_outside_its_range_is_refused(arguments, says, tmp_path, capsys):
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_mistaken_key_is_said_without_loading_what_a_run_needs():
    script = "import sys; from churn.cli import main; code = main(sys.argv[1:]); print(code, *sys.modules)"
    arguments = ["run", "--data.events", "x", "--out", "x", "--evaluation.repetitions", "0"]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    code, *loaded = done.stdout.split()
    assert code == "2"
    assert not {"numpy", "pandas", "scipy", "sklearn", "optuna", "sqlalchemy", "duckdb", "ibis", "torch"} & set(loaded)


def test_a_configuration_of_a_user_s_own_is_never_replaced(tmp_path, refused):
    path, config = tmp_path / "config.yaml", RunConfig(DataConfig("events"))
    path.write_text("# my notes\ndata: {events: events}\n")
    with refused(f"no file of yours at {path}", "did not write", "move it"):
        config.save(path)
    assert path.read_text().startswith("# my notes")
    path.unlink()
    for language in ("en", "ko"):
        replace(config, language=language).save(path)
    assert RunConfig.stored(tmp_path).language == "ko"
