"""Reading what clients send: one check per type, each refusal naming the parameter."""

from collections.abc import Mapping
from typing import Any

from bedrock_adapter import RequestError
from bedrock_adapter.types import OBJECT


def invalid(param: str, what: str, code: str = "invalid_type") -> RequestError:
    """The error for a parameter, e.g. `invalid("tools[0].type", "must be a string")`."""
    return RequestError(f"{param} {what}", param=param, code=code)


def an_object(value: Any, param: str) -> Mapping[str, Any]:
    """`value` as an object.

    Raises:
        RequestError: it is none.
    """
    if not isinstance(value, OBJECT):
        raise invalid(param, "must be an object")
    return value


def a_list(value: Any, param: str) -> list[Any]:
    """`value` as a list.

    Raises:
        RequestError: it is none.
    """
    if not isinstance(value, list):
        raise invalid(param, "must be a list")
    return value


def a_string(value: Any, param: str) -> str:
    """`value` as a string, which may be empty: some servers give out empty ids.

    Raises:
        RequestError: it is none.
    """
    if not isinstance(value, str):
        raise invalid(param, "must be a string")
    return value


def a_name(value: Any, param: str) -> str:
    """`value` as a string with something in it.

    Raises:
        RequestError: it is none.
    """
    name = a_string(value, param)
    if not name:
        raise invalid(param, "must not be empty", "invalid_value")
    return name
