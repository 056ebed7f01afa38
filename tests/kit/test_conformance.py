"""The suite for plugins finds what it is there to find, and says what was exempted."""

import json
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock_adapter import Adapter, Call, Layer, RequestError, Route, Stage, Step, StreamStep, hookimpl
from bedrock_adapter.testing.cases import Case, builtin_cases
from bedrock_adapter.testing.conformance import PluginConformance

pytest_plugins = ("pytester",)
MODEL = "acme.owl-1"
TEXT = next(case for case in builtin_cases() if case.name == "text")
TOOLS = next(case for case in builtin_cases() if case.name == "tool calls")


def suite(*, skip: dict[str, str] | None = None, **hooks: Callable[..., Any]) -> PluginConformance:
    """The suite of a plugin with these hooks; `step` and `stream` are short for the usual ones."""
    plugin: Any = types.ModuleType("owl")
    if step := hooks.pop("step", None):
        hooks["bedrock_transform_request"] = lambda route: Step(Stage.FAMILY, step)
    if stream := hooks.pop("stream", None):
        hooks["bedrock_transform_stream"] = lambda route: StreamStep(Stage.FAMILY, stream)
    for name, function in hooks.items():
        setattr(plugin, name, hookimpl(function))
    members: dict[str, Any] = {"plugin": plugin, "models": (MODEL,), "skip": skip or {}, "seeds": 5}
    made: PluginConformance = type("TestOwl", (PluginConformance,), members)()
    return made


def adapter(tested: PluginConformance) -> Adapter:
    return tested.adapter(with_plugin=True)


def test_a_suite_that_names_no_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "from bedrock_adapter.testing.conformance import PluginConformance\nclass TestOwl(PluginConformance): models = ('acme.owl-1',)\n"
    )
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["TestOwl names no plugin: add `plugin = ` and your module or object"])
    assert "Traceback" not in done.stdout.str()


def test_a_plugin_without_hooks() -> None:
    with pytest.raises(AssertionError, match="implements no hook"):
        suite().test_hooks_are_valid()


def test_a_plugin_without_effect() -> None:
    tested = suite(bedrock_transform_request=lambda route: None)
    with pytest.raises(AssertionError):
        tested.test_changes_something(adapter(tested))
    useful = suite(bedrock_profiles=lambda settings: [Layer("acme.owl-*", {"limits": {"max_output": 9}})])
    useful.test_changes_something(adapter(useful))


def test_an_exemption_that_names_nothing_or_has_no_reason() -> None:
    with pytest.raises(AssertionError, match=r"skip names .'toools'"):
        suite(skip={"toools": "has none"}).test_exemptions_are_known()
    with pytest.raises(AssertionError, match="reason"):
        suite(skip={"tool calls": " "}).test_exemptions_are_known()
    suite(skip={"tool calls": "has none", "survives_cuts": "slow"}).test_exemptions_are_known()


def test_a_heavy_import(installed_plugin: Callable[..., Path]) -> None:
    installed_plugin("heavy", heavy_owl="heavy_owl", source={"heavy_owl": "import boto3\n"})
    tested = suite()
    type(tested).plugin = types.ModuleType("heavy_owl")
    with pytest.raises(AssertionError, match=r"import heavy_owl also imports \['boto3', 'botocore'\]"):
        tested.test_imports_nothing_heavy()


def test_a_wire_format_without_cases() -> None:
    from bedrock_adapter_plugins import converse

    dialect = converse.bedrock_dialects()[0]
    feather = type(dialect)("feather", dialect.encode, dialect.decode, dialect.stream)
    tested = suite(
        bedrock_profiles=lambda settings: [Layer("acme.owl-*", {"dialect": "feather"})],
        bedrock_dialects=lambda: [feather],
    )
    with pytest.raises(AssertionError, match="'feather', of which only you know"):
        tested.test_model_has_a_route(adapter(tested), MODEL)


def unknown_member(call: Call) -> None:
    call.body["wisdom"] = 7


def not_json(call: Call) -> None:
    call.body["requestMetadata"] = {1: "x"}


def nameless(call: Call) -> None:
    raise RequestError("no")


@pytest.mark.parametrize(("step", "says"), [(unknown_member, "wisdom"), (nameless, "names no field")])
def test_a_body_or_refusal_that_is_wrong(step: Callable[[Call], None], says: str) -> None:
    tested = suite(step=step)
    with pytest.raises(AssertionError, match=says):
        tested.test_encodes(adapter(tested), MODEL, TEXT)


def test_a_request_that_is_modified() -> None:
    def mutate(call: Call) -> None:
        call.request["messages"].append({"role": "user", "content": "x"})

    tested = suite(step=mutate)
    with pytest.raises(AssertionError, match="modified"):
        tested.test_leaves_the_request_alone(adapter(tested), MODEL, TEXT)


