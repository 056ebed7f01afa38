"""Real Bedrock traffic, played back to clients of the adapter.

The folder is named by BEDROCK_RECORDINGS (its `exchanges.jsonl` has one request/response pair a line); without it these tests
are skipped. For each pair the OpenAI request that means the recorded one is sent, Bedrock's recorded bytes come back, and the
client must see the truth while Bedrock must see the recorded body.
"""

import base64
import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from bedrock_adapter import Adapter, AdapterError, WireResponse, json_codec
from bedrock_adapter.streaming import fold
from bedrock_adapter.types import Json

from .meaning import InexpressibleError, essence, openai_request, seen_answer, true_answer

FOLDER = os.environ.get("BEDROCK_RECORDINGS", "")
_EDITED = ("other_parameters", "service_tier")  # changed by hand by their authors: no evidence


def exchanges() -> list[Json]:
    if not FOLDER:
        return []
    lines = Path(FOLDER, "exchanges.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [exchange for exchange in found if not any(mark in exchange["id"] for mark in _EDITED)]


EXCHANGES = exchanges()
needs_recordings = pytest.mark.skipif(not FOLDER, reason="BEDROCK_RECORDINGS names no folder with recorded traffic")
CHAT = [exchange for exchange in EXCHANGES if exchange["operation"].startswith("Converse")]
EMBEDDINGS = [e for e in EXCHANGES if e["operation"] == "InvokeModel" and e["status"] == 200]


def request_of(exchange: Json) -> Json:
    try:
        return openai_request(exchange)
    except InexpressibleError as error:
        pytest.skip(f"OpenAI's API has no words for {error}")


def response_of(exchange: Json) -> WireResponse:
    content = exchange.get("response_b64")
    data = base64.b64decode(content) if content else json_codec.dumps(exchange["response"])
    return WireResponse(exchange["status"], {name.lower(): value for name, value in exchange["headers"].items()}, data)


@pytest.fixture(scope="module")
def adapter() -> Adapter:
    return Adapter()


def encoded(adapter: Adapter, request: Json) -> Any:
    """Encoded without I/O; an opaque ARN is told to be the model that it was recorded with."""
    from bedrock_adapter import Context

    context = Context(
        base_model="anthropic.claude-sonnet-4-5-20250929-v1:0" if request["model"].startswith("arn:") else None
    )
    nothing_stored = {need.key: None for need in adapter.needs(request, context=context)}
    return adapter.encode(request, context=context, resources=nothing_stored)


def ids(found: list[Json]) -> list[str]:
    return [exchange["id"] for exchange in found]


@needs_recordings
def test_there_is_something_to_play() -> None:
    assert len(CHAT) > 50
    assert len(EMBEDDINGS) > 10


@pytest.mark.parametrize("exchange", CHAT, ids=ids(CHAT))
def test_chat(adapter: Adapter, exchange: Json) -> None:
    request = request_of(exchange)
    sent = encoded(adapter, request)
    response = response_of(exchange)
    if exchange["status"] != 200:
        with pytest.raises(AdapterError) as caught:
            adapter.decode(sent, [response])
        said = exchange["response"]["message"].removeprefix("The model returned the following errors: ")
        assert said[:40] in caught.value.message
        assert caught.value.status == (404 if "model identifier is invalid" in said else 400)
        return
    if request.get("stream"):
        decoder = adapter.stream_decoder(sent)
        body = fold(decoder.feed(response.content))
        decoder.close()
    else:
        body = adapter.decode(sent, [response])
    assert seen_answer(body) == true_answer(exchange)
    assert essence(sent.requests[0].body) == essence(exchange["request"])


@pytest.mark.parametrize("exchange", EMBEDDINGS, ids=ids(EMBEDDINGS))
def test_embeddings(adapter: Adapter, exchange: Json) -> None:
    sent = encoded(adapter, request_of(exchange))
    assert len(sent.requests) == 1
    body = adapter.decode(sent, [response_of(exchange)])
    assert body["usage"]["prompt_tokens"] == int(exchange["headers"]["x-amzn-bedrock-input-token-count"])
    assert [item["embedding"] for item in body["data"]] == base64_vectors(exchange["response"])


def base64_vectors(response: Json) -> list[str]:
    """The recorded vectors as little-endian float32 in base64."""
    return [base64.b64encode(struct.pack(f"<{len(each)}f", *each)).decode() for each in _vectors(response)]


def _vectors(response: Json) -> list[list[float]]:
    found = response.get("embedding") or response["embeddings"]
    if isinstance(found, dict):
        found = found["float"]
    if found and isinstance(found[0], dict):
        found = [item["embedding"] for item in found]
    return found if isinstance(found[0], list) else [found]
