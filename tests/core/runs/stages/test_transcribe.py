"""Transcribe: every row is asked once, whatever kills the run, and what is no answer is an error."""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from seatrial import Artifact, Continuation, LocalWeights, Product, Resolved, Response, Transcript
from seatrial.errors import ContractError, StageError, UsageError
from seatrial.evaluation.transcript import read_transcripts
from seatrial.model import Endpoint
from seatrial.rows.table import open_rows, write_rows
from seatrial.runs.asking import Asking
from seatrial.runs.baselines import Baselines
from seatrial.runs.on_trial import ModelOnTrial
from seatrial.runs.recipe import Recipe
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages.transcribe import Transcribe
from seatrial.runs.store import digest_path
from seatrial.runs.systems import SystemPlan
from seatrial.runs.task_plan import TaskPlan
from seatrial_plugins.accuracy import build_choice
from seatrial_plugins.baselines import build_majority
from seatrial_plugins.probes import build_choose

LABELS = ("card", "loan", "rate")
PAIRS = [(f"{LABELS[number % 3]} {number}", LABELS[number % 3]) for number in range(8)]


class Model:
    """Finds the option likeliest that stands in the prompt; what `says` maps an option to is said instead."""

    def __init__(self, product=None, says=None):
        self.facts = {"product": product.kind if product else "none"}
        self.says = says or {}

    def loglikelihoods(self, prompts, options):
        return [
            [Continuation(self.says.get(option, -float(option not in prompt[-1].content)), 1) for option in listed]
            for prompt, listed in zip(prompts, options, strict=True)
        ]


class Loader:
    """Notes what it opens."""

    def __init__(self, target=None, says=None):
        self.target = target
        self.says = says
        self.opened = []

    def resolve(self, address, find, cache):
        return self.target or LocalWeights(address, find(address).path, "digest")

    @contextmanager
    def open(self, target, product=None):
        self.opened.append(product)
        yield Model(product, self.says)


class Probe:
    """Notes which rows it is given, and dies, or answers wrongly, where it is told to."""

    def __init__(self, *, dies_at=None, change=None):
        self.pieces = []
        self.prompts = []
        self.dies_at = dies_at
        self.change = change or (lambda transcripts: transcripts)

    def run(self, system, task, rows, progress):
        if len(self.pieces) == self.dies_at:
            raise KeyboardInterrupt
        self.pieces.append([row.id for row in rows])
        self.prompts += [system.prompt(row, task) for row in rows]
        for done in range(len(rows)):
            progress(done + 1, len(rows))
        return self.change([Transcript(row.id, (Response(row.target, -1.0, 1),), detail={"text": row.input_text}) for row in rows])  # fmt: skip

    @property
    def asked(self):
        return [row for piece in self.pieces for row in piece]


@pytest.fixture
def files(tmp_path, labelled):
    """The tables of the data stages: eight rows to ask, three to show."""
    paths = {name: tmp_path / f"{name}.parquet" for name in ("train", "test")}
    write_rows(paths["test"], labelled(*PAIRS))
    write_rows(paths["train"], labelled(*((f"the {label}", label) for label in LABELS)))
    return paths


@pytest.fixture
def transcribe(tmp_path, files):
    """Runs the stage with a probe, as the node of a key; gives the artifact and the transcripts."""
    folder = RunFolder.create(tmp_path / "runs", "suite", datetime.now(UTC))

    def run(probe, *, loader=None, system=None, key="key", progress=None, given=None, baselines=None, **task):
        loader = loader or Loader()
        made = {"loader": loader, "ask": probe}
        recipes = {name: Recipe(f"{name} (plugin toys of seatrial-toys)", object, {}) for name in made}

        def make(recipe):
            return made[recipe.who.partition(" ")[0]]

        model = ModelOnTrial(
            "path:toy",
            recipes["loader"],
            "toys",
            make=make,
            find=lambda address: Resolved(address, tmp_path),
            cache=tmp_path / "cache",
        )
        system = system or SystemPlan("base", "base")
        plan = TaskPlan(**{"on": "test", "samples": None, "fewshot": 0, "seed": 5, **task})
        asking = Asking(plan, recipes["ask"], 3, frozenset({"scores"}), "test.ask", "toys")
        stage = Transcribe(asking, system, None if system.baseline else model, "here", (), make, baselines)
        artifact = stage.run(
            Artifact({**files, **(given.files if given else {})}, given.facts if given else {}),
            replace(folder, node=key),
            progress or (lambda *_: None),
        )
        (path,) = artifact.files.values()
        return artifact, list(read_transcripts(path))

    run.folder = folder
    return run


