"""Near-duplicates: seatrial against datasketch on the same rows in one run, one core, from signatures to verified clusters.

    taskset -c 0 python tests/bench/near_duplicates.py GSM8K.jsonl.gz [--rows 100000] [--only seatrial]

The rows are GSM8K's questions, further ones put together of their sentences, and a fifth of the rows edited copies of
others, from one word to a third of the words. True pairs are all pairs of a 5% sample (of whole families of copies) whose
word shingles, compared as Python sets, reach the threshold. datasketch is imported from the environment that runs this.

Both start from the rows' texts. Their words are made alike for datasketch beforehand, out of its time; the first ratio
leaves its shingling out, too, the second counts the quickest there is (`str.split`). datasketch is run with the banding
that it chooses for the threshold, which misses many pairs, and with the banding of ours, which finds as many. Times are
the process's CPU seconds, since machines are shared; the median of `--repeat` runs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from seatrial import Row, Turn
from seatrial.data.normalise import spell
from seatrial_plugins.deduplication import build_near_duplicates
from seatrial_plugins.deduplication.minhash import band_keys, banding
from seatrial_plugins.deduplication.shingles import shingle
from seatrial_plugins.deduplication.word_hashes import hash_words

SHINGLE = 3
PERMUTATIONS = 128
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one contender found."""

    seconds: float
    cluster: list[int]
    """Row → a row of its cluster."""
    matched: list[tuple[int, int]]
    """Pairs that it says are near-duplicates."""


def main() -> None:
    options = arguments()
    texts, families = make_rows(questions(options.questions), options.rows, random.Random(options.seed))
    words = np.mean([len(text.split()) for text in texts])
    print(f"{len(texts):,} rows of {words:.0f} words, threshold {options.threshold}, {PERMUTATIONS} permutations")
    sample = sampled(families, 0.05, random.Random(options.seed + 1))
    true = true_pairs([texts[index] for index in sample], options.threshold)
    true_rows = {(sample[one], sample[other]) for one, other in true}
    print(f"sample: {len(sample):,} rows, {len(true_rows):,} true pairs by brute force\n")
    making = quick_shingles(texts)
    print(
        f"{'':36}{'seconds':>9}{'ratio':>7}{'with':>7}{'recall':>9}{'precision':>11}{'verified':>10}{'in clusters':>13}"
    )
    runs: dict[str, list[Outcome]] = {}
    for _ in range(options.repeat):  # in turns, since how busy the machine is changes
        for name, run in contenders(texts, options):
            runs.setdefault(name, []).append(run())
    ours = median(next(iter(runs.values()))).seconds
    for name, outcomes in runs.items():
        outcome = median(outcomes)
        recall, precision, correct = quality(outcome, texts, sample, true_rows, options.threshold)
        clustered = len(texts) - sum(size == 1 for size in np.bincount(outcome.cluster))
        print(
            f"{name:36}{outcome.seconds:9.2f}{outcome.seconds / ours:7.1f}"
            f"{(outcome.seconds + making * (name != 'seatrial')) / ours:7.1f}{recall:9.2%}{precision:11.2%}"
            f"{correct:10.2%}{clustered:13,}"
        )
    print(minima(texts))
    print(f"with: {making:.2f} s of shingling added to the peer's time")
    print(
        "recall: true pairs of the sample in one cluster · precision: pairs of the sample in one cluster that are true"
    )
    print("verified: matches named by the contender that reach the threshold, all rows")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, help="GSM8K as JSON lines with `question`, gzipped or not")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--threshold", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the median counts")
    parser.add_argument("--only", choices=["seatrial", "datasketch"])
    return parser.parse_args()


# ---- rows ---------------------------------------------------------------------------------------------------------


def questions(path: Path) -> list[str]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line)["question"] for line in data.splitlines()]


