"""The frame decoder against the published vectors, botocore's decoder on the same bytes, and every kind of damage."""

import itertools
import json
import struct
import zlib
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from bedrock_adapter.errors import ServiceError, StreamError, StreamTruncatedError, ThrottledError
from bedrock_adapter.eventstream import (
    MAX_HEADERS,
    MAX_PAYLOAD,
    EventDecoder,
    EventStreamDecoder,
    Frame,
    encode_frame,
    events,
)

MESSAGE_START = bytes.fromhex(
    "00000085000000529941d0530b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d7479706507"
    "00106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b2270223a226162636465666768"
    "222c22726f6c65223a22617373697374616e74227d3d593ac6"
)
THROTTLING = bytes.fromhex(
    "000000b2000000613590d5d30f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f"
    "6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f"
    "6e7b226d657373616765223a22546f6f206d616e792072657175657374732c20706c656173652077616974206265666f726520747279"
    "696e6720616761696e2e227de8ffb26a"
)

names = st.text(min_size=1, max_size=20)
values = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=60), st.text(max_size=30))
frames = st.builds(encode_frame, st.dictionaries(names, values, max_size=6), st.binary(max_size=300))


def event(name: str, payload: Any) -> bytes:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return encode_frame({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, data)


def raw(headers: bytes, payload: bytes = b"") -> bytes:
    """A frame around header bytes, right or wrong."""
    lengths = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    message = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def prelude(total: int, headers: int) -> bytes:
    lengths = struct.pack(">II", total, headers)
    return lengths + struct.pack(">I", zlib.crc32(lengths))


def decode_all(chunks: list[bytes]) -> list[Frame]:
    decoder = EventStreamDecoder()
    found = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    decoder.close()
    return found


def botocore_frames(data: bytes) -> list[Frame]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    messages: list[Any] = list(buffer)
    return [Frame(message.headers, message.payload) for message in messages]


def test_vectors() -> None:
    (start,) = EventStreamDecoder().feed(MESSAGE_START)
    assert start.headers == {
        ":event-type": "messageStart",
        ":content-type": "application/json",
        ":message-type": "event",
    }
    assert json.loads(start.payload) == {"p": "abcdefgh", "role": "assistant"}
    assert encode_frame(start.headers, start.payload) == MESSAGE_START
    assert EventDecoder().feed(MESSAGE_START) == [("messageStart", {"p": "abcdefgh", "role": "assistant"})]


@given(st.lists(frames, max_size=5), st.data())
def test_as_botocore_in_any_chunks(encoded: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(encoded)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[a:b] for a, b in itertools.pairwise(edges)]
    assert decode_all(chunks) == botocore_frames(stream)


def test_every_cut() -> None:
    stream = MESSAGE_START + event("contentBlockDelta", {"delta": {"text": "é"}}) + event("messageStop", {})
    whole = decode_all([stream])
    assert len(whole) == 3
    assert decode_all([bytes((byte,)) for byte in stream]) == whole
    for cut in range(len(stream) + 1):
        assert decode_all([stream[:cut], stream[cut:]]) == whole


def test_every_header_type() -> None:
    uuid = bytes(range(16))
    block = (
        b"\x01a\x00" + b"\x01b\x01" + b"\x01c\x02\xff" + b"\x01d\x03\xff\xfe" + b"\x01e\x04\xff\xff\xff\xfd"
        + b"\x01f\x05" + struct.pack(">q", -4) + b"\x01g\x06\x00\x02\x00\x01" + b"\x01h\x07\x00\x02\xc3\xa9"
        + b"\x01i\x08" + struct.pack(">q", 1700000000000) + b"\x01j\x09" + uuid
    )  # fmt: skip
    (frame,) = decode_all([raw(block)])
    assert frame.headers == {
        "a": True, "b": False, "c": -1, "d": -2, "e": -3, "f": -4, "g": b"\0\1", "h": "é", "i": 1700000000000, "j": uuid
    }  # fmt: skip
    assert [frame] == botocore_frames(raw(block))


@pytest.mark.parametrize("end", range(len(MESSAGE_START)))
def test_truncation_is_an_error(end: int) -> None:
    decoder = EventStreamDecoder()
    decoder.feed(MESSAGE_START)
    assert decoder.feed(MESSAGE_START[:end]) == []
    if end == 0:
        decoder.close()
        return
    with pytest.raises(StreamTruncatedError, match=f"{end} of"):
        decoder.close()


@pytest.mark.parametrize("position", range(len(MESSAGE_START)))
def test_each_flipped_bit_is_noticed(position: int) -> None:
    damaged = bytearray(MESSAGE_START)
    damaged[position] ^= 0x10
    with pytest.raises(StreamError):
        decode_all([bytes(damaged)])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (prelude(16, 0)[:8] + b"\0\0\0\0" + bytes(4), "prelude CRC is 0x00000000"),
        (raw(b"")[:-4] + b"\0\0\0\0", "message CRC is 0x00000000"),
        (prelude(15, 0), "15 bytes cannot hold 0"),
        (prelude(20, 5), "20 bytes cannot hold 5"),
        (prelude(MAX_HEADERS + 17, MAX_HEADERS + 1), f"{MAX_HEADERS + 1} bytes of headers"),
        (prelude(MAX_PAYLOAD + 17, 0), f"{MAX_PAYLOAD + 1} bytes of payload"),
        (raw(b"\x01a\x0a"), "type 10 at byte 2"),
        (raw(b"\x05a"), "cut off at byte 2"),
        (raw(b"\x01a"), "cut off at byte 2"),
        (raw(b"\x01a\x05\0\0"), "cut off at byte 5"),
        (raw(b"\x01a\x07\0"), "cut off at byte 4"),
        (raw(b"\x01a\x07\0\x09b"), "runs to byte 14 of 6"),
        (raw(b"\x01a\x09b"), "runs to byte 19 of 4"),
        (raw(b"\x01a\x07\0\x01\xff"), "not UTF-8"),
        (raw(b"\x01\xff\x00"), "not UTF-8"),
        (raw(b"\x01a\x00\x01a\x00"), "'a' comes twice"),
    ],
)
def test_damage_is_named(data: bytes, said: str) -> None:
    with pytest.raises(StreamError, match=said):
        EventStreamDecoder().feed(data)


