"""The worth of calling the list, in some sentences."""

from collections.abc import Mapping
from typing import Any

from churn.language import say
from churn.report.parts.blocks import Items, Section
from churn.report.parts.wording import count, known, money, percent
from churn.report.worth import earnings, stake
from churn.report.worth.returning import too_hopeful
from churn.runs import Run
from churn.statistics import Interval


def build(run: Run) -> Section:
    """The earnings expected of the list, from when on a call pays, and the assumptions; a line without costs."""
    title, plan = say("What is it worth?"), earnings.plan_of(run)
    if plan is None:
        nothing = say(
            "This run was not told what a call costs and what keeping a user is worth, so it cannot say what calling "
            "the list earns."
        )
        return Section("worth", title, nothing, (), behind="budget")
    said = (
        _assumed(plan["assumed"]),
        *_past(run),
        *too_hopeful(run),
        *_pays(run, plan),
        *_pays_off(run, plan),
        *_best(plan),
        *_at_stake(run, plan["assumed"]),
    )
    return Section("worth", title, _lead(run), (Items(said),), behind="budget")


def _at_stake(run: Run, given: Mapping[str, Any]) -> tuple[str, ...]:
    """The losses with the list's users if nobody calls: the numbers for which the first screen has no room."""
    lost = " ".join(
        say("{label}: {value} {detail}", label=tile.label, value=tile.value, detail=tile.detail)
        for tile in stake.in_short(run)[1:-1]
    )
    if not lost or given["value"] is None:
        return (lost,) if lost else ()
    instead = say("The profit does not count it: it takes {value} for each user kept.", value=money(given["value"], 2))
    return (f"{lost} {instead}",)


def _lead(run: Run) -> str:
    profit = earnings.profit(run)
    if profit is None or not len(run.to_contact):
        return say("Nobody is on the list, so there is nothing to earn.")
    if profit.value < 0:
        return say(
            "Calling the list is expected to lose {loss}{between}.",
            loss=money(-profit.value),
            between="" if earnings.as_past_lists(run) else _ends(profit, -1),
        )
    return say(
        "Calling the list is expected to earn {profit}{between}.",
        profit=money(profit.value),
        between="" if earnings.as_past_lists(run) else _ends(profit),
    )


def _ends(found: Interval, sign: int = 1) -> str:
    """The amounts between which it will most likely be; nothing where they are not known."""
    if not (known(found.low) and known(found.high)):
        return ""
    low, high = sorted((sign * found.low, sign * found.high))
    return say(", most likely between {low} and {high}", low=money(low), high=money(high))


def _past(run: Run) -> tuple[str, ...]:
    past = earnings.as_past_lists(run)
    if past is None:
        return ()
    if past.value < 0:
        return (
            say(
                "If as many fall silent as on past lists, it loses {loss}{between}.",
                loss=money(-past.value),
                between=_ends(past, -1),
            ),
        )
    return (
        say(
            "If as many fall silent as on past lists, it earns {profit}{between}.",
            profit=money(past.value),
            between=_ends(past),
        ),
    )


def _pays(run: Run, plan: Mapping[str, Any]) -> tuple[str, ...]:
    """The chance from which on a call pays, where it is one chance for all."""
    pays_from, of_list = plan["pays_from"], earnings.of_the_list(run)
    if pays_from is None or not of_list:
        return ()
    if pays_from >= 1:
        return (say("By these costs no call pays, however likely the user is to fall silent."),)
    said = say(
        "A call pays from a chance of churn of {chance} on: of the {listed} on the list, {paying} are over it.",
        chance=percent(pays_from, 0),
        listed=count(of_list["listed"]),
        paying=count(of_list["paying"]),
    )
    return (said,)


def _pays_off(run: Run, plan: Mapping[str, Any]) -> tuple[str, ...]:
    """The share of users kept from which on calling the list earns anything, under the share that was assumed."""
    found, assumed = earnings.of_the_list(run).get("pays_off_from"), plan["assumed"]["save_rate"]
    if found is None or not 0 < found < assumed or (share := percent(found, 0)) == percent(assumed, 0):
        return ()
    said = say(
        "It earns nothing where a call keeps {share} instead of {assumed}.", share=share, assumed=percent(assumed, 0)
    )
    return (said,)


def _best(plan: Mapping[str, Any]) -> tuple[str, ...]:
    if not plan["best"]:
        return (say("No number of calls is expected to earn what it costs."),)
    said = say(
        "In this order most is earned by calling the first {best} of {scored} users: {profit}.",
        best=count(plan["best"]),
        scored=count(plan["scored"]),
        profit=money(plan["profit"]),
    )
    return (said,)


def _assumed(given: Mapping[str, Any]) -> str:
    numbers = {"cost": money(given["contact_cost"], 2), "share": percent(given["save_rate"], 0)}
    if given["value"] is None:
        return say(
            "This takes for granted that a call costs {cost} and keeps {share} of those about to fall silent.",
            **numbers,
        )
    return say(
        "This takes for granted that a call costs {cost}, keeps {share} of those about to fall silent, and that each "
        "of them is worth {value}.",
        value=money(given["value"], 2),
        **numbers,
    )
