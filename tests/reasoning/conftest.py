"""One emulator for the whole package: starting one for each of so many short tests would take most of their time."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_adapter import Adapter
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.types import Json

Encode = Callable[..., tuple[Json, dict[str, str]]]


@pytest.fixture(scope="package")
def running_emulator() -> Iterator[BedrockEmulator]:
    with BedrockEmulator() as emulator:
        yield emulator


@pytest.fixture
def bedrock_emulator(
    running_emulator: BedrockEmulator, bedrock_environment: pytest.MonkeyPatch
) -> Iterator[BedrockEmulator]:
    """A strict local Bedrock without memory of earlier tests; the environment points at it."""
    running_emulator.reset()
    for name, value in running_emulator.environ.items():
        bedrock_environment.setenv(name, value)
    yield running_emulator
    running_emulator.reset()


@pytest.fixture
def adapter(bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator) -> Adapter:
    """It talks to the emulator."""
    return bedrock_adapter_for()


@pytest.fixture
def encode(bedrock_adapter_for: Callable[..., Adapter]) -> Encode:
    """`encode(model, **fields)`: the body, and the notes' actions by what they are about; of `adapter=` if given."""
    usual = bedrock_adapter_for()

    def run(model: str, *, adapter: Adapter = usual, **fields: Any) -> tuple[Json, dict[str, str]]:
        encoded = adapter.encode({"model": model, "messages": [{"role": "user", "content": "hi"}], **fields})
        body = encoded.requests[0].body
        assert body is not None
        return body, {note.param: note.action for note in encoded.notes}

    return run
