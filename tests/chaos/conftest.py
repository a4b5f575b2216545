"""One chaos stack for all tests here, and the table at the end."""
import os

import pytest

from report import Report
from world import ROOT, World

SEED = os.environ.get("CHAOS_SEED", "1")
report = Report(os.environ.get("CHAOS_OUT", ROOT / ".run/chaos.json"))


@pytest.fixture(scope="session")
def world():
    w = World()
    w.up()
    yield w
    w.reset()


@pytest.fixture(scope="session")
def seed():
    return SEED


@pytest.fixture(scope="session")
def result():
    return report


def pytest_terminal_summary(terminalreporter):
    if report.rows:
        report.write()
        terminalreporter.write_line(f"\nseed {SEED}\n{report}")
