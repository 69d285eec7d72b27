"""`churn verify-engine`: the certificate of an engine."""

from dataclasses import replace

import ibis
import pandas as pd
import pytest

from churn.artefacts import declared
from churn.cli import main
from churn.commands import ALARM
from churn.data import DataConfig, difference, example_frames, odd_log, sample_of
from churn.data.log import dialects

pytestmark = pytest.mark.slow


@pytest.fixture
def config(tmp_path):
    for name, frame in example_frames(30, n_days=40).items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    sources = "\n".join(f"  {name}: {tmp_path}/{name}.parquet" for name in ("events", "stickers", "members"))
    (tmp_path / "churn.yaml").write_text(f"data:\n{sources}\n  zone: America/New_York\n")
    return tmp_path / "churn.yaml"


def verified(url, config, *options):
    out = config.parent / "certificate"
    code = main(["verify-engine", url, "--config", str(config), "--out", str(out), "--logs", "2", *options])
    return code, declared.CERTIFICATE.read(out)


@pytest.mark.parametrize("where", ["postgres", "sail"])
def test_an_engine_that_counts_alike_gets_a_certificate(where, config, request, capsys):
    url = request.getfixturevalue(f"{where}_url")
    code, certificate = verified(url, config)
    assert code == 0 and certificate["equal"]
    assert [one["log"] for one in certificate["logs"]] == ["own", "0", "1"]
    assert certificate["logs"][0]["rows"] == sum(map(len, example_frames(30, n_days=40).values()))
    assert {"churn", "duckdb", "ibis-framework"} < set(certificate["versions"])
    said = capsys.readouterr().out
    assert "3 of 3 logs" in said and "value by value" in said
    assert "s3cret" not in said + (config.parent / "certificate" / "certificate.json").read_text()


def test_the_first_value_that_differs_is_told_and_the_exit_code_is_that_of_an_alarm(
    config, postgres_url, capsys, monkeypatch
):
    without_zones = replace(dialects.DIALECTS["postgres"], local_time=lambda when, zone: when)
    monkeypatch.setitem(dialects.DIALECTS, "postgres", without_zones)
    code, certificate = verified(postgres_url, config)
    assert code == ALARM and not certificate["equal"]
    found = certificate["logs"][0]["difference"]
    assert found["place"][0] in ("day", "first_day") and found["default"] != found["engine"]
    assert "Log own first differs at" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["sqlite:///log.sqlite", "duckdb:///log.db", "churn"])
def test_an_engine_that_does_not_count_is_refused(url, config, capsys):
    code = main(["verify-engine", url, "--config", str(config), "--out", str(config.parent / "no")])
    assert code == 2
    assert "a URL that begins with postgresql://, postgres://, sc://" in capsys.readouterr().err


def test_a_sample_has_all_rows_of_its_users(config, tmp_path):
    frames = example_frames(30, n_days=40)
    block = DataConfig(**{name: str(tmp_path / f"{name}.parquet") for name in frames})
    drawn = sample_of(block, rows=600, spill=tmp_path / "spilled")
    rows, every = (
        table.user_id.value_counts().sort_index() for table in (drawn["events"].to_pandas(), frames["events"])
    )
    assert 100 < rows.sum() < 1_500 < every.sum()
    pd.testing.assert_series_equal(rows, every[rows.index])
    assert set(drawn["stickers"].to_pandas().user_id) <= set(rows.index)


def test_rows_that_only_one_engine_has_are_told_by_user_day_and_column(tmp_path):
    tables, keys = odd_log(1)
    other, engine = dict(tables), ibis.duckdb.connect()
    assert difference(DataConfig(**keys), tables, engine=engine, folder=tmp_path / "same") is None

    class Fewer:
        """An engine that loses a row of each table."""

        def create_table(self, name, table, *, temp):
            return engine.create_table(name, table.slice(1), temp=temp)

    found = difference(DataConfig(**keys), other, engine=Fewer(), folder=tmp_path / "fewer")
    assert found.place == ("events", "read") and found.default == found.engine + 1


def test_generated_logs_are_those_of_their_seed():
    (one, keys), (same, again), (another, _) = (odd_log(seed) for seed in (3, 3, 4))
    assert one == same and keys == again and one["events"] != another["events"]
