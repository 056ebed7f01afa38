"""inferenceConfig: token limits and sampling, by what the family takes."""

from typing import Any

from bedrock_adapter import Call, RequestError, Route, Stage, Step, hookimpl
from bedrock_adapter.profiles import Profile
from bedrock_adapter.types import Json

NAME = "inference"
_HANDLES = frozenset({"max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "stop", "seed",
                      "frequency_penalty", "presence_penalty"})  # fmt: skip

_INTEGERS = {"top_k": 0, "seed": -(2**31)}  # and their least values


@hookimpl
def bedrock_transform_request(route: Route) -> Step:
    profile = route.profile

    def inference(call: Call) -> None:
        config: Json = {}
        _max_tokens(call, profile, config)
        _temperature(call, profile, config)
        _stop(call, profile, config)
        _native(call, profile)
        if config:
            call.body["inferenceConfig"] = config

    return Step(Stage.INFERENCE, inference, handles=_HANDLES)


def _max_tokens(call: Call, profile: Profile, config: Json) -> None:
    request, limits = call.request, profile.limits
    param = "max_tokens" if request.get("max_completion_tokens") is None else "max_completion_tokens"
    wanted = request.get(param)
    if wanted is None:
        if limits.send_max_tokens and limits.default_max_tokens:
            config["maxTokens"] = limits.default_max_tokens
            call.repair("max_completion_tokens", "added", "the model's own default cuts answers short", NAME)
        return
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1:
        raise RequestError(
            f"{param} must be an integer of at least 1, not {wanted!r}", param=param, code="invalid_value"
        )
    if request.get("max_tokens") not in (None, wanted):
        call.repair("max_tokens", "ignored", "max_completion_tokens was sent too, and wins", NAME)
    if wanted < limits.min_max_tokens:
        call.note(param, "changed", f"the model wants at least {limits.min_max_tokens}", NAME)
        wanted = limits.min_max_tokens
    config["maxTokens"] = wanted


def _number(call: Call, param: str, low: float, high: float) -> float | None:
    value = call.request.get(param)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RequestError(
            f"{param} must be a number from {low:g} to {high:g}, not {value!r}", param=param, code="invalid_value"
        )
    return value


def _temperature(call: Call, profile: Profile, config: Json) -> None:
    temperature, top_p = _number(call, "temperature", 0, 2), _number(call, "top_p", 0, 1)
    if temperature is not None:
        if not profile.sampling.temperature:
            call.note("temperature", "dropped", "the model takes no temperature", NAME)
        else:
            if temperature > 1:
                call.note("temperature", "changed", "Converse takes at most 1", NAME)
            config["temperature"] = min(temperature, 1)
    if top_p is not None:
        if not profile.sampling.top_p:
            call.note("top_p", "dropped", "the model takes no top_p", NAME)
        elif "temperature" in config and not profile.sampling.together:
            call.note("top_p", "dropped", "the model takes temperature or top_p, not both", NAME)
        else:
            config["topP"] = top_p


def _stop(call: Call, profile: Profile, config: Json) -> None:
    stop = call.request.get("stop")
    if stop is None:
        return
    sequences = [stop] if isinstance(stop, str) else stop
    if not isinstance(sequences, list) or not all(isinstance(item, str) for item in sequences):
        raise RequestError("stop must be a string or a list of strings", param="stop", code="invalid_type")
    kept = [item for item in sequences if item and not item.isspace()]
    if len(kept) < len(sequences):
        call.note("stop", "dropped", "blank stop sequences are refused by Bedrock", NAME)
    if kept and not profile.sampling.stop:
        call.note("stop", "dropped", "the model takes no stop sequences", NAME)
        return
    if profile.sampling.max_stop is not None and len(kept) > profile.sampling.max_stop:
        call.note("stop", "changed", f"the model takes at most {profile.sampling.max_stop} stop sequences", NAME)
        kept = kept[: profile.sampling.max_stop]
    if kept:
        config["stopSequences"] = kept


def _native(call: Call, profile: Profile) -> None:
    """Sampling fields that Converse does not know but some families do, within additionalModelRequestFields."""
    for param in ("top_k", "seed", "frequency_penalty", "presence_penalty"):
        value = call.request.get(param)
        if value is None or (value == 0 and param.endswith("penalty")):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RequestError(f"{param} must be a number, not {value!r}", param=param, code="invalid_type")
        if param in _INTEGERS and not (isinstance(value, int) and _INTEGERS[param] <= value < 2**31):
            raise RequestError(
                f"{param} must be an integer from {_INTEGERS[param]} to {2**31 - 1}, not {value!r}",
                param=param,
                code="invalid_value",
            )
        path = getattr(profile.sampling, param)
        if path:
            put(call.body.setdefault("additionalModelRequestFields", {}), path, value)
        else:
            call.note(param, "ignored", f"the model takes no {param}", NAME)


def put(tree: Json, path: str, value: Any) -> None:
    """Set `a.b` in nested objects."""
    *parents, last = path.split(".")
    for name in parents:
        tree = tree.setdefault(name, {})
    tree[last] = value
