import shutil

import pytest

from churn.report import write_report
from churn.report.pages import EVIDENCE, REPORT
from churn.runs import Run

from .parsed_page import ParsedPage
from .synthetic_run import build_run


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A run with both targets, not yet reported on."""
    return build_run(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def finished(built, tmp_path_factory):
    """The run with its pages; tests that change it take a copy."""
    run = shutil.copytree(built, tmp_path_factory.mktemp("finished") / "run")
    write_report(run)
    return run


@pytest.fixture(scope="session")
def evidence(finished):
    """The run's evidence."""
    return ParsedPage(finished / "evidence.html")


@pytest.fixture(scope="session")
def readers(finished):
    """The sections of both pages that read a table, by its file."""
    found, sections = Run.open(finished), {}
    for build in {**REPORT.builds, **EVIDENCE.builds}.values():
        with found.noting() as tables:
            build(found)
        for file in tables:
            sections.setdefault(file, []).append(build)
    return sections


@pytest.fixture(scope="session")
def without_stickers(tmp_path_factory):
    return build_run(tmp_path_factory.mktemp("without_stickers"), stickers=False)


@pytest.fixture
def run(built, tmp_path):
    """A run's folder of this test's own, not yet reported on."""
    return shutil.copytree(built, tmp_path / "run")
