"""One emulator for the whole package: starting one for each of so many short tests would take most of their time."""

from collections.abc import Iterator

import pytest

from bedrock_adapter.testing.emulator import BedrockEmulator


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
