"""Event-stream decoding against botocore's, in CPU time per event; both check both CRCs.

Run: python tests/bench/bench_eventstream.py
"""

import json
import time
from collections.abc import Callable

from botocore.eventstream import EventStreamBuffer

from bedrock_adapter.eventstream import EventDecoder, EventStreamDecoder, encode_frame

EVENTS = 2000
ROUNDS = 15

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


def compare(ours: Run, theirs: Run, chunks: list[bytes]) -> tuple[float, float]:
    """Microseconds per event of both, measured in turns, since the machine's speed varies."""
    best = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        for which, run in enumerate((ours, theirs)):
            start = time.process_time()
            assert run(chunks) == EVENTS
            best[which] = min(best[which], time.process_time() - start)
    return best[0] / EVENTS * 1e6, best[1] / EVENTS * 1e6


def main() -> None:
    data = stream()
    for size in (0, len(data) // EVENTS, 1024, 16384):
        chunks = chunked(data, size) if size else frames(data)
        ours, theirs = compare(run_frames, run_botocore, chunks)
        ours_json, theirs_json = compare(run_events, run_botocore_json, chunks)
        print(
            f"reads of {f'{size:5d} bytes' if size else '  one frame'}: frames {ours:.2f} / botocore {theirs:.2f} us = {ours / theirs:.2f}; "
            f"with JSON {ours_json:.2f} / {theirs_json:.2f} us = {ours_json / theirs_json:.2f}"
        )


if __name__ == "__main__":
    main()
