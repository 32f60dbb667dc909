"""What is asked, to the letter: examples drawn as lm-eval draws them, delimiters, prefixes, options that are questions."""

from operator import eq
from random import Random

import pytest

from seatrial.errors import UsageError
from seatrial.evaluation.repeats import clusters_of
from seatrial_plugins.lm_eval import build_scorer, tasks_of
from seatrial_plugins.lm_eval.fewshot import Sampler

from .conftest import CHOICE, CHOICES

BIRD = "Q: Which flies?\nA: a bird\n\n"


def test_a_prompt_is_description_examples_and_question(folder):
    folder(things_yaml=CHOICE + "num_fewshot: 1\nfewshot_config: {sampler: first_n}\n")
    item = next(iter(tasks_of(task="path:things.yaml").items.values()))
    context = "About things.\n\nQ: Which rolls?\nA: a ball\n\nQ: Which flies?\nA:"
    assert item.requests == ((context, " a stone"), (context, " a bird"), (context, " a lake"))


def test_examples_are_drawn_by_one_seed_for_all_documents(folder):
    drawn, rows = Random(1234), [{**one, "question": f"{at} {one['question']}"} for at, one in enumerate(CHOICES)]
    folder(shown_jsonl=rows)
    expected = [[one["question"] for one in drawn.sample(rows, 2)] for _ in CHOICES]
    items = tasks_of(task="path:things.yaml", num_fewshot=2).items.values()
    asked = [[line[3:] for line in item.requests[0][0].splitlines() if line.startswith("Q: ")][:-1] for item in items]
    assert asked == expected


def test_a_document_is_no_example_of_itself_and_copies_are_drawn_anew():
    rows = [{"q": 1}, {"q": 1}, {"q": 2}, {"q": 3}]
    drawn = [Sampler(rows, "default", seed, eq).draw(2, {"q": 1}, among=True) for seed in range(50)]
    assert all({one["q"] for one in draw} == {2, 3} for draw in drawn)
    assert Sampler(rows, "first_n", 0, eq).draw(1, {"q": 1}, among=True) == [{"q": 2}]
    with pytest.raises(UsageError, match=r"5 examples .* of 4"):
        Sampler(rows, "default", 0, eq).draw(5, {"q": 0}, among=False)


@pytest.mark.parametrize("sampler", ["default", "first_n"])
def test_a_train_file_that_holds_the_document_gives_no_example_of_it(folder, sampler):
    folder(
        things_yaml=CHOICE + f"fewshot_config: {{sampler: {sampler}}}\n",
        shown_jsonl=[{**one, "number": at} for at, one in enumerate(CHOICES)],
    )
    items = tasks_of(task="path:things.yaml", num_fewshot=3).items.values()
    prompts = [item.requests[0][0] for item in items]
    assert all(prompt.count(one["question"]) == 1 for prompt, one in zip(prompts, CHOICES, strict=True))
    with pytest.raises(UsageError, match=r"4 examples .* of 3 that ask something else"):
        _ = tasks_of(task="path:things.yaml", num_fewshot=4).items


def test_copies_of_a_document_are_one_observation_whatever_examples_stand_before_them(folder):
    folder(choices_jsonl=[{**one, "number": at} for at, one in enumerate(CHOICES[:2] * 3)])
    rows = build_scorer(task="path:things.yaml", num_fewshot=2).draw({}, (), 0)
    assert len(rows) == 6
    assert len(set(clusters_of(rows).values())) == 2
    folder(things_yaml=CHOICE.replace('"Q: {{question}}\\nA:"', '""'))
    rows = build_scorer(task="path:things.yaml").draw({}, (), 0)  # as BLiMP: the options alone differ
    assert len(set(clusters_of(rows).values())) == 2


def test_the_answers_prefix_stands_before_it_in_examples_and_question(folder):
    folder(things_yaml=CHOICE + "gen_prefix: 'It is'\nnum_fewshot: 1\nfewshot_config: {sampler: first_n}\ndescription: ''\n".replace("description: ''\n", ""))  # fmt: skip
    item = next(iter(tasks_of(task="path:things.yaml").items.values()))
    assert item.requests[0][0] == "About things.\n\nQ: Which rolls?\nA: It is a ball\n\nQ: Which flies?\nA: It is"


def test_options_may_be_different_questions(folder):
    text = CHOICE.replace('"Q: {{question}}\\nA:"', '"{{right}}"').replace(
        "doc_to_target: right", 'doc_to_target: "so"'
    )
    folder(things_yaml=text)
    item = next(iter(tasks_of(task="path:things.yaml").items.values()))
    assert item.requests[1] == ("About things.\n\na bird", " so")
    assert item.right == (1,)
