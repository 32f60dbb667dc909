"""Metrics of generated text: seconds through `evaluate` beside the packages that they agree with, called directly.

    python tests/bench/generation_metrics.py [--answers 2000] [--words 20 100 500] [--repeat 3]

Each answer is its reference with a fifth of the words changed, of a vocabulary drawn by Zipf's law, with punctuation. The
times are the best of the repetitions, `ratio` theirs over ours, `apart` the largest difference of a value on the scale 0
to 1. SQuAD's numbers are compared with torchmetrics' where it is installed (it is no dependency); token F1 has no other
reference than these. METEOR is compared without synonyms where nltk's WordNet is not on the machine. Imports are not timed.

Below stand metrics that are one number of many answers, or of options' probabilities: 1,000 drawn answers each, against sacrebleu,
scikit-learn and, for ECE, torchmetrics where it is installed.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import sacrebleu
from nltk.translate.meteor_score import single_meteor_score
from rouge_score.rouge_scorer import RougeScorer

from seatrial.errors import SourceError
from seatrial.stats import STATISTICS
from seatrial_plugins.accuracy.measures import BUILT_IN, chosen_measures
from seatrial_plugins.accuracy.metrics import (
    Bleu,
    ChrF,
    CorpusBleu,
    ExactMatch,
    Meteor,
    Rouge,
    SquadExactMatch,
    SquadF1,
    TokenF1,
)

CLASSES = {kind.__name__: kind for kind in (Bleu, ChrF, ExactMatch, Meteor, Rouge, SquadExactMatch, SquadF1, TokenF1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=2_000)
    parser.add_argument("--words", type=int, nargs="+", default=[20, 100, 500])
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    print(f"{'metric':20}{'words':>7}{'evaluate':>12}{'directly':>12}{'ratio':>8}{'apart':>10}")
    for words in given.words:
        said, expected = answers(given.answers, words)
        for measure in chosen_measures([named(name) for name in BUILT_IN if name != "corpus_bleu"]):
            ours = partial(
                CLASSES[measure.module]().compute,
                predictions=said,
                references=expected,
                use_aggregator=False,
                **measure.options,
            )
            seconds, found = best(ours, given.repeat)
            line = f"{measure.metric.name:20}{words:>7}{seconds:>10.3f} s"
            if direct := package(measure.metric.name, **measure.options):
                theirs, reference = best(partial(each, direct, said, expected), given.repeat)
                scale = measure.metric.limits[1] if measure.metric.limits else 1.0
                apart = max(abs(one - other) for one, other in zip(found[measure.key], reference, strict=True)) / scale
                line += f"{theirs:>10.3f} s{theirs / seconds:>8.2f}{apart:>10.1e}"
            print(line, flush=True)
    together()


def named(name: str) -> Any:
    """The metric as a suite would name it on this machine."""
    try:
        Meteor().judge()
    except SourceError:
        return {"meteor": {"synonyms": False}} if name == "meteor" else name
    return name


def together(count: int = 1_000) -> None:
    """Numbers of all answers together, each beside its package's."""
    from sklearn.metrics import balanced_accuracy_score, brier_score_loss, f1_score, matthews_corrcoef

    from seatrial import Response
    from seatrial_plugins.accuracy.classes import option_probabilities

    chance = np.random.default_rng(7)
    said, expected = answers(count, 20)
    logprobs = chance.normal(-8, 3, (count, 5))
    options = [Response(str(option), 0.0, 1) for option in range(5)]
    chances = np.array([[*option_probabilities(options, row).values()] for row in logprobs.tolist()])
    target = np.where(chance.random(count) < 0.6, chances.argmax(axis=1), chance.integers(0, 5, count))
    predicted = chances.argmax(axis=1)
    classes = np.stack([target, predicted], axis=1).astype(float)
    sure = np.stack([chances.max(axis=1), target == predicted], axis=1).astype(float)
    brier = ((chances - np.eye(5)[target]) ** 2).sum(axis=1).mean()
    pairs = {
        "corpus_bleu / 100": (
            CorpusBleu().compute(predictions=said, references=expected)["corpus_bleu"] / 100,
            sacrebleu.corpus_bleu(said, [expected]).score / 100,
        ),
        "f1_macro": (ours("f1_macro", classes), f1_score(target, predicted, average="macro")),
        "balanced_accuracy": (ours("balanced_accuracy", classes), balanced_accuracy_score(target, predicted)),
        "mcc": (ours("mcc", classes), matthews_corrcoef(target, predicted)),
        "brier": (float(brier), brier_score_loss(target, chances, labels=list(range(5)))),
    }
    try:
        import torch
        from torchmetrics.functional.classification import multiclass_calibration_error
    except ImportError:
        pass
    else:
        reference = multiclass_calibration_error(torch.tensor(chances), torch.tensor(target), 5, n_bins=15)
        pairs["ece"] = (ours("ece", sure), float(reference))
    print(f"\n{'of 1,000 answers':20}{'ours':>12}{'theirs':>12}{'apart':>10}")
    for name, (one, other) in pairs.items():
        print(f"{name:20}{one:>12.6f}{other:>12.6f}{abs(one - other):>10.1e}")


