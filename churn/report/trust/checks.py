"""Each question of trust with its verdict and the numbers behind it, and the run's warnings."""

from churn.language import say, say_many, titled
from churn.report.parts.blocks import Beside, Block, Caption, Check, Checks, Heading, Items, Section
from churn.report.parts.wording import count
from churn.report.trust.trust import on_data, on_list, on_target
from churn.runs import Run


def build(run: Run) -> Section:
    """The verdict on the list, the verdicts of each target in a column, the one on the data, and the warnings."""
    first, last = on_list(run), on_data(run)
    by_target = {target: on_target(run, target) for target in run.targets}
    columns = tuple((Caption(titled(target)), Checks(found)) for target, found in by_target.items())
    blocks: list[Block] = [Checks((first,)), Beside(columns), Checks((last,))]
    if warnings := tuple(run.warnings):
        blocks += [Heading(say("Warnings")), Items(warnings)]
    every = (first, *(check for found in by_target.values() for check in found), last)
    lead = " ".join(filter(None, [_found(every), _warned(len(warnings))]))
    return Section("checks", say("Whether to trust it, in numbers"), lead, tuple(blocks), behind="trust")


def _found(checks: tuple[Check, ...]) -> str:
    tones = [check.tone for check in checks]
    return say(
        "Of {n} questions about the run {good} are answered well, {care} with care, and {bad} badly.",
        n=count(len(tones)),
        good=count(tones.count("good")),
        care=count(tones.count("care")),
        bad=count(tones.count("bad")),
    )


def _warned(warnings: int) -> str:
    return say_many("There is {n} warning.", "There are {n} warnings.", warnings) if warnings else ""
