"""An emulator per module, and a plain HTTP client for it."""

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from bedrock_adapter.testing.emulator import BedrockEmulator


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


Post = Callable[..., Reply]


@pytest.fixture(scope="module")
def running() -> Iterator[BedrockEmulator]:
    with BedrockEmulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(running: BedrockEmulator) -> Iterator[BedrockEmulator]:
    running.reset()
    yield running
    running.reset()


@pytest.fixture
def post(emulator: BedrockEmulator) -> Post:
    """`post(model, body, verb="converse")` to a Reply; `get=path` asks the control plane instead."""

    def send(model: str = "", body: Any = None, verb: str = "converse", *, get: str = "", **headers: str) -> Reply:
        connection = http.client.HTTPConnection(emulator.host, emulator.port, timeout=20)
        path = get or f"/model/{quote(model, safe='')}/{verb}"
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            sent = {"Authorization": "Bearer key", "Content-Type": "application/json", **headers}
            connection.request("GET" if get else "POST", path, None if get else payload, sent)
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    return send
