"""`input`: texts, content parts and images, each checked with its position.

An item is a text, a content part as in a chat message (`{"type": "text" | "image_url", …}`), or a list of parts that together
make one vector. For models that take images, a text that is a data URI of an image is that image: clients whose types allow
only text can say it no other way.
"""

import json
import re
from typing import Any

from bedrock_adapter import Call, RequestError, UnsupportedFeatureError
from bedrock_adapter.types import Json

MOST_INPUTS = 2048
"""OpenAI's limit for one request."""

_IMAGE = re.compile(r"data:image/(png|jpe?g|gif|webp);base64,([A-Za-z0-9+/]+={0,2})")


def read_inputs(call: Call) -> list[str | list[Json]]:
    """One item for each vector: a text, or parts (see `EmbeddingDialect`).

    Raises:
        RequestError: anything else; it names the position.
    """
    given = call.request.get("input")
    if given is None:
        raise RequestError("input is required: a text, a list of texts or token integers", param="input")
    if not isinstance(given, list):
        return [_item(call, given, "input")]
    if not given:
        raise RequestError("input is an empty list", param="input", code="invalid_value")
    if len(given) > MOST_INPUTS:
        raise RequestError(
            f"input has {len(given)} items; at most {MOST_INPUTS} are allowed", param="input", code="invalid_value"
        )
    return [_item(call, item, f"input[{index}]") for index, item in enumerate(given)]


def text_of(item: str | list[Json]) -> str:
    """The text of a canonical item; "" for an image."""
    return item if isinstance(item, str) else "\n".join(part["text"] for part in item if "text" in part)


def images_of(item: str | list[Json]) -> list[Json]:
    """The images `{"format", "data"}` of a canonical item."""
    return [] if isinstance(item, str) else [part["image"] for part in item if "image" in part]


def data_uri(image: Json) -> str:
    """An image as Cohere wants it."""
    return f"data:image/{image['format']};base64,{image['data']}"


def _item(call: Call, given: Any, path: str) -> str | list[Json]:
    if isinstance(given, str):
        if not given:
            raise RequestError(f"{path} is an empty text", param=path, code="invalid_value")
        image = _IMAGE.fullmatch(given) if call.route.profile.embedding.images and given.startswith("data:") else None
        return [_image(image)] if image else given
    if isinstance(given, dict):
        return _together([_part(call, given, path)])
    if isinstance(given, list) and given and all(isinstance(part, dict) for part in given):
        return _together([_part(call, part, f"{path}[{index}]") for index, part in enumerate(given)])
    raise RequestError(
        f"{path} must be a text or content parts, not {_shown(given)}{_hint(given)}", param=path, code="invalid_type"
    )


def _together(parts: list[Json]) -> str | list[Json]:
    """Texts alone are one text, a paragraph each."""
    return parts if any("image" in part for part in parts) else text_of(parts)


def _part(call: Call, part: Json, path: str) -> Json:
    kind = part.get("type")
    if kind == "text":
        text = part.get("text")
        if not isinstance(text, str) or not text:
            raise RequestError(f"{path}.text must be a text that is not empty", param=path, code="invalid_value")
        return {"text": text}
    if kind != "image_url":
        raise UnsupportedFeatureError(
            f"{path}.type must be 'text' or 'image_url', not {_shown(kind)}: nothing else can be embedded", param=path
        )
    if not call.route.profile.embedding.images:
        raise UnsupportedFeatureError(f"{path}: the model {call.route.model.requested!r} embeds text only", param=path)
    url = part.get("image_url")
    if isinstance(url, dict):
        url = url.get("url")
    image = _IMAGE.fullmatch(url) if isinstance(url, str) else None
    if image is None:
        raise RequestError(
            f"{path}.image_url must be a data URI of a png, jpeg, gif or webp image (data:image/png;base64,…); "
            "other addresses are not fetched for embeddings",
            param=path,
            code="invalid_value",
        )
    return _image(image)


def _image(match: re.Match[str]) -> Json:
    return {"image": {"format": match[1].replace("jpg", "jpeg"), "data": match[2]}}


def _hint(given: Any) -> str:
    numbers = isinstance(given, int | float) or (isinstance(given, list) and given and isinstance(given[0], int))
    return "; in one request all inputs are texts or all are token integers" if numbers else ""


def _shown(value: Any) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 40 else text[:37] + "..."
