"""Every field of OpenAI's chat request is mapped, noted or refused on purpose."""

import typing
from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter, RequestError, UnsupportedFeatureError

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS = "us.anthropic.claude-opus-4-8"
NOVA = "us.amazon.nova-lite-v1:0"
COHERE_R = "cohere.command-r-v1:0"
GPT = "us.openai.gpt-5.6-sol"
GPT_OSS = "openai.gpt-oss-120b-1:0"

MAPPED = "mapped"  # reaches Bedrock where the model takes it
NOTED = "noted"  # a knob: the answer comes without it, and a note says so
REFUSED = "refused"  # a feature: 400

# Field of openai's CompletionCreateParams -> (what happens, a value, how the value is neutral)
FIELDS: dict[str, tuple[str, Any]] = {
    "audio": (REFUSED, {"voice": "alloy", "format": "wav"}),
    "frequency_penalty": (NOTED, 0.5),
    "function_call": (MAPPED, "auto"),
    "functions": (MAPPED, [{"name": "f", "parameters": {"type": "object", "properties": {}}}]),
    "logit_bias": (NOTED, {"50256": -100}),
    "logprobs": (REFUSED, True),
    "max_completion_tokens": (MAPPED, 100),
    "max_tokens": (MAPPED, 100),
    "messages": (MAPPED, [{"role": "user", "content": "Hi"}]),
    "metadata": (NOTED, {"a": "b"}),
    "modalities": (REFUSED, ["text", "audio"]),
    "model": (MAPPED, CLAUDE),
    "moderation": (REFUSED, {"model": "omni"}),
    "n": (REFUSED, 2),
    "parallel_tool_calls": (MAPPED, False),
    "prediction": (NOTED, {"type": "content", "content": "x"}),
    "presence_penalty": (NOTED, 0.5),
    "prompt_cache_key": (NOTED, "k"),
    "prompt_cache_options": (MAPPED, {"mode": "implicit"}),
    "prompt_cache_retention": (MAPPED, "24h"),
    "reasoning_effort": (MAPPED, "low"),
    "response_format": (MAPPED, {"type": "json_object"}),
    "safety_identifier": (NOTED, "x"),
    "seed": (NOTED, 7),
    "service_tier": (MAPPED, "flex"),
    "stop": (MAPPED, ["END"]),
    "store": (NOTED, True),
    "stream": (MAPPED, True),
    "stream_options": (MAPPED, {"include_usage": True}),
    "temperature": (MAPPED, 0.5),
    "tool_choice": (MAPPED, "auto"),
    "tools": (MAPPED, [{"type": "function", "function": {"name": "f"}}]),
    "top_logprobs": (NOTED, 3),
    "top_p": (MAPPED, 0.5),
    "user": (NOTED, "u"),
    "verbosity": (NOTED, "low"),
    "web_search_options": (REFUSED, {"search_context_size": "low"}),
}


@pytest.fixture
def encode(bedrock_adapter_for: Callable[..., Adapter]) -> Callable[..., Any]:
    def run(model: str = CLAUDE, *, settings: dict[str, Any] | None = None, **fields: Any) -> Any:
        request = {"model": model, "messages": [{"role": "user", "content": "Hi"}], **fields}
        return bedrock_adapter_for(**(settings or {})).encode(request)

    return run


def config(encoded: Any) -> dict[str, Any]:
    return dict(encoded.requests[0].body.get("inferenceConfig", {}))


def extra(encoded: Any) -> dict[str, Any]:
    return dict(encoded.requests[0].body.get("additionalModelRequestFields", {}))


def noted(encoded: Any) -> list[str]:
    return [note.param for note in encoded.notes]


def test_the_table_covers_the_installed_openai_package() -> None:
    types = pytest.importorskip("openai.types.chat.completion_create_params")
    known: set[str] = set()
    for params in (types.CompletionCreateParamsNonStreaming, types.CompletionCreateParamsStreaming):
        known |= set(typing.get_type_hints(params, include_extras=True))
    assert known - set(FIELDS) == set(), "new fields of OpenAI's: decide what happens to them"


@pytest.mark.parametrize("field", sorted(name for name, (what, _) in FIELDS.items() if what == REFUSED))
def test_features_are_refused_by_name(encode: Callable[..., Any], field: str) -> None:
    with pytest.raises(UnsupportedFeatureError) as caught:
        encode(**{field: FIELDS[field][1]})
    assert (caught.value.status, caught.value.param, caught.value.code) == (400, field, "unsupported_parameter")


