"""Advice: what to do with the list, in the sentences that the page and the spreadsheet begin with."""

from churn.language import Target, decimals_of_money, event_in_words, priced, say, say_many, target_of
from churn.segments.orders import Order


def advice(
    order: Order,
    *,
    listed: int,
    held_back: int,
    target: str = "churn",
    answered: bool = False,
    profit: float | None = None,
    best: int | None = None,
) -> str:
    """Advice on whom to call, how far past lists bear it out and, where they do not, the one thing to do instead.

    Args:
        order: The order of the list, and what past lists in it found.
        listed: Users to call, without the users held back.
        held_back: Users of the list who are held back.
        target: The target by whose chance the list is ordered.
        answered: Whether the answers of all who were scored are known, so that there is nobody to call.
        profit: Of calling the list, by the chances; None where no costs are known.
        best: How many users it pays to call in this order; None where no costs are known.
    """
    asked = target_of(target)
    if not listed:
        return _nobody(best)
    if answered:
        return _all_answered(order, asked)
    said = _without_costs(order, listed, asked) if profit is None else _with_costs(order, listed, profit, best or 0)
    trusted = order.verdict == "better" and (profit is None or (profit > 0 and (order.value or 0) > 0))
    last = _held_back(held_back) if trusted or held_back else ""
    instead = "" if trusted or order.verdict in ("seen", "unknown") else _instead(order, held_back, asked)
    return " ".join(filter(None, [said, last, instead]))


def _nobody(best: int | None) -> str:
    if best == 0:
        return say("Call nobody: no number of calls is expected to earn what it costs.")
    return say("Nobody is on the list, so there is nobody to call.")


def _with_costs(order: Order, listed: int, profit: float, best: int) -> str:
    if profit <= 0:
        return _shorter(listed, -profit, best)
    earned, past = _money(profit), order.value or 0.0
    if order.verdict in ("few", "seen", "unknown"):
        return say_many(
            "Call the one user on the list only if you trust the chances: the expected profit is {earned}, but past "
            "lists cannot show whether the list finds the right people.",
            "Call the {n} users on the list only if you trust the chances: the expected profit is {earned}, but past "
            "lists cannot show whether the list finds the right people.",
            listed,
            earned=earned,
        )
    if order.verdict == "better" and past > 0:
        call = say_many(
            "Call the one user on the list: the expected profit is {earned}.",
            "Call the {n} users on the list: the expected profit is {earned}.",
            listed,
            earned=earned,
        )
        return f"{call} {_earned(order)}"
    if order.low is not None and order.low > 0:
        return say_many(
            "Calling the one user on the list is expected to earn {earned}, but anybody else would do as well: no "
            "order of the users has proved better than a list drawn at random by an amount that matters.",
            "Calling the {n} users on the list is expected to earn {earned}, but as many others would do as well: no "
            "order of the users has proved better than a list drawn at random by an amount that matters.",
            listed,
            earned=earned,
        )
    if order.verdict == "better":
        return say(
            "Call nobody yet: past lists did better than lists drawn at random, but calling one would have lost {lost} "
            "on average.",
            lost=_money(-past),
        )
    return say(
        "Call nobody yet: no order of the users has proved better than a list drawn at random by an amount that "
        "matters."
    )


def _shorter(listed: int, lost: float, best: int) -> str:
    """The advice on a list of a length that was asked for, and that is expected to lose."""
    if 0 < best < listed:
        return say_many(
            "Call the first user on the list alone: calling all of it is expected to lose {lost}.",
            "Call the first {n} users on the list: calling all of it is expected to lose {lost}.",
            best,
            lost=_money(lost),
        )
    return say("Call nobody: a list of this length is expected to lose {lost}.", lost=_money(lost))


def _earned(order: Order) -> str:
    """Earnings of past lists in this order, beside lists drawn at random."""
    value, by_lot = order.value or 0.0, order.by_lot or 0.0
    if by_lot < 0:
        return say(
            "Past lists like it would have earned {value} each, and lists drawn at random would have lost {lost} each.",
            value=_money(value),
            lost=_money(-by_lot),
        )
    return say(
        "Past lists like it would have earned {value} each, and lists drawn at random {by_lot}.",
        value=_money(value),
        by_lot=_money(by_lot),
    )


