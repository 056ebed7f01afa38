"""Every test starts without AWS variables, and talks to nothing but loopback."""

import socket
from typing import Any

import pytest


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
