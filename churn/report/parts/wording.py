"""Numbers, days and names as people read them."""

import math
from collections.abc import Mapping
from datetime import date
from numbers import Real
from typing import Any

from churn.explanation import heads, readable
from churn.language import Messages, day_in_words, decimals_of_money, marked, percentage, priced, say, target_of

ABSENT = "–"
SEGMENTS = Messages(
    {
        "priority": marked("On the list"),
        "likely churner": marked("Likely churners, not listed"),
        "likely": marked("Likely, not listed"),
        "other": marked("Everyone else"),
        "all": marked("All users"),
    }
)
METRICS = Messages(
    {
        "log_loss": marked("Log loss"),
        "roc_auc": marked("ROC-AUC"),
        "ap": marked("AP"),
        "brier": marked("Brier"),
        "ece": marked("ECE"),
        "lift_10": marked("Lift"),
        "accuracy": marked("Accuracy"),
        "micro_ap": marked("Micro-AP"),
    }
)
# at a threshold, which has a table of its own
DECISIONS = Messages({"precision": marked("Precision"), "recall": marked("Recall"), "f1": marked("F1")})
_TERMS = (  # words of artefacts, which `say_again` finds in the catalogue
    *(marked("raises"), marked("lowers"), marked("mixed")),
    *(marked("confirmed"), marked("tentative"), marked("rejected"), marked("removed")),
    *(marked("complete"), marked("pruned"), marked("best"), marked("fail"), marked("running")),
    *(marked("category"), marked("log"), marked("linear"), marked("sticker")),
    *(marked("train"), marked("val"), marked("test"), marked("score")),
    *(marked("none"), marked("temperature"), marked("platt"), marked("isotonic")),
    *(marked("feature"), marked("attribute"), marked("identifier"), marked("precision"), marked("share")),
    *(marked("opposite"), marked("same"), marked("unclear")),
    *(marked("null user_id"), marked("null actor_id"), marked("null event"), marked("null event_id")),
    *(marked("repeated user_id"), marked("repeated event_id"), marked("repeated row")),
    *(marked("repeated user_id and day"), marked("another answer for this user_id and day")),
    *(marked("empty or unreadable row"), marked("null or unreadable timestamp"), marked("event not allowed")),
    *(marked("not between the years 1900 and 2199"), marked("before the span"), marked("after the span")),
    *(marked("null amount"), marked("negative amount"), marked("amount that is not a number")),
    *(marked("negative amount, left out"), marked("a day without stickers")),
    *(marked("read"), marked("used"), marked("non-members"), marked("events"), marked("stickers"), marked("members")),
    *(marked("outcomes"), marked("daily"), marked("channel that is not a number")),
)
ROLES = ("own", "fan", "away")  # how the names of counted events begin


def known(value: object) -> bool:
    """Whether there is a finite number to show.

    Example:
        >>> known(0.0), known(None), known(float("nan")), known(float("inf"))
        (True, False, False, False)
    """
    return isinstance(value, Real) and math.isfinite(value)


def count(n: float | None) -> str:
    """A whole number with thousands separators.

    Example:
        >>> count(1234), count(None)
        ('1,234', '–')
    """
    return f"{n:,.0f}" if n is not None and known(n) else ABSENT


def decimal(value: float | None, digits: int = 3) -> str:
    """A number with a true minus sign and its thousands separated.

    Example:
        >>> decimal(0.7184), decimal(-0.5, 2), decimal(1.234, 2), decimal(-0.0001), decimal(1234.5, 1)
        ('0.718', '−0.50', '1.23', '0.000', '1,234.5')
    """
    if value is None or not known(value):
        return ABSENT
    text = f"{abs(value):,.{digits}f}"
    sign = "−" if value < 0 and float(text.replace(",", "")) > 0 else ""
    return sign + text


def signed(value: float | None, digits: int = 2) -> str:
    """A number with its sign, always.

    Example:
        >>> signed(0.82), signed(-0.5), signed(0.0)
        ('+0.82', '−0.50', '0.00')
    """
    text = decimal(value, digits)
    return f"+{text}" if value is not None and known(value) and value > 0 and set(text) & set("123456789") else text


def percent(share: float | None, digits: int = 1) -> str:
    """A share as a percentage that does not break from its sign.

    Example:
        >>> percent(0.5834), percent(1, 0), percent(float("nan"))
        ('58.3%', '100%', '–')
    """
    return percentage(share, digits) if share is not None and known(share) else ABSENT


def decimals(low: float | None, high: float | None, digits: int = 3) -> str:
    """An interval of numbers in brackets, or nothing.

    Example:
        >>> decimals(0.7, 0.73, 2), decimals(None, 0.73)
        ('[0.70,\xa00.73]', '')
    """
    return f"[{decimal(low, digits)},\u00a0{decimal(high, digits)}]" if known(low) and known(high) else ""


def percents(low: float | None, high: float | None, digits: int = 1) -> str:
    """An interval of shares in brackets, or nothing.

    Example:
        >>> percents(0.523, 0.641), percents(0.523, 0.641, 0)
        ('[52.3,\xa064.1]', '[52,\xa064]')
    """
    if low is None or high is None or not (known(low) and known(high)):
        return ""
    return f"[{100 * low:.{digits}f},\u00a0{100 * high:.{digits}f}]"


