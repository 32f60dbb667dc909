import pytest


@pytest.fixture(autouse=True)
def _modules(evaluate_modules):
    """Tests load modules of their own."""
