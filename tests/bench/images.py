"""Images with text: how well a small model reads held-out digits after LoRA, through the command that a user types.

    python tests/bench/images.py [--epochs 12] [--seeds 7 8 9] [--method lora] [--keep FOLDER]

The pictures are scikit-learn's digits (1,797 of 8 × 8 grey pixels, from UCI), each a PNG in a Parquet file as `datasets` writes
images. The model is the shape `seatrial_suites/tiny_idefics3` (a SigLIP-like vision tower and a Llama of two layers of 64) with
random weights: nothing was pre-trained, and the base reads digits as chance does. At rank 64 LoRA can give any of its linear
layers any value, so that "LoRA" here says how it is trained, not that little is. 20% of the rows are held out, as are copies and
near copies of their pictures from the others. Printed are accuracy with its two-sided 95% interval, of the tuned model, of its
base and of a baseline that knows no pictures, the verdict on a gate of 0.9, and seconds by stage.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

QUESTION = "Which digit is this?"

METHODS = {
    "lora": {"method": "lora", "r": 64, "alpha": 64, "target_modules": "all-linear", "lr": 2e-3},
    "lora-16": {"method": "lora", "r": 16, "alpha": 32, "target_modules": "all-linear", "lr": 4e-3},
    "full": {"method": "full", "lr": 1e-3},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=float, default=12)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7])
    parser.add_argument("--method", choices=METHODS, default="lora")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--keep", type=Path, help="where data and runs stay; else they are thrown away")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        write_digits(folder / "digits.parquet")
        for seed in given.seeds:
            report(folder, suite(given.method, given.epochs, given.device, folder), seed)


def write_digits(path: Path) -> None:
    """A row a digit: the picture's bytes, the question, the label."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    rows = []
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        drawn = io.BytesIO()
        Image.fromarray((pixels * 255 / 16).astype(np.uint8)).save(drawn, "PNG")
        picture = {"bytes": drawn.getvalue(), "path": f"digit-{number:04d}.png"}
        rows.append({"image": picture, "text": QUESTION, "label": str(label)})
    pq.write_table(pa.Table.from_pylist(rows), path)


def suite(method: str, epochs: float, device: str, folder: Path) -> dict[str, Any]:
    return {
        "name": f"digits-{method}",
        "model": {
            "source": "package:seatrial_suites/tiny_idefics3",
            "loader": "random",
            "device": device,
            "batch_tokens": 16384,
        },
        "data": {
            "train": {"source": f"path:{(folder / 'digits.parquet').resolve()}"},
            "split": {"test": 0.2, "validation": 0.1},
        },
        "filters": [{"schema": {}}, {"duplicates": {}}, {"near_duplicates": {}}, {"leakage": {}}],
        "train": {**METHODS[method], "epochs": epochs, "batch_size": 32},
        "baselines": ["majority"],
        "fewshot": 0,
        "score": [{"choice": {}}, {"generation": {"metrics": ["exact_match"], "max_new_tokens": 4}}],
        "gates": [
            {"metric": "choice/accuracy", "min": 0.9},
            {"metric": "generation/exact_match", "min": 0.9},
            {"metric": "data/test_rows", "min": 300},
        ],
        "report": ["html", "markdown", "json"],
    }


def report(folder: Path, keys: dict[str, Any], seed: int) -> None:
    """Run the suite as a user does, and print what came of it."""
    file = folder / f"{keys['name']}-{seed}.json"
    file.write_text(json.dumps({**keys, "seed": seed}), encoding="utf-8")
    began = time.perf_counter()
    command = [sys.executable, "-m", "seatrial", "run", str(file), "--runs", str(folder / "runs")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    newest = max((folder / "runs").glob("*/scores.json"), default=None, key=lambda path: path.stat().st_mtime)
    if newest is None or done.returncode not in {0, 1, 4}:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    print(done.stdout[-3000:])
    print(f"seed {seed}: exit code {done.returncode}, {seconds:.0f} s, {newest.parent}", flush=True)


if __name__ == "__main__":
    main()
