"""The catalogue as a whole: provenance, vocabulary, no ambiguity, reading once, and what geo prefixes and ARNs come to."""

import datetime as dt
import re
from importlib import resources

import pytest

from bedrock_adapter.layers import Catalogue, Layer, fact_names
from bedrock_adapter.model_id import GEO_PREFIXES, parse_model_id
from bedrock_adapter.settings import Settings
from bedrock_adapter_plugins import catalogue as plugin

from .tables import every_id, words

VENDORS = words(
    "ai21 amazon anthropic cohere deepseek google meta minimax mistral moonshot nvidia openai qwen twelvelabs writer xai zai"
)
LEVELS = ("minimal", "low", "medium", "high", "xhigh", "max")
WORDS = {
    "kind": {"chat", "embedding"},
    "tools.choice": {"auto", "any", "tool"},
    "tools.schema": {"object_root", "root_keywords", "inline_defs"},
    "tools.result_media": {"image", "document"},
    "tools.result_turn": {"text", "image", "document", "video"},
    "reasoning.shape": {"none", "always", "budget", "adaptive", "effort", "config", "nova", "openai"},
    "reasoning.also": {"budget"},
    "reasoning.levels": set(LEVELS),
    "reasoning.off": {"omit", "never", "disabled", "between_tools", "none"},
    "reasoning.off_max_effort": {"", *LEVELS},
    "reasoning.forbids": {"temperature", "top_k", "top_p", "top_p_below_0.95", "forced_tools", "prefill"},
    "reasoning.forbids_at_high": {"temperature", "top_p", "top_k", "max_tokens"},
    "reasoning.replay": {"signed", "unsigned", "redacted"},
    "media.image": {"png", "jpeg", "gif", "webp"},
    "media.document": {"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"},
    "tools.result_document_formats": {"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"},
    "cache.sections": {"system", "messages", "tools"},
    "cache.ttl": {"5m", "1h"},
    "cache.after": {"reasoning", "document", "text_document", "video", "tool"},
    "embedding.types": {"int8", "uint8", "binary", "ubinary"},
}


def facts(layer: Layer) -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in layer.facts.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{name}": item for name, item in value.items()}
        else:
            flat[key] = value
    return flat


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(plugin.layers())


def test_one_file_for_each_vendor() -> None:
    names = {item.name for item in (resources.files("bedrock_adapter_plugins") / "data").iterdir()}
    assert {f"{vendor}.toml" for vendor in VENDORS} <= names
    assert {layer.origin for layer in plugin.layers()} == {f"data/{vendor}.toml" for vendor in VENDORS}


@pytest.mark.parametrize("layer", plugin.layers(), ids=lambda layer: layer.match[0])
def test_every_layer_says_where_it_comes_from(layer: Layer) -> None:
    assert len(layer.source) >= len("AWS model card")
    assert dt.date.fromisoformat(layer.checked) >= dt.date(2026, 1, 1)
    assert layer.priority == 0
    assert facts(layer), "a layer without facts"


@pytest.mark.parametrize("layer", plugin.layers(), ids=lambda layer: layer.match[0])
def test_every_fact_is_in_the_vocabulary(layer: Layer) -> None:
    for name, value in facts(layer).items():
        assert name in fact_names() or name == "extra.unavailable"
        if name in WORDS:
            assert set(value if isinstance(value, tuple) else (value,)) <= WORDS[name], name
        if name == "reasoning.levels":
            assert isinstance(value, tuple)
            assert sorted(value, key=LEVELS.index) == list(value), "weakest first"
        if name in ("tools.id_pattern", "tools.name_characters"):
            assert re.compile(f"[{value}]" if name.endswith("characters") else str(value))


@pytest.mark.parametrize("name", every_id())
def test_no_id_is_ambiguous_or_unsourced(catalogue: Catalogue, name: str) -> None:
    profile = catalogue.profile(parse_model_id(name).base)
    assert profile.known
    assert profile.facts
    assert all(fact.source and fact.checked and fact.origin for fact in profile.facts.values())
    assert profile.vendor == name.partition(".")[0].replace("moonshotai", "moonshot")


@pytest.mark.parametrize("name", every_id())
def test_a_model_of_the_tables_is_known_beyond_its_vendor(catalogue: Catalogue, name: str) -> None:
    base = parse_model_id(name).base
    vendor = len(base.partition(".")[0]) + 1
    assert any(layer.specificity(base) > vendor for layer in catalogue.layers)


def test_every_layer_is_for_a_model_of_the_tables() -> None:
    bases = [parse_model_id(name).base for name in every_id()]
    unused = [layer.match for layer in plugin.layers() if max(layer.specificity(base) for base in bases) < 0]
    assert unused == []


@pytest.mark.parametrize("geo", sorted(GEO_PREFIXES))
@pytest.mark.parametrize(
    "name", ["anthropic.claude-opus-5-5", "amazon.nova-2-lite-v1:0", "openai.gpt-6.1-sol", "cohere.embed-v4:0"]
)
def test_a_geo_prefix_changes_no_fact(catalogue: Catalogue, geo: str, name: str) -> None:
    plain = catalogue.profile(parse_model_id(name).base)
    assert catalogue.profile(parse_model_id(f"{geo}.{name}").base) == plain


def test_a_fine_tuned_model_has_the_facts_of_its_base(catalogue: Catalogue) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abcdefghijkl"
    assert catalogue.profile(parse_model_id(arn).base) == catalogue.profile("amazon.nova-lite-v1")


def test_files_are_read_once() -> None:
    assert plugin.layers() is plugin.layers()


def test_the_hook_gives_the_layers_whatever_the_settings() -> None:
    assert plugin.bedrock_profiles(settings=Settings()) is plugin.layers()
