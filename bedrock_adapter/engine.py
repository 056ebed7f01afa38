"""One request's way: needs, steps, wire, recovery, answer. The adapter's public methods are thin doors to it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bedrock_adapter.call import Call, Context, Note
from bedrock_adapter.embedding import embed
from bedrock_adapter.errors import (
    AdapterError,
    PluginError,
    RequestError,
    ServiceError,
    StreamTruncatedError,
    UnsupportedFeatureError,
)
from bedrock_adapter.io import IO, load, write
from bedrock_adapter.lookup import Lookups
from bedrock_adapter.model_id import ModelId
from bedrock_adapter.routes import ChatDialect, Step
from bedrock_adapter.routing import Router
from bedrock_adapter.streaming import StreamTranslator, fold, known_form, pipeline, visible
from bedrock_adapter.transport import Transport, TransportStream
from bedrock_adapter.types import Chunk, Event, Json, Operation
from bedrock_adapter.wire import Target, WireRequest, WireResponse

_LOG = logging.getLogger(__name__)
_MOST_RECOVERIES = 2
_T = TypeVar("_T")


@dataclass(slots=True)
class Answer:
    """A complete answer.

    Attributes:
        body: the OpenAI object.
        notes: what was changed on the way.
        request_id: Bedrock's request id; "" where there was none.
    """

    body: Json
    notes: list[Note] = field(default_factory=list)
    request_id: str = ""


class ChatStream:
    """An open stream whose first event has come, so that earlier failures were raised with their real status.

    Iterate it for batches of chunks (one per network read), and close it: that closes Bedrock's connection at once.
    """

    def __init__(
        self, call: Call, request_id: str, batches: AsyncIterator[list[Chunk]], close: Callable[[], Awaitable[None]]
    ):
        self.call = call
        self.request_id = request_id
        self._batches = batches
        self._close = close

    @property
    def notes(self) -> list[Note]:
        return self.call.notes

    def __aiter__(self) -> AsyncIterator[list[Chunk]]:
        return self._batches

    async def aclose(self) -> None:
        await self._close()


class Engine:
    """Runs calls through routes over a transport."""

    def __init__(self, router: Router, transport: Transport) -> None:
        self.router = router
        self.transport = transport
        self.settings = router.settings
        self.lookups = Lookups()

    # -- opening --------------------------------------------------------------------------------------------------

    async def open(
        self, operation: Operation, request: Mapping[str, Any], context: Context, *, stream: bool = False
    ) -> Call:
        """A call with its route, its needs loaded and its body encoded."""
        model = await self._resolve(self.router.asked(request), context)
        call = self.call(operation, request, model, context, stream=stream)
        if needs := call.route.needs(call):
            await load(call, needs, self.io(call))
        encode(call)
        return call

    def call(
        self, operation: Operation, request: Mapping[str, Any], model: ModelId, context: Context, *, stream: bool
    ) -> Call:
        """A call that has not been encoded yet."""
        route = self.router.route(operation, model)
        call = Call(route, _with_defaults(request, model), stream=stream, context=context)
        if model.opaque and not model.base:
            reason = self.lookups.reason(model) or "it was not looked up"
            call.repair(
                "model", "ignored", f"the model behind it is unknown ({reason}); a base_model can be set by an alias"
            )
        return call

    async def _resolve(self, model: ModelId, context: Context) -> ModelId:
        if context.base_model:
            return model.known_as(context.base_model)
        if not model.opaque or model.base:
            return model
        base = await self.lookups.find(model, IO(self.transport, self.settings, self._target(model, context)))
        return model.known_as(base) if base else model

    def _target(self, model: ModelId, context: Context) -> Target:
        return context.target.over(model.target).over(self.settings.target)

    def io(self, call: Call) -> IO:
        return IO(self.transport, self.settings, self._target(call.route.model, call.context))

    # -- chat -----------------------------------------------------------------------------------------------------

    async def chat(self, request: Mapping[str, Any], context: Context) -> Answer:
        call = await self.open("chat", request, context)
        response = await self._attempt(
            call, lambda target: self.transport.send(wire_request(call), target, context.timeout)
        )
        return await self._complete(call, response)

    async def _complete(self, call: Call, response: WireResponse) -> Answer:
        body = decode_chat(call, response)
        await self._save(call)
        return Answer(body, call.notes, response.headers.get("x-amzn-requestid", ""))

    async def stream(self, request: Mapping[str, Any], context: Context) -> ChatStream:
        """Open a stream and wait for its first event."""
        call = await self.open("chat", request, context, stream=True)
        opened = await self._attempt(call, lambda target: self._open_wire(wire_request(call), target, context.timeout))
        if isinstance(opened, WireResponse):
            return self._unary_stream(call, opened)
        source, first = opened
        batches = self._batches(call, source, first)
        return ChatStream(call, source.headers.get("x-amzn-requestid", ""), batches, _closer(batches, source))

    async def _open_wire(
        self, wire: WireRequest, target: Target, timeout: float | None
    ) -> WireResponse | tuple[TransportStream, list[Event]]:
        if not wire.streaming:
            return await self.transport.send(wire, target, timeout)
        source = await self.transport.open_stream(wire, target, timeout)
        try:
            async with asyncio.timeout(timeout):
                first: list[Event] = await anext(aiter(source), [])
            if not first:
                raise StreamTruncatedError("Bedrock closed the stream before its first event")
        except TimeoutError as error:
            await source.aclose()
            raise ServiceError(f"Bedrock sent nothing within {timeout:g} s", code="timeout", status=504) from error
        except BaseException:
            await source.aclose()
            raise
        return source, first

    async def _batches(self, call: Call, source: TransportStream, first: list[Event]) -> AsyncIterator[list[Chunk]]:
        translator, shown = StreamTranslator(call), visible(call)
        try:
            if chunks := shown(translator.feed(first)):
                yield chunks
            async for events in source:
                if chunks := shown(translator.feed(events)):
                    yield chunks
            translator.close()
            await self._save(call)
        except AdapterError as error:
            raise self._mapped(error, call) from error
        finally:
            await source.aclose()

    def _unary_stream(self, call: Call, response: WireResponse) -> ChatStream:
        """A model that cannot stream this request: the chunks of its one answer."""
        chunks = visible(call)(chat_chunks(call, response))

        async def batches() -> AsyncIterator[list[Chunk]]:
            yield chunks
            await self._save(call)

        iterator = batches()
        return ChatStream(call, response.headers.get("x-amzn-requestid", ""), iterator, _closer(iterator, None))

    async def count_tokens(self, request: Mapping[str, Any], context: Context) -> int:
        """The input tokens of a chat request, counted by Bedrock.

        Raises:
            UnsupportedFeatureError: Bedrock does not count for this model.
        """
        call = await self.open("chat", request, context)
        dialect, profile = call.route.dialect, call.route.profile
        count = dialect.count if isinstance(dialect, ChatDialect) else None
        if count is None or not profile.output.count_tokens:
            raise UnsupportedFeatureError(
                f"Bedrock does not count tokens for {call.route.model.answer!r}",
                param="model",
                code="model_not_supported",
            )
        answer = await self._attempt(call, lambda target: self.transport.send(count(call), target, context.timeout))
        try:
            return int(answer.json()["inputTokens"])
        except (KeyError, TypeError, ValueError):
            raise ServiceError("Bedrock's count of tokens has an unknown form", status=502) from None

    # -- embeddings -----------------------------------------------------------------------------------------------

    async def embeddings(self, request: Mapping[str, Any], context: Context) -> Answer:
        call = await self.open("embeddings", request, context)
        concurrency = self.settings.option("embeddings", "concurrency", 8)

        async def send(target: Target) -> tuple[Json, str]:
            return await embed(
                call, lambda wire: self.transport.send(wire, target, context.timeout), max(1, concurrency)
            )

        body, request_id = await self._attempt(call, send)
        run_responses(call, body)
        return Answer(body, call.notes, request_id)

    # -- sending --------------------------------------------------------------------------------------------------

    async def _attempt(self, call: Call, send: Callable[[Target], Awaitable[_T]]) -> _T:
        """Send a call; where Bedrock refuses it and a plugin can mend it, encode and send it once more."""
        target = self.io(call).target
        for recoveries in range(_MOST_RECOVERIES + 1):
            try:
                return await send(target)
            except ServiceError as error:
                recovery = self.router.manager.recover(error, call) if recoveries < _MOST_RECOVERIES else None
                if recovery is None:
                    raise self._mapped(error, call) from error
                recovery(call)
        raise AssertionError("unreachable")

    def _mapped(self, error: AdapterError, call: Call) -> AdapterError:
        return self.router.manager.map_error(error, call.route)

    async def _save(self, call: Call) -> None:
        if call.saves:
            for failure in await write(call.saves, self.io(call)):
                _LOG.warning("a save after the answer failed: %s: %s", type(failure).__name__, failure)


def _with_defaults(request: Mapping[str, Any], model: ModelId) -> Mapping[str, Any]:
    if not model.defaults:
        return request
    return {**dict(model.defaults), **request}


def _closer(batches: Any, source: TransportStream | None) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        if source is not None:
            await source.aclose()  # first: an iterator that never started runs no `finally`
        await batches.aclose()

    return close


def encode(call: Call) -> None:
    """Run the request steps; what a plugin gets wrong is reported with its name."""
    for step in call.route.requests:
        _run(step, call)


def run_responses(call: Call, body: Json) -> None:
    for step in call.route.responses:
        _run(step, call, body)


def _run(step: Step, *arguments: Any) -> None:
    try:
        step.run(*arguments)
    except AdapterError:
        raise
    except RecursionError:
        raise RequestError("the request is nested too deeply") from None
    except Exception as error:
        raise PluginError(f"plugin {step.plugin!r} failed in {step.name}: {type(error).__name__}: {error}") from error


def wire_request(call: Call) -> WireRequest:
    """The HTTP request of an encoded chat call."""
    dialect = call.route.dialect
    assert isinstance(dialect, ChatDialect)  # by Router._build
    return dialect.encode(call)


def chat_chunks(call: Call, response: WireResponse) -> list[Chunk]:
    """The full chunks of a unary answer."""
    dialect = call.route.dialect
    assert isinstance(dialect, ChatDialect)  # by Router._build
    with known_form():
        chunks = dialect.decode(call, response)
    return pipeline(call)(chunks)


def decode_chat(call: Call, response: WireResponse) -> Json:
    """The `chat.completion` of a unary answer."""
    body = fold(chat_chunks(call, response))
    run_responses(call, body)
    return body
