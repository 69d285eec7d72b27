"""The folder of a list: one of a finished `churn run` or `churn score`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from churn.artefacts import check_hashes, declared
from churn.configuration import STORED
from churn.errors import UserError
from churn.folder import completed
from churn.journal import Journal


def list_in(folder: Path) -> tuple[Path, Mapping[str, Any]]:
    """The run whose models drew the list of a folder, and the facts of its segment.

    Raises:
        UserError: if it is not such a folder, or the files of its list are not as they were written.
    """
    completed(folder, "scores")
    scoring = declared.SCORING.read(folder) if (folder / declared.SCORING.file).exists() else None
    run = folder / str(scoring["run"]) if scoring else folder
    journal = Journal.resume(run)
    if "score_users" not in journal.done or not (folder / declared.SCORES.file).exists():
        raise UserError(f"expected a finished run or scoring in {folder}", "no scores", "finish it: churn run")
    journal.check(STORED)
    segment: Mapping[str, Any] = (scoring or journal.content)["segment"]
    check_hashes(folder, segment["sha256"])
    return run, segment
