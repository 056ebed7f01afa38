"""The LiteLLM host: the only code that imports litellm, and only once one of these names is asked for.

One line of a proxy's config brings everything:

    litellm_settings:
      custom_provider_map:
        - {provider: bedrock_adapter, custom_handler: bedrock_adapter.hosts.litellm.handler}

LiteLLM reads `handler` while it loads its config, within the running event loop and before it builds its Router. Here that is a
module-level `__getattr__`, which registers provider, callback, prices and the background task that publishes models. Neither
`handler` nor a function below may become the name of a submodule: importing it would take the attribute's place.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bedrock_adapter.adapter import Adapter
    from bedrock_adapter.settings import Settings

__all__ = ["completion", "embedding", "handler", "install", "register", "startup", "unpriced"]


def __getattr__(name: str) -> Any:
    if name != "handler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bedrock_adapter.hosts.litellm import deployments

    provider = register()
    deployments.start()
    return provider


def register() -> Any:
    """Make LiteLLM know the provider `bedrock_adapter`; returns the handler. Idempotent; keeps what others have registered.

    Raises:
        ConfigError, PluginError: settings or plugins that cannot work, told now rather than with the first request.
    """
    from bedrock_adapter.hosts.litellm import registration

    return registration.register()


def install(adapter: "Adapter | None" = None, **settings: Any) -> Any:
    """`bedrock_adapter.install("litellm")` for programs that use LiteLLM as a library; returns the handler.

    Args:
        adapter: what serves the requests; by default one is made of `settings`, the environment and the settings file.
        settings: single settings, e.g. `region="eu-west-1"`.
    """
    from bedrock_adapter.hosts.litellm.state import HOST

    if adapter is not None or settings:
        from bedrock_adapter.settings import load_settings

        HOST.use(adapter or load_settings(**settings))
    return register()


async def startup() -> None:
    """For `LITELLM_WORKER_STARTUP_HOOKS=bedrock_adapter.hosts.litellm:startup`: the same as the line in the config."""
    __getattr__("handler")


def completion(*args: Any, **kwargs: Any) -> Any:
    """`litellm.completion` for our models, sync: with the parameters that LiteLLM keeps from custom providers.

    Same arguments and result. LiteLLM asks callbacks on its async paths only, so plain `litellm.completion` refuses
    `reasoning_effort`, `thinking` and `verbosity`, and drops `user`.
    """
    import litellm

    from bedrock_adapter.hosts.litellm.callback import opened_chat

    register()
    return litellm.completion(*args, **opened_chat(kwargs, *args[:1]))


def embedding(*args: Any, **kwargs: Any) -> Any:
    """`litellm.embedding` for our models, sync: with `dimensions`, `encoding_format` and `user`. Same arguments and result."""
    import litellm

    from bedrock_adapter.hosts.litellm.callback import opened_embedding

    register()
    return litellm.embedding(*args, **opened_embedding(kwargs, *args[:1]))


def unpriced(settings: "Settings | None" = None) -> list[str]:
    """Which of the models that `settings` name LiteLLM has no price for; without settings, which of those served so far."""
    from bedrock_adapter.hosts.litellm.prices import PRICES

    return PRICES.unpriced(settings)
