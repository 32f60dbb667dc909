"""How often harmless sentences are called toxic for the group they name: the embedded detector, a Detoxify checkpoint.

    python tests/bench/toxicity_bias.py CHECKPOINT_FOLDER TEMPLATES.csv --runs RUNS

TEMPLATES.csv has the columns `phrase` and `toxicity` (`toxic` or `nontoxic`; Dixon et al., 2018). A checkpoint that
has learnt from these templates, as that has which stands beside this project, has flattering false positive rates on them;
the embedded head has not. The sentences of FRAMES are ours, harmless whatever stands in them; nobody learnt from them.

Prints false positive rates by term with Clopper-Pearson intervals (95%), and the false positive equality difference, the
sum of |rate - rate of the term|. Then it has the data stages read the harmless templates and the frames, with both
detectors and one that calls every text toxic that names a group; all that is flagged there is flagged wrongly. Prints what
the run measured of each and where its report is.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sklearn.metrics import roc_auc_score

from seatrial import Component, hookimpl
from seatrial.model import Detector
from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.stats import Proportion
from seatrial.suite.file import load_suite
from seatrial_plugins.encoders import minilm
from seatrial_plugins.toxicity import detoxify, minilm_toxicity
from seatrial_plugins.toxicity.identity_terms import IDENTITY_TERMS
from seatrial_plugins.toxicity.term_finder import TermFinder, extended

THRESHOLD = 0.5

OF_TEMPLATES = {"age": ["old", "older", "young", "younger"], "sexual orientation": ["straight"]}
"""Words of the templates that our list holds in longer terms only."""

FRAMES = (
    *("{name} is {term} and works at the library.", "{name}'s neighbours are {term}.", "The new teacher is {term}."),
    *(
        "{name} wrote a book about being {term}.",
        "Our clinic welcomes {term} patients.",
        "{name} met a {term} colleague.",
    ),
    *("Several {term} musicians played that evening.", "A {term} student asked for a second form."),
    *("{name} has known many {term} families for years.", "The survey asked {term} customers about the service."),
)
NAMES = ("Anna", "Jonas", "Mei", "Omar", "Ruth", "Tomás")
PLAIN = ("tall", "local", "new", "busy", "quiet", "left-handed", "vegetarian", "married", "retired", "bilingual")
"""Words that name none of the groups."""


class Naming:
    """Calls every text toxic that names a group."""

    weak = False
    name = "naming"

    def __init__(self) -> None:
        self._finder = TermFinder(extended(IDENTITY_TERMS, OF_TEMPLATES))

    def detect(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """1 or 0."""
        return [{"toxicity": float(bool(self._finder.named([text])))} for text in texts]


class BadPlugin:
    """Brings the detector above."""

    @hookimpl
    def seatrial_detectors(self) -> Iterator[Component[Detector]]:
        """One detector."""
        yield Component("naming", Naming, "Bad on purpose: every text that names a group is toxic.")


def frames(terms: Sequence[str]) -> list[str]:
    """Harmless sentences about each term, none twice."""
    made = (frame.format(term=term, name=name) for term in terms for frame in FRAMES for name in NAMES)
    return list(dict.fromkeys(made))


def rates(texts: Sequence[str], flagged: Sequence[bool], finder: TermFinder) -> dict[str, Proportion]:
    """Term → share of texts that are flagged, of harmless ones; "" for those that name none, `*` for all."""
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for text, is_flagged in zip(texts, flagged, strict=True):
        for name in ["*", *([term.name for term in finder.named([text])] or [""])]:
            counts[name][0] += is_flagged
            counts[name][1] += 1
    return {name: Proportion(k, n) for name, (k, n) in counts.items()}


def shown(share: Proportion) -> str:
    """`0.123 (0.045 to 0.256) n=100`."""
    bounds = share.bounds(0.975)
    return f"{share.value:.3f} ({bounds.lower:.3f} to {bounds.upper:.3f}) n={share.n:<6}"


def table(title: str, by_detector: Mapping[str, Mapping[str, Proportion]]) -> None:
    """A line a term, those first that the detectors flag most."""
    columns = list(by_detector.values())
    names = sorted(columns[0], key=lambda name: -sum(column[name].value for column in columns))
    never = [name for name in names if name not in {"*", ""} and not any(column[name].value for column in columns)]
    print(f"\n{title}\n{'false positives':26}" + "".join(f"{name:34}" for name in by_detector))
    for name in (name for name in names if name not in never):
        written = {"*": "(all)", "": "(names none)"}.get(name, name)
        print(f"{written:26}" + "".join(f"{shown(column[name]):34}" for column in columns))
    counts = [columns[0][name].n for name in never]
    if never:
        print(f"never: {len(never)} more terms, n = {min(counts)} to {max(counts)} each, {sum(counts):,} together")
    for name, column in by_detector.items():
        terms = [share.value for term, share in column.items() if term not in {"*", ""}]
        difference = sum(abs(column["*"].value - value) for value in terms)
        print(f"false positive equality difference, {len(terms)} terms, {name}: {difference:.2f}")


def scores_of(detectors: Mapping[str, Detector], texts: Sequence[str]) -> dict[str, list[float]]:
    """Detector → probability of toxicity of each text."""
    return {name: [row["toxicity"] for row in detector.detect(texts)] for name, detector in detectors.items()}


def flagged_by(scores: Sequence[float]) -> list[bool]:
    """Whether each is over the threshold."""
    return [score >= THRESHOLD for score in scores]


def data_run(checkpoint: Path, rows: Sequence[str], runs: Path) -> None:
    """A run of the data stages with three detectors; what it measured, and its report."""
    host = Host.load()
    host.register(BadPlugin(), name="bad")
    detectors: Mapping[str, Any] = {
        "embedded": "minilm-toxicity",
        "detoxify": {"detoxify": {"checkpoint": str(checkpoint), "device": "cpu"}},
        "naming": "naming",
    }
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "rows.jsonl"
        source.write_text("".join(json.dumps({"text": text, "label": "row"}) + "\n" for text in rows), encoding="utf-8")
        filters = [
            {"toxicity": {"as": name, "detector": one, "action": "flag", "identity_terms": OF_TEMPLATES}}
            for name, one in detectors.items()
        ]
        suite = {
            "name": "toxicity-bias",
            "data": {"train": {"source": f"path:{source}"}, "engine": {"local": {"workers": 1}}},
            "filters": filters,
        }
        (Path(scratch) / "suite.yaml").write_text(json.dumps(suite), encoding="utf-8")
        result = run(load_suite(Path(scratch) / "suite.yaml", host, only_data=True), host, runs=runs, only_data=True)
    print(f"\na run of the data stages, {len(rows):,} harmless rows, three detectors")
    for score in result.scores:
        if "/parity_" in score.metric:
            print(f"{score.metric:32} {score.missing if score.value is None else f'{score.value:+.3f}'}")
    print(f"report: {result.folder / 'report/index.html'}")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("templates", type=Path)
    parser.add_argument("--runs", type=Path, required=True, help="where the run's folder is made")
    given = parser.parse_args()
    (checkpoint,) = given.folder.glob("*.ckpt")
    with given.templates.open(encoding="utf-8", newline="") as stream:
        records = list(csv.DictReader(stream))
    finder = TermFinder(extended(IDENTITY_TERMS, OF_TEMPLATES))
    detectors = {"embedded": minilm_toxicity(encoder=minilm()), "detoxify": detoxify(checkpoint=str(checkpoint))}

    scores = scores_of(detectors, [record["phrase"] for record in records])
    toxic = [record["toxicity"] == "toxic" for record in records]
    for name, column in scores.items():
        print(f"templates, {name}: AUC {roc_auc_score(toxic, column):.3f}, n = {len(records):,}")
    harmless = [place for place, is_toxic in enumerate(toxic) if not is_toxic]
    texts = [records[place]["phrase"] for place in harmless]
    table(
        "templates, harmless ones",
        {
            name: rates(texts, flagged_by([column[place] for place in harmless]), finder)
            for name, column in scores.items()
        },
    )
    ours = frames([*(term.name for term in finder.terms), *PLAIN])
    found = scores_of(detectors, ours)
    table("our frames", {name: rates(ours, flagged_by(column), finder) for name, column in found.items()})
    data_run(checkpoint, [*texts, *ours], given.runs)


if __name__ == "__main__":
    main()
