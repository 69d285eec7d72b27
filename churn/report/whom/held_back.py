"""Users of the list who are held back, in plain words."""

from churn.language import say, say_many
from churn.report.parts.blocks import Note, Text
from churn.report.parts.wording import count, percent
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
                "Held back at random (a share of {share}, seed {seed}): {held_back} of the {listed} users of the "
                "priority segment. Whoever is held back must not be contacted, stands not in the list but in "
                "control.csv, and is compared with the others by the command churn outcomes.",
                listed=count(listed),
                held_back=count(control["held_back"]),
                share=percent(control["share"], 0),
                seed=control["seed"],
            )
        ),
    )


def to_leave_alone(run: Run) -> tuple[Note, ...]:
    """A note on the number of users not to contact, and where they are named; nothing where nobody is held back."""
    n = run.manifest["segment"]["control"]["held_back"]
    if not n:
        return ()
    said = say_many(
        "{n} user is held back at random and named in control.csv: do not contact this user, who shows what happens "
        "without a call.",
        "{n} users are held back at random and named in control.csv: contact none of them, since they show what "
        "happens without a call.",
        n,
    )
    return (Note(say("Not on this list"), said, tone="care"),)
