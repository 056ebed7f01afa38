"""A Bedrock of a few lines, for answers that the emulator does not give."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter, WireRequest, WireResponse
from bedrock_adapter.wire import Target

TITAN_V1, TITAN_V2, TITAN_IMAGE = (
    "amazon.titan-embed-text-v1",
    "amazon.titan-embed-text-v2:0",
    "amazon.titan-embed-image-v1",
)
COHERE_V3, COHERE_V4 = "cohere.embed-multilingual-v3", "us.cohere.embed-v4:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
MARENGO_2, MARENGO_3 = "us.twelvelabs.marengo-embed-2-7-v1:0", "us.twelvelabs.marengo-embed-3-0-v1:0"
MODELS = (TITAN_V1, TITAN_V2, TITAN_IMAGE, COHERE_V3, COHERE_V4, NOVA, MARENGO_2, MARENGO_3)

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
PNG_URI = f"data:image/png;base64,{PNG}"
IMAGE_PART = {"type": "image_url", "image_url": {"url": PNG_URI}}


class Canned:
    """A transport that answers each request by a function of its body, and counts what runs at a time."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self.answer = answer
        self.requests: list[WireRequest] = []
        self.running = self.most_running = 0

    async def send(self, request: WireRequest, target: Target, timeout: float | None = None) -> WireResponse:
        self.requests.append(request)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            for _ in range(len(self.requests) % 5):  # let others overtake
                await asyncio.sleep(0)
            answer = self.answer(request.body)
            if isinstance(answer, BaseException):
                raise answer
            return answer if isinstance(answer, WireResponse) else answered(answer)
        finally:
            self.running -= 1

    async def open_stream(
        self, request: WireRequest, target: Target, timeout: float | None = None
    ) -> AsyncIterator[Any]:
        raise AssertionError("embeddings do not stream")

    async def aclose(self) -> None:
        pass


def answered(body: Any, count: int | None = 1, request_id: str = "r-1") -> WireResponse:
    """HTTP 200 with Bedrock's headers."""
    headers = {"x-amzn-requestid": request_id}
    if count is not None:
        headers["x-amzn-bedrock-input-token-count"] = str(count)
    return WireResponse(200, headers, json.dumps(body).encode())


@pytest.fixture
def canned(bedrock_adapter_for: Callable[..., Adapter]) -> Callable[..., tuple[Adapter, Canned]]:
    def make(answer: Callable[[Any], Any], **settings: Any) -> tuple[Adapter, Canned]:
        transport = Canned(answer)
        return bedrock_adapter_for(transport=transport, **settings), transport

    return make


@pytest.fixture
def adapter(bedrock_adapter_for: Callable[..., Adapter]) -> Adapter:
    return bedrock_adapter_for()
