"""Task files: every key is followed or refused, with file and line; includes, groups, tags and code that is not run."""

import pytest

from seatrial.errors import SourceError, UsageError
from seatrial_plugins.lm_eval import metrics_of, tasks_of

from .conftest import CHOICE, CHOICES, Knows


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("doc_to_txt: question", "doc_to_text"),
        ("unsafe_code: true", "unsafe_code"),
        ("generation_kwargs: {do_sample: true, temperature: 0.7}\noutput_type: generate_until", "do_sample"),
        ("metric_list: [{metric: bleurt}]", "bleurt"),
        ("output_type: rhyming", "rhyming"),
        ("fewshot_config: {samplr: first_n}", "samplr"),
        ("fewshot_config: {samples: 3}", "samples is 3"),
        ("generation_kwargs: {temperature: 0.7}\noutput_type: generate_until", "temperature above 0"),
        ("generation_kwargs: {max_gen_toks: many}\noutput_type: generate_until", "max_gen_toks is 'many'"),
        ("generation_kwargs: 3\noutput_type: generate_until", "generation_kwargs is 3"),
        ("filter_list: 3", "filter_list is 3"),
        ("filter_list: [{name: a, filter: take_first}]", "`filter`, a list"),
        ("metric_list: 3", "metric_list is 3"),
        (
            "metric_list: [{metric: exact_match, regexes_to_ignore: ['(']}]\noutput_type: generate_until",
            "'\\(' is no pattern",
        ),
        ("include: 3", "include is 3"),
        ("repeats: 0", "repeats is 0"),
        ("num_fewshot: -1", "num_fewshot is -1"),
        ("process_docs: own.shorter", "process_docs is 'own.shorter'"),
        ("dataset_kwargs: rows.jsonl", "dataset_kwargs is 'rows.jsonl'"),
        ("doc_to_choice:", "without doc_to_choice"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_line(folder, line, said):
    kept = [kept for kept in CHOICE.strip().splitlines() if kept.partition(":")[0] != line.partition(":")[0]]
    text = "\n".join(kept if "metric_list" not in line else kept[:9])
    text = text if "output_type" not in line else text.replace("output_type: multiple_choice\n", "")
    folder(things_yaml=f"{text}\n{line}\n")
    with pytest.raises(UsageError, match=rf"things\.yaml:\d+: .*{said}"):
        metrics_of(task="path:things.yaml")


def test_an_included_file_stands_below_the_own_keys(folder):
    folder(other_yaml="include: things.yaml\ntask: other\ndescription: ''\n")
    task = tasks_of(task="path:other.yaml").tasks["other"]
    assert task.get("doc_to_text") == "Q: {{question}}\nA:"
    assert task.keys.place("description").endswith("other.yaml:3")
    folder(other_yaml="include: other.yaml\ntask: other\n")
    with pytest.raises(UsageError, match=r"other\.yaml: includes itself"):
        tasks_of(task="path:other.yaml")


def test_a_hub_data_set_needs_rows_by_the_names_of_its_splits(folder):
    folder(hub_yaml=CHOICE.replace("dataset_path: json", "dataset_path: org/things").replace("dataset_kwargs", "#"))
    with pytest.raises(UsageError, match=r"hub\.yaml:3: .*org/things.*rows: \{test: path:…, train: path:…\}"):
        _ = tasks_of(task="path:hub.yaml").reads
    rows = {"test": "path:choices.jsonl", "train": "path:shown.jsonl"}
    assert len(tasks_of(task="path:hub.yaml", rows=rows).items) == 4


CODE = """
def shorter(documents):
    return documents.filter(lambda one: one["right"] == 0)
"""


def test_code_runs_only_where_its_file_is_allowed_by_name(folder, judged):
    where = folder(things_yaml=CHOICE + "process_docs: !function own.shorter\n", own_py=CODE)
    with pytest.raises(UsageError, match=rf"things\.yaml:\d+: .*own\.shorter.*functions: \[{where.name}/own\.py\]"):
        tasks_of(task="path:things.yaml")
    samples = judged(Knows(), task="path:things.yaml", functions=["own.py"])
    assert [sample.target for sample in samples] == ["a trout", "a ball"]
    folder(things_yaml=CHOICE + "process_docs: !function os.getcwd\n")
    with pytest.raises(UsageError, match=r"no package is imported"):
        tasks_of(task="path:things.yaml", functions=["os.py"])


def test_a_group_is_its_tasks_each_of_the_same_weight_where_it_says_so(folder, judged):
    folder(
        few_yaml="include: tagged.yaml\n'task': 'few'\ndataset_kwargs: {data_files: {test: one.jsonl, train: one.jsonl}}\n",
        tagged_yaml="include: things.yaml\n'tag':\n  - some  # others are not\n",
        one_jsonl=[{"question": "Which?", "options": ["x", "y"], "right": 1}],
        all_yaml="group: all\ntask: [things, few]\naggregate_metric_list: [{metric: acc, weight_by_size: false}]\n",
    )
    samples = judged(Knows(("y",)), task="all", tasks="path:.")
    assert [sample.slice for sample in samples] == ["things"] * 4 + ["few"]
    alone = [sample.values["acc"] for sample in judged(Knows(("y",)), task="path:things.yaml")]
    assert 0 < sum(alone) < 4
    assert sum(sample.values["acc"] for sample in samples) / 5 == pytest.approx((sum(alone) / 4 + 1) / 2)
    assert sum(sample.values["acc_norm"] for sample in samples[4:]) == 1  # weighs as its row does
    assert [*tasks_of(task="some", tasks="path:.").tasks] == ["few"]
    folder(all_yaml="group: all\ntask: [things, {task: things, num_fewshot: 1}]\n")
    with pytest.raises(UsageError, match="'things' is named twice"):
        tasks_of(task="all", tasks="path:.")
    for name in ("thngs", "others"):
        with pytest.raises(UsageError, match="no task, group or tag is called"):
            tasks_of(task=name, tasks="path:.")


def test_rows_that_a_template_cannot_read_are_named(folder):
    folder(things_yaml=CHOICE.replace("{{question}}", "{{questoin}}"))
    with pytest.raises(SourceError, match=r"things.*doc_to_text.*'questoin' is undefined.*'question'"):
        _ = tasks_of(task="path:things.yaml").items


TWO = "group: all\ntask: [things, few]\naggregate_metric_list: [{metric: acc, weight_by_size: false}]\n"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"tests": "path:choices.jsonl"}, r"names no split 'tests' \(did you mean 'test'\?\).*test, train"),
        ({"thingz": {"test": "path:choices.jsonl"}}, r"no task 'thingz' \(did you mean 'things'\?\)"),
        ({"things": {"tset": "path:choices.jsonl"}}, r"things names no split 'tset'"),
        ({"test": 5}, r"rows: test: 5 is no address"),
    ],
)
def test_rows_of_a_split_or_a_task_that_there_is_none_of_are_refused(folder, rows, said):
    folder(few_yaml="include: things.yaml\ntask: few\n", all_yaml=TWO)
    with pytest.raises(UsageError, match=said):
        tasks_of(task="all", tasks="path:.", rows=rows)


