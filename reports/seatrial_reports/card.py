"""README.md: the model card of what a run trained, as the Hugging Face Hub reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import yaml

from seatrial.evaluation.scores import Score
from seatrial.evaluation.summary import DATA
from seatrial.runs.result import Result
from seatrial.runs.store import atomic_file
from seatrial_reports.facts import entries, mapping, sequence, text
from seatrial_reports.headline import subject
from seatrial_reports.markdown_scores import decision_lines, is_paired, score_columns, score_rows
from seatrial_reports.markdown_text import Column, cell, sentence, table
from seatrial_reports.view import View, build_view

__all__ = ["CardOptions", "ModelCard"]

_HUB = re.compile(r"hf:(?P<name>[\w.-]+/[\w.-]+)(?:@[\w./-]+)?")

_OF_HUB = {
    "accuracy": "accuracy",
    "f1": "f1",
    "exact_match": "exact_match",
    "bleu": "bleu",
    "rougeL": "rouge",
    "chrf": "chrf",
}
"""Our metric → the Hub's type of it, where they are the same."""

_CLASSIFIER = "classifier"


@dataclass(frozen=True, slots=True)
class CardOptions:
    """What nobody but its owner knows of a model."""

    name: str | None
    license: str | None
    language: tuple[str, ...]


class ModelCard:
    """Writes README.md, beside a model's files or in a report's folder."""

    def __init__(self, options: CardOptions) -> None:
        self._options = options

    def write(self, result: Result, folder: Path) -> Sequence[Path]:
        """The card; what is in the folder says whether it is one of an adapter or of a whole model."""
        path, view = folder / "README.md", build_view(result)
        about = _About(result, view, self._options, folder)
        front = yaml.safe_dump(about.metadata(), sort_keys=False, allow_unicode=True, width=1 << 16)
        with atomic_file(path) as part:
            part.write_text(f"---\n{front}---\n\n" + "\n".join(about.lines()).rstrip() + "\n", encoding="utf-8")
        return [path]


_PROCESSORS = ("processor_config.json", "preprocessor_config.json")
"""What a model has that reads images."""


def _place(said: str) -> str:
    """An address as others may read it: of a path, which tells of the machine and its users, the last part."""
    scheme, colon, rest = said.partition(":")
    if (scheme == "path" and colon) or said.startswith(("/", "~", "./", "../")):
        return PurePath(rest if colon and scheme == "path" else said).name
    return said


def _has_template(folder: Path) -> bool:
    said = folder / "tokenizer_config.json"
    named = said.is_file() and '"chat_template"' in said.read_text(encoding="utf-8")
    return named or (folder / "chat_template.jinja").is_file()