def test_every_row_is_asked_once_and_in_order_piece_by_piece(transcribe, files):
    probe, steps = Probe(), []
    artifact, transcripts = transcribe(probe, progress=lambda *step: steps.append(step))
    rows = [row.id for row in open_rows(files["test"])]
    assert probe.pieces == [rows[:3], rows[3:6], rows[6:]]
    assert [one.row for one in transcripts] == rows
    assert [one.responses for one in transcripts] == [(Response(label, -1.0, 1),) for _, label in PAIRS]
    assert transcripts[0].detail == {"text": "card 0"}
    assert artifact.files == {"transcripts:base": transcribe.folder / "transcripts/test.ask/base.parquet"}
    assert artifact.facts == {"rows": 8, "of": 8, "errors": 0, "model": {"product": "none"}}
    assert [done for done, _, _ in steps] == sorted(done for done, _, _ in steps)
    assert steps[-1] == (8, 8, {})


def test_some_of_the_rows_are_asked_and_of_how_many_is_told(transcribe):
    probe = Probe()
    artifact, transcripts = transcribe(probe, samples=4)
    assert (artifact.facts["rows"], artifact.facts["of"]) == (4, 8)
    again = Probe()
    _, repeated = transcribe(again, samples=4, key="another")
    assert repeated == transcripts  # drawn with the seed
    assert again.asked == probe.asked


# ---- kills ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kills", [(0,), (1,), (2,), (0, 1, 1), (1, 1), (1, 0, 0, 1)])
def test_whatever_kills_it_nothing_is_asked_twice_and_the_bytes_are_the_same(transcribe, kills):
    whole, _ = transcribe(Probe(), key="whole")
    path = whole.files["transcripts:base"]
    expected = path.read_bytes()
    path.unlink()
    asked = []
    for dies_at in kills:
        probe = Probe(dies_at=dies_at)
        with pytest.raises(KeyboardInterrupt):
            transcribe(probe)
        assert not path.exists()
        asked += probe.asked
    last = Probe()
    artifact, transcripts = transcribe(last)
    assert asked + last.asked == [one.row for one in transcripts]
    assert path.read_bytes() == expected
    assert artifact.facts["errors"] == whole.facts["errors"]


def test_what_was_asked_in_full_is_put_together_without_a_model(transcribe):
    whole, _ = transcribe(Probe())
    (transcribe.folder / "transcripts/test.ask/base.parquet").unlink()
    loader, probe = Loader(), Probe()
    artifact, transcripts = transcribe(probe, loader=loader)
    assert (probe.pieces, loader.opened) == ([], [])
    assert len(transcripts) == 8
    assert artifact.facts == whole.facts


def test_what_another_node_has_asked_is_not_taken(transcribe):
    transcribe(Probe(), key="one")
    probe = Probe()
    transcribe(probe, key="other")
    assert len(probe.asked) == 8


def test_a_piece_that_is_refused_is_not_kept(transcribe):
    with pytest.raises(ContractError):
        transcribe(Probe(change=lambda transcripts: transcripts[:-1]))
    probe = Probe()
    transcribe(probe)
    assert len(probe.asked) == 8


