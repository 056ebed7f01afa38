"""Each rule of the refusal table is shown once, with the whole text that a client gets."""

import base64
import json
from typing import Any

import pytest

from bedrock_adapter.testing.emulator.refusals import ERROR_TYPE_SUFFIX, PROVIDER_PREFIX, rules, status_of

NOVA = "amazon.nova-lite-v1:0"
NOVA2 = "us.amazon.nova-2-lite-v1:0"
SONNET37 = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
SONNET4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
SONNET45 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SONNET46 = "us.anthropic.claude-sonnet-4-6"
SONNET55 = "us.anthropic.claude-sonnet-5-5"
OPUS45 = "us.anthropic.claude-opus-4-5-20251101-v1:0"
OPUS47 = "us.anthropic.claude-opus-4-7"
OPUS5 = "us.anthropic.claude-opus-5"
OPUS55 = "us.anthropic.claude-opus-5-5"
LLAMA31 = "us.meta.llama3-1-70b-instruct-v1:0"
LLAMA4 = "us.meta.llama4-maverick-17b-instruct-v1:0"
MISTRAL = "mistral.mistral-large-2402-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
GPT6 = "us.openai.gpt-6-sol"
WRITER = "us.writer.palmyra-x5-v1:0"

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(16)).decode()
PDF = base64.b64encode(b"%PDF-1.7\n").decode()
TEXT = base64.b64encode(b"plain text").decode()
OBJECT = {"type": "object", "properties": {}}
CLOSED = {**OBJECT, "additionalProperties": False}
CACHE = {"cachePoint": {"type": "default"}}


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": each} if isinstance(each, str) else each for each in content]}


def assistant(*content: Any) -> dict[str, Any]:
    return {**user(*content), "role": "assistant"}


def chat(*messages: Any, **members: Any) -> dict[str, Any]:
    return {"messages": list(messages) or [user("Hello")], **members}


def tool(name: str = "look", schema: Any = None, **members: Any) -> dict[str, Any]:
    return {"toolSpec": {"name": name, "inputSchema": {"json": OBJECT if schema is None else schema}, **members}}


def tools(*each: Any, choice: Any = None) -> dict[str, Any]:
    config: dict[str, Any] = {"tools": list(each) or [tool()]}
    return {"toolConfig": config if choice is None else {**config, "toolChoice": choice}}


def use(identifier: str = "t1", given: Any = None, **members: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": identifier, "name": "look", "input": {} if given is None else given, **members}}


def result(identifier: str = "t1", *content: Any, **members: Any) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": identifier, "content": list(content) or [{"text": "ok"}], **members}}


def document(name: str = "report", form: str = "txt", data: str = TEXT, **members: Any) -> dict[str, Any]:
    return {"document": {"name": name, "format": form, "source": {"bytes": data}, **members}}


def image(form: str = "png", data: str = PNG) -> dict[str, Any]:
    return {"image": {"format": form, "source": {"bytes": data}}}


def thought(text: str = "hm", **members: Any) -> dict[str, Any]:
    return {"reasoningContent": {"reasoningText": {"text": text, **members}}}


def fields(**members: Any) -> dict[str, Any]:
    return {"additionalModelRequestFields": members}


def thinking(kind: str = "enabled", budget: Any = 1024, **members: Any) -> dict[str, Any]:
    given = {"type": kind, **({"budget_tokens": budget} if kind == "enabled" else {}), **members}
    return fields(thinking=given)


def formatted(schema: Any = None) -> dict[str, Any]:
    text = schema if isinstance(schema, str) else json.dumps(CLOSED if schema is None else schema)
    structure = {"jsonSchema": {"name": "answer", "schema": text}}
    return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}}}


def inference(**members: Any) -> dict[str, Any]:
    return {"inferenceConfig": members}


def embed(**members: Any) -> dict[str, Any]:
    return members


PROVIDER = PROVIDER_PREFIX
LOOP = (user("Go"), assistant(use()), user(result()))
TITAN = "amazon.titan-embed-text-v2:0"
COHERE = "cohere.embed-english-v3"

