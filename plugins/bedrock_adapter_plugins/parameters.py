"""Every request field that no other plugin handles: extensions are sent on, knobs are noted, features are refused.

Source: `CompletionCreateParams` of the openai package; a test fails when it grows a field that is not decided on here.
"""

from collections.abc import Mapping
from typing import Any

from bedrock_adapter import Call, RequestError, Route, Stage, Step, UnsupportedFeatureError, hookimpl
from bedrock_adapter.types import OBJECT, Json

NAME = "parameters"

# Converse's own names for extensions; camelCase means the same.
_CAMEL = {
    "topK": "top_k",
    "anthropicBeta": "anthropic_beta",
    "cacheControl": "cache_control",
    "guardrailConfig": "guardrail_config",
    "performanceConfig": "performance_config",
    "requestMetadata": "request_metadata",
    "promptVariables": "prompt_variables",
    "additionalModelRequestFields": "additional_model_request_fields",
    "additionalModelResponseFieldPaths": "additional_model_response_field_paths",
    "inputType": "input_type",
    "serviceTier": "service_tier",
}

# Knobs: an answer without them is still an answer. Neutral values pass without a note.
KNOBS: dict[str, tuple[tuple[Any, ...], str]] = {
    "logit_bias": ((None, {}), "Bedrock has no logit bias"),
    "metadata": ((None, {}), "the setting for request metadata is off"),
    "prediction": ((None,), "Bedrock has no predicted outputs"),
    "prompt_cache_key": ((None,), "Bedrock routes by the prompt itself"),
    "prompt_cache_options": ((None, {}), "prompt caching is not loaded"),
    "prompt_cache_retention": ((None, "in_memory"), "prompt caching is not loaded"),
    "safety_identifier": ((None,), "Bedrock takes no end-user identifier"),
    "service_tier": ((None, "auto"), "service tiers are not loaded"),
    "store": ((None, False), "Bedrock stores nothing"),
    "top_logprobs": ((None, 0), "Bedrock returns no log probabilities"),
    "user": ((None, ""), "Bedrock takes no end-user identifier"),
    "verbosity": ((None,), "Bedrock has no verbosity"),
    "parallel_tool_calls": ((None, True), "tool use is not loaded"),
    "reasoning_effort": ((None,), "reasoning is not loaded"),
    "reasoning": ((None,), "reasoning is not loaded"),
    "thinking": ((None,), "reasoning is not loaded"),
    "cache_control": ((None,), "prompt caching is not loaded"),
}

# Features: an answer without them is not what was asked for.
FEATURES: dict[str, tuple[tuple[Any, ...], str]] = {
    "n": ((None, 1), "Bedrock gives one choice per request; send several requests"),
    "logprobs": ((None, False), "Bedrock returns no log probabilities"),
    "audio": ((None,), "Bedrock's chat models return no audio"),
    "modalities": ((None, [], ["text"]), "Bedrock's chat models return text only"),
    "moderation": ((None,), "there is no moderation here; use a guardrail (guardrail_config)"),
    "web_search_options": ((None,), "this model has no web search"),
    "tools": ((None, []), "tool use is not loaded"),
    "tool_choice": ((None, "none", "auto"), "tool use is not loaded"),
    "functions": ((None, []), "tool use is not loaded"),
    "function_call": ((None, "none", "auto"), "tool use is not loaded"),
    "response_format": ((None, {"type": "text"}), "structured output is not loaded"),
    "guardrail_config": ((None,), "guardrails are not loaded"),
    "performance_config": ((None,), "performance configuration is not loaded"),
    "request_metadata": ((None, {}), "request metadata is not loaded"),
    "prompt_variables": ((None, {}), "prompt variables are not loaded"),
}

# What hosts and clients put beside OpenAI's fields; it never belongs to a model.
HOST_KEYS = frozenset({
    "allowed_openai_params", "api_base", "api_key", "api_version", "base_url", "cache", "caching", "custom_llm_provider",
    "drop_params", "extra_headers", "extra_query", "fallbacks", "headers", "max_retries", "metadata_", "mock_response",
    "model_info", "no-log", "num_retries", "proxy_server_request", "request_timeout", "tags", "timeout", "ttl", "chat_id",
    "session_id", "id", "background_tasks", "features", "variables", "model_item",
})  # fmt: skip
_HOST_PREFIXES = ("litellm_", "aws_")
_EXTENSIONS = frozenset(
    {"additional_model_request_fields", "additional_model_response_field_paths", "anthropic_beta", "extra_body"}
)


