"""Discovery, registration and asking of plugins; each mistake is an error that names plugin, distribution and hook."""

import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any

import pytest

import bedrock_adapter_plugins
from bedrock_adapter import (
    Adapter,
    ChatDialect,
    Converter,
    Layer,
    PluginError,
    RequestError,
    Stage,
    Step,
    StreamStep,
    hookimpl,
)
from bedrock_adapter.errors import (
    AmbiguousProfileError,
    ConfigError,
    NoPluginsError,
    PluginConflictError,
    PluginLoadError,
)
from bedrock_adapter.hookspecs import BedrockSpecs, hook_reference
from bedrock_adapter.manager import PluginManager
from bedrock_adapter.settings import Settings
from bedrock_adapter.testing.scripted import ScriptedTransport, converse_response

REQUEST = {"model": "acme.owl-1", "messages": [{"role": "user", "content": "Hi"}]}
HOOKIMPL = "from bedrock_adapter import *\nfrom bedrock_adapter import hookimpl\n"


def plugin(name: str = "owl", **hooks: Any) -> Any:
    module = types.ModuleType(name)
    for hook, function in hooks.items():
        setattr(module, hook, hookimpl(function))
    return module


def stream_plugin(opened: Any) -> Any:
    return plugin(bedrock_transform_stream=lambda: StreamStep(Stage.FAMILY, opened))


def module_of(member: type) -> Any:
    """A module in which a class is defined."""
    module = types.ModuleType("owl")
    member.__module__ = "owl"
    setattr(module, member.__name__, member)
    return module


# -- installed plugins ---------------------------------------------------------------------------------------------------


def test_built_ins_load_as_entry_points() -> None:
    infos = Adapter().plugins
    assert [info.name for info in infos] == sorted(bedrock_adapter_plugins.BUILTINS)
    assert {info.distribution for info in infos} == {"bedrock-adapter"}
    assert all(info.hooks for info in infos)


def test_a_third_party_plugin_is_found(installed_plugin: Callable[..., Any]) -> None:
    code = (
        HOOKIMPL
        + "@hookimpl\ndef bedrock_profiles():\n    return [Layer('acme.owl-*', {'limits': {'max_output': 2048}})]\n"
    )
    installed_plugin("acme-owl", owl="acme_owl", source={"acme_owl": code})
    adapter = Adapter()
    info = next(info for info in adapter.plugins if info.name == "owl")
    assert (info.distribution, info.version, info.value) == ("acme-owl", "1.0", "acme_owl")
    assert info.hooks == ("bedrock_profiles",)
    told = adapter.explain("acme.owl-1")
    assert told["profile"]["limits"]["max_output"] == 2048
    assert "acme-owl 1.0" in next(fact for fact in told["facts"] if fact["fact"] == "limits.max_output")["origin"]


def test_two_plugins_of_one_name_are_an_error_naming_both(installed_plugin: Callable[..., Any]) -> None:
    installed_plugin("acme-owl", owl="acme_owl", source={"acme_owl": HOOKIMPL})
    installed_plugin("other-owl", owl="other_owl", source={"other_owl": HOOKIMPL})
    with pytest.raises(PluginConflictError, match=r"acme-owl 1\.0.*other-owl 1\.0"):
        Adapter()
    assert Adapter(disable=("other-owl",)).plugins


def test_a_failing_import_names_distribution_entry_point_and_cause(
    installed_plugin: Callable[..., Any], bedrock_environment: pytest.MonkeyPatch
) -> None:
    installed_plugin("acme-owl", owl="acme_owl", source={"acme_owl": "import no_such_module"})
    with pytest.raises(PluginLoadError, match=r"'owl' \(acme-owl 1\.0\).*'acme_owl'.*no_such_module.*DISABLE=owl"):
        Adapter()
    with pytest.warns(RuntimeWarning, match="acme-owl"):
        assert Adapter(on_plugin_error="warn").plugins
    bedrock_environment.setenv("BEDROCK_ADAPTER_DISABLE", "owl")
    assert Adapter().plugins


