"""Routes: what plugins chose for one (model, operation), resolved once and then only run.

Asking pluggy costs about 16 + 6 per plugin bare calls, so it is asked when a route is built; a request is a loop over the
route's plain functions.
"""

import enum
import threading
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bedrock_adapter.call import Call
from bedrock_adapter.model_id import ModelId
from bedrock_adapter.profiles import Profile
from bedrock_adapter.settings import Settings
from bedrock_adapter.types import Chunk, Event, Json, Operation
from bedrock_adapter.wire import WireRequest, WireResponse

if TYPE_CHECKING:
    from bedrock_adapter.io import IO


class Stage(enum.IntEnum):
    """When a step runs. Within a stage steps run in the order of their plugins' names, never of registration."""

    IDENTITY = 10
    """Names and aliases of fields: `extra_body`, camelCase, deprecated forms."""
    MESSAGES = 20
    """The conversation: `messages` and `system`."""
    INFERENCE = 30
    """inferenceConfig and sampling."""
    TOOLS = 40
    """toolConfig, tool history, structured output."""
    REASONING = 50
    """Thinking, and what it forbids."""
    FAMILY = 60
    """Quirks of one model family."""
    POLICY = 80
    """Guardrails, caching, metadata: what an operator decides."""
    FINAL = 90
    """Last checks."""


class Need(Protocol):
    """Something that must be fetched before a request can be encoded. Steps stay pure: they declare it, the adapter loads it.

    A frozen dataclass is a good need: equal needs are loaded once, and its repr is shown by `NeedsIO`.
    """

    @property
    def key(self) -> Hashable:
        """Where the value is found: `call.resources[need.key]`, or `call.resource(need)`."""

    def load(self, io: "IO") -> Awaitable[Any]:
        """Fetch it. An `AdapterError` raised here is the client's answer."""


class Save(Protocol):
    """Something to be written once an answer is complete, appended to `call.saves` by a response or stream step."""

    def save(self, io: "IO") -> Awaitable[None]:
        """Write it. Failures are logged, never the client's."""


def _check_stage(stage: object) -> None:
    if not isinstance(stage, Stage):
        raise TypeError(f"stage must be a Stage, as Stage.FAMILY, not {stage!r}")


@dataclass(frozen=True, slots=True)
class Step:
    """One transformation of a request (or, from `bedrock_transform_response`, of an answer).

    Attributes:
        stage: when it runs.
        run: `run(call)`; for a response step `run(call, response)`, editing the folded OpenAI response in place.
        name: shown by `explain`; the function's name by default.
        handles: OpenAI request fields that this step takes care of. A field that no step handles is noted or refused.
        needs: `needs(call)` yields what must be loaded before `run`. It sees the untouched request.
        operation: routes of which operation it belongs to; on others it is left out.
        plugin: filled in by the manager.
    """

    stage: Stage
    run: Callable[..., None]
    name: str = ""
    handles: frozenset[str] = frozenset()
    needs: Callable[[Call], Iterable[Need]] | None = None
    operation: Operation = "chat"
    plugin: str = ""

    def __post_init__(self) -> None:
        _check_stage(self.stage)


ChunkFunction = Callable[[Chunk], Chunk | list[Chunk] | None]


@dataclass(frozen=True, slots=True)
class StreamStep:
    """A transformation of chunks, for streams and unary answers alike (a unary answer is decoded into chunks and folded).

    Attributes:
        stage: order among stream steps.
        open: called once per answer with the `Call`; returns `chunk -> chunk | list of chunks | None` with its own state, or
            None where this answer needs nothing. What it holds back it must release on the chunk with a `finish_reason`.
        name, plugin: as in `Step`.
    """

    stage: Stage
    open: Callable[[Call], ChunkFunction | None]
    name: str = ""
    plugin: str = ""

    def __post_init__(self) -> None:
        _check_stage(self.stage)