# ---- answers that are none -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda transcripts: transcripts[1:],
        lambda transcripts: transcripts[:-1],
        lambda transcripts: [],
        lambda transcripts: [*transcripts, transcripts[0]],
        lambda transcripts: transcripts[::-1],
        lambda transcripts: [transcripts[0]] * len(transcripts),
        lambda transcripts: [replace(one, row="nobody") for one in transcripts],
    ],
    ids=["one missing", "last missing", "none", "one too many", "order", "copies", "of nobody"],
)
def test_a_wrong_number_or_order_of_transcripts_is_refused_by_name(transcribe, change):
    said = r"transcribe\[test\.ask, base\]: probe ask \(plugin toys of seatrial-toys\) gave \d transcripts for 3 rows"
    with pytest.raises(ContractError, match=said):
        transcribe(Probe(change=change))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "gave None where it must give a series of Transcript"),
        (["row-0", "row-1", "row-2"], "gave a str in a series that must be of Transcript"),
    ],
)
def test_what_is_no_transcript_is_refused_by_name(transcribe, answer, said):
    with pytest.raises(ContractError, match=rf"transcribe\[test\.ask, base\]: probe ask .*{said}"):
        transcribe(Probe(change=lambda transcripts: answer))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"responses": None}, "its `responses` is None, no tuple of Response"),
        ({"responses": ("yes",)}, "its `responses` hold a str, not a Response"),
        ({"responses": (Response(5),)}, "of response 1, its `text` is an int, not text"),
        ({"responses": (Response("a"), Response(None))}, "of response 2, its `text` is None, not text"),
        ({"responses": (Response("\ud83d"),)}, "the `text` of response 1 holds half a character"),
        ({"responses": (Response("a", "-1"),)}, "its `logprob` is a str, neither a number nor None"),
        ({"responses": (Response("a", True),)}, "its `logprob` is a bool"),
        ({"responses": (Response("a", -1.0, 1.5),)}, "its `tokens` is a float, neither a whole number nor None"),
        ({"responses": (Response("a", -1.0, 1, "yes"),)}, "its `finished` is a str, neither True, False nor None"),
        ({"detail": None}, "its `detail` is None, not a mapping"),
        ({"detail": {"times": object()}}, "its `detail` is no JSON: .*not JSON serializable"),
        ({"detail": {"times": math.nan}}, "its `detail` is no JSON: .*not JSON compliant"),
        ({"detail": {"said": "\ud83d"}}, "its `detail` holds half a character"),
        ({"detail": {(1, 2): 1}}, "its `detail` is no JSON"),
        ({"error": "\ud83d"}, "its `error` holds half a character"),
        ({"error": ValueError("x")}, "its `error` is a ValueError, neither text nor None"),
        ({"prompt_hash": None}, "its `prompt_hash` is None, not text"),
    ],
)
def test_a_transcript_that_no_table_can_hold_is_named_with_its_row(transcribe, change, said):
    def wrong(transcripts):
        return [transcripts[0], replace(transcripts[1], **change), *transcripts[2:]]

    who = (
        r"transcribe\[test\.ask, base\]: probe ask \(plugin toys of seatrial-toys\) made a transcript of row 'row-1': "
    )
    with pytest.raises(ContractError, match=who + rf".*{said}") as caught:
        transcribe(Probe(change=wrong))
    assert caught.value.exit_code == 3


def test_what_a_probe_raises_is_told_with_its_name(transcribe):
    def fails(transcripts):
        raise ValueError("no such thing")

    said = r"transcribe\[test\.ask, base\]: probe ask .*\(plugin toys\) raised ValueError: no such thing"
    with pytest.raises(StageError, match=said):
        transcribe(Probe(change=fails))


def test_errors_are_counted_over_all_pieces(transcribe):
    def some(transcripts):
        return [replace(transcripts[0], responses=(), error="too long"), *transcripts[1:]]

    artifact, transcripts = transcribe(Probe(change=some))
    assert artifact.facts["errors"] == 3
    assert [one.error for one in transcripts].count("too long") == 3


def busy_twice(transcripts):
    return [replace(one, responses=(), error="busy") if one.row in {"row-1", "row-6"} else one for one in transcripts]


def test_what_an_endpoint_did_not_answer_is_asked_again_and_nothing_else(transcribe):
    """Its errors may pass; the errors of weights that are run here would come again."""
    elsewhere = Endpoint("openai:http://x#y", "http://x", "y")
    first, _ = transcribe(Probe(change=busy_twice), loader=Loader(elsewhere))
    assert first.facts["unanswered"] == first.facts["errors"] == 2
    assert "2 of 8 rows were not answered" in first.facts["warnings"][0]
    probe = Probe()
    second, transcripts = transcribe(probe, loader=Loader(elsewhere))
    assert probe.asked == ["row-1", "row-6"]
    assert [one.row for one in transcripts] == [f"row-{number}" for number in range(8)]
    assert all(one.error is None and one.responses for one in transcripts)
    assert second.facts["errors"] == 0
    assert "warnings" not in second.facts


