"""The making: the rows that were read, the parts, and what the sets promise."""

from churn.language import say, say_many
from churn.report.parts.blocks import Items, Section, Text
from churn.report.parts.wording import count, percent
from churn.report.tags.tagged import Tags


def build(tags: Tags) -> Section:
    """The rows that were read, the parts, and how the numbers were made."""
    told, rows = tags.told, tags.told["items"]
    lead = say("{read} rows were read, {used} used.", read=count(rows["read"]), used=count(rows["used"]))
    parts = say(
        "Taggers learnt from {train} items, were chosen and calibrated on {val}, and measured on {test}. Of the test "
        "items' texts {share} stand in training, too.",
        share=percent(told["repeated"], 0),
        **{name: count(n) for name, n in told["parts"].items()},
    )
    lost = [
        say("{n} rows left out: {reason}", n=count(n), reason=reason)
        for reason, n in rows.items()
        if reason not in ("read", "used")
    ]
    if unread := told["pictures"]["unreadable"]:
        lost.append(say_many("{n} picture could not be read", "{n} pictures could not be read", unread))
    sets = say(
        "A set holds every category whose probability is not below a threshold, which was chosen so that {share} of "
        "validation items had the right one in it, category by category where there were 50 items. A set may be "
        "empty: then no category is as likely as right ones are, and the item is worth a look.",
        share=percent(told["coverage"], 0),
    )
    files = say("Files: {files}.", files=", ".join(tags.files))
    listed = [Items(tuple(lost))] if lost else []
    return Section("made", say("How it was made"), lead, (*listed, Text(parts), Text(sets), Text(files)))
