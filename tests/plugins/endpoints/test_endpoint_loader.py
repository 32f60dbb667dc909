"""What the loader of endpoints says before anything is asked."""

import pydantic
import pytest

from seatrial.errors import SourceError
from seatrial.model import Endpoint, LocalWeights, Product
from seatrial.suite.options import option_model
from seatrial_plugins import endpoints

ADDRESS = "openai:http://127.0.0.1:9/v1#m"


def test_resolving_asks_nothing_of_the_network():
    target = endpoints.openai().resolve(ADDRESS, None, None)
    assert target == Endpoint(ADDRESS, "http://127.0.0.1:9/v1", "m", {"loopback": True})
    assert target.digest is None


def test_it_writes_and_can_do_nothing_else():
    loader = endpoints.openai()
    target = loader.resolve(ADDRESS, None, None)
    assert loader.provides(target, None) == {"generates"}
    assert loader.provides(target, "adapter") == frozenset()


def test_what_needs_weights_is_refused_with_the_address(tmp_path):
    loader = endpoints.openai()
    target = loader.resolve(ADDRESS, None, None)
    for refused in (
        lambda: loader.tokenizer(target),
        lambda: loader.trainable(target),
        lambda: loader.open(LocalWeights(ADDRESS, tmp_path, "0")).__enter__(),
    ):
        with pytest.raises(SourceError, match=ADDRESS):
            refused()
    adapter = Product("adapter", tmp_path, "0")
    for refused in (lambda: loader.check_product(adapter), lambda: loader.open(target, adapter).__enter__()):
        with pytest.raises(SourceError, match=f"{tmp_path}: no adapter"):
            refused()


def test_a_missing_key_and_another_machine_offline_are_told_when_it_is_resolved(monkeypatch):
    with pytest.raises(SourceError, match=r"NO_SUCH_KEY .*not set"):
        endpoints.openai(api_key_env="NO_SUCH_KEY").resolve(ADDRESS, None, None)
    monkeypatch.setenv("SEATRIAL_OFFLINE", "1")
    assert endpoints.openai().resolve(ADDRESS, None, None)
    with pytest.raises(SourceError, match=r"example.com .*--offline"):
        endpoints.openai().resolve("openai:https://example.com/v1#m", None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [("timeout", 0), ("concurrency", 0), ("retries", -1), ("requests_per_minute", 0), ("temperature", -1)],
)
def test_options_out_of_range_are_refused_by_name(name, value):
    (component,) = endpoints.seatrial_models()
    options = option_model(component)
    assert options(temperature=None, seed=None, requests_per_minute=0.5)
    with pytest.raises(pydantic.ValidationError, match=name):
        options(**{name: value})
