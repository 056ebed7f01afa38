"""Transports: how a `WireRequest` reaches Bedrock.

`HttpTransport` and `BotoTransport` are imported when first asked for, as aiohttp and botocore take long to import.
"""

from typing import TYPE_CHECKING, Any

from bedrock_adapter.transport.base import Timeouts, Transport, TransportStream, TransportWrapper, compose

if TYPE_CHECKING:
    from bedrock_adapter.transport.boto import BotoTransport
    from bedrock_adapter.transport.http import HttpTransport

__all__ = ["BotoTransport", "HttpTransport", "Timeouts", "Transport", "TransportStream", "TransportWrapper", "compose"]


def __getattr__(name: str) -> Any:
    if name == "HttpTransport":
        from bedrock_adapter.transport.http import HttpTransport

        return HttpTransport
    if name == "BotoTransport":
        from bedrock_adapter.transport.boto import BotoTransport

        return BotoTransport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
