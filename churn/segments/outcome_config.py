"""The `outcomes:` block: what `churn outcomes` compares with, and from when on it alarms."""

from dataclasses import dataclass, field

from churn.errors import UserError


@dataclass(frozen=True)
class AlarmConfig:
    """From when on `churn outcomes` alarms. Null switches an alarm off; none goes off for what chance explains.

    Args:
        psi: Population stability index of a feature or score, less what chance alone would show, above which it alarms.
        ece: Expected calibration error since, above which it alarms, if it is also above a calibrated forecast's band.
        calibration_gap: Distance of the mean forecast from the rate that came, above which it alarms, if the forecast
            is also outside the rate's interval.
        jaccard: Agreement of two lists among the users at risk both times, users on both / users on either, below which
            it alarms.
    """

    psi: float | None = 0.25
    ece: float | None = 0.1
    calibration_gap: float | None = 0.05
    jaccard: float | None = 0.1

    def __post_init__(self) -> None:
        """Raises UserError for a threshold that no value could pass."""
        for name in ("psi", "ece", "calibration_gap", "jaccard"):
            found, most = getattr(self, name), float("inf") if name == "psi" else 1.0
            if found is not None and not 0 <= found <= most:
                span = "of at least 0" if name == "psi" else "from 0 to 1"
                raise UserError(f"expected outcomes.alarms.{name} {span}", found, "correct it, or write null")


@dataclass(frozen=True)
class OutcomeConfig:
    """How a list is followed up.

    Args:
        contacted: A table with a column user_id (CSV or parquet): who was really contacted.
        previous: Another folder of `churn run` or `churn score`, whose list this one is compared with; by default the
            list that the same models make a week later.
        alarms: From when on to alarm.
        repetitions: Bootstrap samples of users behind the intervals of log loss, Brier score and calibration error.
    """

    contacted: str | None = None
    previous: str | None = None
    alarms: AlarmConfig = field(default_factory=AlarmConfig)
    repetitions: int = 500

    def __post_init__(self) -> None:
        """Raises UserError for no repetitions."""
        if self.repetitions < 1:
            raise UserError("expected outcomes.repetitions of at least 1", self.repetitions, "raise it")
