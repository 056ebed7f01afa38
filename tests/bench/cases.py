"""The requests and answers that are measured: short text, a long agent conversation with tools, tools with thinking."""

import json
from typing import Any

from bedrock_adapter.testing.scripted import converse_events, converse_response, event_frames
from bedrock_adapter.types import Event, Json

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
STREAM_EVENTS = 200

_PROSE = "The build of the payments service failed in the integration stage; the log shows a refused connection. "


def _tool(name: str, **properties: str) -> Json:
    schema = {
        "type": "object",
        "properties": {key: {"type": "string", "description": text} for key, text in properties.items()},
        "required": list(properties),
    }
    return {"type": "function", "function": {"name": name, "description": f"{name}: {_PROSE}", "parameters": schema}}


TOOLS = [
    _tool("read_file", path="Path of the file, relative to the root of the repository"),
    _tool("write_file", path="Path of the file", content="The file's new content"),
    _tool("run_command", command="A shell command", directory="Where it runs"),
    _tool("search", pattern="A regular expression", path="Where to search"),
    _tool("fetch_log", job="Name of the job", stage="Name of the stage"),
]


def _agent_messages(rounds: int) -> list[Json]:
    """A system prompt, a question, `rounds` calls with results, and an answer between them."""
    messages: list[Json] = [
        {"role": "system", "content": "You are a build engineer. " + _PROSE * 6},
        {"role": "user", "content": "Why does the build fail? " + _PROSE},
    ]
    for number in range(rounds):
        arguments = json.dumps({"path": f"src/module_{number}.py"})
        call = {
            "id": f"toolu_{number:04}",
            "type": "function",
            "function": {"name": "read_file", "arguments": arguments},
        }
        messages += [
            {"role": "assistant", "content": "Let me look at the next file.", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"toolu_{number:04}", "content": _PROSE * 4},
            {"role": "user", "content": [{"type": "text", "text": "Go on. " + _PROSE}]},
        ]
    return messages


SHORT: Json = {
    "model": MODEL,
    "messages": [
        {"role": "system", "content": "You are helpful."},
        {"role": "user", "content": "What is the capital of France?"},
    ],
    "temperature": 0.2,
    "max_tokens": 200,
}
LONG: Json = {"model": MODEL, "messages": _agent_messages(8), "tools": TOOLS, "tool_choice": "auto", "max_tokens": 1000}
THINKING: Json = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "Which files mention payments? " + _PROSE}],
    "tools": TOOLS[:2],
    "thinking": {"type": "enabled", "budget_tokens": 2048},
    "max_tokens": 4000,
}
REQUESTS = {
    "short text": SHORT,
    f"{len(LONG['messages'])} messages + {len(TOOLS)} tools, {len(json.dumps(LONG)) / 1000:.1f} kB": LONG,
    "tools + reasoning": THINKING,
}

TEXT_ANSWER = converse_response("The capital of France is Paris.")
CALLS_ANSWER = converse_response(
    "I read two files.",
    {"toolUse": {"toolUseId": "toolu_a", "name": "read_file", "input": {"path": "a.py"}}},
    {"toolUse": {"toolUseId": "toolu_b", "name": "read_file", "input": {"path": "b.py"}}},
    stop_reason="tool_use",
)


def stream_events(count: int = STREAM_EVENTS) -> list[Event]:
    """`count` text deltas of a few words, and what stands around them."""
    start, _, *end = converse_events("")
    deltas = [
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": " word" * (number % 4 + 1)}, "p": "abcdefgh"})
        for number in range(count)
    ]
    return [start, *deltas, *end]


def stream_frames(count: int = STREAM_EVENTS) -> list[bytes]:
    """The same, one frame each, as Bedrock sends them."""
    return [event_frames([event]) for event in stream_events(count)]


def with_model(request: Json, model: str, **members: Any) -> Json:
    return {**request, "model": model, **members}