def money(amount: float | None, digits: int = 1) -> str:
    """An amount with its unit and as many decimals as its currency has; without a currency a plain number.

    Example:
        >>> from churn.language.labels import LabelConfig
        >>> from churn.language import speaking
        >>> with speaking("en", LabelConfig(currency="EUR")):
        ...     money(1234.5), money(-0.25), money(None)
        ('€1,234.50', '−€0.25', '–')
        >>> money(1234.5)
        '1,234.5'
    """
    return priced(decimal(amount, decimals_of_money(digits)))


def moneys(low: float | None, high: float | None, digits: int = 1) -> str:
    """An interval of amounts in brackets, or nothing."""
    return f"[{money(low, digits)},\u00a0{money(high, digits)}]" if known(low) and known(high) else ""


def p_value(p: float | None) -> str:
    """A p-value, never zero.

    Example:
        >>> p_value(0.0321), p_value(1e-9)
        ('0.032', '< 0.001')
    """
    return "< 0.001" if p is not None and known(p) and p < 0.001 else decimal(p)


def day(value: object) -> str:
    """A day in words.

    Example:
        >>> day("2016-12-25"), day("2016-12-25 00:00:00"), day(None)
        ('25 December 2016', '25 December 2016', '–')
    """
    try:
        parsed = date.fromisoformat(str(value)[:10])
    except ValueError:
        return ABSENT
    return day_in_words(parsed)


def every(days: int) -> str:
    """The frequency of cutoffs, in words.

    Example:
        >>> every(1), every(7)
        ('every day', 'every 7 days')
    """
    return say("every day") if days == 1 else say("every {days} days", days=days)


def afterwards(windowing: Mapping[str, Any]) -> str:
    """The days of the horizon, in words.

    Example:
        >>> afterwards({"lead_days": 0, "horizon_days": 7})
        'the 7 days after'
        >>> afterwards({"lead_days": 3, "horizon_days": 7})
        'the 7 days that begin 3 days later'
    """
    lead, horizon = windowing["lead_days"], windowing["horizon_days"]
    if not lead:
        return say("the {horizon} days after", horizon=horizon)
    return say("the {horizon} days that begin {lead} days later", horizon=horizon, lead=lead)


def seconds(value: float) -> str:
    """A duration.

    Example:
        >>> seconds(3.21), seconds(185), seconds(7320)
        ('3.2 s', '3 min 5 s', '2 h 2 min')
    """
    if value < 60:
        return say("{seconds:.1f} s", seconds=value)
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return say("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
    return say("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


_WHEN = {"_before": marked("{feature} before"), "_afterwards": marked("{feature} afterwards")}


def feature(name: str) -> str:
    """A column's name as the reasons have it, with a capital; of the days before the history it says so at the end.

    Example:
        >>> feature("own_room_post"), feature("own_post_before"), feature("stickers_received")
        ('Own room post', 'Own post before', 'Stickers received')
    """
    words = readable(name)
    for ending, message in _WHEN.items():
        if name.endswith(ending):
            words = say(message, feature=readable(name.removesuffix(ending)))
    return capital(words)


def capital(words: str) -> str:
    """Words with a capital, as at the beginning of a sentence; the other letters are left as they are."""
    return words[:1].upper() + words[1:]


def more_of(name: str) -> str:
    """The words for more of a column: kinds of events are counted, anything else is higher or lower.

    An event keeps the log's own name, of which nobody knows the plural.

    Example:
        >>> more_of("fan_reply"), more_of("own_Besuch"), more_of("stickers_received"), more_of("weekday_sin")
        ('more of fan reply', 'more of own Besuch', 'more stickers received', 'a higher value of weekday sin')
        >>> more_of("home_room=lounge")
        'home room: lounge'
    """
    if name == "stickers_received":
        return say("more stickers received")
    if heads([name])[name] != (words := readable(name)):
        return words  # a level, of which nobody has more
    if name.partition("_")[0] in ROLES:
        return say("more of {feature}", feature=readable(name))
    return say("a higher value of {feature}", feature=readable(name))


def chance(target: str, way: str) -> str:
    """The effect on the chance of a column that raises or lowers a score.

    Example:
        >>> chance("sticker", "lowers")
        'lower chance of a sticker'
    """
    found = target_of(target)
    of_it = found.say(found.chance)
    return say("higher {chance}", chance=of_it) if way == "raises" else say("lower {chance}", chance=of_it)


def happening(target: str) -> str:
    """The coming true of a target, as in “the chance of falling silent”.

    Example:
        >>> happening("churn"), happening("converted")
        ('falling silent', 'ending as “converted”')
    """
    found = target_of(target)
    return found.say(found.happening)


def shortened(text: str, length: int = 26) -> str:
    """A label that fits beside a chart.

    Example:
        >>> shortened("Own act with a very long name", 16)
        'Own act with a…'
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def listed(items: list[str]) -> str:
    """Items in a sentence.

    Example:
        >>> listed(["a"]), listed(["a", "b", "c"])
        ('a', 'a, b and c')
    """
    *most, last = items or [""]
    return say("{most} and {last}", most=", ".join(most), last=last) if most else last
