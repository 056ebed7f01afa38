"""Cohere Embed v3 and v4: texts in chunks, images one for each call, v4's mixed inputs.

Source: the Cohere Embed pages of the Bedrock user guide; recorded traffic. v4's page names `LEFT | RIGHT` for truncation, the
service takes `START | END`.
"""

from bedrock_adapter import (
    Call,
    EmbeddingDialect,
    RequestError,
    Route,
    Stage,
    Step,
    UnsupportedFeatureError,
    WireRequest,
    WireResponse,
    hookimpl,
)
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.embeddings.answer import part
from bedrock_adapter_plugins.embeddings.calls import Item, chunks, request
from bedrock_adapter_plugins.embeddings.fields import INPUT_TYPE, text_option
from bedrock_adapter_plugins.embeddings.inputs import data_uri

_DIALECTS = ("cohere_v3", "cohere_v4")


@hookimpl
def bedrock_dialects() -> list[EmbeddingDialect]:
    return [EmbeddingDialect("cohere_v3", encode_v3, decode), EmbeddingDialect("cohere_v4", encode_v4, decode)]


@hookimpl
def bedrock_transform_request(route: Route) -> list[Step] | None:
    if route.profile.dialect not in _DIALECTS:
        return None
    steps = [Step(Stage.FAMILY, input_type, handles=frozenset({"input_type"}), operation="embeddings")]
    if route.profile.dialect == "cohere_v4":
        steps.append(Step(Stage.FAMILY, max_tokens, handles=frozenset({"max_tokens"}), operation="embeddings"))
    return steps


def input_type(call: Call) -> None:
    """What the texts are for. Cohere requires it and OpenAI cannot say it: documents, unless told."""
    call.body["input_type"] = text_option(call, "input_type", INPUT_TYPE)


def max_tokens(call: Call) -> None:
    """From how many tokens on a text is cut."""
    limit = call.request.get("max_tokens")
    if limit is None:
        return
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise RequestError(f"max_tokens must be an integer, not {limit!r}", param="max_tokens", code="invalid_type")
    call.body["max_tokens"] = limit


def encode_v3(call: Call) -> list[WireRequest]:
    """Texts in chunks, then images."""
    return _texts(call) + [_image(call, position) for position in _with_images(call)]


def encode_v4(call: Call) -> list[WireRequest]:
    """Texts in chunks, then images and mixed inputs."""
    inputs = call.body["inputs"]
    return _texts(call) + [
        _image(call, position) if len(inputs[position]) == 1 else _mixed(call, position)
        for position in _with_images(call)
    ]


def _with_images(call: Call) -> list[int]:
    return [position for position, item in enumerate(call.body["inputs"]) if not isinstance(item, str)]


def _options(call: Call) -> Json:
    options: Json = {}
    if length := call.body.get("dimensions"):
        options["output_dimension"] = length
    if kinds := call.body.get("types"):
        options["embedding_types"] = ["float", *kinds]
    if limit := call.body.get("max_tokens"):
        options["max_tokens"] = limit
    return options


def _texts(call: Call) -> list[WireRequest]:
    inputs, options = call.body["inputs"], _options(call)
    positions = [position for position, item in enumerate(inputs) if isinstance(item, str)]
    return [
        request(
            call,
            {
                "texts": [inputs[position] for position in chunk],
                "input_type": call.body["input_type"],
                "truncate": call.body["truncate"],
                **options,
            },
            chunk,
        )
        for chunk in chunks(positions, call.route.profile.embedding.batch)
    ]


def _image(call: Call, position: int) -> WireRequest:
    """`images` goes with `input_type: image` only."""
    item: Item = call.body["inputs"][position]
    if len(item) != 1 or isinstance(item, str):
        raise UnsupportedFeatureError(
            f"input[{position}] has several parts; the model takes a text or one image for a vector",
            param=f"input[{position}]",
        )
    body = {"images": [data_uri(item[0]["image"])], "input_type": "image", **_options(call)}
    return request(call, body, (position,))


def _mixed(call: Call, position: int) -> WireRequest:
    content = [
        {"type": "text", "text": piece["text"]}
        if "text" in piece
        else {"type": "image_url", "image_url": {"url": data_uri(piece["image"])}}
        for piece in call.body["inputs"][position]
    ]
    members = {"input_type": call.body["input_type"], "truncate": call.body["truncate"], **_options(call)}
    return request(call, {"inputs": [{"content": content}], **members}, (position,))


def decode(call: Call, request: WireRequest, response: WireResponse) -> Json:
    """Vectors alone, or by type: v4 always, v3 where types were asked for."""
    embeddings = response.json()["embeddings"]
    if isinstance(embeddings, list):
        return part(call, response, embeddings)
    by_type = {kind: embeddings[kind] for kind in call.body.get("types", ())}
    return part(call, response, embeddings["float"], by_type)
