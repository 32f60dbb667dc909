"""The JSON Schema of suite files."""

from __future__ import annotations

import json

import pytest

from seatrial.suite.file import json_schema


@pytest.fixture
def schema(suite_catalogue):
    return json_schema(suite_catalogue)


def test_it_is_plain_json_and_the_same_each_time(schema, suite_catalogue):
    assert json.loads(json.dumps(schema)) == schema
    assert json.dumps(json_schema(suite_catalogue)) == json.dumps(schema)


def test_every_reference_leads_somewhere(schema):
    def references(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    found = set(references(schema))
    assert "#/$defs/filters.toxicity" in found
    assert found <= {f"#/$defs/{name}" for name in schema["$defs"]}


def test_unknown_keys_are_refused_and_the_needed_ones_required(schema):
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"name", "data"}  # `seatrial data` needs no model
    assert set(schema["properties"]) == {
        "name", "description", "seed", "seeds", "date", "model", "data", "filters", "train", "search", "score", "baselines", "fewshot",
        "gates", "report", "tracking",
    }  # fmt: skip
    assert all(prop["description"] for prop in schema["properties"].values())


def test_an_entry_is_a_name_or_a_name_with_options(schema):
    name, options = schema["properties"]["filters"]["items"]["anyOf"]
    assert name == {"enum": ["duplicates", "length", "privacy", "toxicity"]}
    assert (options["minProperties"], options["maxProperties"], options["additionalProperties"]) == (1, 1, False)
    assert options["properties"]["length"] == {
        "description": "Too long.",
        "anyOf": [{"$ref": "#/$defs/filters.length"}, {"type": "null"}],
    }


def test_options_carry_their_type_default_and_description(schema):
    length = schema["$defs"]["filters.length"]
    assert length["additionalProperties"] is False
    assert set(length["properties"]) == {"action", "as", "max_characters", "max_tokens"}
    assert length["properties"]["max_characters"] == {
        "default": 20_000,
        "description": "the longest row kept, in characters.",
        "title": "Max Characters",
        "type": "integer",
    }


def test_an_option_that_names_a_component_lists_them(schema):
    detector = schema["$defs"]["filters.toxicity"]["properties"]["detector"]
    assert detector["default"] == "weak"
    assert detector["anyOf"][0] == {"enum": ["detoxify", "weak"]}
    assert detector["anyOf"][1]["properties"]["weak"]["anyOf"][0] == {"$ref": "#/$defs/detectors.weak"}


def test_a_trainer_is_chosen_by_its_method(schema):
    assert schema["properties"]["train"]["anyOf"] == [{"$ref": "#/$defs/methods.lora"}, {"type": "null"}]
    lora = schema["$defs"]["methods.lora"]
    assert lora["properties"]["method"]["anyOf"] == [{"const": "lora"}]
    assert "method" in lora["required"]


def test_a_gate_without_a_name_is_a_threshold_or_a_difference(schema):
    gate = schema["$defs"]["gates.difference"]
    assert gate["properties"]["gate"]["anyOf"] == [{"const": "difference"}, {"type": "null"}]
    assert set(gate["required"]) == {"metric", "baseline"}


def test_a_loaders_options_stand_beside_the_model_or_below_the_loaders_name(schema):
    endpoint = schema["$defs"]["models.endpoint"]
    assert endpoint["required"] == ["source", "loader"]
    assert "url" in endpoint["properties"]
    below = endpoint["properties"]["loader"]["anyOf"][1]["properties"]["endpoint"]
    assert set(below["properties"]) == {"url", "timeout"}


def test_nothing_installed_means_nothing_fits():
    from seatrial.plugin.host import Host

    schema = json_schema(Host())
    assert schema["properties"]["filters"]["items"] == {"anyOf": [{"not": {}}]}
    assert schema["properties"]["train"]["anyOf"] == [{"not": {}}, {"type": "null"}]


def test_an_engine_is_one_of_two_with_its_options(schema):
    engine = schema["$defs"]["data"]["properties"]["engine"]
    names, options = engine["anyOf"]
    assert (engine["default"], names) == ("local", {"enum": ["local", "ray"]})
    assert options["properties"]["ray"]["anyOf"][0] == {"$ref": "#/$defs/engine.ray"}
    assert set(schema["$defs"]["engine.ray"]["properties"]) == {"workers", "address"}
