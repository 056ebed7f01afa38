"""Vectors as the client gets them: formats, order, usage, other types."""

import base64
import json
import math
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, EmbeddingDialect, Layer, ServiceError, WireRequest, WireResponse, hookimpl
from bedrock_adapter.errors import InvalidRequestError
from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import (
    COHERE_V3,
    COHERE_V4,
    MARENGO_2,
    MARENGO_3,
    MODELS,
    NOVA,
    TITAN_IMAGE,
    TITAN_V1,
    TITAN_V2,
    answered,
)

# What each vendor says around one vector.
WRAPPED: dict[str, Callable[[list[float]], Any]] = {
    TITAN_V1: lambda vector: {"embedding": vector, "inputTextTokenCount": 3},
    TITAN_V2: lambda vector: {"embedding": vector, "embeddingsByType": {"float": vector}, "inputTextTokenCount": 3},
    TITAN_IMAGE: lambda vector: {"embedding": vector, "inputTextTokenCount": 3, "message": None},
    COHERE_V3: lambda vector: {"embeddings": [vector], "response_type": "embeddings_floats", "texts": ["hi"]},
    COHERE_V4: lambda vector: {"embeddings": {"float": [vector]}, "response_type": "embeddings_by_type"},
    NOVA: lambda vector: {"embeddings": [{"embedding": vector, "embeddingType": "TEXT"}]},
    MARENGO_2: lambda vector: {"data": [{"embedding": vector}]},
    MARENGO_3: lambda vector: {"data": [{"embedding": vector}]},
}
FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


def unpacked(text: str) -> list[float]:
    data = base64.b64decode(text, validate=True)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


