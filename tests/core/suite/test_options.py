"""A component's options, from its builder's signature."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import Field

from seatrial.errors import PluginError
from seatrial.plugin.component import Component, Use
from seatrial.plugin.host import Host
from seatrial.suite.keys import FilterKeys
from seatrial.suite.options import OptionsError, documented_options, option_model, read_options, validate_options

if TYPE_CHECKING:
    from decimal import Decimal


def build(
    *,
    tokenizer: Any,
    size: int,
    share: float = 0.5,
    mode: Literal["a", "b"] = "a",
    names: list[str] | None = None,
    sizes: tuple[int, ...] = (1, 2),
    costs: dict[int, float] | None = None,
    level: Annotated[int, Field(ge=1, le=3)] = 1,
    detector: Any = None,
    copy: bool = False,
    _private: int = 0,
    **rest: Any,
) -> Decimal:
    """Build it.

    Args:
        size: how many,
            at least one.
        share: of the whole: between 0 and 1.

    Raises:
        ValueError: never.
    """


COMPONENT = Component("it", build, "It.", uses={"tokenizer": Use("tokenizer"), "detector": Use("detector", "weak")})


def complaints(given: dict[str, Any], catalogue: Host, component: Component[Any] = COMPONENT) -> dict[str, str]:
    with pytest.raises(OptionsError) as caught:
        validate_options(component, given, catalogue)
    return {".".join(map(str, one.path)): one.message for one in caught.value.complaints}


def test_options_that_are_not_given_have_their_defaults_in_the_order_of_the_signature(suite_catalogue):
    assert list(validate_options(COMPONENT, {"size": 3}, suite_catalogue).items()) == [
        ("size", 3),
        ("share", 0.5),
        ("mode", "a"),
        ("names", None),
        ("sizes", [1, 2]),
        ("costs", None),
        ("level", 1),
        ("detector", {"weak": {"encoder": {"minilm": {"batch_size": 64}}, "copy": True}}),
        ("copy", False),
    ]


def test_given_options_are_kept_as_plain_values(suite_catalogue):
    given = {
        "size": 3,
        "share": 1,
        "names": ["x"],
        "sizes": [4],
        "costs": {"1": 2.5},
        "detector": "detoxify",
        "copy": True,
    }
    found = validate_options(COMPONENT, given, suite_catalogue)
    assert found["share"] == 1.0
    assert isinstance(found["share"], float)
    assert found["sizes"] == [4]
    assert found["costs"] == {"1": 2.5}
    assert found["detector"] == {"detoxify": {}}
    assert found["copy"] is True


def test_what_was_validated_validates_to_itself(suite_catalogue):
    once = validate_options(COMPONENT, {"size": 3, "costs": {"7": 1}}, suite_catalogue)
    assert validate_options(COMPONENT, once, suite_catalogue) == once


def test_every_wrong_option_is_named_at_once(suite_catalogue):
    given = {
        "share": "half",
        "mode": "c",
        "names": "x",
        "sizes": [1, 2.5],
        "costs": {"one": 1},
        "level": 4,
        "detector": {"weak": {"encoder": "minilmm", "copy": 1}},
        "copies": True,
        "tokenizer": "mine",
        "rest": 1,
        "_private": 2,
    }
    accepted = "accepted: copy, costs, detector, level, mode, names, share, size, sizes"
    assert complaints(given, suite_catalogue) == {
        "size": "is required: how many, at least one.",
        "share": "'half' is not a number",
        "mode": "'c' is not accepted; one of: a, b",
        "names": "'x' is not a list; write [x]",
        "sizes.1": "2.5 is not a whole number",
        "costs.one": "the key 'one' is not a whole number",
        "level": "must be at most 3, not 4",
        "detector.weak.encoder": "no encoder is called 'minilmm' (did you mean 'minilm'?); there are: minilm",
        "detector.weak.copy": "1 is not true or false",
        "copies": f"unknown key (did you mean 'copy'?); {accepted}",
        "tokenizer": f"unknown key; {accepted}",
        "rest": f"unknown key; {accepted}",
        "_private": f"unknown key; {accepted}",
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (True, "true is not a whole number"),
        ("3", "'3' is not a whole number"),
        (3.0, "3.0 is not a whole number; write 3"),
        (float("nan"), ".nan is not a whole number"),
        (None, "has no value; expected a whole number"),
        ([], "a list is not a whole number"),
        ({}, "a mapping is not a whole number"),
        ("x" * 500, f"'{'x' * 59}…' is not a whole number"),
        ("\x1b[31mred", "'‹U+001B›[31mred' is not a whole number"),
    ],
)
def test_no_value_is_bent_to_fit(suite_catalogue, value, message):
    assert complaints({"size": value}, suite_catalogue) == {"size": message}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_is_finite(suite_catalogue, value):
    (message,) = complaints({"size": 1, "share": value}, suite_catalogue).values()
    assert message.endswith("is not a finite number")


@pytest.mark.parametrize(
    ("given", "place", "said"),
    [
        ({}, "judge", "needs a `source`"),
        ({"source": 3}, "judge.source", "needs a `source`"),
        ({"source": "ftp:x"}, "judge.source", "no model loaders take"),
        ({"source": "path:x", "bogus": 1}, "judge.bogus", "unknown key"),
        ({"source": "x:y", "loader": "transfomers"}, "judge.loader", "did you mean 'transformers'"),
        ({"source": "x:y", "loader": {"endpoint": {"bogus": 1}}}, "judge.loader.endpoint.bogus", "unknown key"),
        ({"source": "x:y", "bogus": 1, "loader": {"endpoint": {"bogus": 1}}}, "judge.loader.endpoint.bogus", "twice"),
    ],
)
def test_a_model_that_is_asked_is_checked_by_its_loader(suite_catalogue, given, place, said):
    def build(*, judge: Any) -> None: ...

    component = Component("it", build, "", uses={"judge": Use("model")})
    assert said in complaints({"judge": given}, suite_catalogue, component)[place]
    validate_options(component, {"judge": {"source": "path:x"}}, suite_catalogue)


def test_null_stands_for_the_default_component(suite_catalogue):
    found = validate_options(COMPONENT, {"size": 1, "detector": None}, suite_catalogue)
    assert next(iter(found["detector"])) == "weak"


def test_a_use_without_default_must_be_named_unless_its_option_may_be_none(suite_catalogue):
    def needs(*, encoder: Any) -> None: ...

    def may(*, encoder: Any = None) -> None: ...

    uses = {"encoder": Use("encoder")}
    required = Component("it", needs, "", uses=uses)
    assert complaints({}, suite_catalogue, required) == {"encoder": "is required"}
    assert complaints({"encoder": None}, suite_catalogue, required) == {"encoder": "has no value; name one of: minilm"}
    assert validate_options(Component("it", may, "", uses=uses), {}, suite_catalogue) == {"encoder": None}


def test_a_default_component_that_no_plugin_brings_is_named(suite_catalogue):
    component = Component("it", build, "", uses={"detector": Use("detector", "gone")})
    assert complaints({"size": 1, "tokenizer": 1}, suite_catalogue, component) == {
        "detector": "needs the detector 'gone', which no plugin brings; name one of: detoxify, weak"
    }


def test_classes_partials_and_dataclasses_are_builders(suite_catalogue):
    class Plain:
        pass

    @dataclass
    class Data:
        size: int = 2

    assert validate_options(Component("it", Plain, ""), {}, suite_catalogue) == {}
    assert validate_options(Component("it", Data, ""), {}, suite_catalogue) == {"size": 2}
    fixed = functools.partial(build, size=9, tokenizer=None)
    found = validate_options(Component("it", fixed, "", uses=COMPONENT.uses), {"mode": "b"}, suite_catalogue)
    assert (found["size"], found["mode"]) == (9, "b")


def test_a_default_is_of_the_type_that_the_signature_says(suite_catalogue):
    def loose(*, share: float = 1, sizes: list[int] = (1, 2)) -> None: ...

    def wrong(*, size: int = None) -> None: ...  # noqa: RUF013 - the mistake in question

    found = validate_options(Component("it", loose, ""), {}, suite_catalogue)
    assert isinstance(found["share"], float)
    assert found["sizes"] == [1, 2]
    with pytest.raises(PluginError) as caught:
        validate_options(Component("it", wrong, ""), {}, suite_catalogue)
    assert str(caught.value) == (
        "it: the default of option 'size' is not what its type says: has no value; expected a whole number"
    )


def test_an_option_may_be_called_as_a_field_of_the_reserved_keys_is(suite_catalogue):
    def named(*, alias: int = 1) -> None: ...

    options, keys = read_options(Component("it", named, ""), {"alias": 2, "as": "other"}, suite_catalogue, FilterKeys)
    assert options == {"alias": 2}
    assert keys.alias == "other"


def untyped(*, size=1): ...


def unresolved(*, size: Decimal | None = None) -> None: ...


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (untyped, "it: option 'size' of its builder has no type"),
        (unresolved, "it: the type of option 'size' cannot be resolved: name 'Decimal' is not defined; "),
    ],
)
def test_a_builder_that_cannot_be_described_is_the_plugins_mistake(builder, message):
    with pytest.raises(PluginError) as caught:
        option_model(Component("it", builder, ""))
    assert str(caught.value).startswith(message)


def test_components_that_use_each_other_without_end_are_refused():
    def endless(*, detector: Any) -> None: ...

    class Plugin:
        pass

    from seatrial import hookimpl

    def seatrial_detectors():
        return [Component("endless", endless, "", uses={"detector": Use("detector", "endless")})]

    plugin = Plugin()
    plugin.seatrial_detectors = hookimpl(seatrial_detectors)
    host = Host()
    host.register(plugin, name="endless")
    component = host.find("detectors", "endless").component
    with pytest.raises(PluginError, match="components use each other more than 5 deep, at option 'detector'"):
        validate_options(component, {}, host)


def test_the_docstring_describes_the_options():
    assert documented_options(build) == {
        "size": "how many, at least one.",
        "share": "of the whole: between 0 and 1.",
    }
    fields = option_model(COMPONENT).model_json_schema()["properties"]
    assert fields["share"] == {
        "default": 0.5,
        "description": "of the whole: between 0 and 1.",
        "title": "Share",
        "type": "number",
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("de", "write [de]"),
        ("de,en", "write [de, en]"),
        ("de, en", "write [de, en]"),
        ("a: b", "write ['a: b']"),
        ("none", "write []"),
    ],
)
def test_one_value_for_a_list_is_shown_as_a_list(given, said, suite_catalogue):
    with pytest.raises(OptionsError) as caught:
        validate_options(COMPONENT, {"size": 1, "names": given}, suite_catalogue)
    (complaint,) = caught.value.complaints
    assert complaint.message.endswith(said)


def test_a_number_for_a_list_of_numbers_is_shown_as_a_list(suite_catalogue):
    with pytest.raises(OptionsError, match=r"4 is not a list; write \[4\]"):
        validate_options(COMPONENT, {"size": 1, "sizes": 4}, suite_catalogue)


def test_a_field_that_a_class_inherits_is_of_the_type_that_its_own_module_knows():
    """`loss_on` of the training methods is a Literal, which not every module of theirs names."""
    method = Host.load().find("methods", "prefix_tuning").component
    assert "Literal" not in vars(inspect.getmodule(method.build))
    assert option_model(method).model_json_schema()["properties"]["loss_on"]["enum"] == ["all", "last"]