@dataclass(frozen=True, slots=True)
class Converter:
    """Turns one kind of message content into Converse content blocks.

    Attributes:
        kind: `part` (a content part by its `type`), `field` (an assistant message's field, e.g. `tool_calls`) or `role`
            (a whole message of another role, e.g. `tool`, that becomes part of a user turn).
        name: the part type, field or role.
        convert: `convert(call, value, path)` returns the blocks; `path` is `messages[2].content[0]`, for errors and notes.
        before: a `field` whose blocks precede the message's own content (thinking does).
        members: for a `part`, what `convert` reads of it beside `type`; anything else is noted. None: `convert` notes by itself.
        plugin: filled in by the manager.
    """

    kind: str
    name: str
    convert: Callable[[Call, Any, str], list[Json]]
    before: bool = False
    members: frozenset[str] | None = None
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class ChatDialect:
    """A wire format for chat.

    Attributes:
        name: what `Profile.dialect` says.
        encode: the call's body as one HTTP request. Where `call.stream` is set and the request's operation does not
            stream, the adapter makes the stream from the unary answer.
        decode: the chunks of a unary answer, finish and usage included.
        stream: opens a translator of one stream: `event -> chunks`.
        count: the call's body as one CountTokens request; None: its models' tokens cannot be counted.
    """

    name: str
    encode: Callable[[Call], WireRequest]
    decode: Callable[[Call, WireResponse], list[Chunk]]
    stream: Callable[[Call], Callable[[Event], list[Chunk]]]
    count: Callable[[Call], WireRequest] | None = None
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class EmbeddingDialect:
    """A wire format for embeddings.

    Attributes:
        name: what `Profile.dialect` says.
        encode: `encode(call)` makes HTTP requests of the canonical body in `call.body`:
            `inputs`: one item for each vector wanted: a text, or a list of parts, each `{"text": TEXT}` or
                `{"image": {"format": "png", "data": BASE64}}`, that together make one vector; images come only where
                `profile.embedding.images` is set;
            `dimensions`?: the length wanted, one of `profile.embedding.dimensions`; never for models of a fixed length;
            `truncate`: `NONE`, `START` or `END`: what to cut from a text that is too long;
            `types`?: vector types wanted beside float, all of `profile.embedding.types`;
            `extra`?: members of the vendor's body that the client gave, to be merged into each request's body;
            and what a dialect's own request steps put there, e.g. `input_type`.
            Each request says in `inputs` which positions it carries.
        decode: `decode(call, request, response)` reads one answer:
            `{"data": [{"embedding": [float, …]}, …], "usage"?: {"prompt_tokens": N}}`, vectors in the order of
            `request.inputs`. Order, `index`, the sum of `usage` and base64 are taken care of.
    """

    name: str
    encode: Callable[[Call], Sequence[WireRequest]]
    decode: Callable[[Call, WireRequest, WireResponse], Json]
    plugin: str = ""


Dialect = ChatDialect | EmbeddingDialect

Recovery = Callable[[Call], None]
"""Edits an encoded call so that it can be sent once more, e.g. without a field that Bedrock has just refused."""


@dataclass(frozen=True, slots=True)
class Route:
    """Everything decided for one (model, operation). Built once, shared by all requests and threads.

    Attributes:
        operation: `chat` or `embeddings`.
        model: the resolved id.
        profile: what is known of the model.
        settings: the adapter's settings.
        dialect: the wire format.
        requests, responses, streams: steps in order.
        converters: by (kind, name).
        marks, before, after: the same converters by kind: marks, and assistant fields before and after the content.
        handled: OpenAI fields that some request step handles.
    """

    operation: Operation
    model: ModelId
    profile: Profile
    settings: Settings
    dialect: Dialect | None = None
    requests: tuple[Step, ...] = ()
    responses: tuple[Step, ...] = ()
    streams: tuple[StreamStep, ...] = ()
    converters: Mapping[tuple[str, str], Converter] = field(default_factory=dict)
    marks: tuple[Converter, ...] = ()
    before: tuple[Converter, ...] = ()
    after: tuple[Converter, ...] = ()
    handled: frozenset[str] = frozenset()

    def needs(self, call: Call) -> list[Need]:
        """What `call` must load first, each need once."""
        found: dict[Hashable, Need] = {}
        for step in self.requests:
            if step.needs is not None:
                for need in step.needs(call):
                    found.setdefault(need.key, need)
        return list(found.values())


class RouteTable:
    """Routes by operation, model string and base model, replaced copy-on-write so that readers take no lock.

    Bounded, because model strings are client input.

    Attributes:
        routes: by (operation, requested model, base model); to be read only.
    """

    LIMIT = 1024

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str, str], Route] = {}
        self._lock = threading.Lock()

    def put(self, operation: str, model: ModelId, route: Route) -> None:
        with self._lock:
            kept = {} if len(self.routes) >= self.LIMIT else dict(self.routes)
            kept[operation, model.requested, model.base] = route
            self.routes = kept

    def clear(self) -> None:
        with self._lock:
            self.routes = {}
