"""Opens the gate: LiteLLM refuses or drops, for custom providers, parameters that Bedrock has.

The hook runs on every async path of the SDK and of the proxy, after the deployment was chosen and before LiteLLM checks
parameters and looks into its cache. On sync paths it does not: `completion` and `embedding` of this package do it there.
"""

from collections.abc import Mapping
from typing import Any

from litellm.constants import DEFAULT_CHAT_COMPLETION_PARAM_VALUES
from litellm.integrations.custom_logger import CustomLogger

from bedrock_adapter.hosts.litellm import deployments
from bedrock_adapter.hosts.litellm.state import PREFIX, PROVIDER
from bedrock_adapter.types import Json

CARRIER = "bedrock_adapter_openai_params"
"""Private keyword in which parameters travel that LiteLLM lets pass under no name of its own."""

# LiteLLM's own controls, and names that it maps by itself.
_NOT_GATED = frozenset({
    "additional_drop_params", "allowed_openai_params", "api_version", "custom_llm_provider", "drop_params", "extra_headers",
    "max_completion_tokens", "max_retries", "max_tokens", "messages", "metadata", "model", "stream", "stream_options",
})  # fmt: skip
_GATED = frozenset(DEFAULT_CHAT_COMPLETION_PARAM_VALUES) - _NOT_GATED
_CARRIED_FOR_CHAT = ("prompt_cache_retention",)
_CARRIED_FOR_EMBEDDINGS = ("dimensions", "encoding_format", "user")
_CHAT = frozenset(
    {"completion", "acompletion", "text_completion", "atext_completion", "anthropic_messages", "aresponses"}
)


class GateOpener(CustomLogger):
    """Changes requests to our provider only."""

    async def async_pre_call_deployment_hook(self, kwargs: Json, call_type: Any) -> Json | None:
        """See LiteLLM's `CustomLogger`; returns the keywords to go on with."""
        kind = getattr(call_type, "value", call_type)
        if kind in _CHAT:
            return opened_chat(kwargs)
        if kind in ("embedding", "aembedding"):
            return opened_embedding(kwargs)
        return None

    async def async_pre_call_hook(self, **_: Any) -> None:
        """Runs in the proxy before the Router looks for a deployment: ours are there, whatever has removed them."""
        deployments.restore()


CALLBACK = GateOpener()


def opened_chat(kwargs: Mapping[str, Any], model: Any = None) -> Json:
    """Keywords of a chat call with every parameter allowed that LiteLLM would refuse or drop."""
    opened = dict(kwargs)
    if not _is_ours(opened, model):
        return opened
    _carry(opened, _CARRIED_FOR_CHAT)
    allowed = opened.get("allowed_openai_params") or ()
    wanted = [name for name in opened if name in _GATED and opened[name] is not None]
    if wanted:
        opened["allowed_openai_params"] = list(dict.fromkeys([*allowed, *wanted]))
    return opened


def opened_embedding(kwargs: Mapping[str, Any], model: Any = None) -> Json:
    """Keywords of an embedding call; what LiteLLM would refuse is moved to `CARRIER`."""
    opened = dict(kwargs)
    if _is_ours(opened, model):
        _carry(opened, _CARRIED_FOR_EMBEDDINGS)
    return opened


def _carry(opened: Json, names: tuple[str, ...]) -> None:
    carried = {name: opened.pop(name) for name in names if opened.get(name) is not None}
    if carried:
        opened[CARRIER] = {**opened.get(CARRIER, {}), **carried}


def _is_ours(kwargs: Mapping[str, Any], model: Any) -> bool:
    if provider := kwargs.get("custom_llm_provider"):
        return bool(provider == PROVIDER)
    model = kwargs.get("model", model)
    return isinstance(model, str) and model.startswith(PREFIX)
