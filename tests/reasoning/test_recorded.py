"""Recorded thinking exchanges: what Bedrock really sent is read, and what it took is sent again."""

import base64
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from bedrock_adapter import Adapter, WireResponse
from bedrock_adapter.types import Json

FOLDER = os.environ.get("BEDROCK_RECORDINGS")
pytestmark = pytest.mark.skipif(not FOLDER, reason="BEDROCK_RECORDINGS names no folder of recorded traffic")


def exchanges() -> Iterator[Any]:
    if not FOLDER:
        return
    for line in (Path(FOLDER) / "exchanges.jsonl").read_text(encoding="utf-8").splitlines():
        each = json.loads(line)
        said = json.dumps(each.get("response", "")).encode() + base64.b64decode(each.get("response_b64", ""))
        if b"reasoningContent" in said and each["status"] == 200:
            yield pytest.param(each, id=each["id"].rpartition("/")[2])


def request_of(each: Json) -> Json:
    """The OpenAI request that means a recorded one, as far as reasoning goes."""
    messages = []
    for turn in each["request"]["messages"]:
        message = {
            "role": turn["role"],
            "content": "\n".join(block["text"] for block in turn["content"] if "text" in block),
        }
        blocks = [_block(block["reasoningContent"]) for block in turn["content"] if "reasoningContent" in block]
        messages.append({**message, **({"thinking_blocks": blocks} if blocks else {})})
    request = {"model": unquote(each["model"]), "messages": messages}
    for name, value in (each["request"].get("additionalModelRequestFields") or {}).items():
        effort = name == "reasoning_effort" or (name == "reasoning_config" and isinstance(value, str))
        request["reasoning_effort" if effort else name] = value
    return request


def _block(reasoning: Json) -> Json:
    if "redactedContent" in reasoning:
        return {"type": "redacted_thinking", "data": reasoning["redactedContent"]}
    text = reasoning["reasoningText"]
    return {"type": "thinking", "thinking": text["text"], "signature": text["signature"]}


def reasoning_of(body: Json) -> list[Json]:
    return [block for turn in body["messages"] for block in turn["content"] if "reasoningContent" in block]


@pytest.mark.parametrize("each", list(exchanges()))
def test_recorded(bedrock_adapter_for: Callable[..., Adapter], each: Json) -> None:
    adapter = bedrock_adapter_for()
    encoded = adapter.encode(request_of(each))
    body, recorded = encoded.requests[0].body, each["request"]
    assert body is not None
    assert body.get("additionalModelRequestFields") == recorded.get("additionalModelRequestFields")
    assert (body.get("inferenceConfig") or {}) == {}
    assert reasoning_of(body) == reasoning_of(recorded)
    if "response" in each:
        response = WireResponse(200, {}, json.dumps(each["response"]).encode())
        message = adapter.decode(encoded, [response])["choices"][0]["message"]
        content = each["response"]["output"]["message"]["content"]
        told = [block["reasoningContent"].get("reasoningText", {}) for block in content if "reasoningContent" in block]
        assert message.get("reasoning_content", "") == "".join(text.get("text", "") for text in told)
        assert len(message["thinking_blocks"]) == len(told)
        assert [block.get("signature") for block in message["thinking_blocks"]] == [
            text.get("signature") for text in told
        ]
    else:
        decoder = adapter.stream_decoder(encoded)
        chunks = decoder.feed(base64.b64decode(each["response_b64"]))
        decoder.close()
        deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
        assert any(delta.get("reasoning_content") for delta in deltas)
        assert chunks[-1]["choices"][0]["finish_reason"]
