"""`tools` and `functions` to toolSpecs."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, Call, Converter, RequestError, Route, hookimpl
from bedrock_adapter.types import Json

from .conftest import ASK, CLAUDE, COHERE, GPT_OSS, NO_TOOLS, NOVA, tool

Encode = Callable[..., Json]


def specs(body: Json) -> list[Json]:
    return [each["toolSpec"] for each in body["toolConfig"]["tools"] if "toolSpec" in each]


def schema_of(body: Json) -> Json:
    schema = specs(body)[0]["inputSchema"]["json"]
    assert isinstance(schema, dict)
    return schema


def with_schema(schema: Any, **members: Any) -> list[Json]:
    return [{"type": "function", "function": {"name": "f", "parameters": schema, **members}}]


def test_a_function_is_a_tool_spec(encode: Encode) -> None:
    body = encode(CLAUDE, tools=[tool("get_weather", {"city": {"type": "string"}}, description="Weather of a city")])
    assert body["toolConfig"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "get_weather",
                    "description": "Weather of a city",
                    "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}}},
                }
            }
        ]
    }


@pytest.mark.parametrize(
    "function",
    [{"name": "ping"}, {"name": "ping", "description": " ", "parameters": {}}, {"name": "ping", "parameters": None}],
)
def test_description_and_parameters_may_be_missing(encode: Encode, function: Json) -> None:
    body = encode(COHERE, tools=[{"type": "function", "function": function}])
    assert specs(body) == [
        {"name": "ping", "description": "ping", "inputSchema": {"json": {"type": "object", "properties": {}}}}
    ]


def test_deprecated_functions_are_tools(encode: Encode) -> None:
    body = encode(CLAUDE, functions=[{"name": "f", "parameters": {"type": "object"}}], function_call={"name": "f"})
    assert specs(body)[0]["name"] == "f"
    assert body["additionalModelRequestFields"]["tool_choice"] == {
        "type": "tool",
        "name": "f",
        "disable_parallel_tool_use": True,  # an answer has room for one call
    }


def test_a_custom_tool_is_a_function_of_one_string(encode: Encode) -> None:
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: WORD"}}
    body = encode(
        CLAUDE, tools=[{"type": "custom", "custom": {"name": "run", "description": "Runs code", "format": grammar}}]
    )
    (spec,) = specs(body)
    assert spec["inputSchema"]["json"]["required"] == ["input"]
    assert spec["description"].startswith("Runs code")
    assert "start: WORD" in spec["description"]


def test_equal_tools_are_sent_once_and_differing_ones_refused(adapter: Adapter, encode: Encode) -> None:
    assert len(specs(encode(CLAUDE, tools=[tool("f"), tool("f")]))) == 1
    with pytest.raises(RequestError) as refused:
        encode(CLAUDE, tools=[tool("f"), tool("f", {"a": {"type": "string"}})])
    assert refused.value.param == "tools[1].function"


def test_tools_for_a_model_without_tool_use_are_refused(encode: Encode) -> None:
    with pytest.raises(RequestError) as refused:
        encode(NO_TOOLS, tools=[tool("f")])
    assert (refused.value.status, refused.value.param) == (400, "tools")
    assert "toolConfig" not in encode(NO_TOOLS, tools=[])


class Marks:
    """A mark as prompt caching has it."""

    @hookimpl
    def bedrock_content_converters(self, route: Route) -> list[Converter]:
        def mark(call: Call, value: Any, path: str) -> list[Json]:
            return [{"cachePoint": {"type": "default"}}] if path == "tools[0].owl_mark" else []

        return [Converter("mark", "owl_mark", mark)]


def test_marks_of_a_tool_stand_after_it(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(Marks())
    tools = [{**tool("f"), "owl_mark": True}, tool("g")]
    body = adapter.encode({"model": CLAUDE, "messages": [ASK], "tools": tools}).requests[0].body
    assert body is not None
    assert [next(iter(each)) for each in body["toolConfig"]["tools"]] == ["toolSpec", "cachePoint", "toolSpec"]


# -- schemas --------------------------------------------------------------------------------------------------------------

TREE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "description": "A tree",
    "properties": {"root": {"$ref": "#/$defs/Node"}, "size": {"$ref": "#/$defs/Size"}},
    "required": ["root"],
    "minProperties": 1,
    "$defs": {
        "Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}},
        "Size": {"type": "integer", "minimum": 1},
    },
}
FLAT = {
    "type": "object",
    "properties": {"at": {"$ref": "#/$defs/Point", "description": "Where"}},
    "$defs": {
        "Point": {"type": "object", "properties": {"x": {"$ref": "#/$defs/Number"}}},
        "Number": {"type": "number"},
    },
}
UNION = {
    "anyOf": [{"$ref": "#/$defs/A"}, {"type": "object", "properties": {"self": {"$ref": "#"}}}],
    "$defs": {"A": {"type": "object"}},
}


def test_a_schema_arrives_whole_where_the_family_takes_it(encode: Encode) -> None:
    assert schema_of(encode(CLAUDE, tools=with_schema(TREE))) == {
        name: value for name, value in TREE.items() if name != "$schema"
    }


def test_definitions_are_inlined_where_the_model_does_not_see_them(encode: Encode) -> None:
    assert schema_of(encode(GPT_OSS, tools=with_schema(FLAT))) == {
        "type": "object",
        "properties": {"at": {"type": "object", "properties": {"x": {"type": "number"}}, "description": "Where"}},
    }


def test_recursive_definitions_are_told_where_the_model_does_not_see_them(encode: Encode) -> None:
    body = encode(GPT_OSS, tools=with_schema(TREE, description="Plants"))
    assert schema_of(body)["properties"]["size"] == {"type": "integer", "minimum": 1}
    assert schema_of(body)["properties"]["root"] == {"$ref": "#/$defs/Node"}
    description = specs(body)[0]["description"]
    assert description.startswith("Plants\n\n")
    assert '"Node": {"type": "object"' in description


def test_keywords_at_the_root_go_to_the_description_where_the_family_takes_few(encode: Encode) -> None:
    body = encode(NOVA, tools=with_schema({**FLAT, "description": "A place", "minProperties": 1, "title": "Place"}))
    assert schema_of(body) == {
        "type": "object",
        "title": "Place",
        "properties": {"at": {"type": "object", "properties": {"x": {"type": "number"}}, "description": "Where"}},
    }
    assert "A place" in specs(body)[0]["description"]
    assert '"minProperties": 1' in specs(body)[0]["description"]


def test_a_recursive_schema_is_wrapped_where_definitions_cannot_stand_at_the_root(encode: Encode) -> None:
    schema = schema_of(encode(NOVA, tools=with_schema(TREE)))
    assert set(schema) == {"type", "properties", "required", "additionalProperties"}
    inner = schema["properties"]["value"]
    assert inner["properties"]["root"] == {"$ref": "#/properties/value/$defs/Node"}
    assert inner["$defs"]["Node"]["properties"]["next"] == {"$ref": "#/properties/value/$defs/Node"}


def test_a_union_at_the_root_is_wrapped(encode: Encode) -> None:
    assert schema_of(encode(CLAUDE, tools=with_schema(UNION))) == {
        "type": "object",
        "properties": {
            "value": {
                "anyOf": [
                    {"$ref": "#/$defs/A"},
                    {"type": "object", "properties": {"self": {"$ref": "#/properties/value"}}},
                ]
            }
        },
        "required": ["value"],
        "additionalProperties": False,
        "$defs": {"A": {"type": "object"}},
    }


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({"type": ["object", "null"], "properties": {}}, {"type": "object", "properties": {}}),
        ({"properties": {"a": {}}}, {"type": "object", "properties": {"a": {}}}),
        ({"type": "object", "properties": []}, {"type": "object", "properties": {}}),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object"}}},
            {"type": "object", "$defs": {"A": {"type": "object"}}},
        ),
    ],
)
def test_the_root_is_an_object(encode: Encode, schema: Json, sent: Json) -> None:
    assert schema_of(encode(CLAUDE, tools=with_schema(schema))) == sent


def test_what_a_schema_became_is_noted_and_the_request_is_untouched(adapter: Adapter) -> None:
    request = {"model": NOVA, "messages": [ASK], "tools": with_schema(TREE)}
    before = repr(request)
    assert "tools[0].function.parameters" in {note.param for note in adapter.encode(request).notes}
    assert repr(request) == before


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=4)
    | st.sampled_from(["object", "#", "#/$defs/a", "array"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "$ref", "$defs", "items", "anyOf", "required", "a", "additionalProperties"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("model", [CLAUDE, NOVA, GPT_OSS])
@given(
    schema=st.dictionaries(
        st.sampled_from(["type", "properties", "$ref", "$defs", "anyOf", "a"]), json_values, max_size=4
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_any_schema_gives_an_object_root_or_a_refusal(encode: Encode, model: str, schema: Json) -> None:
    sent = schema_of(encode(model, tools=with_schema(schema, strict=True)))
    assert sent["type"] == "object"
    assert not {"anyOf", "oneOf", "allOf", "$ref"} & set(sent)


# -- strict ---------------------------------------------------------------------------------------------------------------


def strict(schema: Json, **members: Any) -> list[Json]:
    return with_schema(schema, strict=True, **members)


def test_strict_closes_every_object_and_describes_limits(encode: Encode) -> None:
    inner = {
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 9, "description": "Count"}},
    }
    spec = specs(
        encode(CLAUDE, tools=strict({"type": "object", "properties": {"inner": inner}, "required": ["inner"]}))
    )[0]
    assert spec["strict"] is True
    assert spec["inputSchema"]["json"] == {
        "type": "object",
        "properties": {
            "inner": {
                "type": "object",
                "properties": {"n": {"type": "integer", "description": "Count (minimum: 1, maximum: 9)"}},
                "additionalProperties": False,
            }
        },
        "required": ["inner"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    "schema", [TREE, {"type": "object", "additionalProperties": {"type": "string"}}, {"type": "object"}]
)
def test_strict_is_dropped_where_closing_would_change_the_meaning(adapter: Adapter, schema: Json) -> None:
    encoded = adapter.encode({"model": CLAUDE, "messages": [ASK], "tools": strict(schema)})
    assert encoded.requests[0].body is not None
    assert "strict" not in specs(encoded.requests[0].body)[0]
    assert ("tools[0].function.strict", "dropped") in [note[:2] for note in encoded.notes]


def test_strict_is_dropped_for_a_model_without_it(
    adapter: Adapter, bedrock_adapter_for: Callable[..., Adapter]
) -> None:
    request = {"model": NOVA, "messages": [ASK], "tools": strict({"type": "object", "properties": {}})}
    encoded = adapter.encode(request)
    assert ("tools[0].function.strict", "dropped") in [note[:2] for note in encoded.notes]
    with pytest.raises(RequestError, match="strict"):
        bedrock_adapter_for(strict=True).encode(request)


def test_no_more_strict_tools_than_bedrock_compiles(adapter: Adapter) -> None:
    tools = [tool(f"f{index}", strict=True) for index in range(22)]
    encoded = adapter.encode({"model": CLAUDE, "messages": [ASK], "tools": tools})
    assert encoded.requests[0].body is not None
    assert [bool(spec.get("strict")) for spec in specs(encoded.requests[0].body)] == [True] * 20 + [False] * 2


# -- names ----------------------------------------------------------------------------------------------------------------


def wire_names(body: Json) -> list[str]:
    return [spec["name"] for spec in specs(body)]


def test_valid_names_stay_and_others_become_slugs(encode: Encode) -> None:
    names = ["get_weather", "get.weather!", "天気", "n" * 80, "a.b", "a b"]
    sent = wire_names(encode(CLAUDE, tools=[tool(name) for name in names]))
    assert sent[:2] == ["get_weather", "get_weather_"]
    assert len(set(sent)) == len(names)
    assert all(1 <= len(name) <= 64 and name.isascii() for name in sent)


def test_names_do_not_depend_on_the_order_of_tools(encode: Encode) -> None:
    names = ["a.b", "a b", "a_b", "x.y"]
    one = dict(zip(names, wire_names(encode(CLAUDE, tools=[tool(name) for name in names])), strict=True))
    other = dict(zip(names[::-1], wire_names(encode(CLAUDE, tools=[tool(name) for name in names[::-1]])), strict=True))
    assert one == other


def test_a_family_may_take_fewer_characters(encode: Encode) -> None:
    assert wire_names(encode(NOVA, tools=[tool("get-weather")])) == ["get_weather"]
    assert wire_names(encode(CLAUDE, tools=[tool("get-weather")])) == ["get-weather"]


@given(
    names=st.lists(
        st.text(min_size=1, max_size=90) | st.from_regex(r"[a-c._-]{1,4}", fullmatch=True),
        min_size=1,
        max_size=12,
        unique=True,
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@pytest.mark.parametrize("model", [CLAUDE, NOVA])
def test_names_are_a_bijection(encode: Encode, model: str, names: list[str]) -> None:
    sent = wire_names(encode(model, tools=[tool(name) for name in names]))
    assert len(set(sent)) == len(names)
    assert all(
        len(name) <= 64 and set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
        for name in sent
    )


# -- malformed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": "f"}, "tools"),
        ({"tools": [1]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "web"}]}, "tools[0].type"),
        ({"tools": [{"type": ["function"]}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": {"name": 1}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0].function.name"),
        ({"tools": with_schema("x")}, "tools[0].function.parameters"),
        ({"tools": with_schema({}, description=1)}, "tools[0].function.description"),
        ({"tools": with_schema({}, strict="yes")}, "tools[0].function.strict"),
        ({"tools": [{"type": "custom", "custom": {"name": "c", "format": {"type": "x"}}}]}, "tools[0].custom.format.type"),
        ({"tools": [{"type": "custom", "custom": {"name": "c", "format": {"type": "grammar"}}}]}, "tools[0].custom.format.grammar"),
        ({"functions": {}}, "functions"),
        ({"functions": [{"name": None}]}, "functions[0].name"),
        ({"tools": [tool("f")], "tool_choice": 1}, "tool_choice"),
        ({"tools": [tool("f")], "tool_choice": "never"}, "tool_choice"),
        ({"tools": [tool("f")], "tool_choice": {"type": "x"}}, "tool_choice.type"),
        ({"tools": [tool("f")], "tool_choice": {"type": []}}, "tool_choice.type"),
        ({"tools": [tool("f")], "tool_choice": {"type": "function", "function": {}}}, "tool_choice.function.name"),
        ({"tools": [tool("f")], "tool_choice": {"type": "function", "function": {"name": "g"}}}, "tool_choice"),
        ({"tools": [tool("f")], "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "x"}}}, "tool_choice.allowed_tools.mode"),
        ({"tools": [tool("f")], "tool_choice": {"type": "allowed_tools", "allowed_tools": {"tools": []}}}, "tool_choice.allowed_tools.tools"),
        ({"tools": [tool("f")], "tool_choice": {"type": "allowed_tools", "allowed_tools": {"tools": [1]}}}, "tool_choice.allowed_tools.tools[0]"),
        ({"tools": [tool("f")], "parallel_tool_calls": "no"}, "parallel_tool_calls"),
    ],
)  # fmt: skip
def test_malformed_tools_are_named(encode: Encode, fields: Json, param: str) -> None:
    with pytest.raises(RequestError) as refused:
        encode(CLAUDE, **fields)
    assert (refused.value.status, refused.value.param) == (400, param)
