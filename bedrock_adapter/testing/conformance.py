"""What every plugin must hold to, as a class of tests.

    class TestOwl(PluginConformance):
        plugin = acme_owl
        models = ("acme.owl-1",)

runs the suite for the plugin among the built-in ones. Nothing leaves the process.
"""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

from bedrock_adapter import Adapter, AdapterError, Encoded, RequestError, Settings, Step, StreamStep
from bedrock_adapter.errors import ModelFailedError, StreamTruncatedError
from bedrock_adapter.manager import PluginManager
from bedrock_adapter.profiles import Profile
from bedrock_adapter.testing.cases import Case, builtin_cases, load_cases, told_answer, told_chunks
from bedrock_adapter.testing.chunks import chunk_problems
from bedrock_adapter.testing.scripted import event_frames
from bedrock_adapter.testing.service_model import any_response, request_problems
from bedrock_adapter.types import Json, Operation
from bedrock_adapter.wire import WireResponse

EXEMPTION = "conformance exemption: "
HEAVY = ("boto3", "botocore", "litellm", "tiktoken")
_CONVERSE = ("Converse", "ConverseStream")
_OPERATIONS: Mapping[str, Operation] = {"chat": "chat", "embedding": "embeddings"}


class PluginConformance:
    """Subclass it as `Test…` and name what is tested.

    Attributes:
        plugin: the module or object that is declared as an entry point.
        models: model strings that the plugin is about; each check runs for each of them.
        cases: a file of cases (`bedrock_adapter.testing.cases`) with what must happen for the plugin's own models. Needed for
            models with a wire format of their own, since nothing else says what Bedrock answers for them.
        skip: checks (a method's name without `test_`) or cases that the plugin is exempt from, each with the reason. They are
            skipped, and listed at the end of the test run.
        settings: settings of the adapter, e.g. `{"options": {"owl": {"wisdom": 7}}}`.
        seeds: how many made-up answers are decoded for each model.
    """

    plugin: Any
    models: ClassVar[Sequence[str]] = ()
    cases: ClassVar[Path | str | None] = None
    skip: ClassVar[Mapping[str, str]] = {}
    settings: ClassVar[Mapping[str, Any]] = {}
    seeds: ClassVar[int] = 40

    # -- set-up -------------------------------------------------------------------------------------------------------

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each model and each case that a check asks for."""
        if not hasattr(self, "plugin"):
            pytest.fail(
                f"{type(self).__name__} names no plugin: add `plugin = ` and your module or object", pytrace=False
            )
        wanted: Mapping[str, Callable[[], Sequence[Any]]] = {
            "model,case": self._pairs,
            "model": lambda: self.models,
            "case": builtin_cases,
            "own_case": self.own_cases,
        }
        for names, values in wanted.items():
            if set(names.split(",")) == set(metafunc.fixturenames) & {"model", "case", "own_case"}:
                metafunc.parametrize(names, values(), ids=lambda value: getattr(value, "name", str(value)))

    def _pairs(self) -> Sequence[tuple[str, Case]]:
        """Each model with the cases of its kind; with all where the plugin does not even load: its tests will say so."""
        try:
            kinds = {model: _kind(_conforming(type(self).adapter), model) for model in self.models}
        except AdapterError:
            kinds = {}
        return [
            (model, case)
            for model in self.models
            for case in builtin_cases()
            if case.kind == kinds.get(model, case.kind)
        ]

    @pytest.fixture(autouse=True)
    def exempted(self, request: pytest.FixtureRequest) -> None:
        """Skip what the plugin is exempt from."""
        parameters = getattr(request.node, "callspec", None)
        given = [value.name for value in parameters.params.values() if isinstance(value, Case)] if parameters else []
        for name in (request.function.__name__.removeprefix("test_"), *given):
            if name in self.skip:
                pytest.skip(f"{EXEMPTION}{type(self).__name__}: {name}: {self.skip[name]}")

    @pytest.fixture
    def conforming(self) -> Adapter:
        """An adapter with the built-in plugins and this one, whatever is installed and set outside; one for the class."""
        return _conforming(type(self).adapter)

    @classmethod
    def adapter(cls, *, with_plugin: bool) -> Adapter:
        """An adapter of the built-in plugins, with or without the one that is tested."""
        from bedrock_adapter_plugins import load_builtins

        others = [plugin for plugin in load_builtins() if plugin is not cls.plugin]
        plugins = [*others, cls.plugin] if with_plugin else others
        return Adapter(Settings(**cls.settings), plugins=plugins, autoload=False)

    @classmethod
    def own_cases(cls) -> list[Case]:
        """The plugin's own cases."""
        return load_cases(Path(cls.cases)) if cls.cases else []

    # -- the plugin ---------------------------------------------------------------------------------------------------

    def test_hooks_are_valid(self) -> None:
        """It registers by itself: hooks are spelt right and take arguments that exist."""
        (info,) = PluginManager(Settings(**self.settings), [self.plugin], autoload=False).plugins
        assert info.hooks, f"{info} implements no hook; is `@hookimpl` missing?"

    def test_exemptions_are_known(self) -> None:
        """An exemption that names nothing would hide that it is no longer needed."""
        checks = {name.removeprefix("test_") for name in dir(self) if name.startswith("test_")}
        known = checks | {case.name for case in (*builtin_cases(), *self.own_cases())}
        assert not self.skip.keys() - known, f"skip names {sorted(self.skip.keys() - known)}; known are {sorted(known)}"
        assert all(reason.strip() for reason in self.skip.values()), "each exemption needs its reason"

    def test_imports_nothing_heavy(self) -> None:
        """Importing it is done by every program that has it installed."""
        name = self.plugin.__name__ if isinstance(self.plugin, ModuleType) else type(self.plugin).__module__
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name!r} is no importable module")
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; import {name}; print([m for m in {HEAVY!r} if m in sys.modules])"
        )
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - ours
        assert told.returncode == 0, told.stderr
        assert told.stdout.strip() == "[]", f"import {name} also imports {told.stdout.strip()}"

    def test_changes_something(self, conforming: Adapter) -> None:
        """Its models are served differently with it than without it."""
        bare = self.adapter(with_plugin=False)
        models = self.models or [case.model for case in builtin_cases()]
        assert any(_described(conforming, model) != _described(bare, model) for model in models)

    # -- its models ---------------------------------------------------------------------------------------------------

    def test_model_has_a_route(self, conforming: Adapter, model: str) -> None:
        """No ambiguity among facts, and a wire format that is there; one of its own comes with cases."""
        route = conforming.route(model, _operation(conforming, model))
        assert route.dialect is not None
        own = [case for case in self.own_cases() if case.model == model]
        shared = {"converse", *(_profile(conforming, case.model).dialect for case in builtin_cases())}
        assert own or route.profile.dialect in shared, (
            f"{model} has the wire format {route.profile.dialect!r}, of which only you know the answers: give `cases` for it"
        )

    def test_encodes(self, conforming: Adapter, model: str, case: Case) -> None:
        """Any request gives JSON that Bedrock's service model accepts, or is refused with the field to blame."""
        encoded = _encoded(conforming, case.asked(model))
        for request in encoded.requests if encoded else ():
            assert json.loads(request.content()) == request.body, "the body changes on its way through JSON"
            if request.operation in _CONVERSE:
                assert request_problems(request.operation, request.body or {}) == []

    def test_leaves_the_request_alone(self, conforming: Adapter, model: str, case: Case) -> None:
        """The caller's request is not modified, and the same request means the same twice."""
        asked = case.asked(model)
        before = json.dumps(asked)
        first, second = _encoded(conforming, asked), _encoded(conforming, asked)
        assert json.dumps(asked) == before, "the request was modified"
        assert (first and first.requests) == (second and second.requests)

    def test_work_is_linear(self, conforming: Adapter, model: str) -> None:
        """Twice the conversation is twice the work: counted in calls, since time differs between machines."""
        if _kind(conforming, model) != "chat":
            pytest.skip("for conversations")
        calls = [_calls(conforming, model, turns) for turns in (8, 16, 32)]
        assert calls[2] - calls[1] <= 3 * (calls[1] - calls[0]) + 50, f"calls for 8, 16 and 32 turns: {calls}"

    def test_answers_alike(self, conforming: Adapter, model: str, case: Case) -> None:
        """A stream adds up to the unary answer, and its chunks are OpenAI's."""
        unary, streamed = _encoded(conforming, case.asked(model)), _encoded(conforming, case.asked(model, stream=True))
        if not unary or not streamed or not case.events or not _speaks(unary, case):
            return  # refused, or its answer is in other words than the model's
        answer = conforming.decode(unary, case.answered())
        chunks = _chunks(conforming, streamed, case)
        assert chunk_problems(chunks) == []
        assert told_answer(_folded(chunks)) == told_answer(answer)
        json.dumps([answer, chunks])

    def test_survives_cuts(self, conforming: Adapter, model: str) -> None:
        """A stream that is cut anywhere gives a prefix of its chunks and an error, never a complete answer."""
        case = self._richest(conforming, model)
        encoded = conforming.encode(case.asked(model, stream=True))
        data = event_frames(case.events)
        whole = told_chunks(conforming.stream_decoder(encoded).feed(data))
        for end in range(len(data)):
            decoder = conforming.stream_decoder(encoded)
            told = told_chunks(decoder.feed(data[:end]))
            assert told == whole[: len(told)], f"cut after byte {end}"
            if not any("finish_reason" in chunk for chunk in told):
                with pytest.raises(StreamTruncatedError):
                    decoder.close()

    def _richest(self, adapter: Adapter, model: str) -> Case:
        """The case with the most events that the model can be asked."""
        if _kind(adapter, model) != "chat":
            pytest.skip("embeddings do not stream")
        own = [case for case in self.own_cases() if case.model == model and case.events]
        for case in sorted(own or builtin_cases(), key=lambda case: -len(case.events)):
            try:
                if own or adapter.encode(case.asked(model)).requests[0].operation == "Converse":
                    return case
            except RequestError:
                continue
        return pytest.skip("no case has events for it")

    def test_decodes_any_answer(self, conforming: Adapter, model: str) -> None:
        """Whatever Bedrock's service model allows is an answer, or an error that says what the model did wrong."""
        if _kind(conforming, model) != "chat" or conforming.route(model).profile.dialect != "converse":
            pytest.skip("for models of Converse")
        encoded = conforming.encode({"model": model, "messages": [{"role": "user", "content": "Hello"}]})
        for seed in range(self.seeds):
            body = any_response(seed)
            try:
                answer = conforming.decode(encoded, [WireResponse(200, {}, json.dumps(body).encode())])
            except ModelFailedError:
                continue
            except AdapterError as error:
                pytest.fail(f"{error.message}\nfor the answer {json.dumps(body)}")
            json.dumps(answer)

    # -- cases --------------------------------------------------------------------------------------------------------

    def test_serves_its_cases(self, conforming: Adapter, own_case: Case) -> None:
        """What the plugin's own cases say happens."""
        _check(conforming, own_case)

    def test_leaves_other_models_alone(self, conforming: Adapter, case: Case) -> None:
        """Models that it is not about are served as ever."""
        _check(conforming, case)


