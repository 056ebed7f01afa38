"""Signed thinking shared by the proxy's workers: LiteLLM's own Redis, where its Router has one, behind our bounded memory."""

import base64
import sys
from typing import Any

from bedrock_adapter.adapter import Adapter
from bedrock_adapter.hosts.litellm.routers import view

_PREFIX = "bedrock-adapter:thinking:"


class RouterCacheStore:
    """A `ThinkingStore` (see the plugin `reasoning`) over LiteLLM's `RedisCache`, its namespace and circuit breaker included.

    Args:
        cache: the `RedisCache`, which keeps JSON.
        ttl: seconds that a value is kept.
    """

    def __init__(self, cache: Any, ttl: float) -> None:
        self.cache = cache
        self._ttl = max(1, int(ttl))

    async def load(self, key: str) -> bytes | None:
        """The value, or None."""
        text = await self.cache.async_get_cache(_PREFIX + key)
        return base64.b64decode(text) if isinstance(text, str) else None

    async def save(self, key: str, value: bytes) -> None:
        """Keep `value`."""
        await self.cache.async_set_cache(_PREFIX + key, base64.b64encode(value).decode(), ttl=self._ttl)


def share(adapter: Adapter, router: Any) -> None:
    """Use `router`'s Redis, unless it has none or the operator has set a store; may be called at any time again."""
    settings = adapter.settings
    cache = view(router).redis()
    if cache is None or settings.redis_url or settings.options.get("reasoning", {}).get("store") is not None:
        return
    for plugin in adapter.plugins:
        module = sys.modules.get(plugin.value.partition(":")[0])
        if (use_store := getattr(module, "use_store", None)) is not None:
            use_store(settings, RouterCacheStore(cache, settings.option("reasoning", "ttl", 86_400.0)))
