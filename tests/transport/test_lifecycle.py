"""Event loops, threads, forks and garbage: nothing leaks, nothing warns (warnings are errors here)."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import traceback
from typing import Any

import pytest

from bedrock_adapter.transport.http import HttpTransport
from bedrock_adapter.wire import Target, WireRequest

pytestmark = pytest.mark.usefixtures("environment")
HERE = Target()


async def talk(transport: HttpTransport, request: WireRequest) -> None:
    assert (await transport.send(request, HERE)).status == 200


def test_one_loop_after_another(server: Any, converse: WireRequest) -> None:
    transport = HttpTransport()
    for _ in range(3):
        asyncio.run(talk(transport, converse))
        gc.collect()
    assert len(transport._sessions._open) == 1, "closed loops are forgotten"
    assert len(server.requests) == 3


def test_loops_in_two_threads(server: Any, converse: WireRequest) -> None:
    transport = HttpTransport()
    failures: list[BaseException] = []
    start = threading.Barrier(2)

    def work() -> None:
        async def calls() -> None:
            start.wait(10)
            await asyncio.gather(*(talk(transport, converse) for _ in range(10)))

        try:
            asyncio.run(calls())
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(server.requests) == 20
    gc.collect()


def test_a_loop_within_the_other_ones_life(converse: WireRequest) -> None:
    transport = HttpTransport()

    async def outer() -> None:
        await talk(transport, converse)
        await asyncio.to_thread(asyncio.run, talk(transport, converse))
        await talk(transport, converse)

    asyncio.run(outer())
    gc.collect()


async def test_closed_and_used_again(converse: WireRequest) -> None:
    transport = HttpTransport()
    await transport.aclose()
    await talk(transport, converse)
    await transport.aclose()
    await transport.aclose()
    await talk(transport, converse)


async def test_dropped_without_closing(server: Any, converse: WireRequest, converse_stream: WireRequest) -> None:
    transport = HttpTransport()
    await talk(transport, converse)
    del transport
    server.stream(server.frame("messageStart"), hold=True)
    stream = await HttpTransport().open_stream(converse_stream, HERE)
    assert await anext(aiter(stream)), "a stream keeps what it needs"
    del stream
    gc.collect()
    assert await asyncio.to_thread(server.left.wait, 10)


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork(server: Any, converse: WireRequest) -> None:
    """The child uses neither the parent's connections nor its locks."""
    transport = HttpTransport()

    async def parent() -> int:
        await talk(transport, converse)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                asyncio._set_running_loop(None)
                asyncio.run(talk(transport, converse))
                status = 0
            except BaseException:  # noqa: BLE001
                traceback.print_exc()
            finally:
                os._exit(status)
        await talk(transport, converse)
        return child

    child = asyncio.run(parent())
    assert os.waitpid(child, 0)[1] == 0
    assert len(server.requests) == 3
    assert len(server.connections) == 2


WATCHED = """
import asyncio, sys, threading
from bedrock_adapter.transport.http import HttpTransport
from bedrock_adapter.wire import Target, WireRequest

BLOCKING = ("open", "subprocess.Popen", "socket.getaddrinfo", "os.listdir", "os.scandir", "import", "time.sleep")
seen, watching = [], False

def hook(event, arguments):
    if watching and event in BLOCKING and threading.current_thread() is threading.main_thread():
        seen.append((event, str(arguments[0])))

async def main():
    global watching
    transport = HttpTransport()
    watching = True
    request = WireRequest("Converse", "m", {"messages": []})
    await transport.send(request, Target())
    await transport.send(request, Target(profile="dev"))
    watching = False

sys.addaudithook(hook)
asyncio.run(main())
print(seen)
"""


def test_the_loop_does_no_blocking_work(server: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, processes, names and modules are looked up in other threads, from the very first call on."""
    credentials = tmp_path / "credentials"
    credentials.write_text("[dev]\naws_access_key_id = A\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    done = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
    assert len(server.requests) == 2
