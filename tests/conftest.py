"""Every test starts without AWS variables, and talks to nothing but loopback."""

import os
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from bedrock_adapter import Adapter, Context, Note
from bedrock_adapter.call import NO_CONTEXT
from bedrock_adapter.types import Json

# No timed assertion; in CI the same examples every time.
settings.register_profile(
    "project", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")


@pytest.fixture(autouse=True)
def clean_environment(bedrock_environment: pytest.MonkeyPatch) -> None:
    """See `bedrock_environment`."""


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere else fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(
            ("127.", "::1", "localhost")
        ):
            raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def encode(bedrock_adapter_for: Callable[..., Adapter]) -> Callable[..., tuple[Json, list[Note]]]:
    """`encode(request, context, **settings)`: the first body that would be sent, and the notes."""

    def run(asked: Json, context: Context = NO_CONTEXT, **settings: Any) -> tuple[Json, list[Note]]:
        encoded = bedrock_adapter_for(**settings).encode(asked, context=context)
        body = encoded.requests[0].body
        assert body is not None
        return body, encoded.notes

    return run
