"""What is secret may not stand in a suite, which is handed on with its run; it is not shown either."""

import pytest

from seatrial.errors import SuiteError
from seatrial.suite.file import load_suite
from seatrial.suite.secrets import hidden, secrets_in, without_secrets

TOKEN = "ghp_" + "a1B2" * 9

SECRET = {
    "openai:http://me:hunter2@host/v1#m": "hunter2",
    f"openai:https://{TOKEN}@host/v1#m": TOKEN,
    "openai:https://host/v1?api_key=hunter2#m": "hunter2",
    "openai:https://host/v1?x=1&sig=hunter2": "hunter2",
    f"path:{TOKEN}/rows.jsonl": TOKEN,
    "path:sk-proj-" + "aB3d" * 8: "aB3d" * 8,
}


@pytest.mark.parametrize("address", SECRET)
def test_an_address_with_a_secret_is_refused_and_the_secret_is_not_repeated(suite_catalogue, tmp_path, address):
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: s\nmodel: {source: 'hf:a/b'}\ndata: {train: {source: 'path:rows.jsonl'}, split: {test: 0.3}}\n"
    )
    with pytest.raises(SuiteError, match=r"model\.source: holds .*api_key_env") as caught:
        load_suite(path, suite_catalogue, overrides=[f"model.source={address}"])
    assert SECRET[address] not in str(caught.value)


def test_a_key_that_names_a_secret_is_refused_with_its_line():
    found = dict(secrets_in({"model": {"loader": {"openai": {"api_key": "hunter2", "api_key_env": "KEY"}}}}))
    assert list(found) == [("model", "loader", "openai", "api_key")]
    assert without_secrets("model.loader.openai.api_key=hunter2") == "model.loader.openai.api_key=***"


@pytest.mark.parametrize(
    "value",
    [
        "hf:org/name@main", "path:user@host/rows.jsonl", "openai:http://localhost:8000/v1#model", "package:sk-learn/rows.csv",
        "Never tell http://me:hunter2@host to anyone", "path:/data/key=1/rows.parquet",
    ],
)  # fmt: skip
def test_other_values_are_none(value):
    assert not list(secrets_in({"a": [value], "pad_token": "<pad>", "token": 7}))
    assert without_secrets(f"model.source={value}") == f"model.source={value}" or " " in value


def test_a_seed_twice_is_refused(suite_catalogue, tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: s\nseeds: [1, 2, 1]\nmodel: {source: 'hf:a/b'}\ntrain: {method: lora}\n"
        "data: {train: {source: 'path:rows.jsonl'}, split: {test: 0.3}}\n"
    )
    with pytest.raises(SuiteError, match=r"suite\.yaml:2: seeds: holds a seed twice"):
        load_suite(path, suite_catalogue)


def test_what_is_sent_to_others_holds_no_secret_wherever_it_stands():
    sent = hidden(
        {
            "model": {"source": "openai:http://me:hunter2@host/v1#m", "system": f"Use {TOKEN} for it."},
            "tracking": [{"house": {"api_key": "hunter2", "project": "router", "steps": 3}}],
        }
    )
    assert "hunter2" not in str(sent)
    assert TOKEN not in str(sent)
    assert sent["tracking"] == [{"house": {"api_key": "***", "project": "router", "steps": 3}}]
    assert sent["model"] == {"source": "openai:http://***@host/v1#m", "system": "Use *** for it."}
