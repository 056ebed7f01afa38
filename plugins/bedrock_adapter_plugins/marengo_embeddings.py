"""TwelveLabs Marengo embeddings, synchronous: text and images. Video and audio need Bedrock's asynchronous calls.

Source: the Marengo Embed 2.7 and 3.0 pages of the Bedrock user guide.
"""

from typing import Any

from bedrock_adapter import (
    Call,
    EmbeddingDialect,
    RequestError,
    Route,
    Stage,
    Step,
    WireRequest,
    WireResponse,
    hookimpl,
)
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.embeddings.answer import part
from bedrock_adapter_plugins.embeddings.calls import Item, not_both, one_each
from bedrock_adapter_plugins.embeddings.inputs import images_of, text_of


@hookimpl
def bedrock_dialects() -> list[EmbeddingDialect]:
    return [EmbeddingDialect("marengo_2", encode_2, decode), EmbeddingDialect("marengo_3", encode_3, decode)]


@hookimpl
def bedrock_transform_request(route: Route) -> Step | None:
    return Step(Stage.FAMILY, only_the_end, operation="embeddings") if route.profile.dialect == "marengo_2" else None


def only_the_end(call: Call) -> None:
    """Marengo 2 cuts the end of a text or nothing."""
    if call.body["truncate"] == "START":
        raise RequestError("truncate must be END or NONE for this model", param="truncate", code="invalid_value")


def encode_2(call: Call) -> list[WireRequest]:
    """Flat bodies."""

    def body(item: Item, position: int) -> Json:
        text, image = not_both(item, position)
        if image:
            return {"inputType": "image", "mediaSource": {"base64String": image["data"]}}
        return {"inputType": "text", "inputText": text, "textTruncate": call.body["truncate"].lower()}

    return one_each(call, body)


def encode_3(call: Call) -> list[WireRequest]:
    """Bodies nested by kind of input; version 3 does not truncate."""
    return one_each(call, lambda item, _: _body_3(text_of(item), images_of(item)))


def _body_3(text: str, images: list[Json]) -> Json:
    said = {"inputText": text} if text else {}
    if len(images) > 1:
        sources = [
            {"name": f"image{number}", "mediaType": "image", "base64String": image["data"]}
            for number, image in enumerate(images, 1)
        ]
        return {"inputType": "multi_input", "multi_input": {**said, "mediaSources": sources}}
    media = {"mediaSource": {"base64String": images[0]["data"]}} if images else {}
    kind = "text_image" if text and images else "image" if images else "text"
    return {"inputType": kind, kind: {**said, **media}}


def decode(call: Call, request: WireRequest, response: WireResponse) -> Json:
    """One vector, within `data`; older answers have it at the top."""
    body = response.json()
    made: Any = body.get("data") or body.get("embeddings") or body
    if isinstance(made, list):
        made = made[0]
    return part(call, response, [made["embedding"] if isinstance(made, dict) else made])
