"""What reports show: blocks, and files of a report's own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from seatrial.blocks import Block
from seatrial.blocks.codec import checked
from seatrial.errors import ContractError, StoreError
from seatrial.runs.contracts.series import each, said

__all__ = ["blocks", "files"]


def blocks(answers: object, who: str) -> list[Block]:
    """What a component has to show to reviewers.

    Raises:
        ContractError: it is no series of blocks, or one of them is not what its kind promises; which, is said.
    """
    if not isinstance(answers, Iterable) or isinstance(answers, str):
        raise ContractError(f"{who} gave {said(answers)} where it must give a series of blocks (`seatrial.blocks`)")
    given: list[Block] = []
    for number, block in enumerate(answers, start=1):
        try:
            given.append(checked(block))
        except StoreError as error:
            raise ContractError(f"{who} gave blocks of which number {number} cannot be shown: {error}") from None
    return given


def files(answers: object, folder: Path, who: str) -> list[Path]:
    """The files that a report wrote into a folder.

    Raises:
        ContractError: they are no series of paths, or one of them is not there.
    """
    paths = list(each(answers, Path, who))
    for path in paths:
        if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            raise ContractError(f"{who} named the file {path.name}, which it did not write into the report's folder")
    return paths
