"""What each version of each rule finds in fixed rows: a rule that finds something else has another version.

`rows/FILTER.yaml` holds cases, each with a filter's options and rows; `found.json` what every version of every rule found
in them, as digests of findings without their `detail`. Where a rule finds something else on purpose, raise its version;
then, or where there are new cases, this records them, and never replaces what is recorded of a case and a version (so rows that
show something new stand in a case of their own):

    python tests/plugins/rule_versions/test_rule_versions.py
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
import yaml

from seatrial import Finding, Row, Turn
from seatrial.data.filters import HoldsValidation, SplitFindings
from seatrial.plugin.host import Host
from seatrial.rows import Choice, Image, Label, Text
from seatrial.rows.format_error import RULES as READ_RULES
from seatrial.rows.format_error import FormatError
from seatrial.rows.formats import parse
from seatrial.rows.table import RowList
from seatrial_plugins.cleaning.language import Language

HERE = Path(__file__).parent
FOUND = HERE / "found.json"
READ = "read"
"""Stands for reading itself, whose rules say why a record is no row."""


class Words:
    """Counts words as tokens, and refuses a conversation without a user, as strict chat templates do."""

    def count_tokens(self, conversations, tools=()):
        for turns in conversations:
            if turns and all(turn.role != "user" for turn in turns):
                raise ValueError("no user")
        return [sum(1 + len(turn.content.split()) for turn in turns) for turns in conversations]

    def tokenize(self, texts):
        return [[zlib.crc32(word.encode()) >> 1 for word in text.split()] for text in texts]

    def token_spans(self, texts):
        return [[match.span() for match in re.finditer(r"\S+", text)] for text in texts]


class Letters:
    """Texts as the counts of their letters: alike where they are spelled alike."""

    dimensions = 26

    def encode(self, texts):
        counts = np.array([[text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], dtype=np.float32)
        return counts.reshape(-1, 26) / np.maximum(np.linalg.norm(counts.reshape(-1, 26), axis=1, keepdims=True), 1e-9)


class Told:
    """A detector that is told: `insult 0.7 threat 0.2`."""

    weak = False

    def detect(self, texts):
        said = [text.split() for text in texts]
        return [dict(zip(words[::2], map(float, words[1::2]), strict=True)) for words in said]


def by_first_word(texts):
    """A language identifier that is told: `de 0.7 …` is German with 0.7, and English otherwise."""
    said = [text.split()[:2] for text in texts]
    return [{words[0]: float(words[1]), "en": 1 - float(words[1])} for words in said]


def language(**options):
    """The filter over an identifier of ours: the libraries' models have versions of their own."""
    return Language(first=by_first_word, second=None, known={"de", "en"}, known_to_second=(), **options)


FAKES = {"tokenizer": Words, "encoder": Letters, "detector": Told}
BUILT = {"language": language}
"""Filters that are built in another way than their components say."""
FOUND_ELSEWHERE = {
    "read/undecodable",  # by the readers
    "leakage/semantic",  # with an encoder that knows words
    "toxicity/unread",  # by a detector that cannot read a text
    "privacy/name",  # with a spaCy model
    "privacy/identifier",  # by presidio's recognisers for a country
}
"""Rules that find nothing in these rows, since it takes something that is not here."""
COMPONENTS = {name: provided.component for name, provided in Host.load().components("filters").items()}
COVERED = sorted(path.stem for path in (HERE / "rows").glob("*.yaml"))


def cases(name):
    return {case["case"]: case for case in yaml.safe_load_all((HERE / f"rows/{name}.yaml").read_text("utf-8"))}


def rows(given):
    return [row(name, said) for name, said in given.items()]


def row(name, said):
    """A row of its `turns: [{user: …}, {assistant: …, extra: {…}}]` and other fields; a text alone is one turn."""
    said = {"turns": [{"user": said}]} if isinstance(said, str) else said
    turns = tuple(turn_of(dict(turn)) for turn in said["turns"])
    fields = {key: said[key] for key in ("split", "slice", "group") if key in said}
    expected = (
        Choice(tuple(said["choices"])) if "choices" in said else Label(said["label"]) if "label" in said else None
    )
    return Row(name, turns, said.get("format", "chat"), "s", "f", 1, expected, **fields)


