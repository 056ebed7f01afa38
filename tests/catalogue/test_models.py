"""What the catalogue says of each model against a table typed from the documentation."""

import pytest

from bedrock_adapter.layers import Catalogue
from bedrock_adapter.model_id import parse_model_id
from bedrock_adapter.profiles import Profile
from bedrock_adapter_plugins.catalogue import layers

from .tables import CLAUDE, ELSEWHERE, EMBEDDINGS, ON_DEMAND, OTHERS, PROFILE_ONLY, every_id, rows

KINDS = {"a": "auto", "n": "any", "t": "tool"}
THINKING_FORBIDS = ("temperature", "top_k", "top_p_below_0.95", "forced_tools", "prefill")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(layers())


def of(catalogue: Catalogue, model: str) -> Profile:
    return catalogue.profile(parse_model_id(model).base)


def choice(letters: str) -> tuple[str, ...]:
    return tuple(KINDS[letter] for letter in letters.strip("-"))


def numbers(text: str) -> set[int]:
    return {int(number) for number in text.split("/")}


@pytest.mark.parametrize("row", rows(CLAUDE), ids=lambda row: row[0])
def test_claude(catalogue: Catalogue, row: list[str]) -> None:
    name, context, output, prefill, sampling, kinds, json, strict, shape, off, top, bound, hour, least = row
    profile = of(catalogue, name)
    assert profile.vendor == "anthropic"
    assert (profile.limits.context, profile.limits.max_output) == (int(context), int(output))
    assert profile.conversation.system
    assert profile.conversation.streaming
    assert profile.conversation.leading_assistant
    assert profile.conversation.prefill == (prefill == "yes")
    assert profile.sampling.temperature == profile.sampling.top_p == (sampling != "no")
    assert profile.sampling.together == (sampling == "both")
    assert profile.sampling.top_k == ("" if sampling == "no" else "top_k")
    assert profile.sampling.stop
    assert profile.tools.supported == profile.tools.streaming == (kinds != "-")
    assert profile.tools.choice == choice(kinds)
    assert profile.output.json_schema == (json == "yes")
    assert profile.tools.strict == (strict == "yes")
    assert profile.reasoning.shape == shape
    assert profile.reasoning.off == off
    assert profile.reasoning.levels[-1:] == ((top,) if top != "-" else ())
    assert profile.reasoning.binds_prefix == (bound == "yes")
    assert ("1h" in profile.cache.ttl) == (hour == "yes")
    assert profile.cache.min_tokens == int(least)
    assert not profile.media.s3
    assert not profile.media.video
    assert len(profile.media.document) == 9


@pytest.mark.parametrize("row", [row for row in rows(CLAUDE) if row[8] != "none"], ids=lambda row: row[0])
def test_claude_that_thinks(catalogue: Catalogue, row: list[str]) -> None:
    profile = of(catalogue, row[0])
    assert profile.reasoning.signed
    assert profile.reasoning.replay == ("signed", "redacted")
    assert profile.reasoning.token_count_path == "/usage/output_tokens_details"
    assert profile.reasoning.first_in_loop == (profile.reasoning.shape == "budget")
    assert profile.cache.sections == ("system", "messages", "tools")
    assert "text_document" in profile.cache.after
    assert profile.media.citations
    assert profile.media.image == ("png", "jpeg", "gif", "webp")
    assert profile.tools.result_media == ("image", "document")
    assert profile.tools.result_turn == ("text", "image")
    if profile.reasoning.shape == "budget":
        assert profile.reasoning.forbids == THINKING_FORBIDS
        assert profile.limits.default_max_tokens is not None
        assert not profile.reasoning.on_by_default
    else:
        assert "medium" in profile.reasoning.levels
        assert ("xhigh" in profile.reasoning.levels) == ("-4-6" not in row[0])
        assert profile.reasoning.on_by_default == ("-4-" not in row[0])