def test_what_weights_could_not_answer_is_not_asked_again(transcribe):
    first, _ = transcribe(Probe(change=busy_twice))
    probe = Probe()
    second, _ = transcribe(probe)
    assert probe.asked == []
    assert first.facts["errors"] == second.facts["errors"] == 2
    assert "warnings" not in second.facts


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_log_likelihood_that_is_no_finite_number_is_an_error_of_its_row_alone(transcribe, number):
    def broken(transcripts):
        bad = replace(
            transcripts[1], responses=(Response("fine", -1.0), Response("broken", number)), prompt_hash="hash"
        )
        return [transcripts[0], bad, *transcripts[2:]]

    artifact, transcripts = transcribe(Probe(change=broken))
    assert artifact.facts["errors"] == 3  # the second of each of the three pieces
    assert "'broken'" in transcripts[1].error
    assert str(number) in transcripts[1].error
    assert transcripts[1].responses == ()
    assert transcripts[1].prompt_hash == "hash"
    assert transcripts[0].error is None


def test_an_error_that_the_probe_tells_stays_as_it_is(transcribe):
    def told(transcripts):
        return [replace(one, responses=(Response("a", math.nan),), error="no memory") for one in transcripts]

    _, transcripts = transcribe(Probe(change=told))
    assert {one.error for one in transcripts} == {"no memory"}


@pytest.mark.parametrize("nan", [LABELS, LABELS[:1], LABELS[1:2], LABELS[2:]], ids=["all", "first", "second", "third"])
def test_a_model_whose_weights_are_nan_gets_no_row_right(transcribe, files, nan):
    """The largest of NaN is the first option: where that is the expected one, such a model would score 100%."""
    loader = Loader(says=dict.fromkeys(nan, math.nan))
    artifact, transcripts = transcribe(build_choose(), loader=loader)
    assert artifact.facts["errors"] == 8
    plan = TaskPlan("test", None, 0, 5)
    samples = list(build_choice().score(iter(transcripts), plan.task(files, None)))
    assert all(sample.error and not sample.values for sample in samples)


