"""From a model string to its route: resolve the id, merge its profile, ask the plugins for steps. No I/O."""

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bedrock_adapter.errors import AmbiguousProfileError, RequestError, UnknownModelError
from bedrock_adapter.layers import Catalogue
from bedrock_adapter.model_id import ModelId, parse_model_id
from bedrock_adapter.profile_files import load_layers
from bedrock_adapter.routes import ChatDialect, Dialect, Route, RouteTable
from bedrock_adapter.types import OBJECT, Operation

if TYPE_CHECKING:
    from bedrock_adapter.manager import PluginManager

_KINDS = {"chat": "chat", "embeddings": "embedding"}
_SETTINGS_PRIORITY = 100
_LONGEST = 2048  # bytes of a modelId (Bedrock Converse API)


def _sayable(model: str) -> bool:
    if model in (".", ".."):  # would be resolved away, and the signature fail
        return False
    try:
        return len(model.encode()) <= _LONGEST
    except UnicodeEncodeError:  # a lone surrogate, which JSON can carry
        return False


class Router:
    """Builds routes and keeps them."""

    def __init__(self, manager: "PluginManager") -> None:
        self.manager = manager
        self.settings = manager.settings
        self._table = RouteTable()
        self._models: dict[str, ModelId] = {}

    @cached_property
    def catalogue(self) -> Catalogue:
        layers = self.manager.layers()
        for path in self.settings.profiles:
            layers += load_layers(path, priority=_SETTINGS_PRIORITY)
        return Catalogue(layers)

    @cached_property
    def dialects(self) -> dict[str, Dialect]:
        return self.manager.dialects()

    def forget(self) -> None:
        """Drop everything built: a plugin has been added."""
        self._table.clear()
        self._models = {}
        for name in ("catalogue", "dialects"):
            self.__dict__.pop(name, None)

    def asked(self, request: Any) -> ModelId:
        """The model that a request names.

        Raises:
            RequestError: the request is no object; and as `resolve`.
        """
        if not isinstance(request, OBJECT):
            raise RequestError("the request must be an object", code="invalid_type")
        return self.resolve(request.get("model"))

    def resolve(self, model: Any) -> ModelId:
        """What a model string means.

        Raises:
            RequestError: it is no string, or empty.
            UnknownModelError: a plugin refused it.
        """
        try:
            return self._models[model]
        except (KeyError, TypeError):
            pass  # not seen yet, or no string at all
        return self._understood(model)

    def _understood(self, model: Any) -> ModelId:
        if not isinstance(model, str) or not model.strip():
            raise RequestError("model must be a non-empty string", param="model", code="invalid_value")
        if not _sayable(model):
            raise UnknownModelError(f"{model!r} is no model: it cannot be said in a URL", param="model")
        found = self.manager.resolve_model(model) or parse_model_id(model)
        if len(self._models) >= RouteTable.LIMIT:  # client input: bounded
            self._models = {}
        self._models[model] = found
        return found

    def route(self, operation: Operation, model: ModelId) -> Route:
        """The route of a resolved model.

        Raises:
            NoPluginsError: nothing speaks the model's wire format.
            RequestError: the model does not do this operation.
        """
        return self._table.routes.get((operation, model.requested, model.base)) or self._routed(operation, model)

    def serves(self, base: str) -> bool:
        """Whether a model, by its normalised id, is not known to be out of reach."""
        try:
            return not self.catalogue.profile(base).extra.get("unavailable")
        except AmbiguousProfileError:  # told to whoever calls the model
            return True

    def _routed(self, operation: Operation, model: ModelId) -> Route:
        route = self._build(operation, model)
        self._table.put(operation, model, route)
        return route

    def _build(self, operation: Operation, model: ModelId) -> Route:
        profile = self.catalogue.profile(model.base)
        if not profile.known and operation == "embeddings":
            raise UnknownModelError(f"{model.requested!r} is no embedding model that is known here", param="model")
        if profile.kind != _KINDS[operation]:
            raise RequestError(
                f"{model.requested!r} is a model for {profile.kind}, not for {_KINDS[operation]}",
                param="model",
                code="model_not_supported",
            )
        if reason := profile.extra.get("unavailable"):
            raise RequestError(
                f"{model.requested!r} cannot be served: {reason}", param="model", code="model_not_supported"
            )
        dialect = self.dialects.get(profile.dialect)
        if dialect is None:
            raise self.manager.require(f"the dialect {profile.dialect!r} of {model.requested!r}")
        if isinstance(dialect, ChatDialect) != (operation == "chat"):
            raise self.manager.require(f"a dialect for {operation} named {profile.dialect!r}")
        bare = Route(operation, model, profile, self.settings, dialect)
        requests = self.manager.request_steps(bare)
        handled = frozenset[str]().union(*(step.handles for step in requests))
        content = "messages" if operation == "chat" else "input"
        if content not in handled:
            raise self.manager.require(f"a step that converts {content!r}")
        converters = self.manager.converters(bare) if operation == "chat" else {}
        fields = [converter for (kind, _), converter in converters.items() if kind == "field"]
        return replace(
            bare,
            requests=requests,
            responses=self.manager.response_steps(bare),
            streams=self.manager.stream_steps(bare),
            converters=converters,
            marks=tuple(converter for (kind, _), converter in converters.items() if kind == "mark"),
            before=tuple(converter for converter in fields if converter.before),
            after=tuple(converter for converter in fields if not converter.before),
            handled=handled,
        )
