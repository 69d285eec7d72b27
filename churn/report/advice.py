"""The page's first sentences: what to do with the list, and why."""

from churn.language import say, say_many
from churn.report import earnings
from churn.report.listing import RANKS
from churn.report.trust import WORKS, found_of_list, rates_of_list, sides_of_list
from churn.report.wording import count, decimal, money
from churn.runs import Run
from churn.statistics import Interval


def advice(run: Run) -> str:
    """What to do with the list, what would earn more, and whether it will be known that calls work."""
    listed = len(run.priority)  # without those who are held back
    if not listed:
        return _nobody(run)
    profit = earnings.profit(run)
    said = _without_costs(run, listed) if profit is None else _with_costs(run, listed, profit)
    return " ".join(filter(None, [said, _instead(run, profit), _held_back(run)]))


def _nobody(run: Run) -> str:
    plan = earnings.plan_of(run)
    if plan is not None and not plan["best"]:
        return say("Call nobody: no number of calls is expected to earn what it costs.")
    return say("Nobody is on the list, so there is nobody to call.")


def _with_costs(run: Run, listed: int, profit: Interval) -> str:
    past, found = earnings.as_past_lists(run), found_of_list(run)
    if profit.value <= 0:
        return _at_a_loss(found, money(-profit.value))
    earned = money(profit.value)
    if found in ("same", "worse"):
        return say(
            "Do not call this list yet: its chances promise a profit of {earned}, but past lists were not clearly "
            "better than a list drawn by lot.",
            earned=earned,
        )
    if past is not None and past.value <= 0:
        return say(
            "Do not call this list yet: its chances promise a profit of {earned}, but if as many fall silent as on "
            "past lists, calling it earns {past}.",
            earned=earned,
            past=money(past.value),
        )
    if found in WORKS:
        return say_many(
            "Call the one user on the list: the expected profit is {earned}.",
            "Call the {n} users on the list: the expected profit is {earned}.",
            listed,
            earned=earned,
        )
    return say_many(
        "Call the one user on the list only if you trust the chances: the expected profit is {earned}, but past lists "
        "cannot show whether the list finds the right people.",
        "Call the {n} users on the list only if you trust the chances: the expected profit is {earned}, but past lists "
        "cannot show whether the list finds the right people.",
        listed,
        earned=earned,
    )


def _at_a_loss(found: str, loss: str) -> str:
    if found in ("same", "worse"):
        return say(
            "Do not call this list: calling it is expected to lose {loss}, and past lists were not clearly better than "
            "a list drawn by lot.",
            loss=loss,
        )
    return say("Do not call this list: calling it is expected to lose {loss}.", loss=loss)


def _without_costs(run: Run, listed: int) -> str:
    found = found_of_list(run)
    if found == "better":
        return _first(run, listed)
    if found == "slight":
        return _hardly(run, listed)
    if found == "mixed":
        return _in_part(run, listed)
    if found in ("same", "worse"):
        return say(
            "Do not choose by this list whom to call: past lists were not clearly better than a list drawn by lot."
        )
    return say_many(
        "Whether the one user on the list is the right one to call is not known.",
        "Whether the {n} users on the list are the right ones to call is not known.",
        listed,
    )


def _first(run: Run, listed: int) -> str:
    """The advice to call a list that beat one drawn by lot; without costs nobody knows its earnings, which is said."""
    said = say_many(
        "Call the one user on the list first: past lists found the right people.",
        "Call the {n} users on the list first: past lists found the right people.",
        listed,
    )
    if earnings.plan_of(run) is not None:
        return said
    unknown = say("What that earns is not known, since the run was told no costs.")
    return f"{said} {unknown}"


def _hardly(run: Run, listed: int) -> str:
    """What a list is good for that beat one drawn by lot by so little that it matters to nobody."""
    lift = max(rate.value / everyone.value for rate, everyone in rates_of_list(run) if everyone.value)
    return say_many(
        "The one user on the list is hardly better to call than any other: past lists found the right people {lift} "
        "times as often as a list drawn by lot.",
        "The {n} users on the list are hardly better to call than any others: past lists found the right people {lift} "
        "times as often as a list drawn by lot.",
        listed,
        lift=decimal(lift, 2),
    )


def _in_part(run: Run, listed: int) -> str:
    """What a list is good for that beat one drawn by lot in one outcome alone."""
    if sides_of_list(run)["churn"] == "above":
        return say_many(
            "Use the list of one user to reach those who fall silent, not those who receive stickers: on past lists "
            "more fell silent than among everyone, but fewer received a sticker.",
            "Use the {n} users on the list to reach those who fall silent, not those who receive stickers: on past "
            "lists more fell silent than among everyone, but fewer received a sticker.",
            listed,
        )
    return say_many(
        "Use the list of one user to reach those who receive stickers, not those who fall silent: on past lists more "
        "received a sticker than among everyone, but fewer fell silent.",
        "Use the {n} users on the list to reach those who receive stickers, not those who fall silent: on past lists "
        "more received a sticker than among everyone, but fewer fell silent.",
        listed,
    )


def _instead(run: Run, profit: Interval | None) -> str:
    """Another order or size that is expected to earn clearly more than a list that should not be called."""
    plan = earnings.plan_of(run)
    if plan is None or profit is None or profit.value > 0:
        return ""
    orders = plan["orders"]
    name = max(orders, key=lambda one: float(orders[one]["profit"]))
    best, most = orders[name]["best"], orders[name]["profit"]
    if not best or most <= 0:
        return say("No other list is expected to earn anything either.")
    return say(
        "By the chances, calling the first {best} users by {score} would earn most: {most}.",
        best=count(best),
        score=RANKS[name],
        most=money(most),
    )


def _held_back(run: Run) -> str:
    control = run.manifest["segment"]["control"]
    if control["held_back"]:
        return say_many(
            "One user of the list is held back by lot, so that you will learn whether calls work.",
            "{n} users of the list are held back by lot, so that you will learn whether calls work.",
            control["held_back"],
        )
    return say("Nobody on the list is held back by lot, so you will not learn whether calls work.")