@cache
def _conforming(adapter: Callable[..., Adapter]) -> Adapter:
    return adapter(with_plugin=True)


def _base(adapter: Adapter, model: str) -> str:
    return adapter.router.resolve(model).base


def _profile(adapter: Adapter, model: str) -> Profile:
    return adapter.router.catalogue.profile(_base(adapter, model))


def _kind(adapter: Adapter, model: str) -> str:
    return _profile(adapter, model).kind


def _operation(adapter: Adapter, model: str) -> Operation:
    return _OPERATIONS[_kind(adapter, model)]


def _described(adapter: Adapter, model: str) -> Any:
    """What decides on how a model is served; an error where it is not."""
    try:
        route = adapter.route(model, _operation(adapter, model))
    except AdapterError as error:
        return error.message
    every: tuple[Step | StreamStep, ...] = (*route.requests, *route.responses, *route.streams)
    steps = [(type(step), step.plugin, step.name) for step in every]
    wrappers = [wrapper.plugin for wrapper in adapter.manager.transport_wrappers()]
    on_errors = {"bedrock_recover", "bedrock_map_error"}
    hooks = [(info.name, info.hooks) for info in adapter.plugins if on_errors & set(info.hooks)]
    dialect = route.dialect and (route.dialect.name, route.dialect.plugin)
    return route.model, route.profile, steps, sorted(route.converters), dialect, wrappers, hooks