def test_a_step_that_remembers() -> None:
    seen: list[int] = []

    def remember(call: Call) -> None:
        seen.append(1)
        call.body["requestMetadata"] = {"seen": str(len(seen))}

    tested = suite(step=remember)
    with pytest.raises(AssertionError):
        tested.test_leaves_the_request_alone(adapter(tested), MODEL, TEXT)


def test_quadratic_work() -> None:
    def pairs(call: Call) -> None:
        for _ in call.body["messages"]:
            for message in call.body["messages"]:
                len(message)

    tested = suite(step=pairs)
    with pytest.raises(AssertionError, match="calls for 8, 16 and 32 turns"):
        tested.test_work_is_linear(adapter(tested), MODEL)
    linear = suite(step=lambda call: [len(message) for message in call.body["messages"]])
    linear.test_work_is_linear(adapter(linear), MODEL)


def test_bad_chunks() -> None:
    def open_step(call: Call) -> Callable[[Any], Any]:
        def renumber(chunk: Any) -> Any:
            for choice in chunk["choices"]:
                for part in choice["delta"].get("tool_calls", ()):
                    part["index"] += 1
            return chunk

        return renumber

    tested = suite(stream=open_step)
    with pytest.raises(AssertionError, match="a tool call has index 1 after 0 others"):
        tested.test_answers_alike(adapter(tested), MODEL, TOOLS)


def test_a_stream_that_differs_from_the_unary_answer() -> None:
    def sign(route: Route) -> Step:
        def signed(call: Call, answer: Any) -> None:
            answer["choices"][0]["message"]["content"] += " Hoo."

        return Step(Stage.FINAL, signed)

    tested = suite(bedrock_transform_response=sign)
    with pytest.raises(AssertionError, match="Hoo"):
        tested.test_answers_alike(adapter(tested), MODEL, TEXT)


def test_an_early_finish_is_found_by_cutting() -> None:
    def open_step(call: Call) -> Callable[[Any], Any]:
        first: list[Any] = []

        def swapped(chunk: Any) -> Any:
            first.append(chunk)
            return {
                **chunk,
                "id": f"{len(first)}",
                "choices": [{**c, "delta": {**c["delta"], "content": str(id(first))}} for c in chunk["choices"]],
            }

        return swapped

    tested = suite(stream=open_step)
    with pytest.raises(AssertionError, match="cut after byte"):
        tested.test_survives_cuts(adapter(tested), MODEL)


def test_an_answer_that_cannot_be_read() -> None:
    def open_step(call: Call) -> Callable[[Any], Any]:
        def greedy(chunk: Any) -> Any:
            chunk["choices"][0]["delta"]["content"] += "!"
            return chunk

        return greedy

    tested = suite(stream=open_step)
    with pytest.raises(pytest.fail.Exception, match="for the answer"):
        tested.test_decodes_any_answer(adapter(tested), MODEL)


def test_other_models_are_disturbed() -> None:
    def louder(call: Call) -> None:
        call.body.setdefault("inferenceConfig", {})["temperature"] = 1

    tested = suite(step=louder)
    with pytest.raises(AssertionError):
        tested.test_leaves_other_models_alone(adapter(tested), TEXT)


def test_own_cases_are_held_to(tmp_path: Path) -> None:
    entry = {
        "name": "own", "model": MODEL, "request": TEXT.request, "wire": list(TEXT.wire), "responses": list(TEXT.responses),
        "answer": {**TEXT.answer, "finish_reason": "length"}, "events": [list(event) for event in TEXT.events], "chunks": list(TEXT.chunks),
    }  # fmt: skip
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"version": 1, "cases": [entry]}))
    tested = suite(step=lambda call: None)
    type(tested).cases = path
    (case,) = tested.own_cases()
    assert isinstance(case, Case)
    with pytest.raises(AssertionError):
        tested.test_serves_its_cases(adapter(tested), case)


def test_the_suite_runs_for_a_subclass_and_lists_exemptions(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        acme_owl="""
        from bedrock_adapter import Layer, hookimpl

        @hookimpl
        def bedrock_profiles():
            return [Layer("acme.owl-*", {"limits": {"max_output": 2048}})]
        """,
        test_owl="""
        import acme_owl
        from bedrock_adapter.testing.conformance import PluginConformance

        class TestOwl(PluginConformance):
            plugin = acme_owl
            models = ("acme.owl-1",)
            skip = {"tool calls": "the model has no tools", "survives_cuts": "it does not stream"}
            seeds = 2
        """,
    )
    pytester.syspathinsert()
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    outcomes = result.parseoutcomes()
    assert outcomes.get("failed", 0) == 0, result.stdout.str()
    assert outcomes["passed"] > 30
    result.stdout.fnmatch_lines(
        [
            "*conformance exemptions*",
            "TestOwl: survives_cuts: it does not stream",
            "TestOwl: tool calls: the model has no tools",
        ]
    )
