"""Agreement with the Berkeley Function Calling Leaderboard's own checker, call by call.

    pip install --no-deps --target FOLDER bfcl_eval
    python tests/bench/tool_calls.py FOLDER

FOLDER holds the package with its data. Each item of simple, multiple, parallel, parallel multiple (their `live` sets too) and
irrelevance is answered as its ground truth says, and in many wrong and nearly right ways, seeded; both checkers judge the same
text. Prints how often they agree, and what they differ on. The package's dependencies are not needed: its table of models is
stood in for, by an entry that says that names keep their dots.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import random
import sys
import types
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from seatrial_plugins.tools.call_check import disagreement
from seatrial_plugins.tools.written_calls import written_calls

SETS = (
    "simple_python",
    "multiple",
    "parallel",
    "parallel_multiple",
    "live_simple",
    "live_multiple",
    "live_parallel",
    "live_parallel_multiple",
)
Call = tuple[str, dict[str, Any]]


def reference(folder: Path) -> tuple[Any, Any, Any]:
    """Their checker, their reading of calls, and the mark of Python."""
    sys.path.insert(0, str(folder))
    models = types.ModuleType("bfcl_eval.constants.model_config")
    models.MODEL_CONFIG_MAPPING = {"any": SimpleNamespace(underscore_to_dot=False)}  # type: ignore[attr-defined]
    sys.modules["bfcl_eval.constants.model_config"] = models
    for name in ("java_type_converter", "js_type_converter"):
        module = types.ModuleType(f"bfcl_eval.eval_checker.ast_eval.type_convertor.{name}")
        setattr(module, name, None)
        sys.modules[module.__name__] = module
    from bfcl_eval.constants.enums import Language
    from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker

    # Of the module that reads answers, which imports much that is not installed, the four functions that read Python.
    source = (folder / "bfcl_eval/model_handler/utils.py").read_text("utf-8")
    wanted = {"resolve_ast_call", "resolve_ast_by_type"}
    tree = ast.parse(source)
    tree.body = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name in wanted]
    inside: dict[str, Any] = {"ast": ast}
    exec(compile(tree, "utils.py", "exec"), inside)

    def read(text: str) -> list[dict[str, Any]]:
        said = text.strip("`\n ")
        said = said if said.startswith("[") else f"[{said}"
        said = said if said.endswith("]") else f"{said}]"
        body = ast.parse(said.strip().strip("'"), mode="eval").body
        assert all(isinstance(one, ast.Call) for one in body.elts)
        return [inside["resolve_ast_call"](one) for one in body.elts]

    return ast_checker, read, Language.PYTHON


def right_calls(truth: list[dict[str, dict[str, list[Any]]]], draw: random.Random) -> list[Call]:
    """Calls that agree with the truth: of each argument one of its values."""
    calls = []
    for one in truth:
        ((name, arguments),) = one.items()
        given = {}
        for argument, values in arguments.items():
            value = draw.choice(values or [None])
            if value == "":
                if draw.random() < 0.5:
                    continue
                value = next((other for other in values if other != ""), "")
            given[argument] = unfolded(value)
        calls.append((name, given))
    return calls


def unfolded(value: Any) -> Any:
    """A value as a model writes it: of the objects in the truth, one value a key."""
    if isinstance(value, dict):
        return {key: unfolded(inner[0]) if isinstance(inner, list) and inner else inner for key, inner in value.items()}
    if isinstance(value, list):
        return [unfolded(one) for one in value]
    return value


def other(value: Any, draw: random.Random) -> Any:
    """Something near the value."""
    if isinstance(value, bool):
        return draw.choice([not value, int(value), str(value)])
    if isinstance(value, int):
        return draw.choice([value + 1, float(value), str(value), [value], True])
    if isinstance(value, float):
        return draw.choice([int(value), value + 0.5, str(value)])
    if isinstance(value, str):
        return draw.choice(
            [value.upper(), f"{value}, ", value.replace(" ", "_"), f"{value}x", "", 7, [value], value[:-1]]
        )
    if isinstance(value, list):
        return draw.choice(
            [value[:-1], value[::-1], tuple(value), [*value, *value[:1]], [str(one) for one in value], {}]
        )
    if isinstance(value, dict):
        less = dict(list(value.items())[1:])
        return draw.choice([less, {**value, "other": 1}, [value], {key: str(one) for key, one in value.items()}])
    return draw.choice([None, "None"])


def mutants(calls: list[Call], draw: random.Random) -> Iterator[list[Call]]:
    """Answers that differ from the right one."""
    yield calls
    yield calls[::-1]
    yield calls[:-1]
    yield [*calls, *calls[:1]]
    yield [(f"{name}_x", given) for name, given in calls]
    yield [(name.replace(".", "_"), given) for name, given in calls]
    yield [(name, {**given, "unheard_of": 1}) for name, given in calls]
    for _ in range(8):
        changed = copy.deepcopy(calls)
        _, given = draw.choice(changed)
        if not given:
            continue
        argument = draw.choice(list(given))
        if draw.random() < 0.25:
            del given[argument]
        else:
            given[argument] = other(given[argument], draw)
        yield changed


def written(calls: list[Call]) -> str:
    said = [f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})" for name, given in calls]
    return f"[{', '.join(said)}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    check, read, python = reference(folder)
    data = folder / "bfcl_eval/data"
    total: Counter[str] = Counter()
    for name in SETS:
        draw = random.Random(name)
        items = [json.loads(line) for line in (data / f"BFCL_v4_{name}.json").read_text("utf-8").splitlines()]
        told = (data / f"possible_answer/BFCL_v4_{name}.json").read_text("utf-8").splitlines()
        truths = {one["id"]: one["ground_truth"] for one in map(json.loads, told)}
        count: Counter[str] = Counter()
        for item in items:
            truth, functions = truths[item["id"]], item["function"]
            tools = [{"type": "function", "function": one} for one in functions]
            names = [one["name"] for one in functions]
            for place, calls in enumerate(mutants(right_calls(truth, draw), draw)):
                text = written(calls)
                try:
                    theirs = check(functions, read(text), truth, python, name, "any")["valid"]
                except Exception as error:  # theirs ends where it meets what it does not foresee
                    theirs = None
                    count[f"theirs raised {type(error).__name__}"] += 1
                said = written_calls(text, names)
                ours = disagreement(said, truth, tools)
                count["answers"] += 1
                count["right"] += not ours
                count["first right"] += place == 0 and not ours
                if theirs is not None:
                    count["judged by both"] += 1
                    count["agree"] += theirs == (not ours)
                    if theirs != (not ours) and count["shown"] < 5:
                        count["shown"] += 1
                        print(f"  {item['id']}: theirs {theirs}, ours {ours or 'right'}: {text[:300]} | {truth}"[:700])
        print(f"{name}: {len(items)} items, {dict(count)}")
        total += count
    draw = random.Random(1)
    items = [json.loads(line) for line in (data / "BFCL_v4_irrelevance.json").read_text("utf-8").splitlines()]
    agree = 0
    for item in items:
        function = item["function"][0]
        made = f"[{function['name']}(a=1)]"
        for text in ("I cannot help with that.", "", "No function fits: (none).", made, "[]"):
            try:
                theirs = len(read(text)) == 0
            except Exception:
                theirs = True
            said = written_calls(text, [function["name"]])
            agree += theirs == (not disagreement(said, [], []))
            total["irrelevance"] += 1
    print(f"irrelevance: {len(items)} items, {agree} of {total['irrelevance']} answers agree")
    print(f"all: {total['agree']:,} of {total['judged by both']:,} agree; {total['right']:,} were right")


if __name__ == "__main__":
    main()
