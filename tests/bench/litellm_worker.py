"""One way to Bedrock in a process of its own: `python litellm_worker.py adapter|noop|bare|bedrock|alone|boto3`.

Reads `unary N` or `stream N` from standard input; prints the CPU microseconds of each of N calls, one after another.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from cases import MODEL, SHORT, STREAM_EVENTS

_ASKED = {name: value for name, value in SHORT.items() if name != "model"}


def adapter() -> str:
    import bedrock_adapter

    bedrock_adapter.install("litellm")
    return f"bedrock_adapter/{MODEL}"


async def no_exchange() -> None:
    """What a provider that does nothing does for an answer."""


def signed_exchange() -> Callable[[], Awaitable[None]]:
    """What every provider must do for an answer of Bedrock's: sign, send, read. No translation."""
    import aiohttp
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from handwritten import to_converse

    from bedrock_adapter import json_codec

    url = f"{os.environ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME']}/model/{MODEL}/converse"
    signer = SigV4Auth(
        Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]), "bedrock", "us-east-1"
    )
    sessions: list[aiohttp.ClientSession] = []

    async def exchange() -> None:
        if not sessions:
            sessions.append(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)))
        body = json_codec.dumps(to_converse(SHORT))
        request = AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
        signer.add_auth(request)
        async with sessions[0].post(url, data=body, headers=dict(request.headers.items())) as response:
            json_codec.loads(await response.read())

    return exchange


def noop(exchange: Callable[[], Awaitable[None]] = no_exchange) -> str:
    """The least a custom provider can do: an answer out of memory."""
    import litellm
    from litellm.types.utils import Choices, Message, ModelResponse, Usage

    class Nothing(litellm.CustomLLM):  # type: ignore[misc]
        async def acompletion(self, *args: Any, **kwargs: Any) -> Any:
            await exchange()
            message = Message(role="assistant", content="The capital of France is Paris.")
            return ModelResponse(
                choices=[Choices(finish_reason="stop", index=0, message=message)],
                model=MODEL,
                usage=Usage(prompt_tokens=7, completion_tokens=5, total_tokens=12),
            )

        async def astreaming(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            for number in range(STREAM_EVENTS + 1):
                last = number == STREAM_EVENTS
                yield {
                    "text": "" if last else f" word{number}",  # LiteLLM ends streams that repeat themselves
                    "is_finished": last,
                    "finish_reason": "stop" if last else "",
                    "index": 0,
                    "tool_use": None,
                    "usage": None,
                }

    litellm.custom_provider_map = [{"provider": "noop", "custom_handler": Nothing()}]
    litellm.model_cost[f"noop/{MODEL}"] = {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6, "mode": "chat"}
    return f"noop/{MODEL}"


def litellm_calls(model: str) -> tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]:
    import litellm

    async def unary() -> None:
        answer = await litellm.acompletion(model=model, **_ASKED)
        assert "Paris" in answer.choices[0].message.content

    async def stream() -> None:
        chunks = 0
        async for _ in await litellm.acompletion(model=model, stream=True, **_ASKED):
            chunks += 1
        assert chunks >= STREAM_EVENTS

    return unary, stream


def alone_calls() -> tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]:
    """The adapter without LiteLLM."""
    from bedrock_adapter import Adapter

    ours = Adapter()

    async def unary() -> None:
        await ours.achat(SHORT)

    async def stream() -> None:
        chunks = 0
        async for _ in ours.astream({**SHORT, "stream": True}):
            chunks += 1
        assert chunks >= STREAM_EVENTS

    return unary, stream


def boto3_calls() -> tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]:
    """The Converse calls that the request means, through the SDK."""
    import boto3
    from handwritten import to_converse

    client = boto3.client("bedrock-runtime", endpoint_url=os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"])
    body = to_converse(SHORT)

    async def unary() -> None:
        client.converse(modelId=MODEL, **body)

    async def stream() -> None:
        assert sum(1 for _ in client.converse_stream(modelId=MODEL, **body)["stream"]) >= STREAM_EVENTS

    return unary, stream


async def main(variant: str) -> None:
    if variant in ("alone", "boto3"):
        unary, stream = alone_calls() if variant == "alone" else boto3_calls()
    else:
        models: dict[str, Callable[[], str]] = {
            "adapter": adapter,
            "noop": noop,
            "bare": lambda: noop(signed_exchange()),
            "bedrock": lambda: f"bedrock/{MODEL}",
        }
        unary, stream = litellm_calls(models[variant]())
    works = {"unary": unary, "stream": stream}
    for work in works.values():  # warm
        for _ in range(5):
            await work()
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while question := await loop.run_in_executor(None, sys.stdin.readline):
        kind, count = question.split()
        await asyncio.sleep(0.2)  # what earlier calls log in the background is done
        start = time.process_time()
        for _ in range(int(count)):
            await works[kind]()
        await asyncio.sleep(0.2)  # what these log belongs to them
        print((time.process_time() - start) / int(count) * 1e6, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
