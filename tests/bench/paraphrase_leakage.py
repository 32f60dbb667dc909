"""Paraphrased leaks: what the preset `semantic` finds, and what it takes for one, beside the encoder's cosine alone.

    python tests/bench/paraphrase_leakage.py --rephrased REPHRASED [--gsm8k GSM8K --reworded rephrase_gsm8k.jsonl] \
        [--mmlu MMLU/test.jsonl] [--mbpp mbpp_wtest.jsonl] [--banking77 BANKING77] [--source ENCODER] [--show 5]

Thresholds are calibrated on GSM8K alone: the score that 1% of its train questions reach with their best test question.
The other sets are only looked at. REPHRASED holds HumanEval and MMLU sociology with their rephrasings, as published with
lm-sys/llm-decontaminator, where GSM8K's come from too; empty rephrasings are left out and counted.

found      rephrasings whose best held-out text is the right one, with a score over the threshold
hard ones  the negatives, each against its nearest held-out texts: the originals, each against all the others; the
           rephrasings, each against all originals but its own; and rows of sets that share nothing with the held-out one.
           To leave a text out, the held-out set is cut into five parts, and each part is looked up in the other four

`encoder` is the cosine alone, `margin` its margin (`semantic_judge: encoder`), `semantic` the preset. Intervals are
Clopper-Pearson's at 95%. The last table holds the misses of `semantic` against the encoder's: at the calibrated thresholds,
and where each may take 1% of the reported set's own negatives for leaks. --most bounds the other sets, never GSM8K.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seatrial.model import Encoder, EncodesWords, WordVectors
from seatrial.stats.proportions import clopper_pearson_bounds
from seatrial_plugins.decontamination.semantic import THRESHOLDS, Group
from seatrial_plugins.decontamination.semantic_index import Match, SemanticIndex
from seatrial_plugins.decontamination.semantic_parts import parts_of
from seatrial_plugins.encoders import minilm, multilingual_e5

FOLDS = 5
SHIPPED = {
    "encoder": 0.807,
    "margin": THRESHOLDS["encoder"],
    "whole": THRESHOLDS["second_look"],
    "semantic": THRESHOLDS["second_look"],
}
"""What the calibration gave."""
FALSE_POSITIVES = 0.01


class Vectors:
    """An encoder of whole texts that is asked for each text once, however many contenders need it."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder: Any = encoder
        self._vectors: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        self._vectors.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._vectors[text] for text in texts]) if texts else self._encoder.encode(texts)


class Remembering(Vectors):
    """One that tells words apart, too."""

    def __init__(self, encoder: EncodesWords) -> None:
        super().__init__(encoder)
        self._words: dict[str, WordVectors] = {}

    def encode_words(self, texts: Sequence[str]) -> list[WordVectors]:
        new = [text for text in dict.fromkeys(texts) if text not in self._words]
        self._words.update(zip(new, self._encoder.encode_words(new), strict=True))
        return [self._words[text] for text in texts]


