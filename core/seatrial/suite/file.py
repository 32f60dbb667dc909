"""The suite file: what a trial consists of, read from YAML, checked against what is installed, complete.

What may stand in the file beside components' options is in `keys`, a component's options in `options`; the file is
held against the installed components in `check`, and what comes out is in `parts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from seatrial.errors import Problem, SuiteError, UsageError, did_you_mean
from seatrial.evaluation.scores import Metric
from seatrial.suite.catalogue import Catalogue
from seatrial.suite.check import check_suite
from seatrial.suite.complaints import shown, written
from seatrial.suite.keys import Split
from seatrial.suite.overrides import Places, apply_overrides
from seatrial.suite.parts import Chosen, Data, DataFile, ModelChoice, Suite
from seatrial.suite.secrets import refusal, secrets_in
from seatrial.suite.yaml_lines import MAX_BYTES, Document, YamlError, read_yaml
from seatrial.verdict.data_metrics import DATA_METRICS

if TYPE_CHECKING:
    from seatrial.plugin.host import Host

__all__ = [
    "Catalogue",
    "Chosen",
    "Data",
    "DataFile",
    "ModelChoice",
    "Split",
    "Suite",
    "find_suite",
    "json_schema",
    "load_suite",
    "suite_of_keys",
    "summarise_suite",
]


def load_suite(
    path: Path,
    catalogue: Catalogue,
    *,
    overrides: Sequence[str] = (),
    extra_metrics: Mapping[str, Metric] = DATA_METRICS,
    produced: Mapping[str, tuple[Metric, ...]] = MappingProxyType({}),
    only_data: bool = False,
) -> Suite:
    """Read a suite file and check it: no source is touched, nothing is built.

    Args:
        path: The file.
        catalogue: The installed components, such as a `seatrial.plugin.host.Host`.
        overrides: `key=value` arguments of `--set`, applied in order.
        extra_metrics: Full name → metrics that every run has, for gates.
        produced: Alias of a scorer → the metrics that it produced, of a finished run; other scorers are asked for theirs.
        only_data: For the data stages alone: the suite may name no model, and hold out no row to be scored.

    Raises:
        SuiteError: everything that is wrong with the file and the overrides.
        PluginError: a component that the suite names has a builder that cannot be described.
    """
    document = _read(path)
    if not isinstance(document.data, dict):
        said = "the file is empty" if document.data is None else f"the file holds {shown(document.data)}"
        message = (
            f"{said}; a suite is a mapping with at least the keys name, model and data (`seatrial suites` lists some)"
        )
        raise SuiteError([Problem(document.lines.get((), 1), "", message, str(path))], path)
    mistakes = [
        Problem(mistake.line, written(mistake.path), mistake.message, str(path)) for mistake in document.mistakes
    ]
    places = Places(str(path), dict(document.lines))
    return _checked(document.data, places, mistakes, catalogue, overrides, extra_metrics, produced, only_data=only_data)


def suite_of_keys(
    keys: Mapping[str, Any], catalogue: Catalogue, *, overrides: Sequence[str] = (), only_data: bool = False
) -> Suite:
    """The suite that a mapping of a suite file's keys says, as `load_suite` has it.

    Raises:
        SuiteError: everything that is wrong with the keys and the overrides.
    """
    places = Places("the suite", {(): 0})
    return _checked(deepcopy(dict(keys)), places, [], catalogue, overrides, DATA_METRICS, {}, only_data=only_data)


def find_suite(named: str, host: Host) -> Path:
    """The suite file of that path, or the installed suite of that name.

    Raises:
        UsageError: there is neither.
    """
    path = Path(named)
    if path.is_file():
        return path
    installed = host.suites()
    if named not in installed:
        found = "is a folder, not a suite file" if path.is_dir() else "no such file"
        near = did_you_mean(named, installed)
        raise UsageError(
            f"{named or repr(named)}: {found}, and no installed suite{near}; there are: {', '.join(installed)}"
        )
    return installed[named]


def _checked(
    data: dict[str, Any],
    places: Places,
    mistakes: Sequence[Problem],
    catalogue: Catalogue,
    overrides: Sequence[str],
    extra_metrics: Mapping[str, Metric],
    produced: Mapping[str, tuple[Metric, ...]],
    *,
    only_data: bool,
) -> Suite:
    problems = [*apply_overrides(data, overrides, places), *mistakes]
    for place, what in secrets_in(data):
        line, origin = places.of(place)
        problems.append(Problem(line, written(place), refusal(what), origin))
    suite, complaints = check_suite(data, catalogue, extra_metrics, places.line, produced=produced, only_data=only_data)
    for complaint in complaints:
        line, origin = places.of(complaint.path)
        problems.append(Problem(line, written(complaint.path), complaint.message, origin))
    if problems or suite is None:
        raise SuiteError(problems, Path(places.file))
    return suite


def summarise_suite(path: Path) -> str:
    """What a suite file says it is for; "" where it says nothing.

    Raises:
        SuiteError: the file cannot be read.
    """
    data = _read(path).data
    description = data.get("description") if isinstance(data, dict) else None
    return description if isinstance(description, str) else ""


def json_schema(catalogue: Catalogue) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of suite files, with the options of every installed component."""
    from seatrial.suite.schema import suite_schema

    return suite_schema(catalogue)


def _read(path: Path) -> Document:
    """The file's YAML.

    Raises:
        SuiteError: it is missing, too large, no UTF-8 or no YAML.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            said = f"more than {MAX_BYTES:,} bytes, which is the most that a suite holds"
            raise SuiteError([Problem(0, "", said, str(path))], path)
        return read_yaml(text.decode("utf-8-sig"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SuiteError([Problem(0, "", f"cannot be read: {reason}", str(path))], path) from error
    except UnicodeDecodeError as error:
        wide = error.object.startswith((b"\xff\xfe", b"\xfe\xff"))
        line = 1 if wide else error.object.count(b"\n", 0, error.start) + 1
        found = "the file is UTF-16" if wide else f"byte 0x{error.object[error.start]:02X} is no UTF-8"
        message = f"{found}; save the file as UTF-8"
        raise SuiteError([Problem(line, "", message, str(path))], path) from error
    except YamlError as error:
        raise SuiteError([Problem(error.line, "", error.message, str(path))], path) from error