def test_frames_before_damage_come_first() -> None:
    decoder = EventStreamDecoder()
    assert len(decoder.feed(MESSAGE_START + prelude(15, 0))) == 1
    assert decoder.failure is not None
    for call in (lambda: decoder.feed(b""), decoder.close):
        with pytest.raises(StreamError, match="15 bytes"):
            call()


def test_large_payload_in_small_reads() -> None:
    stream = encode_frame({"a": "b"}, bytes(2_000_000)) + MESSAGE_START
    first, second = decode_all([stream[start : start + 1000] for start in range(0, len(stream), 1000)])
    assert len(first.payload) == 2_000_000
    assert second.headers[":event-type"] == "messageStart"


def test_header_blocks_are_shared_and_bounded() -> None:
    decoder = EventStreamDecoder()
    one, two = decoder.feed(MESSAGE_START * 2)
    assert one.headers is two.headers
    with pytest.raises(TypeError):
        one.headers["x"] = 1  # type: ignore[index]
    for number in range(1000):
        assert decoder.feed(encode_frame({"n": number}, b""))[0].headers == {"n": number}
    assert len(decoder._blocks) <= 64


@pytest.mark.parametrize(
    ("headers", "payload"),
    [
        ({"n" * 256: ""}, b""),
        ({"n": "x" * 65536}, b""),
        ({"n": b"x" * 65536}, b""),
        ({"a": "x" * 65535, "b": "x" * 65535}, b""),
        ({}, bytes(MAX_PAYLOAD + 1)),
    ],
)
def test_what_fits_no_frame_is_refused(headers: dict[str, Any], payload: bytes) -> None:
    with pytest.raises(ValueError, match="exceed"):
        encode_frame(headers, payload)


def test_exception_after_events_of_the_same_read() -> None:
    decoder = EventDecoder("req-1")
    assert decoder.feed(MESSAGE_START + THROTTLING + MESSAGE_START) == [
        ("messageStart", {"p": "abcdefgh", "role": "assistant"})
    ]
    assert isinstance(decoder.failure, ThrottledError)
    for call in (lambda: decoder.feed(MESSAGE_START), decoder.close):
        with pytest.raises(ThrottledError, match=r"^Too many requests, please wait before trying again\.$") as caught:
            call()
        assert caught.value.status == 429
        assert caught.value.request_id == "req-1"


def test_exception_alone_is_raised_at_once() -> None:
    with pytest.raises(ThrottledError):
        EventDecoder().feed(THROTTLING)


def test_events_of_frames_before_an_exception() -> None:
    found = events(EventStreamDecoder().feed(MESSAGE_START + THROTTLING))
    assert next(iter(found))[0] == "messageStart"
    with pytest.raises(ThrottledError):
        next(iter(found))


def test_error_message_has_its_text_in_headers() -> None:
    headers = {":message-type": "error", ":error-code": "InternalFailure", ":error-message": "Something broke"}
    with pytest.raises(ServiceError, match="Something broke") as caught:
        EventDecoder().feed(encode_frame(headers, b""))
    assert caught.value.status == 500


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (event("messageStart", b"{"), "not JSON"),
        (event("messageStart", b"[1]"), "JSON list"),
        (encode_frame({":message-type": "event"}, b"{}"), "no :event-type"),
        (encode_frame({":message-type": "event", ":event-type": 3}, b"{}"), "no :event-type"),
    ],
)
def test_what_is_no_event(data: bytes, said: str) -> None:
    with pytest.raises(StreamError, match=said):
        EventDecoder().feed(data)


def test_event_decoder_ends() -> None:
    decoder = EventDecoder("req-2")
    assert decoder.feed(event("chunk", {"bytes": "e30="}) + event("messageStop", b"")) == [
        ("chunk", {"bytes": "e30="}),
        ("messageStop", {}),
    ]
    decoder.close()
    assert decoder.feed(MESSAGE_START[:20]) == []
    with pytest.raises(StreamTruncatedError, match="20 of 133") as caught:
        decoder.close()
    assert caught.value.request_id == "req-2"
    with pytest.raises(StreamTruncatedError):
        decoder.feed(b"")


def test_damage_after_events_of_the_same_read() -> None:
    decoder = EventDecoder()
    assert len(decoder.feed(MESSAGE_START + prelude(15, 0))) == 1
    assert isinstance(decoder.failure, StreamError)
    with pytest.raises(StreamError):
        decoder.close()
    with pytest.raises(StreamError, match="15 bytes"):
        EventDecoder().feed(prelude(15, 0))
