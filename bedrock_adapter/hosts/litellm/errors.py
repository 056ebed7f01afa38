"""Our errors as LiteLLM's own classes, which its retries, cooldowns and fallbacks go by. Nothing else may get out.

LiteLLM passes its own classes on untouched. It reads `response.headers` for the time to wait, `headers` for what the client
gets, and `type`, `param` and `code` for the error body.
"""

import logging
from collections.abc import Callable
from typing import Any

import httpx
import litellm

from bedrock_adapter.errors import AdapterError, ContextLengthError, InternalServiceError, ModelTimeoutError
from bedrock_adapter.hosts.litellm.state import PROVIDER

_LOG = logging.getLogger(__name__)
_REQUEST = httpx.Request("POST", "https://bedrock-runtime.amazonaws.com/")

_BY_STATUS: dict[int, Callable[..., Exception]] = {
    400: litellm.BadRequestError,
    401: litellm.AuthenticationError,
    403: litellm.PermissionDeniedError,
    404: litellm.NotFoundError,
    408: litellm.Timeout,
    422: litellm.UnprocessableEntityError,
    429: litellm.RateLimitError,
    500: litellm.InternalServerError,
    502: litellm.BadGatewayError,
    503: litellm.ServiceUnavailableError,
    504: litellm.Timeout,
}
_CONTENT_POLICY_CODES = frozenset({"content_filter", "content_policy_violation"})


def to_litellm(error: Exception, model: str) -> Exception:
    """The exception to raise for `error`, whatever it is.

    Raise it outside of the `except` block: LiteLLM searches an exception's context, and takes an `AttributeError` there for
    the client's fault.
    """
    if isinstance(error, AdapterError):
        return _translated(error, model)
    if isinstance(error, TimeoutError):
        return _translated(
            ModelTimeoutError("Bedrock did not start to answer within the timeout of this request"), model
        )
    _LOG.error("unexpected error while serving %s", model, exc_info=error)
    return _translated(
        InternalServiceError(f"unexpected {type(error).__name__} in bedrock_adapter; its log has more"), model
    )


def _translated(error: AdapterError, model: str) -> Exception:
    headers = error.headers()
    response = httpx.Response(error.status, headers=headers, request=_REQUEST)
    common: dict[str, Any] = {"message": error.message, "model": model, "llm_provider": PROVIDER}
    made: Any
    if (kind := _class_of(error)) is None:
        made = litellm.APIError(status_code=error.status, **common)
        made.response = response
    elif kind is litellm.Timeout:
        made = kind(**common, exception_status_code=error.status, response=response)
    else:
        made = kind(**common, response=response)
    made.headers = headers
    made.type, made.param, made.code = error.type, error.param, error.code
    return made  # type: ignore[no-any-return]


def _class_of(error: AdapterError) -> Callable[..., Exception] | None:
    if isinstance(error, ContextLengthError):
        return litellm.ContextWindowExceededError  # type: ignore[no-any-return]
    if error.code in _CONTENT_POLICY_CODES and error.status == 400:
        return litellm.ContentPolicyViolationError  # type: ignore[no-any-return]
    return _BY_STATUS.get(error.status)
