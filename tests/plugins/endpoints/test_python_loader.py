"""Callables of the user's own: found, held to what they promise, and blamed by module and line."""

import os
import sys
from itertools import count
from textwrap import dedent

import pytest

from seatrial import Continuation, Generates, Generation, Row, Scores, Turn
from seatrial.errors import SourceError, StageError
from seatrial.model import Classifies, LocalWeights
from seatrial.rows import Label
from seatrial_plugins.endpoints.callables import python

_NUMBERS = count()


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a module into the current folder and gives the loader, and the address of a factory in it."""
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)

    def writing(code, factory="make", name=None):
        name = name or f"users_module_{next(_NUMBERS)}"
        (tmp_path / f"{name}.py").write_text(dedent(code))
        return python(), f"python:{name}:{factory}"

    yield writing
    for name in set(sys.modules) - before:
        if name.startswith("users_module_"):
            del sys.modules[name]


def resolve(loader, address):
    return loader.resolve(address, None, None)


def ask(model, *texts, **options):
    prompts = [(Turn("user", text),) for text in texts]
    return [answer.text for answer in model.generate(prompts, **{"max_new_tokens": 5, **options})]


SHOUT = """
    def make():
        return lambda messages: messages[-1]["content"].upper()
"""


def test_a_function_answers_and_only_that(write):
    path = list(sys.path)
    loader, address = write(SHOUT)
    target = resolve(loader, address)
    assert loader.provides(target, None) == {"generates"}
    assert loader.provides(target, "adapter") == frozenset()
    with loader.open(target) as model:
        assert ask(model, "hi", "ho") == ["HI", "HO"]
        assert ask(model, "ab", stop=["B"]) == ["A"]
        assert model.generate([(Turn("user", "x"),)], max_new_tokens=1) == [Generation("X", None, finished=None)]
        assert isinstance(model, Generates)
        assert not isinstance(model, Scores | Classifies)
        assert model.facts["sha256"] == target.digest
    assert sys.path == path


def test_it_gets_messages_as_the_chat_api_has_them(write):
    loader, address = write("def make():\n    return repr\n")
    with loader.open(resolve(loader, address)) as model:
        prompt = (Turn("system", "Be brief."), Turn("user", "hi"))
        (answer,) = model.generate([prompt], max_new_tokens=1)
        assert answer.text == "[{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'hi'}]"


ROWS = [
    Row(
        f"row-{n}",
        (Turn("user", f"question {n}"), Turn("assistant", f"secret {n}")),
        "text-label",
        "path:rows.csv",
        "rows.csv",
        n,
        Label(f"secret {n}"),
        slice="secret",
        group="secret",
    )
    for n in (1, 2)
]

CAPABLE = """
    from seatrial import Continuation, Generation

    class Model:
        def generate(self, prompts, *, max_new_tokens, stop=()):
            return [Generation("yes", 1, finished=True) for _ in prompts]

        def loglikelihoods(self, prompts, options):
            return [[Continuation(-float(len(option)), 1) for option in offered] for offered in options]

        def classify(self, rows):
            return ["a" for _ in rows]

    def make() -> Model:
        return Model()

    def hidden():
        return Model()

    class Called:
        def __call__(self, messages):
            return "called"
"""


@pytest.mark.parametrize("factory", ["make", "Model"])
def test_an_object_has_the_capabilities_of_its_class(write, factory):
    loader, address = write(CAPABLE, factory)
    target = resolve(loader, address)
    assert loader.provides(target, None) == {"generates", "scores", "classifies"}
    with loader.open(target) as model:
        assert isinstance(model, Generates)
        assert isinstance(model, Scores)
        assert isinstance(model, Classifies)
        assert ask(model, "q") == ["yes"]
        assert model.loglikelihoods([()], [["a", "bb"]]) == [[Continuation(-1.0, 1), Continuation(-2.0, 1)]]
        assert model.classify(ROWS) == ["a", "a"]


ECHO = """
    class Echo:
        def classify(self, rows):
            return [str(row) for row in rows]
