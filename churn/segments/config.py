"""The `segments:` block: who is put on the list, by which score, and what contacting them costs."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from churn.errors import UserError
from churn.keys import Block, Days, ProperShare, Range, Seed, Share
from churn.offers import OfferConfig

Rule = Literal["quantile", "number", "profit"]
RankBy = Literal["priority", "p_churn", "value_at_risk", "expected_loss"]  # the first that no other beats is chosen
Asked = Literal["best", RankBy]
Money = Annotated[float, Range(0, 1_000_000_000_000)]


@dataclass(frozen=True)
class BudgetConfig(Block, key="segments.budget"):
    """The costs of contacting a user and the worth of keeping one, in one currency.

    Args:
        contact_cost: Of contacting one user, whatever comes of it.
        save_rate: Share of would-be churners whom the contact keeps. Without it nothing is said of profit.
        incentive: Paid to contacted users who stay: to users whom the contact kept, and to `uptake` of the others.
        uptake: Share of the users who would have stayed anyway that take the incentive too. 1 is the cautious
            choice, and true of a discount that everyone contacted gets; 0 of one that is paid to returners alone.
        value: What keeping a user is worth. By default P(sticker | stays) × the expected amount, which is what the user
            would give in the horizon if it were one sticker; 1 for a log without stickers.
    """

    contact_cost: Money = 0.0
    save_rate: Share | None = None
    incentive: Money = 0.0
    uptake: Share = 1.0
    value: Money | None = None

    def __post_init__(self) -> None:
        """Raises UserError for a value outside its range, and for costs without a save rate."""
        super().__post_init__()
        if self.save_rate is None and (self.contact_cost or self.incentive or self.value is not None):
            raise UserError(
                "expected segments.budget.save_rate with the other keys of segments.budget", "none", "set it"
            )

    @property
    def known(self) -> bool:
        """Whether there is a budget to plan by."""
        return self.save_rate is not None


@dataclass(frozen=True)
class GroupConfig(Block, key="segments.groups"):
    """The search for groups of like behaviour.

    Args:
        max: Groups, at most; 1 looks for none.
    """

    max: Annotated[int, Range(1, 50)] = 8


@dataclass(frozen=True)
class AnomalyConfig(Block, key="segments.anomalies"):
    """The list of users who depart from their own past.

    Args:
        number: Users, at most; 0 lists nobody.
        least: The least departure of some count that is listed, in standard deviations of the user's own weeks.
    """

    number: Annotated[int, Range(0, 1_000_000)] = 20
    least: Annotated[float, Range(0, 1_000)] = 3.0


@dataclass(frozen=True)
class ControlConfig(Block, key="segments.control"):
    """The control group: users of the list who are not contacted.

    Args:
        share: Of the list's users. 0 holds nobody back; else at least one is held back and at least one contacted.
        seed: Of the random draw.
    """

    share: Annotated[float, Range(0, below=1)] = 0.0
    seed: Seed = 0


@dataclass(frozen=True)
class SegmentConfig(Block, key="segments"):
    """The list of users to contact: its size, its order and its control group.

    Args:
        rule: What sets the size of the list. `quantile`: a share of the users; `number`: that number of users, a
            budget; `profit`: as many as bring the most expected profit by `budget`, which may be nobody. By default
            `profit` where a budget is known, else `quantile`.
        quantile: The share of users below the priority segment: .9 puts the top tenth on the list.
        number: Users that can be contacted. Where there are fewer, all are on the list. With another rule it is what
            the plan of the budget compares its best size with.
        rank_by: The score that orders the list. `best`: the one whose lists did best on validation by observed
            outcomes; `priority`: p_churn × p_sticker; `p_churn`, which earns most where users do not differ in worth;
            `value_at_risk`: p_churn × P(sticker | stays); `expected_loss`: that × the expected amount.
        likely_churn: The p_churn from which a user outside the segment counts as a likely churner. By default the mean
            p_churn of the scored users, .5 at least: more likely than not, and than usual.
        before_days: Days before the history that comparisons look back on.
        minimum_cell: Users under which a group's figures are greyed.
        budget: Costs and worth of a contact.
        groups: Groups of like behaviour.
        anomalies: Users who depart from their own past.
        offers: Activities that each user may like to join next.
        control: Users of the list held back at random, so that `churn outcomes` can tell what a contact changes.
        id_key: A file with a secret, made where there is none. With it, every file of the run but dataset/ and
            quarantine.parquet holds hashes of the ids (HMAC-SHA256), and ids.csv beside the secret tells whose. It must
            lie outside the run's folder.
    """

    quantile: ProperShare = 0.9
    likely_churn: ProperShare | None = None
    before_days: Days = 28
    minimum_cell: Annotated[int, Range(1, 1_000_000)] = 30
    rule: Rule | None = None
    number: Annotated[int, Range(1, 1_000_000_000)] | None = None
    rank_by: Asked = "best"
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    groups: GroupConfig = field(default_factory=GroupConfig)
    anomalies: AnomalyConfig = field(default_factory=AnomalyConfig)
    offers: OfferConfig = field(default_factory=OfferConfig)
    control: ControlConfig = field(default_factory=ControlConfig)
    id_key: str | None = None

    def __post_init__(self) -> None:
        """Raises UserError for a value outside its range, and for a rule without the keys that it needs."""
        super().__post_init__()
        if self.rule == "number" and self.number is None:
            raise UserError("expected segments.number with segments.rule: number", "none", "say how many users")
        if self.rule == "profit" and not self.budget.known:
            remedy = "set segments.budget.contact_cost and segments.budget.save_rate"
            raise UserError("expected segments.budget with segments.rule: profit", "none", remedy)
        if self.number is not None and self.rule != "number" and not self.budget.known:
            expected = f"expected segments.budget where segments.number stands beside segments.rule: {self.ending}"
            raise UserError(expected, f"number: {self.number} alone", "set segments.rule: number, or drop the number")

    @property
    def ending(self) -> Rule:
        """The rule that ends the list: the one configured, else the most profit where a budget is known, or a share.

        Example:
            >>> SegmentConfig().ending, SegmentConfig(budget=BudgetConfig(save_rate=0.3)).ending
            ('quantile', 'profit')
        """
        return self.rule or ("profit" if self.budget.known else "quantile")

    @property
    def order(self) -> RankBy:
        """The score that orders the list.

        Raises:
            UserError: for `best`, as which only a run knows a score.
        """
        if self.rank_by == "best":
            raise UserError("expected a score in segments.rank_by", "best, which a run chooses", "name a score")
        return self.rank_by
