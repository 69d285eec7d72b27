"""The public names, on which others may build: the list in docs/public.md compared with the code."""

import importlib
import re
from pathlib import Path

import pytest

from churn.cli import _LIGHTNING
from churn.commands import COMMANDS

LISTED = dict(
    row.strip("| ").split(" | ", maxsplit=1)
    for row in Path(__file__).parents[1].joinpath("docs", "public.md").read_text(encoding="utf8").splitlines()
    if row.startswith("|") and " | " in row
)
PACKAGES = [where.strip("`") for where in LISTED if where.startswith("`")]


def names(where):
    return re.findall(r"`([\w-]+)`", LISTED[where])


@pytest.mark.parametrize("package", PACKAGES)
def test_the_public_names_of_a_package_are_those_listed(package):
    assert names(f"`{package}`") == sorted(importlib.import_module(package).__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_a_docstring_where_it_may_have_one(package):
    shown = [getattr(importlib.import_module(package), name) for name in names(f"`{package}`")]
    assert [found for found in shown if callable(found) and not found.__doc__] == []


def test_the_commands_are_those_listed():
    assert names("commands") == sorted([*COMMANDS, *_LIGHTNING])
