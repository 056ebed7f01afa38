"""The adapter: plugins, settings and a transport behind OpenAI-shaped methods."""

from collections.abc import AsyncIterator, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bedrock_adapter.call import NO_CONTEXT, Call, Context, Note
from bedrock_adapter.embedding import decode_part, join, wire_requests
from bedrock_adapter.engine import Answer, ChatStream, Engine, decode_chat, encode, run_responses, wire_request
from bedrock_adapter.explain import explain
from bedrock_adapter.io import IO
from bedrock_adapter.listing import ModelListing
from bedrock_adapter.lookup import ModelBehind
from bedrock_adapter.manager import PluginInfo, PluginManager
from bedrock_adapter.model_id import ModelId
from bedrock_adapter.portal import Portal
from bedrock_adapter.routes import Need, Route
from bedrock_adapter.routing import Router
from bedrock_adapter.settings import Settings, load_settings
from bedrock_adapter.streaming import StreamDecoder
from bedrock_adapter.transport import Transport, compose
from bedrock_adapter.types import Chunk, Json, Operation
from bedrock_adapter.wire import WireRequest, WireResponse


@dataclass(frozen=True, slots=True)
class Encoded:
    """A request ready for the wire, made without I/O.

    Attributes:
        call: what `decode` and `stream_decoder` need again.
        requests: HTTP requests to send, in order; chat has exactly one.
    """

    call: Call
    requests: tuple[WireRequest, ...]

    @property
    def notes(self) -> list[Note]:
        return self.call.notes


