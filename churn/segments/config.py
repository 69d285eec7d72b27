"""The `segments:` block: who is put on the list, by which score, and what contacting them costs."""

from dataclasses import dataclass, field
from math import isfinite
from typing import Literal, get_args

from churn.errors import UserError

Rule = Literal["quantile", "number", "profit"]
RankBy = Literal["priority", "p_churn", "value_at_risk", "expected_loss"]


@dataclass(frozen=True)
class BudgetConfig:
    """What contacting a user costs and brings, in one currency.

    Args:
        contact_cost: Of contacting one user, whatever comes of it.
        save_rate: Share of those who would churn whom the contact keeps. Without it nothing is said of profit.
        incentive: Paid to contacted users who stay: to those whom the contact kept, and to `uptake` of the others.
        uptake: Share of those who would have stayed anyway that take the incentive all the same. 1 is the cautious
            choice, and true of a discount that everyone contacted gets; 0 of one that is paid to returners alone.
        value: What keeping a user is worth. By default P(sticker | stays) × the expected amount, which is what the user
            would give in the horizon if it were one sticker; 1 for a log without stickers.
    """

    contact_cost: float = 0.0
    save_rate: float | None = None
    incentive: float = 0.0
    uptake: float = 1.0
    value: float | None = None

    def __post_init__(self) -> None:
        """Raises UserError for a negative cost or value, a share outside [0, 1], and costs without a save rate."""
        for name in ("contact_cost", "incentive", "value"):
            found = getattr(self, name)
            if found is not None and not (isfinite(found) and found >= 0):
                raise UserError(f"expected segments.budget.{name} of at least 0", found, "correct it")
        for name in ("save_rate", "uptake"):
            if (share := getattr(self, name)) is not None and not 0 <= share <= 1:
                raise UserError(f"expected segments.budget.{name} from 0 to 1", share, "correct it")
        if self.save_rate is None and (self.contact_cost or self.incentive or self.value is not None):
            raise UserError(
                "expected segments.budget.save_rate with the other keys of segments.budget", "none", "set it"
            )

    @property
    def known(self) -> bool:
        """Whether there is a budget to plan by."""
        return self.save_rate is not None


@dataclass(frozen=True)
class GroupConfig:
    """Which groups of like behaviour are looked for.

    Args:
        max: Groups, at most; 1 looks for none.
    """

    max: int = 8

    def __post_init__(self) -> None:
        """Raises UserError for less than one group."""
        if self.max < 1:
            raise UserError("expected segments.groups.max of at least 1", self.max, "raise it")


@dataclass(frozen=True)
class AnomalyConfig:
    """Who is listed for departing from the own past.

    Args:
        number: Users, at most; 0 lists nobody.
        least: The least departure of some count that is listed, in standard deviations of the user's own weeks.
    """

    number: int = 20
    least: float = 3.0

    def __post_init__(self) -> None:
        """Raises UserError for a number or a departure under 0."""
        for name in ("number", "least"):
            if not (found := getattr(self, name)) >= 0:
                raise UserError(f"expected segments.anomalies.{name} of at least 0", found, "correct it")


@dataclass(frozen=True)
class ControlConfig:
    """Whom not to contact, though they are on the list.

    Args:
        share: Of the list's users. 0 holds nobody back; else at least one is held back and at least one contacted.
        seed: Of the lot.
    """

    share: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises UserError for a share outside [0, 1)."""
        if not 0 <= self.share < 1:
            raise UserError("expected segments.control.share from 0 to under 1", self.share, "correct it")


@dataclass(frozen=True)
class SegmentConfig:
    """How users are divided.

    Args:
        rule: What sets the size of the list. `quantile`: a share of the users; `number`: so many users, which is a
            budget; `profit`: as many as bring the most expected profit by `budget`, which may be nobody.
        quantile: The share of users below the priority segment: .9 puts the top tenth on the list.
        number: Users that can be contacted. Where there are fewer, all are on the list. With another rule it is what
            the plan compares its best size with.
        rank_by: The score that orders the list. `priority`: p_churn × p_sticker; `p_churn`, which earns most where
            every user kept is worth the same; `value_at_risk`: p_churn × P(sticker | stays); `expected_loss`: that ×
            the expected amount.
        likely_churn: The p_churn from which a user outside the segment counts as a likely churner.
        before_days: Days before the history that comparisons look back on.
        minimum_cell: Users under which a group's figures are greyed.
        budget: Costs and worth of a contact.
        groups: Groups of like behaviour.
        anomalies: Users who depart from their own past.
        control: Users of the list who are held back by lot, so that `churn outcomes` can tell what a contact changes.
        id_key: A file with a secret, made where there is none. With it, every list and scores.parquet hold hashes of
            the ids (HMAC-SHA256), and ids.csv beside the file tells whose. It must lie outside the run's folder.
    """

    quantile: float = 0.9
    likely_churn: float = 0.5
    before_days: int = 28
    minimum_cell: int = 30
    rule: Rule = "quantile"
    number: int | None = None
    rank_by: RankBy = "priority"
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    groups: GroupConfig = field(default_factory=GroupConfig)
    anomalies: AnomalyConfig = field(default_factory=AnomalyConfig)
    control: ControlConfig = field(default_factory=ControlConfig)
    id_key: str | None = None

    def __post_init__(self) -> None:
        """Raises UserError for a value that there is not, and for a rule that lacks what it needs."""
        for name in ("quantile", "likely_churn"):
            if not 0 < (share := getattr(self, name)) < 1:
                raise UserError(f"expected segments.{name} between 0 and 1", share, "correct it")
        for name, kinds in (("rule", get_args(Rule)), ("rank_by", get_args(RankBy))):
            if (found := getattr(self, name)) not in kinds:
                raise UserError(f"expected segments.{name} out of {', '.join(kinds)}", repr(found), "correct it")
        if self.number is not None and self.number < 1:
            raise UserError("expected segments.number of at least 1", self.number, "raise it")
        if self.rule == "number" and self.number is None:
            raise UserError("expected segments.number with segments.rule: number", "none", "say how many users")
        if self.rule == "profit" and not self.budget.known:
            remedy = "set segments.budget.contact_cost and segments.budget.save_rate"
            raise UserError("expected segments.budget with segments.rule: profit", "none", remedy)
