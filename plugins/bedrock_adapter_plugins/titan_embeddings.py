"""Amazon Titan embeddings: text v1, text v2, multimodal. One input for each call.

Source: InvokeModel bodies of the Titan Embeddings pages of the Bedrock user guide; recorded traffic of text v2.
"""

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
from bedrock_adapter.errors import InvalidRequestError
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.embeddings.answer import part
from bedrock_adapter_plugins.embeddings.calls import Item, one_each, text_or_image


@hookimpl
def bedrock_dialects() -> list[EmbeddingDialect]:
    return [
        EmbeddingDialect("titan_text_v1", encode_text_v1, decode),
        EmbeddingDialect("titan_text_v2", encode_text_v2, decode),
        EmbeddingDialect("titan_multimodal", encode_multimodal, decode),
    ]


@hookimpl
def bedrock_transform_request(route: Route) -> Step | None:
    if route.profile.dialect != "titan_text_v2":
        return None
    return Step(Stage.FAMILY, normalize, handles=frozenset({"normalize"}), operation="embeddings")


def normalize(call: Call) -> None:
    """The model's own switch: vectors of length one (its default) or not."""
    wanted = call.request.get("normalize")
    if wanted is None:
        return
    if not isinstance(wanted, bool):
        raise RequestError(f"normalize must be true or false, not {wanted!r}", param="normalize", code="invalid_type")
    call.body["normalize"] = wanted


def encode_text_v1(call: Call) -> list[WireRequest]:
    """`{"inputText": …}`; nothing else is taken."""
    return one_each(call, lambda item, _: {"inputText": item})


def encode_text_v2(call: Call) -> list[WireRequest]:
    """As v1, with `dimensions`, `normalize` and `embeddingTypes` where the client asks."""
    options: Json = {name: call.body[name] for name in ("dimensions", "normalize") if name in call.body}
    if kinds := call.body.get("types"):
        options["embeddingTypes"] = ["float", *kinds]
    return one_each(call, lambda item, _: {"inputText": item, **options})


def encode_multimodal(call: Call) -> list[WireRequest]:
    """A text, an image, or both for one vector."""

    def body(item: Item, position: int) -> Json:
        text, image = text_or_image(item, position)
        made: Json = {"inputText": text} if text else {}
        if image:
            made["inputImage"] = image["data"]
        if length := call.body.get("dimensions"):
            made["embeddingConfig"] = {"outputEmbeddingLength": length}
        return made

    return one_each(call, body)


def decode(call: Call, request: WireRequest, response: WireResponse) -> Json:
    """One vector; text v2 repeats it in `embeddingsByType`, beside the other types."""
    body = response.json()
    if message := body.get("message"):  # how the multimodal model fails with HTTP 200
        raise InvalidRequestError(str(message))
    kinds = body.get("embeddingsByType") or {}
    by_type = {kind: [kinds[kind]] for kind in call.body.get("types", ())}
    return part(call, response, [body.get("embedding") or kinds["float"]], by_type, body.get("inputTextTokenCount"))
