"""Every error the adapter raises. Each has an HTTP status and says itself as an OpenAI error body.

AdapterError
├─ ConfigError                     settings that cannot work
├─ PluginError                     a plugin misbehaved; names plugin, distribution and hook
│  ├─ PluginLoadError              its import or registration failed
│  ├─ PluginConflictError          two plugins of one name
│  ├─ NoPluginsError               nothing is installed that could serve the request
│  └─ AmbiguousProfileError        two sources give one fact different values
├─ RequestError               400  the caller can mend it; `param` names the key
│  ├─ UnknownModelError       404
│  ├─ UnsupportedFeatureError 400
│  ├─ TokenDecodeError        400  token integers that are no text
│  ├─ RequestTooLargeError    413
│  └─ AuthenticationError     401  the caller's key for this gateway
├─ NeedsIO                         `encode` without I/O met a need that was not loaded
└─ ServiceError                    Bedrock, or the way to it, said so
   ├─ InvalidRequestError     400  Bedrock's ValidationException
   │  ├─ ContextLengthError   400
   │  └─ ModelNotFoundError   404
   ├─ CredentialsError        401
   ├─ AccessDeniedError       403
   ├─ ThrottledError          429
   ├─ QuotaExceededError      429
   ├─ ModelFailedError        502
   ├─ InternalServiceError    500
   ├─ ServiceUnavailableError 503
   ├─ ModelTimeoutError       504
   ├─ TransportError          502  no usable answer from the network
   └─ StreamError             502  the event stream is damaged
      └─ StreamTruncatedError 502  it ended before `messageStop`
"""

from typing import Any, ClassVar

from bedrock_adapter.types import Json


class AdapterError(Exception):
    """Root of the tree.

    Attributes:
        message: what happened and, last, how to mend it.
        status: HTTP status for the client.
        type, code, param: members of the OpenAI error object.
        retry_after: seconds a client should wait, if known.
        request_id: Bedrock's `x-amzn-RequestId`, if there was an answer.
    """

    status: int = 500
    type: str = "server_error"
    code: str | None = None
    should_retry: ClassVar[bool | None] = None

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code if code is not None else type(self).code
        self.status = status if status is not None else type(self).status
        self.retry_after = retry_after
        self.request_id = request_id

    def to_openai(self) -> Json:
        """The body `{"error": {"message", "type", "param", "code"}}`."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}

    def headers(self) -> dict[str, str]:
        """Response headers that belong to this error: `retry-after`, `x-should-retry`, `x-amzn-requestid`."""
        headers: dict[str, str] = {}
        if self.retry_after is not None:
            headers["retry-after"] = f"{self.retry_after:g}"
        if self.should_retry is not None:
            headers["x-should-retry"] = "true" if self.should_retry else "false"
        if self.request_id:
            headers["x-amzn-requestid"] = self.request_id
        return headers


class ConfigError(AdapterError):
    code = "configuration_error"


class PluginError(AdapterError):
    code = "plugin_error"


class PluginLoadError(PluginError):
    pass


class PluginConflictError(PluginError):
    pass


class NoPluginsError(PluginError):
    pass


class AmbiguousProfileError(PluginError):
    pass


class RequestError(AdapterError):
    status = 400
    type = "invalid_request_error"


class UnknownModelError(RequestError):
    status = 404
    code = "model_not_found"


class UnsupportedFeatureError(RequestError):
    code = "unsupported_parameter"


class TokenDecodeError(RequestError):
    code = "invalid_value"


class RequestTooLargeError(RequestError):
    status = 413
    code = "request_too_large"


class AuthenticationError(RequestError):
    status = 401
    type = "authentication_error"
    code = "invalid_api_key"


class NeedsIO(AdapterError):  # noqa: N818 - what it says is what is needed
    """`encode` met a `Need` whose resource was not given; `need` is the object to load."""

    code = "needs_io"

    def __init__(self, message: str, need: Any) -> None:
        super().__init__(message)
        self.need = need


class ServiceError(AdapterError):
    """An error from Bedrock. `aws_code` is the exception's name, e.g. `ThrottlingException`."""

    aws_code: str | None = None


class InvalidRequestError(ServiceError):
    status = 400
    type = "invalid_request_error"


class ContextLengthError(InvalidRequestError):
    code = "context_length_exceeded"


class ModelNotFoundError(InvalidRequestError):
    status = 404
    code = "model_not_found"


class CredentialsError(ServiceError):
    status = 401
    type = "authentication_error"
    code = "invalid_api_key"


class AccessDeniedError(ServiceError):
    status = 403
    type = "permission_error"
    code = "access_denied"


class ThrottledError(ServiceError):
    status = 429
    type = "rate_limit_error"
    code = "rate_limit_exceeded"


class QuotaExceededError(ServiceError):
    status = 429
    type = "rate_limit_error"
    code = "insufficient_quota"
    should_retry = False


class ModelFailedError(ServiceError):
    status = 502
    code = "upstream_error"


class InternalServiceError(ServiceError):
    code = "internal_error"


class ServiceUnavailableError(ServiceError):
    status = 503
    code = "service_unavailable"


class ModelTimeoutError(ServiceError):
    status = 504
    code = "timeout"
    # The call may have run for an hour: openai-python would repeat it at once.
    should_retry = False


class TransportError(ServiceError):
    status = 502
    code = "connection_error"


class StreamError(ServiceError):
    status = 502
    code = "stream_error"


class StreamTruncatedError(StreamError):
    code = "incomplete_stream"
