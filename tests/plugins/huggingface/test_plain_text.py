"""Plain text: cut into tokens as lm-eval cuts it, and likelihoods that are the network's own."""

import pytest
import torch

from seatrial.errors import StageError
from seatrial_plugins.huggingface import random
from seatrial_plugins.huggingface.plain_text import PlainText


@pytest.fixture(scope="module")
def model(tiny_target):
    with random(device="cpu", dtype="float32").open(tiny_target) as opened:
        yield opened


def by_hand(model, head, rest):
    with torch.inference_mode():
        logits = model.network(input_ids=torch.tensor([[*head, *rest]])).logits[0].log_softmax(-1)
    rows = range(len(head) - 1, len(head) + len(rest) - 1)
    return sum(float(logits[row, token]) for row, token in zip(rows, rest, strict=True))


def test_white_space_at_the_end_goes_to_the_option(model):
    plain = PlainText(model.chat.tokenizer)
    assert plain.behind("Answer: ", ["yes"]) == plain.behind("Answer:", [" yes"])
    [(head, rests)] = plain.behind("Answer:", [" yes", " no"]).items()
    assert (*head, *rests[0]) == plain.ids("Answer: yes")


def test_continuations_are_the_networks_own(model):
    plain = PlainText(model.chat.tokenizer)
    options = [[" yes", " no indeed"], ["alone", "not alone"]]
    found = model.continuations(["Is it so?", ""], options)
    for text, listed, given in zip(["Is it so?", ""], options, found, strict=True):
        for head, rests in plain.behind(text, listed).items():
            for place, rest in rests.items():
                assert given[place].logprob == pytest.approx(by_hand(model, head, rest), abs=1e-4)
                assert given[place].tokens == len(rest)
                assert given[place].greedy is not None


def test_greedy_is_what_the_model_writes(model):
    [said] = model.complete(["Is it so?"], max_new_tokens=1)
    if said.text.strip():
        [[found]] = model.continuations(["Is it so?"], [[said.text]])
        assert found.greedy or found.tokens > 1


def test_a_long_text_is_scored_in_windows_each_token_once(model):
    plain = PlainText(model.chat.tokenizer)
    text = "one two three four five six seven eight nine ten"
    windows = plain.windows(text, 4)
    assert sum((rest for _, rest in windows), ()) == plain.ids(text)
    assert all(len(head) + len(rest) == 5 for head, rest in windows)
    [whole] = model.whole_texts([text])
    [(head, rest)] = plain.windows(text, model.context)
    assert whole.logprob == pytest.approx(by_hand(model, head, rest), abs=1e-3)


def test_an_option_that_adds_nothing_is_refused(model):
    with pytest.raises(StageError, match="adds no token"):
        model.continuations(["Is it so?"], [[""]])
