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
        ("fewshot_config: {samples: 3}", "samples"),
        ("generation_kwargs: {temperature: 0.7}\noutput_type: generate_until", "temperature 0.7"),
        ("generation_kwargs: {max_gen_toks: many}\noutput_type: generate_until", "max_gen_toks"),
        ("filter_list: 3", "filter_list"),
        ("metric_list: [{metric: acc}, {metric: acc}]", "one column acc"),
        ("repeats: x", "repeats"),
        ("process_docs: utils.f", "!function"),
        ("doc_to_choice: null", "doc_to_choice"),
        (
            "filter_list: [{name: a b, filter: [{function: take_first}]}, {name: a_b, filter: [{function: take_first}]}]",
            "column",
        ),
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


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"tests": "path:choices.jsonl"}, r"'tests' is no split.*test"),
        ({"thing": {"test": "path:choices.jsonl"}}, r"'thing' is no task.*things"),
        ({"things": {"tset": "path:choices.jsonl"}}, r"'tset' is no split of things"),
        ({"test": 3}, "'test'"),
    ],
)
def test_rows_of_no_split_and_no_task_are_refused(folder, rows, said):
    with pytest.raises(UsageError, match=said):
        tasks_of(task="path:things.yaml", rows=rows)


def test_a_task_may_be_called_as_a_split_is(folder):
    folder(things_yaml=CHOICE.replace("task: things", "task: test"), other_jsonl=CHOICES[:1])
    assert len(tasks_of(task="path:things.yaml", rows={"test": "path:other.jsonl"}).items) == 1


def test_files_of_one_name_in_two_folders_are_two(folder):
    where = folder(
        both_yaml="group: both\ntask: [a, b]\n",
        a_yaml=CHOICE.replace("things", "a").replace("dataset_path: json", "dataset_path: org/a"),
        b_yaml=CHOICE.replace("things", "b").replace("dataset_path: json", "dataset_path: org/b"),
    )
    rows = {split: f"path:{{task}}/data/{split}.jsonl" for split in ("test", "train")}
    for name in "ab":
        (where / name / "data").mkdir(parents=True)
        for split in rows:
            (where / name / "data" / f"{split}.jsonl").write_text((where / "choices.jsonl").read_text())
    before = tasks_of(task="both", tasks="path:.", rows=rows).reads
    (where / "a/data/test.jsonl").write_text("{}")
    changed = tasks_of(task="both", tasks="path:.", rows=rows).reads
    assert len(before) == 7
    assert [key for key in before if before[key] != changed[key]] == ["data/test.jsonl"]


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


def test_code_that_has_changed_is_loaded_anew_and_what_it_imports_counts(folder, judged):
    where = folder(
        things_yaml=CHOICE + "process_docs: !function own.shorter\n",
        own_py=f"import sys\nsys.path.insert(0, {str(folder())!r})\nfrom own_beside import RIGHT\n"
        + CODE.replace("== 0", "== RIGHT"),
        own_beside_py="",
    )
    read = []
    for right in (0, 1):
        (where / "own_beside.py").write_text(f"RIGHT = {right}  # {right * 'longer'}\n")
        samples = judged(Knows(), task="path:things.yaml", functions=["own.py"])
        assert {sample.target for sample in samples} == ({"a trout", "a ball"}, {"a bird"})[right]
        read.append(tasks_of(task="path:things.yaml", functions=["own.py"]).reads)
    assert read[0] != read[1]


@pytest.mark.parametrize("aggregation", ["median", "perplexity", "weighted_perplexity"])
def test_what_a_tasks_own_function_gives_is_a_mean_or_refused(folder, aggregation):
    text = (
        CHOICE.partition("metric_list")[0]
        + f"process_results: !function own.f\nmetric_list: [{{metric: x, aggregation: {aggregation}}}]\n"
    )
    folder(things_yaml=text, own_py="def f(*given): return {}\n")
    with pytest.raises(UsageError, match=rf"things\.yaml:\d+: .*{aggregation}"):
        tasks_of(task="path:things.yaml", functions=["own.py"])


@pytest.mark.parametrize("entry", ["acc", "{metric: acc, wight_by_size: false}", "{weight_by_size: false}"])
def test_a_groups_weights_are_checked(folder, entry):
    folder(all_yaml=f"group: all\ntask: [things]\naggregate_metric_list: [{entry}]\n")
    with pytest.raises(UsageError, match=r"all\.yaml:3: .*weight_by_size"):
        tasks_of(task="all", tasks="path:.")


def test_tasks_without_a_metric_weigh_nothing_in_it(folder, judged):
    folder(
        few_yaml="include: things.yaml\ntask: few\nmetric_list: [{metric: acc_bytes}]\n",
        one_yaml="include: things.yaml\ntask: one\ndataset_kwargs: {data_files: {test: one.jsonl, train: one.jsonl}}\n",
        one_jsonl=[{"question": "Which?", "options": ["x", "y"], "right": 1}],
        all_yaml="group: all\ntask: [things, few, one]\naggregate_metric_list: [{metric: acc, weight_by_size: false}]\n",
    )
    values = [sample.values["acc"] for sample in judged(Knows(), task="all", tasks="path:.")]
    alone = [sample.values["acc"] for sample in judged(Knows(), task="path:things.yaml")]
    counted = [one for one in values if one is not None]
    assert len(counted) == 5
    assert 0 < sum(alone) < 4
    assert sum(counted) / 5 == pytest.approx((sum(alone) / 4 + 0) / 2)


def test_a_group_is_its_tasks_each_of_the_same_weight_where_it_says_so(folder, judged):
    folder(
        few_yaml="include: things.yaml\ntask: few\ntag: some\ndataset_kwargs: {data_files: {test: one.jsonl, train: one.jsonl}}\n",
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
    with pytest.raises(UsageError, match="things"):
        tasks_of(task="thngs", tasks="path:.")


def test_rows_that_a_template_cannot_read_are_named(folder):
    folder(things_yaml=CHOICE.replace("{{question}}", "{{questoin}}"))
    with pytest.raises(SourceError, match=r"things.*doc_to_text.*'questoin' is undefined.*'question'"):
        _ = tasks_of(task="path:things.yaml").items
