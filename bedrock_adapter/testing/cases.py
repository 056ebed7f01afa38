"""Cases: what an OpenAI request means on Bedrock's wire, and what Bedrock's answer means in OpenAI's words.

They are JSON, so that programs in any language can use them:

    {"version": 1, "cases": [{
        "name": "system",                                  # unique in its file
        "model": "us.amazon.nova-lite-v1:0",
        "request": {"messages": [...]},                    # OpenAI's body without `model` and `stream`
        "wire": [{"operation": "Converse", "body": {}}],   # what must be sent; several for embeddings
        "responses": [{"body": {}, "headers": {}}],        # what Bedrock answers, one for each of `wire`
        "answer": {"message": {}, "finish_reason": "stop", "usage": {}},        # or {"data": [...], "usage": {}}
        "events": [["messageStart", {}]],                  # the same answer as a stream, chat only
        "chunks": [{"delta": {}}, {"finish_reason": "stop"}, {"usage": {}}]     # what the client sees of it
    }]}

`answer` and `chunks` leave out what differs between two runs (ids, times), members that are null, the adapter's own
extensions, and `usage.completion_tokens_details`, which is an estimate for most models. A stream is asked for with
`stream_options.include_usage`. Every case is checked against botocore's service model before it is used.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from bedrock_adapter import json_codec
from bedrock_adapter.testing.service_model import event_problems, request_problems, response_problems
from bedrock_adapter.types import Chunk, Event, Json
from bedrock_adapter.wire import WireResponse

VERSION = 1
_CHAT_KEYS = {"name", "model", "request", "wire", "responses", "answer", "events", "chunks"}
_EMBEDDING_KEYS = _CHAT_KEYS - {"events", "chunks"}


class CaseError(ValueError):
    """A case that cannot be used; says file, case and key."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case, as in the module's docstring. `file` is where it was read."""

    name: str
    model: str
    request: Json
    wire: tuple[Json, ...]
    responses: tuple[Json, ...]
    answer: Json
    events: tuple[Event, ...] = ()
    chunks: tuple[Json, ...] = ()
    file: str = ""

    @property
    def kind(self) -> str:
        """`chat` or `embedding`, as in a profile."""
        return "chat" if "messages" in self.request else "embedding"

    @property
    def converse(self) -> bool:
        """Whether it is in Converse's words, which models of other families share."""
        return bool(self.wire[0]["operation"] == "Converse")

    def asked(self, model: str = "", *, stream: bool = False) -> Json:
        """The OpenAI request, for this model or another one."""
        request = {"model": model or self.model, **json.loads(json.dumps(self.request))}
        return {**request, "stream": True, "stream_options": {"include_usage": True}} if stream else request

    def answered(self) -> list[WireResponse]:
        """Bedrock's answers."""
        return [
            WireResponse(
                200, {"x-amzn-requestid": "case", **response.get("headers", {})}, json_codec.dumps(response["body"])
            )
            for response in self.responses
        ]


@cache
def builtin_cases() -> tuple[Case, ...]:
    """The cases that come with the adapter, by family and feature."""
    folder = files("bedrock_adapter.testing").joinpath("cases")
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".json")), key=lambda path: path.name)
    return tuple(case for path in paths for case in load_cases(path))


def load_cases(path: Path | Traversable) -> list[Case]:
    """Read and check a file of cases.

    Raises:
        CaseError: it is no such file, or a case does not fit Bedrock's API.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CaseError(f"{path.name}: no valid JSON: {error}") from error
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise CaseError(f"{path.name}: version: must be {VERSION}")
    cases = [_case(entry, path.name) for entry in document.get("cases", [])]
    names = [case.name for case in cases]
    if len(set(names)) < len(names):
        raise CaseError(f"{path.name}: name: two cases have the same")
    return cases


def _case(entry: Any, file: str) -> Case:
    if not isinstance(entry, dict):
        raise CaseError(f"{file}: a case must be an object, not {entry!r}")
    where = f"{file}: {entry.get('name', '?')}"
    keys = _CHAT_KEYS if "messages" in entry.get("request", {}) else _EMBEDDING_KEYS
    if odd := keys ^ entry.keys():
        raise CaseError(f"{where}: {', '.join(sorted(odd))}: missing or unknown; a case has {', '.join(sorted(keys))}")
    case = Case(
        **{key: entry[key] for key in ("name", "model", "request", "answer")},
        wire=tuple(entry["wire"]),
        responses=tuple(entry["responses"]),
        events=tuple((name, payload) for name, payload in entry.get("events", ())),
        chunks=tuple(entry.get("chunks", ())),
        file=file,
    )
    if problems := list(_problems(case)):
        raise CaseError("\n".join(f"{where}: {problem}" for problem in problems))
    return case


def _problems(case: Case) -> Iterable[str]:
    if len(case.wire) != len(case.responses) or not case.wire:
        yield f"responses: there are {len(case.responses)} for {len(case.wire)} of wire"
    elif case.converse:
        yield from _converse_problems(case)


def _converse_problems(case: Case) -> Iterable[str]:
    for wire, response in zip(case.wire, case.responses, strict=True):
        yield from (f"wire: {problem}" for problem in request_problems("Converse", wire["body"]))
        yield from (f"responses: {problem}" for problem in response_problems(response["body"]))
    for name, payload in case.events:
        yield from (f"events: {name}: {problem}" for problem in event_problems(name, payload))


# -- what was answered, in a case's words ----------------------------------------------------------------------------------


def told_answer(body: Mapping[str, Any]) -> Json:
    """A `chat.completion` or a list of embeddings in the words of a case."""
    if "choices" not in body:
        vectors = [item["embedding"] for item in body["data"]]
        return {"data": vectors, **({"usage": body["usage"]} if "usage" in body else {})}
    (choice,) = body["choices"]
    told = {"message": _present(choice["message"]), "finish_reason": choice["finish_reason"]}
    return _present({**told, "usage": _counted(body.get("usage"))})


def told_chunks(chunks: Iterable[Chunk]) -> list[Json]:
    """Chunks in the words of a case."""
    told = []
    for chunk in chunks:
        choice = chunk["choices"][0] if chunk["choices"] else {}
        delta, finish = choice.get("delta") or None, choice.get("finish_reason")
        told.append(_present({"delta": delta, "finish_reason": finish, "usage": _counted(chunk.get("usage"))}))
    return told


def _counted(usage: Json | None) -> Json | None:
    """Without what is estimated."""
    return (
        None if usage is None else {name: count for name, count in usage.items() if name != "completion_tokens_details"}
    )


def _present(members: Mapping[str, Any]) -> Json:
    return {name: value for name, value in members.items() if value is not None}
