from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def _copies_of_modules(tmp_path_factory):
    """Where `evaluate` copies the modules that it loads: one folder, since Python imports them all as one package."""
    import evaluate

    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("evaluate")
        patch.setattr(evaluate.config, "HF_MODULES_CACHE", folder / "modules")
        patch.setattr(evaluate.config, "HF_METRICS_CACHE", folder / "metrics")
        yield folder
