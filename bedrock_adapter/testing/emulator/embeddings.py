"""InvokeModel of embedding models: each vendor's body, vectors that depend on the content alone, real limits."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable
from functools import cache
from typing import Any

from . import tokens
from .bodies import Check, array, boolean, check_body, integer, one_of, record, text
from .refusals import refusal
from .tables import read_table

Row = dict[str, Any]
Made = tuple[dict[str, Any], int]

_COHERE_TYPES = ("float", "int8", "uint8", "binary", "ubinary")
_COHERE_INPUTS = ("search_document", "search_query", "classification", "clustering", "image")
_NOVA_PURPOSES = (
    "GENERIC_INDEX",
    "GENERIC_RETRIEVAL",
    "TEXT_RETRIEVAL",
    "IMAGE_RETRIEVAL",
    "VIDEO_RETRIEVAL",
    "DOCUMENT_RETRIEVAL",
    "AUDIO_RETRIEVAL",
    "CLASSIFICATION",
    "CLUSTERING",
)
_S3 = record({"uri": text(), "bucketOwner": text()}, ["uri"])


@cache
def _rows() -> dict[str, Row]:
    return {row["id"]: row for row in read_table("embeddings.toml")["models"]}


def embed(model_id: str, body: dict[str, Any]) -> Made:
    """The response body of an embedding model and the number of input tokens, or a refusal."""
    row = _rows()[model_id]
    dialects: dict[str, Callable[[Row, dict[str, Any]], Made]] = {
        "titan_v1": _titan_v1,
        "titan_v2": _titan_v2,
        "titan_image": _titan_image,
        "cohere_v3": _cohere,
        "cohere_v4": _cohere,
        "nova": _nova,
        "marengo_2": _marengo_2,
        "marengo_3": _marengo_3,
    }
    return dialects[row["dialect"]](row, body)


def vector(content: str, size: int, *, normalize: bool = True) -> list[float]:
    """A vector drawn from a hash of the content; of length 1 if normalised."""
    raw = struct.unpack(f"<{size}h", hashlib.shake_256(content.encode(errors="replace")).digest(2 * size))
    length = math.sqrt(sum(each * each for each in raw)) if normalize else 4096.0
    return [round(each / length, 8) for each in raw]


def _dimensions(row: Row) -> Check:
    return one_of(*row["dimensions"])


def _titan_limit(row: Row, given: str, used: int) -> None:
    if used > row["max_tokens"]:
        raise refusal("titan_tokens", limit=row["max_tokens"], found=used)


def _titan_v1(row: Row, body: dict[str, Any]) -> Made:
    check_body(body, record({"inputText": text()}, ["inputText"]))
    given = body["inputText"]
    used = tokens.count(given)
    _titan_limit(row, given, used)
    return {"embedding": vector(given, row["default"]), "inputTextTokenCount": used}, used


def _titan_v2(row: Row, body: dict[str, Any]) -> Made:
    members = {
        "inputText": text(limit=50_000),
        "dimensions": _dimensions(row),
        "normalize": boolean,
        "embeddingTypes": array(one_of("float", "binary")),
    }
    check_body(body, record(members, ["inputText"]))
    given = body["inputText"]
    used = tokens.count(given) + 1
    _titan_limit(row, given, used)
    size: int = body.get("dimensions") or row["default"]
    made = vector(given, size, normalize=body.get("normalize", True))
    by_type: dict[str, list[Any]] = {"float": made, "binary": [int(each > 0) for each in made]}
    wanted = body.get("embeddingTypes", ["float"])
    answer = {"embeddingsByType": {kind: by_type[kind] for kind in wanted}, "inputTextTokenCount": used}
    return answer | ({"embedding": made} if "float" in wanted else {}), used


def _titan_image(row: Row, body: dict[str, Any]) -> Made:
    config = record({"outputEmbeddingLength": _dimensions(row)})
    check_body(body, record({"inputText": text(), "inputImage": text(), "embeddingConfig": config}))
    if "inputText" not in body and "inputImage" not in body:
        raise refusal("invoke_missing_key", where="", key="inputText")
    given = body.get("inputText", "")
    used = tokens.count(given)
    _titan_limit(row, given, used)
    size = body.get("embeddingConfig", {}).get("outputEmbeddingLength", row["default"])
    made = vector(given + body.get("inputImage", ""), size)
    return {"embedding": made, "inputTextTokenCount": used, "message": None}, used


def _cohere_check(row: Row) -> Check:
    part = record({"type": one_of("text", "image_url"), "text": text(), "image_url": _image_url})
    members: dict[str, Check] = {
        "texts": array(text(limit=row.get("max_chars")), limit=96),
        "images": array(text(), limit=96),
        "input_type": one_of(*_COHERE_INPUTS),
        "truncate": one_of("NONE", "START", "END"),
        "embedding_types": array(one_of(*_COHERE_TYPES)),
    }
    if row["dialect"] == "cohere_v3":
        members["images"] = array(text(), limit=1)
        return record(members, ["input_type"], exactly_one=["texts", "images"])
    members |= {
        "inputs": array(record({"content": array(part)}, ["content"]), limit=96),
        "output_dimension": _dimensions(row),
        "max_tokens": integer(1, row["max_tokens"]),
    }
    return record(members, ["input_type"], exactly_one=["texts", "images", "inputs"])


def _image_url(value: Any, path: str) -> Any:
    return text()(value, path) if isinstance(value, str) else record({"url": text()}, ["url"])(value, path)


def _cohere(row: Row, body: dict[str, Any]) -> Made:
    check_body(body, _cohere_check(row))
    given = body.get("texts") or body.get("images") or [str(each) for each in body["inputs"]]
    counts = [tokens.count(each) for each in given] if "texts" in body else [258] * len(given)
    limit: int = body.get("max_tokens") or row["max_tokens"]
    if body.get("truncate", "NONE") == "NONE" and "texts" in body and any(count > limit for count in counts):
        raise refusal("input_too_long")
    used = sum(min(count, limit) for count in counts)
    size: int = body.get("output_dimension") or row["default"]
    vectors = [vector(f"{body['input_type']}\n{each}", size) for each in given]
    answer: dict[str, Any] = {"id": hashlib.sha256("".join(given).encode()).hexdigest()[:32]}
    lowered = row["id"] == "cohere.embed-english-v3"
    if "texts" in body:
        answer["texts"] = [each.lower() if lowered else each for each in given]
    by_type = row["dialect"] == "cohere_v4" or "embedding_types" in body
    answer["response_type"] = "embeddings_by_type" if by_type else "embeddings_floats"
    wanted = body.get("embedding_types", ["float"])
    answer["embeddings"] = {kind: [_as(kind, each) for each in vectors] for kind in wanted} if by_type else vectors
    return answer, used


def _as(kind: str, made: list[float]) -> list[float] | list[int]:
    """One of Cohere's embedding types."""
    if kind == "float":
        return made
    if kind in ("int8", "uint8"):
        shift = 128 if kind == "uint8" else 0
        return [max(-128, min(127, round(each * 1024))) + shift for each in made]
    bits = [int(each > 0) for each in made]
    packed = [int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits), 8)]
    return packed if kind == "ubinary" else [each - 128 for each in packed]


