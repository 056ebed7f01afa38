"""Many inputs: order, bounded concurrency, bounded memory, all or an error that names the input."""

import asyncio
import re
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, ServiceError, WireResponse
from bedrock_adapter.errors import InvalidRequestError, ThrottledError
from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import COHERE_V3, PNG_URI, TITAN_IMAGE, TITAN_V2, Canned, answered

Make = Callable[..., tuple[Adapter, Canned]]


def titan(body: Any) -> Any:
    """A vector that tells its text: `t17` becomes 17."""
    return {"embedding": [float(body["inputText"][1:])]}


def cohere(body: Any) -> Any:
    given = body.get("texts") or ["t-1"]
    return {"embeddings": [[float(text[1:])] for text in given]}


@pytest.mark.parametrize("concurrency", [1, 3, 8, 500])
async def test_order_is_kept_and_concurrency_bounded(canned: Make, concurrency: int) -> None:
    adapter, transport = canned(titan, options={"embeddings": {"concurrency": concurrency}})
    answer = await adapter.aembeddings({"model": TITAN_V2, "input": [f"t{number}" for number in range(200)]})
    assert [(item["index"], item["embedding"]) for item in answer["data"]] == [(n, [float(n)]) for n in range(200)]
    assert answer["usage"] == {"prompt_tokens": 200, "total_tokens": 200}
    assert transport.most_running <= concurrency
    assert transport.most_running >= min(concurrency, 100)


async def test_eight_at_a_time_by_default(canned: Make) -> None:
    adapter, transport = canned(titan)
    await adapter.aembeddings({"model": TITAN_V2, "input": ["t1"] * 30})
    assert transport.most_running == 8


@given(images=st.sets(st.integers(0, 250), max_size=6), count=st.integers(1, 250))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_chunks_keep_the_order(canned: Make, images: set[int], count: int) -> None:
    adapter, transport = canned(cohere)
    inputs = [PNG_URI if number in images else f"t{number}" for number in range(count)]
    answer = adapter.embeddings({"model": COHERE_V3, "input": inputs})
    wanted = [-1.0 if number in images else float(number) for number in range(count)]
    assert [item["embedding"] for item in answer["data"]] == [[number] for number in wanted]
    assert [item["index"] for item in answer["data"]] == list(range(count))
    assert all(len((request.body or {}).get("texts", [])) <= 96 for request in transport.requests)


class Watched(WireResponse):
    """A response that tells how many of its kind are held at a time."""

    alive: ClassVar[int] = 0
    most: ClassVar[int] = 0

    def __init__(self, response: WireResponse) -> None:
        super().__init__(response.status, response.headers, response.content)
        Watched.alive += 1
        Watched.most = max(Watched.most, Watched.alive)

    def __del__(self) -> None:
        Watched.alive -= 1


async def test_answers_are_not_kept_as_json(canned: Make) -> None:
    Watched.alive = Watched.most = 0
    adapter, _ = canned(lambda body: Watched(answered(titan(body))), options={"embeddings": {"concurrency": 4}})
    answer = await adapter.aembeddings({"model": TITAN_V2, "input": ["t1"] * 300})
    assert len(answer["data"]) == 300
    assert Watched.most <= 8


# -- failures ----------------------------------------------------------------------------------------------------------


def failing_at(text: str, error: Exception) -> Callable[[Any], Any]:
    return lambda body: error if text in (body.get("texts") or [body.get("inputText")]) else cohere_or_titan(body)


def cohere_or_titan(body: Any) -> Any:
    return cohere(body) if "texts" in body else titan(body)


async def test_the_failing_input_is_named(canned: Make) -> None:
    adapter, transport = canned(failing_at("t17", InvalidRequestError("Too many input tokens.")))
    with pytest.raises(InvalidRequestError, match=re.escape("input[17]: Too many input tokens.")) as caught:
        await adapter.aembeddings({"model": TITAN_V2, "input": [f"t{number}" for number in range(500)]})
    assert caught.value.to_openai()["error"]["message"] == str(caught.value)
    assert caught.value.status == 400
    assert len(transport.requests) < 40  # the others were not sent
    await asyncio.sleep(0)
    assert transport.running == 0


async def test_a_failing_chunk_names_its_inputs(canned: Make) -> None:
    adapter, _ = canned(failing_at("t100", ThrottledError("Too many requests")))
    with pytest.raises(ThrottledError, match=re.escape("input[96] to input[191]: Too many requests")):
        await adapter.aembeddings({"model": COHERE_V3, "input": [f"t{number}" for number in range(300)]})


async def test_one_call_is_not_located(canned: Make) -> None:
    adapter, _ = canned(lambda body: InvalidRequestError("#/texts/1: expected minLength: 1"))
    with pytest.raises(InvalidRequestError, match=r"^#/texts/1"):
        await adapter.aembeddings({"model": COHERE_V3, "input": ["a", "b"]})


async def test_an_answer_of_unknown_form_is_located(canned: Make) -> None:
    adapter, _ = canned(lambda body: {"embedding": None} if body["inputText"] == "t3" else titan(body))
    with pytest.raises(ServiceError, match=r"^input\[3\]: Bedrock's answer has an unknown form"):
        await adapter.aembeddings({"model": TITAN_V2, "input": [f"t{number}" for number in range(9)]})


async def test_a_cancelled_request_leaves_nothing_running(canned: Make) -> None:
    under_way = asyncio.Event()

    def answer(body: Any) -> Any:
        under_way.set()
        return titan(body)

    adapter, transport = canned(answer)
    task = asyncio.ensure_future(adapter.aembeddings({"model": TITAN_V2, "input": ["t1"] * 1000}))
    await under_way.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transport.running == 0
    assert len(transport.requests) < 1000


def test_bedrock_s_refusal_reaches_the_client(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    adapter = bedrock_adapter_for()
    with pytest.raises(ServiceError, match=r"input\[1\]: .*Too many input tokens") as caught:
        adapter.embeddings({"model": TITAN_V2, "input": ["a", "! " * 9000]})
    assert caught.value.status == 400
    with pytest.raises(ServiceError, match=r"^(?!input)"):
        adapter.embeddings({"model": TITAN_V2, "input": "! " * 9000})


def test_a_throttled_call_is_repeated(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    bedrock_emulator.script.throttle(1, retry_after="0")
    adapter = bedrock_adapter_for()
    assert len(adapter.embeddings({"model": TITAN_IMAGE, "input": ["a", "b"]})["data"]) == 2
    assert len(bedrock_emulator.requests) == 3