def make_rows(originals: Sequence[str], count: int, rng: random.Random) -> tuple[list[str], list[int]]:
    """The rows, shuffled, and the family of each: rows that were edited from one text."""
    sentences = [re.split(r"(?<=[.?!])\s+", text) for text in originals]
    rows: list[tuple[str, int]] = []
    for index in range(count * 4 // 5):
        if index < len(originals):
            rows.append((originals[index], index))
        else:
            parts = [
                rng.choice(sentences[rng.randrange(len(sentences))]) for _ in range(rng.choice((2, 3, 3, 4, 4, 5)))
            ]
            text = re.sub(r"\d+", lambda _: str(rng.randrange(2, 1000)), " ".join(parts))
            rows.append((text, index))
    vocabulary = sorted({word for text in originals for word in text.split()})
    while len(rows) < count:
        text, family = rng.choice(rows)
        rows.append((edited(text, vocabulary, rng), family))
    rng.shuffle(rows)
    return [text for text, _ in rows], [family for _, family in rows]


def edited(text: str, vocabulary: Sequence[str], rng: random.Random) -> str:
    words = text.split()
    for _ in range(min(rng.choice((0, 1, 1, 1, 2, 2, 3, 4, 6, 10)), len(words) // 3)):
        place = rng.randrange(len(words))
        how = rng.randrange(4)
        if how == 0:
            words[place] = rng.choice(vocabulary)
        elif how == 1:
            words.insert(place, rng.choice(vocabulary))
        elif how == 2:
            del words[place]
        else:
            words[place] = re.sub(r"\d+", str(rng.randrange(1000)), words[place])
    text = " ".join(words)
    return text.upper() if rng.random() < 0.05 else text


# ---- truth --------------------------------------------------------------------------------------------------------


def shingles(text: str) -> set[str]:
    framed = [*[""] * (SHINGLE - 1), *spell(text), *[""] * (SHINGLE - 1)]
    return {" ".join(framed[start : start + SHINGLE]) for start in range(len(framed) - SHINGLE + 1)}


def quick_shingles(texts: Sequence[str]) -> float:
    """CPU seconds that a plain shingling takes."""
    started = time.process_time()
    for text in texts:
        framed = ["", "", *text.lower().split(), "", ""]
        {" ".join(framed[start : start + SHINGLE]).encode() for start in range(len(framed) - SHINGLE + 1)}
    return time.process_time() - started


def jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)


def sampled(families: Sequence[int], share: float, rng: random.Random) -> list[int]:
    """Indices of that share of the rows, by whole families."""
    members: dict[int, list[int]] = {}
    for index, family in enumerate(families):
        members.setdefault(family, []).append(index)
    order = list(members)
    rng.shuffle(order)
    chosen: list[int] = []
    for family in order:
        if len(chosen) >= share * len(families):
            break
        chosen += members[family]
    return sorted(chosen)


def true_pairs(texts: Sequence[str], threshold: float) -> set[tuple[int, int]]:
    """Every pair whose shingles, as strings, are as alike as the threshold: all pairs are compared."""
    sets = [shingles(text) for text in texts]
    numbers: dict[str, int] = {}
    columns = [numbers.setdefault(one, len(numbers)) for each in sets for one in each]
    sizes = np.array([len(each) for each in sets])
    matrix = csr_matrix(
        (np.ones(len(columns), dtype=np.int32), columns, np.concatenate(([0], np.cumsum(sizes)))),
        shape=(len(sets), len(numbers)),
    )
    shared = (matrix @ matrix.T).tocoo()
    union = sizes[shared.row] + sizes[shared.col] - shared.data
    found = (shared.row < shared.col) & (shared.data >= threshold * union)
    return set(zip(shared.row[found].tolist(), shared.col[found].tolist(), strict=True))


def quality(
    outcome: Outcome, texts: Sequence[str], sample: Sequence[int], true: set[tuple[int, int]], threshold: float
) -> tuple[float, float, float]:
    together: dict[int, list[int]] = {}
    for index in sample:
        together.setdefault(outcome.cluster[index], []).append(index)
    found = {(one, other) for rows in together.values() for one in rows for other in rows if one < other}
    correct = sum(jaccard(shingles(texts[one]), shingles(texts[other])) >= threshold for one, other in outcome.matched)
    return len(found & true) / len(true), len(found & true) / len(found), correct / len(outcome.matched)


# ---- contenders ---------------------------------------------------------------------------------------------------


def contenders(texts: Sequence[str], options: argparse.Namespace) -> Iterator[tuple[str, Callable[[], Outcome]]]:
    if options.only != "datasketch":
        rows = [
            Row(str(index), (Turn("user", text), Turn("assistant", "?")), "chat", "s", "f", index + 1)
            for index, text in enumerate(texts)
        ]
        yield "seatrial", partial(seatrial, rows, options.threshold)
    if options.only != "seatrial":
        sets = [{one.encode() for one in shingles(text)} for text in texts]
        form = banding(options.threshold, PERMUTATIONS)
        for how in ("bulk", "update_batch"):
            for named, params in (("its banding", None), (f"{form.bands} × {form.rows}", (form.bands, form.rows))):
                yield f"datasketch {how}, {named}", partial(datasketch, sets, options.threshold, how, params)


def median(outcomes: Sequence[Outcome]) -> Outcome:
    return sorted(outcomes, key=lambda outcome: outcome.seconds)[len(outcomes) // 2]


def seatrial(rows: Sequence[Row], threshold: float) -> Outcome:
    started = time.process_time()
    component = build_near_duplicates(threshold=threshold, shingle=SHINGLE, permutations=PERMUTATIONS, largest=10_000)
    tables = [component.signatures(rows[start : start + BATCH]) for start in range(0, len(rows), BATCH)]
    signed = time.process_time()
    grouping = component.group(pa.concat_tables(tables), lambda name: rows[int(name)])
    findings = list(grouping.findings)
    done = time.process_time()
    print(f"(seatrial: signatures {signed - started:.2f} s, grouping {done - signed:.2f} s)", file=sys.stderr)
    cluster = [int(grouping.clusters.get(row.id, row.id)) for row in rows]
    matched = [(int(one.row), int(one.matched_row)) for one in findings if one.rule == "copy" and one.matched_row]
    return Outcome(done - started, cluster, matched)


def datasketch(sets: Sequence[set[bytes]], threshold: float, how: str, params: tuple[int, int] | None) -> Outcome:
    from datasketch import MinHash, MinHashLSH  # the peer: from the environment that runs this

    started = time.process_time()
    if how == "bulk":
        hashes = MinHash.bulk(sets, num_perm=PERMUTATIONS)
    else:
        hashes = []
        for each in sets:
            hashes.append(MinHash(num_perm=PERMUTATIONS))
            hashes[-1].update_batch(each)
    index = MinHashLSH(threshold, PERMUTATIONS, params=params)
    cluster = list(range(len(sets)))

    def root(row: int) -> int:
        while cluster[row] != row:
            cluster[row] = cluster[cluster[row]]
            row = cluster[row]
        return row

    matched = []
    for row, minhash in enumerate(hashes):
        for other in index.query(minhash):
            if jaccard(sets[row], sets[other]) >= threshold:
                matched.append((row, other))
                cluster[root(row)] = root(other)
        index.insert(row, minhash)
    done = time.process_time()
    return Outcome(done - started, [root(row) for row in range(len(sets))], matched)


def minima(texts: Sequence[str]) -> str:
    """What the minima of all rows' shingles cost, against rensa where it is installed."""
    try:
        from rensa import RMinHash  # the peer: from the environment that runs this
    except ImportError:
        return ""
    form = banding(0.8, PERMUTATIONS)
    ours = theirs = 0.0
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        shingles = shingle(hash_words(batch), SHINGLE, np.zeros(len(batch), dtype=np.uint64))
        ends = np.concatenate(([0], np.cumsum(shingles.counts))).astype(np.uint64)
        started = time.process_time()
        band_keys(shingles, form, 0)
        between = time.process_time()
        np.array(
            RMinHash.digest_matrix_from_flat_token_hashes(shingles.hashes, ends, PERMUTATIONS, 0).to_rows(), np.uint32
        )
        ours += between - started
        theirs += time.process_time() - between
    return f"\nminima of all rows, as an array: {ours:.2f} s, and the keys of their bands; rensa: {theirs:.2f} s"


if __name__ == "__main__":
    main()
