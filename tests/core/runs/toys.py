"""A third party's plugin with one component of each kind that a trial needs: a whole run takes a second, and no torch."""

from __future__ import annotations

import json
import signal
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from seatrial import (
    Classifies,
    Component,
    Continuation,
    FilterComponent,
    Finding,
    GateComponent,
    LoaderComponent,
    LocalWeights,
    MethodComponent,
    Metric,
    ProbeComponent,
    Response,
    Rule,
    Sample,
    ScorerComponent,
    Trained,
    Transcript,
    hookimpl,
)
from seatrial.plugin.host import Host
from seatrial.runs.store import digest_path

SUITE = """\
name: words
seed: 5
model: {source: "path:MODEL", loader: toy}
data: {train: {source: "path:ROWS"}, split: {test: 0.5, validation: 0.1}}
filters: [lengthy]
train: {method: learn}
baselines: [always]
fewshot: 0
score:
  - right: {}
gates:
  - {metric: right/share, gate: bar, min: 0.1}
report: [json, markdown]
"""
"""A trial of the toys; `suite_text` says where its model and its rows are."""


class Words:
    """A model that finds an option the likelier, the more often its word stands in the prompt; tuned, it knows synonyms."""

    def __init__(self, toys, synonyms):
        self.toys = toys
        self.synonyms = synonyms
        self.facts = {"synonyms": len(synonyms)}

    def loglikelihoods(self, prompts, options):
        self.toys.asked.update(prompt[-1].content for prompt in prompts)
        return [
            [Continuation(-1.0 / (1 + self._hits(prompt[-1].content, option)), 1) for option in offered]
            for prompt, offered in zip(prompts, options, strict=True)
        ]

    def _hits(self, text, option):
        return sum(self.synonyms.get(word, word) == option for word in text.split())


class Spaces:
    """Cuts at white space."""

    def count_tokens(self, conversations, tools=()):
        return [sum(len(turn.content.split()) for turn in turns) for turns in conversations]


class Loader:
    def __init__(self, toys, power):
        self.toys = toys
        self.power = power

    def resolve(self, address, find, cache):
        folder = find(address).path
        return LocalWeights(address, folder, digest_path(folder), {"format": "words"})

    def provides(self, target, product):
        able = {"scores"} if product else {"scores", "trains"}
        return frozenset(able) | (self.toys.provides & {"images"})

    @contextmanager
    def open(self, target, product=None):
        self.toys.opened[product.kind if product else "base"] += 1
        synonyms = json.loads((product.folder / "words.json").read_text()) if product else {}
        yield Words(self.toys, synonyms)

    def check_product(self, product):
        (product.folder / "words.json").read_text()

    def tokenizer(self, target):
        return Spaces()

    def trainable(self, target):
        return type("Trainable", (), {"runtime": "words"})()


class Learn:
    """Learns which word goes with which label."""

    product = "adapter"

    def __init__(self, toys):
        self.toys = toys

    def train(self, job):
        self.toys.trained += 1
        words = {word: row.label for row in job.train for word in row.input_text.split() if word != "the"}
        (job.output / "words.json").write_text(json.dumps(words, sort_keys=True))
        (job.output / "seed.txt").write_text(str(job.seed))
        job.log({"step": 1, "steps": 1, "epoch": 1.0, "loss": 0.5})
        return Trained("adapter", {"steps": 1, "truncated_rows": 0})


class Choose:
    def __init__(self, toys):
        self.toys = toys

    def run(self, system, task, rows, progress):
        self.toys.pieces += 1
        if self.toys.pieces == self.toys.dies_at:
            signal.raise_signal(signal.SIGINT)
        model = system.model
        if isinstance(model, Classifies):
            for row, label in zip(rows, model.classify(rows), strict=True):
                yield Transcript(row.id, (Response(label),), system.prompt_hash(row, task))
            return
        given = model.loglikelihoods([system.prompt(row, task) for row in rows], [task.labels] * len(rows))
        for row, found in zip(rows, given, strict=True):
            said = tuple(Response(label, one.logprob, 1) for label, one in zip(task.labels, found, strict=True))
            yield Transcript(row.id, said, system.prompt_hash(row, task))


