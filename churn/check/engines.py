"""The certificate of an engine: that it counts as the default one does, or the first values in which it does not."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from churn import __version__
from churn.artefacts import declared
from churn.data import DataConfig, Engines, difference, odd_log, sample_of, without_password
from churn.disk import temporary_folder
from churn.folder import claimed
from churn.language import say
from churn.progress import progress

OWN = "own"  # the log of the configuration; others are called by their seeds


def verify_engine(url: str, config: DataConfig, *, out: Path, logs: int, rows: int, seed: int) -> dict[str, Any]:
    """Count a configuration's tables and generated logs on an engine and on the default one, and certify the result.

    Args:
        url: The engine's URL, such as sc://host:15002, without a table.
        config: The `data:` block.
        out: The folder of the certificate.
        logs: The number of generated logs.
        rows: The rows of the configuration's log that are counted, about; they are all of some users.
        seed: The seed of the first generated log.

    Returns:
        The certificate.

    Raises:
        UserError: if the engine cannot be reached or does not count in place, or a source cannot be read.
    """
    with claimed(out, "a certificate"), temporary_folder() as folder, Engines(folder / "spilled") as engines:
        engine = engines.counting(url)
        tried = []
        for name, block, tables in _logs(config, rows, range(seed, seed + logs), folder):
            with progress(f"log {name}"):
                found = difference(block, tables, engine=engine, folder=folder / name)
            told = None if found is None else json.loads(json.dumps(asdict(found), default=str))
            tried.append({"log": name, "rows": sum(map(len, tables.values())), "difference": told})
        certificate = {
            "engine": without_password(url.partition("::")[0]),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": {"churn": __version__, engine.name: str(engine.version)} | _installed(),
            "equal": all(one["difference"] is None for one in tried),
            "logs": tried,
        }
        declared.CERTIFICATE.write(certificate, out)
    return certificate


def summary(certificate: dict[str, Any]) -> str:
    """The certificate in a line, and one more for each log that is counted differently."""
    tried, places = certificate["logs"], {"engine": certificate["engine"]}
    equal = [one for one in tried if one["difference"] is None]
    rows = sum(one["rows"] for one in equal)
    line = say(
        "{n:,} of {every:,} logs with {rows:,} rows are counted on {engine} as on the default engine, value by value.",
        n=len(equal),
        every=len(tried),
        rows=rows,
        **places,
    )
    return "\n".join([line, *(_told(one) for one in tried if one["difference"] is not None)])


def _told(one: dict[str, Any]) -> str:
    found = one["difference"]
    return say(
        "Log {log} first differs at {place}: {default} on the default engine, {engine} on the other.",
        log=one["log"],
        place=", ".join(found["place"]),
        default=found["default"],
        engine=found["engine"],
    )


def _logs(
    config: DataConfig, rows: int, seeds: range, folder: Path
) -> Iterator[tuple[str, DataConfig, dict[str, pa.Table]]]:
    with progress("read"):
        own = sample_of(config, rows=rows, spill=folder / "sampled")
    yield OWN, config, own
    for seed in seeds:
        tables, keys = odd_log(seed)
        yield str(seed), DataConfig(**keys), tables


def _installed() -> dict[str, str]:
    return {name: version(name) for name in ("duckdb", "ibis-framework")}
