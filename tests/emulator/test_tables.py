"""The tables themselves: complete, sourced, consistent."""

from fnmatch import fnmatchcase

import pytest

from bedrock_adapter.testing.emulator.refusals import rules
from bedrock_adapter.testing.emulator.tables import PROVIDERS, families, family_of, models, read_table
from bedrock_adapter.testing.emulator.targets import GEOS, resolve


def test_every_row_names_its_source() -> None:
    assert all(row["source"] for row in rules().values())
    assert all(family.source for family in families())
    assert all(model.source for model in models().values())


def test_every_family_serves_some_model() -> None:
    chats = [model.id for model in models().values() if not model.embedding]
    used = {family_of(each).name for each in chats}
    # claude-future stands for ids that are not known yet.
    assert {family.name for family in families()} - used == {"claude-future"}


def test_every_model_can_be_reached() -> None:
    for model in models().values():
        assert model.id.partition(".")[0] in PROVIDERS
        assert set(model.profiles) <= set(GEOS)
        assert model.on_demand or model.profiles, model.id
        if model.lifecycle != "EOL":
            for geo in model.profiles:
                assert resolve(f"{geo}.{model.id}", {}).model is model


def test_facts_agree_with_one_another() -> None:
    for family in families():
        assert bool(family.tool_choice) <= family.tools
        assert set(family.cache) <= {"system", "messages", "tools"}
        assert family.thinking_default in ("off", "on", "always")
        assert family.sampling in ("ok", "deprecated", "refused")
        assert family.replay in ("none", "signed", "unsigned", "opaque")
        for rule in family.additional.values():
            assert set(rule.get("thinks", ())) <= set(rule.get("values", ()))


@pytest.mark.parametrize(
    ("base", "family"),
    [
        ("anthropic.claude-opus-5-5", "claude-opus-5-5"),
        ("anthropic.claude-opus-5", "claude-opus-5"),
        ("anthropic.claude-fable-5-2", "claude-fable-5-1"),
        ("anthropic.claude-fable-5", "claude-fable-5"),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "claude-budget"),
        ("amazon.nova-2-lite-v1:0", "nova-2"),
        ("amazon.nova-micro-v1:0", "nova-micro"),
        ("meta.llama3-2-1b-instruct-v1:0", "llama-chat"),
        ("openai.gpt-6.1-sol", "gpt-no-off"),
        ("openai.gpt-oss-20b-1:0", "gpt-oss"),
    ],
)
def test_most_specific_family_wins(base: str, family: str) -> None:
    assert family_of(base).name == family


def test_globs_match_something() -> None:
    ids = [row["id"] for row in read_table("models.toml")["models"]] + ["anthropic.claude-next"]
    for family in families():
        for glob in family.match:
            assert any(fnmatchcase(each, glob) for each in ids), glob
