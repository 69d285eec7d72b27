"""Who of the list is held back, in plain words."""

from churn.language import say
from churn.report.blocks import Text
from churn.report.wording import count, percent
from churn.runs import Run


def held_back(run: Run) -> tuple[Text, ...]:
    """A sentence on the control group; nothing for a run that asked for none."""
    control = run.manifest["segment"]["control"]
    if not control["share"]:
        return ()
    if not control["held_back"]:
        return (Text(say("A control group was asked for, but the list is too short to hold anybody back.")),)
    listed = control["held_back"] + control["contacted"]
    return (
        Text(
            say(
                "Held back by lot (a share of {share}, seed {seed}): {held_back} of the {listed} users of the priority "
                "segment. Whoever is held back must not be contacted, stands not in the list but in control.csv, and "
                "is compared with the others by the command churn outcomes.",
                listed=count(listed),
                held_back=count(control["held_back"]),
                share=percent(control["share"], 0),
                seed=control["seed"],
            )
        ),
    )
