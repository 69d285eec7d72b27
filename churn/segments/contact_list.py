"""The list for the CRM team, as CSV and as a spreadsheet."""

import csv
from pathlib import Path

import pandas as pd
import xlsxwriter

from churn.artefacts import write_with
from churn.segments.config import RankBy

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def contact_list(scored: pd.DataFrame, reasons: pd.DataFrame, *, rank_by: RankBy = "priority") -> pd.DataFrame:
    """The users of the priority segment, best first: rank, user_id, priority, p_churn, p_sticker, reasons.

    Args:
        scored: The scored users with their segment.
        reasons: Their reasons in words, same rows.
        rank_by: The score behind the rank; one other than the priority has a column after the probabilities.
    """
    table = scored.join(reasons)[scored.segment == "priority"]
    table = table.sort_values([rank_by, "p_churn"], ascending=False, kind="stable", ignore_index=True)
    shown = dict.fromkeys(("priority", "p_churn", "p_sticker", rank_by))  # each once
    ranked = table[["user_id", *(name for name in shown if name in table), *reasons.columns]]
    ranked.insert(0, "rank", range(1, len(ranked) + 1))
    return ranked


def export(table: pd.DataFrame, folder: Path) -> None:
    """Write priority.csv and priority.xlsx; text that a spreadsheet would run as a formula is defused."""
    write_with(lambda path: write_safely(table, path), folder / "priority.csv")
    write_with(lambda path: _write_sheet(table, path), folder / "priority.xlsx")


def write_safely(table: pd.DataFrame, path: Path) -> None:
    """Write a CSV file in which no text is a formula to a spreadsheet."""
    # All text is quoted: a carriage return that is not would begin a row, and with it a formula.
    table.map(_harmless).to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC)


def _harmless(value: object) -> object:
    """A leading apostrophe makes a spreadsheet read a cell as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _write_sheet(table: pd.DataFrame, path: Path) -> None:
    """Typed cells: text is always written as text, so nothing in it is run; so are ids, whose digits a number loses."""
    with path.open("wb") as file, xlsxwriter.Workbook(file) as book:
        sheet, bold, number = book.add_worksheet("priority"), book.add_format({"bold": True}), book.add_format()
        number.set_num_format("0.000")
        for column, name in enumerate(table.columns):
            sheet.write_string(0, column, name, bold)
            for row, value in enumerate(table[name], start=1):
                if isinstance(value, str) or name == "user_id":
                    sheet.write_string(row, column, str(value))
                else:
                    sheet.write_number(row, column, value, number if isinstance(value, float) else None)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(table), 1), len(table.columns) - 1)
        sheet.autofit(300)
