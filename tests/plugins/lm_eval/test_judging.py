"""What lm-eval's metrics make of answers, filter by filter; what cannot be judged is an error and no score."""

import math

import pytest

from seatrial.errors import UsageError
from seatrial_plugins.lm_eval import metrics_of, seatrial_scorers, tasks_of
from seatrial_plugins.lm_eval.task_metrics import exact_match, of_all

from .conftest import CHOICE, Knows

SUMS = """
task: sums
dataset_path: json
dataset_kwargs: {data_files: {test: sums.jsonl}}
test_split: test
doc_to_text: "Q: {{q}}\\nA:"
doc_to_target: "{{a}}"
generation_kwargs: {until: ["Q:"], max_gen_toks: 9}
filter_list:
  - {name: number, filter: [{function: regex, regex_pattern: '(\\d+)'}, {function: take_first}]}
  - {name: whole, filter: [{function: remove_whitespace}, {function: take_first}]}
metric_list: [{metric: exact_match, ignore_punctuation: true}, {metric: bleu}]
"""
TEXTS = """
task: texts
dataset_path: json
dataset_kwargs: {data_files: {test: texts.jsonl}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: text
"""


def test_the_likeliest_option_is_right_in_all_or_by_character(folder, judged):
    samples = judged(Knows(("a bird", "a ball")), task="path:things.yaml")
    assert [sample.values["acc"] for sample in samples] == [1, 0, 0, 1]
    assert [sample.prediction for sample in samples] == ["a bird", "a key", "ice", "a ball"]
    assert samples[0].detail["greedy"] == [False, True, False]
    assert not any(sample.error for sample in samples)


def test_mutual_information_asks_each_option_alone_too(folder, judged):
    folder(things_yaml=CHOICE.replace("metric: acc_norm", "metric: acc_mutual_info"))
    model = Knows(("a bird",))
    samples = judged(model, task="path:things.yaml")
    assert "" in dict(model.asked)
    assert samples[0].values["acc_mutual_info"] == 0  # all differences are 0, and the first of them is no bird


@pytest.mark.parametrize(
    ("options", "right", "said"),
    [
        (["", "x"], 1, "empty"),
        (["x", "x"], 0, "the same"),
        (["x", "y"], 5, "none of its 2 choices"),
        (["x"], 0, "nothing to choose"),
        (["x", "y"], [1, 0], "each of its choices is right"),
    ],
)
def test_what_is_no_choice_is_an_error(folder, judged, options, right, said):
    folder(choices_jsonl=[{"question": "Which?", "options": options, "right": right}])
    [sample] = judged(Knows(), task="path:things.yaml")
    assert said in sample.error
    assert not sample.values


def test_each_filter_has_its_metrics(folder, judged):
    folder(sums_yaml=SUMS, sums_jsonl=[{"q": "3+4", "a": "7"}, {"q": "1+1", "a": "2"}])
    samples = judged(Knows(), task="path:sums.yaml")
    assert [metric.name for metric in metrics_of(task="path:sums.yaml")] == [
        *("exact_match_number", "exact_match_whole", "sentence_bleu_number", "sentence_bleu_whole"),
    ]
    assert [sample.values["exact_match_number"] for sample in samples] == [1, 0]
    assert [sample.values["exact_match_whole"] for sample in samples] == [0, 0]
    assert samples[0].detail["filtered"] == {"number": "7", "whole": "It is 7."}


def test_the_mean_a_row_is_the_rate_of_all_texts(folder, judged):
    texts = ["one two three", "four", "five six"]
    folder(texts_yaml=TEXTS, texts_jsonl=[{"text": text} for text in texts])
    samples = judged(Knows(), task="path:texts.yaml")
    mean = {name: sum(sample.values[name] for sample in samples) / 3 for name in samples[0].values}
    size = sum(map(len, texts))
    assert mean["nll_per_word"] == pytest.approx(2.0)
    assert mean["nll_per_byte"] == pytest.approx(12 / size)
    assert mean["bits_per_byte"] == pytest.approx(12 / size / math.log(2))


def test_the_right_answer_of_several_is_any(folder, judged):
    folder(sums_yaml=SUMS.replace('"{{a}}"', "a"), sums_jsonl=[{"q": "3+4", "a": ["seven", "7"]}])
    assert judged(Knows(), task="path:sums.yaml")[0].values["exact_match_number"] == 1


