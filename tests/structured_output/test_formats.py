"""`response_format` on the way to Bedrock."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, RequestError
from bedrock_adapter.types import Json
from bedrock_adapter_plugins import load_builtins

from .conftest import ASK, CITY, CLAUDE, LLAMA, MISTRAL, NO_TOOLS, NOVA, WEATHER, wanted

Encode = Callable[..., Json]


def native(body: Json) -> Json:
    form = body["outputConfig"]["textFormat"]
    assert form["type"] == "json_schema"
    structure = form["structure"]["jsonSchema"]
    return {**structure, "schema": json.loads(structure["schema"])}


def names(body: Json) -> list[str]:
    return [each["toolSpec"]["name"] for each in body["toolConfig"]["tools"]]


@pytest.mark.parametrize("model", [CLAUDE, NOVA, NO_TOOLS])
@pytest.mark.parametrize("text", [None, {"type": "text"}])
def test_text_is_the_default(encode: Encode, model: str, text: Any) -> None:
    body = encode(model, response_format=text)
    assert not {"outputConfig", "toolConfig", "system"} & body.keys()


def test_a_schema_is_sent_within_the_subset(encode: Encode) -> None:
    body = encode(CLAUDE, response_format=wanted(description="A city", strict=True))
    assert native(body) == {
        "name": "City",
        "description": "A city",
        "schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "population": {"type": "integer", "description": "minimum: 1"}},
            "required": ["city", "population"],
            "additionalProperties": False,
        },
    }
    assert "toolConfig" not in body


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("_Person-1", "_Person-1"),
        ("City info!", "City_info"),
        ("", "response"),
        (None, "response"),
        ("x" * 70, "x" * 64),
        ("城", "response"),
    ],
)
def test_names_are_slugs(encode: Encode, name: Any, sent: str) -> None:
    assert native(encode(CLAUDE, response_format=wanted(name=name)))["name"] == sent


@pytest.mark.parametrize(
    "root", [{"type": "array", "items": CITY}, {"type": "string"}, {"anyOf": [CITY, {"type": "null"}]}]
)
def test_any_root_is_wrapped(encode: Encode, root: Json) -> None:
    schema = native(encode(CLAUDE, response_format=wanted(root)))["schema"]
    assert (schema["type"], schema["required"], schema["additionalProperties"]) == ("object", ["value"], False)


def test_definitions_stay_where_references_find_them(encode: Encode) -> None:
    root = {"type": "array", "items": {"$ref": "#/$defs/City"}, "$defs": {"City": CITY}}
    schema = native(encode(CLAUDE, response_format=wanted(root)))["schema"]
    assert schema["properties"]["value"]["items"] == {"$ref": "#/$defs/City"}
    assert schema["$defs"]["City"]["additionalProperties"] is False


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"tags": {"type": "object", "additionalProperties": {"type": "string"}}}},
        {"type": "object", "properties": {"next": {"$ref": "#"}}},
        {"type": "object", "properties": {"x": {"$ref": "https://example.com/schema"}}},
    ],
)
def test_what_cannot_be_constrained_goes_by_a_tool(encode: Encode, schema: Json) -> None:
    body = encode(CLAUDE, response_format=wanted(schema))
    assert "outputConfig" not in body
    assert names(body) == ["json_response"]
    assert body["toolConfig"]["toolChoice"] == {"tool": {"name": "json_response"}}


@pytest.mark.parametrize(
    ("model", "choice", "asked"),
    [(NOVA, {"tool": {"name": "json_response"}}, False), (MISTRAL, {"any": {}}, False), (LLAMA, None, True)],
)
def test_a_model_without_it_is_given_a_tool(encode: Encode, model: str, choice: Any, asked: bool) -> None:
    body = encode(model)
    assert names(body) == ["json_response"]
    assert body["toolConfig"].get("toolChoice") == choice
    assert ("system" in body) is asked


def test_a_models_own_rules_hold_for_the_tool(encode: Encode) -> None:
    schema = encode(NOVA, response_format=wanted({**CITY, "minProperties": 1}))["toolConfig"]["tools"][0]["toolSpec"]
    assert schema["inputSchema"]["json"] == CITY  # nothing is closed or moved: it is not constrained
    assert "minProperties" in schema["description"]


@pytest.mark.parametrize(("model", "choice"), [(NOVA, {"any": {}}), (MISTRAL, {"any": {}}), (LLAMA, None)])
def test_the_clients_tools_can_still_be_called(encode: Encode, model: str, choice: Any) -> None:
    body = encode(model, tools=[WEATHER])
    assert names(body) == ["get_weather", "json_response"]
    assert body["toolConfig"].get("toolChoice") == choice
    both = encode(CLAUDE, tools=[WEATHER])
    assert names(both) == ["get_weather"]
    assert native(both)["name"] == "City"


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_weather"}}])
def test_a_forced_call_is_not_answered_by_the_format(encode: Encode, choice: Any) -> None:
    assert names(encode(NOVA, tools=[WEATHER], tool_choice=choice)) == ["get_weather"]


HISTORY = [
    ASK,
    {
        "role": "assistant",
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "1", "content": "fine"},
]
OPEN = {"type": "object", "additionalProperties": {"type": "string"}}


def test_a_choice_of_none_leaves_the_formats_tool_alone(encode: Encode) -> None:
    body = encode(NOVA, tools=[WEATHER], tool_choice="none")
    assert names(body) == ["json_response"]
    kept = encode(CLAUDE, messages=HISTORY, tools=[WEATHER], tool_choice="none", response_format=wanted(OPEN))
    assert kept["toolConfig"]["toolChoice"] == {"tool": {"name": "json_response"}}
    assert "additionalModelRequestFields" not in kept
    told = encode(LLAMA, messages=HISTORY)
    assert names(told) == ["get_weather"]
    assert "JSON schema" in told["system"][0]["text"]


def test_one_switch_for_parallel_calls_and_the_choice(encode: Encode) -> None:
    body = encode(CLAUDE, tools=[WEATHER], parallel_tool_calls=False, response_format=wanted(OPEN))
    assert body["additionalModelRequestFields"]["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert "toolChoice" not in body["toolConfig"]


def test_the_tools_name_is_nobody_elses(encode: Encode) -> None:
    mine = {"type": "function", "function": {"name": "json_response"}}
    body = encode(NOVA, tools=[mine])
    assert len(set(names(body))) == 2
    assert names(body)[0] == "json_response"


def test_thinking_rules_a_forced_call_out(encode: Encode) -> None:
    model = "us.anthropic.claude-sonnet-4-20250514-v1:0"
    assert encode(model)["toolConfig"]["toolChoice"] == {"tool": {"name": "json_response"}}
    body = encode(model, thinking={"type": "enabled", "budget_tokens": 2048}, max_tokens=4096)
    assert body["additionalModelRequestFields"]["thinking"]["type"] == "enabled"
    assert "toolChoice" not in body["toolConfig"]
    assert "json_response" in body["system"][0]["text"]


def test_a_model_without_tools_is_told(encode: Encode) -> None:
    body = encode(NO_TOOLS)
    assert json.dumps(CITY) in body["system"][0]["text"]
    assert "toolConfig" not in body


@pytest.mark.parametrize("model", [CLAUDE, NOVA, NO_TOOLS])
@pytest.mark.parametrize("form", [{"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "x"}}])
def test_a_json_object_is_asked_for_in_words(encode: Encode, model: str, form: Json) -> None:
    body = encode(model, response_format=form)
    assert "JSON object" in body["system"][0]["text"]
    assert not {"outputConfig", "toolConfig"} & body.keys()


def test_words_go_to_the_user_where_there_is_no_system_prompt(encode: Encode) -> None:
    body = encode("mistral.mistral-7b-instruct-v0:2", response_format={"type": "json_object"})
    assert "system" not in body
    assert "JSON object" in body["messages"][-1]["content"][-1]["text"]


def test_what_was_done_is_noted(adapter: Adapter) -> None:
    encoded = adapter.encode({"model": NOVA, "messages": [ASK], "response_format": wanted()})
    assert [note.param for note in encoded.notes if note.plugin == "structured_output"] == ["response_format"]


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ("json", "response_format"),
        ([], "response_format"),
        ({}, "response_format.type"),
        ({"type": "xml"}, "response_format.type"),
        ({"type": []}, "response_format.type"),
        ({"type": "json_schema"}, "response_format.json_schema"),
        ({"type": "json_schema", "json_schema": {"schema": 1}}, "response_format.json_schema.schema"),
        ({"type": "json_schema", "json_schema": {"schema": CITY, "name": 1}}, "response_format.json_schema.name"),
        (
            {"type": "json_schema", "json_schema": {"schema": CITY, "description": 1}},
            "response_format.json_schema.description",
        ),
    ],
)
def test_malformed_formats_are_named(encode: Encode, form: Any, param: str) -> None:
    with pytest.raises(RequestError) as refused:
        encode(CLAUDE, response_format=form)
    assert (refused.value.status, refused.value.param) == (400, param)


schemas = st.recursive(
    st.sampled_from(
        [{"type": "string", "minLength": 1}, {"type": "number", "multipleOf": 2}, {"type": "null"}, {"const": 1}]
    ),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"anyOf": each})
        | inner.map(lambda each: {"type": "array", "items": each, "minItems": 2, "maxItems": 5})
        | st.dictionaries(st.sampled_from(["a", "minimum", "type", "$ref"]), inner, max_size=3).map(
            lambda each: {"type": "object", "properties": each, "required": list(each)}
        )
    ),
    max_leaves=8,
)


def objects(schema: Any) -> list[Json]:
    """The object schemas within, and no property that happens to be named like a keyword."""
    if not isinstance(schema, dict):
        return []
    inner = [*schema.get("anyOf", ()), schema.get("items"), *schema.get("properties", {}).values()]
    return [
        *([schema] if schema.get("type") == "object" else []),
        *(found for each in inner for found in objects(each)),
    ]


@given(schema=schemas)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_object_is_closed_and_every_property_kept(encode: Encode, schema: Json) -> None:
    sent = native(encode(CLAUDE, response_format=wanted(schema)))["schema"]
    assert all(each["additionalProperties"] is False for each in objects(sent))
    inner = sent if schema.get("type") == "object" else sent["properties"]["value"]
    assert [list(each["properties"]) for each in objects(inner)] == [
        list(each["properties"]) for each in objects(schema)
    ]


def test_without_the_plugin_for_tools_it_is_said_in_words(bedrock_environment: pytest.MonkeyPatch) -> None:
    plugins = [plugin for plugin in load_builtins() if not plugin.__name__.endswith(".tools")]
    adapter = Adapter(plugins=plugins, autoload=False)
    body = adapter.encode({"model": NOVA, "messages": [ASK], "response_format": wanted()}).requests[0].body
    assert body is not None
    assert "toolConfig" not in body
    assert "JSON schema" in body["system"][0]["text"]
