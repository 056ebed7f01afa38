"""Service tier, performance, request metadata, prompts, citations, web search: one field each."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, Context, Note
from bedrock_adapter.errors import ConfigError, RequestError, ServiceError, UnsupportedFeatureError
from bedrock_adapter.testing.emulator import BedrockEmulator, HttpError
from bedrock_adapter.types import Json

Encode = Callable[..., tuple[Json, list[Note]]]
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-lite-v1:0"
PROMPT = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1"
PDF = {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0xLjQK", "filename": "a.pdf"}}


def request(**fields: Any) -> dict[str, Any]:
    return {"model": CLAUDE, "messages": [{"role": "user", "content": "hi"}], **fields}


# -- service ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tier", "sent"),
    [
        (None, None),
        ("auto", None),
        ("default", None),
        ("flex", "flex"),
        ("priority", "priority"),
        ("fast", "priority"),
        ("reserved", "reserved"),
        ({"type": "flex"}, "flex"),
    ],
)
def test_service_tiers(encode: Encode, tier: Any, sent: str | None) -> None:
    for field in ("service_tier", "serviceTier"):
        body, notes = encode(request(**{field: tier}), strict=True)
        assert body.get("serviceTier") == (sent and {"type": sent})
        assert notes == []


def test_scale_is_noted(encode: Encode) -> None:
    body, notes = encode(request(service_tier="scale"))
    assert "serviceTier" not in body
    assert [(note.param, note.action) for note in notes] == [("service_tier", "ignored")]


@pytest.mark.parametrize("tier", ["slow", 7, [], {}, {"type": "slow"}, True])
def test_unknown_tiers_are_refused(encode: Encode, tier: Any) -> None:
    with pytest.raises(RequestError) as caught:
        encode(request(service_tier=tier))
    assert (caught.value.status, caught.value.param) == (400, "service_tier")


def test_a_model_without_the_tier_serves_at_the_usual_one(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    bedrock_emulator.script.next(
        HttpError("ValidationException", "The service tier provided is not supported for this model")
    )
    bedrock_adapter_for().chat(request(service_tier="flex"))
    assert ["serviceTier" in sent.body for sent in bedrock_emulator.requests] == [True, False]


def test_a_missing_reservation_is_an_error(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    bedrock_emulator.script.next(HttpError("ValidationException", "Reservation not found for this service tier."))
    with pytest.raises(ServiceError, match="Reservation"):
        bedrock_adapter_for().chat(request(service_tier="reserved"))


def test_the_tier_comes_back(bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator) -> None:
    assert bedrock_adapter_for().chat(request(service_tier="priority"))["service_tier"] == "priority"


def test_performance(encode: Encode) -> None:
    wrong: Any
    for field in ("performance_config", "performanceConfig"):
        assert encode(request(**{field: {"latency": "optimized"}}))[0]["performanceConfig"] == {"latency": "optimized"}
    for wrong in ("optimized", {}, {"latency": "fast"}, {"latency": []}, 7):
        with pytest.raises(RequestError) as caught:
            encode(request(performance_config=wrong))
        assert caught.value.param == "performance_config.latency"


# -- metadata ---------------------------------------------------------------------------------------------------------


def test_request_metadata_is_sent(encode: Encode) -> None:
    given = {"team": "a-1", "cost": 7, "live": True}
    for field in ("request_metadata", "requestMetadata"):
        body, notes = encode(request(**{field: given}), strict=True)
        assert body["requestMetadata"] == {"team": "a-1", "cost": "7", "live": "true"}
        assert notes == []


def test_it_is_cleaned_with_notes(encode: Encode) -> None:
    given = {"k{}": 'a"b', "long": "x" * 300, "": "empty", **{f"n{number}": "v" for number in range(16)}}
    body, notes = encode(request(request_metadata=given), strict=True)
    sent = body["requestMetadata"]
    assert len(sent) == 16
    assert (sent["k__"], sent["long"]) == ("a_b", "x" * 256)
    assert [note.action for note in notes] == ["changed", "changed", "dropped", "dropped", "dropped"]


def test_openais_fields_are_sent_where_the_operator_wants_it(encode: Encode) -> None:
    asked = request(metadata={"a": "b"}, user="u1", safety_identifier="s1")
    body, notes = encode(asked)
    assert "requestMetadata" not in body
    assert sorted(note.param for note in notes) == ["metadata", "safety_identifier", "user"]
    options = {"metadata": {"fields": ["metadata", "user"], "identity": True}}
    body, notes = encode(asked, options=options, context=Context(identity="key-1"))
    assert body["requestMetadata"] == {"identity": "key-1", "a": "b", "user": "u1"}
    assert [note.param for note in notes] == ["safety_identifier"]


@pytest.mark.parametrize("identity", ["me", {"identity": "me"}])
def test_a_client_cannot_pose_as_another(encode: Encode, identity: Any) -> None:
    given = identity if isinstance(identity, dict) else {"identity": identity}
    options = {"metadata": {"identity": True}}
    body, _ = encode(request(request_metadata=given), options=options, context=Context(identity="key-1"))
    assert body["requestMetadata"] == {"identity": "key-1"}


@pytest.mark.parametrize("value", [7, "a", [], {"a": []}, {"a": {}}, {"a": None}])
def test_malformed_metadata_names_the_key(encode: Encode, value: Any) -> None:
    with pytest.raises(RequestError) as caught:
        encode(request(request_metadata=value))
    assert str(caught.value.param).startswith("request_metadata")


@pytest.fixture
def adapter(bedrock_emulator: BedrockEmulator, bedrock_adapter_for: Callable[..., Adapter]) -> Adapter:
    return bedrock_adapter_for()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(max_size=300), st.text(max_size=300), max_size=20))
def test_any_metadata_is_taken_by_bedrock(adapter: Adapter, metadata: dict[str, str]) -> None:
    assert adapter.chat(request(request_metadata=metadata))["choices"]


def test_unknown_fields_of_the_option_are_refused(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    with pytest.raises(ConfigError):
        bedrock_adapter_for(options={"metadata": {"fields": ["model"]}}).encode(request())


# -- prompts ----------------------------------------------------------------------------------------------------------


def test_variables_of_a_stored_prompt(encode: Encode) -> None:
    for field in ("prompt_variables", "promptVariables"):
        body, _ = encode(request(model=PROMPT, **{field: {"topic": "owls", "n": {"text": "3"}, "m": 4}}))
        assert body["promptVariables"] == {"topic": {"text": "owls"}, "n": {"text": "3"}, "m": {"text": "4"}}


def test_a_stored_prompt_brings_its_own_settings(encode: Encode) -> None:
    body, notes = encode(request(model=PROMPT, max_tokens=5, top_p=0.5, my_field=1))
    assert set(body) == {"messages"}
    assert {"inferenceConfig", "additionalModelRequestFields"} <= {note.param for note in notes}
    tool = {"type": "function", "function": {"name": "f"}}
    for fields, param in (
        ({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]}, "messages"),
        ({"tools": [tool]}, "tools"),
    ):
        with pytest.raises(UnsupportedFeatureError) as caught:
            encode(request(model=PROMPT, **fields))
        assert caught.value.param == param


def test_variables_without_a_prompt_are_noted(encode: Encode) -> None:
    body, notes = encode(request(prompt_variables={"a": "b"}))
    assert "promptVariables" not in body
    assert [(note.param, note.action) for note in notes] == [("prompt_variables", "ignored")]
    assert encode(request(prompt_variables={}))[1] == []


@pytest.mark.parametrize("value", [7, "a", [], {"a": []}, {"a": {"text": 7.5j}}, {"a": None}, {"a": True}])
def test_malformed_variables_name_the_key(encode: Encode, value: Any) -> None:
    with pytest.raises(RequestError) as caught:
        encode(request(model=PROMPT, prompt_variables=value))
    assert str(caught.value.param).startswith("prompt_variables")


# -- citations --------------------------------------------------------------------------------------------------------


def cited(value: Any, model: str = CLAUDE, **fields: Any) -> dict[str, Any]:
    part = {**PDF, "citations": value} if value is not None else PDF
    content = [{"type": "text", "text": "t"}, part]
    return request(messages=[{"role": "user", "content": content}], model=model, **fields)


@pytest.mark.parametrize(
    ("value", "option", "on"),
    [
        (None, False, False),
        ({"enabled": True}, False, True),
        (True, False, True),
        ({"enabled": False}, True, False),
        (None, True, True),
    ],
)
def test_citations_of_documents(encode: Encode, value: Any, option: bool, on: bool) -> None:
    body, notes = encode(cited(value), options={"citations": {"documents": option}}, strict=True)
    document = body["messages"][0]["content"][1]["document"]
    assert document.get("citations") == ({"enabled": True} if on else None)
    assert notes == []


def test_models_that_do_not_cite_are_noted_where_it_was_asked_for(encode: Encode) -> None:
    body, notes = encode(cited(True, NOVA))
    assert "citations" not in str(body)
    assert [(note.param, note.action) for note in notes] == [("messages[0].content[1].citations", "dropped")]
    assert encode(cited(None, NOVA), options={"citations": {"documents": True}}, strict=True)[1] == []


def test_citations_and_structured_output_exclude_each_other(encode: Encode) -> None:
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    format_ = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema, "strict": True}}
    body, notes = encode(cited(True, response_format=format_))
    assert "outputConfig" in body
    assert "citations" not in str(body["messages"])
    assert "citations" in [note.plugin for note in notes]


@pytest.mark.parametrize("value", [7, "on", [], {}, {"enabled": "yes"}])
def test_malformed_citations_name_the_key(encode: Encode, value: Any) -> None:
    with pytest.raises(RequestError) as caught:
        encode(cited(value))
    assert caught.value.param == "messages[0].content[1].citations"


PAGE = {"location": {"web": {"url": "https://a.example/b", "domain": "a.example"}}, "title": "B"}
CHUNK = {
    "location": {"documentChunk": {"documentIndex": 0, "start": 0, "end": 1}},
    "title": "P",
    "sourceContent": [{"text": "x"}],
}
FOUND = {
    "location": {"searchResultLocation": {"searchResultIndex": 0, "start": 0, "end": 1}},
    "source": "https://c.example/",
}
ANSWER = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"text": "Says "},
                {"citationsContent": {"content": [{"text": "twenty"}, {"text": " days"}], "citations": [CHUNK, PAGE]}},
                {"text": " and "},
                {"citationsContent": {"content": [{"text": "more"}], "citations": [FOUND]}},
            ],
        }
    },
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_cited_comes_back(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, stream: bool
) -> None:
    bedrock_emulator.script.next(ANSWER)
    adapter = bedrock_adapter_for()
    if stream:
        deltas = [choice["delta"] for chunk in adapter.stream(request(stream=True)) for choice in chunk["choices"]]
        content = "".join(delta.get("content") or "" for delta in deltas)
        annotations = [item for delta in deltas for item in delta.get("annotations", ())]
        citations = [item for delta in deltas for item in delta.get("citations", ())]
    else:
        message = adapter.chat(request())["choices"][0]["message"]
        content, annotations, citations = message["content"], message["annotations"], message["citations"]
    assert content == "Says twenty days and more"
    assert citations == [CHUNK, PAGE, FOUND]
    spans = [annotation["url_citation"] for annotation in annotations]
    assert [content[span["start_index"] : span["end_index"]] for span in spans] == ["twenty days", "more"]
    assert [(span["url"], span["title"]) for span in spans] == [
        ("https://a.example/b", "B"),
        ("https://c.example/", ""),
    ]


# -- web search -------------------------------------------------------------------------------------------------------

SEARCH = {"systemTool": {"name": "nova_grounding"}}


def test_novas_grounding(encode: Encode) -> None:
    body, notes = encode(request(model=NOVA, web_search_options={}), strict=True)
    assert body["toolConfig"]["tools"] == [SEARCH]
    assert notes == []
    tool = {"type": "function", "function": {"name": "f"}}
    body, notes = encode(
        request(model=NOVA, tools=[tool], web_search_options={"search_context_size": "low", "user_location": None})
    )
    assert [next(iter(item)) for item in body["toolConfig"]["tools"]] == ["toolSpec", "systemTool"]
    assert [note.param for note in notes] == ["web_search_options.search_context_size"]


def test_other_models_have_no_web_search(encode: Encode) -> None:
    with pytest.raises(UnsupportedFeatureError) as caught:
        encode(request(web_search_options={}))
    assert caught.value.param == "web_search_options"
    assert encode(request(web_search_options=None))
    with pytest.raises(RequestError) as caught_type:
        encode(request(model=NOVA, web_search_options=7))
    assert caught_type.value.param == "web_search_options"


# -- all of them ------------------------------------------------------------------------------------------------------

PLUGINS = ["caching", "citations", "grounding", "guardrails", "media", "metadata", "prompts", "service"]


def test_each_is_named_by_explain_and_can_be_disabled(bedrock_environment: Any) -> None:
    from bedrock_adapter import Adapter

    def named(**options: Any) -> set[str]:
        explained = Adapter(**options).explain(NOVA)
        return {item["plugin"] for item in [*explained["steps"], *explained["converters"]]}

    assert set(PLUGINS) <= named()
    for plugin in PLUGINS:
        assert plugin not in named(disable=plugin)


FIELDS = ["service_tier", "performance_config", "request_metadata", "prompt_variables", "guardrail_config",
          "web_search_options", "cache_control", "prompt_cache_options", "prompt_cache_retention", "prompt_caching"]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "mode", "ttl", "id", "version", "latency", "system"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FIELDS), JSON, st.sampled_from([CLAUDE, NOVA, PROMPT]))
def test_whatever_a_field_holds_it_is_never_a_server_error(
    adapter: Adapter, field: str, value: Any, model: str
) -> None:
    refused: RequestError | None = None
    try:
        adapter.encode(request(model=model, **{field: value}))
    except RequestError as error:
        refused = error
    assert refused is None or (refused.status == 400 and str(refused.param).startswith(field))
