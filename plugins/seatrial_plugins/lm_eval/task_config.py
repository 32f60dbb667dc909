"""A task as its file describes it: every key checked, none passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from seatrial.errors import UsageError, did_you_mean
from seatrial_plugins.lm_eval.task_yaml import Function, Keys

__all__ = ["GROUP_KEYS", "MetricEntry", "OutputType", "TaskConfig", "refuse_unknown"]

OutputType = Literal["multiple_choice", "loglikelihood", "loglikelihood_rolling", "generate_until"]

_PLAIN = frozenset(
    (
        *("task", "task_alias", "tag", "task_list", "metadata", "dataset_path", "dataset_name", "dataset_kwargs"),
        *("training_split", "validation_split", "test_split", "fewshot_split", "process_docs", "doc_to_text"),
        *("doc_to_target", "doc_to_choice", "process_results", "description", "target_delimiter", "fewshot_delimiter"),
        *("fewshot_config", "num_fewshot", "metric_list", "output_type", "generation_kwargs", "repeats", "filter_list"),
        *("should_decontaminate", "doc_to_decontamination_query", "gen_prefix"),
    )
)
_REFUSED: Mapping[str, str] = {
    "doc_to_image": "images are no part of what is asked here",
    "doc_to_audio": "sound is no part of what is asked here",
    "unsafe_code": "what the model writes would be run",
    "custom_dataset": "the rows would come out of code; write them to a file, and name it under `rows`",
    "use_prompt": "the prompt stands in the package promptsource; write it into the task file",
    "class": "the task is a Python class, which only lm-eval can run",
}
"""Keys that lm-eval has and that cannot be followed; false or empty they say nothing."""

GROUP_KEYS = frozenset({"group", "group_alias", "task", "aggregate_metric_list", "metadata", "tag"})

_FEWSHOT = frozenset(
    (
        *("sampler", "split", "process_docs", "samples", "doc_to_text", "doc_to_choice", "doc_to_target"),
        *("gen_prefix", "fewshot_delimiter", "target_delimiter"),
    )
)
_GENERATION = frozenset(
    {"until", "max_gen_toks", "do_sample", "temperature", "max_new_tokens", "max_tokens", "top_p", "top_k", "num_beams"}
)


_IS: Mapping[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(("metric_list", "filter_list"), ((list,), "a list of mappings")),
    **dict.fromkeys(("generation_kwargs", "dataset_kwargs", "fewshot_config"), ((Mapping,), "a mapping")),
    **dict.fromkeys(("process_docs", "process_results"), ((Function,), "`!function FILE.NAME`")),
    **dict.fromkeys(("num_fewshot", "repeats"), ((int,), "a whole number")),
    **dict.fromkeys(("training_split", "validation_split", "test_split", "fewshot_split"), ((str,), "a split's name")),
    **dict.fromkeys(("target_delimiter", "fewshot_delimiter", "dataset_path"), ((str,), "text")),
    **dict.fromkeys(("description", "gen_prefix"), ((str, Function), "text")),
}
"""What a key's value is, where code would stumble over another one."""


@dataclass(frozen=True, slots=True)
class MetricEntry:
    """One entry of `metric_list`."""

    metric: str
    aggregation: str | None = None
    higher_is_better: bool | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskConfig:
    """What a task file says, with lm-eval's defaults where it says nothing."""

    keys: Keys
    name: str
    output_type: OutputType
    fewshot: Mapping[str, Any]
    metrics: tuple[MetricEntry, ...]
    """Empty where the output type's own are computed."""
    filters: tuple[tuple[str, tuple[Mapping[str, Any], ...]], ...]
    generation: Mapping[str, Any]

    def get(self, key: str, default: Any = None) -> Any:
        """A key's value."""
        value = self.keys.values.get(key)
        return default if value is None else value

    @property
    def delimiter(self) -> str:
        """What stands between a question and its answer."""
        return str(self.keys.values.get("target_delimiter", " "))

    @property
    def splits(self) -> dict[str, str]:
        """`test_split`, … → the split's name, of those that the task names."""
        named = ("training_split", "validation_split", "test_split", "fewshot_split")
        return {name: str(self.get(name)) for name in named if self.get(name) is not None}

    @property
    def functions(self) -> tuple[Function, ...]:
        """Every `!function` of the file."""
        return tuple(_functions(self.keys.values))

    @classmethod
    def of(cls, keys: Keys) -> TaskConfig:
        """The task of a file's keys.

        Raises:
            UsageError: a key is unknown, or has a value that cannot be followed; named with file and line.
        """
        refuse_unknown(keys, _PLAIN | _REFUSED.keys() | {"group"}, "lm-eval's tasks")
        values = keys.values
        for key, why in _REFUSED.items():
            if values.get(key):
                raise UsageError(f"{keys.place(key)}: {key}: {why}")
        _refuse_ill_typed(keys)
        name, kind = values.get("task"), values.get("output_type", "generate_until")
        if not isinstance(name, str) or not name:
            raise UsageError(f"{keys.path}: `task` names no task")
        if kind not in get_args(OutputType):
            raise UsageError(
                f"{keys.place('output_type')}: output_type is {kind!r}; there are: {', '.join(get_args(OutputType))}"
            )
        fewshot = values.get("fewshot_config") or {}
        _refuse_in(keys, "fewshot_config", fewshot, _FEWSHOT)
        if kind == "multiple_choice" and values.get("doc_to_choice") is None:
            raise UsageError(
                f"{keys.place('output_type')}: multiple_choice without doc_to_choice: there is nothing to choose from"
            )
        return cls(
            keys, name, kind, dict(fewshot), _metrics(keys), _filters(keys), _generation(keys) if kind == "generate_until" else {}
        )  # fmt: skip