class Adapter:
    """OpenAI in, Bedrock out.

    Args:
        settings: ready settings; else they are read from `config`, the environment and `arguments`.
        plugins: modules or objects to register beside the installed ones.
        autoload: load the installed plugins (entry-point group `bedrock_adapter`).
        transport: how to reach Bedrock; by default async HTTP signed by botocore.
        config: a TOML settings file.
        arguments: single settings, e.g. `region="eu-west-1"`.

    Raises:
        ConfigError, PluginError: settings or plugins that cannot work.

    Every method that talks to Bedrock has an async twin with the prefix `a`; sync methods run it on a loop in a thread of the
    adapter's own. Requests and answers are OpenAI-shaped dictionaries; a request is never modified.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        plugins: Iterable[object] = (),
        autoload: bool = True,
        transport: Transport | None = None,
        config: str | Path | None = None,
        **arguments: Any,
    ) -> None:
        self.settings = settings or load_settings(config, **arguments)
        self.manager = PluginManager(self.settings, plugins, autoload=autoload)
        self.router = Router(self.manager)
        self._own_transport = transport
        self._portal = Portal()

    @cached_property
    def transport(self) -> Transport:
        """The transport with every plugin's wrapper around it."""
        return compose(self._own_transport or _http_transport(self.settings), self.manager.transport_wrappers())

    @cached_property
    def engine(self) -> Engine:
        return Engine(self.router, self.transport)

    @cached_property
    def listing(self) -> ModelListing:
        return ModelListing(
            self.manager, lambda: IO(self.transport, self.settings, self.settings.target), self.router.serves
        )

    # -- plugins --------------------------------------------------------------------------------------------------

    @property
    def plugins(self) -> list[PluginInfo]:
        """The loaded plugins by name."""
        return self.manager.plugins

    def register(self, plugin: object, name: str | None = None) -> None:
        """Add a plugin; routes are built anew.

        Raises:
            PluginConflictError, PluginLoadError: as in `PluginManager.register`.
        """
        self.manager.register(plugin, name)
        self.router.forget()

    # -- async ----------------------------------------------------------------------------------------------------

    async def achat(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> Json:
        """`POST /chat/completions` without `stream`: the `chat.completion` object.

        Raises:
            RequestError: the caller can mend it. ServiceError: Bedrock failed or refused.
        """
        return (await self.aanswer(request, context=context)).body

    async def aanswer(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> Answer:
        """As `achat`, with notes and Bedrock's request id beside the body."""
        return await self.engine.chat(request, context)

    async def open_stream(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> ChatStream:
        """As `astream`, but open when it returns: earlier failures are raised here, and chunks come in batches."""
        return await self.engine.stream(request, context)

    async def astream(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> AsyncIterator[Chunk]:
        """`POST /chat/completions` with `stream`: its chunks."""
        stream = await self.open_stream(request, context=context)
        try:
            async for batch in stream:
                for chunk in batch:
                    yield chunk
        finally:
            await stream.aclose()

    async def aembeddings(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> Json:
        """`POST /embeddings`: the list of embeddings."""
        return (await self.aembed(request, context=context)).body

    async def aembed(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> Answer:
        """As `aembeddings`, with notes and Bedrock's request id beside the body."""
        return await self.engine.embeddings(request, context)

    async def acount_tokens(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> int:
        """`POST /chat/completions/input_tokens`: how many input tokens a chat request has, counted by Bedrock.

        Raises:
            UnsupportedFeatureError: Bedrock does not count for this model.
        """
        return await self.engine.count_tokens(request, context)

    async def amodels(self, *, refresh: bool = False) -> list[Json]:
        """`GET /models`: OpenAI model objects. `refresh` waits for a new list."""
        return await self.listing.models(refresh=refresh)

    async def amodel(self, model: str) -> Json:
        """`GET /models/{id}`.

        Raises:
            UnknownModelError: it is not listed.
        """
        return await self.listing.model(model)

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        if "transport" in self.__dict__:
            await self.transport.aclose()

    # -- sync -----------------------------------------------------------------------------------------------------

    def chat(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> Json:
        """Synchronous `achat`."""
        return self._portal.run(self.achat(request, context=context))

    def stream(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> Iterator[Chunk]:
        """Synchronous `astream`. Closing the iterator closes Bedrock's stream."""
        stream = self._portal.run(self.open_stream(request, context=context))
        return self._drain(stream)

    def _drain(self, stream: ChatStream) -> Iterator[Chunk]:
        try:
            yield from self._portal.iterate(aiter(stream))
        finally:
            self._portal.run(_close(stream))

    def embeddings(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> Json:
        """Synchronous `aembeddings`."""
        return self._portal.run(self.aembeddings(request, context=context))

    def count_tokens(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> int:
        """Synchronous `acount_tokens`."""
        return self._portal.run(self.acount_tokens(request, context=context))

    def models(self, *, refresh: bool = False) -> list[Json]:
        """Synchronous `amodels`."""
        return self._portal.run(self.amodels(refresh=refresh))

    def close(self) -> None:
        """Close the connections of the sync methods and stop their thread."""
        self._portal.run(self.aclose())
        self._portal.close()

    # -- without I/O ----------------------------------------------------------------------------------------------

    def needs(self, request: Mapping[str, Any], *, context: Context = NO_CONTEXT) -> list[Need]:
        """What must be loaded before `encode`: pass `resources={need.key: value}`."""
        model = self.router.asked(request)
        if model.opaque and not model.base and not context.base_model:
            return [ModelBehind(model.wire, model.kind), *self._step_needs(request, model, context)]
        return self._step_needs(request, model, context)

    def _step_needs(self, request: Mapping[str, Any], model: ModelId, context: Context) -> list[Need]:
        call = self._call(request, model, context, None)
        return call.route.needs(call)

    def encode(
        self,
        request: Mapping[str, Any],
        *,
        resources: Mapping[Hashable, Any] | None = None,
        context: Context = NO_CONTEXT,
    ) -> Encoded:
        """The HTTP requests that this OpenAI request means. A body with `input` is one for embeddings.

        Raises:
            NeedsIO: a need was not in `resources`; `error.need` is it.
            RequestError: as `achat`.
        """
        call = self._call(request, self.router.asked(request), context, resources)
        encode(call)
        if call.route.operation == "chat":
            return Encoded(call, (wire_request(call),))
        return Encoded(call, tuple(wire_requests(call)))

    def _call(
        self, request: Mapping[str, Any], model: ModelId, context: Context, resources: Mapping[Hashable, Any] | None
    ) -> Call:
        behind = (resources or {}).get(ModelBehind(model.wire, model.kind).key)
        if known := context.base_model or behind:
            model = model.known_as(known)
        operation: Operation = "embeddings" if "input" in request and "messages" not in request else "chat"
        call = self.engine.call(operation, request, model, context, stream=bool(request.get("stream")))
        call.resources.update(resources or {})
        return call

    def decode(self, encoded: Encoded, responses: Sequence[WireResponse]) -> Json:
        """The OpenAI answer from Bedrock's complete answers, in the order of `encoded.requests`.

        Raises:
            ServiceError: an answer is no success, or has an unknown form.
        """
        call = encoded.call
        for response in responses:
            if response.status != 200:
                from bedrock_adapter.service_errors import from_response

                raise from_response(response)
        if call.route.operation == "chat":
            return decode_chat(call, responses[0])
        pairs = zip(encoded.requests, responses, strict=True)
        body = join(call, encoded.requests, [decode_part(call, request, response) for request, response in pairs])
        run_responses(call, body)
        return body

    def stream_decoder(self, encoded: Encoded) -> StreamDecoder:
        """A translator of the stream's bytes to the client's chunks."""
        return StreamDecoder(encoded.call)

    # -- insight --------------------------------------------------------------------------------------------------

    def route(self, model: str, operation: Operation = "chat", *, base_model: str | None = None) -> Route:
        """The route of a model string."""
        resolved = self.router.resolve(model)
        return self.router.route(operation, resolved.known_as(base_model) if base_model else resolved)

    def explain(self, model: str) -> Json:
        """What is known of a model and where each fact comes from; the steps of its route with their plugins."""
        return explain(self, model)


async def _close(stream: ChatStream) -> None:
    await stream.aclose()


def _http_transport(settings: Settings) -> Transport:
    from bedrock_adapter.transport.http import HttpTransport, Timeouts

    return HttpTransport(
        default_target=settings.target,
        timeouts=Timeouts(
            connect=settings.connect_timeout, first_byte=settings.first_byte_timeout, idle=settings.idle_timeout
        ),
        retries=settings.retries,
        retry_deadline=settings.retry_deadline,
    )