@hookimpl
def bedrock_transform_request(route: Route) -> list[Step]:
    if route.operation != "chat":
        return [Step(Stage.IDENTITY, flatten, needs=_flat, operation="embeddings")]
    return [
        Step(Stage.IDENTITY, flatten, needs=_flat, handles=_EXTENSIONS),
        Step(Stage.IDENTITY, streaming, handles=frozenset({"stream", "stream_options"})),
        Step(Stage.POLICY, extensions),
        Step(Stage.POLICY, leftovers),
    ]


def flatten(call: Call) -> None:
    """A literal `extra_body` is merged as the SDK would have; camelCase names become ours."""
    request = call.request
    if "extra_body" not in request and request.keys().isdisjoint(_CAMEL):
        return
    extra = request.get("extra_body")
    if extra is not None and not isinstance(extra, OBJECT):
        raise RequestError("extra_body must be an object", param="extra_body", code="invalid_type")
    for name, chosen in (("model", request.get("model")), ("stream", call.stream)):
        if extra and extra.get(name, chosen) != chosen:
            raise RequestError(
                f"extra_body.{name} comes too late: {name} must be a field of the request itself",
                param=f"extra_body.{name}",
                code="invalid_value",
            )
    merged = {**request, **(extra or {})}
    merged.pop("extra_body", None)
    call.request = {_CAMEL.get(name, name): value for name, value in merged.items()}


def _flat(call: Call) -> tuple[()]:
    """Needs are asked for before any step runs, and must see the same fields as the steps."""
    flatten(call)
    return ()


def streaming(call: Call) -> None:
    """The two fields that the host and the chunks obey have the right types."""
    for name, kind, words in (("stream", bool, "true or false"), ("stream_options", Mapping, "an object")):
        value = call.request.get(name)
        if value is not None and not isinstance(value, kind):
            raise RequestError(f"{name} must be {words}, not {value!r}", param=name, code="invalid_type")
    options = call.request.get("stream_options") or {}
    if not isinstance(options.get("include_usage"), bool | None):
        param = "stream_options.include_usage"
        raise RequestError(f"{param} must be true or false", param=param, code="invalid_type")
    for name in options:
        if name != "include_usage" and options[name] not in (None, False):
            call.note(f"stream_options.{name}", "ignored", "there is no such option here", NAME)


def extensions(call: Call) -> None:
    """Fields that are Converse's or the model's own, under their documented names."""
    request, body = call.request, call.body
    fields = request.get("additional_model_request_fields")
    if fields is not None:
        if not isinstance(fields, OBJECT):
            raise RequestError(
                "additional_model_request_fields must be an object",
                param="additional_model_request_fields",
                code="invalid_type",
            )
        merge(body.setdefault("additionalModelRequestFields", {}), fields)
    if flags := _strings(call, "anthropic_beta"):
        merge(body.setdefault("additionalModelRequestFields", {}), {"anthropic_beta": flags})
    if paths := _strings(call, "additional_model_response_field_paths"):
        known = body.setdefault("additionalModelResponseFieldPaths", [])
        body["additionalModelResponseFieldPaths"] = list(dict.fromkeys([*known, *paths]))


def _strings(call: Call, name: str) -> list[str]:
    """A list of strings, which may be given as one string."""
    value = call.request.get(name)
    if value is None:
        return []
    strings = [value] if isinstance(value, str) else value
    if not isinstance(strings, list) or not all(isinstance(item, str) for item in strings):
        raise RequestError(f"{name} must be a list of strings", param=name, code="invalid_type")
    return strings


def leftovers(call: Call) -> None:
    """What no step handles: a knob, a feature, a host's key, or a field of the model's own."""
    handled = call.route.handled
    for name, value in call.request.items():
        if name in handled:
            continue
        if name in KNOBS:
            neutral, reason = KNOBS[name]
            if value not in neutral:
                call.note(name, "ignored", reason, NAME)
        elif name in FEATURES:
            neutral, reason = FEATURES[name]
            if value not in neutral:
                raise UnsupportedFeatureError(f"{name} is not supported: {reason}", param=name)
        elif name in HOST_KEYS or name.startswith(_HOST_PREFIXES):
            call.repair(name, "ignored", "it is meant for a host or a client, not for a model", NAME)
        else:
            merge(call.body.setdefault("additionalModelRequestFields", {}), {name: value})


def merge(tree: Json, caller: Mapping[str, Any]) -> None:
    """Deep merge in place; the caller wins, lists of strings are united."""
    for name, value in caller.items():
        own = tree.get(name)
        if isinstance(own, dict) and isinstance(value, OBJECT):
            tree[name] = dict(own)
            merge(tree[name], value)
        elif isinstance(own, list) and isinstance(value, list):
            tree[name] = [*own, *(item for item in value if item not in own)]
        else:
            tree[name] = value
