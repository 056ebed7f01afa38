"""The thinking store: bounded, with a time limit, never in the way of an answer."""

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, ConfigError
from bedrock_adapter_plugins.reasoning import MemoryStore, ThinkingStore, use_store
from bedrock_adapter_plugins.reasoning.store import _KEPT, Kept, kept_for


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


operations = st.lists(
    st.tuples(st.sampled_from(["put", "get", "wait"]), st.sampled_from("abcdef"), st.integers(0, 12)), max_size=40
)


@settings(max_examples=60)
@given(operations)
def test_memory_is_bounded_and_never_wrong(steps: list[tuple[str, str, int]]) -> None:
    clock = Clock()
    store, model = MemoryStore(entries=3, size=20, ttl=10, clock=clock), {}
    for what, key, number in steps:
        if what == "wait":
            clock.now += number
        elif what == "put":
            store.put(key, bytes(number))
            model[key] = (clock.now, bytes(number))
        elif (value := store.get(key)) is not None:
            put, wanted = model[key]
            assert value == wanted
            assert clock.now < put + 10
        assert len(store) <= 3
        assert store.used == sum(len(value) for _, value in store._values.values()) <= 20


def test_least_recently_used_goes_first() -> None:
    store = MemoryStore(entries=2)
    store.put("a", b"1")
    store.put("b", b"2")
    assert store.get("a") == b"1"
    store.put("c", b"3")
    assert (store.get("a"), store.get("b"), store.get("c")) == (b"1", None, b"3")


def test_memory_from_many_threads() -> None:
    store = MemoryStore(entries=10, size=1000)

    def work(name: str) -> None:
        for index in range(300):
            store.put(f"{name}{index % 20}", bytes(index % 50))
            store.get(f"{name}{index % 7}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store) <= 10
    assert store.used == sum(len(value) for _, value in store._values.values())


class Shared:
    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.loads = 0

    async def load(self, key: str) -> bytes | None:
        self.loads += 1
        return self.values.get(key)

    async def save(self, key: str, value: bytes) -> None:
        self.values[key] = value


class Failing:
    async def load(self, key: str) -> bytes | None:
        raise OSError("away")

    async def save(self, key: str, value: bytes) -> None:
        raise OSError("away")


class Slow:
    async def load(self, key: str) -> bytes | None:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def save(self, key: str, value: bytes) -> None:
        await asyncio.Event().wait()


async def test_shared_store_behind_memory() -> None:
    shared = Shared()
    one, other = Kept(MemoryStore(), shared), Kept(MemoryStore(), shared)
    await one.save("k", b"v")
    assert await other.load("k") == b"v"
    assert await other.load("k") == b"v"
    assert shared.loads == 1  # memory answered the second time
    assert await other.load("unknown") is None


@pytest.mark.parametrize("shared", [Failing(), Slow()])
async def test_a_failing_store_is_a_miss(shared: ThinkingStore, caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept(MemoryStore(), shared, patience=0.01)
    assert await kept.load("k") is None
    assert "thinking store" in caplog.text
    with pytest.raises((OSError, TimeoutError)):
        await kept.save("k", b"v")
    assert await kept.load("k") == b"v"  # memory has it all the same


async def test_a_store_that_returns_nonsense_is_a_miss() -> None:
    shared = Shared()
    shared.values["k"] = "text"
    assert await Kept(MemoryStore(), shared).load("k") is None


def test_each_adapter_has_its_own(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    one, other = bedrock_adapter_for(), bedrock_adapter_for()
    assert kept_for(one.settings) is kept_for(one.settings)
    assert kept_for(one.settings) is not kept_for(other.settings)


def test_it_goes_with_its_adapter(bedrock_environment: pytest.MonkeyPatch) -> None:
    from bedrock_adapter_plugins import load_builtins

    before = len(_KEPT)
    adapter = Adapter(plugins=load_builtins(), autoload=False)
    assert len(_KEPT) == before + 1
    adapter.close()
    del adapter
    gc.collect()
    assert len(_KEPT) <= before


def test_a_hosts_own_store(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    shared, later = Shared(), Shared()
    adapter = bedrock_adapter_for(options={"reasoning": {"store": shared}})
    assert kept_for(adapter.settings).shared is shared
    use_store(adapter.settings, later)
    assert kept_for(adapter.settings).shared is later
    with pytest.raises(ConfigError, match="async load and save"):
        bedrock_adapter_for(options={"reasoning": {"store": object()}})


def test_redis_url_without_the_package(
    bedrock_adapter_for: Callable[..., Adapter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "redis.asyncio", None)
    with pytest.raises(ConfigError, match=r"bedrock-adapter\[redis\]"):
        bedrock_adapter_for(redis_url="redis://127.0.0.1:1")


def test_redis_url_that_is_none(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    pytest.importorskip("redis")
    with pytest.raises(ConfigError, match="no Redis URL"):
        bedrock_adapter_for(redis_url="http://127.0.0.1:1")
