"""Reasoning: when a family shows it, in which form, and how it is taken back."""

import base64
from typing import Any

import pytest

from bedrock_adapter.testing.emulator.refusals import PROVIDER_PREFIX, rules

SONNET4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
SONNET46 = "us.anthropic.claude-sonnet-4-6"
SONNET55 = "us.anthropic.claude-sonnet-5-5"
OPUS55 = "us.anthropic.claude-opus-5-5"
GPT6 = "us.openai.gpt-6-sol"
BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
TOOL = {"tools": [{"toolSpec": {"name": "roll_dice", "inputSchema": {"json": {"type": "object", "properties": {}}}}}]}


def say(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}]}


def ask(post: Any, model: str, *messages: Any, fields: Any = None, **members: Any) -> Any:
    body = {"messages": list(messages), **members, **({"additionalModelRequestFields": fields} if fields else {})}
    return post(model, body)


def blocks(reply: Any) -> list[Any]:
    assert reply.status == 200, reply.json
    found: list[Any] = reply.json["output"]["message"]["content"]
    return [
        {"toolUse": {key: value for key, value in block["toolUse"].items() if key != "type"}}
        if "toolUse" in block
        else block
        for block in found
    ]


def loop(*content: Any) -> list[dict[str, Any]]:
    """A tool loop around an assistant turn."""
    uses = [block["toolUse"]["toolUseId"] for block in content if "toolUse" in block]
    results = [{"toolResult": {"toolUseId": each, "content": [{"text": "4"}]}} for each in uses]
    return [say("Roll the dice"), {"role": "assistant", "content": list(content)}, {"role": "user", "content": results}]


@pytest.mark.parametrize(
    ("model", "fields", "shape"),
    [
        (SONNET4, None, None),
        (SONNET4, BUDGET, "signature"),
        (SONNET4, {"reasoning_config": BUDGET["thinking"]}, "signature"),
        (SONNET4, {"thinking": {"type": "disabled"}}, None),
        (SONNET46, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, "signature"),
        ("us.anthropic.claude-opus-4-8", None, None),
        ("us.anthropic.claude-opus-5", None, "signature"),
        ("us.anthropic.claude-opus-5", {"thinking": {"type": "disabled"}}, None),
        (OPUS55, None, "signature"),
        (SONNET55, {"thinking": {"type": "between_tools"}}, None),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", None, None),
        ("us.amazon.nova-2-lite-v1:0", None, None),
        (
            "us.amazon.nova-2-lite-v1:0",
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}},
            "[REDACTED]",
        ),
        ("us.amazon.nova-2-lite-v1:0", {"reasoningConfig": {"type": "disabled"}}, None),
        ("openai.gpt-oss-120b-1:0", {"reasoning_effort": "low"}, "unsigned"),
        (GPT6, None, "opaque"),
        (GPT6, {"reasoning": {"effort": "none"}}, None),
        ("us.deepseek.r1-v1:0", None, "unsigned"),
        ("deepseek.v3.2", {"reasoning_effort": "low"}, None),
        ("deepseek.v3.2", {"reasoning_effort": "high"}, "unsigned"),
        ("qwen.qwen3-32b-v1:0", {"reasoning_config": "high"}, "unsigned"),
        ("qwen.qwen3-32b-v1:0", None, None),
        ("moonshotai.kimi-k2-thinking", None, "unsigned"),
        ("minimax.minimax-m2", None, "unsigned"),
        ("zai.glm-5", {"reasoning_effort": "none"}, None),
        ("us.zai.glm-5.3", {"reasoning_effort": "max"}, "unsigned"),
        ("us.xai.grok-4.6", None, "unsigned"),
        ("mistral.mistral-large-3-675b-instruct", None, None),
    ],
)
def test_shapes(post: Any, model: str, fields: Any, shape: str | None) -> None:
    first, *rest = blocks(ask(post, model, say("Why tea?"), fields=fields))
    if shape is None:
        assert first == {"text": "You said: Why tea?"}
        return
    assert rest == [{"text": "You said: Why tea?"}]
    reasoning = first["reasoningContent"]
    if shape == "opaque":
        assert base64.b64decode(base64.b64decode(reasoning["redactedContent"]))
        return
    text = reasoning["reasoningText"]
    assert ("signature" in text) == (shape == "signature")
    assert text["text"] == (
        "[REDACTED]" if shape == "[REDACTED]" else 'The user asks: "Why tea?". I should answer in a sentence.'
    )


