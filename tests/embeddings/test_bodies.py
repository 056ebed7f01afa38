"""The vendors' bodies: what each OpenAI request becomes, exactly."""

from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Adapter, RequestError, Stage, Step, UnsupportedFeatureError, hookimpl
from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import (
    COHERE_V3,
    COHERE_V4,
    IMAGE_PART,
    MARENGO_2,
    MARENGO_3,
    NOVA,
    PNG,
    PNG_URI,
    TITAN_IMAGE,
    TITAN_V1,
    TITAN_V2,
    answered,
)

BOTH = [{"type": "text", "text": "a dot"}, IMAGE_PART]
DOCUMENTS = {"input_type": "search_document", "truncate": "END"}


def bodies(adapter: Adapter, model: str, given: Any, **fields: Any) -> list[Any]:
    return [request.body for request in adapter.encode({"model": model, "input": given, **fields}).requests]


def nova(kind: dict[str, Any], **members: Any) -> dict[str, Any]:
    single = {"embeddingPurpose": "GENERIC_INDEX", **kind, **members}
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": single}


@pytest.mark.parametrize(
    ("model", "given", "fields", "body"),
    [
        (TITAN_V1, "hi", {}, {"inputText": "hi"}),
        (TITAN_V1, ["hi"], {"dimensions": 1536, "encoding_format": "base64"}, {"inputText": "hi"}),
        (TITAN_V2, "hi", {}, {"inputText": "hi"}),
        (
            TITAN_V2,
            "hi",
            {"dimensions": 256, "normalize": False},
            {"inputText": "hi", "dimensions": 256, "normalize": False},
        ),
        (TITAN_V2, "hi", {"embedding_types": ["binary"]}, {"inputText": "hi", "embeddingTypes": ["float", "binary"]}),
        (TITAN_V2, "hi", {"embeddingTypes": ["float"]}, {"inputText": "hi"}),
        (
            TITAN_IMAGE,
            "hi",
            {"dimensions": 384},
            {"inputText": "hi", "embeddingConfig": {"outputEmbeddingLength": 384}},
        ),
        (TITAN_IMAGE, PNG_URI, {}, {"inputImage": PNG}),
        (TITAN_IMAGE, [BOTH], {}, {"inputText": "a dot", "inputImage": PNG}),
        (COHERE_V3, "hi", {}, {"texts": ["hi"], **DOCUMENTS}),
        (COHERE_V3, ["a", "b"], {"dimensions": 1024}, {"texts": ["a", "b"], **DOCUMENTS}),
        (
            COHERE_V3,
            "hi",
            {"input_type": "search_query", "truncate": "none", "embedding_types": ["int8"]},
            {"texts": ["hi"], "input_type": "search_query", "truncate": "NONE", "embedding_types": ["float", "int8"]},
        ),
        (
            COHERE_V3,
            "hi",
            {"inputType": "clustering"},
            {"texts": ["hi"], "input_type": "clustering", "truncate": "END"},
        ),
        (COHERE_V3, [IMAGE_PART], {}, {"images": [PNG_URI], "input_type": "image"}),
        (
            COHERE_V4,
            "hi",
            {"output_dimension": 512, "max_tokens": 256, "truncate": "LEFT"},
            {
                "texts": ["hi"],
                "input_type": "search_document",
                "truncate": "START",
                "output_dimension": 512,
                "max_tokens": 256,
            },
        ),
        (
            COHERE_V4,
            [BOTH],
            {"dimensions": 256},
            {
                "inputs": [
                    {
                        "content": [
                            {"type": "text", "text": "a dot"},
                            {"type": "image_url", "image_url": {"url": PNG_URI}},
                        ]
                    }
                ],
                "output_dimension": 256,
                **DOCUMENTS,
            },
        ),
        (COHERE_V4, PNG_URI, {}, {"images": [PNG_URI], "input_type": "image"}),
        (NOVA, "hi", {}, nova({"text": {"truncationMode": "END", "value": "hi"}})),
        (
            NOVA,
            "hi",
            {"dimensions": 3072, "input_type": "search_query", "truncationMode": "NONE"},
            nova(
                {"text": {"truncationMode": "NONE", "value": "hi"}},
                embeddingDimension=3072,
                embeddingPurpose="GENERIC_RETRIEVAL",
            ),
        ),
        (
            NOVA,
            "hi",
            {"embeddingPurpose": "TEXT_RETRIEVAL"},
            nova({"text": {"truncationMode": "END", "value": "hi"}}, embeddingPurpose="TEXT_RETRIEVAL"),
        ),
        (NOVA, PNG_URI, {}, nova({"image": {"format": "png", "source": {"bytes": PNG}}})),
        (
            NOVA,
            PNG_URI,
            {
                "additional_model_request_fields": {
                    "singleEmbeddingParams": {"image": {"detailLevel": "DOCUMENT_IMAGE"}}
                }
            },
            nova({"image": {"format": "png", "source": {"bytes": PNG}, "detailLevel": "DOCUMENT_IMAGE"}}),
        ),
        (MARENGO_2, "hi", {}, {"inputType": "text", "inputText": "hi", "textTruncate": "end"}),
        (MARENGO_2, PNG_URI, {"dimensions": 1024}, {"inputType": "image", "mediaSource": {"base64String": PNG}}),
        (MARENGO_3, "hi", {}, {"inputType": "text", "text": {"inputText": "hi"}}),
        (MARENGO_3, PNG_URI, {}, {"inputType": "image", "image": {"mediaSource": {"base64String": PNG}}}),
        (
            MARENGO_3,
            [BOTH],
            {},
            {"inputType": "text_image", "text_image": {"inputText": "a dot", "mediaSource": {"base64String": PNG}}},
        ),
        (
            MARENGO_3,
            [[IMAGE_PART, IMAGE_PART]],
            {},
            {
                "inputType": "multi_input",
                "multi_input": {
                    "mediaSources": [
                        {"name": f"image{number}", "mediaType": "image", "base64String": PNG} for number in (1, 2)
                    ]
                },
            },
        ),
    ],
)
def test_body(
    adapter: Adapter, bedrock_emulator: BedrockEmulator, model: str, given: Any, fields: Any, body: Any
) -> None:
    assert bodies(adapter, model, given, **fields) == [body]
    vectors = adapter.embeddings({"model": model, "input": given, **fields})["data"]  # the emulator takes it
    assert len(vectors) == (len(given) if isinstance(given, list) else 1)