class Right:
    def score(self, transcripts, task):
        for row, one in zip(task.rows, transcripts, strict=True):
            best = max(one.responses, key=lambda said: said.logprob or 0.0).text
            yield Sample(row.id, {"right": float(best == row.label)}, best, row.label, one.prompt_hash)


class Wrong(Right):
    def score(self, transcripts, task):
        for sample in super().score(transcripts, task):
            yield Sample(sample.row, {"wrong": 1 - sample.values["right"]}, prompt_hash=sample.prompt_hash)


class Always:
    def __init__(self, toys):
        self.toys = toys

    def fit(self, rows, *, seed):
        self.toys.fitted += 1
        self.label = Counter(row.label for row in rows).most_common(1)[0][0]

    def classify(self, rows):
        return [self.label for _ in rows]


class Long:
    def inspect(self, rows):
        return [Finding(row.id, "long") for row in rows if len(row.input_text) > 1000]


class Toys:
    """The plugin; `versions` raises a component's, and counts tell what was worked."""

    def __init__(self, **versions):
        self.versions = versions
        self.asked = Counter()
        self.opened = Counter()
        self.trained = self.fitted = self.pieces = 0
        self.dies_at = 0
        self.better = "higher"
        self.provides = frozenset({"scores", "trains"})

    def _version(self, name):
        return self.versions.get(name, "1")

    @hookimpl
    def seatrial_models(self):
        def toy(*, power: int = 1) -> object:
            return Loader(self, power)

        yield LoaderComponent(
            "toy",
            toy,
            "Words.",
            provides=self.provides,
            version=self._version("loader"),
            libraries=("pluggy",),
        )

    @hookimpl
    def seatrial_methods(self):
        yield MethodComponent("learn", lambda: Learn(self), "Synonyms.", version=self._version("method"))

    @hookimpl
    def seatrial_probes(self):
        yield ProbeComponent(
            "ask",
            lambda: Choose(self),
            "Options.",
            needs=frozenset({"scores", "classifies"}),
            piece=4,
            version=self._version("probe"),
        )

    @hookimpl
    def seatrial_scorers(self):
        for name, build, column in (("right", Right, "right"), ("wrong", Wrong, "wrong")):
            metric = Metric("share", column, "proportion", self.better, "A share.")
            yield ScorerComponent(
                name,
                build,
                "Counts.",
                probe="ask",
                dimension="accuracy",
                metrics=(metric,),
                version=self._version(name),
            )

    @hookimpl
    def seatrial_baselines(self):
        yield Component("always", lambda: Always(self), "Always the same.", version=self._version("baseline"))

    @hookimpl
    def seatrial_filters(self):
        rules = (Rule("long", "Long."),)
        yield FilterComponent("lengthy", Long, "Long rows.", rules=rules, version=self._version("filter"))

    @hookimpl
    def seatrial_gates(self):
        from seatrial_plugins.gates import threshold

        yield GateComponent("bar", threshold, "A bar.", version=self._version("gate"))


LABELS = ("card", "loan")


def write_rows(path: Path, count: int = 24, *, word: str = "") -> None:
    lines = [{"text": f"the {word}{('plastic', 'mortgage')[n % 2]} {n}", "label": LABELS[n % 2]} for n in range(count)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def suite_text(folder: Path, text: str = SUITE) -> str:
    """A suite on the model and the rows that `write_trial` left in a folder."""
    return text.replace("MODEL", str(folder / "model")).replace("ROWS", str(folder / "rows.jsonl"))


def write_trial(folder: Path) -> None:
    """A model and rows in a folder."""
    (folder / "model").mkdir()
    (folder / "model/weights.txt").write_text("words")
    write_rows(folder / "rows.jsonl")


def toy_host(toys: Toys | None = None) -> Host:
    """A host of the installed plugins and the toys."""
    host = Host.load()
    host.register(toys or Toys(), name="toys", distribution="toy-parts", version="1.0")
    return host
