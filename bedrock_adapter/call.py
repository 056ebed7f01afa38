"""The one mutable object of a request, and the notes on what the adapter changed."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from bedrock_adapter.errors import NeedsIO, RequestError
from bedrock_adapter.types import Json
from bedrock_adapter.wire import Target

if TYPE_CHECKING:
    from bedrock_adapter.routes import Need, Route, Save


class Note(NamedTuple):
    """One thing that the adapter dropped, changed or added.

    Attributes:
        param: the OpenAI request key concerned, e.g. `temperature` or `messages[2].content[0]`.
        action: `dropped`, `changed`, `added`, `moved` or `ignored`.
        reason: why, in words for the caller.
        plugin: name of the plugin that did it.
    """

    param: str
    action: str
    reason: str
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What a host knows of a request beside its body.

    Attributes:
        identity: stable, non-secret name of the caller (a hash of its key); keeps callers' stored thinking apart.
        target: endpoint and credentials that the host chose; wins over settings and aliases.
        timeout: seconds until the first byte of the answer must have come.
        base_model: the Bedrock model behind an opaque id, where the host knows it.
    """

    identity: str = ""
    target: Target = field(default_factory=Target)
    timeout: float | None = None
    base_model: str | None = None


NO_CONTEXT = Context()


class Call:
    """A request on its way through a route.

    Attributes:
        route: the steps it runs.
        request: the OpenAI request. Steps may replace the mapping (`call.request = {...}`), never mutate it: it is the caller's.
        body: the Bedrock body that request steps fill, as wire JSON.
        notes: what was changed, in order.
        state: private data of plugins, by plugin name.
        resources: what needs have loaded, by `Need.key`.
        saves: what is to be written once the answer is complete.
        stream: the client wants a stream.
        unary: a step decided that a stream must be served by one unary call.
        context: identity, target and deadline given by the host.
        model: id that goes into Bedrock's path; a recovery may replace it.
    """

    __slots__ = (
        "body",
        "context",
        "model",
        "notes",
        "request",
        "resources",
        "route",
        "saves",
        "state",
        "stream",
        "unary",
    )

    def __init__(
        self,
        route: "Route",
        request: Mapping[str, Any],
        *,
        stream: bool = False,
        context: Context = NO_CONTEXT,
        resources: dict[Hashable, Any] | None = None,
    ) -> None:
        self.route = route
        self.request = request
        self.body: Json = {}
        self.notes: list[Note] = []
        self.state: dict[str, Any] = {}
        self.resources: dict[Hashable, Any] = {} if resources is None else resources
        self.saves: list[Save] = []
        self.stream = stream
        self.unary = False
        self.context = context
        self.model = route.model.wire

    def note(self, param: str, action: str, reason: str, plugin: str = "") -> None:
        """Record a change of a *knob*. With the setting `strict` it is refused instead.

        Raises:
            RequestError: `strict` is on.
        """
        if self.route.settings.strict:
            raise RequestError(
                f"{param}: {reason} (refused because strict is on)", param=param, code="unsupported_value"
            )
        self.notes.append(Note(param, action, reason, plugin))

    def repair(self, param: str, action: str, reason: str, plugin: str = "") -> None:
        """Record a change that keeps the meaning (a repair, a rename): never an error, strict or not."""
        self.notes.append(Note(param, action, reason, plugin))

    def resource(self, need: "Need") -> Any:
        """The loaded value of `need`.

        Raises:
            NeedsIO: it was not loaded; an encode without I/O must be given it.
        """
        try:
            return self.resources[need.key]
        except KeyError:
            raise NeedsIO(f"{need!r} must be loaded before this request can be encoded", need) from None


StepFunction = Callable[[Call], None]
