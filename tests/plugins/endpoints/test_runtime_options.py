"""How a model is asked is in no key: a run that ended on refusals goes on with fewer requests at a time."""

import json

import pytest

from seatrial.plugin.host import Host
from seatrial.runs.run import suite_digest
from seatrial.runs.workbench import Workbench
from seatrial.suite.file import load_suite

from .suites import write_suite

ADDRESS = "openai:http://127.0.0.1:9/v1#m"


@pytest.fixture(scope="module")
def host():
    return Host.load()


def keys(host, folder, **asked):
    """Of the run, of its model, and of its judge's scores."""
    options = "".join(f", {name}: {json.dumps(value)}" for name, value in asked.items())
    judged = f"judge: {{on: qa, judge: {{source: '{ADDRESS}'{options}}}, criteria: {{right: It is right.}}}}"
    digests, parts = [], []
    for given in ({"options": options}, {"score": judged}):
        suite = load_suite(write_suite(folder, ADDRESS, rows=1, **given), host)
        digests.append(suite_digest(suite, host, only_data=False))
        bench = Workbench(host, cache=folder, offline=False)
        bench.set_model(suite.model)
        parts.append(bench.on_trial().key)
        parts += [bench.recipe("scorers", one.name, one.options).key for one in suite.score]
    return digests + parts


def test_how_fast_it_is_asked_makes_no_other_run_and_what_it_is_asked_does(host, tmp_path):
    own = keys(host, tmp_path, concurrency=8)
    assert keys(host, tmp_path, concurrency=1, timeout=5.0, retries=9, requests_per_minute=60.0) == own
    changed = keys(host, tmp_path, temperature=0.5)
    # The last are of a suite whose judge alone is asked otherwise: the generation before it, and the model, are the same.
    assert [one != other for one, other in zip(own, changed, strict=True)] == [True, True, True, False, False, True]