@pytest.mark.parametrize("field", sorted(name for name, (what, _) in FIELDS.items() if what == NOTED))
def test_knobs_are_noted_and_refused_when_strict(encode: Callable[..., Any], field: str) -> None:
    value = FIELDS[field][1]
    encoded = encode(**{field: value})
    assert noted(encoded) == [field]
    assert not extra(encoded)
    with pytest.raises(RequestError) as caught:
        encode(settings={"strict": True}, **{field: value})
    assert (caught.value.status, caught.value.param) == (400, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 1),
        ("n", None),
        ("logprobs", False),
        ("modalities", ["text"]),
        ("logit_bias", {}),
        ("store", False),
        ("frequency_penalty", 0),
        ("user", ""),
        ("parallel_tool_calls", True),
        ("audio", None),
        ("tools", []),
        ("response_format", {"type": "text"}),
        ("service_tier", "auto"),
    ],
)
def test_neutral_values_pass_without_a_note(encode: Callable[..., Any], field: str, value: Any) -> None:
    encoded = encode(settings={"strict": True}, **{field: value})
    assert encoded.notes == []
    assert encoded.requests[0].body == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


@pytest.mark.parametrize("field", sorted(name for name, (what, _) in FIELDS.items() if what == MAPPED))
def test_mapped_fields_never_leak_under_their_own_name(encode: Callable[..., Any], field: str) -> None:
    encoded = encode(**{field: FIELDS[field][1]})
    assert field not in extra(encoded) or field == "thinking"
    assert field == "messages" or field not in encoded.requests[0].body


# -- sampling and limits -------------------------------------------------------------------------------------------------


def test_max_completion_tokens_wins(encode: Callable[..., Any]) -> None:
    assert config(encode(max_tokens=5, max_completion_tokens=6)) == {"maxTokens": 6}
    assert config(encode(max_tokens=5, max_completion_tokens=None)) == {"maxTokens": 5}


def test_a_second_limit_is_noted(encode: Callable[..., Any]) -> None:
    assert noted(encode(max_tokens=10, max_completion_tokens=20)) == ["max_tokens"]
    assert noted(encode(max_tokens=20, max_completion_tokens=20)) == []


def test_no_limit_is_sent_when_none_is_given(encode: Callable[..., Any]) -> None:
    assert "inferenceConfig" not in encode().requests[0].body


def test_a_harmfully_small_default_is_replaced_with_a_note(encode: Callable[..., Any]) -> None:
    encoded = encode("us.anthropic.claude-opus-5-5")
    assert config(encoded)["maxTokens"] > 4096
    assert "max_completion_tokens" in noted(encoded)


def test_a_limit_below_the_models_least_is_raised(encode: Callable[..., Any]) -> None:
    encoded = encode(GPT, max_tokens=3)
    assert config(encoded) == {"maxTokens": 16}
    assert noted(encoded) == ["max_tokens"]


def test_temperature_above_one_is_clamped(encode: Callable[..., Any]) -> None:
    encoded = encode(NOVA, temperature=1.7)
    assert config(encoded) == {"temperature": 1}
    assert noted(encoded) == ["temperature"]


def test_temperature_or_top_p(encode: Callable[..., Any]) -> None:
    encoded = encode(CLAUDE, temperature=0.5, top_p=0.9)
    assert config(encoded) == {"temperature": 0.5}
    assert noted(encoded) == ["top_p"]
    assert config(encode(NOVA, temperature=0.5, top_p=0.9)) == {"temperature": 0.5, "topP": 0.9}


def test_models_without_sampling(encode: Callable[..., Any]) -> None:
    encoded = encode(OPUS, temperature=0.5, top_p=0.9, top_k=5)
    assert config(encoded) == {}
    assert noted(encoded) == ["temperature", "top_p", "top_k"]
    assert not extra(encoded)


@pytest.mark.parametrize(
    ("model", "fields"), [(CLAUDE, {"top_k": 5}), (NOVA, {"inferenceConfig": {"topK": 5}}), (COHERE_R, {"k": 5})]
)
def test_top_k_by_family(encode: Callable[..., Any], model: str, fields: dict[str, Any]) -> None:
    assert extra(encode(model, top_k=5)) == fields
    assert extra(encode(model, topK=5)) == fields


def test_stop_sequences(encode: Callable[..., Any]) -> None:
    assert config(encode(stop="END")) == {"stopSequences": ["END"]}
    encoded = encode(stop=["", "END", " "])
    assert config(encoded) == {"stopSequences": ["END"]}
    assert noted(encoded) == ["stop"]
    encoded = encode(GPT_OSS, stop="END")
    assert config(encoded) == {}
    assert noted(encoded) == ["stop"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_tokens", 0),
        ("max_tokens", 1.5),
        ("max_tokens", "many"),
        ("max_completion_tokens", True),
        ("temperature", "warm"),
        ("temperature", -1),
        ("temperature", 2.5),
        ("top_p", 1.1),
        ("stop", 5),
        ("stop", [5]),
        ("top_k", "five"),
        ("seed", "five"),
        ("top_k", -1),
        ("top_k", 1.5),
        ("top_k", 2**70),
        ("extra_body", 5),
        ("additional_model_request_fields", 5),
        ("additional_model_response_field_paths", 5),
        ("anthropic_beta", {}),
        ("stream_options", 5),
        ("stream", "yes"),
    ],
)
def test_values_of_wrong_type_are_refused_by_name(encode: Callable[..., Any], field: str, value: Any) -> None:
    with pytest.raises(RequestError) as caught:
        encode(**{field: value})
    assert (caught.value.status, caught.value.param) == (400, field)