"""


def test_what_classifies_is_not_told_what_is_expected_or_where_it_stands(write):
    loader, address = write(ECHO, "Echo")
    with loader.open(resolve(loader, address)) as model:
        said = model.classify(ROWS)
    assert ["question 1" in one for one in said] == [True, False]
    for told in ("secret", "rows.csv", "line=1", "id='row"):
        assert not any(told in one for one in said)


def test_a_factory_that_names_no_class_promises_to_write_only(write):
    loader, address = write(CAPABLE, "hidden")
    target = resolve(loader, address)
    assert loader.provides(target, None) == {"generates"}
    with loader.open(target) as model:
        assert ask(model, "q") == ["yes"]
        assert not isinstance(model, Scores)


def test_an_object_that_can_be_called_writes(write):
    loader, address = write(CAPABLE, "Called")
    target = resolve(loader, address)
    assert loader.provides(target, None) == {"generates"}
    with loader.open(target) as model:
        assert ask(model, "q") == ["called"]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("python:module", "python:package.module:factory"),
        ("python::make", "python:package.module:factory"),
        ("python:../evil:make", "python:package.module:factory"),
        ("python:a:b:c", "python:package.module:factory"),
        ("python:no_such_module_here:make", "no module 'no_such_module_here'"),
        ("python:json.no_such_part:make", "no module 'json.no_such_part'"),
        ("python:json:no_such_name", "json .* has no 'no_such_name'"),
        ("python:json:__doc__", "__doc__ is a str"),
        ("python:sys:no_such_name", "built in"),
        ("python:json:loads", r"loads is called without arguments .*def factory\(\): return loads"),
    ],
)
def test_what_names_no_factory_is_refused_when_it_is_resolved(address, told):
    with pytest.raises(SourceError, match=told) as error:
        resolve(python(), address)
    assert str(error.value).startswith(address)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("x = 1\nraise ValueError('no desk')\n", r"users_module_\d+:2: ValueError: no desk"),
        ("import no_such_library\n", r"users_module_\d+:1: ModuleNotFoundError: .*no_such_library"),
        ("import sys\n\nsys.exit(0)\n", r"users_module_\d+:3: SystemExit"),
        ("def make(:\n", r"users_module_\d+:1: SyntaxError"),
        ("import json\njson.loads('{')\n", r"users_module_\d+:2: JSONDecodeError"),
    ],
)
def test_a_module_that_fails_is_told_by_its_line(write, code, told):
    loader, address = write(code)
    with pytest.raises(SourceError, match=told):
        resolve(loader, address)


def test_a_factory_that_makes_nothing_of_use_is_told(write):
    loader, address = write("def make() -> None: ...\n")
    with pytest.raises(SourceError, match="what make returns"):
        resolve(loader, address)
    loader, address = write("def make():\n    return 3\n")
    with pytest.raises(SourceError, match=r"made a int, .*generates"), loader.open(resolve(loader, address)):
        pass
    loader, address = write("def make():\n    return {}['desk']\n")
    target = resolve(loader, address)
    with pytest.raises(SourceError, match=r":2: KeyError: 'desk'"), loader.open(target):
        pass


FAILS = """
    import json

    asked = []

    def answer(messages):
        text = messages[-1]["content"]
        asked.append(text)
        if text == "exit":
            raise SystemExit(0)
        if text == "deep":
            return json.loads(text)
        if text == "none":
            return None
        return text

    def make():
        return answer
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [("exit", ":10: SystemExit: 0"), ("deep", ":12: JSONDecodeError"), ("none", "returned a NoneType, not text")],
)
def test_a_function_that_fails_is_an_error_of_its_row_and_the_others_are_asked_once(write, text, told):
    loader, address = write(FAILS)
    target = resolve(loader, address)
    with loader.open(target) as model:
        with pytest.raises(StageError, match=rf"users_module_\d+.*{told}"):
            ask(model, "a", text, "b")
        assert ask(model, "a") == ["a"]
        with pytest.raises(StageError, match=told):
            ask(model, text)
        assert ask(model, "b") == ["b"]
        assert sys.modules[target.module].asked == ["a", text, "b"]