def test_allow_and_deny_lists_by_plugin_or_distribution(
    installed_plugin: Callable[..., Any], bedrock_environment: pytest.MonkeyPatch
) -> None:
    installed_plugin("acme-owl", owl="acme_owl", source={"acme_owl": HOOKIMPL})
    assert [info.name for info in Adapter(plugins=(), settings=Settings(plugins=("owl", "converse"))).plugins] == [
        "converse",
        "owl",
    ]
    assert [info.name for info in Adapter(settings=Settings(plugins=("acme-owl",))).plugins] == ["owl"]
    bedrock_environment.setenv("BEDROCK_ADAPTER_DISABLE", "bedrock-adapter")
    assert [info.name for info in Adapter().plugins] == ["owl"]


# -- plugins in code -----------------------------------------------------------------------------------------------------


def test_builtins_in_code_equal_the_entry_points() -> None:
    adapter = Adapter(plugins=bedrock_adapter_plugins.load_builtins(), autoload=False)
    assert [info.name for info in adapter.plugins] == [info.name for info in Adapter().plugins]


def test_without_any_plugin_the_error_says_what_is_missing_and_the_fix() -> None:
    adapter = Adapter(autoload=False)
    with pytest.raises(NoPluginsError, match=r"no plugin at all.*'converse'.*pip install"):
        adapter.encode(REQUEST)


@pytest.mark.parametrize("name", bedrock_adapter_plugins.BUILTINS)
def test_each_built_in_can_be_left_out(name: str) -> None:
    adapter = Adapter(disable=(name,))
    assert name not in [info.name for info in adapter.plugins]
    request = {**REQUEST, "model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"}
    if name in ("converse", "messages"):
        with pytest.raises(NoPluginsError, match=name):
            adapter.encode(request)
    else:
        assert adapter.encode(request).requests[0].body


def test_what_is_lost_without_converse_and_messages() -> None:
    with pytest.raises(NoPluginsError, match="dialect 'converse'"):
        Adapter(disable=("converse",)).encode(REQUEST)
    with pytest.raises(NoPluginsError, match="converts 'messages'"):
        Adapter(disable=("messages",)).encode(REQUEST)


