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
    "openai:http://me:hunt@er2@host/v1#m": "er2",
    "postgresql://me:hunt/er2@host/db": "er2",
    "postgresql://me:1/hunter2@host:5432/db": "hunter2",
    "mysql+pymysql://me:hunt?er2#@host/db": "er2",
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


@pytest.mark.parametrize(
    "token",
    [
        "sk-ant-api03-" + "aB3d" * 9 + "-AA", "sk-proj-abc-" + "aB3d" * 9, "gsk_" + "aB3d" * 9, "dapi" + "0a1b" * 8,
        "xai-" + "aB3d" * 9, "nvapi-" + "aB3-" * 9, "Bearer hunter2", "Authorization: Bearer " + "aB3d" * 5,
    ],
)  # fmt: skip
def test_keys_of_known_houses_are_seen_and_sent_to_nobody(token):
    assert list(secrets_in({"a": token}))
    if token != "Bearer hunter2":
        assert token.split()[-1] not in str(hidden(f"401: the key {token} is wrong"))


def test_what_should_name_a_variable_and_does_not_is_refused_before_a_run_keeps_it(suite_catalogue, tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: s\nmodel: {source: 'hf:a/b', api_key_env: hunter2}\ndata: {train: {source: 'path:rows.jsonl'}}\n"
    )
    with pytest.raises(SuiteError, match=r"suite\.yaml:2: model\.api_key_env: holds what is no environment") as caught:
        load_suite(path, suite_catalogue)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in str(hidden({"judge": {"api_key_env": "hunter2"}}))
    assert not list(secrets_in({"judge": {"api_key_env": "HOUSE_KEY_2"}, "conda_env": "mine"}))


def test_a_key_that_names_a_secret_is_refused_with_its_line():
    found = dict(secrets_in({"model": {"loader": {"openai": {"api_key": "hunter2", "api_key_env": "KEY"}}}}))
    assert list(found) == [("model", "loader", "openai", "api_key")]
    assert without_secrets("model.loader.openai.api_key=hunter2") == "model.loader.openai.api_key=***"


@pytest.mark.parametrize(
    "value",
    [
        "hf:org/name@main", "path:user@host/rows.jsonl", "openai:http://localhost:8000/v1#model", "package:sk-learn/rows.csv",
        "Never tell http://me:hunter2@host to anyone", "path:/data/key=1/rows.parquet",
        "openai:http://localhost:8000/v1#org/name@main", "openai:http://[::1]:8000/v1#org/name@main", "hf://org/name@main/x",
        "path:sk-learn-datasets-of-iris-rows-2024", "http://host:80/a@b", "sqlite:////data/me@home/mlflow.db", "bearer of news",
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
