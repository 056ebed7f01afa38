"""The hooks: the contract with plugins, and its reference documentation.

Hooks choose, closures run. Every hook is asked when an adapter, a route or a model string is first met; what it returns is
cached and run. Only `bedrock_map_error` and `bedrock_recover` are asked per failed request.

A plugin is a module (or any object) with functions named as below and marked with `bedrock_adapter.hookimpl`, declared in
its distribution's entry points:

    [project.entry-points.bedrock_adapter]
    owl = "acme_owl"

An implementation takes the arguments it wants, by name. Order never depends on registration: steps carry a `Stage`, ties go
by plugin name.

Deprecation: hooks and arguments are added freely. One that is renamed keeps its old name for two minor versions at least: the
old argument stays in the hook's signature, last, and is listed in `DEPRECATED_ARGUMENTS`; a plugin that takes it gets the same
value and a `DeprecationWarning` at its own line. `SURFACE_VERSION` is raised with every change, and the change log names it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from bedrock_adapter.call import Call
    from bedrock_adapter.errors import AdapterError
    from bedrock_adapter.layers import Layer
    from bedrock_adapter.model_id import ModelId
    from bedrock_adapter.routes import Converter, Dialect, Recovery, Route, Step, StreamStep
    from bedrock_adapter.settings import Settings
    from bedrock_adapter.transport import TransportWrapper
    from bedrock_adapter.types import Json

PROJECT = "bedrock_adapter"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

SURFACE_VERSION = 1
"""Version of the hooks, their arguments and kinds."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """What became of a hook's argument.

    Attributes:
        new: its name now.
        since: the version that renamed it.
        until: the version that drops the old name.
    """

    new: str
    since: str
    until: str


DEPRECATED_ARGUMENTS: dict[str, dict[str, Renamed]] = {}
"""By hook, then by an argument's old name."""


def deprecations(hook: str) -> dict[str, Warning]:
    """The warnings for plugins that take old arguments of a hook, as pluggy wants them."""
    return {
        old: DeprecationWarning(
            f"{hook}: the argument {old!r} is named {renamed.new!r} since bedrock-adapter {renamed.since}; "
            f"version {renamed.until} drops the old name"
        )
        for old, renamed in DEPRECATED_ARGUMENTS.get(hook, {}).items()
    }


