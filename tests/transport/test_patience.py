"""One timer for many waits: each wait has the whole limit, the time between waits does not count."""

import asyncio
import gc
import weakref

from bedrock_adapter.transport.patience import Patience


class Wait:
    """A wait that `lose` ends."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    def lose(self) -> None:
        self.over.set()


async def pass_time(seconds: float) -> None:
    """Let the running loop believe that so much time has passed."""
    loop = asyncio.get_running_loop()
    now = loop.time() + seconds
    loop.time = lambda: now  # type: ignore[method-assign]
    for _ in range(3):
        loop.call_soon(lambda: None)
        await asyncio.sleep(0)


async def test_a_wait_that_takes_longer_than_the_limit_is_ended() -> None:
    wait = Wait()
    patience = Patience(10, wait.lose)
    with patience:
        await pass_time(11)
    assert patience.lost
    assert wait.over.is_set()


async def test_each_wait_has_the_whole_limit() -> None:
    wait = Wait()
    patience = Patience(10, wait.lose)
    for _ in range(5):
        with patience:
            await pass_time(6)
    assert not patience.lost
    with patience:
        await pass_time(11)
    assert patience.lost


async def test_time_between_waits_does_not_count() -> None:
    wait = Wait()
    patience = Patience(10, wait.lose)
    with patience:
        await pass_time(1)
    await pass_time(60)
    with patience:
        await pass_time(1)
    assert not patience.lost
    patience.close()


async def test_after_close_nothing_is_ended() -> None:
    wait = Wait()
    patience = Patience(10, wait.lose)
    with patience:
        patience.close()
        await pass_time(11)
    assert not patience.lost


async def test_the_timer_keeps_nothing_alive() -> None:
    wait = Wait()
    patience = Patience(10, wait.lose)
    with patience:
        await pass_time(1)
    gone = weakref.ref(wait)
    del wait
    gc.collect()
    assert gone() is None
    patience.close()
