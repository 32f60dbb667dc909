"""Messages of errors."""

from __future__ import annotations

import pytest

from seatrial.errors import did_you_mean


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("trian", ["test", "train"], " (did you mean 'train'?)"),
        ("TRAIN", ["Train", "test"], " (did you mean 'Train'?)"),
        ("zebra", ["test", "train"], ""),
        ("", ["test"], ""),
        ("train", [], ""),
    ],
)
def test_the_nearest_name_is_offered_as_it_is_spelled(name, known, said):
    assert did_you_mean(name, known) == said
