"""LangChain runnables on trial: chains, chat models and graphs, each given what its schema asks for."""

import json
import sys
from textwrap import dedent

import pytest

pytest.importorskip("langchain_core", reason="langchain-core is not installed; requirements.lock has it")

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from seatrial import Turn
from seatrial.errors import SourceError, StageError
from seatrial_plugins.endpoints.callables import python
from seatrial_plugins.endpoints.runnable import ask_runnable, input_of

from .suites import only_run, transcripts, write_suite

CODE = """
    import threading
    import time

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.outputs import ChatGeneration, ChatResult
    from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
    from langchain_core.runnables import Runnable, RunnableLambda

    at_once, most = 0, 0


    class LastWord(BaseChatModel):
        tools: list = []

        @property
        def _llm_type(self):
            return "last word"

        def bind_tools(self, tools, **_):
            return LastWord(tools=tools)

        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            global at_once, most
            at_once += 1
            most = max(most, at_once)
            time.sleep(0.01)
            at_once -= 1
            word = messages[-1].content.split()[-1]
            if word == "word13":
                raise ConnectionError("the desk is closed")
            said = AIMessage(
                word,
                usage_metadata={"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
                response_metadata={"finish_reason": "length" if word == "long" else "stop"},
            )
            if self.tools:
                said = AIMessage("", tool_calls=[{"name": self.tools[0]["function"]["name"], "args": {"n": 1}, "id": "a"}])
            return ChatResult(generations=[ChatGeneration(message=said)])


    def model() -> LastWord:
        return LastWord()


    def chain() -> Runnable:
        return ChatPromptTemplate.from_messages([("user", "Again: {question}")]) | LastWord() | StrOutputParser()


    def dialogue():
        return ChatPromptTemplate.from_messages([("system", "Brief."), MessagesPlaceholder("turns")]) | LastWord()


    def by_hand():
        return RunnableLambda(lambda messages: messages[-1].content.upper())


    def graph():
        from langgraph.graph import START, MessagesState, StateGraph

        drawn = StateGraph(MessagesState)
        drawn.add_node("model", lambda state: {"messages": [LastWord().invoke(state["messages"])]})
        drawn.add_edge(START, "model")
        return drawn.compile()


    def of_two():
        return ChatPromptTemplate.from_messages([("system", "{style}"), ("user", "{question}")]) | LastWord()


    def numbers():
        return RunnableLambda(lambda messages: 7)
"""
MODULE = "users_chains"


