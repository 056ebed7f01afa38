"""The processes of a measurement."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE = Path(__file__).parent
# The SDK's and LiteLLM's own.
_ENDPOINT = ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_BEDROCK_RUNTIME_ENDPOINT")


@contextmanager
def script(name: str, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A script of this folder, which talks over its standard input and output."""
    command = [sys.executable, str(_HERE / name), *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    """The next line that the process prints.

    Raises:
        RuntimeError: it has ended instead.
    """
    assert process.stdout is not None  # piped
    if not (text := process.stdout.readline()):
        raise RuntimeError(f"{process.args!r} ended without an answer")
    return text.strip()


def ask(process: subprocess.Popen[str], question: str) -> str:
    """Write a line, read a line."""
    assert process.stdin is not None  # piped
    process.stdin.write(question + "\n")
    process.stdin.flush()
    return line(process)


@contextmanager
def upstream() -> Iterator[str]:
    """The URL of a running `upstream.py`, also told to children as Bedrock's endpoint."""
    with script("upstream.py") as process:
        url = f"http://127.0.0.1:{line(process)}"
        os.environ.update(dict.fromkeys(_ENDPOINT, url))
        try:
            yield url
        finally:
            for name in _ENDPOINT:
                del os.environ[name]