def test_a_plugin_registered_later_is_configured_and_used(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for()
    assert adapter.route("acme.owl-1").profile.limits.max_output is None
    configured = []

    def configure(settings: Settings) -> None:
        configured.append(settings)

    adapter.register(
        plugin(
            bedrock_configure=configure,
            bedrock_profiles=lambda settings: [Layer("acme.owl-*", {"limits": {"max_output": 9}})],
        )
    )
    assert configured == [adapter.settings]
    assert adapter.route("acme.owl-1").profile.limits.max_output == 9
    with pytest.raises(PluginConflictError, match="'owl'"):
        adapter.register(plugin())


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            plugin(bedrock_profile=lambda settings: []),
            r"'bedrock_profile', which is no hook; did you mean 'bedrock_profiles'",
        ),
        (
            plugin(bedrock_profiles=lambda setting: []),
            r"bedrock_profiles has no argument 'setting'; did you mean 'settings'",
        ),
        (type("Owl", (), {}), r"is a class; register an object of it: Owl\(\)"),
        (plugin(bedrock_configure=lambda settings: 1 / 0), "cannot be registered: division by zero"),
        (
            types.SimpleNamespace(__name__="owl", bedrock_profiles=list),
            r"'bedrock_profiles' is not marked with @hookimpl",
        ),
        (
            module_of(type("Owl", (), {"bedrock_profiles": hookimpl(lambda self: [])})),
            r"the class Owl, which has hooks, but none itself: name an object of it",
        ),
    ],
)
def test_mistakes_are_refused_when_registered(bad: Any, message: str) -> None:
    with pytest.raises(PluginLoadError, match=message):
        Adapter(plugins=[bad], autoload=False)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            plugin(bedrock_transform_request=lambda route: Step("FAMILY", print)),  # type: ignore[arg-type]
            "'owl'.*bedrock_transform_request.*stage must be a Stage, as Stage.FAMILY, not 'FAMILY'",
        ),
        (
            plugin(bedrock_transform_stream=lambda route: StreamStep("FAMILY", print)),  # type: ignore[arg-type]
            "'owl'.*bedrock_transform_stream.*stage must be a Stage, as Stage.FAMILY, not 'FAMILY'",
        ),
        (
            plugin(bedrock_resolve_model=lambda model: "acme.owl-1"),
            "bedrock_resolve_model returned 'acme.owl-1'; wanted ModelId",
        ),
        (stream_plugin(lambda call: 1 / 0), "'owl' failed in <lambda>.*Zero"),
        (stream_plugin(lambda call: lambda chunk: 5), "'owl' failed in <lambda>.*returned 5; wanted a chunk"),
    ],
)
def test_mistakes_are_named_when_they_show(bad: Any, message: str, bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(bad, transport=ScriptedTransport(converse_response("Hoo")))
    with pytest.raises(PluginError, match=message):
        adapter.chat(REQUEST)


def test_a_listed_model_without_an_id_is_named(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(
        plugin(bedrock_list_models=lambda: [{"name": "owl"}]),
        transport=ScriptedTransport({"modelSummaries": [], "inferenceProfileSummaries": []}),
    )
    with pytest.raises(PluginError, match=r"'owl'.*bedrock_list_models.*'id'"):
        adapter.models()


def test_configure_may_refuse_settings() -> None:
    def refuse(settings: Any) -> None:
        raise ConfigError("options.owl.wisdom must be at most 10")

    with pytest.raises(ConfigError, match="wisdom"):
        Adapter(plugins=[plugin(bedrock_configure=refuse)], autoload=False)


def test_settings_of_a_plugin(bedrock_environment: pytest.MonkeyPatch) -> None:
    bedrock_environment.setenv("BEDROCK_ADAPTER_OPTIONS__OWL__WISDOM", "7")
    seen: list[int] = []
    Adapter(
        plugins=[plugin(bedrock_configure=lambda settings: seen.append(settings.option("owl", "wisdom", 3)))],
        autoload=False,
    )
    assert seen == [7]


# -- asking --------------------------------------------------------------------------------------------------------------


def test_steps_run_by_stage_then_plugin_name_whatever_the_registration(
    bedrock_adapter_for: Callable[..., Adapter],
) -> None:
    order: list[str] = []

    def step(name: str, stage: Stage) -> Step:
        return Step(stage, lambda call: order.append(name), name=name)

    late = plugin(
        "a_late", bedrock_transform_request=lambda route: [step("a-final", Stage.FINAL), step("a-tools", Stage.TOOLS)]
    )
    early = plugin("z_early", bedrock_transform_request=lambda route: step("z-tools", Stage.TOOLS))
    for plugins in ([late, early], [early, late]):
        order.clear()
        bedrock_adapter_for(*plugins).encode(REQUEST)
        assert order == ["a-tools", "z-tools", "a-final"]


def test_generators_and_none_are_fine(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    ran = []

    def generate(route: Any) -> Any:
        yield Step(Stage.FINAL, lambda call: ran.append(1))

    bedrock_adapter_for(plugin(bedrock_transform_request=generate, bedrock_transform_stream=lambda route: None)).encode(
        REQUEST
    )
    assert ran == [1]


def test_a_failing_step_is_reported_with_its_plugin(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    def broken(call: Any) -> None:
        raise KeyError("wisdom")

    adapter = bedrock_adapter_for(plugin(bedrock_transform_request=lambda route: Step(Stage.FAMILY, broken)))
    with pytest.raises(PluginError, match=r"plugin 'owl' failed in broken: KeyError: 'wisdom'"):
        adapter.encode(REQUEST)


@pytest.mark.parametrize(
    ("hook", "result", "message"),
    [
        ("bedrock_transform_request", 5, r"'owl'.*bedrock_transform_request returned 5; wanted Step"),
        ("bedrock_profiles", [5], r"'owl'.*bedrock_profiles returned 5; wanted Layer"),
        ("bedrock_dialects", [5], r"'owl'.*bedrock_dialects returned 5; wanted"),
    ],
)
def test_wrong_results_are_reported_with_plugin_and_hook(
    bedrock_adapter_for: Callable[..., Adapter], hook: str, result: Any, message: str
) -> None:
    functions: dict[str, Any] = {
        "bedrock_transform_request": lambda route: result,
        "bedrock_profiles": lambda settings: result,
    }
    function = functions.get(hook, lambda: result)
    with pytest.raises(PluginError, match=message):
        bedrock_adapter_for(plugin(**{hook: function})).encode(REQUEST)


def test_a_failing_hook_is_reported_with_plugin_and_hook(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    with pytest.raises(PluginError, match=r"plugin 'owl'.*failed in bedrock_profiles: ZeroDivisionError"):
        bedrock_adapter_for(plugin(bedrock_profiles=lambda settings: 1 // 0)).encode(REQUEST)


def test_two_dialects_or_converters_of_one_name_conflict(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    dialect = ChatDialect("converse", encode=lambda call: None, decode=lambda c, r: [], stream=lambda c: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(PluginConflictError, match=r"'owl'.*'converse'.*dialect 'converse'"):
        bedrock_adapter_for(plugin(bedrock_dialects=lambda: [dialect])).encode(REQUEST)
    converter = Converter("part", "text", lambda call, part, path: [])
    with pytest.raises(PluginConflictError, match=r"'owl'.*part 'text'"):
        bedrock_adapter_for(plugin(bedrock_content_converters=lambda route: [converter])).encode(REQUEST)


def test_ambiguous_facts_are_an_error_that_names_both(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    def says(value: int) -> Any:
        return lambda settings: [Layer("acme.owl-*", {"limits": {"max_output": value}})]

    with pytest.raises(AmbiguousProfileError, match=r"limits\.max_output is 1 by.*'one'.*and 2 by.*'two'"):
        bedrock_adapter_for(plugin("one", bedrock_profiles=says(1)), plugin("two", bedrock_profiles=says(2))).route(
            "acme.owl-1"
        )
    higher = plugin(
        "two", bedrock_profiles=lambda settings: [Layer("acme.owl-*", {"limits": {"max_output": 2}}, priority=11)]
    )
    adapter = bedrock_adapter_for(plugin("one", bedrock_profiles=says(1)), higher)
    assert adapter.route("acme.owl-1").profile.limits.max_output == 2


def test_a_hook_wrapper_sees_and_edits_the_steps_of_a_route(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    policy = types.ModuleType("policy")

    @hookimpl(wrapper=True)
    def bedrock_transform_request(route: Any) -> Any:
        results = yield
        return [result for result in results if not (isinstance(result, Step) and result.run.__name__ == "inference")]

    policy.bedrock_transform_request = bedrock_transform_request  # type: ignore[attr-defined]
    steps = bedrock_adapter_for(policy).explain("acme.owl-1")["steps"]
    assert "inference" not in [step["step"] for step in steps]


def test_models_listed_resolved_and_errors_mapped_by_a_plugin(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    from bedrock_adapter import parse_model_id
    from bedrock_adapter.errors import ThrottledError

    owl = plugin(
        bedrock_resolve_model=lambda model, settings: parse_model_id("acme.owl-1") if model == "owl" else None,
        bedrock_list_models=lambda settings: [{"id": "owl", "owned_by": "acme"}],
        bedrock_map_error=lambda error, route: RequestError("owls sleep by day", param="model"),
    )
    transport = ScriptedTransport({"modelSummaries": [], "inferenceProfileSummaries": []})
    adapter = bedrock_adapter_for(owl, transport=transport)
    assert [model["id"] for model in adapter.models()] == ["owl"]
    assert adapter.encode({**REQUEST, "model": "owl"}).requests[0].resource == "acme.owl-1"
    asleep = bedrock_adapter_for(owl, transport=ScriptedTransport(ThrottledError("x")))
    with pytest.raises(RequestError, match="sleep"):
        asleep.chat({**REQUEST, "model": "owl"})


def test_a_recovery_is_sent_once_more(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    from bedrock_adapter.errors import InvalidRequestError

    def less_wise(call: Any) -> None:
        call.body["additionalModelRequestFields"].pop("wisdom")

    transport = ScriptedTransport(InvalidRequestError("reduce wisdom"), converse_response("Hoo"))
    owl = plugin(bedrock_recover=lambda error, call: less_wise)
    adapter = bedrock_adapter_for(owl, transport=transport)
    assert adapter.chat({**REQUEST, "wisdom": 11})["choices"][0]["message"]["content"] == "Hoo"
    assert len(transport.requests) == 2
    forever = ScriptedTransport(InvalidRequestError("reduce wisdom"))
    with pytest.raises(InvalidRequestError):
        bedrock_adapter_for(plugin(bedrock_recover=lambda error, call: lambda call: None), transport=forever).chat(
            REQUEST
        )
    assert len(forever.requests) == 3


def test_transport_wrappers_compose_by_stage(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    from bedrock_adapter import TransportWrapper

    passed: list[str] = []

    def wrapper(name: str, stage: Stage) -> Any:
        class Around:
            def __init__(self, inner: Any) -> None:
                self.inner = inner

            async def send(self, *arguments: Any) -> Any:
                passed.append(name)
                return await self.inner.send(*arguments)

            async def aclose(self) -> None:
                await self.inner.aclose()

        return plugin(name, bedrock_wrap_transport=lambda settings: TransportWrapper(stage, Around))  # type: ignore[arg-type]

    near, far = wrapper("near", Stage.IDENTITY), wrapper("far", Stage.FINAL)
    bedrock_adapter_for(far, near, transport=ScriptedTransport(converse_response("x"))).chat(REQUEST)
    assert passed == ["far", "near"]


# -- the contract --------------------------------------------------------------------------------------------------------

SURFACE = {
    "bedrock_configure": ("historic", ["settings"]),
    "bedrock_profiles": ("collecting", ["settings"]),
    "bedrock_dialects": ("collecting", []),
    "bedrock_resolve_model": ("first result", ["model", "settings"]),
    "bedrock_list_models": ("collecting", ["settings"]),
    "bedrock_content_converters": ("collecting", ["route"]),
    "bedrock_transform_request": ("collecting", ["route"]),
    "bedrock_transform_response": ("collecting", ["route"]),
    "bedrock_transform_stream": ("collecting", ["route"]),
    "bedrock_wrap_transport": ("collecting", ["settings"]),
    "bedrock_map_error": ("first result", ["error", "route"]),
    "bedrock_recover": ("first result", ["error", "call"]),
    "bedrock_diagnose": ("collecting", ["settings"]),
}


def test_the_hook_surface_is_pinned() -> None:
    """Version 1. Arguments may be added here; renaming or removing one needs a deprecation."""
    assert {name: (hook["kind"], hook["arguments"]) for name, hook in hook_reference().items()} == SURFACE


@pytest.mark.parametrize("name", SURFACE)
def test_every_hook_is_documented_with_a_working_example(name: str) -> None:
    import bedrock_adapter
    from bedrock_adapter.transport import TransportWrapper

    doc = inspect.cleandoc(getattr(BedrockSpecs, name).__doc__)
    for part in ("When it runs:", "Arguments:", "Return:", "Order:", "Example:"):
        assert part in doc, part
    source = textwrap.dedent(doc.split("Example:\n\n")[1])
    scope: dict[str, Any] = {n: getattr(bedrock_adapter, n) for n in bedrock_adapter.__all__ if n != "install"}
    scope |= {"CountingTransport": object, "TransportWrapper": TransportWrapper, "encode": print, "decode": print}
    module = types.ModuleType("example")
    exec(source, scope)
    setattr(module, name, scope[name])
    PluginManager(Settings(), [module], autoload=False)