@dataclass(frozen=True, slots=True)
class Scores:
    """What texts reach with their best held-out text, by each contender; -inf where nothing is near."""

    by: dict[str, np.ndarray]
    items: dict[str, np.ndarray]
    """The index of that held-out text."""

    @classmethod
    def joined(cls, parts: Sequence[Scores]) -> Scores:
        names = parts[0].by
        return cls(
            {name: np.concatenate([part.by[name] for part in parts]) for name in names},
            {name: np.concatenate([part.items[name] for part in parts]) for name in names},
        )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Held-out texts, rephrasings of some of them, and rows that are none."""

    name: str
    texts: list[str]
    rephrased: dict[int, str]
    """Index of the held-out text → its rephrasing."""
    dropped: int
    others: dict[str, list[str]]


def main() -> None:
    options = arguments()
    if options.encoder == "multilingual-e5":
        encoder: Any = Vectors(multilingual_e5())
    else:
        encoder = Remembering(minilm(source=options.source, device=options.device))
    started = time.perf_counter()
    thresholds = calibrated(options, encoder) if options.gsm8k else SHIPPED
    if not isinstance(encoder, EncodesWords):
        thresholds = {**{name: thresholds[name] for name in ("encoder", "margin")}, "semantic": thresholds["margin"]}
    totals: dict[str, list[np.ndarray]] = {name: [] for name in thresholds}
    misses = [
        (pairs.name, report(pairs, encoder, thresholds, totals, options.show))
        for pairs in reported_sets(options)
        if (options.only or "") in pairs.name
    ]
    print("\nall negatives of the reported sets together")
    for name, threshold in thresholds.items():
        print(f"  {name:9} {share(np.concatenate(totals[name]) >= threshold)}")
    print_misses(misses)
    if options.banking77:
        report_banking(options, encoder, thresholds)
    print(f"\n{time.perf_counter() - started:.0f} s")


def calibrated(options: argparse.Namespace, encoder: Encoder) -> dict[str, float]:
    """Contender → its threshold."""
    train, test = (
        [record["question"] for record in json_lines(options.gsm8k / f"{split}.jsonl.gz")]
        for split in ("train", "test")
    )
    reworded = [bare_question(record["text"]) for record in json_lines(options.reworded)]
    indexes = contenders(test, encoder)
    clean = looked_up(train, test, encoder, indexes)
    right = np.array([place for place, text in enumerate(reworded) if text])
    leaks = looked_up([reworded[place] for place in right], test, encoder, indexes)
    thresholds = {name: float(np.quantile(scores, 1 - FALSE_POSITIVES)) for name, scores in clean.by.items()}
    print(
        f"calibrated on GSM8K: {len(train):,} train questions against {len(test):,} test questions and {len(reworded):,} reworded"
    )
    for name, threshold in thresholds.items():
        found = (leaks.by[name] >= threshold) & (leaks.items[name] == right)
        beside = share(clean.by[name] >= SHIPPED[name])
        print(
            f"  {name:9} threshold {threshold:.3f}  found {share(found)}; false at the shipped {SHIPPED[name]}: {beside}"
        )
    print_weights(clean, leaks)
    return thresholds


def print_weights(clean: Scores, leaks: Scores) -> None:
    """How a logistic regression would weigh the two views: the score takes them as equal."""
    from sklearn.linear_model import LogisticRegression

    both = [
        np.stack([scores.by["margin"], 2 * scores.by["semantic"] - scores.by["margin"]], axis=1)[
            np.isfinite(scores.by["semantic"])
        ]
        for scores in (clean, leaks)
    ]
    model = LogisticRegression().fit(np.concatenate(both), np.repeat([0, 1], [len(part) for part in both]))
    print(f"  weights of cosine and second look by logistic regression: {model.coef_[0].round(2).tolist()}")


def report(
    pairs: Pairs, encoder: Encoder, thresholds: dict[str, float], totals: dict[str, list[np.ndarray]], show: int
) -> dict[str, tuple[float, float]]:
    """Prints what was found in one set; contender → share missed at the threshold, and at 1% of the set's negatives."""
    right = np.array(list(pairs.rephrased))
    leaks = looked_up(list(pairs.rephrased.values()), pairs.texts, encoder, contenders(pairs.texts, encoder))
    rephrased = [pairs.rephrased.get(index, "") for index in range(len(pairs.texts))]
    negatives = {
        "originals": left_out(pairs.texts, pairs.texts, encoder),
        "rephrasings": left_out(pairs.texts, rephrased, encoder),
        **{
            name: looked_up(texts, pairs.texts, encoder, contenders(pairs.texts, encoder))
            for name, texts in pairs.others.items()
        },
    }
    everything = Scores.joined(list(negatives.values()))
    print(
        f"\n{pairs.name}: {len(pairs.texts)} held-out texts, {len(right)} rephrasings ({pairs.dropped} empty ones dropped), "
        f"{len(everything.by['encoder']):,} negatives"
    )
    cosines = encoder.encode(list(pairs.rephrased.values())) @ encoder.encode(pairs.texts).T
    beside = cosines[np.arange(len(right)), right]
    print(
        f"  nearest by the encoder is the right one: {share(leaks.items['encoder'] == right)}; cosine with the right one: "
        f"median {np.median(beside):.2f}, with all: {np.median(cosines):.2f}"
    )
    own = {name: float(np.quantile(scores, 1 - FALSE_POSITIVES)) for name, scores in everything.by.items()}
    missed = {}
    for name, threshold in thresholds.items():
        correct = leaks.items[name] == right
        found = share((leaks.by[name] >= threshold) & correct)
        alone = np.mean((leaks.by[name] > own[name]) & correct)
        print(f"  {name:9} found {found}   (at 1% of its own negatives {alone:.3f})")
        for kind, scores in (negatives | {"all of them": everything}).items():
            print(f"            false of {kind:12} {share(scores.by[name] >= threshold)}")
        totals[name].append(everything.by[name])
        missed[name] = (1 - float(np.mean((leaks.by[name] >= threshold) & correct)), 1 - float(alone))
    for kind, scores in negatives.items():
        shown(kind, scores, thresholds["semantic"], show)
    return missed


def print_misses(misses: Sequence[tuple[str, dict[str, tuple[float, float]]]]) -> None:
    """What the preset misses, beside what the encoder misses."""
    print(f"\n{'missed':56}{'calibrated':>28}{'at 1% of the set itself':>28}")
    print(f"{'':56}" + f"{'encoder':>10}{'semantic':>10}{'ratio':>8}" * 2)
    for name, by in misses:
        cells = ""
        for theirs, ours in zip(by["encoder"], by["semantic"], strict=True):
            cells += f"{theirs:>10.3f}{ours:>10.3f}" + (f"{ours / theirs:>8.2f}" if theirs else f"{'-':>8}")
        print(f"{name:56}{cells}")


