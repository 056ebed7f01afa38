"""Structure of the conversation: roles, first and last turn, empty and blank content (rules 1 to 6, 31, 35, 49)."""

from __future__ import annotations

from bedrock_adapter.testing.emulator.refusals import refusal
from bedrock_adapter.testing.emulator.requests import Ask, Placed
from bedrock_adapter.testing.emulator.shapes import raise_violations

_ASSISTANT_ONLY = ("toolUse", "citationsContent")
_SYSTEM_ONLY = ("toolAddition", "toolRemoval")
_USER_ONLY = ("image", "document", "video", "audio", "searchResult", "guardContent")


def check(ask: Ask) -> None:
    """Rules of the conversation as a whole."""
    if ask.target.kind == "prompt":
        _prompt(ask)
        return
    if ask.system and not ask.family.system:
        raise refusal("no_system")
    _roles(ask)
    _content(ask)
    if not ask.turns:
        raise refusal("start_with_user")
    if ask.turns[0].role == "assistant" and not ask.family.leading_assistant:
        raise refusal("start_with_user")
    if ask.turns[-1].role == "assistant":
        _prefill(ask)


def _prompt(ask: Ask) -> None:
    for member in ("additionalModelRequestFields", "inferenceConfig", "system", "toolConfig"):
        if ask.body.get(member):
            raise refusal("prompt_fields", field=member)


def _roles(ask: Ask) -> None:
    allowed = ["user", "assistant", *(["system"] if ask.family.system_role else [])]
    raise_violations(
        f"Value '{message['role']}' at 'messages.{index}.member.role' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        for index, message in enumerate(ask.messages, 1)
        if message["role"] not in allowed
    )


def _content(ask: Ask) -> None:
    for index, block in enumerate(ask.system):
        if "text" in block and not block["text"].strip():
            raise refusal("blank_system_text", i=index)
    for index, message in enumerate(ask.messages):
        if not message["content"]:
            raise refusal("empty_content", i=index)
        for j, block in enumerate(message["content"]):
            kind = next(iter(block))
            if kind in _SYSTEM_ONLY and message["role"] != "system":
                raise refusal("block_in_role", kind=kind, i=index, j=j, role=message["role"])
    for turn in ask.turns:
        before = ""
        for placed in turn.blocks:
            # Real traffic has a "\n" between a document and a cachePoint, answered with 200 on Claude [W].
            spacer = ask.family.anthropic and before == "document" and placed.kind == "text" and placed.value != ""
            if not spacer:
                _block(turn.role, placed)
            before = placed.kind


def _block(role: str, placed: Placed) -> None:
    kind = placed.kind
    if kind == "text" and not placed.value.strip():
        raise refusal("blank_text", i=placed.i, j=placed.j)
    if role == "user" and kind == "reasoningContent":
        raise refusal("user_reasoning")
    server_result = kind == "toolResult" and "type" in placed.value
    misplaced = kind in _ASSISTANT_ONLY if role == "user" else kind in _USER_ONLY or kind == "toolResult"
    if misplaced and not server_result:
        raise refusal("block_in_role", kind=kind, i=placed.i, j=placed.j, role=role)


def _prefill(ask: Ask) -> None:
    last, family = ask.turns[-1], ask.family
    if family.prefill == "provider":
        raise refusal("no_prefill")
    if family.prefill == "refused" or (family.prefill == "without_tools" and ask.tools):
        raise refusal("end_with_user")
    unanswered = [each.value["toolUseId"] for each in last.of("toolUse") if each.value.get("type") != "server_tool_use"]
    if unanswered:
        raise refusal("unanswered_tool_use", i=last.index, ids=", ".join(unanswered))
    texts = last.of("text")
    if family.anthropic and texts and texts[-1].value != texts[-1].value.rstrip():
        raise refusal("prefill_whitespace")
