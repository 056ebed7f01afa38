"""Thinking in Redis, shared by the workers of a gateway (extra `redis`, setting `redis_url`)."""

import asyncio
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from bedrock_adapter.errors import ConfigError

if TYPE_CHECKING:
    from redis.asyncio import Redis

_PREFIX = "bedrock-adapter:thinking:"
_MOST_CONNECTIONS = 16


class RedisStore:
    """One client for each event loop, made when first used; Redis forgets the values by itself.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        ttl: seconds that a value is kept.

    Raises:
        ConfigError: the package `redis` is not installed, or the URL is none.
    """

    def __init__(self, url: str, ttl: float) -> None:
        try:
            from redis.asyncio import BlockingConnectionPool, Redis
        except ImportError:
            raise ConfigError(
                "redis_url needs the package redis: pip install 'bedrock-adapter[redis]'", param="redis_url"
            ) from None
        self._url = url
        self._milliseconds = max(1, int(ttl * 1000))
        self._pool_of, self._client_of = BlockingConnectionPool, Redis
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Redis] = WeakKeyDictionary()
        self._lock = threading.Lock()
        try:
            self._pool()
        except ValueError as error:
            raise ConfigError(f"redis_url is no Redis URL: {error}", param="redis_url") from error

    def _pool(self) -> Any:
        return self._pool_of.from_url(self._url, max_connections=_MOST_CONNECTIONS)

    def _client(self) -> "Redis":
        loop = asyncio.get_running_loop()
        with self._lock:
            client = self._clients.get(loop)
            if client is None:
                client = self._clients[loop] = self._client_of.from_pool(self._pool())
            return client

    async def load(self, key: str) -> bytes | None:
        value = await self._client().get(_PREFIX + key)
        return value if isinstance(value, bytes) else None

    async def save(self, key: str, value: bytes) -> None:
        await self._client().set(_PREFIX + key, value, px=self._milliseconds)

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        with self._lock:
            client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()