def report_banking(options: argparse.Namespace, encoder: Encoder, thresholds: dict[str, float]) -> None:
    """Dense data: whoever asks the same in other words means the same intent, so another intent is a false one."""
    test, train = (list(csv.DictReader((options.banking77 / f"{split}.csv").open())) for split in ("test", "train"))
    test, train = drawn(test, options.most), drawn(train, options.most)
    texts = [row["text"] for row in test]
    scores = looked_up([row["text"] for row in train], texts, encoder, contenders(texts, encoder))
    print(f"\nBANKING77: {len(train):,} train questions against {len(test):,} test questions")
    for name, threshold in thresholds.items():
        hits = np.flatnonzero(scores.by[name] >= threshold)
        other = sum(train[hit]["category"] != test[scores.items[name][hit]]["category"] for hit in hits)
        print(
            f"  {name:9} {len(hits)} found, {other} of them with another intent ({other / len(train):.2%} of the train rows)"
        )


# ---- looking up -----------------------------------------------------------------------------------------------------


def contenders(texts: Sequence[str], encoder: Encoder) -> dict[str, SemanticIndex | ByParts]:
    looked_at_once = SemanticIndex(texts, encoder, second_look=False)
    if not isinstance(encoder, EncodesWords):
        return {"margin": looked_at_once, "semantic": ByParts(texts, encoder)}
    return {"margin": looked_at_once, "whole": SemanticIndex(texts, encoder), "semantic": ByParts(texts, encoder)}


def looked_up(
    rows: Sequence[str], texts: Sequence[str], encoder: Encoder, indexes: dict[str, SemanticIndex | ByParts]
) -> Scores:
    cosines = encoder.encode(rows) @ encoder.encode(texts).T
    by, items = {"encoder": cosines.max(axis=1)}, {"encoder": cosines.argmax(axis=1)}
    for name, index in indexes.items():
        matches = index.find(rows)
        by[name] = np.array([-np.inf if match is None else match.score for match in matches])
        items[name] = np.array([-1 if match is None else match.item for match in matches])
    return Scores(by, items)


class ByParts:
    """The preset: texts with texts, and questions with questions where one of both has a passage; the better score counts."""

    def __init__(self, texts: Sequence[str], encoder: Encoder) -> None:
        self._group = Group(
            texts, [(at,) for at in range(len(texts))], encoder, second_look=isinstance(encoder, EncodesWords)
        )

    def find(self, texts: Sequence[str]) -> list[Match | None]:
        whole = self._group.of_texts(texts)
        asked = self._group.of_questions(texts, [parts_of(text) for text in texts])
        return [
            max(filter(None, pair), key=lambda match: match.score, default=None)
            for pair in zip(whole, asked, strict=True)
        ]


def left_out(texts: Sequence[str], rows: Sequence[str], encoder: Encoder) -> Scores:
    """Each row against the held-out texts, less its own and a fifth of the others."""
    parts = []
    for fold in range(FOLDS):
        mine = [index for index in range(len(texts)) if index % FOLDS == fold and rows[index].strip()]
        others = [text for index, text in enumerate(texts) if index % FOLDS != fold]
        parts.append(looked_up([rows[index] for index in mine], others, encoder, contenders(others, encoder)))
    return Scores.joined(parts)


def share(hits: np.ndarray) -> str:
    count, n = int(np.sum(hits)), len(hits)
    low, high = clopper_pearson_bounds(count, n, 0.975)
    return f"{count / n:.4f} = {count}/{n} [{low:.4f}, {high:.4f}]"


def shown(kind: str, scores: Scores, threshold: float, most: int) -> None:
    worst = np.argsort(-scores.by["semantic"])[:most]
    for row in worst[scores.by["semantic"][worst] >= threshold]:
        print(
            f"            {kind} #{row}: {scores.by['semantic'][row]:.2f} with held-out #{scores.items['semantic'][row]}"
        )


# ---- the sets ---------------------------------------------------------------------------------------------------------


