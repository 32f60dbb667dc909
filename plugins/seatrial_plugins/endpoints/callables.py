"""Callables: a function or an object of the user's own, such as a chain, put on trial as it is.

    model: {source: "python:support_bot:make"}

    # support_bot.py, on Python's path or in the folder that seatrial is started in
    def make():
        return ChatPromptTemplate.from_messages([("user", "{question}")]) | chat_model | StrOutputParser()

**This runs the code that the suite names**: the module when the suite is checked, the factory when the model is asked. No
address but `python:` runs any; `--no-plugin callables` forbids it. What that code does, `--offline` cannot hinder.

The factory takes no arguments and returns one of: a function from messages (dictionaries as OpenAI's chat API has them) to the
answer's text; a LangChain `Runnable` (a chain, a chat model, a compiled graph); an object with methods of
`seatrial.model.Generates`, `Scores` or `Classifies`. What it can do is told before the
factory is called: a class is its own factory, and of a function the class after `->` tells; one that says nothing generates.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from seatrial import LoaderComponent, hookimpl

if TYPE_CHECKING:
    from seatrial.model import Loader

__all__ = ["python"]


def python(*, concurrency: Annotated[int, Field(ge=1)] = 1) -> Loader:
    """A Python callable or a LangChain runnable; the suite's address names the code that is run.

    Args:
        concurrency: Calls at a time, each in a thread of its own; what is called must bear that where it is more than one.
    """
    from seatrial_plugins.endpoints.python_loader import PythonLoader

    return PythonLoader(concurrency)


@hookimpl
def seatrial_models() -> Iterable[LoaderComponent[Loader]]:
    """The loader of callables."""
    yield LoaderComponent(
        "python",
        python,
        "A function, object or LangChain runnable of your own, whose module is run: python:MODULE:FACTORY.",
        provides=frozenset({"generates", "scores", "classifies"}),
        schemes=frozenset({"python"}),
        runtime=frozenset({"concurrency"}),
        libraries=("langchain-core",),
    )
