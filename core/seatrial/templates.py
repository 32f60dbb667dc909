"""Jinja templates that came with a model or with a task, rendered in a sandbox and within bounds.

Jinja's sandbox keeps a template from files and modules, and lets it loop and double its strings as long as it likes. Here
each step, and each text before it is made, is charged to an allowance, and ordinary templates spend less than a hundredth of
theirs.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

__all__ = ["MOST_SOURCE", "BoundedEnvironment", "TemplateLimitError", "size_of"]

_STEP = 16
"""What a step of a loop or a call costs, in characters."""

_SECONDS = 20.0
"""An ordinary rendering takes a millisecond; nothing but what never ends takes this on any machine."""

MOST_SOURCE = 1 << 20
"""Characters of a template; the longest published ones have some 30,000."""

_WIDTH = 1_000
"""The largest indent."""

_WIDE = re.compile(r"[%:{][^%{}]*?(\d{4}|[*{])")
"""A format that pads to a width of four digits, or to one that is given."""

_FILTERS_TAKEN_OUT = ("batch", "center", "pprint", "random", "slice", "urlize", "wordwrap", "xmlattr")
"""Filters that pad, that draw by chance, or that no chat template has a use for."""

_METHODS_REFUSED = frozenset({"center", "expandtabs", "format_map", "ljust", "rjust", "translate", "zfill"})


class TemplateLimitError(Exception):
    """A template takes more time, or makes more text, than any conversation needs."""


class _Allowance:
    """What is left of one rendering's."""

    def __init__(self, characters: int) -> None:
        self.all = self.left = characters
        self._until = time.monotonic() + _SECONDS

    def spend(self, characters: int) -> None:
        self.left -= characters
        if self.left < 0:
            raise TemplateLimitError(
                f"it makes more than {self.all:,} characters on its way, or loops as often as that"
            )
        if time.monotonic() > self._until:
            raise TemplateLimitError(f"it takes more than {_SECONDS:g} seconds")