def test_one_call_for_each_text_where_the_model_takes_one(adapter: Adapter) -> None:
    for model in (TITAN_V1, TITAN_V2, TITAN_IMAGE, NOVA, MARENGO_2, MARENGO_3):
        requests = adapter.encode({"model": model, "input": ["a", "b", "c"]}).requests
        assert [list(request.inputs) for request in requests] == [[0], [1], [2]]


def test_cohere_takes_96_texts_and_images_apart(adapter: Adapter) -> None:
    given = ["a"] * 100 + [PNG_URI] + ["b"] * 100
    requests = adapter.encode({"model": COHERE_V3, "input": given}).requests
    assert [len(request.inputs) for request in requests] == [96, 96, 8, 1]
    assert sorted(position for request in requests for position in request.inputs) == list(range(201))
    assert requests[1].inputs[3:5] == [99, 101]


def test_texts_alone_in_one_input_are_paragraphs(adapter: Adapter) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert bodies(adapter, TITAN_V2, [parts, parts[0]]) == [{"inputText": "a\nb"}, {"inputText": "a"}]


def test_a_data_uri_is_text_for_a_model_of_texts(adapter: Adapter) -> None:
    assert bodies(adapter, TITAN_V2, PNG_URI) == [{"inputText": PNG_URI}]