def test_ctrl_c_is_nobodys_fault(write):
    loader, address = write(
        "def make():\n    def answer(messages):\n        raise KeyboardInterrupt\n    return answer\n"
    )
    with loader.open(resolve(loader, address)) as model, pytest.raises(KeyboardInterrupt):
        ask(model, "a")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            "return [1 for _ in prompts]",
            r"generate\(\) was asked for 2 and returned a list of 2, not a list with a Generation",
        ),
        ("return []", r"generate\(\) was asked for 2 and returned a list of 0"),
        ("return None", r"generate\(\) was asked for 2 and returned a NoneType"),
        ("raise KeyError(prompts[0][0].content)", r":4: KeyError: 'a'"),
    ],
)
def test_methods_are_held_to_what_they_were_asked(write, body, told):
    loader, address = write(
        f"class Model:\n    def generate(self, prompts, *, max_new_tokens, stop=()):\n        x = 1\n        {body}\n",
        "Model",
    )
    with loader.open(resolve(loader, address)) as model, pytest.raises(StageError, match=told):
        ask(model, "a", "b")


def test_options_without_a_likelihood_are_told(write):
    loader, address = write(
        "class Model:\n    def loglikelihoods(self, prompts, options):\n        return [[] for _ in prompts]\n", "Model"
    )
    with (
        loader.open(resolve(loader, address)) as model,
        pytest.raises(StageError, match="asked for 2 and returned a list of 0, not a Continuation for each option"),
    ):
        model.loglikelihoods([()], [["a", "b"]])


def test_what_a_module_beside_it_says_is_in_its_digest_and_a_change_is_run(write, tmp_path):
    helper = tmp_path / f"users_helper_{next(_NUMBERS)}.py"
    helper.write_text("WORD = 'one'\n")
    loader, address = write(
        f"def make():\n    from {helper.stem} import WORD\n    return lambda messages: WORD\n",
        name=f"users_{next(_NUMBERS)}",
    )
    first = resolve(loader, address)
    with loader.open(first) as model:
        assert ask(model, "hi") == ["one"]
    changed = helper.stat()
    helper.write_text("WORD = 'two'\n")
    os.utime(helper, ns=(changed.st_atime_ns, changed.st_mtime_ns + 10**9))
    second = resolve(loader, address)
    assert second.digest != first.digest
    with loader.open(second) as model:
        assert ask(model, "hi") == ["two"]
    assert "--fresh asks anew" in str(second.facts["not_known"])


def test_what_the_module_says_is_in_its_digest_and_a_change_is_run(write):
    loader, address = write(SHOUT, name=(name := f"users_module_{next(_NUMBERS)}"))
    first = resolve(loader, address)
    assert resolve(loader, address).digest == first.digest
    write(SHOUT.replace("upper", "title"), name=name)
    with pytest.raises(SourceError, match="has changed since this run began"), loader.open(first):
        pass
    second = resolve(loader, address)
    assert second.digest != first.digest
    with loader.open(second) as model:
        assert ask(model, "hi") == ["Hi"]


def test_a_module_of_the_current_folder_hides_no_installed_one(write):
    loader, _ = write("raise RuntimeError\n", name="colorsys")
    with pytest.raises(SourceError, match=r"colorsys \(.*python.*colorsys.py\) has no 'make'"):
        resolve(loader, "python:colorsys:make")


def test_it_takes_no_product_has_no_tokenizer_and_trains_nothing(write, tmp_path):
    from seatrial.model import Product

    loader, address = write(SHOUT)
    target = resolve(loader, address)
    for refused in (
        lambda: loader.tokenizer(target),
        lambda: loader.trainable(target),
        lambda: loader.open(LocalWeights(address, tmp_path, "0")).__enter__(),
    ):
        with pytest.raises(SourceError, match=address):
            refused()
    adapter = Product("adapter", tmp_path, "0")
    for refused in (lambda: loader.check_product(adapter), lambda: loader.open(target, adapter).__enter__()):
        with pytest.raises(SourceError, match=f"{tmp_path}: no adapter"):
            refused()