def reported_sets(options: argparse.Namespace) -> list[Pairs]:
    folder: Path = options.rephrased
    programs = [record["text"] for record in json_lines(folder / "humaneval_test.jsonl")]
    sociology = list(csv.reader((folder / "sociology_test.csv").open()))
    stems = [row[0] for row in sociology]
    whole = [
        "\n".join([row[0], *(f"{letter}. {choice}" for letter, choice in zip("ABCD", row[1:5], strict=True))])
        for row in sociology
    ]
    reworded = [record["text"] for record in json_lines(folder / "sociology_test_rephrase_english.jsonl")]
    chinese = [record["text"] for record in json_lines(folder / "sociology_test_rephrase_chinese.jsonl")]
    other_programs, other_stems, other_whole = {}, {}, {}
    if options.mbpp:
        other_programs["MBPP"] = [
            (record["prompt"].strip("\n") + "\n" + record["canonical_solution"].rstrip()).strip("\n")
            for record in drawn(json_lines(options.mbpp), options.most)
        ]
    if options.mmlu:
        questions = [
            record
            for record in json_lines(options.mmlu)
            if record["question"].strip() not in {stem.strip() for stem in stems}
        ]
        questions = drawn(list({record["question"]: record for record in questions}.values()), options.most)
        other_stems["MMLU"] = [record["question"] for record in questions]
        other_whole["MMLU"] = [f"{record['question']}\n{record['options']}" for record in questions]
    return [
        rephrased_pairs(
            "HumanEval, Python",
            programs,
            [record["text"] for record in json_lines(folder / "humaneval_python.jsonl")],
            other_programs,
        ),
        rephrased_pairs("MMLU sociology, questions", stems, reworded, other_stems),
        rephrased_pairs("MMLU sociology, questions with choices", whole, reworded, other_whole),
        *behind_passages(options, stems, whole, reworded, other_stems),
        rephrased_pairs("MMLU sociology, English with choices ← Chinese", whole, chinese, {}),
        rephrased_pairs("MMLU sociology, Chinese with choices ← English", chinese, whole, {}),
    ]


def behind_passages(
    options: argparse.Namespace,
    stems: Sequence[str],
    whole: Sequence[str],
    reworded: Sequence[str],
    others: dict[str, list[str]],
) -> list[Pairs]:
    """Questions that stand behind passages, asked anew without them."""
    if not options.passages:
        return []
    passages = [record["passage"] for record in json_lines(options.passages)]
    passages = drawn(list(dict.fromkeys(text for text in passages if 40 <= len(text.split()) <= 150)), len(stems))
    pairs = zip(passages, stems, whole, strict=True)
    shown = [(f"{passage}\n{stem}", f"{passage}\n{question}") for passage, stem, question in pairs]
    return [
        rephrased_pairs("MMLU sociology, questions behind passages", [one for one, _ in shown], reworded, others),
        rephrased_pairs(
            "MMLU sociology, questions with choices behind passages", [one for _, one in shown], reworded, others
        ),
    ]


def rephrased_pairs(name: str, texts: list[str], rephrased: Sequence[str], others: dict[str, list[str]]) -> Pairs:
    said = {index: text for index, text in enumerate(rephrased) if text.strip()}
    return Pairs(name, texts, said, len(texts) - len(said), others)


def drawn(rows: list[Any], most: int) -> list[Any]:
    """At most that many rows, evenly spaced."""
    return [rows[place] for place in np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]


def bare_question(text: str) -> str:
    return re.sub(r"\nAnswer:.*", "", text.removeprefix("Question: "), flags=re.DOTALL).strip()


def json_lines(path: Path) -> list[Any]:
    opened: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What the preset `semantic` finds, and what it takes for a leak.")
    parser.add_argument(
        "--gsm8k", type=Path, help="folder with train.jsonl.gz and test.jsonl.gz; else the shipped thresholds"
    )
    parser.add_argument("--reworded", type=Path, help="GSM8K's test questions reworded, in their order")
    parser.add_argument("--rephrased", type=Path, required=True, help="folder with HumanEval and MMLU sociology")
    parser.add_argument("--mmlu", type=Path, help="JSON lines with question and options of all MMLU subjects")
    parser.add_argument(
        "--passages", type=Path, help="JSON lines with a `passage`, which a question is put behind: BoolQ's"
    )
    parser.add_argument("--only", help="only sets with this in their names")
    parser.add_argument("--mbpp", type=Path, help="JSON lines with prompt and canonical_solution of MBPP's programs")
    parser.add_argument("--banking77", type=Path, help="folder with train.csv and test.csv")
    parser.add_argument("--source", help="a local encoder; all-MiniLM-L6-v2 from its package where nothing is said")
    parser.add_argument("--encoder", choices=["minilm", "multilingual-e5"], default="minilm")
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--most", type=int, default=10_000, help="rows of a set but GSM8K that are looked up, evenly drawn"
    )
    parser.add_argument("--show", type=int, default=0, help="how many false positives of each kind to name")
    options = parser.parse_args()
    if (options.gsm8k is None) != (options.reworded is None):
        parser.error(
            "--gsm8k and --reworded go together: thresholds are calibrated on the one, and the other is looked up"
        )
    return options


if __name__ == "__main__":
    main()
