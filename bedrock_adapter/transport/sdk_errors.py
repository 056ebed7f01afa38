"""What botocore and boto3 raise, as the adapter's exceptions. They are not imported: classes go by their names."""

from collections.abc import Callable, Mapping
from typing import Any

from bedrock_adapter.errors import (
    AdapterError,
    ConfigError,
    CredentialsError,
    InvalidRequestError,
    ModelTimeoutError,
    StreamError,
    TransportError,
)
from bedrock_adapter.service_errors import clean, service_error, stream_exception, with_original


def sdk_error(exception: BaseException) -> AdapterError:
    """The exception for one raised by botocore or boto3, with no credentials in its message."""
    if isinstance(exception, AdapterError):
        return exception
    response = getattr(exception, "response", None)
    if isinstance(response, Mapping) and isinstance(response.get("Error"), Mapping):
        return _client_error(exception, response)
    text = clean(str(exception))
    for cls in type(exception).__mro__:
        if make := _MAKERS.get(cls.__name__):
            return make(text)
    return TransportError(f"the call to Bedrock failed: {type(exception).__name__}: {text}")


def _client_error(exception: BaseException, response: Mapping[str, Any]) -> AdapterError:
    said, meta = response["Error"], response.get("ResponseMetadata") or {}
    code, message = str(said.get("Code") or ""), with_original(str(said.get("Message") or ""), response)
    if type(exception).__name__ == "EventStreamError":
        return stream_exception({":message-type": "error", ":error-code": code, ":error-message": message}, b"")
    operation = getattr(exception, "operation_name", "")
    if str(operation).startswith(("AssumeRole", "GetRoleCredentials")):
        return CredentialsError(f"{operation} refused: {code}: {clean(message)}", request_id=meta.get("RequestId"))
    headers = {str(name).lower(): str(value) for name, value in (meta.get("HTTPHeaders") or {}).items()}
    return service_error(
        code, message, status=meta.get("HTTPStatusCode"), headers=headers, request_id=meta.get("RequestId")
    )


def _invalid(text: str) -> AdapterError:
    return InvalidRequestError(text)


def _credentials(text: str) -> AdapterError:
    return CredentialsError(f"no usable AWS credentials: {text}")


def _config(text: str) -> AdapterError:
    return ConfigError(f"the AWS configuration cannot be used: {text}")


def _connect_timeout(text: str) -> AdapterError:
    return TransportError(text, status=504, code="timeout")


# By class name, found along the method resolution order: a row also covers subclasses without a row of their own.
_MAKERS: dict[str, Callable[[str], AdapterError]] = {
    "ParamValidationError": _invalid,
    "UnknownParameterError": _invalid,
    "ConnectTimeoutError": _connect_timeout,
    "ReadTimeoutError": ModelTimeoutError,
    "HTTPClientError": TransportError,
    "ParserError": StreamError,
    "ResponseStreamingError": StreamError,
    "IncompleteReadError": StreamError,
}
_MAKERS |= dict.fromkeys(
    (
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "MetadataRetrievalError",
        "RefreshWithMFAUnsupportedError",
        "InfiniteLoopConfigError",
        "InvalidConfigError",
        "TokenRetrievalError",
        "NoAuthTokenError",
        "SSOError",
        "LoginError",
        "UnauthorizedSSOTokenError",
    ),
    _credentials,
)
_MAKERS |= dict.fromkeys(
    (
        "ProfileNotFound",
        "NoRegionError",
        "InvalidRegionError",
        "UnknownRegionError",
        "UnknownEndpointError",
        "EndpointProviderError",
        "InvalidEndpointConfigurationError",
        "ConfigNotFound",
        "ConfigParseError",
        "InvalidProxiesConfigError",
    ),
    _config,
)
