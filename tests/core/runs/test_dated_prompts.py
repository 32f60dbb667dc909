"""Chat templates that ask for today's date: a run has one, whichever day it goes on, and its keys hold it."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from seatrial import Turn
from seatrial.errors import StageError
from seatrial.plugin.host import Host
from seatrial.runs.preflight import preflight
from seatrial.runs.run import run
from seatrial.runs.since import _weights
from seatrial.runs.stages.score import ScoreNode
from seatrial.runs.workbench import Workbench
from seatrial.suite.file import load_suite

DATED = (
    "{% if strftime_now is defined %}{% set today = strftime_now('%d %b %Y') %}{% else %}{% set today = 'no day' %}{% endif %}"
    "{{ '<|begin|>system\nToday: ' + today + '<|end|>\n' }}{% for m in messages %}<|begin|>{{ m.role }}\n{{ m.content }}<|end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|begin|>assistant\n{% endif %}"
)
MONDAY = datetime(2026, 11, 30, 23, 50, tzinfo=UTC)


@pytest.fixture
def dated(tiny_source, tmp_path):
    """Makes a suite on a tiny model whose chat template writes today's date."""
    model = shutil.copytree(tiny_source, tmp_path / "model")
    config = json.loads((model / "tokenizer_config.json").read_text())
    (model / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": DATED}))
    (model / "chat_template.jinja").unlink(missing_ok=True)
    rows = [{"prompt": f"Which ferry, on day {day}?", "completion": "none"} for day in range(3)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))

    def make(keys="", **model_keys):
        (tmp_path / "suite.yaml").write_text(
            f"name: dated\n{keys}model: {json.dumps({'source': f'path:{model}', 'loader': 'random', **model_keys})}\n"
            f"data: {{test: {{source: 'path:{tmp_path / 'rows.jsonl'}'}}}}\nscore: [generation: {{max_new_tokens: 2}}]\n"
            "gates: [{metric: generation/exact_match, min: 0.1}]\nreport: [json]\n"
        )
        return load_suite(tmp_path / "suite.yaml", Host.load())

    return make


@pytest.fixture
def ran(tmp_path):
    def go(suite, days=0):
        clock = iter(MONDAY + timedelta(days=days, seconds=second) for second in range(10_000))
        return run(suite, Host.load(), runs=tmp_path / "runs", cache=tmp_path / "cache", clock=lambda: next(clock))

    return go


def asked(result):
    return next(one for one in result.records if one.base == "transcribe")


def test_a_run_keeps_its_date_and_the_next_days_run_asks_anew(dated, ran, monkeypatch, tmp_path):
    with monkeypatch.context() as patched:
        patched.setattr(ScoreNode, "run", lambda *_: (_ for _ in ()).throw(StageError("ended")))
        with pytest.raises(StageError):
            ran(dated())
    resumed = ran(dated(), days=1)
    assert len([*(tmp_path / "runs").iterdir()]) == 1
    assert asked(resumed).started.date() == MONDAY.date()
    assert resumed.manifest["model"]["chat_template_date"] == "2026-11-30"
    tuesday = ran(dated(), days=1)
    assert tuesday.manifest["model"]["chat_template_date"] == "2026-12-01"
    assert _weights(tuesday.manifest, [])["date in its prompts"] == "2026-12-01"
    assert not asked(tuesday).taken_from
    assert asked(tuesday).key != asked(resumed).key


def test_a_suites_date_is_told_on_each_day(dated, ran):
    first, second = ran(dated("date: 2024-07-26\n")), ran(dated("date: 2024-07-26\n"), days=3)
    assert asked(second).taken_from
    assert first.manifest["model"]["chat_template_date"] == "2024-07-26"


def test_only_a_template_that_is_used_and_asks_holds_a_date(dated, tiny_source, tmp_path):
    def prompt(suite):
        bench = Workbench(Host.load(), cache=tmp_path / "cache", offline=True)
        bench.set_model(suite.model, suite.date)
        with bench.closing:
            return bench.tokenizer().render([Turn("user", "Hi")], ask=True), bench.prepared.date

    assert "Today: 26 Jul 2024" in prompt(dated("date: 2024-07-26\n"))[0]
    assert prompt(dated("date: 2024-07-26\n", chat=False))[1] == ""
    (tmp_path / "model/tokenizer_config.json").write_text((tiny_source / "tokenizer_config.json").read_text())
    assert prompt(dated("date: 2024-07-26\n"))[1] == ""


def test_a_check_tells_the_date(dated, tmp_path):
    said = [*preflight(dated("date: 2024-07-26\n"), Host.load(), cache=tmp_path / "cache", offline=True)]
    assert any("is told 2024-07-26: as `date` says" in line for line in said)


@pytest.mark.parametrize("date", ["yesterday", "2026-2-3", "20260203", "2026-02-30"])
def test_what_is_no_date_is_refused(dated, date):
    with pytest.raises(Exception, match=rf"date: '{date}' is no date"):
        dated(f"date: '{date}'\n")
