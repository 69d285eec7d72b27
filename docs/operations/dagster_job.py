"""A night as a Dagster job of one partition a day: the list, delivered, and what came of the list of a week ago."""

import subprocess
from datetime import date, timedelta
from pathlib import Path

import dagster as dg

FOLDER = "/srv/churn"
DAYS = dg.DailyPartitionsDefinition(start_date="2024-01-01", timezone="Asia/Seoul")
ALARM = 3


def churn(context: dg.AssetExecutionContext, *arguments: str) -> int:
    """The exit code of a command: 0, or 3 for an alarm; any other fails the asset with its last line."""
    done = subprocess.run(
        ["churn", *arguments, "--log", "json"], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    for line in done.stderr.splitlines():
        context.log.info(line)
    if done.returncode not in (0, ALARM):
        raise dg.Failure(f"churn {arguments[0]} ended with {done.returncode}: {done.stderr.splitlines()[-1]}")
    return done.returncode


def cutoff(context: dg.AssetExecutionContext) -> date:
    """The first day that is not known: the one after the partition's."""
    return date.fromisoformat(context.partition_key) + timedelta(days=1)


@dg.asset(partitions_def=DAYS, retry_policy=dg.RetryPolicy(max_retries=2))
def scored(context: dg.AssetExecutionContext) -> None:
    """The list of a day."""
    day = str(cutoff(context))
    asked = ("--run", "runs/current", "--config", "churn.yaml", "--cutoff", day, "--out", f"lists/{day}")
    churn(context, "score", *asked)


@dg.asset(partitions_def=DAYS, deps=[scored], retry_policy=dg.RetryPolicy(max_retries=2))
def delivered(context: dg.AssetExecutionContext) -> None:
    """The list where the team works."""
    churn(context, "deliver", "--run", f"lists/{cutoff(context)}", "--config", "delivery.yaml")


@dg.asset(partitions_def=DAYS, deps=[delivered])
def followed(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """What came of the list of a week ago, once its last day is in the log."""
    day = cutoff(context) - timedelta(days=8)
    if not Path(FOLDER, "lists", str(day)).is_dir():
        return dg.MaterializeResult(metadata={"followed": False})
    code = churn(context, "outcomes", "--run", f"lists/{day}", "--config", "churn.yaml")
    return dg.MaterializeResult(metadata={"alarm": code == ALARM})


nightly = dg.define_asset_job("nightly", [scored, delivered, followed], partitions_def=DAYS)
defs = dg.Definitions(
    assets=[scored, delivered, followed],
    jobs=[nightly],
    schedules=[dg.build_schedule_from_partitioned_job(nightly, hour_of_day=3, minute_of_hour=30)],
)