def _all_answered(order: Order, target: Target) -> str:
    """The advice on a list of users whose answers are known, which tells how good lists like it are."""
    known = say(
        "All users have an answer, so there is nobody to call yet: this list orders the users of the test part."
    )
    found = (
        target.say(
            "It found {times} times as many that ended as “{outcome}” as a list drawn at random. Score new users for a "
            "list to call.",
            times=f"{order.value / order.by_lot:,.1f}",
        )
        if order.verdict == "better" and order.value and order.by_lot
        else say("It has not proved better than a list drawn at random by an amount that matters.")
    )
    return f"{known} {found}"


def _without_costs(order: Order, listed: int, target: Target) -> str:
    if order.verdict == "better" and target.outcome:
        return _first(order, listed, target)
    if order.verdict == "better":
        unknown = say("What that earns is not known, since the run was told no costs.")
        return f"{_first(order, listed, target)} {unknown}"
    if order.verdict in ("few", "seen", "unknown"):
        return say_many(
            "Whether the one user on the list is the right one to call is not known.",
            "Whether the {n} users on the list are the right ones to call is not known.",
            listed,
        )
    return say(
        "Whom to call first is not known: no order of the users has proved better than a list drawn at random by an "
        "amount that matters."
    )


def _first(order: Order, listed: int, target: Target) -> str:
    """The advice to call a list that did better than random lists, with the lift of past lists."""
    if not order.value or not order.by_lot:
        return say_many(
            "Call the one user on the list first: past lists found the right people.",
            "Call the {n} users on the list first: past lists found the right people.",
            listed,
        )
    times = f"{order.value / order.by_lot:,.1f}"
    if target.outcome:
        return say_many(
            "Call the one user on the list first: past lists found {times} times as many that ended as “{outcome}” as "
            "lists drawn at random.",
            "Call the {n} users on the list first: past lists found {times} times as many that ended as “{outcome}” as "
            "lists drawn at random.",
            listed,
            times=times,
            outcome=event_in_words(target.name),
        )
    if order.measure == "amount":
        return say_many(
            "Call the one user on the list first: those who fell silent on past lists had received {times} times as "
            "much as on lists drawn at random.",
            "Call the {n} users on the list first: those who fell silent on past lists had received {times} times as "
            "much as on lists drawn at random.",
            listed,
            times=times,
        )
    return say_many(
        "Call the one user on the list first: past lists found {times} times as many who fell silent as lists drawn at "
        "random.",
        "Call the {n} users on the list first: past lists found {times} times as many who fell silent as lists drawn "
        "at random.",
        listed,
        times=times,
    )


def _held_back(held_back: int) -> str:
    if held_back:
        return say_many(
            "One user of the list is held back at random, so that you will learn whether calls work.",
            "{n} users of the list are held back at random, so that you will learn whether calls work.",
            held_back,
        )
    return say(
        "Nobody on the list is held back at random, so you will not learn whether calls work: have a tenth of the next "
        "list held back."
    )


def _instead(order: Order, held_back: int, target: Target) -> str:
    """The one thing to do where past lists do not bear the list out."""
    if order.undecided:
        return say_many(
            "What to do instead: collect more data, since one user on past lists is too few to tell.",
            "What to do instead: collect more data, since {n} users on past lists are too few to tell.",
            order.users,
        )
    if not held_back:
        return say("What to do instead: hold some users back at random, which shows whether a call changes anything.")
    if target.outcome:
        return say("What to do instead: have the models see more of what is known of users when they are asked about.")
    return say(
        "What to do instead: try another horizon than {days} days, which may be easier to foresee.",
        days=order.horizon_days,
    )


def _money(amount: float) -> str:
    """An amount with its unit, where that is known."""
    return priced(f"{amount:,.{decimals_of_money(1)}f}")
