"""The budget policy: exact values, bounds for all inputs, and how it is replaced."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_adapter import Adapter, ConfigError, Layer, hookimpl
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.reasoning.budget import BudgetPolicy, thinking_budget
from bedrock_adapter_plugins.reasoning.levels import LEVELS

MODEL = "us.anthropic.claude-sonnet-4-20250514-v1:0"
levels = st.sampled_from(LEVELS)
max_tokens = st.integers(1, 200_000)


@pytest.mark.parametrize(
    ("level", "tokens", "budget"),
    [
        ("low", 4096, 1228),
        ("medium", 4096, 2457),
        ("high", 4096, 3892),
        ("xhigh", 4096, 3892),
        ("max", 4096, 3892),
        ("minimal", 4096, 1024),
        ("low", 2000, 1024),
        ("high", 2000, 1900),
        ("high", 1088, 1024),
        ("high", 1087, None),
        ("low", 500, None),
        ("high", 64_000, 60_800),
    ],
)
def test_values(level: str, tokens: int, budget: int | None) -> None:
    assert thinking_budget(level, tokens) == budget


@given(level=levels, tokens=max_tokens)
def test_budget_has_its_floor_and_leaves_room(level: str, tokens: int) -> None:
    budget = thinking_budget(level, tokens)
    room = max(64, tokens // 20)
    if budget is None:
        assert tokens - room < 1024
    else:
        assert 1024 <= budget <= tokens - room < tokens


@given(level=levels, tokens=max_tokens)
def test_formula(level: str, tokens: int) -> None:
    share = {"minimal": 0, "low": 0.3, "medium": 0.6}.get(level, 1.0)
    wanted = min(max(1024, math.floor(share * tokens)), tokens - max(64, tokens // 20))
    assert thinking_budget(level, tokens) == (wanted if wanted >= 1024 else None)


@given(tokens=max_tokens, more=st.integers(0, 5000), policy=st.builds(BudgetPolicy, low=st.floats(0, 1)))
def test_budget_grows_with_the_level_and_with_room(tokens: int, more: int, policy: BudgetPolicy) -> None:
    budgets = [thinking_budget(level, tokens) or 0 for level in LEVELS]
    assert budgets == sorted(budgets)
    assert (thinking_budget("low", tokens, policy) or 0) <= (thinking_budget("low", tokens + more, policy) or 0)


@given(floor=st.integers(1, 5000), tokens=max_tokens)
def test_floor_of_the_family(floor: int, tokens: int) -> None:
    budget = thinking_budget("minimal", tokens, floor=floor)
    assert budget in (None, floor)


def encoded_budget(adapter: Adapter, model: str = MODEL, **fields: Any) -> Any:
    request = {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 10_000, **fields}
    body = adapter.encode(request).requests[0].body
    assert body is not None
    return body["additionalModelRequestFields"]["thinking"]["budget_tokens"]


def test_operator_replaces_the_policy(
    bedrock_adapter_for: Callable[..., Adapter], bedrock_environment: pytest.MonkeyPatch
) -> None:
    adapter = bedrock_adapter_for(options={"reasoning": {"low": 0.5}})
    assert encoded_budget(adapter, reasoning_effort="low") == 5000
    bedrock_environment.setenv("BEDROCK_ADAPTER_OPTIONS__REASONING__HIGH", "0.9")
    assert encoded_budget(bedrock_adapter_for(), reasoning_effort="high") == 9000


class OwnPolicy:
    @hookimpl
    def bedrock_profiles(self, settings: object) -> list[Layer]:
        return [Layer("anthropic.claude-sonnet-4-2025*", {"extra": {"thinking_budget": {"low": 0.4, "high": 0.7}}})]


def test_plugin_replaces_the_policy_and_the_operator_wins(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    adapter = bedrock_adapter_for(OwnPolicy(), options={"reasoning": {"high": 0.8}})
    assert encoded_budget(adapter, reasoning_effort="low") == 4000
    assert encoded_budget(adapter, reasoning_effort="high") == 8000
    assert encoded_budget(adapter, "anthropic.claude-3-7-sonnet-20250219-v1:0", reasoning_effort="low") == 3000


@pytest.mark.parametrize(
    "options", [{"low": 2.0}, {"high": -0.1}, {"room_divisor": 0}, {"forced_tools": "maybe"}, {"ttl": 0}]
)
def test_bad_options_fail_early(bedrock_adapter_for: Callable[..., Adapter], options: Json) -> None:
    with pytest.raises(ConfigError, match="reasoning"):
        bedrock_adapter_for(options={"reasoning": options})
