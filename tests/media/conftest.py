"""Fixtures that encode requests with media."""

from typing import Any

import pytest

from .samples import request


@pytest.fixture
def encode(bedrock_adapter_for: Any) -> Any:
    """`encode(request, **settings)`: the body and the notes."""

    def run(asked: dict[str, Any], **settings: Any) -> tuple[dict[str, Any], list[Any]]:
        encoded = bedrock_adapter_for(**settings).encode(asked)
        return encoded.requests[0].body, encoded.notes

    return run


@pytest.fixture
def blocks(encode: Any) -> Any:
    """`blocks(*parts)`: the content blocks that parts become, after the text."""

    def run(*parts: Any, **options: Any) -> list[dict[str, Any]]:
        body, _ = encode(request(*parts, **options))
        return list(body["messages"][0]["content"][1:])

    return run


@pytest.fixture
def adapter(bedrock_adapter_for: Any) -> Any:
    """One adapter for all examples of a property."""
    return bedrock_adapter_for()