def turn_of(said):
    extra = said.pop("extra", None)
    ((role, content),) = said.items()
    if isinstance(content, list):  # pictures by name, and words
        return Turn(role, [picture(part) if part.endswith(".png") else Text(part) for part in content])
    if extra is None:
        return Turn(role, content)
    return parse({"messages": [{"role": role, "content": content, **extra}]}).turns[0]


def picture(name):
    return Image(hashlib.sha256(name.encode()).hexdigest(), "image/png", 8, 8)


def findings_of(case, component):
    uses = {option: FAKES[use.kind]() for option, use in component.uses.items() if use.kind in FAKES}
    built = BUILT.get(component.name, component.build)(**uses, **case.get("options", {}))
    if component.place == "rows":
        return built.inspect(rows(case["rows"]))
    if component.place == "corpus":
        corpus = rows(case["rows"])
        return built.group(built.signatures(corpus), {one.id: one for one in corpus}.__getitem__).findings
    train, held_out = rows(case["train"]), rows(case["held_out"])
    found = [*SplitFindings.of(built.compare(RowList(train), RowList(held_out))).findings]
    validation = [row for row in held_out if row.split == "validation"]
    if validation and isinstance(built, HoldsValidation):
        others = RowList([row for row in held_out if row.split != "validation"])
        found += SplitFindings.of(built.of_validation().compare(RowList(validation), others)).findings
    return found


def refusals(case):
    """What reading refuses, as findings."""
    for name, record in case["records"].items():
        try:
            parse(record)
        except FormatError as error:
            yield Finding(name, error.rule)


def digest(finding):
    """Of all that a version stands for. Three digits of a score: libraries differ in the last ones."""
    score = None if finding.score is None else f"{finding.score:.3g}"
    spans = sorted((span.turn, span.start, span.end, span.replacement or "") for span in finding.spans)
    said = json.dumps([score, spans, finding.matched_row, finding.matched_text])
    return hashlib.blake2b(said.encode(), digest_size=4).hexdigest()


def rules_of(name):
    return READ_RULES if name == READ else COMPONENTS[name].rules


def found_now(name):
    """Rule → case → row → digest of what the rule finds in it."""
    found = {rule.name: {case: {} for case in cases(name)} for rule in rules_of(name)}
    for label, case in cases(name).items():
        for finding in refusals(case) if name == READ else findings_of(case, COMPONENTS[name]):
            here = found[finding.rule][label]
            here[finding.row] = "+".join(sorted([*here.get(finding.row, "").split("+"), digest(finding)])).strip("+")
    return found


def recorded():
    return json.loads(FOUND.read_text("utf-8")) if FOUND.exists() else {}


@pytest.mark.parametrize("name", COVERED)
def test_a_rule_that_finds_something_else_has_another_version(name):
    record = recorded().get(name, {})
    now = found_now(name)
    for rule in rules_of(name):
        before = record.get(rule.name, {}).get(rule.version, {})
        for case, found in now[rule.name].items():
            what = f"{name}/{rule.name}, version {rule.version}, case {case!r}"
            assert case in before, f"{what} is not recorded: run {Path(__file__).name}"
            changed = sorted(row for row in {*found, *before[case]} if found.get(row) != before[case].get(row))
            assert not changed, (
                f"{what} finds something else than it did, in {', '.join(changed)}: raise the version of its `Rule(…)`, and "
                f"run {Path(__file__).name} to record what it finds from now on"
            )


@pytest.mark.parametrize("name", COVERED)
def test_every_rule_finds_something(name):
    for rule, found in found_now(name).items():
        missing = f"no row of rows/{name}.yaml is one that {rule} finds"
        assert any(found.values()) is (f"{name}/{rule}" not in FOUND_ELSEWHERE), missing


def test_every_filter_with_rules_has_rows():
    assert {*COVERED} == {READ, *(name for name, component in COMPONENTS.items() if component.rules)} - {"coverage"}


def record():
    """Adds what is not recorded yet."""
    known = recorded()
    for name in COVERED:
        now = found_now(name)
        for rule in rules_of(name):
            version = known.setdefault(name, {}).setdefault(rule.name, {}).setdefault(rule.version, {})
            for case, found in now[rule.name].items():
                version.setdefault(case, dict(sorted(found.items())))
    FOUND.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    record()