def test_thinking_precedes_a_call_and_is_taken_back(post: Any) -> None:
    content = blocks(ask(post, SONNET4, say("Roll the dice"), fields=BUDGET, toolConfig=TOOL))
    assert [next(iter(block)) for block in content] == ["reasoningContent", "toolUse"]
    again = blocks(ask(post, SONNET4, *loop(*content), fields=BUDGET, toolConfig=TOOL))
    assert again == [{"text": "According to roll_dice: 4"}]


def test_a_changed_thought_is_refused(post: Any) -> None:
    thought, use = blocks(ask(post, SONNET4, say("Roll the dice"), fields=BUDGET, toolConfig=TOOL))
    text = thought["reasoningContent"]["reasoningText"]
    changed = {"reasoningContent": {"reasoningText": {**text, "text": text["text"] + " "}}}
    reply = ask(post, SONNET4, *loop(changed, use), fields=BUDGET, toolConfig=TOOL)
    assert reply.json["message"] == PROVIDER_PREFIX + "messages.1.content.0: Invalid `signature` in `thinking` block"


def test_newest_claude_binds_thoughts_to_their_prefix(post: Any) -> None:
    content = blocks(ask(post, OPUS55, say("Roll the dice"), toolConfig=TOOL))
    assert blocks(ask(post, OPUS55, *loop(*content), toolConfig=TOOL))
    point = {"cachePoint": {"type": "default"}}
    cached = loop(*content)
    cached[2]["content"].append(point)
    assert blocks(ask(post, OPUS55, *cached, toolConfig=TOOL))
    moved = ask(post, OPUS55, *loop(*content), toolConfig=TOOL, system=[{"text": "Be brief."}])
    expected = rules()["bound_signature"]["message"].replace("{i}", "1").replace("{j}", "0")
    assert moved.json["message"] == PROVIDER_PREFIX + expected
    dropping = {
        "thinking": {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}},
        "anthropic_beta": ["thinking-binding-controls-2026-08-01"],
    }
    assert blocks(ask(post, OPUS55, *loop(*content), toolConfig=TOOL, system=[{"text": "Be brief."}], fields=dropping))
    older = blocks(
        ask(post, SONNET46, say("Roll the dice"), toolConfig=TOOL, fields={"thinking": {"type": "adaptive"}})
    )
    assert blocks(ask(post, SONNET46, *loop(*older), toolConfig=TOOL, system=[{"text": "Be brief."}]))


def test_adaptive_models_think_again_after_results(post: Any) -> None:
    adaptive = {"thinking": {"type": "adaptive"}}
    content = blocks(ask(post, SONNET46, say("Roll the dice"), toolConfig=TOOL, fields=adaptive))
    again = blocks(ask(post, SONNET46, *loop(*content), toolConfig=TOOL, fields=adaptive))
    assert [next(iter(block)) for block in again] == ["reasoningContent", "text"]
    between = {"thinking": {"type": "between_tools"}}
    (use,) = blocks(ask(post, SONNET55, say("Roll the dice"), toolConfig=TOOL, fields=between))
    after = blocks(ask(post, SONNET55, *loop(use), toolConfig=TOOL, fields=between))
    assert [next(iter(block)) for block in after] == ["reasoningContent", "text"]


def test_omitted_thoughts_keep_their_signature(post: Any) -> None:
    fields = {"thinking": {"type": "adaptive", "display": "omitted"}}
    thought, _ = blocks(ask(post, OPUS55, say("Why?"), fields=fields))
    assert thought["reasoningContent"]["reasoningText"]["text"] == ""
    assert blocks(
        ask(post, OPUS55, say("Why?"), {"role": "assistant", "content": [thought, {"text": "So."}]}, say("Ah."))
    )


def test_redacted_thoughts_return_to_their_maker_only(post: Any) -> None:
    magic = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9"
    thought, text = blocks(ask(post, SONNET4, say(magic), fields=BUDGET))
    history = [say(magic), {"role": "assistant", "content": [thought, text]}, say("And?")]
    assert "redactedContent" in thought["reasoningContent"]
    assert blocks(ask(post, SONNET4, *history, fields=BUDGET))
    assert ask(post, GPT6, *history).status == 400
    opaque, _ = blocks(ask(post, GPT6, say("Why?")))
    assert blocks(
        ask(post, GPT6, say("Why?"), {"role": "assistant", "content": [opaque, {"text": "So."}]}, say("And?"))
    )
    assert (
        ask(post, SONNET4, say("Why?"), {"role": "assistant", "content": [opaque, {"text": "So."}]}, say("?")).status
        == 400
    )