def test_a_task_may_be_called_as_a_split_and_has_the_rows_of_all_beside_its_own(folder):
    folder(things_yaml=CHOICE.replace("task: things", "task: test"), other_jsonl=[{**CHOICES[0], "question": "Other?"}])
    rows = {"test": "path:other.jsonl"}
    assert [item.question for item in tasks_of(task="path:things.yaml", rows=rows).items.values()] == ["Q: Other?\nA:"]
    rows = {"test": {"train": "path:shown.jsonl"}}
    assert len(tasks_of(task="path:things.yaml", rows=rows).items) == 4


def test_files_of_one_ending_have_a_digest_each(folder):
    where = folder(few_yaml="include: things.yaml\ntask: few\n", all_yaml=TWO)
    for task in ("things", "few"):
        (where / task / "data").mkdir(parents=True)
        (where / task / "data/test.jsonl").write_text((where / "choices.jsonl").read_text())
    rows = {"test": "path:{task}/data/test.jsonl"}
    before = tasks_of(task="all", tasks="path:.", rows=rows).reads
    assert {"things/data/test.jsonl", "few/data/test.jsonl"} < before.keys()
    for task in ("things", "few"):
        (where / task / "data/test.jsonl").write_text("{}")
        after = tasks_of(task="all", tasks="path:.", rows=rows).reads
        assert before != after
        before = after


