"""Amazon Nova multimodal embeddings, synchronous: one text or image for each call.

Source: the Nova embeddings pages of the Nova user guide; recorded traffic (`schemaVersion` and `embeddingDimension` may be left
out).
"""

from bedrock_adapter import Call, EmbeddingDialect, Route, Stage, Step, WireRequest, WireResponse, hookimpl
from bedrock_adapter.embedding import said
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.embeddings.answer import part
from bedrock_adapter_plugins.embeddings.calls import Item, not_both, one_each
from bedrock_adapter_plugins.embeddings.fields import INPUT_TYPE, text_option

NAME = "nova_embeddings"
# What Cohere's words mean here, so that a client need not know which model serves it; Nova's own words pass as they are.
_PURPOSES = {
    "search_document": "GENERIC_INDEX",
    "search_query": "GENERIC_RETRIEVAL",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}


@hookimpl
def bedrock_dialects() -> list[EmbeddingDialect]:
    return [EmbeddingDialect("nova_embed", encode, decode)]


@hookimpl
def bedrock_transform_request(route: Route) -> Step | None:
    if route.profile.dialect != "nova_embed":
        return None
    return Step(Stage.FAMILY, purpose, handles=frozenset({"input_type", "embedding_purpose"}), operation="embeddings")


def purpose(call: Call) -> None:
    """`embedding_purpose`, or the purpose that an `input_type` means."""
    named = "embedding_purpose" if call.request.get("embedding_purpose") is not None else "input_type"
    wanted = text_option(call, named, INPUT_TYPE)
    call.body["input_type"] = _PURPOSES.get(wanted, wanted)


def encode(call: Call) -> list[WireRequest]:
    def body(item: Item, position: int) -> Json:
        text, image = not_both(item, position)
        single: Json = {"embeddingPurpose": call.body["input_type"]}
        if length := call.body.get("dimensions"):
            single["embeddingDimension"] = length
        if image:
            single["image"] = {"format": image["format"], "source": {"bytes": image["data"]}}
        else:
            single["text"] = {"truncationMode": call.body["truncate"], "value": text}
        return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": single}

    return one_each(call, body)


def decode(call: Call, request: WireRequest, response: WireResponse) -> Json:
    """One vector, and how much of the text the model has cut."""
    made = response.json()["embeddings"][0]
    if kept := made.get("truncatedCharLength"):
        reason = f"{said(request.inputs)}: the model cut the text to {kept} characters"
        call.repair("input", "changed", reason, NAME)
    return part(call, response, [made["embedding"]])
