"""Frames, read by botocore's own parser."""

import json
from typing import Any

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from bedrock_adapter.testing.emulator import frames
from bedrock_adapter.testing.emulator.events import events, pieces
from bedrock_adapter.testing.emulator.script import message

START = (
    "00000085000000529941d0530b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d747970650700106170706c"
    "69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b2270223a226162636465666768222c22726f6c65223a226173"
    "73697374616e74227d3d593ac6"
)
EXCEPTION = (
    "000000b2000000613590d5d30f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d"
    "747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a"
    "22546f6f206d616e792072657175657374732c20706c656173652077616974206265666f726520747279696e6720616761696e2e227de8ffb26a"
)


def parsed(data: bytes) -> list[Any]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


def test_known_vectors() -> None:
    assert frames.event("messageStart", {"p": "abcdefgh", "role": "assistant"}, pad=False).hex() == START
    text = "Too many requests, please wait before trying again."
    assert frames.exception("throttlingException", text).hex() == EXCEPTION


def test_event_frame_is_padded_and_ordered() -> None:
    (event,) = parsed(frames.event("contentBlockDelta", {"delta": {"text": "é"}, "contentBlockIndex": 0}))
    assert list(event.headers) == [":event-type", ":content-type", ":message-type"]
    payload = json.loads(event.payload)
    assert list(payload) == ["contentBlockIndex", "delta", "p"]
    assert frames.PADDING.startswith(payload.pop("p"))
    assert payload == {"contentBlockIndex": 0, "delta": {"text": "é"}}


def test_error_frame_has_no_body() -> None:
    (event,) = parsed(frames.error("InternalFailure", "broken"))
    assert event.headers == {":error-code": "InternalFailure", ":error-message": "broken", ":message-type": "error"}
    assert event.payload == b""


def test_checksums_cover_the_frame() -> None:
    data = bytearray(frames.event("messageStop", {"stopReason": "end_turn"}))
    data[-6] ^= 1
    with pytest.raises(ChecksumMismatch):
        parsed(bytes(data))


@pytest.mark.parametrize("text", ["", " ", "a", "one two three four  five\n", "  lead and trail  "])
def test_pieces_join_to_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_only_tool_and_image_blocks_have_a_start() -> None:
    signed = {"reasoningContent": {"reasoningText": {"text": "a b c d", "signature": "s"}}}
    made = events(message(signed, {"text": "a b c d"}, {"toolUse": {"toolUseId": "t", "name": "n", "input": {"a": 1}}}))
    assert [kind for kind, _ in made] == [
        "messageStart",
        *["contentBlockDelta"] * 3,
        "contentBlockStop",
        *["contentBlockDelta"] * 2,
        "contentBlockStop",
        "contentBlockStart",
        *["contentBlockDelta"] * 3,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    deltas = [payload["delta"] for _, payload in made if "delta" in payload]
    assert deltas[2] == {"reasoningContent": {"signature": "s"}}
    assert [delta["toolUse"]["input"] for delta in deltas[-3:]] == ["", '{"a": 1', "}"]


def test_tool_without_arguments_streams_one_empty_fragment() -> None:
    made = events(message({"toolUse": {"toolUseId": "t", "name": "n", "input": {}, "type": "tool_use"}}))
    assert made[1] == (
        "contentBlockStart",
        {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "n", "type": "tool_use"}}},
    )
    assert [payload["delta"] for _, payload in made if "delta" in payload] == [{"toolUse": {"input": ""}}]


def test_server_tool_result_citation_redacted_image_and_unknown_blocks() -> None:
    result = {"toolUseId": "t", "type": "x_result", "status": "success", "content": [{"json": {"a": 1}}]}
    cited = {"citations": [{"title": "t"}], "content": [{"text": "quote"}]}
    picture = {"format": "png", "source": {"bytes": "AA=="}}
    content: list[dict[str, Any]] = [
        {"toolResult": result},
        {"citationsContent": cited},
        {"reasoningContent": {"redactedContent": "AA=="}},
        {"image": picture},
        {"futureBlock": {"a": 1}},
    ]
    payloads = [payload for kind, payload in events(message(*content)) if kind != "contentBlockStop"][1:-2]
    assert [payload.get("start") or payload["delta"] for payload in payloads] == [
        {"toolResult": {"toolUseId": "t", "type": "x_result", "status": "success"}},
        {"toolResult": [{"json": {"a": 1}}]},
        {"citation": {"title": "t"}},
        {"text": "quote"},
        {"reasoningContent": {"redactedContent": "AA=="}},
        {"image": {"format": "png"}},
        {"image": {"source": {"bytes": "AA=="}}},
        {"futureBlock": {}},
        {"futureBlock": {"a": 1}},
    ]


def test_leading_empty_text_block() -> None:
    made = events(message({"text": "hi"}), empty_leading_text=True)
    assert made[1] == ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": ""}})
    assert made[3] == ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "hi"}})


def test_metadata_comes_last_with_what_the_response_has() -> None:
    made = events(
        message({"text": "hi"}, serviceTier={"type": "flex"}, trace={}, additionalModelResponseFields={"a": 1})
    )
    assert made[-2] == ("messageStop", {"stopReason": "end_turn", "additionalModelResponseFields": {"a": 1}})
    assert made[-1][0] == "metadata"
    assert set(made[-1][1]) == {"usage", "metrics", "serviceTier", "trace"}
