"""Finding, checking and asking plugins; one typed method per hook.

pluggy drops the second of two equally named entry points without a word and aborts the whole scan at the first failing import,
so the scan is done here.
"""

import difflib
import inspect
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, TypeVar, cast

from bedrock_adapter.call import Call
from bedrock_adapter.errors import AdapterError, NoPluginsError, PluginConflictError, PluginError, PluginLoadError
from bedrock_adapter.hookspecs import DEPRECATED_ARGUMENTS, PROJECT, BedrockSpecs, HookManager, with_old_names
from bedrock_adapter.layers import Layer
from bedrock_adapter.model_id import ModelId
from bedrock_adapter.routes import Converter, Dialect, Recovery, Route, Step, StreamStep
from bedrock_adapter.settings import Settings
from bedrock_adapter.transport import TransportWrapper
from bedrock_adapter.types import Json

GROUP = "bedrock_adapter"


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """Where a plugin comes from. `distribution` is "" for one registered in code."""

    name: str
    distribution: str
    version: str
    value: str
    hooks: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"{self.distribution} {self.version}".strip()
        return f"plugin {self.name!r} ({where or 'registered in code'})"


_Item = TypeVar("_Item")


class PluginManager:
    """The plugins of one adapter.

    Args:
        settings: allow and deny lists, and what is passed to hooks.
        plugins: modules or objects to register beside the installed ones.
        autoload: load the installed plugins of the entry-point group `bedrock_adapter`.

    Raises:
        PluginLoadError, PluginConflictError: as their docstrings say.
    """

    def __init__(self, settings: Settings, plugins: Iterable[object] = (), *, autoload: bool = True) -> None:
        self.settings = settings
        self._manager = HookManager(PROJECT)
        self._manager.add_hookspecs(BedrockSpecs)
        self._infos: dict[str, PluginInfo] = {}
        configured = with_old_names("bedrock_configure", {"settings": settings})
        self._manager.hook.bedrock_configure.call_historic(kwargs=configured)
        if autoload:
            for entry_point in _installed(settings):
                self._load(entry_point)
        for plugin in plugins:
            self.register(plugin)

    # -- registration ---------------------------------------------------------------------------------------------

    def register(self, plugin: object, name: str | None = None, info: PluginInfo | None = None) -> None:
        """Add a plugin in code.

        Raises:
            PluginConflictError: its name is taken.
            PluginLoadError: a hook is misspelt, takes an unknown argument, or its `bedrock_configure` failed.
        """
        name = name or _name_of(plugin)
        info = info or PluginInfo(name, "", "", _value_of(plugin))
        if name in self._infos:
            raise PluginConflictError(f"{info} and {self._infos[name]} have one name; disable or rename one of them")
        hooks = _checked_hooks(plugin, info)
        try:
            self._manager.register(plugin, name)
        except AdapterError:
            self._forget(plugin)
            raise
        except Exception as error:
            self._forget(plugin)
            raise PluginLoadError(f"{info} cannot be registered: {error}") from error
        self._infos[name] = replace(info, hooks=tuple(sorted(hooks)))

    def _forget(self, plugin: object) -> None:
        if self._manager.is_registered(plugin):
            self._manager.unregister(plugin)

    def _load(self, entry_point: EntryPoint) -> None:
        info = _info(entry_point)
        try:
            try:
                plugin = entry_point.load()
            except Exception as error:
                raise PluginLoadError(
                    f"{info} cannot be imported from {entry_point.value!r}: {type(error).__name__}: {error}; "
                    f"mend or uninstall it, or set BEDROCK_ADAPTER_DISABLE={entry_point.name}"
                ) from error
            self.register(plugin, entry_point.name, info)
        except PluginLoadError as error:
            if self.settings.on_plugin_error != "warn":
                raise
            warnings.warn(error.message, RuntimeWarning, stacklevel=2)

    @property
    def plugins(self) -> list[PluginInfo]:
        """All plugins by name."""
        return [self._infos[name] for name in sorted(self._infos)]

    def require(self, what: str) -> NoPluginsError:
        """The error for something that no plugin provides."""
        allowed = self.settings.plugins
        only = f"the setting plugins (BEDROCK_ADAPTER_PLUGINS) allows only {', '.join(allowed or ()) or 'none'}"
        if not self._infos and allowed is not None:
            return NoPluginsError(f"there is no plugin at all, so nothing provides {what}: {only}")
        if not self._infos:
            return NoPluginsError(
                f"there is no plugin at all, so nothing provides {what}: install the package 'bedrock-adapter' (a source "
                "checkout needs `pip install -e .`), or pass Adapter(plugins=bedrock_adapter_plugins.BUILTINS)"
            )
        loaded = ", ".join(sorted(self._infos))
        return NoPluginsError(
            f"no plugin provides {what}; loaded are {loaded}{f'; {only}' if allowed is not None else ''}"
        )

    # -- hooks, typed ---------------------------------------------------------------------------------------------

    def layers(self) -> list[Layer]:
        found = self._collect("bedrock_profiles", Layer, settings=self.settings)
        return [replace(layer, origin=layer.origin or str(self._infos[name])) for name, layer in found]

    def dialects(self) -> dict[str, Dialect]:
        found: dict[str, Dialect] = {}
        for name, dialect in self._collect("bedrock_dialects", cast("type[Dialect]", Dialect)):
            if dialect.name in found:
                raise PluginConflictError(
                    f"{self._infos[name]} and {self._infos[found[dialect.name].plugin]} both offer the dialect {dialect.name!r}"
                )
            found[dialect.name] = replace(dialect, plugin=name)
        return found

    def resolve_model(self, model: str) -> ModelId | None:
        resolved = self._guard("bedrock_resolve_model", model=model, settings=self.settings)
        if resolved is None or isinstance(resolved, ModelId):
            return resolved
        raise PluginError(f"a plugin's bedrock_resolve_model returned {resolved!r}; wanted ModelId")

    def list_models(self) -> list[Json]:
        found = self._collect("bedrock_list_models", dict, settings=self.settings)
        for name, model in found:
            if not isinstance(model.get("id"), str):
                raise PluginError(f"{self._infos[name]}: bedrock_list_models returned {model!r}, which has no 'id'")
        return [dict(model) for _, model in found]

    def diagnose(self) -> list[Json]:
        return [dict(row) for _, row in self._collect("bedrock_diagnose", dict, settings=self.settings)]

    def converters(self, route: Route) -> dict[tuple[str, str], Converter]:
        found: dict[tuple[str, str], Converter] = {}
        for name, converter in self._collect("bedrock_content_converters", Converter, route=route):
            key = (converter.kind, converter.name)
            if key in found:
                raise PluginConflictError(
                    f"{self._infos[name]} and {self._infos[found[key].plugin]} both convert the {key[0]} {key[1]!r}"
                )
            found[key] = replace(converter, plugin=name)
        return found

    def request_steps(self, route: Route) -> tuple[Step, ...]:
        return self._steps("bedrock_transform_request", route)

    def response_steps(self, route: Route) -> tuple[Step, ...]:
        return self._steps("bedrock_transform_response", route)

    def stream_steps(self, route: Route) -> tuple[StreamStep, ...]:
        found = self._collect("bedrock_transform_stream", StreamStep, route=route)
        named = [replace(step, plugin=name, name=step.name or _function_name(step.open)) for name, step in found]
        return tuple(sorted(named, key=lambda step: (step.stage, step.plugin)))

    def transport_wrappers(self) -> list[TransportWrapper]:
        found = self._collect("bedrock_wrap_transport", TransportWrapper, settings=self.settings)
        return [replace(wrapper, plugin=name) for name, wrapper in found]

    def map_error(self, error: AdapterError, route: Route) -> AdapterError:
        mapped: AdapterError | None = self._guard("bedrock_map_error", error=error, route=route)
        return error if mapped is None else mapped

    def recover(self, error: AdapterError, call: Call) -> Recovery | None:
        recovery: Recovery | None = self._guard("bedrock_recover", error=error, call=call)
        return recovery

    # -- asking ---------------------------------------------------------------------------------------------------

    def _steps(self, hook: str, route: Route) -> tuple[Step, ...]:
        found = self._collect(hook, Step, route=route)
        named = [
            replace(step, plugin=name, name=step.name or _function_name(step.run))
            for name, step in found
            if step.operation == route.operation
        ]
        return tuple(sorted(named, key=lambda step: (step.stage, step.plugin)))

    def _collect(self, hook: str, kind: type[_Item], **arguments: Any) -> list[tuple[str, _Item]]:
        """Ask a collecting hook; the results with their plugins' names, flattened, by plugin name.

        pluggy does not tell whose a result is, so each plugin is asked alone, within everybody's hook wrappers.
        """
        found: list[tuple[str, _Item]] = []
        givers = {
            impl.plugin_name: impl.plugin
            for impl in getattr(self._manager.hook, hook).get_hookimpls()
            if not (impl.wrapper or impl.hookwrapper)
        }
        for name in sorted(givers):
            others = [plugin for other, plugin in givers.items() if other != name]
            for result in self._run(hook, self._manager.subset_hook_caller(hook, others), name, arguments):
                items = result if isinstance(result, Iterable) and not isinstance(result, kind) else [result]
                found.extend((name, self._fitting(name, hook, item, kind)) for item in items)
        return found

    def _run(self, hook: str, caller: Any, name: str, arguments: Mapping[str, Any]) -> list[Any]:
        try:
            return list(caller(**with_old_names(hook, arguments)))
        except AdapterError:
            raise
        except Exception as error:
            raise PluginError(f"{self._infos[name]} failed in {hook}: {type(error).__name__}: {error}") from error

    def _guard(self, hook: str, **arguments: Any) -> Any:
        try:
            return getattr(self._manager.hook, hook)(**with_old_names(hook, arguments))
        except AdapterError:
            raise
        except Exception as error:
            raise PluginError(f"a plugin failed in {hook}: {type(error).__name__}: {error}") from error

    def _fitting(self, name: str, hook: str, item: object, kind: type[_Item]) -> _Item:
        if isinstance(item, kind):
            return item
        raise PluginError(f"{self._infos[name]}: {hook} returned {item!r}; wanted {getattr(kind, '__name__', kind)}")