@pytest.mark.parametrize("row", rows(CLAUDE), ids=lambda row: row[0])
def test_max_tokens_is_sent_unasked_only_where_the_default_is_small(catalogue: Catalogue, row: list[str]) -> None:
    assert of(catalogue, row[0]).limits.send_max_tokens == (row[0] == "anthropic.claude-opus-5-5")


def test_claude_details(catalogue: Catalogue) -> None:
    capped = {name for name in every_id() if of(catalogue, name).reasoning.off_max_effort}
    assert capped == {"anthropic.claude-opus-5", "anthropic.claude-haiku-5-5", "anthropic.claude-sonnet-5-5"}
    for name in ("anthropic.claude-sonnet-4-6", "anthropic.claude-opus-4-6-v1"):
        assert of(catalogue, name).reasoning.also == ("budget",)
        assert of(catalogue, name).reasoning.levels == ("low", "medium", "high", "max")
        assert "forced_tools" not in of(catalogue, name).reasoning.forbids
    counted = {row[0] for row in rows(CLAUDE) if of(catalogue, row[0]).output.count_tokens}
    assert {name.rpartition("-20")[0] for name in counted} - {""} == {
        "anthropic.claude-3-5-sonnet", "anthropic.claude-3-5-haiku", "anthropic.claude-3-7-sonnet",
        "anthropic.claude-sonnet-4", "anthropic.claude-opus-4", "anthropic.claude-opus-4-1",
        "anthropic.claude-haiku-4-5", "anthropic.claude-sonnet-4-5", "anthropic.claude-opus-4-5",
    }  # fmt: skip
    assert "anthropic.claude-3-5-sonnet-20240620-v1:0" not in counted
    assert not of(catalogue, "anthropic.claude-3-5-haiku-20241022-v1:0").media.image
    assert not of(catalogue, "anthropic.claude-3-5-sonnet-20241022-v2:0").cache.sections
    assert of(catalogue, "anthropic.claude-3-5-haiku-20241022-v1:0").cache.sections
    parallel = {row[0] for row in rows(CLAUDE) if of(catalogue, row[0]).tools.parallel_switch}
    assert "anthropic.claude-sonnet-4-20250514-v1:0" not in parallel
    assert "anthropic.claude-opus-4-1-20250805-v1:0" not in parallel
    assert {"anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-opus-5-5"} <= parallel


@pytest.mark.parametrize("row", rows(OTHERS), ids=lambda row: row[0])
def test_other_models(catalogue: Catalogue, row: list[str]) -> None:
    name, context, output, system, stream, tools, kinds, media, cache, json, strict, reasoning = row
    profile = of(catalogue, name)
    assert profile.known
    assert profile.kind == "chat"
    assert profile.dialect == "converse"
    assert profile.limits.context in numbers(context)
    assert profile.limits.max_output in numbers(output)
    assert not profile.limits.send_max_tokens
    assert profile.conversation.system == (system == "yes")
    assert profile.conversation.streaming == (stream == "yes")
    assert not profile.conversation.prefill
    assert profile.tools.supported == (tools != "no")
    assert profile.tools.streaming == (tools == "stream")
    assert profile.tools.choice == choice(kinds)
    accepted = {
        "I": profile.media.image,
        "D": profile.media.document,
        "V": profile.media.video,
        "A": profile.media.audio,
    }
    assert {letter for letter, formats in accepted.items() if formats} == set(media.strip("-"))
    assert [section[0].upper() for section in profile.cache.sections] == list(cache.strip("-"))
    assert not profile.cache.ttl
    assert profile.output.json_schema == (json == "yes")
    assert profile.tools.strict == (strict == "yes")
    shape, _, levels = reasoning.partition(":")
    assert profile.reasoning.shape == shape
    assert profile.reasoning.levels == (tuple(levels.split(",")) if levels else ())
    assert not profile.reasoning.signed
    assert "signed" not in profile.reasoning.replay
    assert not profile.tools.no_choice_field
    assert not profile.tools.parallel_switch
    assert not profile.media.citations


