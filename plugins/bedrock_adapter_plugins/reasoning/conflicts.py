"""What thinking forbids beside it, resolved by the family's rules, each with a note (Bedrock's rules 20b, 25, 26)."""

from collections.abc import Callable, Mapping

from bedrock_adapter import Call
from bedrock_adapter.types import Json
from bedrock_adapter_plugins.messages import forbid_prefill

from .plan import NAME, Plan

_BUDGET_RULES = ("forced_tools", "prefill")
_WHY = "the model does not take it while thinking"


def rules(call: Call, plan: Plan) -> dict[str, bool]:
    """Names of the rules that hold, and whether each is absolute (a temperature of 1 does no harm where it is not)."""
    reasoning = call.route.profile.reasoning
    found = dict.fromkeys(reasoning.forbids, False)
    if plan.budget:
        found |= dict.fromkeys(_BUDGET_RULES, False)
    if reasoning.levels and plan.level == reasoning.levels[-1]:
        found |= dict.fromkeys(reasoning.forbids_at_high, True)
    return found


def resolve(call: Call, held: Mapping[str, bool]) -> None:
    """Remove from the body what the rules forbid.

    Raises:
        RequestError: `strict` is on.
    """
    for name, absolute in held.items():
        if rule := _RULES.get(name):
            rule(call, absolute)
    if not call.body.get("inferenceConfig", True):
        del call.body["inferenceConfig"]


def forced(call: Call) -> bool:
    """Whether the body forces a tool."""
    choice = call.body.get("toolConfig", {}).get("toolChoice") or {}
    native = call.body.get("additionalModelRequestFields", {}).get("tool_choice") or {}
    return "any" in choice or "tool" in choice or native.get("type") in ("any", "tool")


def _drop(call: Call, member: str, param: str) -> None:
    if call.body.get("inferenceConfig", {}).pop(member, None) is not None:
        call.note(param, "dropped", _WHY, NAME)


def _temperature(call: Call, absolute: bool) -> None:
    if absolute or call.body.get("inferenceConfig", {}).get("temperature") != 1:
        _drop(call, "temperature", "temperature")


def _top_p(call: Call, absolute: bool) -> None:
    _drop(call, "topP", "top_p")


def _low_top_p(call: Call, absolute: bool) -> None:
    if call.body.get("inferenceConfig", {}).get("topP", 1) < 0.95:
        _drop(call, "topP", "top_p")


def _max_tokens(call: Call, absolute: bool) -> None:
    own = call.request.get("max_tokens") is None and call.request.get("max_completion_tokens") is None
    if own:
        call.body.get("inferenceConfig", {}).pop("maxTokens", None)
    else:
        _drop(call, "maxTokens", "max_completion_tokens")


def _top_k(call: Call, absolute: bool) -> None:
    path = call.route.profile.sampling.top_k
    fields = call.body.get("additionalModelRequestFields")
    if path and fields and _cut(fields, path):
        call.note("top_k", "dropped", _WHY, NAME)
        if not fields:
            del call.body["additionalModelRequestFields"]


def _cut(tree: Json, path: str) -> bool:
    """Remove `a.b` from nested objects, and the objects that this leaves empty; whether it was there."""
    name, _, rest = path.partition(".")
    if not rest:
        return tree.pop(name, None) is not None
    found = isinstance(tree.get(name), dict) and _cut(tree[name], rest)
    if found and not tree[name]:
        del tree[name]
    return found


def _forced_tools(call: Call, absolute: bool) -> None:
    if not forced(call):
        return
    call.note("tool_choice", "changed", "the model cannot be forced to call a tool while thinking; it may choose", NAME)
    call.body.get("toolConfig", {}).pop("toolChoice", None)
    fields = call.body.get("additionalModelRequestFields", {})
    if native := fields.get("tool_choice"):
        fields["tool_choice"] = {**{key: value for key, value in native.items() if key != "name"}, "type": "auto"}


def _prefill(call: Call, absolute: bool) -> None:
    forbid_prefill(call)


_RULES: Mapping[str, Callable[[Call, bool], None]] = {
    "temperature": _temperature,
    "top_p": _top_p,
    "top_p_below_0.95": _low_top_p,
    "top_k": _top_k,
    "max_tokens": _max_tokens,
    "forced_tools": _forced_tools,
    "prefill": _prefill,
}