def test_what_a_vector_can_be_made_of(adapter: Adapter) -> None:
    for model, given in (
        (TITAN_V2, [IMAGE_PART]),
        (COHERE_V3, ["a", BOTH]),
        (NOVA, ["a", BOTH]),
        (MARENGO_2, ["a", BOTH]),
        (TITAN_IMAGE, ["a", [IMAGE_PART, IMAGE_PART]]),
    ):
        with pytest.raises(UnsupportedFeatureError) as caught:
            bodies(adapter, model, given)
        assert caught.value.param == f"input[{len(given) - 1}]"


def test_members_of_the_vendor_s_body_pass(adapter: Adapter) -> None:
    extra = {"additional_model_request_fields": {"inferenceId": "42"}}
    made = bodies(adapter, MARENGO_3, ["a", "b"], **extra)
    assert [body["inferenceId"] for body in made] == ["42", "42"]


def test_operator_s_defaults(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    options = {"embeddings": {"truncate": "NONE", "input_type": "search_query"}}
    adapter = bedrock_adapter_for(options=options)
    assert bodies(adapter, COHERE_V3, "a") == [{"texts": ["a"], "input_type": "search_query", "truncate": "NONE"}]
    assert bodies(adapter, NOVA, "a")[0]["singleEmbeddingParams"]["embeddingPurpose"] == "GENERIC_RETRIEVAL"
    assert bodies(adapter, COHERE_V3, "a", truncate="END")[0]["truncate"] == "END"


def test_ids_resolve_like_chat_models(adapter: Adapter, bedrock_emulator: BedrockEmulator) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/team-embed"
    made = adapter.embeddings({"model": arn, "input": "hi", "dimensions": 256})
    assert made["model"] == arn
    assert len(made["data"][0]["embedding"]) == 256
    foundation = f"arn:aws:bedrock:us-east-1::foundation-model/{TITAN_V2}"
    assert adapter.encode({"model": foundation, "input": "hi"}).requests[0].resource == foundation
    for model in (f"eu-west-1/{TITAN_V2}", f"bedrock_adapter/{TITAN_V2}"):
        assert adapter.encode({"model": model, "input": "hi"}).requests[0].resource == TITAN_V2


def test_openai_s_names_and_aliases(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    adapter = bedrock_adapter_for(
        default_embedding_model=COHERE_V4, aliases={"vectors": {"model": TITAN_V2, "dimensions": 512}}
    )
    for name in ("text-embedding-3-small", "text-embedding-ada-002"):
        assert adapter.embeddings({"model": name, "input": "hi"})["model"] == COHERE_V4
    assert len(adapter.embeddings({"model": "vectors", "input": "hi"})["data"][0]["embedding"]) == 512


def test_a_model_that_needs_a_profile_is_called_through_one(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    base = MARENGO_2.removeprefix("us.")
    with pytest.raises(Exception, match=r"inference profile such as 'us\."):
        bedrock_adapter_for().embeddings({"model": base, "input": ["a", "b"]})
    adapter = bedrock_adapter_for(profile_retry=("us",))
    assert len(adapter.embeddings({"model": base, "input": ["a", "b"]})["data"]) == 2


def test_chat_models_do_not_embed(adapter: Adapter) -> None:
    with pytest.raises(RequestError, match="not for embedding"):
        adapter.encode({"model": "amazon.nova-lite-v1:0", "input": "hi"})
    with pytest.raises(RequestError) as caught:
        adapter.encode({"model": "acme.unheard-of-v1:0", "input": "hi"})
    assert caught.value.status == 404


def test_chat_steps_of_plugins_stay_out_of_embeddings(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    class ChatOnly:
        @hookimpl
        def bedrock_transform_request(self) -> Step:
            return Step(Stage.FINAL, lambda call: call.body["messages"].clear(), handles=frozenset({"user"}))

        @hookimpl
        def bedrock_transform_response(self) -> Step:
            return Step(Stage.FINAL, lambda call, response: response["choices"].clear())

    adapter = bedrock_adapter_for(ChatOnly())
    encoded = adapter.encode({"model": TITAN_V2, "input": "hi", "user": "me"})
    assert [note.param for note in encoded.notes] == ["user"]
    assert adapter.decode(encoded, [answered({"embedding": [1.0]})])["data"][0]["embedding"] == [1.0]