def refuse_unknown(keys: Keys, known: frozenset[str] | set[str], of: str) -> None:
    """Refuse the first key that is none of `known`."""
    for key in keys.values:
        if key not in known:
            raise UsageError(f"{keys.place(key)}: {of} have no key {key!r}{did_you_mean(key, sorted(known))}")


def _refuse_ill_typed(keys: Keys) -> None:
    fewshot = keys.values.get("fewshot_config")
    inside = dict(fewshot) if isinstance(fewshot, Mapping) else {}
    said = [(key, key, value) for key, value in keys.values.items() if key in _IS]
    said += [("fewshot_config", key, value) for key, value in inside.items() if key in _IS]
    for at, key, value in said:
        kinds, what = _IS[key]
        number = kinds == (int,) and (
            isinstance(value, bool) or (isinstance(value, int) and value < (key == "repeats"))
        )
        if value is not None and (not isinstance(value, kinds) or number):
            raise UsageError(f"{keys.place(at)}: {key} is {value!r:.80}; write {what}")
    samples = inside.get("samples")
    listed = isinstance(samples, list) and all(isinstance(one, Mapping) for one in samples)
    if samples is not None and not listed and not isinstance(samples, Function):
        raise UsageError(f"{keys.place('fewshot_config')}: samples is {samples!r:.80}; write a list of documents")


def _refuse_in(keys: Keys, inside: str, given: Mapping[str, Any], known: frozenset[str]) -> None:
    for key in given:
        if key not in known:
            hint = did_you_mean(str(key), sorted(known))
            raise UsageError(f"{keys.place(inside)}: {inside} has a key {key!r} that is not followed{hint}")


def _metrics(keys: Keys) -> tuple[MetricEntry, ...]:
    found = []
    for entry in keys.values.get("metric_list") or ():
        if not isinstance(entry, Mapping) or "metric" not in entry:
            raise UsageError(f"{keys.place('metric_list')}: an entry names no `metric`: {entry!r:.80}")
        metric, aggregation = entry["metric"], entry.get("aggregation")
        for what, said in (("metric", metric), ("aggregation", aggregation)):
            if isinstance(said, Function):
                raise UsageError(
                    f"{said.place}: the {what} is a function of the task's own, which is not followed; lm-eval's own metrics are"
                )
        rest = {key: entry[key] for key in entry if key not in {"metric", "aggregation", "higher_is_better"}}
        found.append(MetricEntry(str(metric), aggregation, entry.get("higher_is_better"), rest))
    return tuple(found)


def _filters(keys: Keys) -> tuple[tuple[str, tuple[Mapping[str, Any], ...]], ...]:
    given = keys.values.get("filter_list")
    if given is None:
        return (("none", ({"function": "take_first"},)),)
    found: list[tuple[str, tuple[Mapping[str, Any], ...]]] = []
    for entry in given:
        steps = entry.get("filter") if isinstance(entry, Mapping) and "name" in entry else None
        if not isinstance(steps, list) or not steps or not all(isinstance(step, Mapping) for step in steps):
            raise UsageError(
                f"{keys.place('filter_list')}: an entry is {entry!r:.80}; write `name` and `filter`, a list of mappings"
            )
        if str(entry["name"]) in {name for name, _ in found}:
            raise UsageError(f"{keys.place('filter_list')}: two filters are called {entry['name']!r}")
        found.append((str(entry["name"]), tuple(dict(step) for step in steps)))
    return tuple(found)


def _generation(keys: Keys) -> dict[str, Any]:
    """How an answer is written: `until`, `max_gen_toks`."""
    given = dict(keys.values.get("generation_kwargs") or {})
    place = keys.place("generation_kwargs")
    _refuse_in(keys, "generation_kwargs", given, _GENERATION)
    for key in ("temperature", "max_gen_toks", "max_new_tokens", "max_tokens"):
        if key in given and (isinstance(given[key], bool) or not isinstance(given[key], int | float)):
            raise UsageError(f"{place}: {key} is {given[key]!r:.60}; write a number")
    draws = given.get("do_sample")
    # As lm-eval has it, a temperature above 0 draws by chance where do_sample is not said.
    if draws is not False and given.get("temperature", 1.0 if draws else 0.0) > 0:
        raise UsageError(
            f"{place}: {'do_sample' if draws else 'a temperature above 0'}: answers would be drawn by chance; here they are decoded "
            "greedily (`do_sample: false`)"
        )
    if given.get("num_beams", 1) != 1:
        raise UsageError(
            f"{place}: num_beams is {given['num_beams']}; here answers are decoded greedily, without beams"
        )
    if not isinstance(given.get("until"), str | list | None):
        raise UsageError(f"{place}: until is {given['until']!r:.60}; write a text or a list of them")
    until = given.get("until", keys.values.get("fewshot_delimiter", "\n\n"))
    most = next((given[key] for key in ("max_gen_toks", "max_new_tokens", "max_tokens") if key in given), 256)
    stop = [until] if isinstance(until, str) else list(until or ())
    return {"until": tuple(dict.fromkeys(str(one) for one in stop if one)), "max_gen_toks": int(most)}


def _functions(value: Any) -> list[Function]:
    if isinstance(value, Function):
        return [value]
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [found for one in inside for found in _functions(one)]
