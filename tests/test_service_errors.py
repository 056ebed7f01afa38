"""Bedrock's refusals as exceptions: codes, texts, statuses, hints, and what must not be in a message."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bedrock_adapter.errors import (
    AccessDeniedError,
    ContextLengthError,
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
from bedrock_adapter.service_errors import clean, from_response, retry_after, service_error, stream_exception
from bedrock_adapter.service_texts import openai_name
from bedrock_adapter.wire import WireResponse

CODES = [
    ("ValidationException", 400, InvalidRequestError, 400, None),
    ("ConflictException", 400, InvalidRequestError, 400, None),
    ("SerializationException", 400, InvalidRequestError, 400, None),
    ("AccessDeniedException", 403, AccessDeniedError, 403, "access_denied"),
    ("MPAgreementBeingCreated", 403, AccessDeniedError, 403, "access_denied"),
    ("BadMCScoreException", 403, AccessDeniedError, 403, "access_denied"),
    ("UnrecognizedClientException", 403, CredentialsError, 401, "invalid_api_key"),
    ("InvalidSignatureException", 403, CredentialsError, 401, "invalid_api_key"),
    ("ExpiredTokenException", 403, CredentialsError, 401, "invalid_api_key"),
    ("IncompleteSignature", 400, CredentialsError, 401, "invalid_api_key"),
    ("MissingAuthenticationTokenException", 403, CredentialsError, 401, "invalid_api_key"),
    ("InvalidClientTokenId", 403, CredentialsError, 401, "invalid_api_key"),
    ("NotAuthorized", 400, CredentialsError, 401, "invalid_api_key"),
    ("RequestExpired", 400, CredentialsError, 401, "invalid_api_key"),
    ("ResourceNotFoundException", 404, ModelNotFoundError, 404, "model_not_found"),
    ("FTUFormNotFilled", 404, ModelNotFoundError, 404, "model_not_found"),
    ("UnknownOperationException", 404, TransportError, 502, "connection_error"),
    ("ModelTimeoutException", 408, ModelTimeoutError, 504, "timeout"),
    ("ModelErrorException", 424, ModelFailedError, 502, "upstream_error"),
    ("ModelStreamErrorException", 424, ModelFailedError, 502, "upstream_error"),
    ("ThrottlingException", 429, ThrottledError, 429, "rate_limit_exceeded"),
    ("ThrottlingException", 400, ThrottledError, 429, "rate_limit_exceeded"),
    ("ModelNotReadyException", 429, ServiceUnavailableError, 503, "model_not_ready"),
    ("ServiceQuotaExceededException", 400, QuotaExceededError, 429, "insufficient_quota"),
    ("InternalServerException", 500, InternalServiceError, 500, "internal_error"),
    ("ServiceUnavailableException", 503, ServiceUnavailableError, 503, "service_unavailable"),
    ("", 400, InvalidRequestError, 400, None),
    ("", 401, CredentialsError, 401, "invalid_api_key"),
    ("", 403, AccessDeniedError, 403, "access_denied"),
    ("Odd", 418, InvalidRequestError, 400, None),
    ("", 413, InvalidRequestError, 413, "request_too_large"),
    ("", 429, ThrottledError, 429, "rate_limit_exceeded"),
    ("", 500, InternalServiceError, 500, "internal_error"),
    ("", 502, ServiceUnavailableError, 503, "service_unavailable"),
    ("", 503, ServiceUnavailableError, 503, "service_unavailable"),
    ("", 504, ModelTimeoutError, 504, "timeout"),
    ("", 599, InternalServiceError, 500, "internal_error"),
    ("", 302, TransportError, 502, "connection_error"),
]


@pytest.mark.parametrize(("aws_code", "status", "kind", "http", "code"), CODES)
def test_codes(aws_code: str, status: int, kind: type[ServiceError], http: int, code: str | None) -> None:
    headers = {"x-amzn-requestid": "req-1"}
    if aws_code:
        headers["x-amzn-errortype"] = f"{aws_code}:http://internal.amazon.com/coral/com.amazon.bedrock/"
    error = from_response(WireResponse(status, headers, b'{"message":"Said."}'))
    assert type(error) is kind
    assert (error.status, error.code, error.message) == (http, code, "Said.")
    assert error.aws_code == (aws_code or None)
    assert error.headers()["x-amzn-requestid"] == "req-1"


TEXTS = [
    ("The provided model identifier is invalid.", ModelNotFoundError, "model_not_found", "model"),
    (
        "1 validation error detected: Value 'x:y' at 'modelId' failed to satisfy constraint: Member must satisfy",
        ModelNotFoundError, "model_not_found", "model",
    ),
    (
        "Invocation of model ID a.b with on-demand throughput isn\u2019t supported. Retry your request with the ID or ARN",
        ModelNotFoundError, "model_not_found", "model",
    ),
    ("Input is too long for requested model.", ContextLengthError, "context_length_exceeded", "messages"),
    (
        "The model returned the following errors: prompt is too long: 208310 tokens > 200000 maximum",
        ContextLengthError, "context_length_exceeded", "messages",
    ),
    (
        "input length and `max_tokens` exceed context limit: 180000 + 32000 > 200000, decrease input length",
        ContextLengthError, "context_length_exceeded", "messages",
    ),
    ("too many total text bytes", ContextLengthError, "context_length_exceeded", "messages"),
    ("This model's maximum context length is 8192 tokens", ContextLengthError, "context_length_exceeded", "messages"),
    (
        "The maximum tokens you requested exceeds the model limit of 8192. Try again with a maximum tokens value",
        InvalidRequestError, "invalid_value", "max_completion_tokens",
    ),
    ("This model doesn't support the temperature field. Remove", InvalidRequestError, "unsupported_parameter", "temperature"),
    ("This model doesn\u2019t support the topP field. Remove", InvalidRequestError, "unsupported_parameter", "top_p"),
    ("This model doesn't support the stopSequences field.", InvalidRequestError, "unsupported_parameter", "stop"),
    ("This model doesn't support the outputConfig field.", InvalidRequestError, "unsupported_parameter", "response_format"),
    ("This model doesn't support the toolConfig field.", InvalidRequestError, "unsupported_parameter", "tools"),
    ("This model doesn't support the toolConfig.toolChoice.any field.", InvalidRequestError, "unsupported_parameter", "tool_choice"),
    ("This model doesn't support tool use in streaming mode.", InvalidRequestError, "unsupported_parameter", "tools"),
    ("The model is unsupported for streaming", InvalidRequestError, "unsupported_parameter", "stream"),
    ("This model doesn't support the Converse operation", InvalidRequestError, "unsupported_value", "model"),
    (
        "The model returned the following errors: `top_p` is deprecated for this model.",
        InvalidRequestError, "unsupported_parameter", "top_p",
    ),
    (
        "The model returned the following errors: `temperature` and `top_p` cannot both be specified for this model.",
        InvalidRequestError, "unsupported_parameter", "top_p",
    ),
    ("Malformed input request: extraneous key [seed] is not permitted, please", InvalidRequestError, "unsupported_parameter", "seed"),
    (
        "The model returned the following errors: seed: Extra inputs are not permitted",
        InvalidRequestError, "unsupported_parameter", "seed",
    ),
    (
        "1 validation error detected: Value '1.5' at 'inferenceConfig.topP' failed to satisfy constraint",
        InvalidRequestError, "invalid_value", "top_p",
    ),
    ("A conversation must start with a user message.", InvalidRequestError, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "code", "param"), TEXTS)
def test_validation_texts(text: str, kind: type[ServiceError], code: str | None, param: str | None) -> None:
    for aws_code, status in (("ValidationException", 400), ("validationException", None)):
        error = service_error(aws_code, text, status=status)
        assert type(error) is kind
        assert (error.code, error.param) == (code, param)
        assert not error.message.startswith("The model returned")
        assert error.aws_code == "ValidationException"


def test_the_same_text_under_another_code_is_left_alone() -> None:
    assert type(service_error("ThrottlingException", "Input is too long")) is ThrottledError


def test_daily_quota_is_not_to_be_retried() -> None:
    error = service_error(
        "ThrottlingException", "Too many tokens per day, please wait before trying again.", status=429
    )
    assert isinstance(error, QuotaExceededError)
    assert error.status == 429
    assert error.headers()["x-should-retry"] == "false"
    usual = service_error("ThrottlingException", "Too many tokens, please wait before trying again.", status=429)
    assert "x-should-retry" not in usual.headers()


def test_timeouts_are_not_to_be_retried() -> None:
    assert (
        service_error("ModelTimeoutException", "Model has timed out", status=408).headers()["x-should-retry"] == "false"
    )


def test_access() -> None:
    error = service_error(
        "AccessDeniedException", "You don't have access to the model with the specified model ID.", status=403
    )
    assert (type(error), error.code, error.param) == (AccessDeniedError, "model_access_denied", "model")
    bad_key = "Authentication failed: Please make sure your API Key is valid."
    assert type(service_error("AccessDeniedException", bad_key, status=403)) is CredentialsError
    gone = service_error("ResourceNotFoundException", "This model version has reached the end of its life.", status=404)
    assert (type(gone), gone.param) == (ModelNotFoundError, "model")


def test_retry_after() -> None:
    assert retry_after(None) is None
    assert retry_after("7") == 7.0
    assert retry_after("0.5") == 0.5
    assert retry_after("-3") == 0.0
    assert retry_after("nan") is None
    assert retry_after("soon") is None
    assert retry_after("9999999") == 86400.0
    soon = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    assert soon is not None
    assert 80 < soon <= 90
    naive = retry_after((datetime.now(UTC) + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S -0000"))
    assert naive is not None
    assert 80 < naive <= 90
    assert retry_after("Sun, 06 Nov 1994 08:49:37 GMT") == 0.0


def test_retry_after_of_answers() -> None:
    error = from_response(WireResponse(429, {"retry-after": "12"}, b'{"message":"Too many requests"}'))
    assert error.headers()["retry-after"] == "12"
    assert service_error("ModelNotReadyException", "Wait").retry_after == 10.0
    assert service_error("ModelNotReadyException", "Wait", headers={"retry-after": "3"}).retry_after == 3.0


@pytest.mark.parametrize(
    ("headers", "body", "code", "message"),
    [
        ({}, {"__type": "com.amazon#ThrottlingException", "message": "Slow"}, "ThrottlingException", "Slow"),
        ({}, {"__type": "com.amazon#ThrottlingException", "Message": "Slow"}, "ThrottlingException", "Slow"),
        ({"x-amzn-errortype": "ThrottlingException"}, {}, "ThrottlingException", "ThrottlingException"),
        ({}, {}, None, "Bedrock answered with HTTP 429"),
    ],
)
def test_where_code_and_message_are_found(headers: dict[str, str], body: object, code: str, message: str) -> None:
    error = from_response(WireResponse(429, headers, json.dumps(body).encode()))
    assert (error.aws_code, error.message) == (code, message)


def test_answers_that_are_not_bedrocks() -> None:
    error = from_response(WireResponse(503, {}, b"<html>Gateway down</html>"))
    assert isinstance(error, ServiceUnavailableError)
    assert "503" in error.message
    assert from_response(WireResponse(503, {}, b"\xff\xfe" * 1000)).status == 503
    assert from_response(WireResponse(500, {}, b"[1]")).status == 500


def test_original_message_is_kept() -> None:
    body = json.dumps(
        {"message": "The model failed", "originalStatusCode": 500, "originalMessage": "overloaded"}
    ).encode()
    headers = {"x-amzn-errortype": "ModelErrorException"}
    assert from_response(WireResponse(424, headers, body)).message == "The model failed (overloaded)"


@pytest.mark.parametrize(
    ("exception", "kind", "status"),
    [
        ("internalServerException", InternalServiceError, 500),
        ("modelStreamErrorException", ModelFailedError, 502),
        ("validationException", InvalidRequestError, 400),
        ("throttlingException", ThrottledError, 429),
        ("serviceUnavailableException", ServiceUnavailableError, 503),
        ("modelTimeoutException", ModelTimeoutError, 504),
        ("somethingNewException", StreamError, 502),
    ],
)
def test_exceptions_within_a_stream(exception: str, kind: type[ServiceError], status: int) -> None:
    headers = {":message-type": "exception", ":exception-type": exception}
    error = stream_exception(headers, b'{"message":"Said."}', request_id="req-9")
    assert (type(error), error.status, error.message, error.request_id) == (kind, status, "Said.", "req-9")
    assert error.aws_code == exception[0].upper() + exception[1:]


def test_stream_exception_without_anything() -> None:
    assert isinstance(stream_exception({":message-type": "exception"}, b""), StreamError)


def test_prefixes_are_stripped() -> None:
    text = (
        "An error occurred (ValidationException) when calling the Converse operation (reached max retries: 4): "
        "The model returned the following errors: messages.0: bad"
    )
    assert clean(text) == "messages.0: bad"


@pytest.mark.parametrize(
    ("message", "secret"),
    [
        ("key AKIAIOSFODNN7EXAMPLE is bad", "AKIAIOSFODNN7EXAMPLE"),
        ("key ASIAIOSFODNN7EXAMPLE is bad", "ASIAIOSFODNN7EXAMPLE"),
        ("token ABSKQmVkcm9ja0FQSUtleS1hYmM= is bad", "QmVkcm9ja0FQ"),
        ("token bedrock-api-key-YmVkcm9jaw== is bad", "YmVkcm9jaw"),
        ("no proxy http://user:pass@proxy:3128/", "user:pass"),
        ("header Authorization: Bearer abc.def is bad", "abc.def"),
        (
            "It does not match. The Canonical String for this request should have been\nPOST\ntoken FwoGZXIvYXdz\n",
            "FwoGZXIvYXdz",
        ),
        ("headers x-amz-security-token:FwoGZXIvYXdz end", "FwoGZXIvYXdz"),
    ],
)
def test_no_secret_in_messages(message: str, secret: str) -> None:
    assert secret not in service_error("InvalidSignatureException", message, status=403).message


def test_openai_names() -> None:
    assert openai_name("inferenceConfig.maxTokens") == "max_completion_tokens"
    assert openai_name("toolConfig.toolChoice.tool") == "tool_choice"
    assert openai_name("serviceTier.type") == "service_tier"
    assert openai_name("anything_else") == "anything_else"


def test_a_page_of_something_in_between_is_not_shown() -> None:
    error = from_response(WireResponse(502, {}, b"<!doctype html><html><body>secret balancer</body></html>"))
    assert (error.status, "html" in error.message, "502" in error.message) == (503, False, True)
