"""Tools: toolConfig, and the pairing of toolUse and toolResult blocks in the history (rules 6 to 20, 40)."""

from __future__ import annotations

from typing import Any

from bedrock_adapter.testing.emulator.refusals import refusal
from bedrock_adapter.testing.emulator.requests import Ask, Placed, Turn

from .structured import check_schema, well_formed

_TOP_LEVEL_UNIONS = ("oneOf", "anyOf", "allOf")


def check(ask: Ask) -> None:
    """Rules of toolConfig and of tool blocks."""
    if ask.tools:
        _support(ask)
        _specs(ask)
        _choice(ask)
    elif any(placed.kind in ("toolUse", "toolResult") for placed in ask.blocks):
        raise refusal("tool_config_missing")
    _pairing(ask)
    for turn in ask.turns:
        for placed in turn.of("toolUse"):
            _object(placed.value["input"], f"messages.{placed.i}.content.{placed.j}.toolUse.input")
        for placed in turn.of("toolResult"):
            _result(ask, placed)
        _shared_turn(ask, turn)


def _support(ask: Ask) -> None:
    if not ask.family.tools:
        raise refusal("no_tools")
    if ask.streaming and not ask.family.stream_tools:
        raise refusal("no_tools_while_streaming")


def _specs(ask: Ask) -> None:
    family = ask.family
    names = [spec["name"] for spec in ask.specs]
    for index, tool in enumerate(ask.tools):
        if "systemTool" in tool and tool["systemTool"]["name"] not in family.system_tools:
            raise refusal("unsupported_field", field="toolConfig.tools.systemTool")
        if "toolSpec" not in tool:
            continue
        spec = tool["toolSpec"]
        schema = spec["inputSchema"].get("json")
        if not isinstance(schema, dict) or schema.get("type") != "object":
            raise refusal("schema_not_object", i=index)
        if not well_formed(schema):
            raise refusal("schema_invalid", i=index)
        if family.anthropic and any(key in schema for key in _TOP_LEVEL_UNIONS):
            raise refusal("schema_union", i=index)
        if spec.get("strict") is not None and not family.strict:
            _refuse_strict(ask, index)
        if spec.get("strict"):
            check_schema(schema, f"tools.{index}.custom.input_schema")
    if len(set(names)) < len(names):
        raise refusal("duplicate_tool_names")
    _strict_limits([spec for spec in ask.specs if spec.get("strict")])


def _refuse_strict(ask: Ask, index: int) -> None:
    if ask.family.anthropic:
        raise refusal("strict_tools", i=index)
    raise refusal("unsupported_field", field="toolConfig.tools.toolSpec.strict")


def _strict_limits(strict: list[dict[str, Any]]) -> None:
    if len(strict) > 20:
        raise refusal("too_many_strict_tools", found=len(strict), what="strict tools", limit=20)
    schemas = [spec["inputSchema"]["json"] for spec in strict]
    optional = sum(len(set(each.get("properties", {})) - set(each.get("required", []))) for each in schemas)
    if optional > 24:
        raise refusal("too_many_strict_tools", found=optional, what="optional parameters", limit=24)
    unions = sum(
        isinstance(prop, dict) and "anyOf" in prop for each in schemas for prop in each.get("properties", {}).values()
    )
    if unions > 16:
        raise refusal("too_many_strict_tools", found=unions, what="union-typed parameters", limit=16)


def _choice(ask: Ask) -> None:
    family = ask.family
    if "tool_choice" in ask.additional and ask.tool_choice:
        raise refusal("conflicting_field", field="tool_choice")
    for kind in ask.tool_choice:
        if kind not in family.tool_choice:
            raise refusal("unsupported_field", field=f"toolConfig.toolChoice.{kind}")
    forced = ask.forced or ask.additional.get("tool_choice", {}).get("type") in ("any", "tool")
    if forced and not family.forced_tool_choice:
        raise refusal("forced_tool_choice")
    named = ask.tool_choice.get("tool", {}).get("name")
    if named is not None and named not in {spec["name"] for spec in ask.specs}:
        raise refusal("unknown_tool_choice", name=named)


def _client(placed: list[Placed]) -> list[Placed]:
    """Without the calls and results of server tools, which stand in one assistant turn."""
    return [each for each in placed if each.value.get("type") in (None, "tool_use")]


def _pairing(ask: Ask) -> None:
    called: list[str] = []
    before: Turn | None = None
    for turn in ask.turns:
        if turn.role == "assistant":
            called = [each.value["toolUseId"] for each in _client(turn.of("toolUse"))]
            _unique("toolUse", turn, called)
        else:
            _answered(ask, turn, before, called)
            called = []
        before = turn


def _unique(kind: str, turn: Turn, ids: list[str]) -> None:
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise refusal("duplicate_tool_ids", kind=kind, i=turn.index, ids=", ".join(twice))


def _answered(ask: Ask, turn: Turn, before: Turn | None, called: list[str]) -> None:
    results = _client(turn.of("toolResult"))
    answered = [each.value["toolUseId"] for each in results]
    _unique("toolResult", turn, answered)
    if len(answered) > len(called):
        raise refusal("too_many_tool_results", i=turn.index)
    missing = [each for each in called if each not in answered]
    if missing:
        raise refusal("expected_tool_results", i=turn.index, ids=", ".join(missing))
    if results and before is not None and ask.family.anthropic:
        leading = [each.kind for each in turn.blocks if each.kind != "cachePoint"][: len(results)]
        if leading != ["toolResult"] * len(results):
            raise refusal("unanswered_tool_use", i=before.index, ids=", ".join(called))


def _object(value: object, path: str) -> None:
    if not isinstance(value, dict):
        raise refusal("not_an_object", path=path)


def _result(ask: Ask, placed: Placed) -> None:
    family, result = ask.family, placed.value
    if result.get("status") == "error" and not result["content"]:
        raise refusal("empty_error_result", i=placed.i, j=placed.j)
    if "status" in result and not family.tool_result_status:
        raise refusal("unsupported_field", field="status")
    for index, part in enumerate(result["content"]):
        if "json" in part:
            _object(part["json"], f"messages.{placed.i}.content.{placed.j}.toolResult.content.{index}.json")
        _result_media(ask, placed, part)


def _result_media(ask: Ask, placed: Placed, part: dict[str, Any]) -> None:
    family, kind = ask.family, next(iter(part))
    if kind in ("text", "json"):
        return
    formats = family.tool_result_documents
    wrong_format = kind == "document" and formats and part[kind].get("format") not in formats
    if kind in family.tool_result_media and not wrong_format:
        return
    if family.nova:
        raise refusal("tool_result_in_nova", i=placed.i, j=placed.j)
    raise refusal("unsupported_block", kind=kind)


def _shared_turn(ask: Ask, turn: Turn) -> None:
    allowed = ask.family.tool_turn
    if "*" in allowed:
        return
    kinds = {each.kind for each in turn.blocks}
    others = kinds - {"toolResult", "toolUse", "cachePoint"}
    if turn.role == "user" and "toolResult" in kinds and others - set(allowed):
        raise refusal("shared_tool_result_turn", i=turn.index)
    if not allowed and "toolUse" in kinds and others:
        raise refusal("shared_tool_use_turn", i=turn.index)
