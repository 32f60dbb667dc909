"""What every mapping of a suite file has in common."""

import pytest
from pydantic import ValidationError

from seatrial.suite.benchmark_keys import BenchmarkKeys
from seatrial.suite.keys import DataFileKeys


@pytest.mark.parametrize("keys", [DataFileKeys, BenchmarkKeys])
def test_a_column_that_no_layout_has_is_refused_with_the_nearest(keys):
    with pytest.raises(ValidationError, match=r"'txet' is no key of a layout \(did you mean 'text'\?\)"):
        keys(source="path:rows.jsonl", columns={"label": "desk", "txet": "body"})
    assert keys(source="path:rows.jsonl", columns={"text": "body", "C": "opc"}).columns == {"text": "body", "C": "opc"}
