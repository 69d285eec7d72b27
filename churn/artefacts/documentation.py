"""The list of a run's files in the documentation, made from their declarations."""

from churn.artefacts import declared
from churn.artefacts.declaration import Document, Table

_HEAD = """# The files of a run

Every file that a command writes into its output folder. The list is made by `make files` from the declarations in
`churn/artefacts/declared.py`, against which every file is checked when it is written and when it is read.
A run has two pages beside them: `report.html` for whoever acts, `evidence.html` for whoever checks.
`churn.Run(folder)` has each table as an attribute: `priority` without those held back, and `shap` by target, as in
`run.shap("churn")`. The last five tables lie in the folder of `churn outcomes`, and quarantine.parquet beside scores;
a run has its own in dataset/.

Types: text, number, count (a whole number), flag, day, and id, a user's id, which is a hash where `segments.id_key`
is set. A column with `?` is one that some runs do not have. Rows of a ranked table are in order; the order of others
tells nothing.
"""


def listed() -> str:
    """The list as Markdown.

    Example:
        >>> print(listed().splitlines()[0])
        # The files of a run
    """
    tables = [(name, one) for name, one in vars(declared).items() if isinstance(one, Table)]
    documents = [one for one in vars(declared).values() if isinstance(one, Document)]
    lines = ["| file | attribute of a Run | a row is | columns |", "|---|---|---|---|"]
    lines += [f"| {_file(one)} | `{name.lower()}` | {_row(one)} | {_columns(one)} |" for name, one in tables]
    lines += ["", "| file | holds | keys |", "|---|---|---|"]
    lines += [f"| {_file(one)} | {one.holds} | {one.keys.replace(' ', ', ')} |" for one in documents]
    return "\n".join([_HEAD, *lines, ""])


def _file(one: Table | Document) -> str:
    return f"`{one.file}`{', of some runs' if one.optional else ''}"


def _row(one: Table) -> str:
    return f"{one.row}{'; ranked' if one.ranked else ''}"


def _columns(one: Table) -> str:
    names = [f"{name} ({kind})" for name, _, kind in (column.partition(":") for column in one.columns.split())]
    return ", ".join([*names, *([one.further] if one.further else [])])


if __name__ == "__main__":
    print(listed(), end="")
