"""A limit on each wait of many."""

import asyncio
import weakref
from collections.abc import Callable


class Patience:
    """`with patience:` around each wait. When one takes longer than `limit` seconds, `lose` is called, which must end it.

    One timer serves all waits: an `asyncio.timeout` for each read costs more than decoding what was read. The timer keeps
    nothing alive: `lose` is a bound method, held weakly.

    Attributes:
        lost: a wait has taken too long.
    """

    def __init__(self, limit: float, lose: Callable[[], object]) -> None:
        self._limit = limit
        self._lose = weakref.WeakMethod(lose)
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.lost = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._since = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._limit, self._check)

    def __exit__(self, *_: object) -> None:
        self._since = None

    def _check(self) -> None:
        self._timer = None
        if self._since is None:  # nobody waits; the next wait sets a timer
            return
        loop = asyncio.get_running_loop()
        left = self._since + self._limit - loop.time()
        if left > 0:
            self._timer = loop.call_later(left, self._check)
        else:
            self.lost = True
            if lose := self._lose():
                lose()

    def close(self) -> None:
        """No more waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
