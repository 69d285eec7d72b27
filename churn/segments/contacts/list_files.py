"""The list for the CRM team, as CSV and as a spreadsheet, and the users held back."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
from numpy.typing import NDArray

from churn.artefacts import Hide, declared, write_with
from churn.explanation import worded, worded_moves
from churn.language import decimals_of_money, priced, say
from churn.offers import of_each
from churn.segments.config import RankBy, SegmentConfig
from churn.segments.contacts.advice import advice
from churn.segments.contacts.control import CONTACT, CONTROL
from churn.segments.contacts.list_words import BASES, about, in_words
from churn.segments.earnings import profit_of
from churn.segments.makes import worded_makes
from churn.segments.orders import Order
from churn.segments.ranking import chance_of_first, ranked

_CHANCE, _SCORES = "0.0%", {"priority": "0.000", "value_at_risk": "0.000"}
_AMOUNTS = {"expected_loss"}
_DATES, _DATE = {"back_by"}, "yyyy-mm-dd"  # which no colour scales, as it does numbers
_SENTENCES = ("reason_", "lever_", "unusual_week")  # how the columns of sentences begin
_COLOURS = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#F4B183"}
_COMMENT = {"x_scale": 2}
_WIDEST = 300  # pixels
_REASON_WIDTH = 46  # characters; longer reasons wrap
_A4 = 9


def contact_list(scored: pd.DataFrame, *, rank_by: RankBy = "priority") -> pd.DataFrame:
    """The list in the order of `ranked`: rank, user_id, priority, priority_rank, p_churn, p_sticker, active_days,
    back_by.

    Args:
        scored: All scored users with their segment.
        rank_by: The score behind the rank; one other than the priority has a column after the probabilities.
            `priority_rank` is the place that the priority gives among all who were scored.
    """
    places = pd.Series(range(1, len(scored) + 1), ranked(scored, "priority").index)
    table = ranked(scored.assign(priority_rank=places), rank_by)
    table = table[table.segment == "priority"].reset_index(drop=True)
    first = chance_of_first(scored)
    shown = dict.fromkeys(("priority", "priority_rank", first, "p_sticker", rank_by, "active_days", "back_by"))
    listed = table[["user_id", *(name for name in shown if name in table)]]
    listed.insert(0, "rank", range(1, len(listed) + 1))
    return listed


def export(
    table: pd.DataFrame,
    reasons: pd.DataFrame,
    folder: Path,
    *,
    held_back: NDArray[np.bool_] | None = None,
    hide: Hide | None = None,
) -> None:
    """Write the list with its reasons, and the users held back; `write_contacts` makes the files that a team opens.

    Args:
        table: The segment, from `contact_list`.
        reasons: Why, a row per user_id and place, from `explanation.reasons`.
        folder: Where to write.
        held_back: Who is in the control group, (n,); by default nobody.
        hide: What makes hashes of users' ids, if they are to be hidden.
    """
    held = np.zeros(len(table), np.bool_) if held_back is None else held_back
    grouped = table.copy()
    grouped.insert(2, "group", np.where(held, CONTROL, CONTACT))
    declared.PRIORITY.write(grouped, folder, hide)
    declared.REASONS.write(reasons, folder, hide)
    declared.CONTROL.write(declared.PRIORITY.read(folder), folder)  # with the ids that may leave the house


def write_contacts(folder: Path, order: Order, config: SegmentConfig, *, answered: bool = False) -> None:
    """Write the contacts of a folder's list as CSV and as a spreadsheet, in the language spoken, from its other files.

    Args:
        folder: The folder that `export` and the scores were written into.
        order: The order of the list, and the outcomes of past lists in it.
        config: The rules by which the list was drawn.
        answered: Whether the answers of all who were scored are known.
    """
    scored, groups = declared.SCORES.read(folder), declared.PRIORITY.read(folder).group
    held_back, target = int((groups == CONTROL).sum()), chance_of_first(scored).removeprefix("p_")
    first = advice_on(folder, order, config, listed=len(groups), held_back=held_back, target=target, answered=answered)
    drawn = replace(config, rank_by=order.rank_by)
    contacts = _contacts(folder)
    told = about(scored, drawn, held_back=held_back, first=first, columns=set(map(str, contacts)), answered=answered)
    _write_contacts(contacts, folder, about=told)


def advice_on(
    folder: Path,
    order: Order,
    config: SegmentConfig,
    *,
    listed: int,
    held_back: int,
    target: str,
    answered: bool = False,
) -> str:
    """The advice on the list in a folder, with the profit where a budget is known.

    Args:
        folder: The folder that the scores were written into.
        order: As for `write_contacts`.
        config: As for `write_contacts`.
        listed: Users on the list.
        held_back: Users of the list who are held back.
        target: The target by whose chance the list is ordered.
        answered: As for `write_contacts`.
    """
    best, profit = None, None
    if config.budget.known:
        curve = declared.BUDGET.read(folder)
        best = int(curve.k.to_numpy()[curve.profit.argmax()])
        profit = profit_of(curve, size=listed, to_call=listed - held_back).value
    return advice(
        order,
        listed=listed - held_back,
        held_back=held_back,
        target=target,
        answered=answered,
        profit=profit,
        best=best,
    )


def _write_contacts(contacts: pd.DataFrame, folder: Path, *, about: Sequence[tuple[str, object]]) -> None:
    """Write the contacts as CSV, and as a spreadsheet with terms and their values on its second sheet."""
    declared.CONTACTS.write(contacts, folder)
    write_with(lambda path: _write_book(contacts, about, path), folder / declared.BOOK)


def _contacts(folder: Path) -> pd.DataFrame:
    """The users of a folder's list who are not held back, with what departed in their last week, their reasons, and
    the moves of a run with controllable attributes, the offers of one with visits of activities, and what they make
    where the log says so.

    Users who are held back stand in control.csv alone, and the others keep the ranks that they have beside them.
    """
    listed = declared.PRIORITY.read(folder)
    contacts = listed[listed.group != CONTROL].drop(columns="group").reset_index(drop=True)
    contacts = _with_unusual_weeks(contacts, folder)
    told = contacts.join(worded(declared.REASONS.read(folder), contacts.user_id, by="user_id"))
    found = declared.LEVERS.read(folder)
    told = told.join(worded_moves(found, contacts.user_id)) if len(found) else told
    offered = declared.OFFERS.read(folder)
    told = told.join(_worded_offers(offered, contacts.user_id)) if len(offered) else told
    made = declared.MAKES.read(folder)
    return told.assign(makes=contacts.user_id.astype(str).map(worded_makes(made)).fillna("")) if len(made) else told


def _worded_offers(offered: pd.DataFrame, of: pd.Series) -> pd.DataFrame:
    """The titles of what each user is offered, and how it is known."""
    table = of_each(offered, of, "title").fillna("")
    return table.assign(offer_basis=table["offer_basis"].map(lambda basis: BASES[basis] if basis else ""))


def departures(users: pd.Series, found: pd.DataFrame) -> dict[str, str]:
    """The counts in which a user's week departs from the user's own past, in words by user.

    Args:
        users: The users whose week departs.
        found: Their departures, a row per user_id and place.
    """
    words = worded(found, users, by="user_id").to_numpy(object)
    return {str(user): " · ".join(filter(None, told)) for user, told in zip(users, words, strict=True)}


def _with_unusual_weeks(contacts: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The contacts with a column of what departs in an unusual week, empty for a usual one; none if all are usual.

    Nobody has looked for such weeks in a folder of scores.
    """
    if not (folder / declared.ANOMALIES.file).is_file():
        return contacts
    departed = departures(declared.ANOMALIES.read(folder)["user_id"], declared.DEPARTURES.read(folder))
    unusual = contacts.user_id.map(lambda user: departed.get(str(user), "")).astype(object)
    return contacts.assign(unusual_week=unusual) if unusual.any() else contacts


