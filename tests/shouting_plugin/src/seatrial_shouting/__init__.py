"""A real third-party plugin: a filter, a wrapper round every stage, watchers, and a block of the report."""

import json
import os
from dataclasses import replace
from pathlib import Path

from seatrial import FilterComponent, Finding, Rule, Text, hookimpl


class Shouting:
    def __init__(self, share: float) -> None:
        self.share = share

    def inspect(self, rows):
        for row in rows:
            letters = [character for character in row.input_text if character.isalpha()]
            loud = sum(character.isupper() for character in letters) / len(letters) if letters else 0.0
            if loud >= self.share:
                yield Finding(row.id, "capitals", detail=f"{loud:.0%} of the letters are capitals", score=loud)


def shouting(*, share: float = 0.9) -> Shouting:
    """Drops rows whose input is mostly capitals.

    Args:
        share: The share of capitals among the letters from which a row is dropped.
    """
    return Shouting(share)


@hookimpl
def seatrial_filters():
    rule = Rule("capitals", "Nearly all letters of what the model reads are capitals.")
    yield FilterComponent("shouting", shouting, "Drops rows in capitals.", rules=(rule,))


@hookimpl(wrapper=True)
def seatrial_run_stage(stage, given):
    artifact = yield
    _note("wrapped", stage.name)
    return replace(artifact, facts={**artifact.facts, "wrapped_by": "shouting"})


@hookimpl
def seatrial_run_started(plan):
    _note("started", plan.suite)


@hookimpl
def seatrial_step_logged(step):
    if step.done == step.total:
        _note("step", step.stage)


@hookimpl
def seatrial_stage_finished(record):
    _note("finished", record.stage, record.resumed)


@hookimpl
def seatrial_run_finished(result):
    _note("verdict", result.verdict.state)


@hookimpl
def seatrial_report_blocks(result):
    return [Text("Shouting", [f"{len(result.records)} stages were heard."])]


def _note(*words) -> None:
    """Append to the file that a test names, so that it can see what was called in which order."""
    if path := os.environ.get("SHOUTING_NOTES"):
        with Path(path).open("a") as stream:
            stream.write(json.dumps(words) + "\n")
