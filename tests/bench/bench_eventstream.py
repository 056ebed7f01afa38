"""Event-stream decoding against botocore's, per event; both check both CRCs."""

import json
from collections.abc import Callable

from botocore.eventstream import EventStreamBuffer
from cases import SHORT
from measure import Row, interleaved

from bedrock_adapter import Adapter
from bedrock_adapter.eventstream import EventDecoder, EventStreamDecoder, encode_frame

BUDGET = 0.3
EVENTS = 2000
ADAPTER = Adapter(region="us-east-1")

Run = Callable[[list[bytes]], int]


def stream() -> bytes:
    """A stream like a real one: text deltas of a few words, with Bedrock's padding key."""
    frames = []
    for number in range(EVENTS):
        payload = {
            "contentBlockIndex": 0,
            "delta": {"text": " word" * (number % 4 + 1)},
            "p": "abcdefghijkl"[: number % 12],
        }
        headers = {":event-type": "contentBlockDelta", ":content-type": "application/json", ":message-type": "event"}
        frames.append(encode_frame(headers, json.dumps(payload).encode()))
    return b"".join(frames)


def chunked(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def frames(data: bytes) -> list[bytes]:
    """Each frame on its own, as Bedrock sends them."""
    found, start = [], 0
    while start < len(data):
        end = start + int.from_bytes(data[start : start + 4], "big")
        found.append(data[start:end])
        start = end
    return found


def run_botocore(chunks: list[bytes]) -> int:
    buffer, count = EventStreamBuffer(), 0
    for chunk in chunks:
        buffer.add_data(chunk)
        for event in buffer:
            event.to_response_dict()
            count += 1
    return count


def run_botocore_json(chunks: list[bytes]) -> int:
    buffer, count = EventStreamBuffer(), 0
    for chunk in chunks:
        buffer.add_data(chunk)
        for event in buffer:
            json.loads(event.to_response_dict()["body"])
            count += 1
    return count


def run_frames(chunks: list[bytes]) -> int:
    decoder = EventStreamDecoder()
    return sum(len(decoder.feed(chunk)) for chunk in chunks)


def run_events(chunks: list[bytes]) -> int:
    decoder = EventDecoder()
    return sum(len(decoder.feed(chunk)) for chunk in chunks)


def run_chunks(chunks: list[bytes]) -> int:
    """Bytes to OpenAI chunks: what a host does for each event."""
    decoder = ADAPTER.stream_decoder(ADAPTER.encode({**SHORT, "stream": True}))
    return sum(len(decoder.feed(chunk)) for chunk in chunks)


def measure(*, quick: bool) -> list[Row]:
    data = stream()
    rows = []
    reads = {
        "one event a read": frames(data),
        "reads of 1 kB": chunked(data, 1024),
        "reads of 16 kB": chunked(data, 16384),
    }
    for name, chunks in reads.items():
        rows.append(_row(f"event stream, {name}: frames / botocore", run_frames, run_botocore, chunks, quick, BUDGET))
    chunks = frames(data)
    rows.append(
        _row("event stream: events with JSON / botocore + json", run_events, run_botocore_json, chunks, quick, None)
    )
    rows.append(
        _row(
            "event stream: bytes to OpenAI chunks / botocore + json", run_chunks, run_botocore_json, chunks, quick, None
        )
    )
    return rows


def _row(what: str, ours: Run, theirs: Run, chunks: list[bytes], quick: bool, budget: float | None) -> Row:
    medians = interleaved((lambda: ours(chunks), lambda: theirs(chunks)), rounds=5 if quick else 15, repeat=1)
    return Row(what, medians[0] / EVENTS, medians[1] / EVENTS, budget)
