"""Real traffic: what Bedrock accepted must be accepted, what it refused must be refused in the same words."""

import base64
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.eventstream import EventStreamBuffer

from bedrock_adapter.testing.emulator import converse, frames, invoke
from bedrock_adapter.testing.emulator.refusals import BedrockError
from bedrock_adapter.testing.emulator.state import State

FOLDER = os.environ.get("BEDROCK_RECORDINGS", "")
HANDLERS = {
    "Converse": converse.converse,
    "ConverseStream": converse.converse_stream,
    "CountTokens": converse.count_tokens,
    "InvokeModel": invoke.invoke,
}


def recordings(*, streams: bool = False) -> list[Any]:
    if not FOLDER:
        return [
            pytest.param({}, marks=pytest.mark.skip(reason="BEDROCK_RECORDINGS names no folder of recorded traffic"))
        ]
    lines = (Path(FOLDER) / "exchanges.jsonl").read_text(encoding="utf-8").splitlines()
    exchanges = [each for each in map(json.loads, lines) if "response_b64" in each or not streams]
    return [pytest.param(each, id=each["id"]) for each in exchanges]


def _send(exchange: dict[str, Any]) -> converse.Answer:
    state = State()
    state.arns["arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/mi1dadi0g15f"] = (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    )
    return HANDLERS[exchange["operation"]](
        exchange["operation"], unquote(exchange["model"]), exchange["request"], state
    )


@pytest.mark.parametrize("exchange", recordings())
def test_recorded_requests_meet_the_same_fate(exchange: dict[str, Any]) -> None:
    if exchange["status"] != 200:
        with pytest.raises(BedrockError) as refused:
            _send(exchange)
        assert (refused.value.status, refused.value.message) == (exchange["status"], exchange["response"]["message"])
        return
    answer = _send(exchange)
    if answer.streaming:
        return
    assert set(answer.response()) <= set(exchange["response"]) | {"additionalModelResponseFields"}


@pytest.mark.parametrize("exchange", recordings(streams=True))
def test_frames_are_encoded_as_in_real_streams(exchange: dict[str, Any]) -> None:
    raw = base64.b64decode(exchange["response_b64"])
    buffer = EventStreamBuffer()
    buffer.add_data(raw)
    events: list[Any] = list(buffer)
    again = b"".join(frames.frame(event.headers, event.payload) for event in events)
    assert again == raw
