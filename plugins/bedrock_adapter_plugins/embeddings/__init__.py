"""Embeddings: what a client may say, checked and brought into the canonical body; the vectors in the format it asked for.

The dialects (`titan_embeddings`, `cohere_embeddings`, …) make the vendors' bodies of it. Extensions of a request, each also
under the vendor's own name:

    input            beside texts and token integers: content parts `{"type": "image_url", "image_url": {"url": DATA_URI}}` and
                     `{"type": "text", "text": TEXT}`, lists of them for one vector, or an image's data URI as a text
    truncate         END, START or NONE: what to cut from a text that is too long
    input_type       what a text is for, in Cohere's words (Cohere, Nova); `embedding_purpose` in Nova's
    embedding_types  quantised vectors (int8, uint8, binary, ubinary) beside the float one, as `embeddings_by_type` of each item
    normalize        Titan text v2
    max_tokens       Cohere v4: where a text is cut
    additional_model_request_fields   members of the vendor's body, sent as they are

Options, in `[options.embeddings]`:

    concurrency   most calls to Bedrock at a time for one request (8)
    truncate      what to cut from a text that is too long where the client does not say: END, START or NONE (END)
    input_type    what texts are for where the client does not say (search_document)
"""

from functools import partial

from bedrock_adapter import Call, Settings, Stage, Step, hookimpl
from bedrock_adapter.errors import ConfigError
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.embeddings import fields
from bedrock_adapter_plugins.embeddings.answer import as_asked
from bedrock_adapter_plugins.embeddings.inputs import read_inputs, text_of
from bedrock_adapter_plugins.embeddings.truncation import cut_texts, side_of, truncate

NAME = fields.NAME


@hookimpl
def bedrock_configure(settings: Settings) -> None:
    if settings.option(NAME, "concurrency", 8) < 1:
        raise ConfigError("options.embeddings.concurrency must be at least 1", param="options.embeddings.concurrency")
    if side_of(settings.option(NAME, "truncate", fields.TRUNCATE)) is None:
        raise ConfigError("options.embeddings.truncate must be END, START or NONE", param="options.embeddings.truncate")


@hookimpl
def bedrock_transform_request() -> list[Step]:
    step = partial(Step, operation="embeddings")
    return [
        step(Stage.MESSAGES, fields.native_names),
        step(Stage.MESSAGES, canonical_inputs, handles=frozenset({"model", "input"})),
        step(Stage.INFERENCE, fields.dimensions, handles=frozenset({"dimensions"})),
        step(Stage.INFERENCE, fields.encoding_format, handles=frozenset({"encoding_format"})),
        step(Stage.INFERENCE, fields.types, handles=frozenset({"embedding_types"})),
        step(Stage.INFERENCE, truncate, handles=frozenset({"truncate"})),
        step(Stage.POLICY, fields.extra, handles=frozenset({"additional_model_request_fields"})),
        step(Stage.POLICY, fields.leftovers),
        step(Stage.FINAL, cut_texts),
    ]


@hookimpl
def bedrock_transform_response() -> Step:
    return Step(Stage.FINAL, complete, operation="embeddings")


def canonical_inputs(call: Call) -> None:
    """See `EmbeddingDialect`."""
    call.body["inputs"] = read_inputs(call)


def complete(call: Call, response: Json) -> None:
    """base64 for dialects that leave it to us, and an estimate where Bedrock counted no tokens."""
    for item in response["data"]:
        if not isinstance(item["embedding"], str):
            item["embedding"] = as_asked(call, item["embedding"])
    if "usage" not in response:
        # About four characters make a token in English.
        estimate = sum((len(text_of(item)) + 3) // 4 for item in call.body["inputs"])
        response["usage"] = {"prompt_tokens": estimate, "total_tokens": estimate}
        call.repair("usage", "added", "Bedrock counted no tokens; the numbers are an estimate", NAME)
