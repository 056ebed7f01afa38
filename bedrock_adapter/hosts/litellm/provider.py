"""The provider's handler: LiteLLM's `CustomLLM` over one adapter."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from importlib.metadata import version
from typing import Any, TypeVar

from litellm.llms.custom_llm import CustomLLM

from bedrock_adapter.engine import ChatStream
from bedrock_adapter.hosts.litellm.errors import to_litellm
from bedrock_adapter.hosts.litellm.prices import PRICES
from bedrock_adapter.hosts.litellm.requests import chat_request, context, embedding_request, is_routed, seconds
from bedrock_adapter.hosts.litellm.responses import StreamTranslator, embedding_response, model_response
from bedrock_adapter.hosts.litellm.state import HOST
from bedrock_adapter.types import Json

_T = TypeVar("_T")
# Measured: 1.106.2 does not, 1.109.1 does.
_ROUTER_RETRIES_STREAMS = tuple(int(part) for part in version("litellm").split(".")[:2]) >= (1, 109)


class BedrockProvider(CustomLLM):
    """LiteLLM calls every method by keyword. Sync methods run the async ones on the host's loop thread."""

    async def acompletion(self, **call: Any) -> Any:
        """One answer as `ModelResponse`.

        Raises:
            litellm.exceptions.*: whatever happens; see `errors`.
        """
        try:
            return await _complete(call)
        except Exception as error:  # noqa: BLE001 - LiteLLM would show a raw one to the client, traceback and all
            failure = to_litellm(error, call["model"])
        raise failure

    async def astreaming(self, **call: Any) -> AsyncIterator[Any]:
        """A stream of `ModelResponseStream`. Closing or cancelling it closes Bedrock's stream at once."""
        batches = _stream(call)
        try:
            async for batch in batches:
                for chunk in batch:
                    yield chunk
        finally:
            await batches.aclose()

    async def aembedding(self, **call: Any) -> Any:
        """Embeddings as `EmbeddingResponse`. Raises as `acompletion`."""
        try:
            return await _embed(call)
        except Exception as error:  # noqa: BLE001 - as above
            failure = to_litellm(error, call["model"])
        raise failure

    def completion(self, **call: Any) -> Any:
        """Synchronous `acompletion`."""
        return HOST.portal.run(self.acompletion(**call))

    def streaming(self, **call: Any) -> Iterator[Any]:
        """Synchronous `astreaming`."""
        batches = _stream(call)
        try:
            yield from HOST.portal.iterate(batches)
        finally:
            HOST.portal.run(_close(batches))

    def embedding(self, **call: Any) -> Any:
        """Synchronous `aembedding`."""
        return HOST.portal.run(self.aembedding(**call))


HANDLER = BedrockProvider()


async def _complete(call: Json) -> Any:
    request = chat_request(call["model"], call["messages"], call["optional_params"])
    answer = await _asked(call, HOST.adapter.aanswer, request)
    return model_response(answer.body, answer.notes, answer.request_id)


async def _embed(call: Json) -> Any:
    request = embedding_request(call["model"], call["input"], call["optional_params"])
    answer = await _asked(call, HOST.adapter.aembed, request)
    return embedding_response(answer.body, answer.notes, answer.request_id)


async def _asked(call: Json, ask: Callable[..., Awaitable[_T]], request: Json, *, routers_retry: bool = True) -> _T:
    """`ask` Bedrock within LiteLLM's timeout. A Router's own retries come at once: it may know a better deployment."""
    params = call.get("litellm_params") or {}
    own = context(params, call.get("api_key"), call.get("api_base"))
    async with asyncio.timeout(seconds(call.get("timeout"))):
        if routers_retry and is_routed(params):
            answer = await ask(request, context=own)
        else:
            answer = await HOST.retries.run(lambda: ask(request, context=own))
    if params.get("input_cost_per_token") is None:  # else the deployment has a price of its own
        PRICES.ensure(call["model"], own.base_model)
    return answer


async def _stream(call: Json) -> AsyncGenerator[list[Any], None]:
    """Batches of chunks. The timeout bounds the first event; a stream may last as long as events come."""
    failure: Exception | None = None
    stream: ChatStream | None = None
    try:
        request = chat_request(call["model"], call["messages"], call["optional_params"], stream=True)
        stream = await _asked(call, HOST.adapter.open_stream, request, routers_retry=_ROUTER_RETRIES_STREAMS)
        translator = StreamTranslator(stream.notes)
        async for batch in stream:
            if chunks := translator.feed(batch):
                yield chunks
        yield translator.close()
    except Exception as error:  # noqa: BLE001 - as above
        failure = to_litellm(error, call["model"])
    finally:
        if stream is not None:
            await stream.aclose()
    if failure is not None:
        raise failure


async def _close(batches: Any) -> None:
    await batches.aclose()
