"""An existing FastAPI gateway: mounted on one path, calling the adapter on another."""

import json
from collections.abc import Callable

import pytest

from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import EXAMPLES, Ask, Environment, spoken

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
CHAT = {"model": "us.amazon.nova-lite-v1:0", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def url(environment: Environment, serve: Callable[..., str]) -> str:
    environment["GATEWAY_KEYS"] = json.dumps({"key-red": "red", "key-blue": "blue"})
    return serve("-m", "uvicorn", "app:app", "--port", "{port}", "--app-dir", str(EXAMPLES / "fastapi_gateway"))


def test_both_doors(url: str, ask: Ask, bedrock_emulator: BedrockEmulator) -> None:
    status, answer = ask(f"{url}/bedrock/v1/chat/completions", CHAT, "key-red")
    assert (status, answer["object"]) == (200, "chat.completion")
    status, events = ask(f"{url}/bedrock/v1/chat/completions", {**CHAT, "stream": True}, "key-blue")
    assert status == 200
    assert spoken(events) == answer["choices"][0]["message"]["content"]
    status, listed = ask(f"{url}/bedrock/v1/models", key="key-red")
    assert CHAT["model"] in [model["id"] for model in listed["data"]]
    status, summary = ask(f"{url}/summaries", {"text": "Owls hoot at night."}, "key-red")
    assert status == 200
    assert summary["summary"]
    assert summary["tokens"] > 0
    system = bedrock_emulator.requests[-1].body["system"]
    assert system == [{"text": "Summarise in one sentence."}]

    for wrong, param in (({}, "text"), ({"text": 5}, "text"), ({"text": None}, "text"), ([], None), ("x", None)):
        status, refused = ask(f"{url}/summaries", wrong, "key-red")
        assert (status, refused["error"]["param"]) == (400, param)
        assert refused["error"]["type"] == "invalid_request_error"

    for path in ("/bedrock/v1/chat/completions", "/summaries"):
        status, refused = ask(url + path, CHAT, "key-green")
        assert (status, refused["error"]["message"]) == (401, "unknown key")
    status, refused = ask(f"{url}/bedrock/v1/chat/completions", {**CHAT, "n": 2}, "key-red")
    assert (status, refused["error"]["param"]) == (400, "n")
    bedrock_emulator.access["amazon.nova-lite*"] = "no_access"
    status, refused = ask(f"{url}/summaries", {"text": "x"}, "key-red")
    assert (status, refused["error"]["type"]) == (403, "permission_error")
