"""What components hand over is read from the run, alarms first of all."""

import pytest

from seatrial.blocks import Text
from seatrial.errors import StoreError
from seatrial_reports.handed import alarms, every_block, filter_blocks
from seatrial_reports.view import build_view

ALARM = {"block": "text", "title": "t", "paragraphs": ["look", "here"], "alarming": True}


def test_every_alarm_is_a_warning_whoever_raises_it(run, record):
    result = run(
        records=[record("clean", filters=[{"filter": "f", "blocks": [ALARM]}])],
        blocks={"s": [Text("t", ["safe"]), Text("t", ["beware"], alarming=True)]},
        added={"p": [Text("t", ["mind the gap"], alarming=True)]},
    )
    assert [who for who, _ in every_block(result)] == ["f", "s", "s", "p"]
    assert alarms(result) == ["f: look here", "s: beware", "p: mind the gap"]
    assert set(alarms(result)) <= set(build_view(result).headline.warnings)


def test_a_block_that_is_damaged_names_its_filter():
    with pytest.raises(StoreError, match=r"filter f: block 2 \(Text\)\.paragraphs\[0\]: 3"):
        filter_blocks({"filter": "f", "blocks": [ALARM, ALARM | {"paragraphs": [3]}]})
