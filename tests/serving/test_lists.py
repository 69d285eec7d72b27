"""Pages of lists: each user once under every order, and text that somebody typed is only ever a value."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from churn.artefacts import declared, read_table, write_table
from churn.errors import UserError
from churn.serving.catalogue import Catalogue
from churn.serving.lists import PAGE, Asked, Lists, sortable

from .conftest import made


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A list of 230 users, with ties in every column, unknown chances, and days that are not known."""
    root = tmp_path_factory.mktemp("lists")
    made(root / "night", users=1_610)
    for file in (declared.SCORES.file, declared.PRIORITY.file):
        table = read_table(root / "night" / file)
        table["p_sticker"] = np.where(table.index % 7 == 0, np.nan, (table.index % 5) / 10)
        table["p_churn"] = table.p_churn.round(1)
        write_table(table, root / "night" / file)
    return Catalogue(root).named("night")


@pytest.fixture(scope="module")
def lists():
    opened = Lists()
    yield opened
    opened.close()


def walked(lists, drawn, asked):
    """The users of all pages, from the first on and back again."""
    pages, asked_now = [lists.page(drawn, asked)], asked
    while (following := pages[-1].following) is not None:
        asked_now = Asked(**{**vars(asked), "cursor": following})
        pages.append(lists.page(drawn, asked_now))
    back, previous = [pages[-1]], pages[-1].previous
    while previous is not None:
        back.insert(0, lists.page(drawn, Asked(**{**vars(asked), "cursor": previous})))
        previous = back[0].previous
    forth = [[user["user_id"] for user in page.users] for page in pages]
    assert [[user["user_id"] for user in page.users] for page in back] == forth
    return [user for page in pages for user in page.users], pages[0].found


SORTS = ["rank", "user_id", "p_churn", "p_sticker", "active_days", "back_by", "priority", "priority_rank"]


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_visit_each_user_once_in_order_and_back_again(lists, drawn, sort, falling):
    users, found = walked(lists, drawn, Asked(sort=sort, descending=falling))
    assert len({user["user_id"] for user in users}) == len(users) == found == 230 > 4 * PAGE
    known = [user[sort] for user in users if user[sort] is not None]
    assert known == sorted(known, reverse=falling)
    assert all(user[sort] is None for user in users[len(known) :])
    rows = [(user[sort], user["file_row_number"]) for user in users]
    ties = [(a, b) for (v, a), (w, b) in pairwise(rows) if v == w]
    assert all(a < b for a, b in ties)


def test_every_column_of_the_list_can_be_sorted_by(lists, drawn):
    assert set(sortable(lists.columns(drawn, declared.PRIORITY))) == set(SORTS) - {"user_id"}


@pytest.mark.parametrize("asked", [{"search": "U00001"}, {"least": 0.4}, {"segment": "priority"}])
def test_filters_hold_on_every_page_of_everyone(lists, drawn, asked):
    users, found = walked(lists, drawn, Asked(show="everyone", sort="p_churn", descending=True, **asked))
    table = read_table(drawn.folder / declared.SCORES.file)
    wanted = {
        "search": table.user_id.str.contains("u00001"),
        "least": table.p_churn >= 0.4,
        "segment": table.segment == "priority",
    }[next(iter(asked))]
    assert {user["user_id"] for user in users} == set(table.user_id[wanted])
    assert len(users) == found


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", '"; DROP TABLE t1; --', "<script>", "%", "_", "\\", "$path", "🙂", "\0", "?", "=cmd()|' /C"]
)
def test_typed_text_is_looked_for_and_never_run(lists, drawn, text):
    assert lists.page(drawn, Asked(sort="rank", search=text)).users == []
    assert lists.page(drawn, Asked(sort="rank")).found == 230


@pytest.mark.parametrize("sort", ["user_id; DROP TABLE t1", "p_churn DESC --", "cutoff", "nonsense", ""])
def test_only_a_column_of_the_list_sorts_it(lists, drawn, sort):
    with pytest.raises(UserError, match="expected to sort by one of"):
        lists.page(drawn, Asked(sort=sort))


@pytest.mark.parametrize(
    "cursor", ["x", "eyJhIjoxfQ", "WyI-IiwgIngiLCAxXQ", "WyI-IiwgMSwgLTFd", "WyI-IiwgTmFOLCAxXQ", "é"]
)
def test_a_cursor_that_none_of_the_pages_gave_is_refused(lists, drawn, cursor):
    with pytest.raises(UserError, match="expected the place of a page"):
        lists.page(drawn, Asked(sort="rank", cursor=cursor))


def test_only_and_without_name_the_users_to_look_among(lists, drawn):
    first = [user["user_id"] for user in lists.page(drawn, Asked(sort="rank")).users]
    assert lists.page(drawn, Asked(sort="rank", only=first[:3])).found == 3
    assert lists.page(drawn, Asked(sort="rank", only=[])).found == 0
    assert lists.page(drawn, Asked(sort="rank", without=first)).found == 230 - PAGE


def test_ids_that_are_numbers_or_look_like_code_are_text(tmp_path, lists):
    hostile = ["<script>alert(1)</script>", "=1+1", "'; --", "a/b?c&d=e", "ä한🙂", "x" * 1_000, "007"]
    made(tmp_path / "named", users=7, ids=hostile)
    made(tmp_path / "numbered", users=7, ids=range(7))
    catalogue = Catalogue(tmp_path)
    page = lists.page(catalogue.named("named"), Asked(show="everyone", sort="user_id"))
    assert [user["user_id"] for user in page.users] == sorted(hostile)
    assert lists.of_users(catalogue.named("named"), declared.SCORES, hostile).user_id.tolist() == hostile
    assert set(lists.of_users(catalogue.named("numbered"), declared.SCORES, ["3", "x"]).user_id) == {"3"}


def test_a_list_that_was_made_again_is_read_again(tmp_path, lists):
    made(tmp_path / "night", users=70)
    catalogue = Catalogue(tmp_path)
    assert lists.page(catalogue.named("night"), Asked(sort="rank")).found == 10
    table = read_table(tmp_path / "night" / declared.PRIORITY.file)
    write_table(pd.concat([table.head(4)]), tmp_path / "night" / declared.PRIORITY.file)
    assert lists.page(catalogue.named("night"), Asked(sort="rank")).found == 4


def test_a_list_whose_file_is_gone_or_cut_is_one_clear_line(tmp_path, lists, refused):
    made(tmp_path / "night", users=70)
    drawn = Catalogue(tmp_path).named("night")
    (tmp_path / "night" / declared.PRIORITY.file).write_bytes(b"PAR1")
    with refused("expected a list that can be read", "", "choose a list again"):
        lists.page(drawn, Asked(sort="rank"))
    (tmp_path / "night" / declared.PRIORITY.file).unlink()
    with refused("expected to read", "No such file", "choose a list again"):
        lists.page(drawn, Asked(sort="rank"))
