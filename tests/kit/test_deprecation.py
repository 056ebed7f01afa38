"""A renamed argument of a hook: the old name works, and its plugin is told where."""

import inspect
import types
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from bedrock_adapter import Layer, Settings, Stage, Step, hookimpl, manager
from bedrock_adapter.errors import PluginLoadError
from bedrock_adapter.hookspecs import (
    DEPRECATED_ARGUMENTS,
    SURFACE_VERSION,
    BedrockSpecs,
    Renamed,
    hook_reference,
    hookspec,
)
from bedrock_adapter.manager import PluginManager


class Specs:
    """A later version of the hooks: `route` was called `path`, `settings` was called `options`."""

    @hookspec(historic=True)
    def bedrock_configure(self, settings: Any, options: Any) -> None: ...

    @hookspec
    def bedrock_profiles(self, settings: Any) -> Any: ...

    @hookspec
    def bedrock_transform_request(self, route: Any, path: Any) -> Any: ...

    @hookspec(firstresult=True)
    def bedrock_map_error(self, error: Any, route: Any, path: Any) -> Any: ...


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = {"path": Renamed("route", since="1.1", until="1.3")}
    monkeypatch.setattr(manager, "BedrockSpecs", Specs)
    monkeypatch.setitem(DEPRECATED_ARGUMENTS, "bedrock_transform_request", renamed)
    monkeypatch.setitem(DEPRECATED_ARGUMENTS, "bedrock_map_error", renamed)
    monkeypatch.setitem(DEPRECATED_ARGUMENTS, "bedrock_configure", {"options": Renamed("settings", "1.1", "1.3")})


def plugin(function: Callable[..., Any], name: str) -> Any:
    module = types.ModuleType("owl")
    setattr(module, name, hookimpl(function))
    return module


def registered(module: Any) -> tuple[PluginManager, list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = PluginManager(Settings(), [module], autoload=False)
    return made, caught


ROUTE: Any = types.SimpleNamespace(name="the route", operation="chat")


@pytest.mark.usefixtures("later")
def test_an_old_argument_works_and_warns_at_the_plugins_line() -> None:
    def old(path: Any) -> Step:
        return Step(Stage.FAMILY, lambda call: None, name=path.name)

    made, caught = registered(plugin(old, "bedrock_transform_request"))
    assert [step.name for step in made.request_steps(ROUTE)] == ["the route"]
    (warning,) = caught
    assert warning.category is DeprecationWarning
    assert (warning.filename, warning.lineno) == (__file__, inspect.getsourcelines(old)[1])
    assert str(warning.message) == (
        "bedrock_transform_request: the argument 'path' is named 'route' since bedrock-adapter 1.1; version 1.3 drops the old name"
    )


@pytest.mark.usefixtures("later")
def test_the_new_argument_does_not_warn() -> None:
    def new(route: Any) -> Step:
        return Step(Stage.FAMILY, lambda call: None, name=route.name)

    made, caught = registered(plugin(new, "bedrock_transform_request"))
    assert [step.name for step in made.request_steps(ROUTE)] == ["the route"]
    assert caught == []


@pytest.mark.usefixtures("later")
def test_first_result_and_historic_hooks_too() -> None:
    seen: list[Any] = []

    def configure(options: Any) -> None:
        seen.append(options)

    def look(path: Any) -> None:
        seen.append(path)

    _, caught = registered(plugin(configure, "bedrock_configure"))
    assert (seen, len(caught)) == ([Settings()], 1)
    made, caught = registered(plugin(look, "bedrock_map_error"))
    error: Any = types.SimpleNamespace()
    assert made.map_error(error, ROUTE) is error
    assert (seen[1:], len(caught)) == ([ROUTE], 1)


@pytest.mark.usefixtures("later")
def test_old_names_are_not_offered() -> None:
    with pytest.raises(PluginLoadError, match=r"no argument 'rout'; did you mean 'route'.; it offers route$"):
        registered(plugin(lambda rout: None, "bedrock_transform_request"))


def test_the_surface_is_version_1_and_has_no_old_names() -> None:
    """Raise the version with every change of a hook, its arguments or its kind; `test_the_hook_surface_is_pinned` holds them."""
    assert SURFACE_VERSION == 1
    assert DEPRECATED_ARGUMENTS == {}


def test_an_old_name_must_stay_in_its_hooks_signature() -> None:
    for hook, renamed in DEPRECATED_ARGUMENTS.items():
        arguments = inspect.signature(getattr(BedrockSpecs, hook)).parameters
        assert renamed.keys() <= arguments.keys()
        assert {now.new for now in renamed.values()} <= arguments.keys()
        assert renamed.keys().isdisjoint(hook_reference()[hook]["arguments"])


def test_the_real_hooks_still_take_plugins() -> None:
    def facts(settings: Settings) -> list[Layer]:
        return [Layer("acme.owl-*", {"limits": {"max_output": 9}})]

    made, caught = registered(plugin(facts, "bedrock_profiles"))
    assert ([layer.match for layer in made.layers()], caught) == ([("acme.owl-*",)], [])
