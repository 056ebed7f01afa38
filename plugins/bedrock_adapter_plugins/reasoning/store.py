"""Where thinking waits for the next turn of its tool loop: bounded memory, and behind it whatever the operator has."""

import asyncio
import logging
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from bedrock_adapter import Settings
from bedrock_adapter.errors import ConfigError

_LOG = logging.getLogger(__name__)


@runtime_checkable
class ThinkingStore(Protocol):
    """A store of a host's own, e.g. a shared cache. Called from any event loop and thread of the adapter.

    Keys are 64 hexadecimal digits and tell nothing of a caller; values are small, opaque bytes. It must forget values
    by itself after some time. What it raises costs the model its earlier thoughts, never the client its answer.
    """

    async def load(self, key: str) -> bytes | None:
        """The value saved last under `key`, or None."""

    async def save(self, key: str, value: bytes) -> None:
        """Keep `value`."""


class MemoryStore:
    """Values with a time limit, bounded by number and by size; the least recently used goes first.

    Args:
        entries: most values kept.
        size: most bytes of all values together.
        ttl: seconds that a value is kept.
        clock: seconds that never run backwards.
    """

    def __init__(
        self,
        entries: int = 10_000,
        size: int = 64 * 1024 * 1024,
        ttl: float = 86_400.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.entries, self.size, self.ttl = entries, size, ttl
        self.used = 0
        self._clock = clock
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> bytes | None:
        """The value, unless it has expired."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            if found[0] <= self._clock():
                self._remove(key)
                return None
            self._values.move_to_end(key)
            return found[1]

    def put(self, key: str, value: bytes) -> None:
        """Keep `value`; one larger than the whole store is not kept."""
        with self._lock:
            self._remove(key)
            if len(value) > self.size:
                return
            self._values[key] = (self._clock() + self.ttl, value)
            self.used += len(value)
            while self.used > self.size or len(self._values) > self.entries:
                self._remove(next(iter(self._values)))

    def _remove(self, key: str) -> None:
        if (found := self._values.pop(key, None)) is not None:
            self.used -= len(found[1])

    async def load(self, key: str) -> bytes | None:
        return self.get(key)

    async def save(self, key: str, value: bytes) -> None:
        self.put(key, value)


class Kept:
    """The store of one adapter: its own bounded memory, and a shared store behind it if there is one.

    Attributes:
        memory: what this process has seen lately.
        shared: the store behind it; may be set at any time.
        patience: seconds that a shared store may take, so that a slow one holds up no answer for long.
    """

    def __init__(self, memory: MemoryStore, shared: ThinkingStore | None = None, patience: float = 2.0) -> None:
        self.memory = memory
        self.shared = shared
        self.patience = patience

    async def load(self, key: str) -> bytes | None:
        """The value, or None where it is unknown or the shared store fails."""
        value = self.memory.get(key)
        if value is not None or self.shared is None:
            return value
        try:
            async with asyncio.timeout(self.patience):
                value = await self.shared.load(key)
        except Exception as error:  # noqa: BLE001  # any store: a miss, never an error
            _LOG.warning("the thinking store failed to load: %s: %s", type(error).__name__, error)
            return None
        if isinstance(value, bytes):
            self.memory.put(key, value)
            return value
        return None

    async def save(self, key: str, value: bytes) -> None:
        """Keep `value` here and in the shared store.

        Raises:
            Exception: the shared store's; the adapter logs it.
        """
        self.memory.put(key, value)
        if self.shared is not None:
            async with asyncio.timeout(self.patience):
                await self.shared.save(key, value)


_KEPT: dict[int, Kept] = {}
_LOCK = threading.Lock()


def kept_for(settings: Settings) -> Kept:
    """The store of the adapter that has these settings; made when first asked for, and gone with them.

    Raises:
        ConfigError: an option of `[options.reasoning]` is wrong, or `redis_url` is set without the extra `redis`.
    """
    with _LOCK:
        kept = _KEPT.get(id(settings))
        if kept is None:
            kept = _KEPT[id(settings)] = _made(settings)
            weakref.finalize(settings, _KEPT.pop, id(settings), None)
        return kept


def use_store(settings: Settings, store: ThinkingStore | None) -> None:
    """Put a host's own store behind the memory of the adapter that has these settings, e.g. `use_store(adapter.settings, s)`.

    The same as the option `store` (`options={"reasoning": {"store": s}}`), for hosts that have it only later.
    """
    kept_for(settings).shared = store


def _made(settings: Settings) -> Kept:
    ttl = settings.option("reasoning", "ttl", 86_400.0)
    entries = settings.option("reasoning", "entries", 10_000)
    size = settings.option("reasoning", "bytes", 64 * 1024 * 1024)
    if min(ttl, entries, size) <= 0:
        raise ConfigError("options.reasoning: ttl, entries and bytes must be above 0", param="options.reasoning")
    shared = _shared(settings, ttl)
    return Kept(MemoryStore(entries, size, ttl), shared, settings.option("reasoning", "patience", 2.0))


def _shared(settings: Settings, ttl: float) -> ThinkingStore | None:
    own: Any = settings.options.get("reasoning", {}).get("store")
    if own is not None:
        if not isinstance(own, ThinkingStore):
            raise ConfigError(
                f"options.reasoning.store must have async load and save, not {own!r}", param="options.reasoning.store"
            )
        return own
    if not settings.redis_url:
        return None
    from .redis_store import RedisStore

    return RedisStore(settings.redis_url, ttl)
