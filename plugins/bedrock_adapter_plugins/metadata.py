"""Request metadata: what an operator finds again in Bedrock's invocation logs and cost reports.

`request_metadata` is sent as the client gives it. Options (`[options.metadata]`): `fields` (none), request fields to send along,
of `metadata`, `user`, `safety_identifier`, `prompt_cache_key`; `identity` (false) sends the name of the caller that the host
has authenticated.

Source: `requestMetadata` of the Amazon Bedrock API reference: at most 16 items, 256 characters each, of a small alphabet.
"""

import re
from collections.abc import Iterator
from typing import Any

from bedrock_adapter import Call, ConfigError, RequestError, Route, Settings, Stage, Step, hookimpl
from bedrock_adapter.types import OBJECT

NAME = "metadata"
_MOST = 16
_LONGEST = 256
_ILLEGAL = re.compile(r"[^a-zA-Z0-9\s:_@$#=/+,.\-]")
_FIELDS = ("metadata", "user", "safety_identifier", "prompt_cache_key")


@hookimpl
def bedrock_configure(settings: Settings) -> None:
    settings.option(NAME, "identity", False)
    for name in settings.option(NAME, "fields", ()):
        if name not in _FIELDS:
            raise ConfigError(
                f"options.metadata.fields: {name!r} is none of {', '.join(_FIELDS)}", param="options.metadata.fields"
            )


@hookimpl
def bedrock_transform_request(route: Route) -> Step:
    fields: tuple[str, ...] = route.settings.option(NAME, "fields", ())
    identity: bool = route.settings.option(NAME, "identity", False)

    def request_metadata(call: Call) -> None:
        sent: dict[str, str] = {}
        if identity and call.context.identity:
            _add(call, sent, "identity", call.context.identity, "identity")
        for name in ("request_metadata", *fields):
            for key, value in _items(call.request.get(name), name):
                _add(call, sent, key, value, name)
        if sent:
            call.body["requestMetadata"] = sent

    return Step(Stage.POLICY, request_metadata, handles=frozenset({"request_metadata", *fields}))


def _items(value: Any, param: str) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if param in ("request_metadata", "metadata"):
        if not isinstance(value, OBJECT):
            raise RequestError(f"{param} must be an object of strings", param=param, code="invalid_type")
        for key, item in value.items():
            yield str(key), _text(item, f"{param}.{key}")
    else:
        yield param, _text(value, param)


def _text(value: Any, param: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise RequestError(f"{param} must be a string", param=param, code="invalid_type")
    return str(value)


def _add(call: Call, sent: dict[str, str], key: str, value: str, param: str) -> None:
    """Put one item in Bedrock's alphabet; what does not fit is said, never an error of Bedrock's."""
    name, text = _clean(key), _clean(value)
    if not name or name in sent:
        call.repair(param, "dropped", f"the key {key!r} is empty or there already", NAME)
        return
    if len(sent) >= _MOST:
        call.repair(param, "dropped", f"Bedrock takes at most {_MOST} items of metadata; {key!r} is one too many", NAME)
        return
    if (name, text) != (key, value):
        call.repair(param, "changed", f"{key!r} was shortened, or cleaned of characters that Bedrock refuses", NAME)
    sent[name] = text


def _clean(text: str) -> str:
    return _ILLEGAL.sub("_", text)[:_LONGEST]