def _nova_check(row: Row) -> Check:
    source = record({"bytes": text(), "s3Location": _S3}, exactly_one=["bytes", "s3Location"])
    said = record(
        {"truncationMode": one_of("START", "END", "NONE"), "value": text(), "source": record({"s3Location": _S3})},
        ["truncationMode"],
    )
    image = {"format": one_of("png", "jpeg", "gif", "webp"), "detailLevel": text(), "source": source}
    video = {"format": text(), "embeddingMode": text(), "source": source}
    params = {
        "embeddingPurpose": one_of(*_NOVA_PURPOSES),
        "embeddingDimension": _dimensions(row),
        "text": said,
        "image": record(image, ["format", "source"]),
        "video": record(video, ["format", "embeddingMode", "source"]),
        "audio": record({"format": text(), "source": source}, ["format", "source"]),
    }
    single = record(params, ["embeddingPurpose"], exactly_one=["text", "image", "video", "audio"])
    members = {
        "schemaVersion": one_of("nova-multimodal-embed-v1"),
        "taskType": one_of("SINGLE_EMBEDDING"),
        "singleEmbeddingParams": single,
    }
    return record(members, ["taskType", "singleEmbeddingParams"])


def _nova(row: Row, body: dict[str, Any]) -> Made:
    check_body(body, _nova_check(row))
    params = body["singleEmbeddingParams"]
    kind = next(each for each in ("text", "image", "video", "audio") if each in params)
    purpose, size = params["embeddingPurpose"], params.get("embeddingDimension", row["default"])
    item: dict[str, Any] = {"embeddingType": kind.upper()}
    used = 258
    if kind == "text":
        said = params["text"].get("value", "")
        used = tokens.count(said)
        if used > row["max_tokens"]:
            if params["text"]["truncationMode"] == "NONE":
                raise refusal("input_too_long")
            item["truncatedCharLength"] = len(tokens.cut(said, row["max_tokens"]))
            used = row["max_tokens"]
        used += 2 if purpose == "GENERIC_INDEX" else 15  # Nova counts its own instruction [C]
    item["embedding"] = vector(f"{purpose}\n{params[kind]}", size)
    return {"embeddings": [item]}, used


def _media_source() -> Check:
    members = {"base64String": text(), "s3Location": _S3}
    return record(members, exactly_one=["base64String", "s3Location"])


def _marengo(row: Row, given: str, media: object, *, truncate: str) -> Made:
    used = tokens.count(given)
    if used > row["max_tokens"] and truncate == "none":
        raise refusal("input_too_long")
    return {"data": [{"embedding": vector(f"{given}\n{media}", row["default"])}]}, min(used, row["max_tokens"])


def _marengo_2(row: Row, body: dict[str, Any]) -> Made:
    members = {
        "inputType": one_of("text", "image"),
        "inputText": text(),
        "textTruncate": one_of("end", "none"),
        "mediaSource": _media_source(),
    }
    check_body(body, record(members, ["inputType"], exactly_one=["inputText", "mediaSource"]))
    return _marengo(row, body.get("inputText", ""), body.get("mediaSource"), truncate=body.get("textTruncate", "end"))


def _marengo_3(row: Row, body: dict[str, Any]) -> Made:
    media = _media_source()
    named = record(
        {"name": text(), "mediaType": one_of("image"), "base64String": text(), "s3Location": _S3}, ["mediaType"]
    )
    kinds: dict[str, Check] = {
        "text": record({"inputText": text()}, ["inputText"]),
        "image": record({"mediaSource": media}, ["mediaSource"]),
        "text_image": record({"inputText": text(), "mediaSource": media}, ["inputText", "mediaSource"]),
        "multi_input": record({"inputText": text(), "mediaSources": array(named)}, ["mediaSources"]),
    }
    members = {"inputType": one_of(*kinds), "inferenceId": text(), **kinds}
    kind: str = body.get("inputType", "")
    check_body(body, record(members, ["inputType", *([kind] if kind in kinds else [])]))
    said = body[kind].get("inputText", "")
    return _marengo(row, said, {key: each for key, each in body[kind].items() if key != "inputText"}, truncate="none")
