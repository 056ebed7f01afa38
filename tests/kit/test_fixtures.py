"""The fixtures for authors, and what they cost everybody else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bedrock_adapter import Adapter
from bedrock_adapter.eventstream import EventDecoder


def test_the_pytest_plugin_imports_nothing_heavy() -> None:
    heavy = (
        "boto3",
        "botocore",
        "litellm",
        "tiktoken",
        "aiohttp",
        "starlette",
        "werkzeug",
        "pytest_httpserver",
        "hypothesis",
    )
    allowed = "{'bedrock_adapter', 'bedrock_adapter.testing', 'bedrock_adapter.testing.pytest_plugin'}"
    code = (
        "import sys, bedrock_adapter.testing.pytest_plugin\n"
        f"print([m for m in {heavy!r} if m in sys.modules])\n"
        f"print(sorted({{m for m in sys.modules if m.startswith('bedrock_adapter')}} - {allowed}))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == ["[]", "[]"]


def test_a_recorded_answer_is_given(
    bedrock_adapter_for: Callable[..., Adapter], scripted_transport: Any, converse_response: Any, converse_events: Any
) -> None:
    transport = scripted_transport(converse_response("Hoo", stop_reason="max_tokens"), converse_events("Hoo", "hoo"))
    adapter = bedrock_adapter_for(transport=transport)
    request = {"model": "acme.owl-1", "messages": [{"role": "user", "content": "Hi"}]}
    (choice,) = adapter.chat(request)["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Hoo", "length")
    texts = [choice["delta"].get("content") for chunk in adapter.stream(request) for choice in chunk["choices"]]
    assert "".join(filter(None, texts)) == "Hoohoo"
    assert [sent.operation for sent in transport.requests] == ["Converse", "ConverseStream"]


def test_frames_are_what_bedrock_sends(converse_events: Any, event_frames: Any) -> None:
    events = converse_events(
        "Hoo", {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}}, stop_reason="tool_use"
    )
    assert EventDecoder().feed(event_frames(events)) == events


def test_plugins_are_isolated(
    bedrock_adapter_for: Callable[..., Adapter], installed_plugin: Callable[..., Path]
) -> None:
    code = "from bedrock_adapter import Layer, hookimpl\n@hookimpl\ndef bedrock_profiles():\n    return []\n"
    installed_plugin("acme-owl", owl="acme_owl", source={"acme_owl": code})
    assert "owl" in [info.name for info in Adapter().plugins]
    assert "owl" not in [info.name for info in bedrock_adapter_for().plugins]
    assert bedrock_adapter_for(builtins=False).plugins == []