def with_old_names(hook: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """A hook's arguments, each also under the names that it had."""
    renamed = DEPRECATED_ARGUMENTS.get(hook)
    return arguments if not renamed else {**arguments, **{old: arguments[now.new] for old, now in renamed.items()}}


class HookManager(pluggy.PluginManager):
    """pluggy's manager, which warns of old arguments when a plugin is registered."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        """Options of an implementation. Only hooks' names are looked at: looking at every member takes most of the time."""
        return super().parse_hookimpl_opts(plugin, name) if name.startswith("bedrock_") else None

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        """Options of a hook as written, and its deprecations."""
        options = super().parse_hookspec_opts(module_or_class, name)
        return options and {**options, "warn_on_impl_args": deprecations(name)}


class BedrockSpecs:
    """Every hook. `bedrock-adapter hooks` prints this reference."""

    @hookspec(historic=True)
    def bedrock_configure(self, settings: "Settings") -> None:
        """Read the settings that concern the plugin, and fail early.

        When it runs: once when an adapter is built; for a plugin registered later, at its registration.
        Arguments: `settings`, a frozen `Settings`; `settings.option("owl", "wisdom", 3)` reads the plugin's own table.
        Return: nothing. Raise `ConfigError` for settings that cannot work.
        Order: unspecified; configure must not depend on other plugins.
        Example:

            @hookimpl
            def bedrock_configure(settings):
                if settings.option("owl", "wisdom", 3) > 10:
                    raise ConfigError("options.owl.wisdom must be at most 10", param="options.owl.wisdom")
        """

    @hookspec
    def bedrock_profiles(self, settings: "Settings") -> "Iterable[Layer] | None":
        """State facts about models.

        When it runs: once, before the first route; again after a plugin is registered.
        Arguments: `settings`.
        Return: layers. The vocabulary of facts is `bedrock_adapter.profiles.Profile`; a layer says only what differs.
        Order: none. Layers merge by specificity of `match`, then `priority` (built-in 0, plugin 10, settings file 100);
            two equal ones that disagree are an `AmbiguousProfileError` naming both.
        Example:

            @hookimpl
            def bedrock_profiles(settings):
                return [Layer("acme.owl-*", {"limits": {"max_output": 2048}}, source="Acme model card")]
        """

    @hookspec
    def bedrock_dialects(self) -> "Iterable[Dialect] | None":
        """Offer wire formats.

        When it runs: once, before the first route.
        Arguments: none.
        Return: `ChatDialect`s and `EmbeddingDialect`s; a profile's fact `dialect` selects one by name.
        Order: none; two dialects of one name are a `PluginConflictError`.
        Example:

            @hookimpl
            def bedrock_dialects():
                return [EmbeddingDialect("acme_embed", encode=encode, decode=decode)]
        """

    @hookspec(firstresult=True)
    def bedrock_resolve_model(self, model: str, settings: "Settings") -> "ModelId | None":
        """Say what a model string means.

        When it runs: once per new model string. No I/O: return `ModelId(opaque=True)` and the adapter looks the ARN up.
        Arguments: `model`, the client's string; `settings`.
        Return: a `ModelId`, or None to leave it to others. Raise `UnknownModelError` to refuse.
        Order: first result wins; plugins run in pluggy's order (`tryfirst`, `trylast`). The built-in runs last.
        Example:

            @hookimpl
            def bedrock_resolve_model(model, settings):
                return parse_model_id("acme.owl-1") if model == "owl" else None
        """

    @hookspec
    def bedrock_list_models(self, settings: "Settings") -> "Iterable[Json] | None":
        """Add models to the list.

        When it runs: whenever the list of models is refreshed.
        Arguments: `settings`.
        Return: OpenAI model objects; `id` is enough, `object`, `created` and `owned_by` are filled in.
        Order: by plugin name, after Bedrock's own; an id listed already is not added again.
        Example:

            @hookimpl
            def bedrock_list_models(settings):
                return [{"id": "owl", "owned_by": "acme"}]
        """

    @hookspec
    def bedrock_content_converters(self, route: "Route") -> "Iterable[Converter] | None":
        """Turn kinds of message content into Converse content blocks.

        When it runs: once per chat route.
        Arguments: `route`, with `model`, `profile` and `settings` filled in.
        Return: `Converter`s for content parts (by `type`), assistant fields or roles.
        Order: two converters for one thing are a `PluginConflictError`.
        Example:

            @hookimpl
            def bedrock_content_converters(route):
                return [Converter("part", "acme_note", lambda call, part, path: [{"text": part["note"]}])]
        """

    @hookspec
    def bedrock_transform_request(self, route: "Route") -> "Step | Iterable[Step] | None":
        """Shape the Bedrock body.

        When it runs: once per route; the steps run for every request.
        Arguments: `route`, with `model`, `profile` and `settings` filled in. Decide by `route.profile`, never by name.
        Return: a `Step`, several, or None. `step.run(call)` reads `call.request` (never mutating it) and fills `call.body`.
            A step belongs to chat unless it says `operation="embeddings"`.
        Order: by `Stage`, then plugin name.
        Errors: raise `RequestError` with `param`; `call.note(...)` what is dropped or changed.
        Example:

            @hookimpl
            def bedrock_transform_request(route):
                if route.profile.vendor != "acme":
                    return None

                def no_system(call):
                    if call.body.pop("system", None):
                        call.note("messages", "dropped", "this model takes no system prompt", "owl")

                return Step(Stage.FAMILY, no_system)
        """

    @hookspec
    def bedrock_transform_response(self, route: "Route") -> "Step | Iterable[Step] | None":
        """Edit a complete answer.

        When it runs: once per route; `step.run(call, response)` runs for each unary answer, after its chunks were folded.
        Arguments: `route`.
        Return: a `Step`, several, or None. What must hold for streams too belongs in `bedrock_transform_stream`.
        Order: by `Stage`, then plugin name.
        Example:

            @hookimpl
            def bedrock_transform_response(route):
                def sign(call, response):
                    response["system_fingerprint"] = "owl"

                return Step(Stage.FINAL, sign)
        """

    @hookspec
    def bedrock_transform_stream(self, route: "Route") -> "StreamStep | Iterable[StreamStep] | None":
        """Edit the chunks of an answer, streamed or not.

        When it runs: once per route; `step.open(call)` once per answer; what that returns, once per chunk.
        Arguments: `route`.
        Return: a `StreamStep`, several, or None.
        Order: by `Stage`, then plugin name.
        Example:

            @hookimpl
            def bedrock_transform_stream(route):
                def shout(chunk):
                    for choice in chunk["choices"]:
                        if text := choice["delta"].get("content"):
                            choice["delta"]["content"] = text.upper()
                    return chunk

                return StreamStep(Stage.FINAL, lambda call: shout) if route.profile.vendor == "acme" else None
        """

    @hookspec
    def bedrock_wrap_transport(self, settings: "Settings") -> "TransportWrapper | None":
        """Put something around every call to Bedrock: a cache, tracing, metering.

        When it runs: once per adapter.
        Arguments: `settings`.
        Return: a `TransportWrapper(stage, wrap)`; `wrap(transport)` returns a `Transport`. pluggy cannot wrap async work,
            so transports compose as an onion.
        Order: the highest stage is the outermost, ties by plugin name.
        Example:

            @hookimpl
            def bedrock_wrap_transport(settings):
                return TransportWrapper(Stage.POLICY, CountingTransport)
        """

    @hookspec(firstresult=True)
    def bedrock_map_error(self, error: "AdapterError", route: "Route") -> "AdapterError | None":
        """Replace an error of Bedrock by a better one.

        When it runs: when a request failed, before the error reaches the client.
        Arguments: `error`, mapped already to the adapter's tree; `route`.
        Return: another `AdapterError`, or None.
        Order: first result wins.
        Example:

            @hookimpl
            def bedrock_map_error(error, route):
                if "hoot" in error.message:
                    return RequestError("owls sleep by day; try again at night", param="model")
        """

    @hookspec(firstresult=True)
    def bedrock_recover(self, error: "AdapterError", call: "Call") -> "Recovery | None":
        """Mend a request that Bedrock refused, so that it is sent once more.

        When it runs: when a request failed before its first byte; at most twice per request.
        Arguments: `error`; `call`, whose `body` and `model` the recovery edits.
        Return: a function `recovery(call)`, which should leave a note, or None.
        Order: first result wins.
        Example:

            @hookimpl
            def bedrock_recover(error, call):
                if "reduce wisdom" in error.message:
                    return lambda call: call.body["additionalModelRequestFields"].pop("wisdom")
        """

    @hookspec
    def bedrock_diagnose(self, settings: "Settings") -> "Iterable[Json] | None":
        """Add checks to `bedrock-adapter doctor`.

        When it runs: only then.
        Arguments: `settings`.
        Return: rows `{"check": "owls", "state": "ok", "detail": "3 awake"}`; `state` is ok, note or failed.
        Order: by plugin name.
        Example:

            @hookimpl
            def bedrock_diagnose(settings):
                return [{"check": "owls", "state": "note", "detail": "all asleep"}]
        """


def hook_reference() -> Mapping[str, Any]:
    """Each hook's name with its arguments, kind and docstring, for `bedrock-adapter hooks`."""
    reference: dict[str, Any] = {}
    for name, function in vars(BedrockSpecs).items():
        if not name.startswith("bedrock_"):
            continue
        options = getattr(function, f"{PROJECT}_spec")
        code = function.__code__
        kind = "historic" if options["historic"] else "first result" if options["firstresult"] else "collecting"
        reference[name] = {
            "arguments": [
                argument
                for argument in code.co_varnames[1 : code.co_argcount]
                if argument not in DEPRECATED_ARGUMENTS.get(name, {})
            ],
            "kind": kind,
            "doc": function.__doc__,
        }
    return reference
