"""Trust in the run: the artefacts' numbers against fixed bars, in words."""

from collections.abc import Mapping
from typing import Any

from churn.artefacts import declared
from churn.data import at_fault
from churn.language import Messages, marked, say, say_again, say_many, target_of
from churn.report.models.reliability import groups_off
from churn.report.parts.blocks import Check
from churn.report.parts.wording import count, decimal, decimals, known, listed, percent, percents
from churn.report.why import fidelity
from churn.runs import Run
from churn.segments import Order, Verdict
from churn.statistics import FEW, LEAST_LIFT, Interval, above, digits_apart, side

LOOSE = 0.5  # R² of a surrogate below which it says nothing of the model
CLEAN, DIRTY = 0.01, 0.05  # shares of rejected rows
SEEN = marked("The data were split at random, so the models had seen the days on which they were measured.")
FOUND = Messages(
    {
        "better": marked("Past lists did better than a list drawn at random."),
        "slight": marked("Past lists did better than a list drawn at random, but by less than a tenth."),
        "worse": marked("Past lists did worse than a list drawn at random."),
        "same": marked("Past lists were not clearly better than a list drawn at random."),
        "few": marked("There are too few users on past lists to tell."),
    }
)


def on_list(run: Run) -> Check:
    """The verdict on past lists: what became of their users, beside everyone's rates and what was forecast."""
    question, found = say("Does the list find the right people?"), found_of_list(run)
    if found == "unknown":
        return _unmeasured(question)
    if found == "seen":
        return Check(question, "bad", say("Cannot be told"), say(SEEN))
    came = [_came(target, *pair[::2]) for target, pair in _past(run).items()]
    promised = [_promised(run, target) for target in _past(run)]
    return Check(question, *_verdict(found), " ".join(filter(None, [FOUND[found], *came, *promised])))


def found_of_list(run: Run) -> Verdict:
    """The verdict on past lists in the order of the list beside random lists, see `Order.verdict`."""
    return Order.of(run.manifest["order"]).verdict


def _past(run: Run) -> dict[str, tuple[Interval, int, Interval]]:
    """The rate on past lists with its number of users, and everyone's rate, by target."""
    rates = {target: (run.rate("priority", target), run.rate("all", target)) for target in run.targets}
    return {target: (*listed, everyone[0]) for target, (listed, everyone) in rates.items() if listed and everyone}


def _verdict(found: str) -> tuple[str, str]:
    """Tone and verdict."""
    return {
        "better": ("good", say("Yes")),
        "slight": ("care", say("Hardly")),
        "worse": ("bad", say("No")),
        "same": ("care", say("No evidence")),
        "few": ("care", say("Unclear")),
    }[found]


def _came(target: str, rate: Interval, everyone: Interval) -> str:
    """A sentence on the outcomes of past lists' users, beside everyone's."""
    digits = digits_apart(everyone.value, rate.low, rate.high)
    found = target_of(target)
    return found.say(found.rates, listed=percent(rate.value, digits), everyone=percent(everyone.value, digits))


def _promised(run: Run, target: str) -> str:
    """A sentence where the forecast for past lists did not come true; nothing for lists of too few users."""
    rate, forecast = run.rate("priority", target), _forecast(run, target)
    if rate is None or forecast is None or rate[1] < FEW or rate[0].low <= forecast <= rate[0].high:
        return ""
    digits = digits_apart(forecast, rate[0].low, rate[0].high)
    came = f"{percent(rate[0].value, digits)} {percents(rate[0].low, rate[0].high, digits)}"
    found = target_of(target)
    return found.say(found.promised, forecast=percent(forecast, digits), came=came)


def _broken(run: Run, target: str) -> str:
    """The side on which the chances of past lists' users were off; nothing where they were not."""
    if not _promised(run, target):
        return ""
    if overpromised(run, target):
        return say("On past lists they were too high.")
    return say("On past lists they were off.")


def overpromised(run: Run, target: str) -> bool:
    """Whether more was forecast of the users of past lists than the interval of what came allows."""
    rate, forecast = run.rate("priority", target), _forecast(run, target)
    return rate is not None and forecast is not None and rate[1] >= FEW and forecast > rate[0].high


def rarer(run: Run, target: str) -> bool:
    """Whether a target came to fewer of past lists' users than to everyone, clearly."""
    past = _past(run).get(target)
    return past is not None and past[1] >= FEW and past[0].high < past[2].value


def commoner(run: Run, target: str) -> bool:
    """Whether a target came to more of past lists' users than to everyone, clearly."""
    past = _past(run).get(target)
    return past is not None and past[1] >= FEW and past[0].low > past[2].value


def _forecast(run: Run, target: str) -> float | None:
    """The mean chance of the users of past lists; nothing where none was kept."""
    rates = run.table(declared.SEGMENT_RATES, target)
    rows = rates[rates["segment"] == "priority"]
    forecast = float(rows["forecast"].iloc[0]) if "forecast" in rows and len(rows) else None
    return forecast if forecast is not None and known(forecast) else None


def on_target(run: Run, target: str) -> tuple[Check, ...]:
    """One verdict each on calibration, lift and explanations of a target; none where the split gives answers away."""
    found = _calibration(run, target), _lift(run, target), _fidelity(run, target)
    if run.manifest["split_kind"] != "random":
        return found
    return tuple(Check(check.question, "bad", say("Cannot be told"), say(SEEN)) for check in found)


