"""Finished runs for reports to tell of. What stands in them is built in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.reports import little_runs
from tests.reports.payloads import PAYLOADS
from tests.reports.router_run import finished_run

from seatrial.runs.result import Result
from seatrial.verdict import Verdict


@pytest.fixture(scope="session")
def payloads() -> tuple[str, ...]:
    return PAYLOADS


@pytest.fixture(scope="session")
def build_result() -> Callable[..., Result]:
    """Builds a whole run; its first argument may change every text that data, plugins or users give."""
    return finished_run


@pytest.fixture(scope="session")
def plain_result() -> Result:
    return finished_run()


@pytest.fixture
def run():
    """Builds as little as a result can hold, and what a test adds."""
    return little_runs.bare_run


@pytest.fixture
def scored():
    """Builds a run that scored some systems."""
    return little_runs.scored_run


@pytest.fixture
def record():
    """Builds a stage's record."""
    return little_runs.record


@pytest.fixture
def entry():
    """Builds an entry of a ledger."""
    return little_runs.entry


@pytest.fixture
def bare(run) -> Result:
    """As little as a result can hold: base only, no training, no data facts, no gates."""
    return run(verdict=Verdict("inconclusive", "the suite has no gates", ()))
