"""When a refused request is sent once more."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bedrock_adapter.errors import (
    InternalServiceError,
    ServiceError,
    ServiceUnavailableError,
    ThrottledError,
    TransportError,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A few quick tries; hosts and clients retry too, so patience is theirs.

    Attributes:
        retries: most tries after the first; 0 switches retrying off.
        budget: no try starts later than so many seconds after the first began.
        longest_wait: a longer `Retry-After` is left to the client.
        sleep, clock, jitter: replaceable for tests; jitter returns 0..1.
    """

    retries: int = 2
    budget: float = 60.0
    longest_wait: float = 15.0
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    async def run(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Await `attempt()` until it succeeds or its error is final, which is raised."""
        start = self.clock()
        tried = 0
        while True:
            try:
                return await attempt()
            except ServiceError as error:
                wait = self.wait(error, tried)
                if wait is None or self.clock() - start + wait > self.budget:
                    raise
            tried += 1
            await self.sleep(wait)

    def wait(self, error: ServiceError, tried: int) -> float | None:
        """Seconds until the next try after `tried` retries, or None where there must be none."""
        if tried >= self.retries or not _passing(error):
            return None
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= self.longest_wait else None
        return min(0.25 * 2.0**tried, 8.0) * (0.5 + self.jitter())


def _passing(error: ServiceError) -> bool:
    """Whether trying again may help and is cheap: the request was refused or not answered, rather than worked on."""
    if isinstance(error, TransportError):
        return error.code == TransportError.code or error.status == 504
    return isinstance(error, ThrottledError | ServiceUnavailableError | InternalServiceError)
