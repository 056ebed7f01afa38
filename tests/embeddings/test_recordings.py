"""Recorded traffic of real models: the request that means a recorded one encodes to its body, its answer decodes right.

`BEDROCK_RECORDINGS` names the folder.
"""

import base64
import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from bedrock_adapter import Adapter, WireResponse

_FOLDER = os.environ.get("BEDROCK_RECORDINGS")
_SAME_NAMES = ("dimensions", "normalize", "input_type", "truncate", "output_dimension", "max_tokens", "embedding_types")


def exchanges() -> Iterator[Any]:
    if not _FOLDER:
        yield pytest.param(None, marks=pytest.mark.skip("BEDROCK_RECORDINGS is not set"))
        return
    for line in (Path(_FOLDER) / "exchanges.jsonl").read_text(encoding="utf-8").splitlines():
        exchange = json.loads(line)
        if exchange["operation"] == "InvokeModel" and exchange["status"] == 200 and text_of(exchange["request"]):
            yield pytest.param(exchange, id=exchange["id"])


def text_of(body: Any) -> Any:
    said = body.get("singleEmbeddingParams", {}).get("text", {})
    return body.get("texts") or body.get("inputText") or said.get("value")


def request_of(exchange: Any) -> Any:
    """The OpenAI request with extensions that says all of a recorded body."""
    body = exchange["request"]
    request = {"model": unquote(exchange["model"]), "input": text_of(body)}
    request |= {name: body[name] for name in _SAME_NAMES if name in body}
    if single := body.get("singleEmbeddingParams"):
        request |= {name: single[name] for name in ("embeddingPurpose", "embeddingDimension") if name in single}
        request["truncationMode"] = single["text"]["truncationMode"]
    return request


def vectors_of(answer: Any) -> list[list[float]]:
    if "embedding" in answer:
        return [answer["embedding"]]
    embeddings = answer["embeddings"]
    if isinstance(embeddings, dict):
        return list(embeddings["float"])
    return [item["embedding"] if isinstance(item, dict) else item for item in embeddings]


@pytest.mark.parametrize("exchange", list(exchanges()))
@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_recorded(adapter: Adapter, exchange: Any, encoding: str) -> None:
    encoded = adapter.encode({**request_of(exchange), "encoding_format": encoding})
    assert [request.body for request in encoded.requests] == [exchange["request"]]
    assert encoded.notes == []
    response = WireResponse(200, exchange["headers"], json.dumps(exchange["response"]).encode())
    answer = adapter.decode(encoded, [response])
    count = int(exchange["headers"]["x-amzn-bedrock-input-token-count"])
    assert answer["usage"] == {"prompt_tokens": count, "total_tokens": count}
    wanted = vectors_of(exchange["response"])
    got = [item["embedding"] for item in answer["data"]]
    if encoding == "base64":
        wanted = [list(struct.unpack(f"<{len(each)}f", struct.pack(f"<{len(each)}f", *each))) for each in wanted]
        got = [list(struct.unpack(f"<{len(wanted[0])}f", base64.b64decode(text))) for text in got]
    assert got == wanted
