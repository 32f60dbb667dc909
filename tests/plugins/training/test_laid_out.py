"""Passes of several trainings at once: every row in one of them, and none of them empty."""

from __future__ import annotations

import pytest

from seatrial_plugins.huggingface.runtime import Example
from seatrial_plugins.training.laid_out import lay_out, split_together


def rows(count, size=200):
    return [Example(str(place), (1,) * size, (size - 1,)) for place in range(count)]


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("tokens", [1600 * most for most in (1, 2, 3, 4, 7, 10, 13, 25, 50, 64, 100)])
def test_every_row_stands_in_one_pass_and_no_pass_is_empty(tokens, lines):
    batches = [rows(100) for _ in range(7)] + [rows(3)]
    passes = split_together(batches, tokens, lines=lines)
    for owner, batch in enumerate(batches):
        told = [example.row for parts in passes for example in parts[owner]]
        assert sorted(told) == sorted(example.row for example in batch)
    for parts in passes:
        assert any(parts)
        assert lay_out(parts, lines=lines).tokens <= (tokens if not lines else 1 << 30)
