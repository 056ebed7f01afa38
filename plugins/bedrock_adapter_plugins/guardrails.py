"""Guardrails: `guardrail_config` of the alias or the request, and the marking of what they evaluate.

An alias's guardrail cannot be taken off or replaced by a client. Without marks a guardrail evaluates the whole conversation, so
that one blocked turn blocks every later one; with it only the last user turn is evaluated. Option (`[options.guardrails]`):
`evaluate` (`last_turn`), or `everything`.

Sources: `GuardrailConfiguration`, `GuardrailStreamConfiguration` and `GuardrailConverseContentBlock` of the Amazon Bedrock API
reference.
"""

from collections.abc import Mapping
from typing import Any

from bedrock_adapter import Call, ConfigError, Converter, RequestError, Route, Settings, Stage, Step, hookimpl
from bedrock_adapter.types import OBJECT, Json

NAME = "guardrails"
_FIELD = "guardrail_config"
_MEMBERS = {
    "guardrailIdentifier": (
        "guardrailIdentifier",
        "guardrail_identifier",
        "guardrail_id",
        "guardrailId",
        "identifier",
        "id",
    ),
    "guardrailVersion": ("guardrailVersion", "guardrail_version", "version"),
    "trace": ("trace",),
    "streamProcessingMode": ("streamProcessingMode", "stream_processing_mode"),
}
_KNOWN = {name: member for member, names in _MEMBERS.items() for name in names}
_CHOICES = {"trace": ("enabled", "disabled", "enabled_full"), "streamProcessingMode": ("sync", "async")}
_IMAGES = ("png", "jpeg")
_QUALIFIERS = ("grounding_source", "query", "guard_content")


@hookimpl
def bedrock_configure(settings: Settings) -> None:
    """Refuse settings that cannot work, aliases' guardrails included."""
    if settings.option(NAME, "evaluate", "last_turn") not in ("last_turn", "everything"):
        raise ConfigError(
            "options.guardrails.evaluate must be last_turn or everything", param="options.guardrails.evaluate"
        )
    for alias in settings.aliases:
        if alias.defaults.get(_FIELD) is not None:
            try:
                _config(alias.defaults[_FIELD])
            except RequestError as error:
                raise ConfigError(f"alias {alias.name!r}: {error.message}", param="aliases") from None


@hookimpl
def bedrock_content_converters(route: Route) -> list[Converter]:
    return [Converter("part", "guarded_text", _guarded_text)]


@hookimpl
def bedrock_transform_request(route: Route) -> list[Step]:
    return [Step(Stage.POLICY, guard, handles=frozenset({_FIELD})), Step(Stage.FINAL, stream_mode)]


def guard(call: Call) -> None:
    """`guardrailConfig`, and guardContent on the last user turn that says anything."""
    config = _chosen(call)
    if config is None:
        _unguarded(call.body)
        return
    call.body["guardrailConfig"] = config
    if call.route.settings.option(NAME, "evaluate", "last_turn") == "last_turn":
        _mark_last(call.body)


def _chosen(call: Call) -> Json | None:
    """The alias's guardrail, else the request's."""
    operators = dict(call.route.model.defaults).get(_FIELD)
    clients = call.request.get(_FIELD)
    if operators is None:
        return None if clients is None else _config(clients)
    config = _config(operators)
    if clients is not operators:
        call.repair(_FIELD, "ignored", "the alias has a guardrail of its own, which cannot be replaced", NAME)
    return config


def _config(value: Any) -> Json:
    if not isinstance(value, OBJECT):
        raise RequestError(f"{_FIELD} must be an object", param=_FIELD, code="invalid_type")
    config: Json = {}
    for name, item in value.items():
        if name not in _KNOWN:
            known = ", ".join(_MEMBERS)
            raise RequestError(
                f"{_FIELD} has no member {name!r}; known are {known}",
                param=f"{_FIELD}.{name}",
                code="unknown_parameter",
            )
        if item is not None:
            config[_KNOWN[name]] = _member(_KNOWN[name], item)
    for member in ("guardrailIdentifier", "guardrailVersion"):
        if not config.get(member):
            raise RequestError(
                f"{_FIELD} needs a {member}", param=f"{_FIELD}.{member}", code="missing_required_parameter"
            )
    return config


def _member(name: str, value: Any) -> str:
    if name == "guardrailVersion" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name == "trace" and isinstance(value, bool):
        return "enabled" if value else "disabled"
    if not isinstance(value, str):
        raise RequestError(f"{_FIELD}.{name} must be a string", param=f"{_FIELD}.{name}", code="invalid_type")
    if name in _CHOICES and value not in _CHOICES[name]:
        allowed = ", ".join(_CHOICES[name])
        raise RequestError(f"{_FIELD}.{name} must be one of {allowed}", param=f"{_FIELD}.{name}", code="invalid_value")
    return value


def stream_mode(call: Call) -> None:
    """Only ConverseStream takes `streamProcessingMode`."""
    config = call.body.get("guardrailConfig")
    streams = call.stream and not call.unary and call.route.profile.conversation.streaming
    if config and not streams:
        config.pop("streamProcessingMode", None)


def _guarded_text(call: Call, part: Mapping[str, Any], path: str) -> list[Json]:
    """`{"type": "guarded_text", "text", "qualifiers"?}`: the client says itself what is evaluated."""
    text, qualifiers = part.get("text"), part.get("qualifiers")
    if not isinstance(text, str) or not text.strip():
        raise RequestError(f"{path}.text must be a text that is not blank", param=f"{path}.text", code="invalid_type")
    guarded: Json = {"text": text}
    if qualifiers is not None:
        if not isinstance(qualifiers, list) or not all(item in _QUALIFIERS for item in qualifiers):
            allowed = ", ".join(_QUALIFIERS)
            raise RequestError(
                f"{path}.qualifiers must be a list of {allowed}", param=f"{path}.qualifiers", code="invalid_value"
            )
        guarded["qualifiers"] = qualifiers
    return [{"guardContent": {"text": guarded}}]


def _unguarded(body: Json) -> None:
    """Without a guardrail marked text is plain text."""
    for turn in body["messages"]:
        if any("guardContent" in block for block in turn["content"]):
            turn["content"] = [_plain(block) for block in turn["content"]]


def _plain(block: Json) -> Json:
    return {"text": block["guardContent"]["text"]["text"]} if "guardContent" in block else block


def _mark_last(body: Json) -> None:
    """Wrap text, and images as far as guardrails take them, of the last user turn that has text."""
    turns = [turn for turn in body["messages"] if turn["role"] == "user"]
    if any("guardContent" in block for turn in turns for block in turn["content"]):
        return
    for turn in reversed(turns):
        if any("text" in block for block in turn["content"]):
            turn["content"] = [_guarded(block) for block in turn["content"]]
            return


def _guarded(block: Json) -> Json:
    if "text" in block:
        return {"guardContent": {"text": {"text": block["text"]}}}
    image = block.get("image")
    if image and image["format"] in _IMAGES and "bytes" in image["source"]:
        return {"guardContent": {"image": image}}
    return block
