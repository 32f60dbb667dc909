"""Loads a suite out of a text, or gives its problems."""

import pytest

from seatrial.errors import SuiteError
from seatrial.suite.file import load_suite

from .suite_texts import SUITE


@pytest.fixture
def load(tmp_path, suite_catalogue, extra_metrics):
    def loading(text=SUITE, *overrides, name="suite.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return load_suite(path, suite_catalogue, overrides=overrides, extra_metrics=extra_metrics)

    return loading


@pytest.fixture
def problems(load, tmp_path):
    def finding(text=SUITE, *overrides):
        with pytest.raises(SuiteError) as caught:
            load(text, *overrides)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return finding
