"""Models that leave: a run's chosen models as ONNX, with their calibrators, and what a caller has to give them."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn import __version__
from churn.artefacts import declared, write_text
from churn.data import AMOUNT, Dataset, Windows
from churn.errors import UserError
from churn.evaluation import Calibrator, chances
from churn.folder import claimed
from churn.language import marked, say, speaking
from churn.predicting import chosen_model, chosen_models
from churn.progress import step
from churn.replacement import together
from churn.runs import Run
from churn.scoring import check_finished

if TYPE_CHECKING:
    from churn.models import Classifier

CLOSE = 1e-6  # the most by which a chance of an exported model may be off
_COMPARED, _AT_ONCE = 10_000, 1_000  # windows
_README = "README.md"
_NEEDED = ("onnx", "onnxruntime", "onnxscript")
_KINDS = {
    "count": marked("events on the day"),
    "amount": marked("the sum of the amounts received on the day, in the log's currency"),
    "level": marked("the level on the day, as last reported"),
    "number": marked("the number in the member list, 0 where there is none"),
    "date": marked("days from the day's end to the date in the member list, below 0 once it is over; 0 for none"),
    "flag": marked("1 for yes, 0 for no"),
    "chance": marked("the chance by a text or picture, which no exported model reads: give 0"),
    "feature": marked("the feature of this name in `data.features`, at the end of the day"),
    "own": marked("your own feature, at the end of the day"),
}


@dataclass(frozen=True)
class Exported:
    """One exported model, and how near it comes to the run's own on windows of the run."""

    target: str
    model: str
    calibrator: str  # its kind
    file: str
    windows: int  # compared
    largest_difference: float

    @property
    def close(self) -> bool:
        """Whether every compared chance is the run's own to 1e-6."""
        return self.largest_difference <= CLOSE


def export(run: Path | str, out: Path | str) -> list[Exported]:
    """Write a run's chosen models as ONNX: a file per target, README.md and export.json.

    Each is the model that scores, calibrated; it reads raw histories and gives chances in double precision. It is
    compared with the run's own on up to 10,000 windows of the run.

    Args:
        run: The run's folder; models of a class of your own have to be `churn.models.allowing`.
        out: Where to write.

    Raises:
        UserError: if there is no finished run, a file of it is not as it was written, a model cannot be held by ONNX,
            or the extra `onnx` is not installed.
    """
    run, out = Path(run), Path(out)
    if lacking := [name for name in _NEEDED if find_spec(name) is None]:
        raise UserError("expected the extra of churn export", f"no {lacking[0]}", "pip install 'churn[onnx]'")
    check_finished(run, out)
    finished = Run(run)
    dataset = finished.dataset
    chosen = chosen_models(run / "models")
    files = [*(f"{target}.onnx" for target in chosen), _README, declared.EXPORT.file]
    with claimed(out, "an export"), together(out, [*_earlier(out, files), *files]) as scratch:
        found = [_written(dataset, run / "models", target, name, scratch) for target, name in chosen.items()]
        columns = list(_columns(dataset))
        with speaking(finished.config.language, finished.config.labels):
            write_text(
                "\n".join([*_told(dataset.windows, finished.config.data.zone, columns, found), ""]), scratch / _README
            )
        declared.EXPORT.write(_facts(run, out, dataset, columns, found), scratch)
    return found


def _earlier(out: Path, files: list[str]) -> list[str]:
    """The models of an earlier export that are no longer chosen, which give way with the rest."""
    return sorted(path.name for path in out.glob("*.onnx") if path.name not in files)


def _written(dataset: Dataset, models: Path, target: str, name: str, folder: Path) -> Exported:
    """Write one model, and compare it."""
    from torch.nn import Sequential

    from churn.evaluation import Calibration
    from churn.models import to_onnx

    step(f"{target} by {name}")
    model, calibrator = chosen_model(models, target, name, refitted=True)
    windows, file = dataset.windows, f"{target}.onnx"
    _check_numbers(dataset, model)
    program = Sequential(model.program(windows), Calibration(calibrator))
    content = to_onnx(program, days=windows.history_days, features=len(windows.features))
    (folder / file).write_bytes(content)
    few = windows.sample(_COMPARED)
    far = _largest_difference(content, model, calibrator, few, target=target, name=name)
    return Exported(target, name, calibrator.kind, file, len(few), far)