# ---- systems ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def adapter(tmp_path):
    """What training left."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "weights").write_text("w")
    return Product("adapter", folder, digest_path(folder))


def test_the_tuned_model_is_opened_with_what_training_left_and_the_base_without(transcribe, adapter):
    loader = Loader()
    facts = {"train[seed=5]": {"product": "adapter", "product_sha256": adapter.digest}}
    given = Artifact({"product": adapter.folder}, facts)
    artifact, _ = transcribe(Probe(), loader=loader, system=SystemPlan("tuned", "tuned", seed=5), given=given)
    assert list(artifact.files) == ["transcripts:tuned, seed=5"]
    assert artifact.facts["model"] == {"product": "adapter"}
    transcribe(Probe(), loader=loader, key="base")
    transcribe(Probe(), loader=loader, system=SystemPlan("tuned", "tuned", product=adapter), key="brought")
    assert loader.opened == [adapter, None, adapter]


def test_each_seed_has_transcripts_of_its_own(transcribe, adapter):
    paths = set()
    for seed in (1, 2):
        facts = {f"train[seed={seed}]": {"product": "adapter", "product_sha256": adapter.digest}}
        system = SystemPlan("tuned", "tuned", seed=seed)
        artifact, _ = transcribe(
            Probe(), system=system, given=Artifact({"product": adapter.folder}, facts), key=str(seed)
        )
        paths.update(artifact.files.values())
    assert len(paths) == 2


def test_a_few_shot_system_has_its_examples_before_each_prompt_behind_those_of_none(transcribe):
    probe = Probe()
    transcribe(probe, system=SystemPlan("fewshot", "base-2shot", fewshot=2))
    assert {len(prompt) for prompt in probe.prompts} == {2 * 2 + 1}
    assert len({prompt[:-1] for prompt in probe.prompts}) == 1
    plain = Probe()
    transcribe(plain, key="plain", fewshot=1)  # the scorer's own examples, for every system
    assert {len(prompt) for prompt in plain.prompts} == {2 + 1}


def test_a_baseline_is_asked_without_a_model(transcribe):
    recipe = Recipe("majority (plugin baselines)", build_majority, {})
    baselines = Baselines(lambda given: given.make({}), 5)
    baselines.expect("majority", "baselines", recipe)
    loader = Loader()
    system = SystemPlan("baseline", "majority", baseline=recipe, plugin="baselines")
    artifact, transcripts = transcribe(build_choose(), loader=loader, system=system, baselines=baselines)
    assert loader.opened == []
    assert artifact.facts == {"rows": 8, "of": 8, "errors": 0}
    assert {one.responses for one in transcripts} == {(Response("card"),)}


def test_a_model_that_lacks_what_the_probe_needs_is_refused_by_both_names(transcribe):
    class Mute(Loader):
        @contextmanager
        def open(self, target, product=None):
            yield type("Silent", (), {"facts": {}})()

    with pytest.raises(UsageError, match=r"path:toy: the model provides none of: scores .*loader"):
        transcribe(Probe(), loader=Mute())


def test_a_probe_that_asks_no_rows_is_run_once(transcribe):
    class Times:
        runs = 0

        def run(self, system, task, rows, progress):
            assert not rows
            assert not len(task.rows)
            self.runs += 1
            for done in range(1, 5):
                progress(done, 4)
                yield Transcript(f"request-{done}", detail={"ttft_ms": 1.5})

    probe, steps = Times(), []
    artifact, transcripts = transcribe(probe, asks_rows=False, progress=lambda *step: steps.append(step))
    assert [one.row for one in transcripts] == [f"request-{number}" for number in range(1, 5)]
    assert transcripts[0].detail == {"ttft_ms": 1.5}
    assert (artifact.facts["rows"], artifact.facts["of"], probe.runs) == (0, 0, 1)
    assert [done / total for done, total, _ in steps] == [0.25, 0.5, 0.75, 1.0, 1.0]
    again = Times()
    transcribe(again, asks_rows=False)
    assert again.runs == 0


@pytest.mark.parametrize(
    ("target", "reusable"),
    [(None, True), (Endpoint("openai:http://x#y", "http://x", "y"), False)],
    ids=["weights", "endpoint"],
)
def test_answers_of_what_nobody_can_tell_apart_are_not_taken_from_an_earlier_run(tmp_path, target, reusable):
    loader = Recipe("loader (plugin toys)", object, {})
    model = ModelOnTrial(
        "path:toy",
        loader,
        "toys",
        make=lambda _: Loader(target),
        find=lambda address: Resolved(address, tmp_path),
        cache=tmp_path / "cache",
    )
    asking = Asking(TaskPlan("test", None, 0, 5), Recipe("ask", object, {}), 3)
    system = SystemPlan("base", "base")
    assert Transcribe(asking, system, model, "here", ()).reusable is reusable
    assert Transcribe(asking, system, None, "here", ()).reusable is True


def test_rows_that_the_model_cannot_read_are_told_at_once_before_any_is_asked(transcribe, files):
    class Reads(Model):
        def problems(self, rows):
            refused = [row.id for row in rows if "yellow" not in row.input_text][:7]
            return [(name, why) for name in refused for why in ("its template refuses it", "it is long")]

    class Loads(Loader):
        @contextmanager
        def open(self, target, product=None):
            yield Reads()

    probe = Probe()
    rows = list(open_rows(files["test"]))
    with pytest.raises(StageError) as refused:
        transcribe(probe, loader=Loads())
    first, *named = str(refused.value).splitlines()
    assert re.search(r"^transcribe\[test\.ask, base\]: \d of 8 rows cannot be asked", first)
    assert f"{rows[0].file}:{rows[0].line} (row {rows[0].id}): its template refuses it; it is long" in named
    assert "7 of 8 rows" in first
    assert not probe.pieces