def _installed(settings: Settings) -> list[EntryPoint]:
    """The allowed entry points by name.

    Raises:
        PluginConflictError: two distributions declare one name.
    """
    chosen: dict[str, EntryPoint] = {}
    for entry_point in entry_points(group=GROUP):
        names = {entry_point.name, _info(entry_point).distribution}
        if names & set(settings.disable) or (settings.plugins is not None and not names & set(settings.plugins)):
            continue
        before = chosen.get(entry_point.name)
        if before is not None and _info(before) != _info(entry_point):
            both = " and ".join(sorted([str(_info(before)), str(_info(entry_point))]))
            raise PluginConflictError(
                f"{both} have one name; uninstall one of them, "
                "or disable one by its distribution's name in BEDROCK_ADAPTER_DISABLE"
            )
        chosen[entry_point.name] = entry_point
    return [chosen[name] for name in sorted(chosen)]


def installed_names() -> set[str]:
    """What the settings `plugins` and `disable` can name: the installed plugins and their distributions."""
    return {name for item in entry_points(group=GROUP) for name in (item.name, _info(item).distribution) if name}


def _info(entry_point: EntryPoint) -> PluginInfo:
    distribution = entry_point.dist
    if distribution is None:
        return PluginInfo(entry_point.name, "", "", entry_point.value)
    return PluginInfo(entry_point.name, distribution.name, distribution.version, entry_point.value)


