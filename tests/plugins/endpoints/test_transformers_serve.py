"""An endpoint that is no one's imitation: `transformers serve` answers for the tiny model."""

import pytest

from seatrial import Turn
from seatrial.errors import StageError
from seatrial_plugins import endpoints

pytestmark = pytest.mark.slow

PROMPTS = [
    (Turn("user", "hello"),),
    (Turn("system", "Be brief."), Turn("user", "What is the time?")),
    (Turn("user", "one"), Turn("assistant", "two"), Turn("user", "three")),
]


@pytest.fixture
def opened(tiny_server):
    loader = endpoints.openai(retries=1, timeout=60)
    with loader.open(loader.resolve(tiny_server.address, None, None)) as model:
        yield model


def test_it_answers_as_the_same_weights_do_in_memory(opened, tiny_model):
    """The server's end of turn differs: it counts the token that ends it."""
    here = tiny_model.generate(PROMPTS, max_new_tokens=24)
    there = opened.generate(PROMPTS, max_new_tokens=24)
    assert [answer.text for answer in there] == [answer.text for answer in here]
    assert [answer.finished for answer in there] == [answer.finished for answer in here]
    assert all(answer.tokens - other.tokens in {0, 1} for answer, other in zip(there, here, strict=True))
    assert opened.facts["served"]


def test_a_stop_ends_the_text(opened, tiny_model):
    (whole,) = tiny_model.generate(PROMPTS[:1], max_new_tokens=24)
    stop = whole.text[6:8]
    (cut,) = opened.generate(PROMPTS[:1], max_new_tokens=24, stop=[stop])
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finished


def test_another_models_name_is_the_servers_own_refusal(tiny_server):
    loader = endpoints.openai(retries=1)
    target = loader.resolve(tiny_server.address + "-other", None, None)
    with (
        loader.open(target) as model,
        pytest.raises(StageError, match=r"400 .*pinned to 'tiny'; requested 'tiny-other'"),
    ):
        model.generate(PROMPTS, max_new_tokens=4)


def test_a_server_killed_and_started_again_is_an_error_of_what_was_asked_between(mortal_server):
    loader = endpoints.openai(retries=0)
    with loader.open(loader.resolve(mortal_server.address, None, None)) as model:
        before = model.generate(PROMPTS[:1], max_new_tokens=8)
        mortal_server.kill()
        with pytest.raises(StageError, match=r"/v1/chat/completions: (cannot be reached|broke off)"):
            model.generate(PROMPTS[1:2], max_new_tokens=8)
        mortal_server.start()
        assert model.generate(PROMPTS[:1], max_new_tokens=8) == before
        assert model.generate(PROMPTS[1:2], max_new_tokens=8)