class _Local(threading.local):
    """What a thread's rendering has."""

    allowance: _Allowance | None = None


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Jinja's environment with every step charged; `options` are those of Jinja's own."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._local = _Local()
        self.finalize = self._printed
        for name in _FILTERS_TAKEN_OUT:
            del self.filters[name]
        for name in ("cycler", "joiner", "lipsum"):
            del self.globals[name]
        self.filters = {name: self._charged(name, function) for name, function in self.filters.items()}
        self.filters |= {_ITERATED: self._iterated, _JOINED: self._joined, _MADE: self._made}
        self.globals |= {"dict": _dict, "namespace": _Namespace}

    def add_filter(self, name: str, function: Callable[..., Any]) -> None:
        """Give templates one filter more, charged like the others."""
        self.filters[name] = self._charged(name, function)

    def allowing(self, characters: int) -> _Allowed:
        """While the block runs, this thread's rendering may make so many characters."""
        return _Allowed(self._local, characters)

    def spend(self, characters: int) -> None:
        """Charge the rendering that runs; constants that the compiler folds are nobody's."""
        if (allowance := self._local.allowance) is not None:
            allowance.spend(characters)

    # ---- what a template's code is made to pass through -----------------------------------------------------------

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed: nodes.Template = _Charging().visit(super()._parse(source, name, filename))
        parsed.set_environment(self)
        return parsed

    def concat(self, parts: Iterable[str]) -> str:
        """Texts joined: what a template, a macro or a block writes."""
        said = list(parts)
        self.spend(sum(map(len, said)))
        return "".join(said)

    def call(self, context: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A call of a function, a macro or a method."""
        self.spend(_STEP)
        method = getattr(function, "__wrapped__", function)  # the sandbox wraps str.format
        owner, name = getattr(method, "__self__", None), getattr(method, "__name__", "")
        if isinstance(owner, str | bytes):
            self._before_method(owner, name, args, kwargs)
        elif isinstance(function, LoopContext) and args:
            args = (self._steps(args[0]), *args[1:])
        result = super().call(context, function, *args, **kwargs)
        self.spend(_shallow(result))
        return result

    def _before_method(self, owner: Any, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        if name in _METHODS_REFUSED:
            raise SecurityError(f"a template may not call str.{name}")
        if name == "replace" and len(args) > 1 and all(isinstance(arg, str | bytes) for arg in args[:2]):
            self.spend(owner.count(args[0]) * len(args[1]))
        elif name == "join" and args:
            self.spend(self._weight(args[0]) + len(owner) * _length(args[0]))
        elif name == "format":
            self._format(owner, (*args, *kwargs.values()))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """One of the operators that can make much of little."""
        if operator == "+" and type(left) is str and type(right) is str:
            self.spend(len(left) + len(right))
            return left + right
        if operator == "**" or (operator == "*" and isinstance(left, int) and isinstance(right, int)):
            if not all(isinstance(one, int | float) and abs(one) < 1 << 32 for one in (left, right)):
                raise SecurityError("a template may not multiply numbers as large as these")
            if operator == "**" and abs(right) > 64:
                raise SecurityError("a template may not raise to powers as large as this")
        elif operator == "*":
            times, many = (left, right) if isinstance(left, int) else (right, left)
            self.spend(self._weight(many) * max(times, 0) if isinstance(times, int) else 0)
        elif operator == "%" and isinstance(left, str):
            self._format(left, right if isinstance(right, tuple) else (right,))
        elif operator == "+" and not isinstance(left, int | float):
            self.spend(_length(left) + self._weight(right))
        return super().call_binop(context, operator, left, right)

    def _format(self, pattern: str, values: Sequence[Any]) -> None:
        if _WIDE.search(pattern):
            raise SecurityError("a template may not pad to widths as large as this")
        self.spend(len(pattern) + len(pattern) * max(map(self._weight, values), default=0))

    def _charged(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter whose work is charged: before, where it makes text of a container or more of a text; and afterwards."""

        @wraps(function)  # and with it, whether it is given the context first
        def charged(*args: Any, **kwargs: Any) -> Any:
            said = [arg for arg in (*args, *kwargs.values()) if not isinstance(arg, _GIVEN_FIRST)]
            self.spend(_STEP)
            if name in {"indent", "tojson"} and any(isinstance(arg, int) and arg > _WIDTH for arg in said[1:]):
                raise SecurityError(f"a template may not give the filter {name} a number as large as this")
            if said and name in {"format", "join", "replace"}:
                self._before_filter(name, said)
            elif said and name in _OF_TEXT:
                self.spend(self._weight(said[0]))
            result = function(*args, **kwargs)
            self.spend(_shallow(result))
            return result

        return charged

    def _before_filter(self, name: str, said: list[Any]) -> None:
        if name == "format":
            self._format(str(said[0]), said[1:])
        elif name == "join":
            self.spend(self._weight(said[0]) + len(str(said[1] if len(said) > 1 else "")) * _length(said[0]))
        elif len(said) > 2:
            self.spend(self._weight(said[0]))
            text, old, new = (str(one) for one in said[:3])
            self.spend(text.count(old) * len(new))

    def _printed(self, value: Any) -> Any:
        self.spend(self._weight(value))
        return value

    @property
    def _iterated(self) -> Callable[..., Iterator[Any]]:
        return pass_context(lambda _, items: self._steps(items))

    def _steps(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.spend(_STEP)
            yield item

    @property
    def _joined(self) -> Callable[..., str]:
        def join(_: object, parts: list[Any]) -> str:
            for part in parts:
                self._printed(part)
            return "".join(map(str, parts))

        return pass_context(join)

    @property
    def _made(self) -> Callable[..., Any]:
        def made(_: object, value: Any) -> Any:
            self.spend(self._weight(value))
            return value

        return pass_context(made)

    def _weight(self, value: Any) -> int:
        """How long a value is when it is written out; no more is counted than may still be made."""
        if type(value) is str:
            return len(value)
        return size_of(value, most=1_000_000 if self._local.allowance is None else self._local.allowance.left + 1)


class _Allowed:
    """A block in which a rendering has an allowance."""

    def __init__(self, local: _Local, characters: int) -> None:
        self._local, self._characters = local, characters

    def __enter__(self) -> None:
        self._local.allowance = _Allowance(self._characters)

    def __exit__(self, *_: object) -> None:
        self._local.allowance = None


_GIVEN_FIRST = (Context, nodes.EvalContext, ImmutableSandboxedEnvironment)
"""What filters are given beside what a template gives them."""

_ITERATED, _JOINED, _MADE = " iterated", " joined", " made"
"""Filters that no template can name."""

_OF_TEXT = frozenset(
    (
        *("capitalize", "e", "escape", "float", "forceescape", "indent", "int", "lower", "safe", "string", "striptags"),
        *("title", "tojson", "trim", "truncate", "upper", "urlencode", "wordcount"),
    )
)
"""Filters that write out what they are given, were it a list."""


class _Charging(NodeTransformer):
    """Sends through filters of ours what Jinja's compiler would write as plain Python."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802  # as the base class looks for it
        self.generic_visit(node)
        node.iter = _filtered(node.iter, _ITERATED)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), _JOINED)

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, _MADE) if node.items else node

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, _MADE) if node.items else node

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, _MADE) if node.ctx == "load" else node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, _MADE) if isinstance(node.arg, nodes.Slice) else node


def _filtered(node: Any, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


class _Namespace(Namespace):
    """A template's own variables; none is Python's, and it is not written out."""

    def __init__(*args: Any, **kwargs: Any) -> None:  # `namespace(self=…)` is allowed
        Namespace.__init__(*args, **kwargs)
        for name in dict(*args[1:], **kwargs):
            _check_name(name)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)

    def __repr__(self) -> str:
        return "<Namespace>"


def _check_name(name: object) -> None:
    if str(name).startswith("_"):
        raise SecurityError(f"a template may not set {name}")


def _dict(*args: Any, **kwargs: Any) -> dict[Any, Any]:
    return dict(*args, **kwargs)


def _length(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else 0


def _shallow(value: Any) -> int:
    """The characters of a text, or of the texts in a list: what a call has made, not what it only refers to."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, list | tuple):
        return len(value) + sum(len(item) for item in value if isinstance(item, str))
    return 1


def size_of(value: Any, most: int = 1 << 62) -> int:
    """The characters of all texts in a value, and one for everything else, up to `most`."""
    size, waiting = 0, [value]
    while waiting and size <= most:
        one = waiting.pop()
        if isinstance(one, str | bytes):
            size += len(one)
        elif isinstance(one, Mapping):
            size += 2 * len(one)
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, list | tuple | set | frozenset):
            size += len(one)
            waiting += one
        else:
            size += 1 if not isinstance(one, int) else 1 + one.bit_length() // 3
    return size
