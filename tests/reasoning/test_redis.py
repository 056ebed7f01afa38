"""Thinking shared through a real Redis: two `serve` workers, one tool loop."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bedrock_adapter import Adapter, Context
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.ports import free_port, wait_until_listening

from .loop import QUESTION, RESULTS, TOOLS, only_openai, run_loop

SONNET_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="needs redis-server (Debian: redis-server)"
)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("redis")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
               "--dir", str(tmp_path_factory.mktemp("redis"))]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_until_listening(port, process)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def test_two_adapters_share_thinking(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, redis_url: str
) -> None:
    one, other = bedrock_adapter_for(redis_url=redis_url), bedrock_adapter_for(redis_url=redis_url)
    messages, _ = run_loop(one, SONNET_4, turns=1, reasoning_effort="high")
    other.chat(
        {"model": SONNET_4, "messages": messages, "tools": TOOLS, "reasoning_effort": "high"},
        context=Context(identity="caller"),
    )
    body = bedrock_emulator.requests[-1].body
    assert "thinking" in body["additionalModelRequestFields"]
    assert [next(iter(block)) for block in body["messages"][1]["content"]] == ["reasoningContent", "toolUse"]


async def test_values_expire_and_tell_nothing(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, redis_url: str
) -> None:
    from redis.asyncio import Redis

    adapter = bedrock_adapter_for(redis_url=redis_url, options={"reasoning": {"ttl": 500}})
    request = {"model": SONNET_4, "messages": [{"role": "user", "content": QUESTION}], "tools": TOOLS}
    await adapter.achat({**request, "reasoning_effort": "high"}, context=Context(identity="secret-caller"))
    await adapter.aclose()
    async with Redis.from_url(redis_url) as client:
        keys = [key async for key in client.scan_iter("bedrock-adapter:thinking:*")]
        assert keys
        assert not any(b"secret-caller" in key for key in keys)
        assert any([0 < await client.pttl(key) <= 500_000 for key in keys])


def test_redis_that_is_away_costs_no_answer(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = bedrock_adapter_for(redis_url=f"redis://127.0.0.1:{free_port()}")
    _, answers = run_loop(adapter, SONNET_4, reasoning_effort="high")
    assert answers[-1]["finish"] == "stop"
    assert "save" in caplog.text


@pytest.fixture
def workers(bedrock_emulator: BedrockEmulator, redis_url: str, tmp_path: Path) -> Iterator[list[int]]:
    """Two gateway processes with one Redis."""
    pytest.importorskip("uvicorn")
    environment = {**os.environ, "BEDROCK_ADAPTER_REDIS_URL": redis_url, "BEDROCK_ADAPTER_API_KEY": "key"}
    ports, processes = [free_port(), free_port()], []
    try:
        for port in ports:
            command = [sys.executable, "-m", "bedrock_adapter", "serve", "--port", str(port)]
            with (tmp_path / f"{port}.log").open("w") as log:
                processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        for port, process in zip(ports, processes, strict=True):
            wait_until_listening(port, process)
        yield ports
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def test_two_serve_workers_with_one_redis(workers: list[int], bedrock_emulator: BedrockEmulator) -> None:
    """The turns of one loop go to the workers in turn."""
    messages = [{"role": "user", "content": QUESTION}]
    for turn in range(6):
        body = {"model": SONNET_4, "messages": messages, "tools": TOOLS, "reasoning_effort": "high"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{workers[turn % 2]}/v1/chat/completions",
            json.dumps(body).encode(),
            {"authorization": "Bearer key", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            choice = json.load(response)["choices"][0]
        messages.append(only_openai(choice["message"]))
        if choice["finish_reason"] == "stop":
            break
        messages += [
            {"role": "tool", "tool_call_id": call["id"], "content": RESULTS[call["function"]["name"]]}
            for call in choice["message"]["tool_calls"]
        ]
    assert choice["finish_reason"] == "stop"
    sent = [recorded.body for recorded in bedrock_emulator.requests]
    assert len(sent) == 3
    assert all("thinking" in body["additionalModelRequestFields"] for body in sent)
    assert "reasoningContent" in sent[1]["messages"][1]["content"][0]
