"""What can be known of a model: the vocabulary of facts.

Every default below is the conservative one, used for a model that nobody knows. Code elsewhere knows the shapes named here
(`adaptive`, `root_keywords`, …); which model has which shape is stated in data only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Strings = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Token limits.

    Attributes:
        context: context window in tokens.
        max_output: most that `maxTokens` may be; None: unknown.
        default_max_tokens: what to assume when the client gives none and a thinking budget needs a number.
        send_max_tokens: the model's own default is harmfully small: send `default_max_tokens`, with a note.
        min_max_tokens: `maxTokens` below it is refused; it is raised, with a note.
    """

    context: int | None = None
    max_output: int | None = None
    default_max_tokens: int | None = None
    send_max_tokens: bool = False
    min_max_tokens: int = 1


@dataclass(frozen=True, slots=True)
class Conversation:
    """Rules on turns.

    Attributes:
        system: accepts a system prompt.
        leading_assistant: the first turn may be the assistant's.
        prefill: the last turn may be the assistant's, to be continued.
        streaming: ConverseStream is supported.
    """

    system: bool = True
    leading_assistant: bool = False
    prefill: bool = False
    streaming: bool = True


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling fields that the model takes.

    Attributes:
        temperature, top_p, stop: accepts the field.
        together: accepts temperature and topP in one request.
        top_k: dotted path within additionalModelRequestFields (`top_k`, `inferenceConfig.topK`, `k`), "" for none.
        max_stop: most stop sequences; None: no known limit.
        penalties, seed: path of the native field within additionalModelRequestFields, "" for none.
    """

    temperature: bool = True
    top_p: bool = True
    stop: bool = True
    together: bool = True
    top_k: str = ""
    max_stop: int | None = None
    seed: str = ""
    frequency_penalty: str = ""
    presence_penalty: str = ""


@dataclass(frozen=True, slots=True)
class Tools:
    """Tool use.

    Attributes:
        supported: accepts toolConfig.
        streaming: tool use works in ConverseStream.
        choice: toolChoice kinds accepted, of `auto`, `any`, `tool`; empty: toolChoice must be omitted.
        strict: accepts `toolSpec.strict`.
        no_choice_field: additionalModelRequestFields take `tool_choice: {type: none}` (Claude).
        parallel_switch: additionalModelRequestFields take `tool_choice.disable_parallel_tool_use` (Claude).
        schema: rewriting rules: `object_root` (no union at the root), `root_keywords` (at the root only type, properties,
            required, and additionalProperties and title, which do no harm), `inline_defs` ($defs are not seen by the model).
        name_characters: regular-expression class of a tool name's characters.
        id_pattern: regular expression of tool-use ids, full match.
        result_status: accepts `toolResult.status`.
        result_media: content kinds accepted within a toolResult beside text and json: image, document.
        result_document_formats: formats of those documents; empty: all.
        result_turn: kinds of blocks that may share the user turn with a toolResult, of text, image, document, video.
        call_turn_text: text may share the assistant turn with toolUse blocks.
    """

    supported: bool = True
    streaming: bool = True
    choice: Strings = ("auto",)
    strict: bool = False
    no_choice_field: bool = False
    parallel_switch: bool = False
    schema: Strings = ("object_root",)
    name_characters: str = "a-zA-Z0-9_-"
    id_pattern: str = "[a-zA-Z0-9_.:-]{1,64}"
    result_status: bool = True
    result_media: Strings = ()
    result_document_formats: Strings = ()
    result_turn: Strings = ("text",)
    call_turn_text: bool = True


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How the model is told to think and what comes back.

    Attributes:
        shape: where the switch goes within additionalModelRequestFields:
            `none`; `always` (thinks without being asked, has no switch);
            `budget` (`thinking: {type: enabled, budget_tokens}`);
            `adaptive` (`thinking: {type: adaptive}` with sibling `output_config.effort`);
            `effort` (`reasoning_effort: LEVEL`); `config` (`reasoning_config: LEVEL`);
            `nova` (`reasoningConfig: {type: enabled, maxReasoningEffort: LEVEL}`); `openai` (`reasoning: {effort: LEVEL}`).
        also: further shapes taken when a client asks for them in the model's own words; so far only `budget`, beside
            `adaptive`. With it the rules of budgets hold: no forced tools, no prefill, `first_in_loop`.
        levels: levels the switch takes, weakest first, of minimal, low, medium, high, xhigh, max.
        off: how thinking is switched off: `omit`, `never` (it cannot be), or the value to send: `disabled`, `between_tools`
            (thinking.type), `none` (a level).
        off_max_effort: highest effort level accepted while off; "" for no limit.
        on_by_default: thinks when nothing is said.
        budget_floor: smallest budget accepted.
        forbids: what must be absent while thinking: temperature, top_k, top_p, top_p_below_0.95, forced_tools, prefill.
        forbids_at_high: the same at the highest level only (Nova 2: temperature, top_p, top_k, max_tokens).
        signed: blocks carry a signature and are replayed with it, byte for byte.
        replay: reasoning accepted in history: `signed`, `unsigned`, `redacted`, any of them.
        first_in_loop: with thinking on, the last assistant turn of a tool loop must start with its thinking block.
        binds_prefix: a signature is bound to the exact prefix of the conversation.
        text_tags: tag name of thoughts that the model writes inside its text, e.g. `thinking`; "" for none.
        interleaved_beta: beta flag that lets thinking run between tool calls; "" for none.
        token_count_path: additionalModelResponseFieldPaths entry that returns the thinking tokens; "" for none.
    """

    shape: str = "none"
    also: Strings = ()
    levels: Strings = ()
    off: str = "omit"
    off_max_effort: str = ""
    on_by_default: bool = False
    budget_floor: int = 1024
    forbids: Strings = ()
    forbids_at_high: Strings = ()
    signed: bool = False
    replay: Strings = ()
    first_in_loop: bool = False
    binds_prefix: bool = False
    text_tags: str = ""
    interleaved_beta: str = ""
    token_count_path: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """Content kinds accepted in user turns; a kind with no format is not accepted.

    Attributes:
        image, document, video, audio: formats accepted.
        s3: accepts s3Location as a source.
        max_images: most images in a request; None: no known limit.
        max_image_bytes, max_image_pixels: per image; pixels per side.
        max_documents, max_document_bytes: per request, per document.
        citations: accepts `document.citations`.
    """

    image: Strings = ()
    document: Strings = ()
    video: Strings = ()
    audio: Strings = ()
    s3: bool = False
    max_images: int | None = 20
    max_image_bytes: int = 3_932_160
    max_image_pixels: int = 8000
    max_documents: int | None = 5
    max_document_bytes: int = 4_718_592
    citations: bool = False


