"""What a fetch needs to know and gives: the need for a URL's content, its bounds, and its value. The work is in `fetcher`."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bedrock_adapter.addresses import Allowed

if TYPE_CHECKING:
    from bedrock_adapter.io import IO


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one fetch, redirects included.

    Attributes:
        max_bytes: most bytes of the body.
        seconds: most seconds from the first look-up of the name to the last byte.
        redirects: most redirects followed.
    """

    max_bytes: int = 25 * 1024 * 1024
    seconds: float = 20.0
    redirects: int = 3


class Budget:
    """Bytes that several fetches, those of one request, may hold together.

    Args:
        max_bytes: how many.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._left = max_bytes

    def take(self, count: int) -> bool:
        """Use up `count` bytes; whether there were so many."""
        self._left -= count
        return self._left >= 0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a URL gave: the body, and its `Content-Type` without parameters ("" where the server names none)."""

    data: bytes
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class FetchURL:
    """The need for the content behind a URL; its value is a `Fetched`.

    Attributes:
        url: an http or https URL.
        param: the request key it stands in, for errors.
        limits: bounds of the fetch.
        budget: shared by the needs of one request.
    """

    url: str
    param: str = field(default="", compare=False)
    limits: Limits = field(default=Limits(), compare=False)
    budget: Budget | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> Hashable:
        return ("fetch-url", self.url)

    async def load(self, io: "IO") -> Fetched:
        """Fetch it.

        Raises:
            RequestError: the URL may not be fetched, or did not give what it should.
        """
        from bedrock_adapter.fetcher import (
            Fetcher,
        )  # with it comes the HTTP client, which is not needed to declare a need

        fetcher = Fetcher(Allowed(io.settings.fetch_allow), self.limits, budget=self.budget)
        return await fetcher.fetch(self.url, self.param)