@pytest.mark.parametrize("row", rows(EMBEDDINGS), ids=lambda row: row[0])
def test_embeddings(catalogue: Catalogue, row: list[str]) -> None:
    name, dialect, tokens, dimensions, sent, batch, characters, images = row
    profile = of(catalogue, name)
    assert (profile.kind, profile.dialect) == ("embedding", dialect)
    assert profile.limits.context in numbers(tokens)
    assert profile.embedding.dimensions == tuple(int(length) for length in dimensions.split(","))
    assert profile.embedding.dimensions_field == (sent == "yes")
    assert profile.embedding.batch == int(batch)
    assert profile.embedding.max_characters == (None if characters == "-" else int(characters))
    assert profile.embedding.images == (images == "yes")


def test_models_served_elsewhere_say_why(catalogue: Catalogue) -> None:
    unavailable = {name for name in every_id() if of(catalogue, name).extra.get("unavailable")}
    assert unavailable == set(ELSEWHERE)
    assert all(isinstance(of(catalogue, name).extra["unavailable"], str) for name in unavailable)


def test_who_needs_an_inference_profile(catalogue: Catalogue) -> None:
    assert [name for name in PROFILE_ONLY if of(catalogue, name).on_demand] == []
    assert [name for name in ON_DEMAND if not of(catalogue, name).on_demand] == []


STOP_REFUSED = (
    "openai.gpt-oss-120b-1:0",
    "openai.gpt-5.5",
    "openai.gpt-6-sol",
    "zai.glm-5",
    "qwen.qwen3-32b-v1:0",
    "xai.grok-4.6",
)


def test_sampling_of_other_families(catalogue: Catalogue) -> None:
    assert [name for name in STOP_REFUSED if of(catalogue, name).sampling.stop] == []
    for name in ("openai.gpt-5.4", "openai.gpt-6.1-sol", "xai.grok-4.7"):
        profile = of(catalogue, name)
        assert not profile.sampling.temperature
        assert not profile.sampling.top_p
        assert profile.limits.min_max_tokens == 16
    assert of(catalogue, "openai.gpt-oss-20b-1:0").limits.min_max_tokens == 1
    assert of(catalogue, "openai.gpt-oss-20b-1:0").sampling.temperature
    assert of(catalogue, "amazon.nova-pro-v1:0").sampling.top_k == "inferenceConfig.topK"
    assert of(catalogue, "amazon.nova-pro-v1:0").sampling.max_stop == 4
    assert of(catalogue, "cohere.command-r-v1:0").sampling.top_k == "k"
    assert of(catalogue, "mistral.mistral-large-2402-v1:0").sampling.top_k == "top_k"
    assert of(catalogue, "mistral.mistral-large-2402-v1:0").sampling.max_stop == 10
    assert of(catalogue, "meta.llama3-3-70b-instruct-v1:0").sampling.top_k == ""
    assert of(catalogue, "ai21.jamba-1-5-mini-v1:0").sampling.top_k == ""


def test_leading_assistant_turns(catalogue: Catalogue) -> None:
    leading = {name.partition(".")[0] for name in every_id() if of(catalogue, name).conversation.leading_assistant}
    assert leading == {"anthropic", "qwen", "zai", "moonshot", "moonshotai"}


def test_turns_that_hold_tools_and_nothing_else(catalogue: Catalogue) -> None:
    for name in every_id():
        alone = name.startswith(("meta.", "mistral.", "writer."))
        profile = of(catalogue, name)
        assert profile.tools.call_turn_text != alone, name
        assert (profile.tools.result_turn == ()) == alone, name
    assert of(catalogue, "amazon.nova-2-lite-v1:0").tools.result_turn == ("text", "image", "document", "video")
    refused = {name for name in every_id() if not of(catalogue, name).tools.result_status}
    assert {name.partition(".")[0] for name in refused} == {"writer", "openai", "xai"}
    assert "openai.gpt-oss-120b-1:0" not in refused