def _encoded(adapter: Adapter, request: Json) -> Encoded | None:
    """The request on the wire; None where it is refused as it should be."""
    try:
        return adapter.encode(request)
    except RequestError as error:
        refusal = error
    assert 400 <= refusal.status < 500, refusal.message
    assert refusal.param, f"the refusal names no field: {refusal.message}"
    return None


def _speaks(encoded: Encoded, case: Case) -> bool:
    return str(case.wire[0]["operation"]) == encoded.requests[0].operation


def _chunks(adapter: Adapter, encoded: Encoded, case: Case) -> list[Json]:
    """The chunks of a case's stream."""
    decoder = adapter.stream_decoder(encoded)
    chunks = [chunk for event in case.events for chunk in decoder.feed(event_frames([event]))]
    decoder.close()
    return chunks


def _folded(chunks: Sequence[Json]) -> Json:
    from bedrock_adapter.streaming import fold

    return fold(chunks)


def _check(adapter: Adapter, case: Case) -> None:
    encoded = adapter.encode(case.asked())
    assert [{"operation": request.operation, "body": request.body} for request in encoded.requests] == list(case.wire)
    assert told_answer(adapter.decode(encoded, case.answered())) == case.answer
    if case.events:
        streamed = adapter.encode(case.asked(stream=True))
        assert streamed.requests[0].body == case.wire[0]["body"]
        assert told_chunks(_chunks(adapter, streamed, case)) == list(case.chunks)


def _calls(adapter: Adapter, model: str, turns: int) -> int:
    """Function calls, C functions included, that encoding a conversation takes."""
    turn = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello"}]
    request = {"model": model, "messages": [*turn * turns, {"role": "user", "content": "Bye"}]}
    count = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    adapter.encode(request)  # what is made once does not count
    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        adapter.encode(request)
    finally:
        sys.setprofile(before)
    return count
