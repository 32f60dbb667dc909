import pytest

from seatrial import Row, Turn
from seatrial_plugins.cleaning import build_quality


@pytest.fixture(scope="session")
def quality():
    """Gives the findings of the quality filter about one text."""

    def findings(text, *, rules, **options):
        row = Row("r", (Turn("user", text),), "chat", "s", "f", 1)
        return list(build_quality(rules=rules, **options).inspect([row]))

    return findings