@pytest.mark.parametrize("model", MODELS)
def test_both_formats_hold_the_same_vector(adapter: Adapter, bedrock_emulator: BedrockEmulator, model: str) -> None:
    request = {"model": model, "input": ["one", "two"]}
    floats = adapter.embeddings(request)
    packed = adapter.embeddings({**request, "encoding_format": "base64"})
    assert (
        {**floats, "data": []}
        == {**packed, "data": []}
        == {
            "object": "list",
            "model": model,
            "data": [],
            "usage": floats["usage"],
        }
    )
    for index in range(2):
        one, other = floats["data"][index], packed["data"][index]
        assert (
            {**one, "embedding": 0}
            == {**other, "embedding": 0}
            == {"object": "embedding", "index": index, "embedding": 0}
        )
        assert unpacked(other["embedding"]) == pytest.approx(one["embedding"], rel=1e-6)
    sent = [request.body for request in bedrock_emulator.requests]
    assert sorted(map(json.dumps, sent[: len(sent) // 2])) == sorted(map(json.dumps, sent[len(sent) // 2 :]))
    assert floats["data"][0]["embedding"] != floats["data"][1]["embedding"]


@given(vector=st.lists(FLOAT32, min_size=1, max_size=20), model=st.sampled_from(MODELS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_base64_equals_float(adapter: Adapter, vector: list[float], model: str) -> None:
    answers = []
    for fields in ({}, {"encoding_format": "float"}, {"encoding_format": "base64"}):
        encoded = adapter.encode({"model": model, "input": "hi", **fields})
        answers.append(adapter.decode(encoded, [answered(WRAPPED[model](vector))])["data"][0]["embedding"])
    assert answers[0] == answers[1] == vector
    assert unpacked(answers[2]) == vector


def test_floats_are_bedrock_s_own(adapter: Adapter) -> None:
    vector = [0.11532749980688095, -0.042236328, 5e-324, 1.0, 0, -7]
    encoded = adapter.encode({"model": TITAN_V2, "input": "hi"})
    made = adapter.decode(encoded, [answered(WRAPPED[TITAN_V2](vector))])["data"][0]["embedding"]
    assert json.dumps(made) == json.dumps(vector)


@pytest.mark.parametrize(
    ("model", "kinds"),
    [(TITAN_V2, ["binary"]), (COHERE_V3, ["int8", "ubinary"]), (COHERE_V4, ["float", "int8", "uint8", "binary"])],
)
def test_other_types_stand_beside_the_vector(
    adapter: Adapter, bedrock_emulator: BedrockEmulator, model: str, kinds: list[str]
) -> None:
    plain = adapter.embeddings({"model": model, "input": ["one", "two"], "encoding_format": "base64"})
    typed = adapter.embeddings(
        {"model": model, "input": ["one", "two"], "encoding_format": "base64", "embedding_types": kinds}
    )
    for item, without in zip(typed["data"], plain["data"], strict=True):
        assert item["embedding"] == without["embedding"]
        assert set(item["embeddings_by_type"]) == set(kinds) - {"float"}
        for values in item["embeddings_by_type"].values():
            assert all(isinstance(value, int) for value in values)
    assert "embeddings_by_type" not in plain["data"][0]


# -- usage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_usage_is_the_sum_of_bedrock_s_counts(adapter: Adapter, model: str) -> None:
    encoded = adapter.encode({"model": model, "input": ["a", "b"]})
    vectors = [[1.0], [2.0]]
    if len(encoded.requests) == 1:
        one = WRAPPED[model](vectors[0])
        if isinstance(one["embeddings"], dict):
            one["embeddings"]["float"].append(vectors[1])
        else:
            one["embeddings"].append(vectors[1])
        responses, total = [answered(one, 19)], 19
    else:
        responses, total = [answered(WRAPPED[model](vectors[0]), 19), answered(WRAPPED[model](vectors[1]), 4)], 23
    body = adapter.decode(encoded, responses)
    assert body["usage"] == {"prompt_tokens": total, "total_tokens": total}
    assert [item["embedding"] for item in body["data"]] == vectors
    assert encoded.notes == []


def test_usage_from_the_body_where_no_header_is(adapter: Adapter) -> None:
    encoded = adapter.encode({"model": TITAN_V1, "input": ["a", "b"]})
    responses = [answered(WRAPPED[TITAN_V1]([1.0]), count) for count in (None, 9)]
    assert adapter.decode(encoded, responses)["usage"]["prompt_tokens"] == 12


def test_usage_is_estimated_and_noted_where_nothing_tells(adapter: Adapter) -> None:
    encoded = adapter.encode({"model": NOVA, "input": ["a" * 40, "abcde"]})
    responses = [answered(WRAPPED[NOVA]([1.0]), count) for count in (None, 9)]
    assert adapter.decode(encoded, responses)["usage"] == {"prompt_tokens": 12, "total_tokens": 12}
    assert [(note.param, note.action) for note in encoded.notes] == [("usage", "added")]


# -- answers of other forms --------------------------------------------------------------------------------------------


def test_marengo_answers_in_several_forms(adapter: Adapter) -> None:
    encoded = adapter.encode({"model": MARENGO_2, "input": "hi"})
    for body in (
        {"data": {"embedding": [1.0]}},
        {"embedding": [1.0]},
        {"embeddings": [[1.0]]},
        {"data": [{"embedding": [1.0]}]},
    ):
        assert adapter.decode(encoded, [answered(body)])["data"][0]["embedding"] == [1.0]


def test_nova_tells_what_it_cut(adapter: Adapter) -> None:
    encoded = adapter.encode({"model": NOVA, "input": ["a", "b" * 100]})
    cut = {"embeddings": [{"embedding": [1.0], "embeddingType": "TEXT", "truncatedCharLength": 60}]}
    adapter.decode(encoded, [answered(WRAPPED[NOVA]([1.0])), answered(cut)])
    assert [note.reason for note in encoded.notes] == ["input[1]: the model cut the text to 60 characters"]


def test_titan_s_failure_within_a_success(adapter: Adapter) -> None:
    encoded = adapter.encode({"model": TITAN_IMAGE, "input": "hi"})
    with pytest.raises(InvalidRequestError, match="max pixels"):
        adapter.decode(encoded, [answered({"embedding": None, "message": "Image exceeds max pixels allowed."})])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "x",
        {"embedding": "x"},
        {"embeddings": []},
        {"embeddings": [["a"]]},
        {"data": [{}]},
        {"embedding": [1e300]},
    ],
)
def test_an_answer_of_unknown_form(adapter: Adapter, model: str, body: Any) -> None:
    encoded = adapter.encode({"model": model, "input": "hi", "encoding_format": "base64"})
    with pytest.raises(ServiceError) as caught:
        adapter.decode(encoded, [answered(body)])
    assert caught.value.status == 502


def test_too_few_vectors(adapter: Adapter) -> None:
    encoded = adapter.encode({"model": COHERE_V3, "input": ["a", "b"]})
    with pytest.raises(ServiceError, match="1 vectors for 2 inputs"):
        adapter.decode(encoded, [answered(WRAPPED[COHERE_V3]([1.0]))])


# -- a dialect of somebody else's ------------------------------------------------------------------------------------------


class Owl:
    """What a plugin author writes at least."""

    @hookimpl
    def bedrock_profiles(self) -> list[Layer]:
        facts = {"kind": "embedding", "dialect": "owl", "vendor": "acme"}
        return [Layer(("acme.owl-*",), facts)]

    @hookimpl
    def bedrock_dialects(self) -> list[EmbeddingDialect]:
        def encode(call: Any) -> list[WireRequest]:
            return [WireRequest("InvokeModel", call.model, {"say": text}) for text in call.body["inputs"]]

        def decode(call: Any, request: WireRequest, response: WireResponse) -> Any:
            return {"data": [{"embedding": response.json()["hoot"]}]}

        return [EmbeddingDialect("owl", encode, decode)]


def test_a_dialect_in_a_few_lines_gets_everything(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(Owl())
    encoded = adapter.encode({"model": "acme.owl-1", "input": ["a", "b"], "encoding_format": "base64", "dimensions": 7})
    answers = [answered({"hoot": [float(number)]}, None) for number in (1, 2)]
    body = adapter.decode(encoded, answers)
    assert [item["index"] for item in body["data"]] == [0, 1]
    assert [unpacked(item["embedding"]) for item in body["data"]] == [[1.0], [2.0]]
    assert body["usage"]["prompt_tokens"] == 2


def test_vectors_have_length_one_unless_told(adapter: Adapter, bedrock_emulator: BedrockEmulator) -> None:
    for fields, same in (({}, True), ({"normalize": True}, True), ({"normalize": False}, False)):
        vector = adapter.embeddings({"model": TITAN_V2, "input": "hi", **fields})["data"][0]["embedding"]
        assert math.isclose(math.hypot(*vector), 1, rel_tol=1e-3) is same
