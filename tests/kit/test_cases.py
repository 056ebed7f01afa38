"""Cases are checked before they are used, and cover every feature."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock_adapter.testing.cases import CaseError, builtin_cases, load_cases
from bedrock_adapter.testing.chunks import chunk_problems
from bedrock_adapter.testing.service_model import any_response, event_problems, request_problems, response_problems

TEXT = next(case for case in builtin_cases() if case.name == "text")


def entry() -> dict[str, Any]:
    return {
        "name": "text", "model": TEXT.model, "request": TEXT.request, "wire": list(TEXT.wire), "responses": list(TEXT.responses),
        "answer": TEXT.answer, "events": [list(event) for event in TEXT.events], "chunks": list(TEXT.chunks),
    }  # fmt: skip


def test_every_feature_is_covered() -> None:
    files = {case.file.removesuffix(".json") for case in builtin_cases()}
    assert files == {"text", "tools", "reasoning", "images", "embeddings"}
    vendors = {case.model.removeprefix("us.").partition(".")[0] for case in builtin_cases()}
    assert vendors >= {"anthropic", "amazon", "meta", "qwen", "openai", "cohere", "twelvelabs"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"wire": [{"operation": "Converse", "body": {"messages": "x"}}]}, "cases.json: text: wire: .*messages"),
        ({"wire": [{"operation": "Converse", "body": {"message": []}}]}, "wire: .*[Uu]nknown parameter.*message"),
        ({"responses": [{"body": {"output": {}}}]}, "responses: .*stopReason"),
        ({"responses": []}, "responses: there are 0 for 1 of wire"),
        ({"events": [["messageBegin", {}]]}, "events: messageBegin: there is no event"),
        ({"events": [["messageStop", {}]]}, "events: messageStop: .*stopReason"),
        ({"chunk": []}, "chunk: missing or unknown"),
    ],
)
def test_a_case_that_does_not_fit_bedrock(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"version": 1, "cases": [{**entry(), **change}]}))
    with pytest.raises(CaseError, match=says):
        load_cases(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no valid JSON"),
        ("[]", "version: must be 1"),
        ('{"version": 2}', "version: must be 1"),
        ('{"version": 1, "cases": [1]}', "a case must be an object"),
    ],
)
def test_a_file_that_holds_no_cases(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "cases.json"
    path.write_text(text)
    with pytest.raises(CaseError, match=says):
        load_cases(path)


def test_two_cases_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"version": 1, "cases": [entry(), entry()]}))
    with pytest.raises(CaseError, match="two cases have the same"):
        load_cases(path)


def test_asking_does_not_share_the_request() -> None:
    TEXT.asked()["messages"].append(1)
    assert TEXT.asked()["messages"] == TEXT.request["messages"]
    assert TEXT.asked("acme.owl-1", stream=True)["stream"] is True


@pytest.mark.parametrize("seed", range(50))
def test_made_up_answers_fit_the_service_model_and_are_the_same_each_time(seed: int) -> None:
    assert response_problems(any_response(seed)) == []
    assert json.dumps(any_response(seed)) == json.dumps(any_response(seed))


def test_made_up_answers_differ() -> None:
    assert len({json.dumps(any_response(seed)) for seed in range(50)}) > 40
    blocks = {key for seed in range(200) for key in _blocks(any_response(seed))}
    assert blocks >= {"text", "toolUse", "reasoningContent", "citationsContent", "toolResult"}


def _blocks(body: dict[str, Any]) -> list[str]:
    return [key for block in body["output"].get("message", {}).get("content", []) for key in block]


def test_problems_name_the_member() -> None:
    assert request_problems("Converse", {"messages": []}) == []
    assert "wisdom" in request_problems("Converse", {"messages": [], "wisdom": 1})[0]
    assert event_problems("messageStop", {"stopReason": "end_turn"}) == []


# -- chunks --------------------------------------------------------------------------------------------------------------


def chunk(delta: dict[str, Any] | None, finish: str | None = None, **members: Any) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **members}


ROLE, END, USAGE = chunk({"role": "assistant", "content": ""}), chunk({}, "stop"), chunk(None, usage={})
CALL = {"index": 0, "id": "t", "type": "function", "function": {"name": "f", "arguments": ""}}


def test_good_chunks() -> None:
    more = chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]})
    assert chunk_problems([ROLE, chunk({"content": "x"}), chunk({"tool_calls": [CALL]}), more, END, USAGE]) == []


@pytest.mark.parametrize(
    ("chunks", "says"),
    [
        (list, "no chunk"),
        (lambda: [chunk({"content": "x"}), END], "role"),
        (lambda: [ROLE, USAGE], "finish reasons are []"),
        (lambda: [ROLE, END, END], "finish reasons are ['stop', 'stop']"),
        (lambda: [ROLE, END, chunk({"content": "x"})], "after the finish reason"),
        (lambda: [ROLE, USAGE, END], "without choices is not the last"),
        (lambda: [ROLE, {**END, "id": "d"}], "id is 'd'"),
        (lambda: [ROLE, {**END, "object": "x"}], "object is 'x'"),
        (lambda: [ROLE, chunk({"content": 1}), END], "content is 1"),
        (lambda: [ROLE, chunk({"tool_calls": [{**CALL, "index": 1}]}), END], "index 1 after 0"),
        (lambda: [ROLE, chunk({"tool_calls": [{**CALL, "id": ""}]}), END], "begins without id"),
        (lambda: [ROLE, {**END, "choices": [{**END["choices"][0], "index": 1}]}], "index 1"),
    ],
)
def test_bad_chunks(chunks: Callable[[], list[dict[str, Any]]], says: str) -> None:
    assert any(says in problem for problem in chunk_problems(chunks()))
