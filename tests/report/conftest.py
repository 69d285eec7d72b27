import shutil

import pytest

from churn.report import write_report

from .synthetic_run import build_run


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A run with both targets and its page; tests that change it take a copy."""
    run = build_run(tmp_path_factory.mktemp("finished"))
    write_report(run)
    return run


@pytest.fixture(scope="session")
def without_stickers(tmp_path_factory):
    run = build_run(tmp_path_factory.mktemp("without_stickers"), stickers=False)
    write_report(run)
    return run


@pytest.fixture
def run(finished, tmp_path):
    """A run's folder of this test's own, not yet reported on."""
    return shutil.copytree(finished, tmp_path / "run", ignore=shutil.ignore_patterns("report.html"))
