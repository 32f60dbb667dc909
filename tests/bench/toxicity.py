"""The Detoxify detector against Detoxify's own `predict`, on the same rows, checkpoint and device.

    python tests/bench/toxicity.py CHECKPOINT_FOLDER TWEETS.csv [--rows 20000] [--held-out IDS.txt]

CHECKPOINT_FOLDER holds a checkpoint in Detoxify's format with its config.json and tokenizer. TWEETS.csv has the columns
`tweet`, `class` (0 hate, 1 offensive, 2 neither; Davidson et al., 2017) and `offensive_language` (how many annotators
called it so), its first column is the row's id. Prints rows
a second of both, the largest difference between their scores, and on the held-out ids the AUC of each label.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from detoxify import Detoxify
from sklearn.metrics import roc_auc_score

from seatrial_plugins.toxicity import detoxify

CHUNK = 32
TRUE_OF: Mapping[str, Callable[[Mapping[str, str]], bool]] = {
    "toxicity": lambda tweet: tweet["class"] in {"0", "1"},
    "obscene": lambda tweet: tweet["class"] in {"0", "1"} and int(tweet["offensive_language"]) > 0,
    "identity_attack": lambda tweet: tweet["class"] == "0",
}
"""Label → the tweets of which it is true.

The checkpoint's README gives AUCs and does not say of which tweets. For `obscene` (.984) the class offensive alone gives
.948, hateful or offensive .987; those of them that somebody called offensive give .984, and among hateful train tweets,
too, the mean score is .81 where somebody did and .56 where nobody did.
"""


def plain_detoxify(folder: Path, device: str) -> Detoxify:
    """Detoxify's own class on the checkpoint, which names the folder of its architecture inside."""
    (checkpoint,) = folder.glob("*.ckpt")
    loaded = torch.load(checkpoint, map_location="cpu", weights_only=True)
    loaded["config"]["arch"]["args"]["model_type"] = str(folder)
    with tempfile.NamedTemporaryFile(suffix=".ckpt") as file:
        torch.save(loaded, file.name)
        return Detoxify(checkpoint=file.name, huggingface_config_path=str(folder), device=device)


def in_chunks(model: Detoxify, texts: list[str]) -> list[dict[str, float]]:
    """What a user writes: `predict` on chunks, for it reads a list as one batch."""
    found: list[dict[str, float]] = []
    for start in range(0, len(texts), CHUNK):
        scores = model.predict(texts[start : start + CHUNK])
        found += [dict(zip(scores, row, strict=True)) for row in zip(*scores.values(), strict=True)]
    return found


def timed(work: Callable[[], list[dict[str, float]]]) -> tuple[float, list[dict[str, float]]]:
    """Seconds and result."""
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("tweets", type=Path)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--held-out", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with given.tweets.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader)
        records = [dict(zip(["id", *header[1:]], record, strict=True)) for record in reader]
    texts = [record["tweet"] for record in records[: given.rows]]
    (checkpoint,) = given.folder.glob("*.ckpt")
    ours, theirs = detoxify(checkpoint=str(checkpoint), device=device), plain_detoxify(given.folder, device)
    for warm in (lambda: ours.detect(texts), lambda: in_chunks(theirs, texts[:320])):
        warm()
    mine = [timed(lambda: [dict(row) for row in ours.detect(texts)]) for _ in range(given.repeats)]
    plain = [timed(lambda: in_chunks(theirs, texts)) for _ in range(given.repeats)]
    seconds, plain_seconds = (float(np.median([run[0] for run in runs])) for runs in (mine, plain))
    difference = max(
        abs(row[label] - other[label]) for row, other in zip(mine[0][1], plain[0][1], strict=True) for label in row
    )
    print(
        f"device {torch.cuda.get_device_name() if device == 'cuda' else 'CPU'}, {len(texts):,} rows, median of {given.repeats}"
    )
    print(f"seatrial            {len(texts) / seconds:10,.0f} rows/s   {seconds:.2f} s")
    print(f"Detoxify.predict/{CHUNK} {len(texts) / plain_seconds:10,.0f} rows/s   {plain_seconds:.2f} s")
    print(f"ratio {plain_seconds / seconds:.1f}, largest difference between scores {difference:.1e}")
    if given.held_out:
        wanted = set(given.held_out.read_text(encoding="utf-8").split())
        held_out = [record for record in records if record["id"] in wanted]
        scores = ours.detect([record["tweet"] for record in held_out])
        for label, is_true in TRUE_OF.items():
            true = [is_true(record) for record in held_out]
            print(f"AUC {label:16} {roc_auc_score(true, [row[label] for row in scores]):.3f}   n = {len(held_out):,}")


if __name__ == "__main__":
    main()
