"""Addresses of endpoints, and what may not stand in them."""

import pytest

from seatrial.errors import SourceError
from seatrial_plugins.endpoints.address import api_key, check_offline, parse_address


@pytest.mark.parametrize(
    ("address", "url", "model", "loopback"),
    [
        ("openai:http://localhost:8000/v1#m", "http://localhost:8000/v1", "m", True),
        ("openai:http://127.0.0.9:1/v1/#org/name:tag", "http://127.0.0.9:1/v1", "org/name:tag", True),
        ("openai:http://[::1]:8000/v1#a b#c", "http://[::1]:8000/v1", "a b#c", True),
        ("openai:https://api.example.com/v1#m", "https://api.example.com/v1", "m", False),
        ("openai:http://10.0.0.1/v1#m", "http://10.0.0.1/v1", "m", False),
        ("openai:http://localhost.example.com/v1#m", "http://localhost.example.com/v1", "m", False),
    ],
)
def test_an_address_is_a_url_and_a_model(address, url, model, loopback):
    found = parse_address(address)
    assert (found.url, found.model, found.loopback) == (url, model, loopback)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("openai:http://localhost:8000/v1", "names no model"),
        ("openai:http://localhost:8000/v1#  ", "names no model"),
        ("openai:localhost:8000/v1#m", "not the address of an endpoint"),
        ("openai:ftp://localhost/v1#m", "not the address of an endpoint"),
        ("openai:http://#m", "not the address of an endpoint"),
        ("openai:http://localhost:0/v1#m", "not the address of an endpoint"),
        ("openai:http://localhost:99999/v1#m", "no URL"),
        ("openai:http://[::1/v1#m", "no URL"),
        ("openai:http://höst/v1#m", "not the address of an endpoint"),
        ("openai:", "not the address of an endpoint"),
    ],
)
def test_what_is_no_address_is_told_with_an_example(address, said):
    with pytest.raises(SourceError, match=said) as told:
        parse_address(address)
    assert "openai:http://localhost:8000/v1#model-name" in str(told.value)


@pytest.mark.parametrize("where", ["bob:s3cret@host/v1", "s3cret@host/v1", ":s3cret@host/v1", "host/v1?key=s3cret"])
def test_an_address_with_a_password_or_key_is_refused_and_not_repeated(where):
    with pytest.raises(SourceError, match="api_key_env") as told:
        parse_address(f"openai:http://{where}#m")
    assert "s3cret" not in str(told.value)


def test_offline_only_this_machine_is_asked(monkeypatch):
    monkeypatch.setenv("SEATRIAL_OFFLINE", "1")
    for host in ("localhost", "127.0.0.1", "[::1]"):
        check_offline(parse_address(f"openai:http://{host}:80/v1#m"), "")
    with pytest.raises(SourceError, match=r"example.com is another machine"):
        check_offline(parse_address("openai:https://example.com/v1#m"), "openai:https://example.com/v1#m")
    monkeypatch.delenv("SEATRIAL_OFFLINE")
    check_offline(parse_address("openai:https://example.com/v1#m"), "")


def test_the_key_comes_from_the_environment_and_no_error_repeats_it(monkeypatch):
    monkeypatch.setenv("HOUSE_KEY", " abc123 ")
    assert api_key(None, "openai:…") is None
    assert api_key("HOUSE_KEY", "openai:…") == "abc123"
    with pytest.raises(SourceError, match=r"NO_SUCH_KEY .*not set"):
        api_key("NO_SUCH_KEY", "openai:…")
    monkeypatch.setenv("HOUSE_KEY", "abc\n123")
    with pytest.raises(SourceError, match="HOUSE_KEY") as told:
        api_key("HOUSE_KEY", "openai:…")
    assert "123" not in str(told.value)
    with pytest.raises(SourceError, match="never the key itself") as told:
        api_key("sk-abc123", "openai:…")
    assert "abc123" not in str(told.value)