def _name_of(plugin: object) -> str:
    name = getattr(plugin, "__name__", None) or type(plugin).__name__
    return str(name).rpartition(".")[2]


def _value_of(plugin: object) -> str:
    return (
        plugin.__name__ if isinstance(plugin, ModuleType) else f"{type(plugin).__module__}.{type(plugin).__qualname__}"
    )


def _function_name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__)).strip("_")


def _members(plugin: object) -> dict[str, Any]:
    if isinstance(plugin, ModuleType):
        return vars(plugin)
    return {name: inspect.getattr_static(plugin, name) for name in dir(plugin) if not name.startswith("__")}


def _hooks_of(plugin: object) -> dict[str, Any]:
    marked = f"{PROJECT}_impl"
    return {name: item for name, item in _members(plugin).items() if marked in getattr(item, "__dict__", ())}


def _check_forgotten(plugin: object, info: PluginInfo, known: Iterable[str], found: Iterable[str]) -> None:
    """Hooks without the mark, or within a class of the module, would silently do nothing."""
    members = _members(plugin)
    for name in sorted(set(known) & members.keys() - set(found)):
        raise PluginLoadError(f"{info}: {name!r} is not marked with @hookimpl")
    if isinstance(plugin, ModuleType) and not found:
        for name, item in members.items():
            if inspect.isclass(item) and item.__module__ == plugin.__name__ and _hooks_of(item):
                raise PluginLoadError(
                    f"{info} is a module with the class {name}, which has hooks, but none itself: name an object of it, "
                    f"as '{plugin.__name__}:plugin' where plugin = {name}()"
                )


def _checked_hooks(plugin: object, info: PluginInfo) -> Iterable[str]:
    """The hooks that a plugin implements.

    A class in place of an object, misspelt hooks and unknown arguments are refused, each with the nearest right name.
    """
    if inspect.isclass(plugin):
        raise PluginLoadError(f"{info} is a class; register an object of it: {plugin.__name__}()")
    known = {name: function for name, function in vars(BedrockSpecs).items() if name.startswith("bedrock_")}
    found = _hooks_of(plugin)
    _check_forgotten(plugin, info, known, found)
    for name, function in found.items():
        if name not in known:
            raise PluginLoadError(f"{info} implements {name!r}, which is no hook{nearest(name, known)}")
        wanted = set(inspect.signature(known[name]).parameters) - {"self"}
        unwrapped = getattr(function, "__func__", function)
        given = [argument for argument in inspect.signature(unwrapped).parameters if argument != "self"]
        for argument in given:
            if argument not in wanted:
                offered = ", ".join(sorted(wanted - DEPRECATED_ARGUMENTS.get(name, {}).keys())) or "none"
                raise PluginLoadError(
                    f"{info}: {name} has no argument {argument!r}{nearest(argument, wanted)}; it offers {offered}"
                )
    return found


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'region'?`, or "" where nothing known is alike."""
    close: Sequence[str] = difflib.get_close_matches(name, sorted(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""
