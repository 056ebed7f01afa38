"""The emulator's facts: families, models and embedding models, read from ``data/*.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any


def read_table(name: str) -> dict[str, Any]:
    """One of the TOML files beside the package."""
    return tomllib.loads(files("bedrock_adapter.testing").joinpath("data", name).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What a family of models accepts; each fact is explained in ``data/families.toml``."""

    name: str
    match: tuple[str, ...]
    source: str
    converse: bool
    streaming: bool
    system: bool
    system_role: bool
    tools: bool
    stream_tools: bool
    tool_choice: tuple[str, ...]
    forced_tool_choice: bool
    images: bool
    documents: bool
    video: bool
    audio: bool
    search_results: bool
    citations: bool
    s3: bool
    system_tools: tuple[str, ...]
    tool_result_media: tuple[str, ...]
    tool_result_documents: tuple[str, ...]
    tool_turn: tuple[str, ...]
    tool_result_status: bool
    cache: tuple[str, ...]
    cache_ttl: tuple[str, ...]
    cache_min: int
    cache_reads: bool
    cache_in_tool_turns: bool
    cache_refusal: str
    output_format: bool
    strict: bool
    sampling: str
    both_sampling: bool
    stop_sequences: bool
    stop_limit: int
    blank_stop: bool
    min_tokens: int
    default_max_tokens: int
    prefill: str
    leading_assistant: bool
    thinking: tuple[str, ...]
    thinking_default: str
    efforts: tuple[str, ...]
    interleaved: bool
    binds_prefix: bool
    replay: str
    reasoning: str
    response_fields: bool
    cache_usage: bool
    tool_use_type: bool
    tool_use_id: str
    count_tokens: bool
    empty_leading_text: bool
    provider_style: str
    context_check: bool
    additional: dict[str, dict[str, Any]] = field(default_factory=dict)
    flags: dict[str, Any] = field(default_factory=dict)

    @property
    def anthropic(self) -> bool:
        """Whether provider errors are worded as Anthropic's."""
        return self.provider_style == "anthropic"

    @property
    def nova(self) -> bool:
        """Whether the family speaks Nova's native schema."""
        return self.name.startswith("nova")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One foundation model: its place in the listings and its token limits."""

    id: str
    profiles: tuple[str, ...]
    on_demand: bool
    context: int
    max_output: int
    lifecycle: str
    source: str
    retires: str = ""
    embedding: bool = False
    inputs: tuple[str, ...] = ()


def _frozen(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def _facts(row: dict[str, Any], rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A row's facts on top of those it extends; `additional` fields add up."""
    inherited = _facts(rows[row["extends"]], rows) if "extends" in row else {}
    additional = {**inherited.get("additional", {}), **row.get("additional", {})}
    return {**inherited, **row, "additional": additional}


@cache
def families() -> tuple[Family, ...]:
    """All families, in the order in which their globs are tried."""
    table = read_table("families.toml")
    rows = {row["name"]: row for row in table["family"]}
    known = {each.name for each in fields(Family)}
    made = []
    for row in table["family"]:
        facts = {**table["defaults"], **_facts(row, rows)}
        made.append(Family(**_frozen({key: value for key, value in facts.items() if key in known})))
    return tuple(made)


@cache
def family_of(base_id: str) -> Family:
    """The family of a base id; a test shows that every listed model has one."""
    for family in families():
        if any(fnmatchcase(base_id, glob) for glob in family.match):
            return family
    raise LookupError(base_id)


@cache
def models() -> dict[str, Model]:
    """Every known foundation model by base id, embeddings included."""
    rows: Iterator[dict[str, Any]] = iter(read_table("models.toml")["models"])
    known = {row["id"]: Model(**_frozen(row)) for row in rows}
    for row in read_table("embeddings.toml")["models"]:
        facts = {key: row[key] for key in ("id", "profiles", "on_demand", "lifecycle", "source", "inputs")}
        known[row["id"]] = Model(**_frozen(facts), context=row["max_tokens"], max_output=0, embedding=True)
    return known


PROVIDERS = {
    "ai21": "AI21 Labs",
    "amazon": "Amazon",
    "anthropic": "Anthropic",
    "cohere": "Cohere",
    "deepseek": "DeepSeek",
    "google": "Google",
    "meta": "Meta",
    "minimax": "MiniMax",
    "mistral": "Mistral AI",
    "moonshot": "Moonshot AI",
    "moonshotai": "Moonshot AI",
    "nvidia": "NVIDIA",
    "openai": "OpenAI",
    "qwen": "Qwen",
    "twelvelabs": "TwelveLabs",
    "writer": "Writer",
    "xai": "xAI",
    "zai": "Z.AI",
}
