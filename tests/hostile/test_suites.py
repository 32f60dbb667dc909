"""Suites and `--set` arguments that are absurd, vast or malicious: refused with their place, in no time, and never run."""

import json

from seatrial.errors import SeatrialError
from seatrial.suite.file import load_suite

from .limits import in_time

NAME = "name: s\n"
DATA = 'data: {train: {source: "path:rows.jsonl"}, split: {test: 0.3}}\n'
TOKEN = "hf_" + "aB" * 17

SUITES = {
    "empty": "",
    "a list": "- a\n",
    "null bytes": "name: \0\n",
    "UTF-16": "name: s\n".encode("utf-16"),
    "not UTF-8": b"name: \xff\xfe\xff\n",
    "a Python object": NAME + DATA + "seed: !!python/object/apply:os.system [touch ran]\n",
    "a Python name": NAME + DATA + "seed: !!python/name:os.system\n",
    "billion laughs": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" if i > 1 else "a1: &a1 [*a,*a,*a,*a]\n" for i in range(1, 12)
    ),
    "an alias in itself": "name: &a [*a]\n",
    "deep lists": "name: " + "[" * 20_000,
    "deep mappings": "name: " + "{a: " * 20_000,
    "deep question marks": "? " * 20_000,
    "a key twice": NAME + NAME + DATA,
    "20,000 unknown keys": NAME + DATA + "".join(f"unknown_{i}: 1\n" for i in range(20_000)),
    "20,000 unknown filters": NAME + DATA + "filters:\n" + "".join(f"  - nothing_{i}: {{}}\n" for i in range(20_000)),
    "a name of a megabyte": f"name: {'x' * 1_000_000}\n" + DATA,
    "a name that climbs": 'name: "../../../../tmp/x"\n' + DATA + "nothing: 1\n",
    "a number of 100,000 digits": NAME + DATA + f"seed: {'9' * 100_000}\n",
    "a float beyond floats": NAME + DATA + "seed: 1e999\n",
    "a share beyond shares": NAME + 'data: {train: {source: "path:rows.jsonl"}, split: {test: 1e300}}\n',
    "NaN": NAME + 'data: {train: {source: "path:rows.jsonl"}, split: {test: .nan}}\n',
    "an alias that climbs": NAME + DATA + 'filters: [{length: {as: "../../../x"}}]\n',
    "a set that climbs": NAME
    + 'data: {train: {source: "path:r.jsonl"}, tests: {"../../x": {source: "path:r.jsonl"}}}\n',
    "a quote in quotes": NAME + DATA + "seed: " + "'\"" * 10_000 + "\n",
    "a gate that any score meets": NAME + DATA + "gates: [{metric: data/test_rows, min: .nan}]\n",
    "a gate on nothing": NAME + DATA + "gates: [{metric: nothing/at_all, min: 0.5}]\n",
    "a password": NAME + 'data: {train: {source: "path:https://me:hunter2@host/rows.jsonl"}, split: {test: 0.3}}\n',
    "a token": NAME + f'data: {{train: {{source: "path:{TOKEN}"}}, split: {{test: 0.3}}}}\n',
    "a seed twice": NAME + DATA + "seeds: [3, 3]\n",
}

SETS = {
    "no value": "seed",
    "no key": "=1",
    "a key of a megabyte": "x" * 1_000_000 + "=1",
    "a key 50,000 deep": ".".join("a" * 50_000) + "=1",
    "an entry of 10⁹⁰⁰⁰": "filters[" + "9" * 9_000 + "]=1",
    "an entry that is not there": "filters[7]=length",
    "a value 50,000 deep": "filters=" + "[" * 50_000,
    "a value that doesn't end": "filters=[1,",
    "an object": "seed=!!python/object/apply:os.system [touch ran]",
    "an alias in itself": "name=&a [*a]",
    "half a character": "name=\ud800",
    "a null": "name=\0",
    "10,000 digits": "seed=" + "9" * 10_000,
    "infinity": "data.split.test=1e999",
    "a secret": "filters.length.api_key=hunter2",
    "a token": f"data.train.source=path:{TOKEN}",
    "another kind": "data=[]",
    "a mapping for a list": "gates={a: 1}",
}


def problem(path, host, *overrides):
    """What is wrong with how a suite was met; "" where it was refused as it should be."""
    try:
        with in_time():
            load_suite(path, host, overrides=overrides, only_data=True)
    except SeatrialError as error:
        said = str(error)
        if error.exit_code != 2 or "hunter2" in said or TOKEN in said:
            return f"said: {said[:200]}"
        return "" if path.name in said or "--set" in said else f"no place: {said[:200]}"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return "it was taken"


def test_suites_that_are_none_are_refused_with_their_place(host, tmp_path, monkeypatch, attempts):
    monkeypatch.chdir(tmp_path)
    count = attempts("suites")
    for name, text in SUITES.items():
        path = tmp_path / "suite.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        count.note(name, problem(path, host))
    assert not (tmp_path / "ran").exists()


def test_arguments_that_are_none_are_refused_and_named(host, tmp_path, monkeypatch, attempts):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.jsonl").write_text(json.dumps({"text": "a", "label": "b"}) + "\n")
    path = tmp_path / "suite.yaml"
    path.write_text(NAME + DATA + "filters: [length]\n")
    count = attempts("--set")
    for name, argument in SETS.items():
        count.note(name, problem(path, host, argument))
    assert not (tmp_path / "ran").exists()