@pytest.mark.parametrize(
    ("said", "right", "options"),
    [
        ("The End.", "the end", {"ignore_case": True, "ignore_punctuation": True}),
        ("12 apples", "apples", {"ignore_numbers": True, "regexes_to_ignore": [" "]}),
        ("So it is #### 5", "5", {"regexes_to_ignore": ["(?s).*#### "]}),
    ],
)
def test_an_exact_match_leaves_out_what_the_task_says(said, right, options):
    assert exact_match(said, right, options)
    assert not exact_match(said, right, {})


def test_check_knows_what_a_task_s_metrics_are_computed_with(folder):
    folder(sums_yaml=SUMS, sums_jsonl=[{"q": "1+1", "a": "2"}])
    [scorer] = seatrial_scorers()
    assert scorer.imports_for({"task": "path:things.yaml"}) == {"regex": "seatrial[train]"}
    assert scorer.imports_for({"task": "path:sums.yaml"}).keys() == {"regex", "sacrebleu"}


MISSING = "the document has no right answer"


@pytest.mark.parametrize("target", ['"{{a}}"', "a", '"The answer is {{a}}"', '"{{[a]}}"'])
@pytest.mark.parametrize("answer", [None, "", " "])
def test_a_document_without_a_right_answer_is_an_error_whatever_is_said(folder, judged, target, answer):
    folder(sums_yaml=SUMS.replace('"{{a}}"', target), sums_jsonl=[{"q": "3+4", "a": answer}])
    if target.startswith('"The') and answer is not None:
        return  # words of the file's own are an answer
    for said in ("None", "", "[None]"):
        [sample] = judged(Knows(answer=said), task="path:sums.yaml")
        assert MISSING in sample.error
        assert not sample.values


def test_a_question_that_prints_a_missing_field_is_an_error(folder, judged):
    folder(sums_yaml=SUMS, sums_jsonl=[{"q": "3+4", "a": "7"}, {"a": "7"}])
    first, second = judged(Knows(), task="path:sums.yaml")
    assert first.values["exact_match_number"] == 1
    assert "doc_to_text prints a field that has no value" in second.error


@pytest.mark.parametrize("answer", [None, [], [None], ["7", ""]])
def test_several_right_answers_are_all_said(folder, judged, answer):
    folder(sums_yaml=SUMS.replace('"{{a}}"', "a"), sums_jsonl=[{"q": "3+4", "a": ["7"]}, {"q": "1", "a": answer}])
    first, second = judged(Knows(), task="path:sums.yaml")
    assert first.values["exact_match_number"] == 1
    assert MISSING in second.error


@pytest.mark.parametrize(
    ("kind", "answer"), [("loglikelihood", None), ("loglikelihood", ["a", "b"]), ("loglikelihood_rolling", 5)]
)
def test_what_is_scored_is_text(folder, judged, kind, answer):
    folder(
        texts_yaml=TEXTS.replace("loglikelihood_rolling", kind).replace('doc_to_text: ""', "doc_to_text: 'Say:'"),
        texts_jsonl=[{"text": answer}],
    )
    [sample] = judged(Knows(), task="path:texts.yaml")
    assert "doc_to_target gives no text" in sample.error


def test_an_option_that_is_no_number_s_digit_or_no_right_one_is_an_error(folder, judged):
    folder(
        things_yaml=CHOICE.replace("doc_to_target: right", 'doc_to_target: "{{right}}"').replace(
            "metric: acc_norm", "metric: brier_score"
        ),
        choices_jsonl=[{"question": "Which?", "options": ["x", "y"], "right": right} for right in ("²", "[]", None)],
    )
    errors = [sample.error for sample in judged(Knows(), task="path:things.yaml")]
    assert "'²' is none of its 2 choices" in errors[0]
    assert MISSING in errors[1]
    assert "None is none of its 2 choices" in errors[2]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("{function: map, mapping_dict: {x: y}}", "leaves no answer"),
        ("{function: map, mapping_dict: {x: y}}, {function: lowercase}", "raised AttributeError"),
        ("{function: regex, regex_pattern: '(\\d)', group_select: 3}", "raised IndexError"),
        ("{function: multi_choice_regex}", "raised KeyError: 'choices'"),
        ("{function: uppercase}", "leaves 2 answers"),
    ],
)
def test_a_filter_that_leaves_nothing_is_an_error_of_its_metrics_alone(folder, judged, step, said):
    ending = "" if "uppercase" in step else ", {function: take_first}"
    text = SUMS.replace("{function: remove_whitespace}, {function: take_first}", step + ending)
    folder(sums_yaml=text + "repeats: 2\n", sums_jsonl=[{"q": "3+4", "a": "7"}])
    [sample] = judged(Knows(), task="path:sums.yaml")
    assert "whole" in sample.error
    assert said in sample.error
    assert sample.lacks == ("exact_match_whole", "sentence_bleu_whole")
    assert sample.values["exact_match_number"] == 1