def _calibration(run: Run, target: str) -> Check:
    question = say("Do the probabilities hold?")
    ece, band = run.metric(target, "ece"), run.metric(target, "ece_band")
    if ece is None or band is None or not known(band.high):
        return _unmeasured(question)
    detail = say(
        "Calibration error {error}; perfect calibration would show {interval}.",
        error=decimal(ece.value),
        interval=decimals(band.low, band.high),
    )
    if _few(run, target):
        return Check(question, "care", say("Unclear"), say("{detail} Too few users to tell.", detail=detail))
    held, off = not above(ece.value, band.high), groups_off(run, target)
    if held and (broken := _broken(run, target)):
        return Check(question, "care", say("Not on lists"), f"{detail} {broken}")
    if held and off.too_many:
        return Check(question, "care", say("Roughly"), f"{detail} {off}")
    if held:
        return Check(question, "good", say("Yes"), detail)
    if ece.value <= 2 * band.high:
        return Check(
            question, "care", say("Roughly"), say("{detail} Read them as high, middle and low.", detail=detail)
        )
    return Check(
        question, "bad", say("No"), say("{detail} Use the order of the users, not the percentages.", detail=detail)
    )


def _few(run: Run, target: str) -> bool:
    """Whether the test part has too few users for a verdict."""
    everyone = run.rate("all", target)
    return everyone is not None and everyone[1] < FEW


def _lift(run: Run, target: str) -> Check:
    found = target_of(target)
    question = found.say(found.alone)
    lift = run.metric(target, "lift_10")
    if lift is None:
        return _unmeasured(question)
    detail = say(
        "Its top tenth has {lift} times the base rate {interval}; chance has 1.",
        lift=decimal(lift.value, 2),
        interval=decimals(lift.low, lift.high, 2),
    )
    if _few(run, target):
        return Check(question, "care", say("Unclear"), say("{detail} Too few users to tell.", detail=detail))
    if side(lift, 1, least=LEAST_LIFT - 1) == "above":
        return Check(question, "good", say("Yes"), detail)
    if side(lift, 1) == "above":
        return Check(question, "care", say("Hardly"), say("{detail} That is less than a tenth more.", detail=detail))
    if above(lift.value, 1):
        return Check(question, "care", say("Perhaps"), say("{detail} The interval holds 1.", detail=detail))
    return Check(question, "bad", say("No"), detail)


def _fidelity(run: Run, target: str) -> Check:
    question = say("Do the explanations speak for the model?")
    surrogates = run.table(declared.SURROGATES, target)
    row = surrogates[surrogates["explained"].astype(bool)]
    if row.empty:
        return _unmeasured(question)
    r2, tenth, n = (float(row[name].iloc[0]) for name in ("r2", "top_tenth", "n_users"))
    detail = say(
        "The explained stand-in matches the scores with R² {r2} and {tenth} of their top tenth (n = "
        "{n} held-out users).",
        r2=fidelity.two_digits(r2),
        tenth=percent(tenth, 0),
        n=count(n),
    )
    if not known(r2):
        return Check(question, "care", say("Nothing to explain"), say(fidelity.CONSTANT))
    if n < FEW:
        return Check(question, "care", say("Unclear"), say("{detail} Too few users to tell.", detail=detail))
    if r2 < LOOSE:
        return Check(question, "bad", say("No"), detail)
    if (on_list := fidelity.listed(run, target)) is not None and on_list.r2 < fidelity.floor(run):
        return _less_on_list(question, detail, on_list)
    if r2 < fidelity.floor(run):
        return Check(question, "care", say("In part"), detail)
    return Check(question, "good", say("Yes"), detail)


def _less_on_list(question: str, detail: str, on_list: Any) -> Check:
    """The verdict where the trees do not speak for the list, whose reasons come from them."""
    n, under = count(on_list.n_users), say("under 0")
    if on_list.n_users < FEW:
        few = say(
            "{detail} On the list, whose reasons are theirs, stand too few users to tell (n = {n}).", detail=detail, n=n
        )
        return Check(question, "care", say("Unclear"), few)
    said = say(
        "{detail} On the list, whose reasons are theirs, it is R² {r2} (n = {n}).",
        detail=detail,
        r2=under if on_list.r2 < 0 else fidelity.two_digits(on_list.r2),
        n=n,
    )
    return Check(question, "care" if on_list.r2 >= LOOSE else "bad", say("Not on lists"), said)


def on_data(run: Run) -> Check:
    """The verdict on the rows that could not be used, and on what else was found wrong with the data."""
    question = say("Is the data sound?")
    tables = {name: counts for name, counts in run.manifest["reconciliation"].items() if counts.get("read")}
    if not tables:
        return _unmeasured(question)
    shares = {name: sum(at_fault(counts["rejected"]).values()) / counts["read"] for name, counts in tables.items()}
    detail = _rejections(shares)
    worst, found = max(shares.values()), len(run.manifest["audit"]["warnings"])
    if found:
        detail += " " + say_many("{n} warning is about the data.", "{n} warnings are about the data.", found)
    if worst < CLEAN and not found:
        return Check(question, "good", say("Yes"), detail)
    return (
        Check(question, "care", say("Mostly"), detail)
        if worst < DIRTY
        else Check(question, "bad", say("Doubtful"), detail)
    )


def _rejections(shares: Mapping[str, float]) -> str:
    if not any(shares.values()):
        return say("No row was rejected.")
    return say("Rows rejected: {shares}.", shares=listed([_rejected(name, share) for name, share in shares.items()]))


def _rejected(table: str, share: float) -> str:
    return say("{share} of {table}", share=percent(share, 2), table=say_again(table))


def _unmeasured(question: str) -> Check:
    return Check(question, "care", say("Not measured"), say("The run holds no number for it."))
