"""Refusals: every error that the emulator answers, worded by ``data/refusals.toml``."""

from __future__ import annotations

from functools import cache
from typing import Any

from .tables import read_table

ERROR_TYPE_SUFFIX = ":http://internal.amazon.com/coral/com.amazon.bedrock/"
PROVIDER_PREFIX = "The model returned the following errors: "


class BedrockError(Exception):
    """An error answer: exception name, message, HTTP status, extra headers."""

    def __init__(
        self, error: str, message: str, *, status: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error
        self.message = message
        self.status = status if status is not None else status_of(error)
        self.headers = headers or {}


@cache
def _table() -> dict[str, Any]:
    return read_table("refusals.toml")


def status_of(error: str) -> int:
    """HTTP status of an exception name; unmodelled names are client errors."""
    return int(_table()["status"].get(error, 400))


def refusal(rule: str, /, **values: object) -> BedrockError:
    """The refusal that a row of the table describes, its placeholders filled: ``raise refusal("blank_text", i=0, j=1)``."""
    row = _table()["refusal"][rule]
    message = str(row["message"])
    for key, value in values.items():
        message = message.replace("{" + key + "}", str(value))
    if row.get("provider"):
        message = PROVIDER_PREFIX + message
    return BedrockError(row.get("error", "ValidationException"), message)


def rules() -> dict[str, dict[str, Any]]:
    """All rows of the table by name."""
    rows: dict[str, dict[str, Any]] = _table()["refusal"]
    return rows