def test_media_within_tool_results(catalogue: Catalogue) -> None:
    assert of(catalogue, "amazon.nova-pro-v1:0").tools.result_media == ("image", "document")
    assert of(catalogue, "amazon.nova-pro-v1:0").tools.result_document_formats == ("csv", "txt")
    assert of(catalogue, "amazon.nova-micro-v1:0").tools.result_media == ()
    assert of(catalogue, "meta.llama4-scout-17b-instruct-v1:0").tools.result_media == ("image", "document")
    assert of(catalogue, "mistral.pixtral-large-2502-v1:0").tools.result_media == ("document",)
    for name in ("qwen.qwen3-vl-235b-a22b", "moonshotai.kimi-k2.5", "openai.gpt-6-sol"):
        assert of(catalogue, name).tools.result_media == ()


def test_tool_names_ids_and_schemas(catalogue: Catalogue) -> None:
    assert of(catalogue, "amazon.nova-micro-v1:0").tools.name_characters == "a-zA-Z0-9_"
    assert "root_keywords" in of(catalogue, "amazon.nova-2-lite-v1:0").tools.schema
    assert "inline_defs" in of(catalogue, "openai.gpt-oss-120b-1:0").tools.schema
    assert of(catalogue, "mistral.mistral-large-2407-v1:0").tools.id_pattern == "[a-zA-Z0-9]{9}"
    assert ":" in of(catalogue, "moonshotai.kimi-k2-thinking").tools.id_pattern


def test_reasoning_of_other_families(catalogue: Catalogue) -> None:
    never = {name for name in every_id() if of(catalogue, name).reasoning.off == "never"}
    assert {
        "openai.gpt-oss-20b-1:0",
        "openai.gpt-6-astra",
        "openai.gpt-6.1-sol",
        "zai.glm-5.3",
        "xai.grok-4.6",
    } <= never
    assert {"openai.gpt-6-sol", "zai.glm-5", "deepseek.v3.2", "qwen.qwen3-32b-v1:0"}.isdisjoint(never)
    assert of(catalogue, "openai.gpt-6-sol").reasoning.off == "none"
    replayed = {name for name in every_id() if "unsigned" in of(catalogue, name).reasoning.replay}
    assert {name.partition(".")[0] for name in replayed} == {
        "amazon",
        "deepseek",
        "minimax",
        "moonshot",
        "moonshotai",
        "openai",
    }
    assert "deepseek.r1-v1:0" not in replayed
    assert "amazon.nova-pro-v1:0" not in replayed
    assert of(catalogue, "openai.gpt-6-sol").reasoning.replay == ("redacted",)
    assert of(catalogue, "deepseek.v3-v1:0").reasoning.forbids == ("forced_tools",)
    high = ("temperature", "top_p", "top_k", "max_tokens")
    assert of(catalogue, "amazon.nova-2-lite-v1:0").reasoning.forbids_at_high == high
    tagged = {
        name: of(catalogue, name).reasoning.text_tags for name in every_id() if of(catalogue, name).reasoning.text_tags
    }
    assert tagged == {
        "amazon.nova-lite-v1:0": "thinking",
        "amazon.nova-micro-v1:0": "thinking",
        "amazon.nova-premier-v1:0": "thinking",
        "amazon.nova-pro-v1:0": "thinking",
        "nvidia.nemotron-nano-9b-v2": "think",
    }


def test_nova_caching(catalogue: Catalogue) -> None:
    cache = of(catalogue, "amazon.nova-lite-v1:0").cache
    assert cache.sections == ("system", "messages")
    assert cache.ttl == ()
    assert "tool" in cache.after
    assert cache.min_tokens <= 1298  # what real traffic cached
    assert of(catalogue, "amazon.nova-lite-v1:0").output.grounding


