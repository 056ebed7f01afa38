"""What Bedrock's texts say beyond their exception types: which parameter is at fault, that it is the context's length, …"""

import re
from typing import NamedTuple

from bedrock_adapter.errors import (
    AccessDeniedError,
    ContextLengthError,
    CredentialsError,
    InvalidRequestError,
    ModelNotFoundError,
    QuotaExceededError,
    ServiceError,
    ThrottledError,
)


class _Text(NamedTuple):
    """What a text means for exceptions of type `of`. The pattern's group, if any, is Bedrock's name of a field."""

    of: type[ServiceError]
    pattern: re.Pattern[str]
    kind: type[ServiceError]
    code: str | None = None
    param: str | None = None


def _text(
    of: type[ServiceError], pattern: str, kind: type[ServiceError], code: str | None = None, param: str | None = None
) -> _Text:
    return _Text(of, re.compile(pattern, re.IGNORECASE), kind, code, param)


_TEXTS = (
    _text(
        InvalidRequestError,
        r"Input is too long|prompt is too long|input length and `?max_tokens`? exceed|too many total text bytes"
        r"|maximum context length is|exceeds? the (?:model.s )?(?:maximum )?context (?:length|window)",
        ContextLengthError,
        param="messages",
    ),
    _text(
        InvalidRequestError,
        r"model identifier is invalid|at .modelId. failed to satisfy constraint|with on-demand throughput",
        ModelNotFoundError,
        param="model",
    ),
    _text(
        InvalidRequestError,
        r"maximum tokens you requested exceeds",
        InvalidRequestError,
        "invalid_value",
        "max_completion_tokens",
    ),
    _text(InvalidRequestError, r"support the ([\w.]+) field", InvalidRequestError, "unsupported_parameter"),
    _text(
        InvalidRequestError, r"`([\w.]+)` is deprecated for this model", InvalidRequestError, "unsupported_parameter"
    ),
    _text(InvalidRequestError, r"` and `(\w+)` cannot both be specified", InvalidRequestError, "unsupported_parameter"),
    _text(InvalidRequestError, r"extraneous key \[([^\]]+)\]", InvalidRequestError, "unsupported_parameter"),
    _text(
        InvalidRequestError, r"([\w.]+): Extra inputs are not permitted", InvalidRequestError, "unsupported_parameter"
    ),
    _text(InvalidRequestError, r"support tool use", InvalidRequestError, "unsupported_parameter", "tools"),
    _text(InvalidRequestError, r"unsupported for streaming", InvalidRequestError, "unsupported_parameter", "stream"),
    _text(InvalidRequestError, r"at .inferenceConfig\.(\w+). failed to satisfy", InvalidRequestError, "invalid_value"),
    _text(
        InvalidRequestError,
        r"support the Converse(?:Stream)? operation",
        InvalidRequestError,
        "unsupported_value",
        "model",
    ),
    _text(ModelNotFoundError, r"", ModelNotFoundError, param="model"),
    _text(ThrottledError, r"per day", QuotaExceededError),
    _text(AccessDeniedError, r"API Key is valid|Bearer Token|security token included in the request", CredentialsError),
    _text(
        AccessDeniedError,
        r"have access to the model|Marketplace|agreement",
        AccessDeniedError,
        "model_access_denied",
        "model",
    ),
)

_OPENAI_NAMES = {
    "maxTokens": "max_completion_tokens",
    "max_tokens": "max_completion_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
    "stop_sequences": "stop",
    "toolConfig": "tools",
    "toolChoice": "tool_choice",
    "outputConfig": "response_format",
    "serviceTier": "service_tier",
    "requestMetadata": "metadata",
    "system": "messages",
    "status": "messages",
}


def openai_name(field: str) -> str:
    """The OpenAI request key for a Bedrock field: `stop` for `inferenceConfig.stopSequences`; unknown names stay."""
    if field.startswith("toolConfig.toolChoice"):
        return "tool_choice"
    last = field.removeprefix("inferenceConfig.").partition(".")[0]
    return _OPENAI_NAMES.get(last, last)


def refined(kind: type[ServiceError], text: str) -> ServiceError:
    """The exception of type `kind`, or of the more telling one that its text stands for, with code and parameter."""
    for row in _TEXTS:
        if row.of is kind and (found := row.pattern.search(text)):
            param = row.param or (openai_name(found[1]) if found.re.groups else None)
            return row.kind(text, param=param, code=row.code)
    return kind(text)