def ours(name: str, columns: np.ndarray) -> float:
    return STATISTICS[name].compute(columns, np.ones(len(columns)))


def answers(count: int, words: int) -> tuple[list[str], list[str]]:
    chance = random.Random(7)
    vocabulary = [
        "the",
        "a",
        "of",
        *(f"{chance.choice('bcdfgklmnprst')}{chance.choice('aeiou')}{n:x}" for n in range(5_000)),
    ]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    said, expected = [], []
    for _ in range(count):
        reference = [
            word + chance.choice(("", "", "", "", ",", ".")) for word in chance.choices(vocabulary, weights, k=words)
        ]
        answer = [chance.choice(vocabulary) if chance.random() < 0.2 else word for word in reference]
        said.append(" ".join([*answer, "end."]))
        expected.append(" ".join([*reference, "end"]))
    return said, expected


def package(name: str, **options: Any) -> Callable[[str, str], float] | None:
    """The same metric of one answer and one reference, as the package gives it."""
    if name.startswith("rouge"):
        scorer = RougeScorer([name])
        return lambda said, expected: float(scorer.score(expected, said)[name].fmeasure)
    if name == "meteor":
        return partial(meteor, **options)
    if name == "bleu":
        return lambda said, expected: float(sacrebleu.sentence_bleu(said, [expected]).score)
    if name == "chrf":
        return lambda said, expected: float(sacrebleu.sentence_chrf(said, [expected]).score)
    if name.startswith("squad"):
        try:
            from torchmetrics.functional.text import squad
        except ImportError:
            return None
        key = "exact_match" if name == "squad_exact_match" else "f1"
        return lambda said, expected: float(
            squad(
                [{"prediction_text": said, "id": "1"}],
                [{"answers": {"answer_start": [0], "text": [expected]}, "id": "1"}],
            )[key]
            / 100
        )
    return None


def meteor(said: str, expected: str, *, synonyms: bool = True) -> float:
    from nltk.corpus import wordnet
    from nltk.tokenize import word_tokenize

    class Empty:
        def synsets(self, _: str) -> list[Any]:
            return []

    words = partial(word_tokenize, preserve_line=not synonyms)
    return float(single_meteor_score(words(expected), words(said), wordnet=wordnet if synonyms else Empty()))


def each(direct: Callable[[str, str], float], said: Sequence[str], expected: Sequence[str]) -> list[float]:
    return [direct(*pair) for pair in zip(said, expected, strict=True)]


def best(work: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    """The shortest time, and what came of it."""
    times: list[float] = []
    found = None
    for _ in range(repeat):
        start = time.perf_counter()
        found = work()
        times.append(time.perf_counter() - start)
    return min(times), found


if __name__ == "__main__":
    main()
