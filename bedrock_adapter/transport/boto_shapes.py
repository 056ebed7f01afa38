"""Conversion between wire JSON and what boto3 takes and gives, by the shapes of botocore's service model."""

from base64 import b64decode, b64encode
from typing import Any

from bedrock_adapter.errors import InvalidRequestError
from bedrock_adapter.types import Json
from bedrock_adapter.wire import WireRequest


def arguments(request: WireRequest, model: Any) -> Json:
    """Keyword arguments of the client's method for `request`.

    Args:
        request: what to send.
        model: botocore's OperationModel of `request.operation`.

    Raises:
        InvalidRequestError: a blob is not base64.
    """
    shape = model.input_shape
    payload = shape.serialization.get("payload")
    if payload is not None:
        given: Json = {payload: request.content()}
    else:
        given = to_sdk(request.body, shape) if request.body is not None else {}
    headers = {"content-type": "application/json", **{name.lower(): value for name, value in request.headers.items()}}
    for name, member in shape.members.items():
        location, wire_name = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "uri":
            given[name] = request.resource
        elif location == "querystring" and wire_name in request.query:
            value = request.query[wire_name]
            given[name] = int(value) if member.type_name == "integer" else value
        elif location == "header" and wire_name.lower() in headers:
            given[name] = headers[wire_name.lower()]
    return given


def to_sdk(value: Any, shape: Any) -> Any:
    """Wire JSON as boto3 takes it: base64 text of blob members becomes bytes. Unknown members stay, for boto3 to refuse."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict) and not shape.is_document_type:
        members = shape.members
        return {name: to_sdk(item, members[name]) if name in members else item for name, item in value.items()}
    if kind == "list" and isinstance(value, list):
        return [to_sdk(item, shape.member) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {name: to_sdk(item, shape.value) for name, item in value.items()}
    if kind == "blob" and isinstance(value, str):
        try:
            return b64decode(value, validate=True)
        except ValueError as error:
            raise InvalidRequestError(f"{shape.name} is not base64: {error}") from None
    return value


def to_wire(value: Any, shape: Any) -> Any:
    """What boto3 gives as wire JSON: bytes of blob members become base64 text, timestamps ISO-8601."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict) and not shape.is_document_type:
        members = shape.members
        return {name: to_wire(item, members[name]) if name in members else item for name, item in value.items()}
    if kind == "list" and isinstance(value, list):
        return [to_wire(item, shape.member) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {name: to_wire(item, shape.value) for name, item in value.items()}
    if kind == "blob" and isinstance(value, bytes):
        return b64encode(value).decode()
    if kind == "timestamp" and hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return value
