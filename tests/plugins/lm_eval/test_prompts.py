"""What is asked, to the letter: examples drawn as lm-eval draws them, delimiters, prefixes, options that are questions."""

from random import Random

import pytest

from seatrial.errors import UsageError
from seatrial_plugins.lm_eval import tasks_of
from seatrial_plugins.lm_eval.fewshot import Sampler

from .conftest import CHOICE, CHOICES

BIRD = "Q: Which flies?\nA: a bird\n\n"


def test_a_prompt_is_description_examples_and_question(folder):
    folder(things_yaml=CHOICE + "num_fewshot: 1\nfewshot_config: {sampler: first_n}\n")
    item = next(iter(tasks_of(task="path:things.yaml").items.values()))
    context = "About things.\n\nQ: Which rolls?\nA: a ball\n\nQ: Which flies?\nA:"
    assert item.requests == ((context, " a stone"), (context, " a bird"), (context, " a lake"))


def test_examples_are_drawn_by_one_seed_for_all_documents(folder):
    drawn, rows = Random(1234), [{**one, "question": f"{one['question'][:-1]} best?"} for one in CHOICES]
    folder(shown_jsonl=rows)
    expected = [[one["question"] for one in drawn.sample(rows, 2)] for _ in CHOICES]
    items = tasks_of(task="path:things.yaml", num_fewshot=2).items.values()
    asked = [[line[3:] for line in item.requests[0][0].splitlines() if line.startswith("Q: ")][:-1] for item in items]
    assert asked == expected


def test_a_document_is_no_example_of_itself_and_copies_are_drawn_anew():
    rows = [{"q": 1}, {"q": 1}, {"q": 2}, {"q": 3}]
    drawn = [Sampler(rows, "default", seed).draw(2, {"q": 1}) for seed in range(50)]
    assert all({one["q"] for one in draw} == {2, 3} for draw in drawn)
    assert Sampler(rows, "first_n", 0).draw(1, {"q": 1}) == [{"q": 2}]
    with pytest.raises(UsageError, match=r"5 examples .* of 4"):
        Sampler(rows, "default", 0).draw(5, None)


@pytest.mark.parametrize("sampler", ["default", "first_n"])
def test_what_is_asked_stands_in_no_example_whatever_file_it_is_from(folder, sampler):
    """The files of examples and of questions are one; a copy with another id asks the same."""
    folder(
        things_yaml=f"{CHOICE}num_fewshot: 3\nfewshot_config: {{sampler: {sampler}}}\n",
        shown_jsonl=[{**one, "id": place} for place, one in enumerate(CHOICES)],
    )
    for item in tasks_of(task="path:things.yaml").items.values():
        context = item.requests[0][0]
        assert context.count(f"Q: {item.document['question']}") == 1
        assert context.count("Q: ") == 4
    folder(shown_jsonl=CHOICES[:1])
    with pytest.raises(UsageError, match="examples are asked for"):
        _ = tasks_of(task="path:things.yaml").items


def test_copies_of_a_document_are_one_observation_whatever_stands_before(folder):
    from seatrial.evaluation.repeats import clusters_of
    from seatrial_plugins.lm_eval import build_scorer

    shown = [{**one, "question": f"So: {one['question']}"} for one in CHOICES]
    folder(choices_jsonl=CHOICES * 5, shown_jsonl=shown)
    rows = build_scorer(task="path:things.yaml", num_fewshot=2).draw({}, (), 0)
    assert len({row.input_text for row in rows}) > 4
    assert len(set(clusters_of(rows).values())) == 4
    folder(things_yaml=CHOICE.replace('"Q: {{question}}\\nA:"', '""').replace('"About things.\\n\\n"', '""'))
    rows = build_scorer(task="path:things.yaml").draw({}, (), 0)  # options alone, as BLiMP asks
    assert len(set(clusters_of(rows).values())) == 4


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
