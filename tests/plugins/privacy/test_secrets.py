import importlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial_plugins.privacy.secrets import _DETECTORS, _RUN, _SHORT, SecretRecogniser, _holds
from seatrial_plugins.privacy.token_formats import FORMATS, PROVIDER_TOKEN

RECOGNISER = SecretRecogniser()

# Joined here, so that no scanner takes this file for a leak.
GITHUB = "github" + "_pat_" + "a1B2c3D4e5" * 8
HUGGING_FACE = "h" + "f_" + "aBcDeFgHiJ" * 3 + "kLmN"
OPENAI = "sk" + "-proj-" + "a1B2_c3D4-" * 12
GOOGLE = "AI" + "za" + "a1B2c3D-5_" * 3 + "abcde"


def written(text):
    return [text[datum.start : datum.end] for datum in RECOGNISER.find(text)]


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        (f"token={GITHUB}.", [GITHUB]),
        (f"'{HUGGING_FACE}'", [HUGGING_FACE]),
        (f"Bearer {OPENAI}x", [f"{OPENAI}x"]),
        (f"key: {GOOGLE}\n", [GOOGLE]),
        ("redis://:s3cr&t!x@cache:6379 https://jo:p$w@x.example/", ["s3cr&t!x", "p$w"]),
        ("AccountKey=" + "aB3+" * 22 + ";", ["aB3+" * 22]),
        ('api_key = "a1b2c3d4e5f6g7h8"', ["a1b2c3d4e5f6g7h8"]),
        ("\"client_secret\": 'aXVdgwZmeqIVThCaGTtM'", ["aXVdgwZmeqIVThCaGTtM"]),
        ("DB_PASSWORD='hunter2hunter'", ["hunter2hunter"]),
        (
            "AWS_SECRET_ACCESS_KEY=a1B2c3D4e5+F6g7H8i9J0/k1L2m3N4o5P6q7R8s9t\n",
            ["a1B2c3D4e5+F6g7H8i9J0/k1L2m3N4o5P6q7R8s9t"],
        ),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else "",
)
def test_secrets_are_found_whole(text, secrets):
    assert written(text) == secrets


@pytest.mark.parametrize(
    "text",
    [
        "",
        "my password is long; the token expired; what is a private key?",
        "password: must have 8 letters and a digit",
        "api_key = 'YOUR_API_KEY' token: '<your token here>' password=${DB_PASSWORD}",
        'api_key = os.environ["API_KEY"]; secret = config.get("secret")',
        "token = 'getAuthorizationHeaderFromRequest'",
        'API_KEY = "this-will-be-detected-one-day"',
        'publicKeyToken="1fc8b3b9a1e18e3b"',
        "s3://access_key_id:secret_access_key@bucket ssh://user:password@host",
        "https://a.example.com:8080/@jo https://jo@x.example/",
        "data:image/png;base64," + "iVBORw0KGgo" * 40,
        "ssh-rsa " + "AAAAB3NzaC1yc2E" * 20,
        "sha512-" + "a1B2" * 21 + "==",
        "d41d8cd98f00b204e9800998ecf8427e 123e4567-e89b-12d3-a456-426614174000",
        "hf_hub_download npm_config_registry sk-learn-contrib",
    ],
)
def test_what_gives_nothing_away_is_left(text):
    assert written(text) == []


@pytest.mark.parametrize(("module", "name", "needs"), _DETECTORS, ids=[name for _, name, _ in _DETECTORS])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_text_is_passed_over_that_a_pattern_matches(module, name, needs, data):
    for pattern in getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)().denylist:
        text = data.draw(st.from_regex(pattern))
        assert pattern.search(text)
        assert _holds(text.casefold(), needs)
        assert name in _SHORT or _RUN.search(text)


@pytest.mark.parametrize("provider", FORMATS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_no_text_is_passed_over_that_holds_a_providers_token(provider, data):
    token = data.draw(st.from_regex(re.compile(FORMATS[provider], re.ASCII), fullmatch=True))
    assert PROVIDER_TOKEN.fullmatch(token)
    assert _RUN.search(token)
