"""What needs no client: Nova's own tools, and citations of documents."""

from __future__ import annotations

from typing import Any

from .calls import question, use_id
from .requests import Ask, Block
from .tokens import document_text
from .words import ARITHMETIC, calculate


def server_tools(ask: Ask) -> list[Block]:
    """Calls and results of the system tools that the question gives work to."""
    offered = {tool["systemTool"]["name"] for tool in ask.tools if "systemTool" in tool}
    made: list[Block] = []
    asked = question(ask)
    if not ask.turns or ask.turns[-1].of("toolResult"):
        return made
    found = ARITHMETIC.search(asked)
    if "nova_code_interpreter" in offered and found:
        made += _interpreter(ask, found[0])
    if "nova_grounding" in offered and not found:
        made += _grounding(ask, asked)
    return made


def _pair(ask: Ask, name: str, given: dict[str, Any], content: list[Block]) -> list[Block]:
    identifier = use_id(ask.messages, name)
    result = {"toolUseId": identifier, "content": content, "status": "success", "type": f"{name}_result"}
    return [
        {"toolUse": {"toolUseId": identifier, "name": name, "input": given, "type": "server_tool_use"}},
        {"toolResult": result},
    ]


def _interpreter(ask: Ask, snippet: str) -> list[Block]:
    output = {"stdOut": calculate(snippet), "stdErr": "", "exitCode": 0, "isError": False}
    return _pair(ask, "nova_code_interpreter", {"snippet": snippet}, [{"json": output}])


def _grounding(ask: Ask, asked: str) -> list[Block]:
    location = {"web": {"url": "https://example.com/search", "domain": "example.com"}}
    cited = f"A page on example.com answers: {asked}"
    return [
        *_pair(ask, "nova_grounding", {"query": asked}, [{"text": cited}]),
        {"citationsContent": {"content": [{"text": cited}], "citations": [{"title": "Example", "location": location}]}},
    ]


def cited_documents(ask: Ask) -> list[Block]:
    """Text and citations of the documents with citations switched on; empty if there are none."""
    documents = [placed.value for turn in ask.turns for placed in turn.of("document")]
    made: list[Block] = []
    for index, document in enumerate(documents):
        if (document.get("citations") or {}).get("enabled"):
            made += [{"text": "According to the document, "}, _citation(index, document)]
    return made


def _citation(index: int, document: dict[str, Any]) -> Block:
    source = document["source"]
    sentence = document_text(document).split(". ")[0].strip()[:200] or document["name"]
    location: dict[str, Any] = {"documentChar": {"documentIndex": index, "start": 0, "end": len(sentence)}}
    if "content" in source:
        sentence = source["content"][0]["text"]
        location = {"documentChunk": {"documentIndex": index, "start": 0, "end": 1}}
    elif document.get("format") == "pdf":
        sentence = f"the first page of {document['name']}"
        location = {"documentPage": {"documentIndex": index, "start": 1, "end": 2}}
    citation = {"title": document["name"], "sourceContent": [{"text": sentence}], "location": location}
    return {"citationsContent": {"content": [{"text": sentence}], "citations": [citation]}}
