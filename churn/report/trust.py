"""Whether to trust the run: the artefacts' numbers against fixed bars, in words."""

from churn.report import fidelity
from churn.report.blocks import Check
from churn.report.run import Run
from churn.report.wording import FEW, count, decimal, decimals, known, listed, percent

LOOSE = 0.5  # R² of a surrogate below which it says nothing of the model
CLEAN, DIRTY = 0.01, 0.05  # shares of rejected rows


def on_target(run: Run, target: str) -> tuple[Check, ...]:
    """One verdict each on calibration, lift and explanations of a target; none where the split gives answers away."""
    found = _calibration(run, target), _lift(run, target), _fidelity(run, target)
    if run.manifest.get("split_kind") != "random":
        return found
    why = "The data were split at random, so the models had seen the days on which they were measured."
    return tuple(Check(check.question, "bad", "Cannot be told", why) for check in found)


def _calibration(run: Run, target: str) -> Check:
    question = "Do the probabilities mean what they say?"
    ece, band = run.metric(target, "ece"), run.metric(target, "ece_band")
    if ece is None or band is None or not known(band.high):
        return _unmeasured(question)
    detail = f"Calibration error {decimal(ece.value)}; perfect calibration would show {decimals(band.low, band.high)}."
    if ece.value <= band.high:
        return Check(question, "good", "Yes", detail)
    if ece.value <= 2 * band.high:
        return Check(question, "care", "Roughly", f"{detail} Read them as high, middle and low.")
    return Check(question, "bad", "No", f"{detail} Use the order of the users, not the percentages.")


def _lift(run: Run, target: str) -> Check:
    question = "Does the top of the ranking beat chance?"
    lift = run.metric(target, "lift_10")
    if lift is None:
        return _unmeasured(question)
    times = f"{decimal(lift.value, 2)} times the base rate {decimals(lift.low, lift.high, 2)}"
    detail = f"Its top tenth has {times}; chance has 1."
    if lift.low > 1:
        return Check(question, "good", "Yes", detail)
    if lift.value > 1:
        return Check(question, "care", "Perhaps", f"{detail} The interval holds 1.")
    return Check(question, "bad", "No", detail)


def _fidelity(run: Run, target: str) -> Check:
    question = "Do the explanations speak for the model?"
    surrogates = run.table("surrogates.csv", target)
    row = surrogates[surrogates["explained"].astype(bool)]
    if row.empty:
        return _unmeasured(question)
    r2, tenth, n = (float(row[name].iloc[0]) for name in ("r2", "top_tenth", "n_users"))
    detail = (
        f"The explained stand-in matches the scores with R² {decimal(r2, 2)} and {percent(tenth, 0)} of their top "
        f"tenth (n = {count(n)} held-out users)."
    )
    if not known(r2):
        return Check(question, "care", "Nothing to explain", fidelity.CONSTANT)
    if n < FEW:
        return Check(question, "care", "Unclear", f"{detail} Too few users to tell.")
    if r2 >= fidelity.floor(run):
        return Check(question, "good", "Yes", detail)
    return Check(question, "care", "In part", detail) if r2 >= LOOSE else Check(question, "bad", "No", detail)


def on_data(run: Run) -> Check:
    """The verdict on the rows that were rejected."""
    question = "Is the data sound?"
    tables = {name: counts for name, counts in run.manifest["reconciliation"].items() if counts.get("read")}
    if not tables:
        return _unmeasured(question)
    shares = {name: sum(counts["rejected"].values()) / counts["read"] for name, counts in tables.items()}
    detail = "Rows rejected: " + listed([f"{percent(share, 2)} of {name}" for name, share in shares.items()]) + "."
    worst = max(shares.values())
    if worst < CLEAN:
        return Check(question, "good", "Yes", detail)
    return Check(question, "care", "Mostly", detail) if worst < DIRTY else Check(question, "bad", "Doubtful", detail)


def _unmeasured(question: str) -> Check:
    return Check(question, "care", "Not measured", "The run holds no number for it.")
