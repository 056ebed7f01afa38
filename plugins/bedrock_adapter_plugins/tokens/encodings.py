"""Tables of OpenAI's public encodings: from a token's number to its bytes. Read from local files only, never downloaded.

Decoding needs no tokenizer. Building tiktoken's would hold the interpreter, and with it the event loop, for as long as loading
and parsing take together.

Sources: `tiktoken_ext.openai_public` (file names, SHA-256 sums, special tokens) and `tiktoken.load` (places and names of cached
files) of tiktoken 0.14; `litellm/litellm_core_utils/tokenizers` of LiteLLM (which files it brings).
"""

import base64
import hashlib
import importlib.util
import lzma
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from bedrock_adapter.errors import ConfigError, TokenDecodeError

_URL = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
_END = {50256: b"<|endoftext|>"}
_SHA256 = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "p50k_base": "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    "r50k_base": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
}
_IN_LITELLM = frozenset({"cl100k_base", "o200k_base", "p50k_base"})
# Carried in this package: the number of tokens and the SHA-256 of the unpacked content (see data/tokens/NOTICE).
_CARRIED = {"cl100k_base": (100_256, "18288f996f452d44e0e65996176591a4b712a3eb1b42afd6f0511e735c099480")}


@dataclass(frozen=True, slots=True)
class Encoding:
    """A public encoding: the file of its ordinary tokens, and its special tokens."""

    name: str
    file: str
    special: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def cached_name(self) -> str:
        """What tiktoken, and LiteLLM's copy, call the file: the SHA-1 of its address."""
        return hashlib.sha1(_URL.format(self.file).encode(), usedforsecurity=False).hexdigest()


ENCODINGS = {
    encoding.name: encoding
    for encoding in (
        Encoding(
            "cl100k_base",
            "cl100k_base",
            {
                100257: b"<|endoftext|>",
                100258: b"<|fim_prefix|>",
                100259: b"<|fim_middle|>",
                100260: b"<|fim_suffix|>",
                100276: b"<|endofprompt|>",
            },
        ),
        Encoding("o200k_base", "o200k_base", {199999: b"<|endoftext|>", 200018: b"<|endofprompt|>"}),
        Encoding("p50k_base", "p50k_base", _END),
        Encoding(
            "p50k_edit",
            "p50k_base",
            {**_END, 50281: b"<|fim_prefix|>", 50282: b"<|fim_middle|>", 50283: b"<|fim_suffix|>"},
        ),
        Encoding("r50k_base", "r50k_base", _END),
        Encoding("gpt2", "r50k_base", _END),
    )
}


@dataclass(frozen=True, slots=True)
class Table:
    """The tokens of an encoding by number."""

    name: str
    tokens: Mapping[int, bytes] = field(repr=False)

    def join(self, numbers: Sequence[int]) -> bytes:
        """The bytes that token numbers stand for; no valid UTF-8 where a text was cut within a character.

        Raises:
            KeyError: a number is no token.
        """
        return b"".join(map(self.tokens.__getitem__, numbers))


def named(name: str, param: str) -> Encoding:
    """The encoding of that name.

    Raises:
        ConfigError: there is none.
    """
    if encoding := ENCODINGS.get(name):
        return encoding
    raise ConfigError(f"{param}: there is no encoding {name!r}; known are {', '.join(ENCODINGS)}", param=param)


_tables: dict[str, Table] = {}
_lock = threading.Lock()


def load_table(name: str) -> Table:
    """The table of an encoding, read once in a process; takes about 50 ms, so call it in a thread.

    Raises:
        ConfigError: there is no encoding of that name.
        TokenDecodeError: no local file holds it; the message says how to provide one.
    """
    encoding = named(name, "options.tokens.encoding")
    with _lock:
        if name not in _tables:
            _tables[name] = Table(name, {**dict(enumerate(_read(encoding))), **encoding.special})
        return _tables[name]


def availability() -> list[dict[str, Any]]:
    """For `doctor`: each encoding as `{encoding, offline, source}`; `source` tells the file, or how to provide one."""
    rows = []
    for encoding in ENCODINGS.values():
        source = next((place for place, _ in _sound(encoding)), "")
        rows.append({"encoding": encoding.name, "offline": bool(source), "source": source or _missing(encoding)})
    return rows


def _read(encoding: Encoding) -> list[bytes]:
    for _, read in _sound(encoding):
        return read()
    raise TokenDecodeError(
        f"token integers of the encoding {encoding.name} cannot be decoded here: send text, or {_missing(encoding)}",
        param="input",
    )


def _missing(encoding: Encoding) -> str:
    copies = ", or install the extra litellm, which brings a copy" if encoding.file in _IN_LITELLM else ""
    where = f"as {encoding.cached_name} in the directory that TIKTOKEN_CACHE_DIR names"
    return f"save {_URL.format(encoding.file)} {where}{copies}"


def _sound(encoding: Encoding) -> Iterator[tuple[str, Callable[[], list[bytes]]]]:
    """Places that hold the encoding, each with its reader; a file with another checksum is none."""
    for folder in _folders():
        path = folder / encoding.cached_name
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if hashlib.sha256(content).hexdigest() == _SHA256[encoding.file]:
            yield str(path), partial(_parse, content)
    if encoding.file in _CARRIED:
        yield "carried by bedrock-adapter", partial(_unpack, encoding.file)


def _folders() -> Iterator[Path]:
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if folder := os.environ.get(variable):
            yield Path(folder)
    yield from (Path(place) / "litellm_core_utils" / "tokenizers" for place in _package_folders("litellm"))
    yield Path(tempfile.gettempdir()) / "data-gym-cache"


def _package_folders(package: str) -> list[str]:
    """Where a package is installed, found without importing it."""
    try:
        spec = importlib.util.find_spec(package)
    except ValueError:  # imported, but by a loader that left no spec
        return []
    return list(spec.submodule_search_locations or ()) if spec else []


def _parse(content: bytes) -> list[bytes]:
    """Lines `BASE64 RANK`, in the order of their ranks (their checksum has been compared)."""
    return [base64.b64decode(line.partition(b" ")[0]) for line in content.splitlines() if line]


def _unpack(file: str) -> list[bytes]:
    count, checksum = _CARRIED[file]
    packed = (resources.files("bedrock_adapter_plugins") / "data" / "tokens" / f"{file}.xz").read_bytes()
    content = lzma.decompress(packed)
    if hashlib.sha256(content).hexdigest() != checksum:
        raise ConfigError(f"the installed file data/tokens/{file}.xz is damaged; reinstall bedrock-adapter")
    tokens, at = [], count
    for length in content[:count]:
        tokens.append(content[at : at + length])
        at += length
    return tokens
