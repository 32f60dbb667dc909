"""What of a server's JSON is an answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Generation
from seatrial.errors import StageError
from seatrial_plugins.endpoints.completion import generation_of

from .faults import said


def read(completion, stop=()):
    return generation_of(completion, stop, "http://host/v1/chat/completions")


def test_the_first_choice_is_the_answer():
    assert read(said("Paris")) == Generation("Paris", 3, finished=True)
    assert read(said("Par", finish_reason="length")) == Generation("Par", 3, finished=False)
    assert read(said("")).text == ""


@pytest.mark.parametrize(
    ("reason", "finished"),
    [("stop", True), ("eos_token", True), ("tool_calls", True), ("MAX_TOKENS", False), ("paused", None), (None, None)],
)
def test_only_the_limit_cuts_an_answer_off_and_a_server_may_tell_nothing(reason, finished):
    assert read(said("x", finish_reason=reason)).finished is finished


@pytest.mark.parametrize("answer", [said("x", finish_reason="error"), said("x") | {"error": {"message": "overloaded"}}])
def test_an_error_beside_an_answer_makes_it_none(answer):
    with pytest.raises(StageError, match="error"):
        read(answer)


def test_the_first_choice_is_the_one_that_the_server_numbers_so():
    other, first = said("other")["choices"][0] | {"index": 1}, said("first")["choices"][0] | {"index": 0}
    assert read({"choices": [other, first]}).text == "first"


def test_text_ends_before_the_first_stop_also_where_the_server_leaves_it():
    assert read(said("one\ntwo END", finish_reason="length"), ["END", "\n"]) == Generation("one", 3, finished=True)
    assert read(said("one"), ["", "x"]).text == "one"


def message(**fields):
    return {"choices": [{"message": fields, "finish_reason": "stop"}]}


def test_parts_calls_and_refusals_are_answers_too():
    assert read(message(content=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])).text == "ab"
    calls = [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]
    assert json.loads(read(message(content=None, tool_calls=calls)).text) == calls
    assert read(message(content=None, refusal="I can't.")).text == "I can't."
    assert read(message(content=None)).text == ""
    assert read(message(content="answer", reasoning_content="hm")).text == "answer"


@pytest.mark.parametrize(
    "usage", [None, {}, {"completion_tokens": None}, {"completion_tokens": True}, {"completion_tokens": -1}, [3]]
)
def test_tokens_that_the_server_does_not_tell_are_missing_not_zero(usage):
    assert read({**said("x"), "usage": usage}).tokens is None


def test_half_a_character_does_not_reach_a_table():
    assert read(said("a\ud83d")).text == "a?"


@pytest.mark.parametrize(
    "completion",
    [{}, {"choices": []}, {"choices": None}, {"choices": ["x"]}, {"choices": [{}]}, {"choices": [{"message": "x"}]}, message(),
     message(content=3), message(content=[{"type": "image_url"}]), {"error": {"message": "overloaded"}}],
)  # fmt: skip
def test_what_is_no_answer_is_an_error_with_its_place_and_words(completion):
    with pytest.raises(StageError, match="http://host/v1/chat/completions: answered"):
        read(completion)


@pytest.mark.parametrize("reason", ["content_filter", "CONTENT_FILTER", "SAFETY"])
def test_a_withheld_answer_is_an_error_and_so_is_what_was_said_of_it(reason):
    with pytest.raises(StageError, match="content filter"):
        read(said("The first", finish_reason=reason))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "usage", "completion_tokens", "finish_reason", "tool_calls", "text"]
            ),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["choices", "usage", "model", "error"]), json_values))
def test_any_json_is_a_generation_or_an_error_for_the_user(completion):
    try:
        answer = read(completion, ["x"])
    except StageError:
        return
    assert isinstance(answer.text, str)
    answer.text.encode()