def _write_book(table: pd.DataFrame, about: Sequence[tuple[str, object]], path: Path) -> None:
    content = BytesIO()  # a full disk makes the writer of archives complain for a second time, at nobody
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet(say("priority"))
        for column, name in enumerate(table.columns):
            shown = book.add_format(_format(str(name)))
            sheet.write_string(0, column, name, bold)
            sheet.write_comment(0, column, in_words(str(name), list(map(str, table))), _COMMENT)
            for row, value in enumerate(table[name], start=1):
                # ids are text even where they are numbers, whose digits a spreadsheet would lose
                _write(sheet, row, column, str(value) if name == "user_id" else value, shown)
            if _number_format(str(name)) and len(table):
                sheet.conditional_format(1, column, len(table), column, _COLOURS)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(table), 1), len(table.columns) - 1)
        sheet.autofit(_WIDEST)
        for column, name in enumerate(table.columns):
            if str(name).startswith(_SENTENCES):
                sheet.set_column(column, column, _REASON_WIDTH)
        _for_paper(sheet)
        if about:
            _write_about(book, about)
    path.write_bytes(content.getvalue())


def _format(name: str) -> dict[str, object]:
    shown: dict[str, object] = {"valign": "top"}
    if number := _DATE if name in _DATES else _number_format(name):
        shown["num_format"] = number
    if name.startswith(_SENTENCES):
        shown["text_wrap"] = True
    return shown


def _number_format(name: str) -> str:
    """The spreadsheet's format of a score or a chance; empty for any other column."""
    if name in _AMOUNTS:
        return _in_currency()
    return _CHANCE if name.startswith("p_") else _SCORES.get(name, "")


def _in_currency() -> str:
    """The spreadsheet's format of an amount: its sign or, where there is none, its unit stands as the page has it."""
    plain = f"#,##0{'.' * bool(digits := decimals_of_money(2))}{'0' * digits}"
    before, _, behind = (f'"{text}"' if text else "" for text in priced("0").partition("0"))
    return f"{before}{plain}{behind}"


def _for_paper(sheet: Any) -> None:
    """Landscape, as wide as the paper, as long as it takes, the column names on each page."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&C&P / &N")


def _write_about(book: Any, about: Sequence[tuple[str, object]]) -> None:
    sheet, bold = book.add_worksheet(say("about")), book.add_format({"bold": True, "valign": "top"})
    text = book.add_format({"text_wrap": True, "align": "left", "valign": "top"})
    date = book.add_format({"num_format": _DATE, "align": "left", "valign": "top"})
    for row, (term, value) in enumerate(about):
        sheet.write_string(row, 0, term, bold)
        _write(sheet, row, 1, value, date if isinstance(value, pd.Timestamp) else text)
    sheet.set_column(0, 0, 38)
    sheet.set_column(1, 1, 80)


def _write(sheet: Any, row: int, column: int, value: object, shown: Any) -> None:
    """A typed cell: text is always written as text, so nothing in it is run."""
    if isinstance(value, pd.Timestamp):
        sheet.write_datetime(row, column, value.to_pydatetime(), shown)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, shown)
    elif value is None or value != value:
        sheet.write_blank(row, column, None, shown)
    else:
        sheet.write_number(row, column, value, shown)
