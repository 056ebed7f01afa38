"""What Bedrock says when it refuses, as the `ServiceError` tree.

Texts are matched on parts without apostrophes: Bedrock writes both U+0027 and U+2019.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bedrock_adapter import json_codec
from bedrock_adapter.errors import (
    AccessDeniedError,
    CredentialsError,
    InternalServiceError,
    InvalidRequestError,
    ModelFailedError,
    ModelNotFoundError,
    ModelTimeoutError,
    QuotaExceededError,
    ServiceError,
    ServiceUnavailableError,
    StreamError,
    ThrottledError,
    TransportError,
)
from bedrock_adapter.service_texts import refined
from bedrock_adapter.wire import WireResponse

MODEL_NOT_READY_DELAY = 10.0
"""Seconds to wait for a model that is being loaded, where Bedrock names none."""


def service_error(
    aws_code: str,
    message: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
) -> ServiceError:
    """The exception for one refusal.

    Args:
        aws_code: exception name in any spelling, `ThrottlingException` or `throttlingException`; "" for none.
        message: Bedrock's text; boilerplate prefixes and secrets are removed from it.
        status: HTTP status; None within a stream.
        headers: response headers, lower-case; `retry-after` and `x-amzn-requestid` are read.
        request_id: where there are no headers.
    """
    headers = headers or {}
    code = _code_name(aws_code)
    text = clean(message)
    error = refined(
        _CODES.get(code.lower()) or _by_status(status), text or code or f"Bedrock answered with HTTP {status}"
    )
    if status == 413:
        error.status, error.code = 413, "request_too_large"
    error.aws_code = code or None
    error.request_id = headers.get("x-amzn-requestid") or request_id
    error.retry_after = retry_after(headers.get("retry-after"))
    if code.lower() == "modelnotreadyexception":
        error.code = "model_not_ready"
        error.retry_after = error.retry_after or MODEL_NOT_READY_DELAY
    return error


def from_response(response: WireResponse) -> ServiceError:
    """The exception for a non-2xx answer, whose body is JSON `{"message": …}` or anything a proxy may send."""
    headers, content = response.headers, response.content
    body = _json_object(content)
    code = headers.get("x-amzn-errortype") or body.get("__type") or body.get("code") or ""
    message = body.get("message") or body.get("Message") or body.get("errorMessage") or ""
    if not message and content.lstrip().startswith(b"<"):  # a page of something between us and Bedrock
        message = f"HTTP {response.status} and a page that is none of Bedrock's: is something between here and Bedrock?"
    elif not message and not content.lstrip().startswith(b"{"):
        message = content[:500].decode(errors="replace").strip()
    return service_error(str(code), with_original(str(message), body), status=response.status, headers=headers)


def stream_exception(headers: Mapping[str, Any], payload: bytes, *, request_id: str | None = None) -> ServiceError:
    """The exception for a frame of `:message-type` `exception` (payload `{"message": …}`) or `error` (headers only)."""
    body = _json_object(payload)
    if headers.get(":message-type") == "error":
        code, message = headers.get(":error-code"), headers.get(":error-message")
    else:
        code, message = headers.get(":exception-type"), body.get("message") or body.get("Message")
    text = with_original(str(message or ""), body)
    error = service_error(str(code or ""), text, request_id=request_id)
    if type(error) is ServiceError:
        unknown = StreamError(text or f"the event stream carried an error {code}", request_id=request_id)
        unknown.aws_code = error.aws_code
        return unknown
    return error


_PREFIXES = re.compile(
    r"^(?:The model returned the following errors: "
    r"|An error occurred \([^)]*\) when calling the \w+ operation(?: \(reached max retries: \d+\))?: )+"
)
# Key ids, Bedrock API keys, session tokens, passwords in proxy URLs; and the request that a signature error quotes.
_SECRETS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\b(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/=_-]{8,}"
    r"|(?<=://)[^/@\s]+@|(?<=Bearer )\S+|(?i:(?<=x-amz-security-token:))\s*\S+"
)
_QUOTED_REQUEST = re.compile(r"\s*The Canonical String for this request should have been.*", re.DOTALL)


def clean(message: str) -> str:
    """`message` without boilerplate prefixes and without credentials."""
    text = _PREFIXES.sub("", message.strip())
    return _SECRETS.sub("[hidden]", _QUOTED_REQUEST.sub("", text))


def retry_after(value: str | None) -> float | None:
    """Seconds from a `Retry-After` header, in seconds or as an HTTP date; None where it is absent or senseless."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), 86400.0)


def _code_name(raw: str) -> str:
    """`ThrottlingException` from `throttlingException`, `a#ThrottlingException` or `ThrottlingException:http://…`."""
    name = raw.partition(":")[0].rpartition("#")[2].strip()
    return name[:1].upper() + name[1:]


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        value = json_codec.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def with_original(message: str, body: Mapping[str, Any]) -> str:
    """The message with `originalMessage` of ModelStreamErrorException, which says more."""
    original = body.get("originalMessage")
    return f"{message} ({original})" if isinstance(original, str) and original and original not in message else message


_CODES: dict[str, type[ServiceError]] = {
    "validationexception": InvalidRequestError,
    "conflictexception": InvalidRequestError,
    "serializationexception": InvalidRequestError,
    "paramvalidationerror": InvalidRequestError,
    "resourcenotfoundexception": ModelNotFoundError,
    "ftuformnotfilled": ModelNotFoundError,
    "accessdeniedexception": AccessDeniedError,
    "accessdenied": AccessDeniedError,
    "mpagreementbeingcreated": AccessDeniedError,
    "throttlingexception": ThrottledError,
    "throttling": ThrottledError,
    "toomanyrequestsexception": ThrottledError,
    "requestlimitexceeded": ThrottledError,
    "servicequotaexceededexception": QuotaExceededError,
    "modelnotreadyexception": ServiceUnavailableError,
    "modeltimeoutexception": ModelTimeoutError,
    "modelerrorexception": ModelFailedError,
    "modelstreamerrorexception": ModelFailedError,
    "internalserverexception": InternalServiceError,
    "internalfailure": InternalServiceError,
    "internalfailureexception": InternalServiceError,
    "serviceunavailableexception": ServiceUnavailableError,
    "serviceunavailable": ServiceUnavailableError,
    "unknownoperationexception": TransportError,
} | dict.fromkeys(
    (
        "unrecognizedclientexception",
        "unrecognizedclient",
        "invalidsignatureexception",
        "signaturedoesnotmatch",
        "expiredtokenexception",
        "expiredtoken",
        "incompletesignature",
        "incompletesignatureexception",
        "missingauthenticationtoken",
        "missingauthenticationtokenexception",
        "invalidclienttokenid",
        "invalidaccesskeyid",
        "invalididentitytoken",
        "invalidgrantexception",
        "unauthorizedexception",
        "notauthorized",
        "requestexpired",
        "optinrequired",
    ),
    CredentialsError,
)


_STATUSES: dict[int, type[ServiceError]] = {
    401: CredentialsError,
    403: AccessDeniedError,
    404: ModelNotFoundError,
    407: TransportError,
    408: ModelTimeoutError,
    413: InvalidRequestError,
    424: ModelFailedError,
    429: ThrottledError,
    502: ServiceUnavailableError,
    503: ServiceUnavailableError,
    504: ModelTimeoutError,
}


def _by_status(status: int | None) -> type[ServiceError]:
    if status is None:
        return ServiceError
    if known := _STATUSES.get(status):
        return known
    if status >= 500:
        return InternalServiceError
    return InvalidRequestError if status >= 400 else TransportError
