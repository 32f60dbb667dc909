"""The tuned model in LangChain: what it says in a chain is what it said on trial, whole, in a batch, streamed and async."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

pytest.importorskip("langchain_core", reason="langchain-core is not installed; requirements.lock has it")

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool

import seatrial
from seatrial import Generation, Turn, UsageError
from seatrial_plugins.langchain import SeatrialChatModel
from seatrial_plugins.langchain.messages import turns_of

QUESTIONS = ["Where is my parcel?", "hello", "One more ünïcode question, please: 你好"]


@pytest.fixture
def chat(tiny_model):
    return SeatrialChatModel(model=tiny_model, max_new_tokens=24)


@pytest.fixture
def chain(chat):
    return (
        ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{question}")]) | chat | StrOutputParser()
    )


def asked(question):
    return (Turn("system", "Be brief."), Turn("user", question))


@pytest.fixture
def expected(tiny_model):
    """What the model says of itself, one question at a time."""
    return [tiny_model.generate([asked(one)], max_new_tokens=24)[0].text for one in QUESTIONS]


def test_a_chain_says_what_the_model_says_alone_in_a_batch_and_async(chain, expected):
    given = [{"question": one} for one in QUESTIONS]
    assert [chain.invoke(one) for one in given] == expected
    assert chain.batch(given) == expected
    assert asyncio.run(chain.abatch(given)) == expected
    assert len(set(expected)) == len(expected)


def test_tokens_stream_and_their_pieces_are_the_whole(chain, expected):
    for question, whole in zip(QUESTIONS, expected, strict=True):
        pieces = list(chain.stream({"question": question}))
        assert "".join(pieces) == whole
        assert len(pieces) > 3

    async def read():
        return [piece async for piece in chain.astream({"question": QUESTIONS[0]})]

    assert "".join(asyncio.run(read())) == expected[0]


def test_stop_is_honoured_whole_and_streamed(chain, expected):
    whole = expected[0]
    stop = whole[7:10]
    cut = whole[: whole.index(stop)]
    stopping = chain.first | chain.middle[0].bind(stop=[stop]) | chain.last
    assert stopping.invoke({"question": QUESTIONS[0]}) == cut
    assert "".join(stopping.stream({"question": QUESTIONS[0]})) == cut


def test_who_stops_reading_stops_the_decoding(chat, tiny_model):
    stream = chat.stream(QUESTIONS[0])
    assert next(stream).content
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "seatrial-stream"]
    assert tiny_model.generate([asked("hello")], max_new_tokens=4)


def test_a_call_by_who_reads_a_stream_is_refused_and_not_waited_for(chat):
    stream = chat.stream(QUESTIONS[0])
    next(stream)
    for call in (lambda: chat.invoke("x"), lambda: next(chat.stream("x"))):
        with pytest.raises(UsageError, match="half read"):
            call()
    assert "".join(piece.content for piece in stream)
    assert chat.invoke("x").content

    async def beside():
        stream = chat.astream(QUESTIONS[0])
        await anext(stream)
        other = asyncio.create_task(chat.ainvoke("x"))
        pieces = [piece.content async for piece in stream]
        return len(pieces), (await other).content

    pieces, said = asyncio.run(beside())
    assert pieces > 2
    assert said == chat.invoke("x").content


def test_what_is_no_length_is_refused_before_weights_are_read(chat, tmp_path):
    with pytest.raises(UsageError, match="0 tokens"):
        chat.invoke("hello", max_tokens=0)
    with pytest.raises(ValueError, match="max_new_tokens"):  # and not that there is no such run
        SeatrialChatModel.from_run(tmp_path / "nowhere", max_new_tokens=0)


def test_no_tools_are_offered_where_none_may_be_chosen(chat):
    bound = chat.bind_tools([], tool_choice="none")
    assert bound.kwargs == {"tools": [], "tool_choice": "none"}
    with pytest.raises(UsageError, match="cannot be forced"):
        chat.bind_tools([], tool_choice={"type": "function"})


def test_an_error_of_the_model_ends_the_stream(chat):
    with pytest.raises(seatrial.SeatrialError, match="context"):
        list(chat.bind(max_tokens=1 << 20).stream("hello"))


def test_it_counts_tokens_and_says_why_it_stopped(chat, tiny_model):
    message = chat.invoke([SystemMessage("Be brief."), HumanMessage("hello")])
    (said,) = tiny_model.generate([asked("hello")], max_new_tokens=24)
    assert message.usage_metadata["output_tokens"] == said.tokens
    assert message.response_metadata["finish_reason"] == ("stop" if said.finished else "length")
    count = tiny_model.count_tokens([asked("hello")])[0]
    assert chat.get_num_tokens_from_messages([SystemMessage("Be brief."), HumanMessage("hello")]) == count
    assert message.usage_metadata["input_tokens"] == count
    assert chat.get_num_tokens("hello") == len(tiny_model.tokenize(["hello"])[0])


@tool
def track(parcel: int) -> str:
    """Where a parcel is."""
    return f"parcel {parcel} is in Oslo"


class Caller:
    """A model that writes Hermes' calls, and once a tool has answered, what it said."""

    def __init__(self, text='<tool_call>\n{"name": "track", "arguments": {"parcel": 7}}\n</tool_call>'):
        self.text = text
        self.asked = []

    facts = {}  # noqa: RUF012

    def generate(self, prompts, *, max_new_tokens, stop=(), tools=()):
        self.asked.append((prompts[0], list(tools)))
        last = prompts[0][-1]
        return [Generation(last.content if last.role == "tool" else self.text, None, finished=True)]


