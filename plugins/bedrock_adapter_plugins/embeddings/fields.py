"""The other fields of an embedding request, and what becomes of those that nothing handles."""

from typing import Any

from bedrock_adapter import Call, RequestError
from bedrock_adapter.types import OBJECT
from bedrock_adapter_plugins.parameters import HOST_KEYS, merge

NAME = "embeddings"
TRUNCATE = "END"
INPUT_TYPE = "search_document"

# The vendors' own names of what has a name here already.
_NATIVE = {
    "output_dimension": "dimensions",
    "embeddingDimension": "dimensions",
    "outputEmbeddingLength": "dimensions",
    "embeddingTypes": "embedding_types",
    "embeddingPurpose": "embedding_purpose",
    "truncationMode": "truncate",
    "textTruncate": "truncate",
}
_HOST_PREFIXES = ("litellm_", "aws_")
_REASONS = {
    "user": "Bedrock takes no end-user identifier",
    "input_type": "the model does not distinguish what a text is for",
    "embedding_purpose": "the model does not distinguish what a text is for",
    "normalize": "the model has no such switch",
    "max_tokens": "the model has no such limit",
}


def native_names(call: Call) -> None:
    """Vendors' names become ours; where both are given, ours wins."""
    request = call.request
    if not request.keys().isdisjoint(_NATIVE):
        renamed = {_NATIVE.get(name, name): value for name, value in request.items()}
        call.request = {**renamed, **{name: value for name, value in request.items() if name not in _NATIVE}}


def dimensions(call: Call) -> None:
    """A length that the model offers, or a 400 that lists what it does."""
    wanted = call.request.get("dimensions")
    if wanted is None:
        return
    embedding = call.route.profile.embedding
    if isinstance(wanted, bool) or not isinstance(wanted, int):
        raise RequestError(f"dimensions must be an integer, not {wanted!r}", param="dimensions", code="invalid_type")
    if embedding.dimensions and wanted not in embedding.dimensions:
        offered = ", ".join(map(str, sorted(embedding.dimensions)))
        raise RequestError(
            f"the model {call.route.model.requested!r} has no vectors of {wanted} dimensions; it offers {offered}",
            param="dimensions",
            code="invalid_value",
        )
    if embedding.dimensions_field:
        call.body["dimensions"] = wanted


def encoding_format(call: Call) -> None:
    """`float` or `base64`: how the vectors are written, never what they are."""
    wanted = call.request.get("encoding_format")
    if wanted not in (None, "float", "base64"):
        raise RequestError(
            f"encoding_format must be 'float' or 'base64', not {wanted!r}; "
            "other kinds of vectors are asked for by embedding_types",
            param="encoding_format",
            code="invalid_value",
        )


def types(call: Call) -> None:
    """Quantised vectors, an extension: `embedding_types: ["int8"]` adds them to each item as `embeddings_by_type`."""
    wanted = call.request.get("embedding_types")
    if wanted is None:
        return
    wanted = [wanted] if isinstance(wanted, str) else wanted
    offered = ("float", *call.route.profile.embedding.types)
    if not isinstance(wanted, list) or not all(kind in offered for kind in wanted):
        raise RequestError(
            f"embedding_types must be a list of {', '.join(offered)} for this model, not {wanted!r}",
            param="embedding_types",
            code="invalid_value",
        )
    if more := [kind for kind in dict.fromkeys(wanted) if kind != "float"]:
        call.body["types"] = more


def extra(call: Call) -> None:
    """Members of the vendor's body, as the caller wrote them."""
    members = call.request.get("additional_model_request_fields")
    if members is None:
        return
    if not isinstance(members, OBJECT):
        raise RequestError(
            "additional_model_request_fields must be an object",
            param="additional_model_request_fields",
            code="invalid_type",
        )
    merge(call.body.setdefault("extra", {}), members)


def leftovers(call: Call) -> None:
    """Note every field that no step has handled: InvokeModel would refuse it."""
    for name, value in call.request.items():
        if name in call.route.handled or value is None:
            continue
        if name in HOST_KEYS or name.startswith(_HOST_PREFIXES):
            call.repair(name, "ignored", "it is meant for a host or a client, not for a model", NAME)
        else:
            call.note(name, "ignored", _REASONS.get(name, _UNKNOWN), NAME)


_UNKNOWN = "the model is not known to take it; additional_model_request_fields sends a member as it is"


def text_option(call: Call, name: str, default: str) -> str:
    """A request field that is text, else the operator's option of that name.

    Raises:
        RequestError: it is no text.
    """
    value: Any = call.request.get(name)
    if value is None:
        return str(call.route.settings.option(NAME, name, default))
    if not isinstance(value, str) or not value:
        raise RequestError(f"{name} must be a text, not {value!r}", param=name, code="invalid_type")
    return value