def _check_numbers(dataset: Dataset, model: "Classifier") -> None:
    """Raise a UserError for a model that reads texts or pictures, whose columns encoders of the run make."""
    encoded = {one.name for one in dataset.config.encoded}
    for source in model.sees(dataset.windows).sources:
        if source is not None and source.name in encoded:
            remedy = "leave it out of data.features, and run again"
            raise UserError("expected models that read numbers alone", f"{source.name}, a text or picture", remedy)


def _largest_difference(
    content: bytes, model: "Classifier", calibrator: Calibrator, windows: Windows, *, target: str, name: str
) -> float:
    """The largest difference of the chances by onnxruntime from the run's own."""
    import onnxruntime

    session, far = onnxruntime.InferenceSession(content), 0.0
    for begin in range(0, len(windows), _AT_ONCE):
        part = windows.take(np.arange(begin, min(begin + _AT_ONCE, len(windows))))
        (p,) = session.run(None, {"history": part.history()})
        own = calibrator(chances(model, part, target=target, name=name).mean(axis=0))
        far = max(far, float(np.abs(p - own).max()))
    return far


def _columns(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """Each column of a day: its name, its kind, where it comes from, and whether a history has one value of it."""
    windows, kinds = dataset.windows, {one.name: one.kind for one in dataset.vocabulary.attributes}
    for name, source, constant in zip(windows.features, windows.sources, windows.constant, strict=True):
        if source is None:
            kind, of = "amount" if name == AMOUNT else "count", None
        else:
            further = (
                "level" if source.name in dataset.vocabulary.levels else "own" if "." in source.name else "feature"
            )
            kind = "flag" if source.reason == "yes or no" else kinds.get(source.name, further)
            of = source.name
        yield {"name": name, "kind": kind, "of": of, "constant": bool(constant)}


def _facts(
    run: Path, out: Path, dataset: Dataset, columns: list[dict[str, Any]], found: list[Exported]
) -> dict[str, Any]:
    windows = dataset.windows
    return {
        "run": os.path.relpath(run.resolve(), out.resolve()),
        "version": __version__,
        "zone": dataset.config.zone,
        **{name: getattr(windows, name) for name in ("history_days", "horizon_days", "lead_days")},
        "features": columns,
        "attributes": [asdict(one) for one in dataset.vocabulary.attributes],
        "models": [asdict(one) | {"input": "history", "output": "p"} for one in found],
    }


def _told(windows: Windows, zone: str, columns: list[dict[str, Any]], found: list[Exported]) -> Iterator[str]:
    """The lines of the README."""
    yield "# " + say("Models of a run as ONNX") + "\n"
    for one in found:
        told = {"file": one.file, "target": one.target, "model": one.model, "calibrator": one.calibrator}
        yield "- " + say(
            "`{file}`: the chance of {target} by {model}, calibrated ({calibrator}). Largest difference from the run's "
            "own on {n} windows: {far}.",
            **{**told, "n": f"{one.windows:,}", "far": f"{one.largest_difference:.1e}"},
        )
    sizes = {"days": windows.history_days, "columns": len(columns), "zone": zone}
    yield "\n" + say(
        "Input `history`: float32, (n, {days}, {columns}): n users, each with the {days} days before the cutoff, the "
        "oldest first, and {columns} columns in the order below, as raw numbers: the scaling is inside. Output `p`: "
        "float64, (n,).",
        **sizes,
    )
    yield "\n" + say(
        "A day lasts from midnight to midnight in {zone}, and the cutoff is the first day that is not known. A day on "
        "which nothing happened has 0 in every count. A constant column has its value of the last day on all days.",
        **sizes,
    )
    yield "\n" + say(
        "The name of a count begins with `own` for what the user does in the own room, `fan` for what others do there, "
        "and `away` for what the user does in another's room; further types of events count together as `other`."
    )
    yield "\n" + say("`export.json` says this to programs, with the levels of attributes that were known in training.")
    head = (say("column"), say("what it holds"), say("constant"))
    yield f"\n| | {' | '.join(head)} |\n|--:|---|---|---|"
    for place, column in enumerate(columns):
        constant = say("yes") if column["constant"] else ""
        yield f"| {place} | `{column['name']}` | {say(_KINDS[column['kind']])} | {constant} |"