def test_tools_go_to_the_template_and_calls_come_back(tiny_model):
    caller = Caller()
    bound = SeatrialChatModel(model=caller).bind_tools([track])
    message = bound.invoke("Where is parcel 7?")
    assert caller.asked[0][1][0][0]["function"]["name"] == "track"
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("track", {"parcel": 7})]
    assert message.content == ""
    streamed = None
    for chunk in bound.stream("Where is parcel 7?"):
        streamed = chunk if streamed is None else streamed + chunk
    assert streamed.tool_calls == message.tool_calls
    # The call and its answer go back as turns.
    call = message.tool_calls[0]
    turns = turns_of([HumanMessage("hi"), message, ToolMessage("in Oslo", tool_call_id=call["id"], name="track")])
    assert [turn.role for turn in turns] == ["user", "assistant", "tool"]
    assert (turns[1].calls[0].name, turns[1].calls[0].arguments) == ("track", {"parcel": 7})
    # A template that writes nothing of tools is refused when they are bound, and a call cannot be forced.
    with pytest.raises(UsageError, match="tools"):
        SeatrialChatModel(model=tiny_model).bind_tools([track])
    with pytest.raises(UsageError, match="tool_choice"):
        SeatrialChatModel(model=caller).bind_tools([track], tool_choice="track")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<tool_call>{"name": "fly", "arguments": {}}</tool_call>', "no tool is called 'fly'"),
        ('<tool_call>{"name": "track", "arguments": "seven"}</tool_call>', "arguments are no JSON object"),
        ('<tool_call>{"name": "track", </tool_call>', "no call that could be read"),
    ],
)
def test_a_call_that_cannot_be_made_is_an_invalid_one(text, said):
    message = SeatrialChatModel(model=Caller(text)).bind_tools([track]).invoke("Where?")
    assert message.tool_calls == []
    assert [said in call["error"] for call in message.invalid_tool_calls] == [True]


def test_without_tools_the_text_is_left_as_it_is():
    message = SeatrialChatModel(model=Caller()).invoke("Where?")
    assert message.content.startswith("<tool_call>")
    assert not message.tool_calls


@pytest.mark.parametrize(
    ("told", "said"), [({"temperature": 0.7}, "temperature is 0"), ({"top_p": 0.5}, "takes no top_p")]
)
def test_what_it_cannot_follow_is_refused(chat, told, said):
    with pytest.raises(UsageError, match=said):
        chat.invoke("hello", **told)
    assert isinstance(chat.invoke("hello", temperature=0), AIMessage)


def test_what_it_cannot_read_is_refused(chat):
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    with pytest.raises(UsageError, match="message 1 holds image_url"):
        chat.invoke([HumanMessage([{"type": "text", "text": "Look"}, image])])


def test_it_works_in_a_graph_with_tools():
    graphs = pytest.importorskip("langgraph.graph", reason="langgraph is not installed; requirements.lock has it")
    from langgraph.prebuilt import ToolNode, tools_condition

    bound = SeatrialChatModel(model=Caller()).bind_tools([track])
    graph = graphs.StateGraph(graphs.MessagesState)
    graph.add_node("model", lambda state: {"messages": [bound.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([track]))
    graph.add_edge(graphs.START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    said = graph.compile().invoke({"messages": [("user", "Where is parcel 7?")]})["messages"]
    assert [message.type for message in said] == ["human", "ai", "tool", "ai"]
    assert said[-1].content == "parcel 7 is in Oslo"


@pytest.mark.slow
def test_a_run_s_tuned_model_and_its_base_answer_in_a_chain(tmp_path, monkeypatch):
    monkeypatch.setenv("SEATRIAL_CACHE", str(tmp_path / "cache"))
    rows = [{"prompt": f"Where is parcel {number}?", "completion": "In Oslo."} for number in range(24)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    trial = seatrial.run(
        {
            "name": "parcels",
            "model": {"source": "package:seatrial_suites/tiny_llama", "loader": "random", "device": "cpu"},
            "data": {"train": {"source": f"path:{tmp_path / 'rows.jsonl'}"}, "split": {"test": 0.2, "validation": 0.2}},
            "train": {"method": "lora", "r": 4, "lr": 5.0e-3, "epochs": 2},
            "baselines": [],
            "fewshot": 0,
            "score": [{"generation": {"max_new_tokens": 16}}],
            "gates": [],
            "report": ["json"],
        },
        runs=tmp_path / "runs",
        progress=False,
    )
    samples = trial.samples("generation")
    test = {row["id"]: row for row in _test_rows(trial.folder)}
    for system in ("tuned", "base"):
        with SeatrialChatModel.from_run(trial.folder, system=system, max_new_tokens=16) as chat:
            own = samples[samples["system"] == system].iloc[0]
            said = (chat | StrOutputParser()).invoke(test[own["row"]]["prompt"])
        assert said.strip() == own["prediction"]
    with pytest.raises(UsageError, match="the seed 99"):
        SeatrialChatModel.from_run(trial.folder, seed=99)
    product = next((trial.folder / "products").rglob("*.safetensors"))
    product.write_bytes(product.read_bytes()[:-1] + b"x")
    with pytest.raises(seatrial.SeatrialError, match="not as it was written"):
        SeatrialChatModel.from_run(trial.folder)


def _test_rows(folder):
    from seatrial.rows.table import open_rows

    (table,) = (folder / "data").glob("test*.parquet")
    return [{"id": row.id, "prompt": row.prompt[-1].content} for row in open_rows(table)]
