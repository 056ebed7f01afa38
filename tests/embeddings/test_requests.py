"""What clients send wrong, and what is noted: never a 500, always the position or the field."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, ConfigError, NeedsIO, RequestError
from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import (
    COHERE_V3,
    IMAGE_PART,
    MARENGO_2,
    MARENGO_3,
    MODELS,
    NOVA,
    PNG_URI,
    TITAN_IMAGE,
    TITAN_V1,
    TITAN_V2,
)


def notes(adapter: Adapter, model: str, **fields: Any) -> dict[str, str]:
    encoded = adapter.encode({"model": model, "input": "hi", **fields})
    return {note.param: note.action for note in encoded.notes}


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ("", "input"),
        (None, "input"),
        ([], "input"),
        ([""], "input[0]"),
        (["a", ""], "input[1]"),
        (["a", 5], "input[1]"),
        (["a", [1, 2]], "input[1]"),
        (["a", None], "input[1]"),
        ([None], "input[0]"),
        ([{"type": "text", "text": ""}], "input[0]"),
        ([{"type": "text"}], "input[0]"),
        (["a", {"type": "audio"}], "input[1]"),
        (["a", [{"type": "text", "text": "a"}, {}]], "input[1][1]"),
        (["a", []], "input[1]"),
        ([{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}], "input[0]"),
        ([{"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AAAA"}}], "input[0]"),
        ([{"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}], "input[0]"),
        ([{"type": "image_url", "image_url": 5}], "input[0]"),
        (7, "input"),
        (True, "input"),
        ({"a": 1}, "input"),
        (["a"] * 2049, "input"),
    ],
)
def test_input_that_is_refused(adapter: Adapter, given: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        adapter.encode({"model": TITAN_IMAGE, "input": given})
    assert (caught.value.status, caught.value.param) == (400, param)
    assert param in caught.value.message


def test_2048_inputs_are_taken(adapter: Adapter) -> None:
    assert len(adapter.encode({"model": TITAN_V1, "input": ["a"] * 2048}).requests) == 2048


async def test_no_input_at_all(adapter: Adapter) -> None:
    with pytest.raises(RequestError) as caught:
        await adapter.aembeddings({"model": TITAN_V2})
    assert caught.value.param == "input"


@pytest.mark.parametrize(
    ("model", "wanted", "offered"),
    [
        (TITAN_V1, 512, "1536"),
        (TITAN_V2, 384, "256, 512, 1024"),
        (TITAN_IMAGE, 512, "256, 384, 1024"),
        (COHERE_V3, 512, "1024"),
        ("cohere.embed-v4:0", 3072, "256, 512, 1024, 1536"),
        (NOVA, 512, "256, 384, 1024, 3072"),
        (MARENGO_2, 512, "1024"),
        (MARENGO_3, 1024, "512"),
    ],
)
def test_dimensions_that_a_model_does_not_have(adapter: Adapter, model: str, wanted: int, offered: str) -> None:
    with pytest.raises(RequestError, match=f"offers {offered}$") as caught:
        adapter.encode({"model": model, "input": "hi", "dimensions": wanted})
    assert (caught.value.status, caught.value.param) == (400, "dimensions")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"dimensions": "256"}, "dimensions"),
        ({"dimensions": True}, "dimensions"),
        ({"dimensions": 256.0}, "dimensions"),
        ({"dimensions": 0}, "dimensions"),
        ({"encoding_format": "ubinary"}, "encoding_format"),
        ({"encoding_format": 5}, "encoding_format"),
        ({"encoding_format": ["float"]}, "encoding_format"),
        ({"embedding_types": ["int8"]}, "embedding_types"),
        ({"embedding_types": [["float"]]}, "embedding_types"),
        ({"embedding_types": {}}, "embedding_types"),
        ({"truncate": "MIDDLE"}, "truncate"),
        ({"truncate": 1}, "truncate"),
        ({"normalize": "yes"}, "normalize"),
        ({"additional_model_request_fields": []}, "additional_model_request_fields"),
        ({"extra_body": []}, "extra_body"),
    ],
)
def test_field_that_is_refused(adapter: Adapter, fields: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        adapter.encode({"model": TITAN_V2, "input": "hi", **fields})
    assert (caught.value.status, caught.value.param) == (400, param)


@pytest.mark.parametrize(
    ("model", "fields", "param"),
    [
        (COHERE_V3, {"input_type": 5}, "input_type"),
        (COHERE_V3, {"input_type": ""}, "input_type"),
        (NOVA, {"embedding_purpose": []}, "embedding_purpose"),
        ("cohere.embed-v4:0", {"max_tokens": "9"}, "max_tokens"),
        ("cohere.embed-v4:0", {"max_tokens": True}, "max_tokens"),
        (MARENGO_2, {"truncate": "START"}, "truncate"),
    ],
)
def test_extension_that_is_refused(adapter: Adapter, model: str, fields: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        adapter.encode({"model": model, "input": "hi", **fields})
    assert (caught.value.status, caught.value.param) == (400, param)


@pytest.mark.parametrize("model", MODELS)
def test_nulls_are_silence(adapter: Adapter, model: str) -> None:
    names = (
        "dimensions",
        "encoding_format",
        "user",
        "input_type",
        "truncate",
        "normalize",
        "embedding_types",
        "max_tokens",
    )
    plain, nulls = (
        adapter.encode({"model": model, "input": "hi", **extra})
        for extra in (
            {},
            dict.fromkeys(names),
        )
    )
    assert [request.body for request in nulls.requests] == [request.body for request in plain.requests]
    assert nulls.notes == []


def test_fields_that_a_model_does_not_take_are_noted(adapter: Adapter) -> None:
    assert notes(adapter, TITAN_V1, user="u", input_type="search_query", normalize=True, wisdom=3) == dict.fromkeys(
        ("user", "input_type", "normalize", "wisdom"), "ignored"
    )
    assert notes(adapter, COHERE_V3, user="u", input_type="search_query", max_tokens=3) == {
        "user": "ignored",
        "max_tokens": "ignored",
    }
    assert notes(adapter, NOVA, input_type="clustering", litellm_call_id="x", tags=["a"], aws_region_name="x") == {
        "litellm_call_id": "ignored",
        "tags": "ignored",
        "aws_region_name": "ignored",
    }


def test_strict_refuses_what_would_be_noted(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(strict=True)
    with pytest.raises(RequestError) as caught:
        adapter.encode({"model": TITAN_V1, "input": "hi", "normalize": True})
    assert caught.value.param == "normalize"
    assert adapter.encode({"model": TITAN_V2, "input": "hi", "normalize": True, "tags": ["a"]}).requests
    with pytest.raises(RequestError, match="only the first 2048"):
        adapter.encode({"model": COHERE_V3, "input": "a" * 2049})


def test_cohere_s_2048_characters(adapter: Adapter, bedrock_emulator: BedrockEmulator) -> None:
    text = "x" + "ab" * 1023 + "yz"  # 2,049 characters
    request = {"model": COHERE_V3, "input": ["short", text, text]}
    for truncate, sent in (("END", text[:2048]), ("START", text[-2048:])):
        encoded = adapter.encode({**request, "truncate": truncate})
        assert encoded.requests[0].body == {
            "texts": ["short", sent, sent],
            "input_type": "search_document",
            "truncate": truncate,
        }
        (note,) = encoded.notes
        assert (note.param, note.action) == ("input", "changed")
        assert note.reason.startswith("input[1], input[2]: only the")
    assert len(adapter.embeddings(request)["data"]) == 3
    with pytest.raises(RequestError, match="at most 2048 characters") as caught:
        adapter.encode({**request, "truncate": "NONE"})
    assert caught.value.param == "input[1]"
    assert adapter.encode({"model": COHERE_V3, "input": "é" * 2048, "truncate": "NONE"}).notes == []


def test_many_cut_texts_make_one_short_note(adapter: Adapter) -> None:
    (note,) = adapter.encode({"model": COHERE_V3, "input": ["a" * 3000] * 300}).notes
    assert note.reason.startswith("input[0], ")
    assert "input[9] and 290 more:" in note.reason


def test_the_client_s_request_is_not_changed(adapter: Adapter) -> None:
    request = {"model": COHERE_V3, "input": ["a" * 3000, "b"], "extra_body": {"inputType": "clustering"}}
    adapter.encode(request)
    assert request == {"model": COHERE_V3, "input": ["a" * 3000, "b"], "extra_body": {"inputType": "clustering"}}


@pytest.mark.parametrize(
    "options",
    [
        {"embeddings": {"truncate": "MIDDLE"}},
        {"embeddings": {"concurrency": 0}},
        {"embeddings": {"concurrency": "many"}},
        {"tokens": {"encoding": "cl200k"}},
    ],
)
def test_settings_that_cannot_work(bedrock_adapter_for: Callable[..., Adapter], options: Any) -> None:
    with pytest.raises(ConfigError, match=r"options\."):
        bedrock_adapter_for(options=options)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just(IMAGE_PART),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "url"]), inner, max_size=2)
    ),
    max_leaves=6,
)
_FIELDS = st.sampled_from(
    (
        "dimensions",
        "encoding_format",
        "truncate",
        "input_type",
        "normalize",
        "embedding_types",
        "max_tokens",
        "user",
        "wisdom",
    )
)


@given(model=st.sampled_from(MODELS), sent=_JSON, fields=st.dictionaries(_FIELDS, _JSON, max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_a_client_sends_is_a_server_error(adapter: Adapter, model: str, sent: Any, fields: Any) -> None:
    with contextlib.suppress(RequestError, NeedsIO):
        adapter.encode({"model": model, "input": sent, **fields})


def test_an_image_as_text_is_an_image(adapter: Adapter) -> None:
    as_text, as_part = (
        adapter.encode({"model": NOVA, "input": given}).requests[0].body for given in (PNG_URI, [IMAGE_PART])
    )
    assert as_text == as_part
