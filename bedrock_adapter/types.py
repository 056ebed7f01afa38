"""Names for the plain dictionaries that flow through the adapter.

Bodies stay dictionaries so that unknown keys survive and no validation layer sits on the hot path. The canonical form of a
Bedrock body everywhere inside is *wire JSON*: blobs are base64 text, documents are inline JSON.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

Json = dict[str, Any]
"""A JSON object as parsed, e.g. an OpenAI request or a Converse body."""

OBJECT: Final = (dict, Mapping)
"""For `isinstance`: any JSON object. Asking `Mapping` alone takes ten times as long as asking `dict` first."""

Chunk = dict[str, Any]
"""An OpenAI `chat.completion.chunk` object."""

Event = tuple[str, Json]
"""One Bedrock stream event: its `:event-type` and its decoded payload."""

Operation = Literal["chat", "embeddings"]
"""What the OpenAI side asks for; a route exists per (model, operation)."""