@dataclass(frozen=True, slots=True)
class Cache:
    """Prompt caching by cachePoint.

    Attributes:
        sections: where a cachePoint may stand: system, messages, tools; empty: nowhere.
        ttl: times to live accepted; empty: the member is refused.
        min_tokens: shorter prefixes are not cached.
        max_points: most cache points in a request.
        after: block kinds that a cachePoint must not follow: document, text_document (any but pdf), video, reasoning, tool
            (nor stand in a turn with toolUse or toolResult).
    """

    sections: Strings = ()
    ttl: Strings = ()
    min_tokens: int = 1024
    max_points: int = 4
    after: Strings = ("reasoning",)


@dataclass(frozen=True, slots=True)
class Output:
    """Structured output and server-side tools.

    Attributes:
        json_schema: accepts `outputConfig.textFormat`.
        grounding: accepts `systemTool: nova_grounding`.
        count_tokens: CountTokens works on the base id.
    """

    json_schema: bool = False
    grounding: bool = False
    count_tokens: bool = False


@dataclass(frozen=True, slots=True)
class Embedding:
    """What an embedding model takes.

    Attributes:
        dimensions: lengths accepted; the first is the default. One entry: fixed.
        dimensions_field: the body takes the length (fixed-size models refuse the field).
        batch: most texts in one call.
        max_characters: most characters in a text; None: limited by tokens only.
        images: accepts images.
        types: vector types beside float: int8, uint8, binary, ubinary.
    """

    dimensions: tuple[int, ...] = ()
    dimensions_field: bool = False
    batch: int = 1
    max_characters: int | None = None
    images: bool = False
    types: Strings = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """Where one fact comes from: the layer's source text, the day it was checked, and who supplied the layer."""

    source: str
    checked: str
    origin: str


@dataclass(frozen=True, slots=True)
class Profile:
    """All that is known of one model. `facts` maps dotted names (`tools.choice`) to their provenance."""

    base: str
    vendor: str = ""
    kind: str = "chat"
    dialect: str = "converse"
    on_demand: bool = True
    known: bool = False
    limits: Limits = Limits()
    conversation: Conversation = Conversation()
    sampling: Sampling = Sampling()
    tools: Tools = Tools()
    reasoning: Reasoning = Reasoning()
    media: Media = Media()
    cache: Cache = Cache()
    output: Output = Output()
    embedding: Embedding = Embedding()
    extra: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