CONSERVATIVE = (
    "anthropic.claude-opus-6",
    "anthropic.claude-next-20280101-v1:0",
    "anthropic.claude-opus-4-9",
    "acme.claude-owl",
)


@pytest.mark.parametrize("name", CONSERVATIVE)
def test_an_unknown_claude_meets_no_avoidable_error(catalogue: Catalogue, name: str) -> None:
    profile = of(catalogue, name)
    assert (profile.reasoning.shape, profile.reasoning.off) == ("adaptive", "never")
    assert profile.reasoning.levels == ("low", "medium", "high")
    assert not profile.sampling.temperature
    assert not profile.sampling.top_p
    assert not profile.sampling.top_k
    assert not profile.conversation.prefill
    assert not profile.tools.strict
    assert not profile.output.json_schema
    assert profile.tools.choice == ("auto",)
    assert profile.media.image
    assert profile.media.document
    assert profile.cache.sections == ("system", "messages", "tools")
    assert profile.limits.send_max_tokens
    assert profile.limits.default_max_tokens


@pytest.mark.parametrize(
    "name", ["anthropic.claude-opus-5-7", "anthropic.claude-sonnet-5-9-20280101-v1:0", "anthropic.claude-fable-5-3"]
)
def test_an_unknown_successor_is_no_known_sibling(catalogue: Catalogue, name: str) -> None:
    profile = of(catalogue, name)
    assert profile.tools.choice == ("auto",)
    assert profile.reasoning.off == "never"
    assert profile.limits.send_max_tokens
    assert not profile.sampling.temperature


@pytest.mark.parametrize(
    ("dated", "plain"),
    [
        ("anthropic.claude-opus-5-20270101-v1:0", "anthropic.claude-opus-5"),
        ("anthropic.claude-opus-5-v1", "anthropic.claude-opus-5"),
        ("anthropic.claude-opus-5-5-20270101-v1:0", "anthropic.claude-opus-5-5"),
        ("anthropic.claude-fable-5-20270101", "anthropic.claude-fable-5"),
        ("anthropic.claude-fable-5-1-v1:0", "anthropic.claude-fable-5-1"),
        ("anthropic.claude-sonnet-4-20250514", "anthropic.claude-sonnet-4"),
        ("anthropic.claude-sonnet-4-6-v1:0", "anthropic.claude-sonnet-4-6"),
    ],
)
def test_a_date_or_a_version_changes_nothing(catalogue: Catalogue, dated: str, plain: str) -> None:
    one, other = of(catalogue, dated), of(catalogue, plain)
    for part in ("limits", "conversation", "sampling", "tools", "reasoning", "media", "cache", "output"):
        assert getattr(one, part) == getattr(other, part)


@pytest.mark.parametrize(
    "name", ["acme.owl-1", "", "owl", "mistral.owl-9", "qwen.qwen9-1b", "zai.glm-9", "google.owl", "nvidia.owl"]
)
def test_any_other_unknown_id_gets_the_general_defaults(catalogue: Catalogue, name: str) -> None:
    profile = of(catalogue, name)
    assert profile.kind == "chat"
    assert profile.conversation.system
    assert profile.tools.supported
    assert set(profile.tools.choice) <= {"auto"}
    assert not profile.cache.sections
    assert (profile.reasoning.shape, profile.reasoning.replay) == ("none", ())
    assert profile.sampling.temperature
    assert profile.sampling.top_p
    assert not profile.limits.send_max_tokens
    assert not profile.output.json_schema or name.startswith("qwen.")


@pytest.mark.parametrize("name", ["openai.gpt-9", "xai.grok-9"])
def test_an_unknown_model_of_a_vendor_that_refuses_sampling(catalogue: Catalogue, name: str) -> None:
    profile = of(catalogue, name)
    assert not profile.sampling.temperature
    assert not profile.sampling.stop
    assert profile.limits.min_max_tokens == 16
    assert profile.tools.choice == ("auto",)
