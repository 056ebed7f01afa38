"""Embeddings through InvokeModel: each dialect's response, sizes, types, token header."""

import math
from typing import Any

import pytest

TITAN1, TITAN2 = "amazon.titan-embed-text-v1", "amazon.titan-embed-text-v2:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
ENGLISH, COHERE4 = "cohere.embed-english-v3", "cohere.embed-v4:0"
MARENGO2, MARENGO3 = "us.twelvelabs.marengo-embed-2-7-v1:0", "twelvelabs.marengo-embed-3-0-v1:0"


def embed(post: Any, model: str, body: Any) -> tuple[Any, int]:
    reply = post(model, body, "invoke")
    assert reply.status == 200, reply.json
    return reply.json, int(reply.headers["x-amzn-bedrock-input-token-count"])


def nova(purpose: str = "GENERIC_INDEX", **params: Any) -> dict[str, Any]:
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {"embeddingPurpose": purpose, **params}}


def test_titan_text_v1(post: Any) -> None:
    made, used = embed(post, TITAN1, {"inputText": "Hello, world!"})
    assert (len(made["embedding"]), made["inputTextTokenCount"], used) == (1536, 4, 4)


@pytest.mark.parametrize("size", [256, 512, 1024])
def test_titan_text_v2(post: Any, size: int) -> None:
    made, used = embed(post, TITAN2, {"inputText": "Hello, world!", "dimensions": size})
    assert (len(made["embedding"]), made["inputTextTokenCount"], used) == (size, 5, 5)
    assert made["embeddingsByType"] == {"float": made["embedding"]}
    assert math.isclose(math.hypot(*made["embedding"]), 1, abs_tol=1e-4)
    assert embed(post, TITAN2, {"inputText": "Hello, world!", "dimensions": size})[0] == made
    assert embed(post, TITAN2, {"inputText": "Hello, World!", "dimensions": size})[0] != made


def test_a_lone_surrogate_is_no_failure(post: Any) -> None:
    assert embed(post, TITAN2, {"inputText": "a\ud800"})[0]["embedding"]


def test_titan_text_v2_options(post: Any) -> None:
    raw, _ = embed(post, TITAN2, {"inputText": "a", "normalize": False})
    assert math.hypot(*raw["embedding"]) > 2
    binary, _ = embed(post, TITAN2, {"inputText": "a", "embeddingTypes": ["binary"]})
    assert "embedding" not in binary
    assert set(binary["embeddingsByType"]["binary"]) == {0, 1}
    assert post(TITAN2, {"inputText": "a", "dimensions": 384}, "invoke").status == 400


def test_titan_image(post: Any) -> None:
    body = {"inputText": "a", "inputImage": "AAAA", "embeddingConfig": {"outputEmbeddingLength": 384}}
    made, _ = embed(post, "amazon.titan-embed-image-v1", body)
    assert (len(made["embedding"]), made["message"]) == (384, None)
    assert post("amazon.titan-embed-image-v1", {}, "invoke").status == 400


def test_cohere_v3(post: Any) -> None:
    made, used = embed(post, ENGLISH, {"texts": ["Hello, world!"], "input_type": "search_document"})
    assert list(made) == ["embeddings", "id", "response_type", "texts"]
    assert (made["response_type"], made["texts"], used) == ("embeddings_floats", ["hello, world!"], 4)
    assert [len(each) for each in made["embeddings"]] == [1024]
    typed, _ = embed(
        post, ENGLISH, {"texts": ["a"], "input_type": "search_query", "embedding_types": ["float", "int8"]}
    )
    assert typed["response_type"] == "embeddings_by_type"
    assert set(typed["embeddings"]) == {"float", "int8"}
    multilingual, _ = embed(post, "cohere.embed-multilingual-v3", {"texts": ["Hé"], "input_type": "clustering"})
    assert multilingual["texts"] == ["Hé"]
    image, _ = embed(post, ENGLISH, {"images": ["data:image/png;base64,AAAA"], "input_type": "image"})
    assert len(image["embeddings"]) == 1


