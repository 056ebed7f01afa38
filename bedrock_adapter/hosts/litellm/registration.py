"""Making LiteLLM know us, without taking anything of others away."""

import logging
from typing import Any

import litellm
from litellm import constants
from litellm.utils import custom_llm_setup

from bedrock_adapter.hosts.litellm.callback import CALLBACK
from bedrock_adapter.hosts.litellm.provider import HANDLER
from bedrock_adapter.hosts.litellm.state import HOST, PROVIDER


def register() -> Any:
    """Enter provider, callback and switches into LiteLLM's globals; returns the handler. May be called any number of times.

    LiteLLM replaces its provider map when it loads a config, so a registration that came first is repeated after it.
    """
    _ = HOST.adapter  # settings that cannot work are an error now
    others = [entry for entry in litellm.custom_provider_map if entry["provider"] != PROVIDER]
    if len(others) == len(litellm.custom_provider_map):
        litellm.custom_provider_map = [*others, {"provider": PROVIDER, "custom_handler": HANDLER}]
    custom_llm_setup()
    litellm.logging_callback_manager.add_litellm_callback(CALLBACK)
    # Without it LiteLLM's cache leaves fields that it does not know out of the key, guardrails and dimensions among them.
    litellm.enable_caching_on_provider_specific_optional_params = True
    _keep_token_arrays()
    _drop_false_alarm()
    return HANDLER


def _keep_token_arrays() -> None:
    """The proxy decodes lists of token arrays with gpt-3.5's tokenizer, except for these providers; we know the alias's own."""
    providers = constants.LITELLM_EMBEDDING_PROVIDERS_SUPPORTING_INPUT_ARRAY_OF_TOKENS
    if isinstance(providers, list) and PROVIDER not in providers:
        providers.append(PROVIDER)


def _is_no_false_alarm(record: logging.LogRecord) -> bool:
    return f"resolves to provider '{PROVIDER}', which ignores them" not in record.getMessage()


def _drop_false_alarm() -> None:
    """LiteLLM warns that a custom provider ignores `aws_*` of its deployments; this one reads them."""
    logger = logging.getLogger("LiteLLM Router")
    if _is_no_false_alarm not in logger.filters:
        logger.addFilter(_is_no_false_alarm)
