"""The `verdicts:` block: which questions are asked, and at what expense."""

from dataclasses import dataclass, field

from churn.errors import UserError
from churn.language import marked

QUESTIONS = {
    "order": marked("Does the order of days matter?"),
    "split": marked("What would a random split have pretended?"),
    "history": marked("How many days of history are enough?"),
    "horizon": marked("What does a shorter or longer horizon change?"),
    "collinear": marked("Do the collinear columns matter?"),
    "architecture": marked("Do scaling, layers and the kind of network matter?"),
}


@dataclass(frozen=True)
class VerdictConfig:
    """Which questions are answered with fresh fits, and how.

    Args:
        ask: Out of `order`: does the order of days matter; `split`: what would a random split have pretended;
            `history`: how many days of history are enough; `horizon`: what does a shorter or longer horizon change;
            `collinear`: do the columns matter that others say already;
            `architecture`: do scaling, layers and kind of network matter (thirty fits a target, so on request).
        windows: Windows that a fit learns from at most, and that it is measured on; a quarter as many to stop early on.
        seeds: Fits per variant, whose probabilities are averaged.
        repetitions: Resamples of the users behind each interval.
        histories: Lengths of history to compare, in days, beside `windows.history_days`.
        horizons: Horizons to compare, in days, beside `windows.horizon_days`.
    """

    ask: list[str] = field(default_factory=lambda: ["order", "split", "history", "horizon", "collinear"])
    windows: int = 20_000
    seeds: int = 1
    repetitions: int = 200
    histories: list[int] = field(default_factory=lambda: [3, 7, 14, 28])
    horizons: list[int] = field(default_factory=lambda: [3, 7, 14])

    def __post_init__(self) -> None:
        """Raises UserError for a question that there is not, and for a number that is too small."""
        for name in self.ask:
            if name not in QUESTIONS:
                raise UserError(f"expected verdicts.ask out of {', '.join(QUESTIONS)}", repr(name), "correct the name")
        for name, least in (("windows", 100), ("seeds", 1), ("repetitions", 1)):
            if (number := getattr(self, name)) < least:
                raise UserError(f"expected verdicts.{name} of at least {least}", number, "raise it")
        for name in ("histories", "horizons"):
            if (days := min(getattr(self, name), default=1)) < 1:
                raise UserError(f"expected verdicts.{name} of at least 1 day each", days, "raise it")