@pytest.fixture
def open_factory(tmp_path, monkeypatch):
    """Opens what a factory of the module makes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{MODULE}.py").write_text(dedent(CODE))

    def opened(factory, **options):
        loader = python(**options)
        target = loader.resolve(f"python:{MODULE}:{factory}", None, None)
        assert loader.provides(target, None) == {"generates"}
        return loader.open(target)

    yield opened
    sys.modules.pop(MODULE, None)


def ask(model, *prompts, **options):
    return model.generate([tuple(Turn(*turn) for turn in prompt) for prompt in prompts], max_new_tokens=5, **options)


ONE = [("user", "Say word7")]
TALK = [("user", "Say one"), ("assistant", "one"), ("user", "Say two")]


@pytest.mark.parametrize(
    ("factory", "said"), [("model", "two"), ("dialogue", "two"), ("graph", "two"), ("by_hand", "SAY TWO")]
)
def test_a_conversation_goes_where_messages_are_taken(open_factory, factory, said):
    with open_factory(factory) as model:
        assert [answer.text for answer in ask(model, TALK)] == [said]


def test_a_template_with_one_variable_takes_a_question_and_no_conversation(open_factory):
    with open_factory("chain") as model:
        assert ask(model, ONE)[0].text == "word7"
        with pytest.raises(StageError, match=r"one text \('question'\).*3 turns.*MessagesPlaceholder"):
            ask(model, TALK)


def test_what_takes_two_variables_is_refused_when_it_is_opened(open_factory):
    with pytest.raises(SourceError, match=r"takes question, style"), open_factory("of_two"):
        pass


def test_a_message_tells_its_tokens_and_why_it_ended(open_factory):
    with open_factory("model") as model:
        whole, cut = ask(model, ONE, [("user", "be long")])
        assert (whole.tokens, whole.finished, cut.finished) == (2, True, False)
        assert ask(model, ONE, stop=["7"])[0].text == "word"


def test_a_row_s_tools_are_bound_and_calls_are_the_answer(open_factory):
    tools = [[{"type": "function", "function": {"name": "count", "parameters": {"type": "object", "properties": {}}}}]]
    with open_factory("model") as model:
        (call,) = json.loads(ask(model, ONE, tools=tools)[0].text)
        assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == ("count", {"n": 1})
    with open_factory("chain") as model, pytest.raises(StageError, match="binds none"):
        ask(model, ONE, tools=tools)


def test_what_it_raises_or_returns_wrongly_is_an_error_of_the_row(open_factory):
    with open_factory("model") as model, pytest.raises(StageError, match=f"{MODULE}:\\d+: ConnectionError: the desk"):
        ask(model, [("user", "Say word13")])
    with open_factory("numbers") as model, pytest.raises(StageError, match="returned a int"):
        ask(model, ONE)


def test_several_are_asked_at_a_time_and_come_back_in_order(open_factory):
    prompts = [[("user", f"Say word{number}")] for number in range(20, 40)]
    with open_factory("model", concurrency=4) as model:
        assert [answer.text for answer in ask(model, *prompts)] == [f"word{number}" for number in range(20, 40)]
    assert 1 < sys.modules[MODULE].most <= 4


@pytest.mark.slow
def test_a_chain_has_a_verdict_and_what_it_cannot_do_is_refused(seatrial, tmp_path):
    (tmp_path / f"{MODULE}.py").write_text(dedent(CODE))
    try:
        choosing = write_suite(tmp_path, f"python:{MODULE}:chain", score="choice: {on: qa}")
        code, said = seatrial("check", choosing)
        assert (code, "scores" in said) == (2, True), said
        suite = write_suite(tmp_path, f"python:{MODULE}:chain", options=", concurrency: 4")
        code, said = seatrial("run", suite)
        assert code == 3, said
        assert "1 of 20 rows were not answered" in said
        assert [row["error"] is None for row in transcripts(tmp_path)].count(False) == 1
        module = tmp_path / f"{MODULE}.py"
        module.write_text(module.read_text().replace('"word13"', '"never"'))
        for run in (tmp_path / "runs").iterdir():
            run.rename(tmp_path / "failed")
        code, said = seatrial("run", suite)
        assert (code, "PASS" in said) == (0, True), said
        assert json.loads((only_run(tmp_path) / "verdict.json").read_text())["state"] == "pass"
    finally:
        sys.modules.pop(MODULE, None)


# ---- what is a reply ----------------------------------------------------------------------------------------------


def replied(answer):
    from langchain_core.runnables import RunnableLambda

    runnable = RunnableLambda(lambda messages: answer)
    return ask_runnable(runnable, input_of(runnable, "x"), [{"role": "user", "content": "2+2? Say 4."}])


INVALID = {"name": "f", "args": "{bad", "id": "1", "error": "x"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"messages": [HumanMessage("2+2? Say 4.")]}, "HumanMessage"),
        ({"messages": [HumanMessage("q"), ToolMessage("4", tool_call_id="1")]}, "ToolMessage"),
        (AIMessage("", response_metadata={"finish_reason": "content_filter"}), "withheld"),
        (AIMessage("half", response_metadata={"stop_reason": "SAFETY"}), "withheld"),
        (AIMessage("half", response_metadata={"finish_reason": "error"}), "error"),
    ],
)
def test_what_is_no_reply_is_an_error_and_no_answer(answer, why):
    with pytest.raises(StageError, match=why):
        replied(answer)


def test_calls_that_cannot_be_read_and_refusals_are_answers_as_they_were_written():
    call = {"name": "g", "args": {"a": 1}, "id": "2"}
    told = json.loads(replied(AIMessage("", tool_calls=[call], invalid_tool_calls=[INVALID])).text)
    assert [one["function"]["arguments"] for one in told] == ['{"a": 1}', "{bad"]
    assert replied(AIMessage("", additional_kwargs={"refusal": "I can't."})).text == "I can't."
    assert replied(AIMessage([{"type": "refusal", "refusal": "No."}])).text == "No."
    assert replied(AIMessage("x", response_metadata={"done_reason": "length"})).finished is False
