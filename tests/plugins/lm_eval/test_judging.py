"""What lm-eval's metrics make of answers, filter by filter; what cannot be judged is an error and no score."""

import math

import pytest

from seatrial_plugins.lm_eval import metrics_of
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
        (["x", "x "], 0, "the same"),
        (["x", "y"], [0, 1], "all of its"),
        (["x", "y"], [], "no right"),
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


NULL = SUMS.replace("{metric: exact_match, ignore_punctuation: true}, {metric: bleu}", "{metric: exact_match}")


@pytest.mark.parametrize("answer", [None, "", [], [None]])
@pytest.mark.parametrize("target", ['"{{a}}"', "a"])
def test_a_document_without_a_right_answer_is_an_error(folder, judged, answer, target):
    folder(sums_yaml=NULL.replace('"{{a}}"', target), sums_jsonl=[{"q": "?", "a": answer}, {"q": "!", "a": "None"}])
    first, second = judged(Knows(answer="None"), task="path:sums.yaml")
    assert "no right answer" in first.error
    assert not first.values
    assert (second.error, second.values["exact_match_whole"]) == (None, 1)


@pytest.mark.parametrize("kind", ["loglikelihood", "loglikelihood_rolling"])
@pytest.mark.parametrize("text", [None, ["a", "b"]])
def test_what_is_no_one_text_has_no_likelihood(folder, judged, kind, text):
    folder(texts_yaml=TEXTS.replace("loglikelihood_rolling", kind), texts_jsonl=[{"text": text}])
    (sample,) = judged(Knows(), task="path:texts.yaml")
    assert "right answer" in sample.error


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("{function: map, mapping_dict: {a: b}}, {function: take_first}", "leaves nothing"),
        ("{function: map}, {function: lowercase}, {function: take_first}", "raised AttributeError"),
        ("{function: regex, group_select: 7, regex_pattern: '7'}, {function: take_first}", "raised IndexError"),
        ("{function: multi_choice_regex}, {function: take_first}", "raised KeyError"),
    ],
)
def test_a_filter_that_leaves_nothing_is_an_error_of_its_sample(folder, judged, steps, said):
    folder(
        sums_yaml=SUMS.replace("{function: remove_whitespace}, {function: take_first}", steps),
        sums_jsonl=[{"q": "?", "a": "7"}],
    )
    (sample,) = judged(Knows(), task="path:sums.yaml")
    assert said in sample.error


def test_options_that_leave_nothing_of_the_right_answer_judge_nothing(folder, judged):
    folder(
        sums_yaml=SUMS.replace("ignore_punctuation", "ignore_numbers").replace(", {metric: bleu}", ""),
        sums_jsonl=[{"q": "?", "a": "12"}],
    )
    (sample,) = judged(Knows(), task="path:sums.yaml")
    assert "nothing of the right answer" in sample.error


def test_several_references_count_for_scores_of_sentences_and_of_all(folder, judged):
    import sacrebleu

    right, said = ["the cat sat on the mat", "a cat sat there on it"], "the cat sat on it"
    folder(sums_yaml=SUMS.replace('"{{a}}"', "a").replace("bleu", "chrf"), sums_jsonl=[{"q": "?", "a": right}])
    (sample,) = judged(Knows(answer=said), task="path:sums.yaml")
    expected = sacrebleu.sentence_chrf(said, right).score
    assert sample.values["sentence_chrf_whole"] == pytest.approx(expected)
    assert of_all("chrf", [sample.detail], [0.0], "whole") == pytest.approx(expected)


def test_only_punctuation_is_ignored_of_options_and_each_has_its_letter(folder, judged):
    task = NULL.replace(
        "{function: remove_whitespace}", "{function: multi_choice_regex, ignore_punctuation: true, regex_pattern: zz}"
    )
    folder(sums_yaml=task, sums_jsonl=[{"q": "?", "choices": ["-5", "+5", "५कि"], "a": "(B)"}])
    (sample,) = judged(Knows(answer="it is +5 then"), task="path:sums.yaml")
    assert sample.values["exact_match_whole"] == 1


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