# rule, model, body, text (the row's own where its placeholders leave no doubt), verb
CASES: list[tuple[Any, ...]] = [
    ("unknown_model", "us.amazon.nova-nano-v1:0", chat(), "The provided model identifier is invalid."),
    (
        "no_on_demand",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        chat(),
        (
            "Invocation of model ID anthropic.claude-sonnet-4-5-20250929-v1:0 with on-demand throughput isn\u2019t supported. "
            "Retry your request with the ID or ARN of an inference profile that contains this model."
        ),
    ),
    ("end_of_life", "us.anthropic.claude-3-5-haiku-20241022-v1:0", chat(), None),
    ("no_converse", TITAN, chat(), "This model doesn't support the Converse operation"),
    ("no_streaming", "ai21.jamba-instruct-v1:0", chat(), "The model is unsupported for streaming", "converse-stream"),
    ("count_tokens", NOVA, {"input": {"converse": chat()}}, None, "count-tokens"),
    ("serialization", NOVA, [1], "body: expected object, found list"),
    (
        "unknown_member",
        NOVA,
        chat(temperature=1),
        "emulator: unknown member temperature; Bedrock would ignore it silently",
    ),
    (
        "unknown_member",
        NOVA,
        chat(user({"text": "a"}), **tools(choice={"none": {}})),
        "emulator: unknown member toolConfig.toolChoice.none; Bedrock would ignore it silently",
    ),
    (
        "union_members",
        NOVA,
        chat(user({"text": "a", **image()})),
        (
            "The ContentBlock object at messages.0.content.0 must set one of the following keys: text, image, document, video, "
            "audio, toolUse, toolResult, guardContent, cachePoint, reasoningContent, citationsContent, searchResult, "
            "toolAddition, toolRemoval."
        ),
    ),
    ("service_tier", NOVA, chat(serviceTier={"type": "fast"}), "service tier provided is invalid"),
    ("reserved_tier", NOVA, chat(serviceTier={"type": "reserved"}), "Reservation not found."),
    ("json_pointer", SONNET45, chat(additionalModelResponseFieldPaths=["usage"]), None, "pointer", "usage"),
    ("latency", NOVA, chat(performanceConfig={"latency": "optimized"}), None, "model", NOVA),
    (
        "prompt_fields",
        "arn:aws:bedrock:us-east-1:123456789012:prompt/PROMPT0001:1",
        {"promptVariables": {"topic": {"text": "tea"}}, **inference(maxTokens=5)},
        None,
        "field",
        "inferenceConfig",
    ),
    # conversation
    ("start_with_user", NOVA, chat(assistant("Hi"), user("Hello")), None),
    ("start_with_user", NOVA, {"messages": []}, None),
    ("end_with_user", LLAMA31, chat(user("a"), assistant("b")), None),
    ("end_with_user", NOVA, chat(user("a"), assistant("b"), **tools()), None),
    ("no_prefill", SONNET46, chat(user("a"), assistant("b")), None),
    ("prefill_whitespace", SONNET45, chat(user("a"), assistant("b ")), None),
    (
        "blank_text",
        NOVA,
        chat(user("a"), assistant("b"), user("c", " \n")),
        (
            "The text field in the ContentBlock object at messages.2.content.1 is blank. Add text to the text field, and try "
            "again."
        ),
    ),
    (
        "blank_system_text",
        NOVA,
        chat(system=[{"text": "a"}, {"text": ""}]),
        "The text field in the SystemContentBlock object at system.1 is blank. Add text to the text field, and try again.",
    ),
    (
        "empty_content",
        SONNET45,
        chat(user("a"), assistant(), user("b")),
        (
            "The content field in the Message object at messages.1 is empty. Add a ContentBlock object to the content field and "
            "try again."
        ),
    ),
    ("user_reasoning", SONNET45, chat(user("a", thought())), "User messages cannot contain reasoning content"),
    (
        "block_in_role",
        SONNET45,
        chat(user("a"), assistant(image()), user("b")),
        None,
        "kind",
        "image",
        "i",
        1,
        "j",
        0,
        "role",
        "assistant",
    ),
    (
        "block_in_role",
        OPUS55,
        chat(user("a", {"toolRemoval": {"tool": {"type": "tool", "name": "look"}}})),
        "The toolRemoval content block at messages.0.content.1 can't be used in user messages. Remove the content block and try again.",
    ),
    ("no_system", "amazon.titan-text-express-v1", chat(system=[{"text": "a"}]), None),
    # tools
    ("tool_config_missing", NOVA, chat(*LOOP), None),
    (
        "expected_tool_results",
        NOVA,
        chat(user("a"), assistant(use("t1"), use("t2")), user(result("t1")), **tools()),
        "Expected toolResult blocks at messages.2.content for the following Ids: t2",
    ),
    (
        "too_many_tool_results",
        NOVA,
        chat(user("a"), assistant(use()), user(result("t1"), result("t2")), **tools()),
        "The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of previous turn.",
    ),
    (
        "duplicate_tool_ids",
        NOVA,
        chat(user("a"), assistant(use(), use()), user(result()), **tools()),
        "The toolUse blocks at messages.1.content contain duplicate Ids: t1",
    ),
    (
        "duplicate_tool_ids",
        NOVA,
        chat(user("a"), assistant(use(), use("t2")), user(result(), result()), **tools()),
        "The toolResult blocks at messages.2.content contain duplicate Ids: t1",
    ),
    (
        "unanswered_tool_use",
        SONNET45,
        chat(user("a"), assistant(use()), user("first", result()), **tools()),
        PROVIDER + "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1. Each "
        "`tool_use` block must have a corresponding `tool_result` block in the next message.",
    ),
    (
        "empty_error_result",
        NOVA,
        chat(
            user("a"),
            assistant(use()),
            user({"toolResult": {"toolUseId": "t1", "content": [], "status": "error"}}),
            **tools(),
        ),
        "The content field at messages.2.content.0.toolResult cannot be empty when status value is error.",
    ),
    (
        "shared_tool_result_turn",
        LLAMA31,
        chat(user("a"), assistant(use()), user(result(), "and"), **tools()),
        "messages.2.content: Conversation blocks and tool result blocks cannot be provided in the same turn.",
    ),
    (
        "shared_tool_use_turn",
        MISTRAL,
        chat(user("a"), assistant("I look", use()), user(result()), **tools()),
        "messages.1.content: Conversation blocks and tool use blocks cannot be provided in the same turn.",
    ),
    (
        "schema_not_object",
        NOVA,
        chat(**tools(tool(schema={"type": "string"}))),
        "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.",
    ),
    ("schema_invalid", NOVA, chat(**tools(tool(schema={"type": "object", "properties": []}))), None, "i", 0),
    ("anthropic_value", SONNET4, chat(**fields(thinking="on")), None, "path", "thinking", "expected", "a valid object"),
    ("schema_union", SONNET45, chat(**tools(tool(schema={**OBJECT, "anyOf": []}))), None, "i", 0),
    (
        "not_an_object",
        NOVA,
        chat(user("a"), assistant(use(given=[1])), user(result()), **tools()),
        (
            "The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json object for the field and "
            "try again."
        ),
    ),
    (
        "not_an_object",
        NOVA,
        chat(user("a"), assistant(use()), user(result("t1", {"json": "text"})), **tools()),
        (
            "The format of the value at messages.2.content.0.toolResult.content.0.json is invalid. Provide a json object for the "
            "field and try again."
        ),
    ),
    ("no_tools", "us.deepseek.r1-v1:0", chat(**tools()), "This model doesn't support tool use."),
    (
        "no_tools_while_streaming",
        LLAMA31,
        chat(**tools()),
        "This model doesn't support tool use in streaming mode.",
        "converse-stream",
    ),
    (
        "unsupported_field",
        LLAMA31,
        chat(**tools(choice={"any": {}})),
        "This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any and try again.",
    ),
    (
        "unsupported_field",
        MISTRAL,
        chat(**tools(choice={"tool": {"name": "look"}})),
        "This model doesn't support the toolConfig.toolChoice.tool field. Remove toolConfig.toolChoice.tool and try again.",
    ),
    ("forced_tool_choice", OPUS55, chat(**tools(choice={"any": {}})), None),
    ("thinking_forces_tool", SONNET4, chat(**thinking(), **tools(choice={"any": {}})), None),
    ("duplicate_tool_names", NOVA, chat(**tools(tool(), tool())), None),
    ("unknown_tool_choice", NOVA, chat(**tools(choice={"tool": {"name": "other"}})), None, "name", "other"),
    ("strict_tools", OPUS55, chat(**tools(tool(schema=CLOSED, strict=True))), None, "i", 0),
    (
        "unsupported_field",
        NOVA,
        chat(**tools(tool(schema=CLOSED, strict=True))),
        (
            "This model doesn't support the toolConfig.tools.toolSpec.strict field. Remove toolConfig.tools.toolSpec.strict and "
            "try again."
        ),
    ),
    (
        "unsupported_field",
        WRITER,
        chat(user("a"), assistant(use()), user(result(status="success")), **tools()),
        "This model doesn't support the status field. Remove status and try again.",
    ),
    (
        "tool_result_in_nova",
        NOVA2,
        chat(
            user("a"),
            assistant(use()),
            user(result("t1", {"video": {"format": "mp4", "source": {"bytes": TEXT}}})),
            **tools(),
        ),
        PROVIDER
        + "Malformed input request: #/messages/2/content/0: extraneous key [toolResult] is not permitted, please "
        "reformat your input and try again.",
    ),
    (
        "conflicting_field",
        SONNET45,
        chat(**fields(tool_choice={"type": "auto"}), **tools(choice={"auto": {}})),
        None,
        "field",
        "tool_choice",
    ),
    # thinking
    (
        "expected_thinking",
        SONNET4,
        chat(*LOOP, **tools(), **thinking()),
        PROVIDER + "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When "
        "`thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of "
        "`tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this "
        "requirement, disable `thinking`. Please consult our documentation at "
        "https://docs.claude.com/en/docs/build-with-claude/extended-thinking",
    ),
    (
        "bad_signature",
        SONNET4,
        chat(user("a"), assistant(thought(signature="c2hvcnQ="), "b"), user("c")),
        PROVIDER + "messages.1.content.0: Invalid `signature` in `thinking` block",
    ),
    (
        "no_signature",
        SONNET4,
        chat(user("a"), assistant(thought(), "b"), user("c")),
        PROVIDER + "messages.1.content.0.thinking.signature: Field required",
    ),
    ("budget_floor", SONNET4, chat(**thinking(budget=1023)), None),
    ("budget_missing", SONNET4, chat(**fields(thinking={"type": "enabled"})), None),
    ("budget_above_max_tokens", SONNET4, chat(**thinking(), **inference(maxTokens=1024)), None),
    ("thinking_temperature", SONNET4, chat(**thinking(), **inference(temperature=0.5)), None),
    ("thinking_top_p", SONNET4, chat(**thinking(), **inference(topP=0.9)), None),
    ("thinking_top_k", SONNET4, chat(**fields(thinking={"type": "enabled", "budget_tokens": 1024}, top_k=5)), None),
    ("thinking_enabled", OPUS47, chat(**thinking()), None),
    ("thinking_adaptive", SONNET45, chat(**thinking("adaptive")), None),
    ("thinking_disabled", OPUS55, chat(**thinking("disabled")), None),
    ("thinking_disabled_between_tools", SONNET55, chat(**thinking("disabled")), None),
    (
        "thinking_type",
        SONNET46,
        chat(**thinking("between_tools")),
        PROVIDER
        + "thinking: Input tag 'between_tools' found using 'type' does not match any of the expected tags: 'enabled', "
        "'adaptive', 'disabled'",
    ),
    (
        "effort",
        SONNET46,
        chat(**fields(output_config={"effort": "xhigh"})),
        PROVIDER + "output_config.effort: Input should be 'low', 'medium', 'high' or 'max'",
    ),
    (
        "effort_capped",
        OPUS5,
        chat(**fields(thinking={"type": "disabled"}, output_config={"effort": "max"})),
        None,
        "effort",
        "max",
    ),
    ("effort_flag", OPUS45, chat(**fields(output_config={"effort": "low"})), None),
    (
        "binding_flag",
        OPUS55,
        chat(**thinking("adaptive", block_binding={"prefix_mismatch_behavior": "drop_block"})),
        None,
    ),
    (
        "bad_redacted",
        SONNET37,
        chat(user("a"), assistant({"reasoningContent": {"redactedContent": "YQ=="}}, "b"), user("c")),
        None,
        "i",
        1,
        "j",
        0,
    ),
    ("reasoning_replay", NOVA, chat(user("a"), assistant(thought(), "b"), user("c")), None),
    (
        "reasoning_signature",
        GPT_OSS,
        chat(user("a"), assistant(thought(signature="x"), "b"), user("c")),
        (
            "This model doesn't support the reasoningContent.reasoningText.signature field. Remove "
            "reasoningContent.reasoningText.signature and try again."
        ),
    ),
    (
        "nova_effort_max_tokens",
        NOVA2,
        chat(**fields(reasoningConfig={"type": "enabled", "maxReasoningEffort": "high"}), **inference(maxTokens=100)),
        None,
        "field",
        "maxTokens",
    ),
    # sampling and fields
    ("both_sampling", SONNET45, chat(**inference(temperature=0.5, topP=0.5)), None),
    (
        "deprecated",
        OPUS47,
        chat(**inference(temperature=0.5)),
        PROVIDER + "`temperature` is deprecated for this model.",
    ),
    ("deprecated", OPUS47, chat(**inference(topP=0.5)), PROVIDER + "`top_p` is deprecated for this model."),
    ("deprecated", OPUS47, chat(**fields(top_k=5)), PROVIDER + "`top_k` is deprecated for this model."),
    (
        "unsupported_field",
        GPT6,
        chat(**inference(temperature=0.5)),
        "This model doesn't support the temperature field. Remove temperature and try again.",
    ),
    (
        "unsupported_field",
        GPT_OSS,
        chat(**inference(stopSequences=["x"])),
        "This model doesn't support the stopSequences field. Remove stopSequences and try again.",
    ),
    ("extra_input", SONNET45, chat(**fields(seed=1)), PROVIDER + "seed: Extra inputs are not permitted"),
    (
        "extraneous_key",
        NOVA,
        chat(**fields(top_k=1)),
        PROVIDER
        + "Malformed input request: extraneous key [top_k] is not permitted, please reformat your input and try again.",
    ),
    (
        "extraneous_key",
        NOVA,
        chat(**fields(inferenceConfig={"seed": 1})),
        PROVIDER
        + "Malformed input request: #/inferenceConfig: extraneous key [seed] is not permitted, please reformat your "
        "input and try again.",
    ),
    (
        "bad_enum",
        GPT_OSS,
        chat(**fields(reasoning_effort="minimal")),
        PROVIDER
        + "Malformed input request: #/reasoning_effort: minimal is not a valid enum value, please reformat your input "
        "and try again.",
    ),
    (
        "bad_type",
        GPT_OSS,
        chat(**fields(reasoning_effort=3)),
        PROVIDER
        + "Malformed input request: #/reasoning_effort: expected type: String, found: Integer, please reformat your "
        "input and try again.",
    ),
    (
        "bad_range",
        NOVA,
        chat(**fields(inferenceConfig={"topK": 129})),
        None,
        "path",
        "inferenceConfig/topK",
        "value",
        129,
    ),
    ("anthropic_value", SONNET45, chat(**fields(top_k="many")), None, "path", "top_k", "expected", "a valid integer"),
    ("beta_flag", SONNET45, chat(**fields(anthropic_beta=["no-such-flag"])), PROVIDER + "invalid beta flag"),
    ("stop_blank", SONNET45, chat(**inference(stopSequences=[" "])), None),
    ("stop_count", NOVA, chat(**inference(stopSequences=list("abcde"))), None, "limit", 4, "found", 5),
    (
        "output_format",
        NOVA,
        chat(**formatted()),
        "This model doesn't support the outputConfig field. Remove outputConfig and try again.",
    ),
    (
        "output_format_provider",
        OPUS55,
        chat(**formatted()),
        PROVIDER + "output_config.format: Extra inputs are not permitted",
    ),
    (
        "additional_properties",
        SONNET45,
        chat(**formatted(OBJECT)),
        PROVIDER
        + "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
    ),
    (
        "schema_keyword",
        SONNET45,
        chat(**formatted({**CLOSED, "properties": {"n": {"type": "integer", "minimum": 1}}})),
        None,
        "where",
        "output_config.format.schema",
        "type",
        "integer",
        "keyword",
        "minimum",
    ),
    ("schema_json", SONNET45, chat(**formatted("{")), None),
    (
        "too_many_strict_tools",
        SONNET45,
        chat(**tools(*(tool(f"t{n}", CLOSED, strict=True) for n in range(21)))),
        None,
        "found",
        21,
        "what",
        "strict tools",
        "limit",
        20,
    ),
    ("citations_with_format", SONNET45, chat(user("a", document(citations={"enabled": True})), **formatted()), None),
    # caching
    ("no_caching", MISTRAL, chat(user("a", CACHE)), None),
    (
        "unsupported_field",
        GPT6,
        chat(user("a", CACHE)),
        "This model doesn't support the cachePoint field. Remove cachePoint and try again.",
    ),
    (
        "extraneous_key",
        NOVA,
        chat(**tools(tool(), CACHE)),
        PROVIDER
        + "Malformed input request: #/tools/0: extraneous key [cachePoint] is not permitted, please reformat your "
        "input and try again.",
    ),
    (
        "cache_after_reasoning",
        SONNET4,
        chat(user("a"), assistant(thought(signature="c2ln" * 30), CACHE), user("b")),
        None,
    ),
    ("cache_after_document", SONNET45, chat(user("a", document(), CACHE)), None),
    ("too_many_cache_points", SONNET45, chat(user(*["a", CACHE] * 5)), None, "found", 5),
    (
        "cache_ttl_order",
        SONNET45,
        chat(
            user("a", CACHE),
            assistant("b"),
            user("c"),
            assistant("d"),
            user("e", {"cachePoint": {"type": "default", "ttl": "1h"}}),
        ),
        PROVIDER
        + "messages.4.content.0.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' "
        "cache_control block. Note that blocks are processed in the following order: `tools`, `system`, `messages`.",
    ),
    # media
    ("document_needs_text", SONNET45, chat(user(document())), None),
    ("document_name", SONNET45, chat(user("a", document("report.txt"))), None),
    ("document_name", SONNET45, chat(user("a", document("two  spaces"))), None),
    (
        "duplicate_document",
        SONNET45,
        chat(user("a", document("x")), assistant("b"), user("c", document("X"))),
        "Messages can\u2019t contain duplicate document names. Rename the document and retry your request.",
    ),
    ("too_many_documents", SONNET45, chat(user("a", *(document(f"d{n}") for n in range(6)))), None),
    ("document_size", LLAMA4, chat(user("a", document(data=base64.b64encode(bytes([97]) * 4_800_000).decode()))), None),
    (
        "document_type",
        SONNET45,
        chat(user("a", document(form="pdf"))),
        "The detected filetype is PLAIN_TEXT, but the provided filetype was PDF.",
    ),
    ("document_mime", SONNET45, chat(user("a", document(data=PNG))), None, "mime", "image/png"),
    (
        "image_media_type",
        SONNET45,
        chat(user("a", image("jpeg", PNG))),
        PROVIDER
        + "messages.0.content.1.image.source.base64.data: The image was specified using the image/jpeg media type, but "
        "the image appears to be a image/png image",
    ),
    ("image_unreadable", SONNET45, chat(user("a", image("png", TEXT))), None, "i", 0, "j", 1),
    (
        "image_size",
        SONNET45,
        chat(user("a", image("png", PNG + "A" * (5 * 1024 * 1024)))),
        None,
        "i",
        0,
        "j",
        1,
        "found",
        5242912,
    ),
    ("too_many_images", SONNET45, chat(user("a", *[image()] * 21)), None),
    ("video_count", NOVA, chat(user("a", *[{"video": {"format": "mp4", "source": {"bytes": TEXT}}}] * 2)), None),
    (
        "unsupported_block",
        SONNET45,
        chat(user("a", {"video": {"format": "mp4", "source": {"bytes": TEXT}}})),
        "This model doesn't support the video content block that you provided. Update the content block and try again.",
    ),
    (
        "unsupported_block",
        "amazon.nova-micro-v1:0",
        chat(user("a", image())),
        "This model doesn't support the image content block that you provided. Update the content block and try again.",
    ),
    ("no_documents", GPT_OSS, chat(user("a", document())), "This model doesn't support documents."),
    (
        "no_citations",
        NOVA,
        chat(user("a", document(citations={"enabled": True}))),
        "This model doesn't support citations.",
    ),
    (
        "s3",
        SONNET45,
        chat(user("a", {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/key"}}}})),
        "This model doesn't support the s3Uri field. Remove s3Uri and try again.",
    ),
    # limits
    (
        "max_tokens",
        LLAMA31,
        chat(**inference(maxTokens=8193)),
        (
            "The maximum tokens you requested exceeds the model limit of 8192. Try again with a maximum tokens value that is lower "
            "than 8192."
        ),
    ),
    ("min_tokens", GPT6, chat(**inference(maxTokens=15)), None, "limit", 16, "found", 15),
    (
        "input_too_long",
        "meta.llama3-8b-instruct-v1:0",
        chat(user("word " * 9000)),
        "Input is too long for requested model.",
    ),
    (
        "prompt_too_long",
        SONNET45,
        chat(user("a " * 200_001)),
        PROVIDER + "prompt is too long: 200008 tokens > 200000 maximum",
    ),
    (
        "context_exceeded",
        SONNET4,
        chat(user("a " * 179_993), **inference(maxTokens=32000)),
        PROVIDER
        + "input length and `max_tokens` exceed context limit: 180000 + 32000 > 200000, decrease input length or "
        "`max_tokens` and try again",
    ),
    # InvokeModel
    (
        "invoke_extraneous_key",
        "amazon.titan-embed-text-v1",
        embed(inputText="a", dimensions=256),
        "Malformed input request: extraneous key [dimensions] is not permitted, please reformat your input and try again.",
        "invoke",
    ),
    ("invoke_missing_key", TITAN, {}, None, "invoke", "where", "", "key", "inputText"),
    (
        "invoke_min_length",
        TITAN,
        embed(inputText=""),
        "Malformed input request: expected minLength: 1, actual: 0, please reformat your input and try again.",
        "invoke",
    ),
    (
        "invoke_max_length",
        COHERE,
        embed(texts=["a" * 19882], input_type="search_query"),
        "Malformed input request: #/texts/0: expected maxLength: 2048, actual: 19882, please reformat your input and try again.",
        "invoke",
    ),
    ("invoke_min_items", COHERE, embed(texts=[], input_type="search_query"), None, "invoke", "where", "#/texts: "),
    (
        "invoke_max_items",
        COHERE,
        embed(texts=["a"] * 97, input_type="search_query"),
        "Malformed input request: #/texts: expected maximum item count: 96, found: 97, please reformat your input and try again.",
        "invoke",
    ),
    (
        "invoke_enum",
        COHERE,
        embed(texts=["a"], input_type="search_query", truncate="LEFT"),
        "Malformed input request: #/truncate: LEFT is not a valid enum value, please reformat your input and try again.",
        "invoke",
    ),
    (
        "invoke_type",
        TITAN,
        embed(inputText=1),
        None,
        "invoke",
        "where",
        "#/inputText: ",
        "expected",
        "String",
        "found",
        "Integer",
    ),
    (
        "invoke_many",
        TITAN,
        embed(inputText="", seed=1),
        "Malformed input request: 2 schema violations found, please reformat your input and try again.",
        "invoke",
    ),
    ("invoke_one_of", COHERE, embed(input_type="image"), None, "invoke", "where", "", "keys", "texts, images"),
    (
        "titan_tokens",
        TITAN,
        embed(inputText="a " * 9874),
        "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9875 ",
        "invoke",
    ),
    ("input_too_long", COHERE, embed(texts=["a " * 600], input_type="search_query"), None, "invoke"),
    ("no_streaming", TITAN, embed(inputText="a"), None, "invoke-with-response-stream"),
    ("native", SONNET45, {"messages": [], "max_tokens": 5}, "anthropic_version: Field required", "invoke"),
    ("not_emulated", NOVA, {}, None, "invoke", "model", NOVA),
]
CASES += [
    ("serialization", NOVA, chat(inferenceConfig={"maxTokens": "many"}), "inferenceConfig.maxTokens: expected integer, found str"),
    ("serialization", NOVA, chat(inferenceConfig={"topP": "x"}), "inferenceConfig.topP: expected number, found str"),
    ("serialization", NOVA, chat(user("a", image(data="%"))), "messages.0.content.1.image.source.bytes is not valid base64"),
    ("serialization", NOVA, chat(**tools(tool(strict="yes"))), "toolConfig.tools.0.toolSpec.strict: expected boolean, found str"),
    ("unsupported_field", NOVA, chat(**tools({"systemTool": {"name": "nova_grounding"}})), None, "field", "toolConfig.tools.systemTool"),
    ("unsupported_field", NOVA, chat(outputConfig={"effort": "low"}), None, "field", "outputConfig.effort"),
    ("not_an_object", NOVA, chat(additionalModelRequestFields=[1]), None, "path", "additionalModelRequestFields"),
    ("bad_type", NOVA, chat(**fields(inferenceConfig=1)), None, "path", "inferenceConfig", "expected", "Object", "found", "Integer"),
    ("conflicting_field", SONNET45, chat(**fields(temperature=1)), None, "field", "temperature"),
    (
        "conflicting_field",
        SONNET46,
        chat(outputConfig={"effort": "low"}, **fields(output_config={"effort": "low"})),
        None,
        "field",
        "output_config.effort",
    ),
    ("nova_effort_max_tokens", NOVA2, chat(**fields(reasoningConfig={"type": "enabled", "maxReasoningEffort": "high"}, inferenceConfig={"topK": 5})), None, "field", "topK"),
    ("extra_input", SONNET46, chat(**thinking("adaptive", budget_tokens=2000)), None, "path", "thinking.adaptive.budget_tokens"),
    ("anthropic_value", SONNET46, chat(**thinking("adaptive", display="all")), None, "path", "thinking.adaptive.display", "expected", "'summarized' or 'omitted'"),
    ("expected_thinking", SONNET4, chat(user("a"), assistant("b"), **thinking()), None, "i", 1, "found", "text"),
    ("unanswered_tool_use", SONNET45, chat(user("a"), assistant(use()), **tools()), None, "i", 1, "ids", "t1"),
    ("reasoning_replay", GPT_OSS, chat(user("a"), assistant({"reasoningContent": {"redactedContent": "YQ=="}}, "b"), user("c")), None),
    ("reasoning_replay", GPT6, chat(user("a"), assistant(thought(), "b"), user("c")), None),
    ("bad_signature", SONNET4, chat(user("a"), assistant(thought(signature="%"), "b"), user("c")), None, "i", 1, "j", 0),
    ("unsupported_block", LLAMA4, chat(user("a"), assistant(use()), user(result("t1", {"searchResult": {"source": "s", "title": "t", "content": [{"text": "x"}], "citations": {"enabled": False}}})), **tools()), None, "kind", "searchResult"),
    ("unsupported_block", "us.mistral.pixtral-large-2502-v1:0", chat(user("a"), assistant(use()), user(result("t1", image())), **tools()), None, "kind", "image"),
    ("tool_result_in_nova", NOVA, chat(user("a"), assistant(use()), user(result("t1", {"document": {"name": "d", "format": "pdf", "source": {"bytes": PDF}}})), **tools()), None, "i", 2, "j", 0),
    ("extra_input", SONNET4, chat(user("a", {"cachePoint": {"type": "default", "ttl": "1h"}})), None, "path", "messages.0.content.0.cache_control.ttl"),
    ("extraneous_key", NOVA, chat(user("a", {"cachePoint": {"type": "default", "ttl": "5m"}})), None, "where", "#/messages/0/content/0/cachePoint: ", "key", "ttl"),
    ("extraneous_key", NOVA, chat(user("a"), assistant(use()), user(result(), CACHE), **tools()), None, "where", "#/messages/2/content/1: ", "key", "cachePoint"),
    ("too_many_strict_tools", SONNET45, chat(**tools(tool("t", {**CLOSED, "properties": {f"p{n}": {"type": "string"} for n in range(25)}}, strict=True))), None, "found", 25, "what", "optional parameters", "limit", 24),
    (
        "too_many_strict_tools",
        SONNET45,
        chat(**tools(tool("t", {**CLOSED, "properties": {f"p{n}": {"anyOf": []} for n in range(17)}, "required": [f"p{n}" for n in range(17)]}, strict=True))),
        None,
        "found",
        17,
        "what",
        "union-typed parameters",
        "limit",
        16,
    ),
    ("schema_json", SONNET45, chat(**formatted([])), None),
    ("invoke_type", TITAN, embed(inputText="a", normalize=1), None, "invoke", "where", "#/normalize: ", "expected", "Boolean", "found", "Integer"),
    ("invoke_type", COHERE, embed(input_type="image", texts="a"), None, "invoke", "where", "#/texts: ", "expected", "JSONArray", "found", "String"),
    ("invoke_type", "cohere.embed-v4:0", embed(input_type="image", texts=["a"], max_tokens="a"), None, "invoke", "where", "#/max_tokens: ", "expected", "Integer", "found", "String"),
    ("invoke_enum", "cohere.embed-v4:0", embed(input_type="image", texts=["a"], max_tokens=0), None, "invoke", "where", "#/max_tokens: ", "value", 0),
    ("invoke_type", "amazon.titan-embed-image-v1", embed(embeddingConfig=1), None, "invoke", "where", "#/embeddingConfig: ", "expected", "JSONObject", "found", "Integer"),
    ("native", SONNET45, {"anthropic_version": "x", "messages": [], "max_tokens": 5}, "anthropic_version: Input should be 'bedrock-2023-05-31'", "invoke"),
    ("native", SONNET45, {"anthropic_version": "bedrock-2023-05-31", "messages": [], "max_tokens": 5}, "messages: at least one message is required", "invoke"),
    ("native", SONNET45, {"anthropic_version": "bedrock-2023-05-31", "messages": [1], "max_tokens": 5}, "messages.0: Input should be a valid message", "invoke"),
]  # fmt: skip
KEYWORDS: dict[str, dict[str, Any]] = {
    "multipleOf": {"type": "number", "multipleOf": 2},
    "minItems": {"type": "array", "minItems": 2},
    "maxItems": {"type": "array", "items": {"type": "array", "maxItems": 2}},
    "$ref": {"type": "object", "$ref": "https://example.com/schema", "additionalProperties": False},
    "pattern": {"type": "string", "pattern": r"(?=a)\d"},
    "contains": {"type": "array", "contains": {"type": "string"}},
}
for keyword, node in KEYWORDS.items():
    kind = {"multipleOf": "number"}.get(keyword, str(node["type"]))
    schema = {**CLOSED, "properties": {"p": {"anyOf": [node]}}}
    values = ("where", "output_config.format.schema", "type", kind, "keyword", keyword)
    CASES.append(("schema_keyword", SONNET45, chat(**formatted(schema)), None, *values))
RECURSIVE = {**CLOSED, "properties": {"p": {"$ref": "#/$defs/A"}}, "$defs": {"A": {**CLOSED, "properties": {"b": {"$ref": "#/$defs/B"}}}, "B": {"$ref": "#/$defs/A"}}}  # fmt: skip
CASES.append(
    (
        "schema_keyword",
        SONNET45,
        chat(**formatted(RECURSIVE)),
        None,
        "where",
        "output_config.format.schema",
        "type",
        "object",
        "keyword",
        "$ref",
    )
)
VERBS = ("converse", "converse-stream", "count-tokens", "invoke", "invoke-with-response-stream")
# Shown in other files: test_server.py (authentication, paths, access, control plane) and test_thinking.py.
ELSEWHERE = {
    "missing_auth", "incomplete_signature", "unknown_operation", "no_access", "iam", "legacy", "use_case_form",
    "data_retention", "marketplace", "throttled", "unavailable", "timed_out", "model_error", "no_profile",
    "no_foundation_model", "next_token", "violations", "bound_signature",
}  # fmt: skip


def _case(rule: str, model: str, body: Any, text: str | None = None, *rest: Any) -> tuple[str, str, Any, str, str]:
    """Fill in the verb, and the text from the table where the case gives none."""
    verb = rest[0] if rest and rest[0] in VERBS else "converse"
    given = rest[1:] if rest and rest[0] in VERBS else rest
    if text is None:
        row = rules()[rule]
        text = row["message"]
        for key, value in zip(given[::2], given[1::2], strict=True):
            text = text.replace("{" + key + "}", str(value))
        text = (PROVIDER if row.get("provider") else "") + text
    return rule, model, body, text, verb


FILLED = [_case(*case) for case in CASES]


@pytest.mark.parametrize(("rule", "model", "body", "text", "verb"), FILLED, ids=[case[0] for case in FILLED])
def test_rule(post: Any, rule: str, model: str, body: Any, text: str, verb: str) -> None:
    reply = post(model, body, verb)
    assert reply.json == {"message": text}
    error = rules()[rule].get("error", "ValidationException")
    assert reply.status == status_of(error)
    assert reply.headers["x-amzn-errortype"] == error + ERROR_TYPE_SUFFIX
    assert reply.headers["x-amzn-requestid"]


def test_every_rule_is_shown() -> None:
    shown = {case[0] for case in CASES} | ELSEWHERE
    assert set(rules()) == shown


@pytest.mark.parametrize(
    ("model", "body", "text"),
    [
        (
            NOVA,
            chat(**inference(temperature=1.5)),
            (
                "Value '1.5' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or "
                "equal to 1"
            ),
        ),
        (
            NOVA,
            chat(**tools(tool("a.b"))),
            (
                "Value 'a.b' at 'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must satisfy "
                "regular expression pattern: [a-zA-Z0-9_-]+"
            ),
        ),
        (
            NOVA,
            chat(**tools(tool("a" * 65))),
            (
                f"Value '{'a' * 65}' at 'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must have "
                "length less than or equal to 64"
            ),
        ),
        (
            NOVA,
            chat(user("a"), assistant(use("a b")), user(result("a b")), **tools()),
            None,
        ),
        (
            NOVA,
            chat(performanceConfig={"latency": "fast"}),
            (
                "Value 'fast' at 'performanceConfig.latency' failed to satisfy constraint: Member must satisfy enum value set: "
                "[optimized, standard]"
            ),
        ),
        (
            SONNET45,
            chat(user("a"), {"role": "system", "content": [{"text": "b"}]}),
            (
                "Value 'system' at 'messages.2.member.role' failed to satisfy constraint: Member must satisfy enum value set: "
                "[user, assistant]"
            ),
        ),
        (
            NOVA,
            chat(user("a"), assistant(use(type="tool_use")), user(result()), **tools()),
            (
                "Value 'tool_use' at 'messages.2.member.content.1.member.toolUse.type' failed to satisfy constraint: Member must "
                "satisfy enum value set: [server_tool_use]"
            ),
        ),
        (
            NOVA,
            chat(requestMetadata={"k": "{}"}),
            (
                "Value '{}' at 'requestMetadata.k' failed to satisfy constraint: Member must satisfy regular expression pattern: "
                r"[a-zA-Z0-9\s:_@$#=/+,-.]{0,256}"
            ),
        ),
        (
            NOVA,
            {"messages": [{"role": "user"}]},
            "Value null at 'messages.1.member.content' failed to satisfy constraint: Member must not be null",
        ),
        (
            NOVA,
            chat(user("a", {"image": {"format": "bmp", "source": {"bytes": PNG}}})),
            (
                "Value 'bmp' at 'messages.1.member.content.2.member.image.format' failed to satisfy constraint: Member must "
                "satisfy enum value set: [png, jpeg, gif, webp]"
            ),
        ),
    ],
)
def test_constraint(post: Any, model: str, body: Any, text: str | None) -> None:
    reply = post(model, body)
    assert reply.status == 400
    if text is None:
        assert reply.json["message"].startswith("2 validation errors detected: ")
    else:
        assert reply.json["message"] == "1 validation error detected: " + text


@pytest.mark.parametrize("model_id", ["amazon nova", "amazon.nova_lite!"])
def test_malformed_model_id(post: Any, model_id: str) -> None:
    reply = post(model_id, chat())
    assert reply.json["message"].startswith(
        f"1 validation error detected: Value '{model_id}' at 'modelId' failed to satisfy constraint: Member must satisfy "
        "regular expression pattern: (arn:aws"
    )


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (SONNET45, chat(assistant("Hi"), user("Hello"))),
        (SONNET45, chat(user("a"), assistant("b"))),
        (NOVA, chat(user("a"), user("b"), assistant("c"), assistant("d"), user("e"))),
        (NOVA, chat(system=[], inferenceConfig={})),
        (NOVA, chat(user("a"), assistant("I look", use()), user(result(), "and"), **tools())),
        (
            SONNET4,
            chat(user("a"), assistant(thought(signature="c2ln" * 30), use()), user(result()), **tools(), **thinking()),
        ),
        (SONNET46, chat(*LOOP, **tools(), **thinking("adaptive"))),
        (SONNET46, chat(**tools(choice={"any": {}}), **thinking("adaptive"))),
        (
            SONNET4,
            chat(
                **tools(),
                **fields(
                    thinking={"type": "enabled", "budget_tokens": 4096},
                    anthropic_beta=["interleaved-thinking-2025-05-14"],
                ),
                **inference(maxTokens=2048),
            ),
        ),
        (OPUS45, chat(**fields(output_config={"effort": "low"}, anthropic_beta=["effort-2025-11-24"]))),
        (SONNET55, chat(**thinking("between_tools"))),
        (OPUS55, chat(user("a"), {"role": "system", "content": [{"text": "be brief"}]})),
        (GPT_OSS, chat(user("a"), assistant(thought(), "b"), user("c"), **fields(reasoning_effort="low"))),
        (GPT6, chat(**fields(reasoning={"effort": "none"}))),
        (NOVA2, chat(**fields(reasoningConfig={"type": "enabled", "maxReasoningEffort": "high"}))),
        (SONNET45, chat(**tools(), **fields(tool_choice={"type": "auto", "disable_parallel_tool_use": True}))),
        (
            SONNET45,
            chat(
                system=[{"text": "a"}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
                **tools(tool(), {"cachePoint": {"type": "default", "ttl": "1h"}}),
            ),
        ),
        (SONNET45, chat(user("a", document("company (v2) [final]-1")))),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", chat()),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0", chat()),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/team-claude", chat()),
        ("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdef123456", chat()),
        ("arn:aws:bedrock:us-east-1:123456789012:prompt/PROMPT0001:1", {"promptVariables": {"topic": {"text": "tea"}}}),
    ],
)
def test_accepted(post: Any, model: str, body: Any) -> None:
    reply = post(model, body)
    assert reply.status == 200, reply.json
