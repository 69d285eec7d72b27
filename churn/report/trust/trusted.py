"""Trust in the run, in words that need no numbers, by the verdicts of the evidence."""

from collections.abc import Mapping
from dataclasses import replace

from churn.language import Messages, Target, marked, say, say_many, target_of, titled
from churn.report.parts.blocks import Beside, Block, Caption, Check, Checks, Section
from churn.report.trust.trust import FOUND, commoner, found_of_list, on_data, on_list, on_target, overpromised, rarer
from churn.runs import Run

GOOD = ("better", "slight")  # verdicts by which past lists found somebody
PERCENTAGES = {  # what follows from each verdict, by its tone
    "care": marked("Read them as high, middle and low."),
    "bad": marked("Use the order of the users, not the percentages."),
}
REASONS = {
    "good": marked("The reasons shown are what the chances come from."),
    "care": marked("Take the reasons as hints."),
    "bad": marked("Tell nobody these reasons: the chances come from something else."),
}
LEADS = Messages(
    {
        "better": marked("Yes: past lists found the right people."),
        "slight": marked("Hardly: past lists found few more of the right people than lists drawn at random."),
        "worse": marked("No: lists drawn at random would have found more of the right people."),
        "same": marked("There is no evidence that the list finds the right people."),
        "few": marked("It cannot be told yet: too few users were on past lists."),
        "seen": marked("It cannot be told: the models knew the days on which they were measured."),
        "unknown": marked("It was not measured: no past list is known."),
    }
)


def build(run: Run) -> Section:
    """A sentence for each verdict; the numbers behind it stand in the evidence."""
    by_target = {target: _plain(run, target) for target in run.targets}
    columns = tuple((Caption(titled(target)), Checks(found)) for target, found in by_target.items())
    blocks: list[Block] = [Checks((_on_list(run),)), Beside(columns), Checks((on_data(run), *_warnings(run)))]
    lead = " ".join(filter(None, [LEADS[found_of_list(run)], _warned(run)]))
    return Section("trust", say("Can it be trusted?"), lead, tuple(blocks), behind="checks")


def _warned(run: Run) -> str:
    n = len(run.manifest["warnings"])
    return say_many("Mind {n} warning.", "Mind {n} warnings.", n) if n else ""


def _on_list(run: Run) -> Check:
    found = found_of_list(run)
    said = [FOUND[found]] if found in FOUND else []
    said += [target.say(target.fewer) for target in run.words if overpromised(run, target.name)]
    if found in GOOD and rarer(run, "sticker") and commoner(run, "churn"):
        said.append(say("They find who falls silent, not who receives stickers: of their users fewer than usual did."))
    if found in GOOD and rarer(run, "churn") and commoner(run, "sticker"):
        said.append(say("They find whose loss costs most, not who falls silent: of their users fewer than usual did."))
    check = on_list(run)
    return replace(check, detail=" ".join(said) or check.detail)


def _plain(run: Run, target: str) -> tuple[Check, ...]:
    """The verdicts on a target, that on reasons for the first, which the list has; a random split leaves none."""
    hold, highest, reasons = on_target(run, target)
    if run.manifest["split_kind"] == "random":
        return hold, highest, reasons
    found = target_of(target)
    percentages = PERCENTAGES | {"good": found.hold}
    return (
        _asked(found, hold, say("Can the percentages be taken at their word?"), percentages),
        _asked(found, highest, say("Do high chances find the right users?"), found.highest),
        *([_asked(found, reasons, say("Do the reasons tell why?"), REASONS)] if target == run.first.name else []),
    )


def _asked(target: Target, check: Check, question: str, words: Mapping[str, str]) -> Check:
    """A verdict under a plainer question, with what follows from it."""
    return replace(check, question=question, detail=target.say(words[check.tone]))


def _warnings(run: Run) -> tuple[Check, ...]:
    """The number of warnings; nothing where there is none."""
    n = len(run.manifest["warnings"])
    if not n:
        return ()
    verdict = say_many("{n} warning", "{n} warnings", n)
    return (
        Check(
            say("Are there warnings?"),
            "care",
            verdict,
            say("They stand with the numbers behind this; read them before you rely on the list."),
        ),
    )
