"""Levels of effort: OpenAI's words, and the nearest one that a family has.

Source of the words: `ReasoningEffort` of the openai package, and Anthropic's `max`.
"""

from collections.abc import Iterable

LEVELS = ("minimal", "low", "medium", "high", "xhigh", "max")
"""Weakest first. `none` is no level: it switches thinking off."""


def nearest(level: str, rungs: Iterable[str]) -> str:
    """The rung nearest to `level`, the stronger of two equally near; `level` itself where there are no rungs.

    >>> nearest("xhigh", ["low", "high", "max"]), nearest("minimal", ["low", "high"])
    ('max', 'low')
    """
    known = [rung for rung in rungs if rung in LEVELS]
    if not known or level in known:
        return level
    place = LEVELS.index(level)
    return min(known, key=lambda rung: (abs(LEVELS.index(rung) - place), -LEVELS.index(rung)))


_BUDGETS = ((2000, "minimal"), (5000, "low"), (10_000, "medium"))


def level_of_budget(tokens: int) -> str:
    """The level that a budget of thinking tokens stands for, for families that take no budget.

    >>> [level_of_budget(tokens) for tokens in (1024, 4000, 8000, 32000)]
    ['minimal', 'low', 'medium', 'high']
    """
    return next((level for limit, level in _BUDGETS if tokens < limit), "high")
