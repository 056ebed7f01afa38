"""additionalModelRequestFields: only the keys, types and values that the family's table lists (section 6)."""

from __future__ import annotations

from typing import Any

from bedrock_adapter.testing.emulator.refusals import BedrockError, refusal
from bedrock_adapter.testing.emulator.requests import Ask

# Native names of what Converse itself carries; sending them twice is refused.
_CONVERSE = ("max_tokens", "temperature", "top_p", "stop_sequences", "messages", "system")
_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
    "flags": list,
}


def check(ask: Ask) -> None:
    """Refuse unknown keys and values."""
    if not isinstance(ask.body.get("additionalModelRequestFields") or {}, dict):
        raise refusal("not_an_object", path="additionalModelRequestFields")
    _walk(ask, ask.additional, "")
    _nova_effort(ask)


def _walk(ask: Ask, document: dict[str, Any], prefix: str) -> None:
    rules = ask.family.additional
    for key, value in document.items():
        path = prefix + key
        if path in rules:
            _value(ask, path, value, rules[path])
        elif any(rule.startswith(path + ".") for rule in rules):
            if not isinstance(value, dict):
                raise _wrong(ask, path, "object", value)
            _walk(ask, value, path + ".")
        else:
            raise _unknown(ask, prefix, key)


def _unknown(ask: Ask, prefix: str, key: str) -> BedrockError:
    if ask.family.anthropic:
        if not prefix and key in _CONVERSE:
            return refusal("conflicting_field", field=key)
        return refusal("extra_input", path=prefix + key)
    where = f"#/{prefix.rstrip('.').replace('.', '/')}: " if prefix else ""
    return refusal("extraneous_key", where=where, key=key)


def _wrong(ask: Ask, path: str, expected: str, value: object) -> BedrockError:
    if ask.family.anthropic:
        return refusal("anthropic_value", path=path, expected=f"a valid {expected}")
    found = {bool: "Boolean", int: "Integer", str: "String", list: "JSONArray", dict: "JSONObject"}
    name = found.get(type(value), "Null")
    return refusal("bad_type", path=path.replace(".", "/"), expected=expected.capitalize(), found=name)


def _value(ask: Ask, path: str, value: Any, rule: dict[str, Any]) -> None:
    kind = rule["type"]
    if kind == "thinking":  # its members: rules.thinking
        if not isinstance(value, dict):
            raise _wrong(ask, path, "object", value)
        return
    if kind == "enum":
        _enum(ask, path, value, rule["values"])
        return
    if kind == "effort":
        _effort(ask, value, rule)
        return
    fits = isinstance(value, _JSON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if not fits:
        raise _wrong(ask, path, "array" if kind == "flags" else kind, value)
    if kind == "flags" and not all(flag in ask.family.flags["known"] for flag in value):
        raise refusal("beta_flag")
    if kind == "integer" and not rule.get("min", value) <= value <= rule.get("max", value):
        raise refusal("bad_range", path=path.replace(".", "/"), value=value)


def _enum(ask: Ask, path: str, value: object, values: list[str]) -> None:
    if not isinstance(value, str):
        raise _wrong(ask, path, "string", value)
    if value not in values:
        raise refusal("bad_enum", path=path.replace(".", "/"), value=value)


def _effort(ask: Ask, value: object, rule: dict[str, Any]) -> None:
    if rule.get("flag") and rule["flag"] not in ask.additional.get("anthropic_beta", []):
        raise refusal("effort_flag")
    if value not in ask.family.efforts:
        quoted = [f"'{each}'" for each in ask.family.efforts]
        raise refusal("effort", expected=f"{', '.join(quoted[:-1])} or {quoted[-1]}")
    if "effort" in (ask.body.get("outputConfig") or {}):
        raise refusal("conflicting_field", field="output_config.effort")


def _nova_effort(ask: Ask) -> None:
    """Nova 2 at high effort takes no maxTokens and no sampling parameter."""
    reasoning = ask.additional.get("reasoningConfig") or {}
    if reasoning.get("type") != "enabled" or reasoning.get("maxReasoningEffort") != "high":
        return
    for member in ("maxTokens", "temperature", "topP"):
        if member in ask.inference:
            raise refusal("nova_effort_max_tokens", field=member)
    if "topK" in (ask.additional.get("inferenceConfig") or {}):
        raise refusal("nova_effort_max_tokens", field="topK")
