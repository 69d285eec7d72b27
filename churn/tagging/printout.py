"""The summary that `churn tag` prints: the parts, the taggers side by side, and the items to look at first."""

from pathlib import Path

import pandas as pd

from churn.artefacts import declared
from churn.language import say, say_many
from churn.progress import page
from churn.tagging.taggers import Characters

_SHOWN = ("top_1", "top_3", "macro_f1", "log_loss", "coverage", "set_size")


def summary(out: Path) -> None:
    """Print what the files of a folder say."""
    from rich.table import Table

    told, items = declared.TAGGING.read(out), declared.ITEMS.read(out)
    measures = declared.TAG_MEASURES.read(out)
    console = page()
    parts = told["parts"]
    console.print(
        say(
            "{read:,} items, {used:,} used, {categories:,} categories: train {train:,}, val {val:,}, test {test:,}",
            read=told["items"]["read"],
            used=told["items"]["used"],
            categories=told["categories"],
            **parts,
        )
    )
    table = Table("tagger", *_SHOWN, box=None)
    for name in dict.fromkeys(measures.tagger):
        own = measures[measures.tagger == name].set_index("metric")
        mark = " *" if bool(own.chosen.iloc[0]) else ""
        table.add_row(f"{name}{mark}", *(_number(own.loc[metric]) for metric in _SHOWN))
    console.print(table)
    console.print(say("* chosen by the log loss on validation; the others' numbers stand beside it"))
    wrong, none = int(items.looks_wrong.sum()), int((items.basis == "none of these").sum())
    console.print(say_many("{n} given category looks wrong", "{n} given categories look wrong", wrong))
    console.print(say_many("{n} item is like no category", "{n} items are like no category", none))
    if told["categories"] > Characters.most:
        console.print(say("Taggers of letters are left out: they can learn {most:,} categories", most=Characters.most))
    for reason, n in told["items"].items():
        if reason not in ("read", "used"):
            console.print(say("{n} rows left out: {reason}", n=f"{n:,}", reason=reason))
    if unread := told["pictures"]["unreadable"]:
        console.print(say_many("{n} picture could not be read", "{n} pictures could not be read", unread))
    if told["repeated"]:
        console.print(say("{share:.0%} of the test items' texts stand in training, too", share=told["repeated"]))
    print(f"items: {out / declared.ITEMS.file}\npage: {out / declared.REPORT}")


def _number(row: "pd.Series") -> str:
    value = f"{row['value']:.3f}"
    return f"{value} [{row['low']:.3f}, {row['high']:.3f}]" if pd.notna(row["low"]) else value
