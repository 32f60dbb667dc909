"""A plugin that would make a pass of what is none: the verdict is what the gates decided, or there is none."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from seatrial import Component, GateComponent, Metric, Sample, ScorerComponent, hookimpl
from seatrial.errors import ContractError, StoreError
from seatrial.plugin.host import Host
from seatrial.runs.again import judge_again
from seatrial.runs.run import run
from seatrial.runs.saved import load_result
from seatrial.suite.file import load_suite
from seatrial.verdict import Decision

BOUND = "{metric: odd/right, min: 0.8}"
LAX = "{metric: odd/right, gate: lax}"
ALL_RIGHT = Decision("odd/right", "pass", "block", "lax", "it did well", value=0.9, n=12)
METRICS = (
    Metric("right", "right", "proportion", "higher", "Right."),
    Metric("sure", "sure", "mean", "higher", "Sure.", limits=(0, 1)),
)


def wrong(transcript, place):
    return Sample(transcript.row, {"right": 0.0, "sure": 1.0}, error=transcript.error)


class Plugin:
    """A scorer `odd`, a gate `lax` and a report `liar`, of what they are given."""

    def __init__(self, *, sample=wrong, decide=lambda evidence: ALL_RIGHT, write=lambda result: None):
        self.sample, self.decide, self.write = sample, decide, write

    @hookimpl
    def seatrial_scorers(self):
        def score(scorer, transcripts, task):
            return [self.sample(transcript, place) for place, transcript in enumerate(transcripts)]

        yield ScorerComponent(
            "odd", type("Odd", (), {"score": score}), "Odd.", probe="generate", dimension="accuracy", metrics=METRICS
        )

    @hookimpl
    def seatrial_gates(self):
        def build(*, metric: str, severity: str = "block"):
            return type("Lax", (), {"metric": metric, "decide": lambda gate, evidence: self.decide(evidence)})()

        yield GateComponent("lax", build, "Lax.")

    @hookimpl
    def seatrial_reports(self):
        def write(report, result, folder):
            self.write(result)
            return []

        yield Component("liar", type("Liar", (), {"write": write}), "Liar.")


def make_it_pass(path):
    path.write_text(path.read_text().replace('"fail"', '"pass"'))


def pass_in_memory(result):
    object.__setattr__(result.verdict, "state", "pass")


class Watcher(Plugin):
    @hookimpl
    def seatrial_run_finished(self, result):
        pass_in_memory(result)

    @hookimpl
    def seatrial_report_blocks(self, result):
        pass_in_memory(result)
        return []


class Rewriter(Plugin):
    @hookimpl
    def seatrial_run_finished(self, result):
        make_it_pass(result.folder / "verdict.json")


class Wrapper(Plugin):
    @hookimpl(wrapper=True)
    def seatrial_run_stage(self, stage):
        artifact = yield
        if stage.name == "gate":
            make_it_pass(artifact.files["verdict"])
        return artifact


class Teller(Plugin):
    @hookimpl(wrapper=True)
    def seatrial_run_stage(self, stage):
        artifact = yield
        return replace(artifact, facts={**artifact.facts, "odd": float("nan")}) if stage.name == "read" else artifact


def host_with(plugin):
    host = Host.load()
    host.register(plugin, name="lying", distribution="lying-parts")
    return host


@pytest.fixture
def trial(tmp_path, monkeypatch):
    """A trial of a model that fails on every third row."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "lying_model.py").write_text(
        "def make():\n    def answer(turns):\n        if turns[-1]['content'].endswith('x'):\n            raise ValueError('no')\n"
        "        return 'no'\n    return answer\n"
    )

    def go(plugin, *, gates=BOUND, report="", failing=False):
        texts = [f"say {number}{'x' if failing and number % 3 == 0 else ''}" for number in range(60)]
        lines = [json.dumps({"prompt": text, "completion": "yes"}) for text in texts]
        (tmp_path / "rows.jsonl").write_text("\n".join(lines))
        (tmp_path / "suite.yaml").write_text(
            f"name: lying\nmodel: {{source: 'python:lying_model:make'}}\ndata: {{test: {{source: 'path:{tmp_path}/rows.jsonl'}}}}\n"
            f"score: [odd]\ngates: [{gates}]\nreport: [{report}]\n"
        )
        host = host_with(plugin)
        return run(load_suite(tmp_path / "suite.yaml", host), host, runs=tmp_path / "runs", cache=tmp_path / "cache")

    return go


def test_what_plugins_do_to_a_result_changes_no_verdict(trial):
    result = trial(Watcher(write=pass_in_memory), report="liar")
    assert (result.exit_code, result.verdict.state) == (1, "fail")
    again = judge_again(result.folder, host_with(Watcher(write=pass_in_memory)))
    assert (again.exit_code, again.verdict.state) == (1, "fail")


@pytest.mark.parametrize(
    "plugin",
    [Rewriter(), Wrapper(), Plugin(write=lambda result: make_it_pass(result.folder / "verdict.json"))],
    ids=["watcher", "wrapper", "report"],
)
def test_a_verdict_that_a_plugin_writes_anew_is_none(trial, plugin):
    with pytest.raises(StoreError, match=r"verdict\.json: a plugin altered it after the gates had decided"):
        trial(plugin, report="liar")
    assert trial(Plugin()).exit_code == 1


