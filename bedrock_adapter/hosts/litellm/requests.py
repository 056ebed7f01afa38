"""LiteLLM's keywords to our terms: an OpenAI request, and the context beside it."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

from bedrock_adapter.call import Context
from bedrock_adapter.hosts.litellm.callback import CARRIER
from bedrock_adapter.types import Json
from bedrock_adapter.wire import Target

# What LiteLLM adds to the parameters of a call for itself.
_OWN_KEYS = frozenset({"allowed_openai_params", "max_retries", "stream", "stream_options", CARRIER})

# Keys of a deployment or request, as LiteLLM's own Bedrock route names them.
_TARGET_KEYS = {
    "aws_region_name": "region",
    "aws_profile_name": "profile",
    "aws_access_key_id": "access_key",
    "aws_secret_access_key": "secret_key",
    "aws_session_token": "session_token",
    "aws_role_name": "role_arn",
    "aws_session_name": "role_session_name",
    "aws_external_id": "external_id",
    "aws_web_identity_token": "web_identity_token",
    "aws_sts_endpoint": "sts_endpoint",
    "aws_bedrock_runtime_endpoint": "runtime_endpoint",
}


def chat_request(model: str, messages: Any, optional_params: Mapping[str, Any], *, stream: bool = False) -> Json:
    """The OpenAI request. A stream's usage is always asked for: LiteLLM counts by it, and shows it to those who asked."""
    request = {**_parameters(optional_params), "model": model, "messages": messages}
    if stream:
        request["stream_options"] = {"include_usage": True}
    return request


def embedding_request(model: str, given: Any, optional_params: Mapping[str, Any]) -> Json:
    """The OpenAI request."""
    return {**_parameters(optional_params), "model": model, "input": given}


def _parameters(optional_params: Mapping[str, Any]) -> Json:
    parameters = {name: value for name, value in optional_params.items() if name not in _OWN_KEYS}
    extra = parameters.get("extra_body")
    if isinstance(extra, Mapping):
        del parameters["extra_body"]
        parameters.update(extra)
    return {**parameters, **(optional_params.get(CARRIER) or {})}


def context(params: Mapping[str, Any], api_key: Any, api_base: Any) -> Context:
    """Who calls, as whom Bedrock is called, and the model behind an opaque id.

    `api_key` is a Bedrock API key, `api_base` a runtime endpoint; `aws_*` come from the deployment or the request.
    """
    target = {ours: params[theirs] for theirs, ours in _TARGET_KEYS.items() if params.get(theirs)}
    if api_key:
        target["bearer_token"] = api_key
    if api_base:
        target.setdefault("runtime_endpoint", api_base)
    return Context(identity=_identity(params), target=Target(**target), base_model=_base_model(params))


def _identity(params: Mapping[str, Any]) -> str:
    """A hash of the key that the proxy has authenticated; "" in the SDK."""
    for name in ("metadata", "litellm_metadata"):
        metadata = params.get(name)
        if isinstance(metadata, Mapping):
            key = metadata.get("user_api_key_hash") or metadata.get("user_api_key")
            if key:
                return hashlib.sha256(str(key).encode()).hexdigest()[:32]
    return ""


def _base_model(params: Mapping[str, Any]) -> str | None:
    info = params.get("model_info")
    base = params.get("base_model") or (info.get("base_model") if isinstance(info, Mapping) else None)
    return base if isinstance(base, str) else None


def is_routed(litellm_params: Mapping[str, Any]) -> bool:
    """Does the call come from a Router, which retries, cools down and falls back by itself?"""
    return any("model_group" in (litellm_params.get(name) or ()) for name in ("metadata", "litellm_metadata"))


def seconds(timeout: Any) -> float | None:
    """LiteLLM's timeout, which it leaves to the provider: a number, or an `httpx.Timeout`, whose `read` counts."""
    value = getattr(timeout, "read", timeout)
    try:
        limit = float(value)
    except (TypeError, ValueError):
        return None
    return limit if limit > 0 and math.isfinite(limit) else None
