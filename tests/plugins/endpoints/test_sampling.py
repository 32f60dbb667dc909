"""Several answers of an endpoint: a request with a seed of its own for each."""

import asyncio
import json

from seatrial import Turn
from seatrial_plugins.endpoints.chat_model import ChatModel, Request


class Loop:
    def run(self, asked):
        return asyncio.run(asked)


class Echo:
    """Answers with what it was asked at: temperature, top_p, seed."""

    url = "http://127.0.0.1:9/v1"

    async def complete(self, body):
        said = json.loads(body)
        told = [said.get(key) for key in ("temperature", "top_p", "seed")]
        return {"choices": [{"message": {"content": json.dumps(told)}, "finish_reason": "stop"}]}, 0.1, 1


def drawn(temperature, top_p=1.0, seed=0):
    model = ChatModel(Loop(), Echo(), Request("m", temperature, seed, "max_tokens"), {})
    prompts = [[Turn("user", "a")], [Turn("user", "b")]]
    how = {"answers": 2, "temperature": 0.7, "top_p": top_p, "seed": 5, "max_new_tokens": 4}
    return [[json.loads(one.text) for one in said] for said in model.sample(prompts, **how)]


def test_each_answer_has_its_seed_and_the_temperature_asked_for():
    assert drawn(0.0) == [[[0.7, None, 5], [0.7, None, 6]]] * 2
    assert drawn(0.0, top_p=0.9)[0][0] == [0.7, 0.9, 5]


def test_a_model_that_refuses_temperatures_is_told_none():
    assert drawn(None)[1] == [[None, None, 5], [None, None, 6]]


def test_a_server_that_refuses_seeds_is_told_none_and_each_answer_is_drawn_anew():
    assert drawn(0.0, seed=None)[0] == [[0.7, None, None]] * 2
    asked = []
    model = ChatModel(Loop(), Echo(), Request("m", 0.0, None, "max_tokens"), {})
    model._client.complete, answer = lambda body: (asked.append(body), answer(body))[1], model._client.complete
    how = {"answers": 3, "temperature": 0.7, "top_p": 1, "seed": 5, "max_new_tokens": 4}
    model.sample([[Turn("user", "a")], [Turn("user", "a")]], **how)
    assert len(asked) == 3
