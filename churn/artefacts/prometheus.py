"""The numbers of a run, a scoring or its outcomes for Prometheus, in the text that a node exporter collects."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from churn.artefacts import declared
from churn.artefacts.writing import write_text

_Sample = tuple[str, dict[str, str], float]
HELP = {
    "churn_finished_timestamp_seconds": "Moment at which the command ended well.",
    "churn_cutoff_timestamp_seconds": "First day that the list does not know.",
    "churn_stage_seconds": "Seconds that a stage took.",
    "churn_stage_peak_memory_bytes": "Most memory that the process had held by the end of a stage.",
    "churn_stage_rows": "Rows, windows or users that a stage tells of.",
    "churn_rows": "Rows of a table that was read, by their fate.",
    "churn_rows_read": "Rows of a table that were read.",
    "churn_users": "Users who were scored, are on the list, or are held back.",
    "churn_warnings": "Warnings, which the command printed.",
    "churn_alarms": "Alarms of churn outcomes.",
}


def write_metrics(told: Mapping[str, Any], folder: Path) -> None:
    """Write metrics.prom from the facts of a manifest.json, scoring.json or outcomes.json.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_metrics({"alarms": []}, folder)
        >>> (folder / "metrics.prom").read_text().splitlines()[-1]
        'churn_alarms 0.0'
    """
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry, gauges = CollectorRegistry(), {}
    for name, labels, value in _samples(told):
        if name not in gauges:
            gauges[name] = Gauge(name, HELP[name], [*labels], registry=registry)
        (gauges[name].labels(**labels) if labels else gauges[name]).set(value)
    write_text(generate_latest(registry).decode(), folder / declared.METRICS)


def _samples(told: Mapping[str, Any]) -> Iterator[_Sample]:
    yield "churn_finished_timestamp_seconds", {}, time.time()
    for stage in told.get("stages", ()):
        yield "churn_stage_seconds", {"stage": stage["name"]}, stage["seconds"]
        yield "churn_stage_peak_memory_bytes", {"stage": stage["name"]}, stage["peak_memory_mb"] * 2**20
        for name, n in stage.get("rows", {}).items():
            yield "churn_stage_rows", {"stage": stage["name"], "of": name}, n
    for table, counts in told.get("reconciliation", {}).items():
        yield "churn_rows_read", {"table": table}, counts["read"]
        fates = {"used": counts["used"], "non-member": counts["non_members"], **counts["rejected"]}
        for fate, n in fates.items():
            yield "churn_rows", {"table": table, "fate": fate}, n
    if segment := told.get("segment"):
        day = datetime.fromisoformat(str(segment["cutoff"])).replace(tzinfo=UTC)
        yield "churn_cutoff_timestamp_seconds", {}, day.timestamp()
        held_back = segment["control"]["held_back"]
        for state, n in {"scored": segment["scored"], "listed": segment["listed"], "held back": held_back}.items():
            yield "churn_users", {"state": state}, n
    for name in ("warnings", "alarms"):
        if isinstance(found := told.get(name), Sequence):
            yield f"churn_{name}", {}, len(found)
