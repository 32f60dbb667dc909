"""The suites that come with seatrial: YAML files, readable as documentation."""

from collections.abc import Iterable
from pathlib import Path

from seatrial import hookimpl


@hookimpl
def seatrial_suites() -> Iterable[Path]:
    """The folder of this package."""
    return [Path(__file__).parent]