def test_a_right_answer_of_which_nothing_is_left_is_an_error(folder, judged):
    folder(sums_yaml=SUMS.replace("ignore_punctuation", "ignore_numbers"), sums_jsonl=[{"q": "3+4", "a": "7"}])
    [sample] = judged(Knows(answer="999"), task="path:sums.yaml")
    assert "leaves nothing of the right answer '7'" in sample.error
    assert "exact_match_number" in sample.lacks


@pytest.mark.parametrize(
    ("choices", "said", "letter"),
    [
        (["+5", "-5"], "it is +5 then", "(A)"),
        (["$5", "5"], "it is $5 then", "(A)"),
        (["कि", "का"], "वह का", "(B)"),
        (["x", "x", "y"], "so: C", "(C)"),
    ],
)
def test_a_choice_is_found_by_its_words_without_punctuation(folder, judged, choices, said, letter):
    step = "{function: multi_choice_regex, regex_pattern: '####(.)', ignore_punctuation: true}"
    text = SUMS.replace("{function: regex, regex_pattern: '(\\d+)'}", step)
    folder(sums_yaml=text, sums_jsonl=[{"q": "?", "a": letter, "choices": choices}])
    [sample] = judged(Knows(answer=said), task="path:sums.yaml")
    assert sample.detail["filtered"]["number"] == letter


def test_bleu_is_of_the_options_words_and_of_all_right_answers(folder, judged):
    text = SUMS.replace("metric: bleu", "metric: chrf")
    rows = [{"q": "1", "a": 1, "c": ["a dog", "the cat"]}, {"q": "2", "a": 0, "c": ["the cat", "a"]}]
    folder(sums_yaml=text.replace('"{{a}}"', "a\ndoc_to_choice: c"), sums_jsonl=rows)
    samples = judged(Knows(answer="the cat"), task="path:sums.yaml")
    [whole] = [one for one in measured_of("path:sums.yaml") if one.name == "chrf" and one.filter == "whole"]
    assert [sample.values[whole.column] for sample in samples] == [100, 100]
    assert of_all(whole, [sample.detail for sample in samples], [0, 0]) == pytest.approx(100)
    rows = [{"q": "1", "a": ["a dog ran", "the cat"]}, {"q": "2", "a": ["the cat sat"]}]
    folder(sums_yaml=text.replace('"{{a}}"', "a"), sums_jsonl=rows)
    samples = judged(Knows(answer="the cat"), task="path:sums.yaml")
    values = [sample.values[whole.column] for sample in samples]
    assert values[0] == 100
    assert 1 < values[1] < 100
    assert values[1] < of_all(whole, [sample.detail for sample in samples], values) < 100


def measured_of(task):
    [measured] = tasks_of(task=task).measured.values()
    return measured


OWN = """
def judged(document, results):
    value = float(document["a"])
    return {"own": value, "perplexity": 2.0, "kinds": float(isinstance(results[0], list))}
"""
JUDGED = "process_results: !function own.judged\nmetric_list: [{metric: own, aggregation: nanmean}, {metric: kinds}]\n"


def test_numbers_of_the_task_s_own_are_means_and_filters_leave_them_what_lm_eval_does(folder, judged):
    text = SUMS.partition("metric_list")[0].replace(", {function: take_first}", "")
    folder(sums_yaml=text + JUDGED, own_py=OWN, sums_jsonl=[{"q": "1", "a": "3"}, {"q": "2", "a": "nan"}])
    first, second = judged(Knows(), task="path:sums.yaml", functions=["own.py"])
    assert (first.values["own_number"], second.values["own_number"], second.error) == (3, None, None)
    assert first.values["kinds_whole"] == 1
    folder(own_py=OWN.replace('document["a"]', '"5"'))  # as a notebook's is edited between two runs
    assert judged(Knows(), task="path:sums.yaml", functions=["own.py"])[0].values["own_number"] == 5


@pytest.mark.parametrize(
    "entry",
    ["{metric: own, aggregation: median}", "{metric: own, aggregation: weighted_perplexity}", "{metric: perplexity}"],
)
def test_numbers_of_the_task_s_own_that_are_no_means_are_refused(folder, entry):
    folder(
        sums_yaml=SUMS.partition("metric_list")[0] + JUDGED.partition("metric_list")[0] + f"metric_list: [{entry}]\n",
        own_py=OWN,
    )
    with pytest.raises(UsageError, match=r"sums\.yaml:\d+: .* mean and nanmean are"):
        metrics_of(task="path:sums.yaml", functions=["own.py"])
