"""LiteLLM through our provider, against a provider that does nothing, LiteLLM's own `bedrock/` route; and the
adapter without LiteLLM against boto3."""

import statistics
from contextlib import ExitStack

from cases import STREAM_EVENTS
from measure import Row
from processes import ask, line, script, upstream

NOOP_BUDGET = 1.15
_VARIANTS = ("adapter", "noop", "bare", "bedrock", "alone", "boto3")
_COUNTS = {"unary": 100, "stream": 5}


def measure(*, quick: bool) -> list[Row]:
    medians = _medians(3 if quick else 9)
    unary = {variant: medians[variant, "unary"] for variant in _VARIANTS}
    chunk = {variant: medians[variant, "stream"] / STREAM_EVENTS for variant in _VARIANTS}
    return [
        Row("LiteLLM: our provider / no-op provider, unary", unary["adapter"], unary["noop"], NOOP_BUDGET),
        Row("LiteLLM: provider that only signs and sends / no-op provider, unary", unary["bare"], unary["noop"]),
        Row("LiteLLM: our provider / provider that only signs and sends, unary", unary["adapter"], unary["bare"]),
        Row("LiteLLM: our provider / its bedrock route, unary", unary["adapter"], unary["bedrock"], 1, strict=True),
        Row("adapter without LiteLLM / boto3, unary", unary["alone"], unary["boto3"], 1, strict=True),
        Row("LiteLLM: our provider / no-op provider, per chunk", chunk["adapter"], chunk["noop"]),
        Row("LiteLLM: our provider / its bedrock route, per chunk", chunk["adapter"], chunk["bedrock"], 1, strict=True),
        Row("adapter without LiteLLM / boto3, per chunk", chunk["alone"], chunk["boto3"], 1, strict=True),
    ]


def _medians(rounds: int) -> dict[tuple[str, str], float]:
    """Median CPU microseconds of a call, by variant and kind."""
    seen: dict[tuple[str, str], list[float]] = {}
    with upstream(), ExitStack() as stack:
        workers = {variant: stack.enter_context(script("litellm_worker.py", variant)) for variant in _VARIANTS}
        for worker in workers.values():
            line(worker)
        for _ in range(rounds):
            for kind, count in _COUNTS.items():
                for variant, worker in workers.items():
                    seen.setdefault((variant, kind), []).append(float(ask(worker, f"{kind} {count}")))
    return {key: statistics.median(times) for key, times in seen.items()}