class _About:
    """One model, and the run that it comes from."""

    def __init__(self, result: Result, view: View, options: CardOptions, folder: Path) -> None:
        self._result = result
        self._view = view
        self._options = options
        self._model = mapping(result.suite, "model")
        self._train = mapping(result.suite, "train")
        self._facts = result.facts("train")
        self._adapter = (folder / "adapter_config.json").is_file()
        self._whole = (folder / "config.json").is_file()
        self._lacks_template = (folder / "tokenizer.json").is_file() and not _has_template(folder)
        self._product = text(self._facts, "product") or ("adapter" if self._model.get("adapter") else "")
        self._sees = any((folder / name).is_file() for name in _PROCESSORS)
        self._subject = subject(result)
        self._seeds = [one.instance.removeprefix("seed=") for one in result.records if one.base == "train"]

    # ---- what the Hub reads ---------------------------------------------------------------------------------------

    def metadata(self) -> dict[str, object]:
        """The front matter: what is not known is left out."""
        method, base = text(self._train, "method"), _HUB.fullmatch(text(self._model, "source"))
        adapter = self._adapter or (self._product == "adapter" and not self._whole)
        shown = self._sees or bool(self._result.facts("read").get("pictures"))
        written = "image-text-to-text" if shown else "text-generation"
        task = "text-classification" if self._product == _CLASSIFIER else written
        # In a report's folder there are no files that tell what the model can do beside what it was shown.
        tag_known = self._adapter or self._whole or task != "text-generation"
        trained = bool(self._product) or self._adapter or self._whole
        of_hub = (_HUB.fullmatch(text(file, "source")) for _, file in self._sources())
        datasets = list(dict.fromkeys(found["name"] for found in of_hub if found))
        results = self._results(task)
        types = list(dict.fromkeys(str(one["type"]) for result in results for one in result["metrics"]))
        types = [one for one in types if one in _OF_HUB.values()]
        found: dict[str, object] = {
            "license": self._options.license,
            "language": list(self._options.language),
            "base_model": base["name"] if base else None,
            "base_model_relation": ("adapter" if adapter else "finetune") if base and trained else None,
            "library_name": ("peft" if adapter else "transformers") if trained else None,
            "pipeline_tag": task if tag_known else None,
            "datasets": datasets,
            "metrics": types,
            "tags": [*dict.fromkeys(one for one in ("seatrial", method) if one)],
            "model-index": [{"name": self._name, "results": results}] if results else None,
        }
        return {key: value for key, value in found.items() if value not in (None, [], "")}

    @property
    def _name(self) -> str:
        return self._options.name or text(self._result.suite, "name") or "model"

    def _sources(self) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Each source of rows by the set that it is of."""
        data = mapping(self._result.suite, "data")
        named = {name: mapping(data, name) for name in ("train", "validation", "test")}
        tests = mapping(data, "tests")
        yield from ((name, file) for name, file in named.items() if file)
        yield from ((name, mapping(tests, name)) for name in tests)

    def _results(self, task: str) -> list[dict[str, Any]]:
        """The scores of the system on trial, evaluation set by set; those of other rows, or of none, stand in the table alone."""
        elsewhere = {one.alias for one in self._result.components if one.own_rows}
        on = {text(one, "as"): text(one, "on") for one in self._scorers() if text(one, "as") not in elsewhere}
        sets: dict[str, list[dict[str, object]]] = {}
        for score in self._result.scores:
            if score.system != self._subject or score.system == DATA or score.value is None:
                continue
            alias, _, metric = score.metric.partition("/")
            if alias not in on:
                continue
            interval = score.interval
            held = f", two-sided 95% interval {interval.low:.4g} to {interval.high:.4g}" if interval else ""
            entry = {
                "type": _OF_HUB.get(metric, metric),
                "value": score.value,
                "name": f"{score.metric} (n = {score.n:,}{held}{self._mean(score)})",
            }
            sets.setdefault(on[alias] or "test", []).append(entry)
        sources, found = dict(self._sources()), []
        for name, metrics in sets.items():
            file = sources.get(name) or sources.get("train") or {}
            known = _HUB.fullmatch(text(file, "source"))
            kind = known["name"] if known else "not-published"
            dataset = {"name": f"{name} rows of {self._name}", "type": kind, "split": name}
            found.append({"task": {"type": task}, "dataset": dataset, "metrics": metrics})
        return found

    def _mean(self, score: Score) -> str:
        """Of how many trainings the value is one."""
        if score.system != self._subject or (score.seeds or 1) < 2:
            return ""
        of_them = f", of which this is one (seed {self._seeds[0]})" if len(self._seeds) == 1 else ""
        return f", mean over {score.seeds} trainings{of_them}"

    def _scorers(self) -> Iterator[Mapping[str, object]]:
        for entry in entries(self._result.suite, "score"):
            for name in entry:
                yield {"as": name, **mapping(entry, name)}

    # ---- what people read -----------------------------------------------------------------------------------------

    def lines(self) -> Iterator[str]:
        """The card."""
        top = self._view.headline
        yield f"# {cell(self._name)}"
        yield ""
        yield f"**{top.sign} {top.word}.** {top.meaning} {sentence(top.reason)}"
        if top.description:
            yield from ("", sentence(top.description))
        yield from self._use()
        yield from decision_lines(self._view)
        yield from self._scores()
        yield from self._limits()
        yield from self._data()
        yield from self._training()
        yield from ("", "## Where it comes from", "", *self._origin())

    def _use(self) -> Iterator[str]:
        source = _place(text(self._model, "source"))
        base = _HUB.fullmatch(source)
        name = base["name"] if base else "BASE"
        yield from ("", "## Use", "")
        if not base:
            yield f"Its base is {cell(source)}" + (", to be named in place of BASE." if self._adapter else ".")
        said = {
            True: "This folder holds the adapter alone, for PEFT.",
            False: "This folder holds the whole model"
            + (", the adapter merged into its weights." if self._merged else "."),
        }
        if self._adapter or self._whole:
            yield from (said[self._adapter], "", "```python", *self._code(name), "```")
        if system := text(self._model, "system"):
            yield from (
                "",
                f"It was trained and scored with this system turn before every conversation: {cell(system)}",
            )
        if self._model.get("chat") is False or self._lacks_template:
            yield from ("", "It was trained and scored without a chat template: turns are lines of text.")

    @property
    def _merged(self) -> bool:
        return self._product == "adapter"

    def _code(self, base: str) -> Iterator[str]:
        classifies = self._product == _CLASSIFIER
        auto = "AutoModelForSequenceClassification" if classifies else "AutoModelForCausalLM"
        if self._sees and not classifies:
            auto, reads = "AutoModelForImageTextToText", "AutoProcessor"
        else:
            reads = "AutoTokenizer"
        yield f"from transformers import {auto}, {reads}"
        yield from ([] if not self._adapter else ["from peft import PeftModel"])
        yield ""
        yield f'{reads.removeprefix("Auto").lower()} = {reads}.from_pretrained("FOLDER")'
        if self._adapter:
            yield f'model = PeftModel.from_pretrained({auto}.from_pretrained("{base}"), "FOLDER")'
        else:
            yield f'model = {auto}.from_pretrained("FOLDER")'

    def _scores(self) -> Iterator[str]:
        if self._view.measured:
            yield from ("", "## Scores", "")
            yield f"Of {self._subject}, and of its rivals on the same rows. The interval of a value is two-sided, 95%."
        for one in self._view.measured:
            if blocks := one.metrics():
                yield from ("", f"### {one.question}", "")
                yield from table(score_columns(blocks, self._subject), map(self._of_which, score_rows(blocks)))
                if is_paired(blocks):
                    yield from (
                        "",
                        f"How {self._subject} stands to a rival is told row by row, on one-sided 95% bounds.",
                    )

    def _of_which(self, row: Sequence[str]) -> Sequence[str]:
        """A row of the table of scores; where its value is no one training's, it says so."""
        found = (self._mean(score) for score in self._result.scores if (score.metric, score.system) == (*row[:2],))
        mean = next(found, "").removeprefix(", ")
        return [row[0], f"{row[1]} ({mean})", *row[2:]] if mean else row

    def _limits(self) -> Iterator[str]:
        yield from ("", "## Limits", "")
        yield from (f"- ⚠ {sentence(said)}" for said in self._view.headline.warnings)
        yield from (f"- Not measured: {sentence(said)}" for said in self._view.unmeasured)
        if self._options.license is None:
            yield "- The licence is not known to the run: those of the base and of the data hold."
        if not self._options.language:
            yield "- Which languages it is for was not said."

    def _data(self) -> Iterator[str]:
        data = self._view.data
        yield from ("", "## Data", "")
        yield f"{data.read or 0:,} records were read, {data.dropped:,} dropped, {data.kept or 0:,} kept."
        if data.composition.splits:
            yield "Split: " + ", ".join(f"{name} {n:,}" for name, n in data.composition.splits) + "."
        yield ""
        yield from table(
            (Column("File"), Column("Source"), Column("Records", "right"), Column("SHA-256")),
            (
                (_place(text(file, "file")), _place(text(file, "source")), text(file, "records"), text(file, "sha256"))
                for file in entries(self._result.facts("read"), "files")
            ),
        )
        if data.loud:
            yield from ("", *table((Column("Filter"), Column("Rule"), Column("What became of it")), (
                (block.filter, rule.rule, rule.done) for block in data.loud for rule in block.rules
            )))  # fmt: skip

    def _training(self) -> Iterator[str]:
        course = self._view.course
        if course is None:
            return
        yield from ("", "## Training", "", f"Method: {cell(course.method)}.", "")
        yield from table(
            (Column("Setting"), Column("Value")), ((name, _place(value)) for name, value in course.settings)
        )
        yield from ("", *table((Column("What"), Column("Figure", "right")), course.figures))
        yield from (f"- {which} loss: {first} at first, {last} at last" for which, first, last in course.losses)
        if course.proof:
            yield from ("", sentence(course.proof))

    def _origin(self) -> Iterator[str]:
        manifest, model = self._result.manifest, mapping(self._result.manifest, "model")
        facts = [
            ("Run", self._result.folder.name),
            ("Started", text(manifest, "started")),
            ("seatrial", text(manifest, "seatrial")),
            ("Base", _place(text(model, "address"))),
            ("SHA-256 of the base's weights", text(model, "sha256")),
            ("Date in its prompts", text(model, "chat_template_date")),
            ("SHA-256 of what was trained", self._view.course.product if self._view.course else ""),
            ("Seed", self._seeds[0] if len(self._seeds) == 1 and self._seeds[0] else ""),
            ("Seeds of the run", ", ".join(map(str, sequence(self._result.suite, "seeds"))) or text(manifest, "seed")),
            ("Machine", self._view.provenance.machine),
            ("SHA-256 of the suite", text(manifest, "suite_sha256")),
        ]
        yield from table((Column("Of"), Column("Value")), [(name, value) for name, value in facts if value])
        packages = self._view.provenance.packages
        yield from ("", f"Packages: {', '.join(cell(f'{name} {version}') for name, version in packages)}.")
