"""LangChain: the model that a run has tuned, as a chat model of langchain-core.

    from seatrial_plugins.langchain import SeatrialChatModel

    with SeatrialChatModel.from_run("runs/20260411T101500-support") as model:
        chain = ChatPromptTemplate.from_messages([("user", "{question}")]) | model | StrOutputParser()
        chain.invoke({"question": "Where is my parcel?"})

The reverse, a chain on trial, is `model: {source: "python:MODULE:FACTORY"}`.
"""

from __future__ import annotations

from seatrial import UsageError

try:
    from seatrial_plugins.langchain.chat_model import SeatrialChatModel
except ModuleNotFoundError as missing:
    if not str(missing.name).startswith("langchain_core"):
        raise
    raise UsageError("langchain-core is not installed; pip install 'seatrial[langchain]'") from missing

__all__ = ["SeatrialChatModel"]
