"""Wrapping transports, and what importing costs."""

import subprocess
import sys
from typing import Any

import pytest

import bedrock_adapter.transport
from bedrock_adapter.routes import Stage
from bedrock_adapter.transport import TransportWrapper, compose


class Layer:
    def __init__(self, name: str, inner: Any) -> None:
        self.names = [name, *getattr(inner, "names", [])]


def wrapper(stage: Stage, name: str, plugin: str) -> TransportWrapper:
    return TransportWrapper(stage, lambda inner: Layer(name, inner), name, plugin)  # type: ignore[arg-type, return-value]


def test_order_is_stage_then_plugin_never_the_given_one() -> None:
    wrappers = [
        wrapper(Stage.FINAL, "outermost", "a"),
        wrapper(Stage.POLICY, "second", "b"),
        wrapper(Stage.POLICY, "first", "a"),
        wrapper(Stage.IDENTITY, "innermost", "z"),
    ]
    for given in (wrappers, wrappers[::-1]):
        composed: Any = compose(object(), given)  # type: ignore[arg-type]
        assert composed.names == ["outermost", "second", "first", "innermost"]


def test_nothing_to_wrap() -> None:
    transport: Any = object()
    assert compose(transport, []) is transport


def test_lazy_names() -> None:
    assert bedrock_adapter.transport.HttpTransport.__name__ == "HttpTransport"
    assert bedrock_adapter.transport.BotoTransport.__name__ == "BotoTransport"
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        bedrock_adapter.transport.Nothing  # noqa: B018


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("bedrock_adapter.transport", {"aiohttp", "botocore", "boto3"}),
        ("bedrock_adapter.transport.http", {"botocore", "boto3"}),
        ("bedrock_adapter.transport.boto", {"aiohttp", "botocore", "boto3"}),
        ("bedrock_adapter.eventstream", {"aiohttp", "botocore", "boto3"}),
    ],
)
def test_what_an_import_does_not_import(module: str, absent: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not absent & set(loaded)