@pytest.mark.parametrize("model", [None, 5, "", " "])
def test_model_must_be_a_string(encode: Callable[..., Any], model: Any) -> None:
    with pytest.raises(RequestError) as caught:
        encode(model)
    assert (caught.value.status, caught.value.param) == (400, "model")


@pytest.mark.parametrize("request_", [[], "x", None, 5])
def test_a_request_must_be_an_object(bedrock_adapter_for: Callable[..., Adapter], request_: Any) -> None:
    adapter = bedrock_adapter_for()
    for refuse in (adapter.encode, adapter.needs, adapter.chat):
        with pytest.raises(RequestError, match="must be an object"):
            refuse(request_)


@pytest.mark.parametrize("model", ["\ud800", "x" * 3000, ".", ".."])
def test_models_that_no_url_can_say(encode: Callable[..., Any], model: str) -> None:
    with pytest.raises(RequestError) as caught:
        encode(model)
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")


# -- extensions ----------------------------------------------------------------------------------------------------------


def test_unknown_fields_go_to_the_model(encode: Callable[..., Any]) -> None:
    encoded = encode(acme_mode="owl", additional_model_request_fields={"a": {"b": 1}}, a={"c": 2})
    assert extra(encoded) == {"acme_mode": "owl", "a": {"b": 1, "c": 2}}
    assert encoded.notes == []


def test_a_literal_extra_body_is_flattened(encode: Callable[..., Any]) -> None:
    encoded = encode(extra_body={"top_k": 5, "acme_mode": "owl", "temperature": 0.5})
    assert extra(encoded) == {"top_k": 5, "acme_mode": "owl"}
    assert config(encoded) == {"temperature": 0.5}


@pytest.mark.parametrize(
    "extra_body",
    [
        {
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.example/b"}}]}
            ]
        },
        {"input": [1, 2]},
    ],
)
def test_what_a_literal_extra_body_needs_is_known(bedrock_adapter_for: Callable[..., Adapter], extra_body: Any) -> None:
    own = {"model": "amazon.titan-embed-text-v2:0", "input": "x"} if "input" in extra_body else {"model": CLAUDE}
    assert len(bedrock_adapter_for().needs({**own, "extra_body": extra_body})) == 1


@pytest.mark.parametrize("extra_body", [{"model": NOVA}, {"stream": True}])
def test_what_is_decided_before_extra_body_is_read_is_refused_in_it(
    encode: Callable[..., Any], extra_body: Any
) -> None:
    with pytest.raises(RequestError) as caught:
        encode(extra_body=extra_body)
    assert (caught.value.status, caught.value.param) == (400, f"extra_body.{next(iter(extra_body))}")
    assert encode(extra_body={"model": CLAUDE, "stream": False}).notes == []
    assert encode(stream=True, extra_body={"stream": True}).notes == []


def test_unknown_stream_options_are_noted(encode: Callable[..., Any]) -> None:
    options = {"include_usage": True, "include_obfuscation": True, "acme": 1}
    encoded = encode(stream=True, stream_options=options)
    assert noted(encoded) == ["stream_options.include_obfuscation", "stream_options.acme"]
    assert encode(stream=True, stream_options={"include_usage": None, "include_obfuscation": False}).notes == []
    with pytest.raises(RequestError) as caught:
        encode(stream=True, stream_options={"include_usage": "yes"})
    assert caught.value.param == "stream_options.include_usage"


def test_host_keys_are_noted(encode: Callable[..., Any]) -> None:
    encoded = encode(litellm_call_id="x", tags=["a"], caching=True)
    assert not extra(encoded)
    assert sorted(noted(encoded)) == ["caching", "litellm_call_id", "tags"]


def test_beta_flags_and_response_paths(encode: Callable[..., Any]) -> None:
    encoded = encode(anthropicBeta=["x-1"], additionalModelResponseFieldPaths=["/stop_sequence"])
    assert extra(encoded) == {"anthropic_beta": ["x-1"]}
    assert encoded.requests[0].body["additionalModelResponseFieldPaths"] == ["/stop_sequence"]


def test_the_callers_request_is_never_modified(encode: Callable[..., Any]) -> None:
    fields = {"extra_body": {"a": {"b": 1}}, "additional_model_request_fields": {"a": {"c": [1]}}, "stop": ["x"]}
    before = repr(fields)
    encode(**fields)
    assert repr(fields) == before
