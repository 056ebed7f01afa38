"""Fixtures that encode requests with media."""

from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter, Note
from bedrock_adapter.types import Json

from .samples import request

Encode = Callable[..., tuple[Json, list[Note]]]
Blocks = Callable[..., list[Json]]


@pytest.fixture
def blocks(encode: Encode) -> Blocks:
    """`blocks(*parts)`: the content blocks that parts become, after the text."""

    def run(*parts: Any, **options: Any) -> list[Json]:
        body, _ = encode(request(*parts, **options))
        return list(body["messages"][0]["content"][1:])

    return run


@pytest.fixture
def adapter(bedrock_adapter_for: Callable[..., Adapter]) -> Adapter:
    """One adapter for all examples of a property."""
    return bedrock_adapter_for()
