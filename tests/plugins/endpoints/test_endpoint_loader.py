"""What the loader of endpoints says before anything is asked."""

import pydantic
import pytest

from seatrial.errors import SourceError, SuiteError
from seatrial.model import Endpoint, LocalWeights, Product
from seatrial.plugin.host import Host
from seatrial.suite.file import load_suite
from seatrial.suite.options import option_model
from seatrial_plugins import endpoints

from .suites import write_suite

ADDRESS = "openai:http://127.0.0.1:9/v1#m"


def test_resolving_asks_nothing_of_the_network():
    target = endpoints.openai().resolve(ADDRESS, None, None)
    assert target == Endpoint(ADDRESS, "http://127.0.0.1:9/v1", "m", {"loopback": True})
    assert target.digest is None


def test_it_writes_and_can_do_nothing_else():
    loader = endpoints.openai()
    target = loader.resolve(ADDRESS, None, None)
    assert loader.provides(target, None) == {"generates", "samples"}
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


def test_a_suites_model_may_be_such_an_address_and_its_rows_may_not(tmp_path):
    host = Host.load()
    suite = write_suite(tmp_path, ADDRESS)
    assert load_suite(suite, host).model.loader.name == "openai"
    suite.write_text(suite.read_text().replace("path:", "openai:").replace("openai:http", "opemai:http"))
    with pytest.raises(SuiteError) as told:
        load_suite(suite, host)
    assert "model.source: no source is called 'opemai' (did you mean 'openai'?)" in str(told.value)
    assert "data.tests.qa.source: no source is called 'openai'" in str(told.value)
