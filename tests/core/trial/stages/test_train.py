"""The steps of a training that was killed are all there once, whatever was being written at that moment."""

import json

from seatrial.trial.stages.train import _Log


def step(number, loss, kind="loss"):
    return {"step": number, "steps": 4, kind: loss}


def test_the_later_of_two_equal_steps_counts_and_a_line_cut_short_costs_no_other(tmp_path):
    path = tmp_path / "log.jsonl"
    said = []
    log = _Log(path, lambda *progress: said.append(progress))
    for values in (step(1, 4.0), step(2, 3.0), step(2, 3.5, "validation_loss")):
        log(values)
    with path.open("a") as stream:
        stream.write(json.dumps(step(3, 2.0))[:15])
    resumed = _Log(path, lambda *progress: said.append(progress))
    for values in (step(2, 2.9), step(3, 2.1)):
        resumed(values)
    assert resumed.steps() == [step(1, 4.0), step(2, 2.9), step(2, 3.5, "validation_loss"), step(3, 2.1)]
    assert said[-1] == (3, 4, {"loss": 2.1})