def test_a_report_that_rewrites_the_verdict_is_found_out_when_gates_decide_again(trial):
    folder = trial(Plugin(), report="liar").folder
    with pytest.raises(StoreError, match=r"verdict\.json: a plugin altered it"):
        judge_again(folder, host_with(Plugin(write=lambda result: make_it_pass(result.folder / "verdict.json"))))


def test_a_wrapper_that_tells_no_json_is_named(trial):
    with pytest.raises(ContractError, match=r"read: a wrapper of the stage .*'lying' of lying-parts.*JSON"):
        trial(Teller())


def sparing(transcript, place):
    """Gives what was not answered a number, and names another column as the one that lacks."""
    lacks = ("sure",) if transcript.error else ()
    return Sample(transcript.row, {"right": 1.0, "sure": None}, error=transcript.error, lacks=lacks)


def test_a_row_that_was_not_answered_lacks_every_number(trial):
    result = trial(Plugin(sample=sparing), failing=True)
    assert (result.exit_code, result.verdict.state) == (3, "error")
    assert "20 of 60 samples failed" in result.verdict.reason


@pytest.mark.parametrize("severity", ["warn", "info"])
def test_a_scorer_that_scored_nothing_ends_no_run_well(trial, severity):
    gates = f"{{metric: data/test_rows, min: 1}}, {{metric: odd/right, min: 0.8, severity: {severity}}}"
    result = trial(Plugin(), gates=gates, failing=True, report="json")
    assert (result.exit_code, result.verdict.state) == (3, "error")
    assert "20 of 60 samples failed" in result.verdict.reason
    again = judge_again(result.folder, host_with(Plugin()))
    assert again.exit_code == 3
    assert load_result(result.folder, host_with(Plugin())).verdict == result.verdict


def test_a_metric_that_failed_and_that_no_gate_holds_is_a_warning(trial):
    def half(transcript, place):
        error = "no idea" if place == 7 else None
        return Sample(transcript.row, {"right": 1.0, "sure": 1.0}, error=error, lacks=("sure",) if error else ())

    result = trial(Plugin(sample=half))
    assert (result.exit_code, result.verdict.state) == (0, "pass")
    (said,) = [one for one in result.verdict.warnings if "odd/sure" in one]
    assert "1 of 60 samples failed" in said


def test_a_column_left_out_of_a_sample_is_no_none(trial):
    def some(transcript, place):
        return Sample(transcript.row, {"right": 1.0, "sure": 1.0} if place < 12 else {"sure": 1.0})

    with pytest.raises(ContractError, match=r"scorer odd on base .*lying-parts.* gave a sample of \w+ no 'right'"):
        trial(Plugin(sample=some))


def test_a_column_that_an_error_neither_lacks_nor_has_is_no_none(trial):
    """Or the rows that failed would drop out of the metric without a word."""

    def half(transcript, place):
        failed = {"values": {}, "error": "the judge timed out", "lacks": ("sure",)}
        told = {"values": {"right": 1.0, "sure": 1.0}}
        return Sample(transcript.row, **(failed if place % 3 else told))

    with pytest.raises(ContractError, match=r"scorer odd on base .* gave a sample of \w+ no 'right'.*`lacks`"):
        trial(Plugin(sample=half))


def test_a_scorer_that_hands_on_no_prompt_hash_has_the_transcripts(trial):
    result = trial(Plugin(sample=lambda transcript, place: Sample(transcript.row, {"right": 1.0, "sure": 1.0})))
    hashes = result.samples["odd"]["prompt_hash"].to_pylist()
    assert all(hashes)
    assert len({*hashes}) > 1


@pytest.mark.parametrize(
    ("decided", "failing", "said"),
    [(ALL_RIGHT, True, "without a score: 20 of 60 samples failed"), (replace(ALL_RIGHT, n=0), False, "its n is 0")],
)
def test_a_gate_passes_only_on_a_score_of_something(trial, decided, failing, said):
    result = trial(Plugin(decide=lambda evidence: decided), gates=LAX, failing=failing)
    assert (result.exit_code, result.verdict.state) == (3, "error")
    assert said in result.verdict.reason


def test_what_a_gate_does_to_its_evidence_no_other_gate_sees(trial):
    def decide(evidence):
        table = evidence.tables["odd"]
        place = table.column_names.index("value:right")
        changed = table.set_column(place, "value:right", table["value:sure"])
        object.__setattr__(evidence, "tables", {"odd": changed})
        for score in evidence.scores:
            object.__setattr__(score, "value", 1.0)
        with pytest.raises(TypeError):
            evidence.copy().tables["odd"] = changed
        return ALL_RIGHT

    result = trial(Plugin(decide=decide), gates=f"{LAX}, {BOUND}")
    assert [one.outcome for one in result.verdict.decisions] == ["pass", "fail"]
    assert (result.exit_code, result.scores[0].value) == (1, 0.0)


def test_a_state_that_its_decisions_contradict_is_refused(trial):
    folder = trial(Plugin()).folder
    kept = folder / "verdict.json"
    kept.write_text(kept.read_text().replace('"state": "fail"', '"state": "pass"'))
    with pytest.raises(StoreError, match=r"it says pass, and from its gates' decisions follows fail"):
        load_result(folder, host_with(Plugin()))
