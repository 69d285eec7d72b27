"""The stake: the listed users expected to fall silent, what goes with them, and what calling would earn."""

from collections.abc import Mapping
from dataclasses import replace

from churn.language import say
from churn.report.parts.blocks import Tile
from churn.report.parts.listing import facts
from churn.report.parts.wording import count, decimal, decimals, money, moneys
from churn.report.trust.trust import overpromised
from churn.report.worth import earnings
from churn.runs import Run
from churn.statistics import FEW


def tiles(run: Run) -> tuple[Tile, ...]:
    """Expected churners on the list, what is lost with them, and the plan's profit; each where it is known."""
    if not _listed(run):
        return ()
    return tuple(filter(None, (_churners(run), _lost(run), _profit(run))))


def _listed(run: Run) -> int:
    return int(facts(run)["listed"])


def _at_stake(run: Run) -> Mapping[str, float | None]:
    found: Mapping[str, float | None] = facts(run)["at_stake"]
    return found


def in_short(run: Run) -> tuple[Tile, ...]:
    """The tiles in short: each number with one sentence, since the evidence has the rest."""
    n, horizon = count(_listed(run)), run.windowing["horizon_days"]
    details = {
        _expected(run): _summed(n) if run.first.outcome else say("of the {n} on the list, if nobody calls.", n=n),
        say("Stickers at stake"): say("of these churners would receive a sticker if they stayed."),
        say("Amount at stake"): say("goes with these churners, in stickers of {horizon} days.", horizon=horizon),
        say("Expected profit"): say("of calling the list."),
    }
    return tuple(replace(tile, interval="", detail=details.get(tile.label, tile.detail)) for tile in tiles(run))


def _churners(run: Run) -> Tile:
    n = _listed(run)
    which = _summed(count(n)) if run.first.outcome else say("of the {n} on the list, by their chances.", n=count(n))
    detail = " ".join(filter(None, [which, _before(run, n)]))
    return Tile(_expected(run), decimal(_at_stake(run)["churners"], 1), detail, few=n < FEW)


def _summed(n: str) -> str:
    return say("the sum of the chances of the {n} on the list.", n=n)


def _expected(run: Run) -> str:
    return run.first.say(run.first.expected)


def _before(run: Run, n: int) -> str:
    """The number to whom the first target would come at the rate of past lists; nothing where too few were seen."""
    rate = run.rate("priority", run.first.name)
    if rate is None or rate[1] < FEW:
        return ""
    value, low, high = (n * share for share in (rate[0].value, rate[0].low, rate[0].high))
    expected = f"{decimal(value, 1)} {decimals(low, high, 1)}".rstrip()
    return say("At the rate of past lists: {expected}.", expected=expected)


def _lost(run: Run) -> Tile | None:
    """The amount expected of churners had they stayed or, without amounts, how many would receive a sticker."""
    stake, few, horizon = _at_stake(run), _listed(run) < FEW, run.windowing["horizon_days"]
    if stake["stickers"] is None:
        return None
    if stake["amount"] is None:
        detail = say("of these churners would receive a sticker if they stayed.")
        return Tile(say("Stickers at stake"), decimal(stake["stickers"], 1), f"{detail}{_caution(run)}", few=few)
    each = money(stake["amount"] / stake["churners"] if stake["churners"] else None, 2)
    detail = say("in stickers of {horizon} days: {each} for each of these churners.", horizon=horizon, each=each)
    return Tile(say("Amount at stake"), money(stake["amount"]), f"{detail}{_caution(run)}", few=few)


def _caution(run: Run) -> str:
    return say(" On past lists fewer received one than the chances said.") if overpromised(run, "sticker") else ""


def _profit(run: Run) -> Tile | None:
    """The earnings expected of calling the list: by the chances and, where it can be told, as past lists fared."""
    earned, few = earnings.profit(run), _listed(run) < FEW
    if earned is None:
        return None
    detail = " ".join(filter(None, [_worth(run), _as_before(run)]))
    return Tile(say("Expected profit"), money(earned.value), detail, moneys(earned.low, earned.high), few=few)


def _worth(run: Run) -> str:
    n, value = count(earnings.of_the_list(run)["to_call"]), run.manifest["budget"]["assumed"]["value"]
    if value is None:
        return say("of calling these {n}.", n=n)
    return say("of calling these {n}, each user kept worth {value}.", n=n, value=money(value, 2))


def _as_before(run: Run) -> str:
    past = earnings.as_past_lists(run)
    if past is None:
        return ""
    expected = f"{money(past.value)} {moneys(past.low, past.high)}".rstrip()
    return say("At the rate of past lists: {expected}.", expected=expected)