def test_cohere_v3_truncates_when_told(post: Any) -> None:
    long = {"texts": ["a " * 600], "input_type": "search_query"}
    assert post(ENGLISH, long, "invoke").json["message"] == "Input is too long for requested model."
    assert embed(post, ENGLISH, {**long, "truncate": "END"})[1] == 512
    assert post(ENGLISH, {**long, "output_dimension": 512}, "invoke").status == 400


def test_cohere_v4(post: Any) -> None:
    body = {"texts": ["hello", "world"], "input_type": "search_query", "truncate": "END", "output_dimension": 512}
    made, used = embed(post, "us." + COHERE4, body)
    assert (made["response_type"], used) == ("embeddings_by_type", 2)
    assert [len(each) for each in made["embeddings"]["float"]] == [512, 512]
    kinds = ["int8", "uint8", "binary", "ubinary"]
    typed, _ = embed(post, COHERE4, {"texts": ["a"], "input_type": "search_query", "embedding_types": kinds})
    sizes = {kind: len(typed["embeddings"][kind][0]) for kind in kinds}
    assert sizes == {"int8": 1536, "uint8": 1536, "binary": 192, "ubinary": 192}
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
    made, _ = embed(post, COHERE4, {"inputs": [{"content": parts}], "input_type": "search_document"})
    assert len(made["embeddings"]["float"]) == 1


@pytest.mark.parametrize(
    ("purpose", "text", "tokens"), [("GENERIC_INDEX", "hello", 3), ("GENERIC_RETRIEVAL", "Hello, world!", 19)]
)
def test_nova(post: Any, purpose: str, text: str, tokens: int) -> None:
    made, used = embed(post, NOVA, nova(purpose, text={"truncationMode": "NONE", "value": text}))
    (item,) = made["embeddings"]
    assert (item["embeddingType"], len(item["embedding"]), used) == ("TEXT", 3072, tokens)


def test_nova_options(post: Any) -> None:
    cut = {"truncationMode": "END", "value": "a " * 9000}
    made, used = embed(post, NOVA, nova(text=cut, embeddingDimension=256))
    assert (len(made["embeddings"][0]["embedding"]), made["embeddings"][0]["truncatedCharLength"]) == (256, 16384)
    assert used == 8194
    assert post(NOVA, nova(text={**cut, "truncationMode": "NONE"}), "invoke").status == 400
    image = {"format": "png", "source": {"bytes": "AA=="}}
    made, _ = embed(post, NOVA, nova(image=image))
    assert made["embeddings"][0]["embeddingType"] == "IMAGE"
    assert post(NOVA, nova(text={"value": "a"}), "invoke").json["message"] == (
        "Malformed input request: #/singleEmbeddingParams/text: required key [truncationMode] not found, please reformat your "
        "input and try again."
    )
    assert post(NOVA, nova(), "invoke").status == 400


def test_marengo(post: Any) -> None:
    made, _ = embed(post, MARENGO2, {"inputType": "text", "inputText": "a", "textTruncate": "end"})
    assert len(made["data"][0]["embedding"]) == 1024
    long = {"inputType": "text", "inputText": "a " * 80, "textTruncate": "none"}
    assert post(MARENGO2, long, "invoke").json["message"] == "Input is too long for requested model."
    assert post(MARENGO2.removeprefix("us."), long, "invoke").status == 400
    made, _ = embed(post, MARENGO3, {"inputType": "text", "text": {"inputText": "a"}})
    assert len(made["data"][0]["embedding"]) == 512
    media = {"mediaSource": {"base64String": "AA=="}}
    assert embed(post, MARENGO3, {"inputType": "text_image", "text_image": {"inputText": "a", **media}})
    for refused in (
        {"inputType": "text", "inputText": "a"},
        {"inputType": "text", "text": {"inputText": "a"}, "textTruncate": "end"},
        {"inputType": "speech"},
    ):
        assert post(MARENGO3, refused, "invoke").status == 400


def test_body_must_be_an_object(post: Any) -> None:
    assert (
        post(TITAN2, ["a"], "invoke")
        .json["message"]
        .startswith("Malformed input request: #: expected type: JSONObject")
    )