def test_code_that_a_function_s_file_imports_is_read_as_well_and_run_anew(folder, judged):
    where = folder(
        things_yaml=CHOICE + "process_docs: !function own.shorter\n",
        own_py=f"import sys\nsys.path.insert(0, '.')\nimport beside_own\n{CODE.replace('== 0', '== beside_own.RIGHT')}",
    )
    (where / "beside_own.py").write_text("RIGHT = 0\n")
    first = tasks_of(task="path:things.yaml", functions=["own.py"])
    assert "own.shorter" in first.not_known
    before = first.reads
    assert len(first.items) == 2
    (where / "beside_own.py").write_text("RIGHT = 2 - 1\n")
    second = tasks_of(task="path:things.yaml", functions=["own.py"])
    assert before != second.reads
    assert len(second.items) == 1


def test_tasks_that_lack_a_metric_weigh_nothing_in_it(folder, judged):
    folder(
        few_yaml="include: things.yaml\ntask: few\ndataset_kwargs: {data_files: {test: one.jsonl, train: one.jsonl}}\n",
        one_jsonl=[{"question": "Which?", "options": ["x", "y"], "right": 1}],
        other_yaml="include: things.yaml\ntask: other\nmetric_list: [{metric: exact_match}]\n",
        all_yaml=TWO.replace("few]", "few, other]"),
    )
    values = [sample.values["acc"] for sample in judged(Knows(("y", "a bird", "a trout")), task="all", tasks="path:.")]
    known = [value for value in values if value is not None]
    assert len(values) == 9
    assert sum(known) / len(known) == pytest.approx((0.75 + 1) / 2)


@pytest.mark.parametrize(
    "metrics",
    [
        "metric_list: [{metric: exact_match}, {metric: exact_match, ignore_numbers: true}]",
        "filter_list: [{name: a b, filter: [{function: take_first}]}, {name: a_b, filter: [{function: uppercase}]}]",
        "filter_list: [{name: a, filter: [{function: take_first}]}, {name: a, filter: [{function: uppercase}]}]",
    ],
)
def test_two_numbers_of_one_name_are_refused(folder, metrics):
    kept = [line for line in CHOICE.splitlines() if "metric" not in line and "output_type" not in line]
    folder(things_yaml="\n".join([*kept, "output_type: generate_until", metrics]))
    with pytest.raises(UsageError, match=r"things\.yaml.*(name filters differently|two filters)"):
        metrics_of(task="path:things.yaml")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{metric: acc, wight_by_size: false}", "'wight_by_size'.*weight_by_size"),
        ("{metric: acc, weight_by_size: 'no'}", "weight_by_size is 'no'"),
        ("acc", "names no `metric`"),
        ("{weight_by_size: false}", "names no `metric`"),
    ],
)
def test_how_a_group_is_gathered_is_followed_or_refused(folder, entry, said):
    folder(all_yaml=f"group: all\ntask: [things]\naggregate_metric_list: [{entry}]\n")
    with pytest.raises(UsageError, match=rf"all\.yaml:3: .*{said}"):
        tasks_of(task="all", tasks="path:.")
