"""How Bedrock runs a request: `service_tier` and `performance_config`.

Sources: `ServiceTier` and `PerformanceConfiguration` of the Amazon Bedrock API reference; OpenAI's `service_tier`.
"""

from bedrock_adapter import AdapterError, Call, RequestError, Route, Stage, Step, hookimpl
from bedrock_adapter.routes import Recovery
from bedrock_adapter.types import OBJECT

NAME = "service"
# OpenAI's word (and Bedrock's own) -> Bedrock's; "" is what Bedrock does anyway.
_TIERS = {"auto": "", "default": "", "flex": "flex", "priority": "priority", "fast": "priority", "reserved": "reserved"}
_LATENCIES = ("standard", "optimized")


@hookimpl
def bedrock_transform_request(route: Route) -> Step:
    return Step(Stage.POLICY, service, handles=frozenset({"service_tier", "performance_config"}))


@hookimpl
def bedrock_recover(error: AdapterError, call: Call) -> Recovery | None:
    """A model without the tier serves at the usual one. A reservation was asked for by name: its absence is an error."""
    tier = (call.body.get("serviceTier") or {}).get("type")
    if tier not in ("flex", "priority") or "service tier" not in error.message.lower().replace(
        "servicetier", "service tier"
    ):
        return None

    def default_tier(call: Call) -> None:
        call.note("service_tier", "dropped", f"Bedrock refused it: {error.message}", NAME)
        del call.body["serviceTier"]

    return default_tier


def service(call: Call) -> None:
    """`serviceTier` and `performanceConfig`."""
    tier, performance = call.request.get("service_tier"), call.request.get("performance_config")
    if isinstance(tier, OBJECT):
        tier = tier.get("type", "")  # Bedrock's own form
    if tier == "scale":
        call.note(
            "service_tier", "ignored", "Bedrock's like is 'reserved', which needs a reservation: ask for it so", NAME
        )
    elif tier is not None:
        if not isinstance(tier, str) or tier not in _TIERS:
            raise RequestError(
                f"service_tier must be one of {', '.join(_TIERS)}, not {tier!r}",
                param="service_tier",
                code="invalid_value",
            )
        if _TIERS[tier]:
            call.body["serviceTier"] = {"type": _TIERS[tier]}
    if performance is not None:
        latency = performance.get("latency") if isinstance(performance, OBJECT) else None
        if latency not in _LATENCIES:
            raise RequestError(
                f"performance_config.latency must be one of {', '.join(_LATENCIES)}",
                param="performance_config.latency",
                code="invalid_value",
            )
        call.body["performanceConfig"] = {"latency": latency}
