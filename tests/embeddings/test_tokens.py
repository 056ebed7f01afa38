"""Token integers: the text they stand for, from a local table, or a 400 with the position."""

import asyncio
import base64
import hashlib
import lzma
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import tiktoken
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_adapter import Adapter, ConfigError, NeedsIO, RequestError
from bedrock_adapter.errors import TokenDecodeError
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter_plugins.tokens import TokenTable, availability, encodings

from .conftest import COHERE_V3, TITAN_V2

CL100K = TokenTable("", "cl100k_base")
PATTERN = r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"""


@pytest.fixture(scope="module")
def cl100k() -> tiktoken.Encoding:
    """tiktoken's own tokenizer, built of the table under test, without a download."""
    table = encodings.load_table("cl100k_base")
    special = encodings.ENCODINGS["cl100k_base"].special
    return tiktoken.Encoding(
        "cl100k_test",
        pat_str=PATTERN,
        mergeable_ranks={token: number for number, token in table.tokens.items() if number not in special},
        special_tokens={token.decode(): number for number, token in special.items()},
    )


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No table loaded, and no file but those that the package carries; the folder is `TIKTOKEN_CACHE_DIR`."""
    monkeypatch.setattr(encodings, "_tables", {})
    monkeypatch.setattr(encodings, "_package_folders", lambda package: [])
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "none"))
    monkeypatch.delenv("DATA_GYM_CACHE_DIR", raising=False)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    return tmp_path


def texts(adapter: Adapter, given: Any, model: str = COHERE_V3, **fields: Any) -> Any:
    request = {"model": model, "input": given, **fields}
    tables: dict[Any, Any] = {}
    for need in adapter.needs(request):
        assert isinstance(need, TokenTable)
        tables[need.key] = asyncio.run(need.load(None))
    wires = adapter.encode(request, resources=tables).requests
    return [text for wire in wires for text in (wire.body or {})["texts"]]


# -- texts ---------------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_integers_of_any_text_round_trip(adapter: Adapter, cl100k: tiktoken.Encoding, given: list[str]) -> None:
    numbers = [cl100k.encode_ordinary(text) for text in given]
    assert texts(adapter, numbers) == given
    assert texts(adapter, numbers[0]) == given[:1]


@given(st.lists(st.integers(0, 100_255), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_integers_are_what_tiktoken_says(adapter: Adapter, cl100k: tiktoken.Encoding, given: list[int]) -> None:
    assert texts(adapter, given) == [cl100k.decode(given)]


def test_known_numbers(adapter: Adapter) -> None:
    assert texts(adapter, [15339, 1917]) == ["hello world"]  # one input
    assert texts(adapter, [[15339], [15339, 1917]]) == ["hello", "hello world"]
    assert texts(adapter, [100257, 15339, 100276]) == ["<|endoftext|>hello<|endofprompt|>"]


def test_special_tokens_in_text_are_text(adapter: Adapter) -> None:
    assert texts(adapter, ["<|endoftext|>"]) == ["<|endoftext|>"]


def test_a_character_that_was_cut(adapter: Adapter, cl100k: tiktoken.Encoding) -> None:
    numbers = cl100k.encode_ordinary("a 𓀀")[:-1]
    encoded = adapter.encode({"model": COHERE_V3, "input": [[15339], numbers]}, resources={_key(adapter): _table()})
    assert encoded.requests[0].body["texts"][1] == cl100k.decode(numbers)  # type: ignore[index]
    assert [(note.param, note.action) for note in encoded.notes] == [("input[1]", "changed")]


def _table() -> Any:
    return encodings.load_table("cl100k_base")


def _key(adapter: Adapter) -> Any:
    (need,) = adapter.needs({"model": COHERE_V3, "input": [1]})
    return need.key


def test_integers_reach_bedrock_as_text(adapter: Adapter, bedrock_emulator: BedrockEmulator) -> None:
    from_integers = adapter.embeddings({"model": TITAN_V2, "input": [[15339], [15339, 1917]]})
    assert from_integers == adapter.embeddings({"model": TITAN_V2, "input": ["hello", "hello world"]})


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ([15339, 100256], "input[1]"),
        ([15339, 100270], "input[1]"),
        ([15339, -1], "input[1]"),
        ([15339, 2**70], "input[1]"),
        ([15339, True], "input[1]"),
        ([False, 15339], "input[0]"),
        ([15339, 1.0], "input[1]"),
        ([1.5], "input[0]"),
        ([15339, None], "input[1]"),
        ([15339, "hello"], "input[1]"),
        ([15339, [15339]], "input[1]"),
        ([[15339], [15339, 999_999]], "input[1][1]"),
        ([[15339, 1, 2], [True]], "input[1][0]"),
        ([[15339], ["a"]], "input[1][0]"),
        ([["a"]], "input[0][0]"),
        ([[[15339]]], "input[0][0]"),
        ([[15339], 15339], "input[1]"),
        ([[15339], "hello"], "input[1]"),
        ([[15339], {"type": "text", "text": "a"}], "input[1]"),
        ([[]], "input[0]"),
        ([[15339], []], "input[1]"),
        ([[1] * 3] * 4 + [[1] * 17 + [-5]], "input[4][17]"),
        ([[1]] * 2049, "input"),
    ],
)
def test_integers_that_are_no_text(adapter: Adapter, given: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        texts(adapter, given)
    assert (caught.value.status, caught.value.param) == (400, param)
    assert caught.value.message.startswith(param)
    assert len(caught.value.message) < 200


def test_texts_with_an_integer_among_them(adapter: Adapter) -> None:
    with pytest.raises(RequestError, match=r"input\[1\].* all are token integers"):
        texts(adapter, ["hello", 15339])


def test_without_the_plugin_integers_are_refused(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    from bedrock_adapter_plugins import load_builtins

    others = [plugin for plugin in load_builtins() if not plugin.__name__.endswith(".tokens")]
    with pytest.raises(RequestError, match=r"input\[0\] must be a text"):
        bedrock_adapter_for(*others, builtins=False).encode({"model": COHERE_V3, "input": [15339]})


# -- which encoding ------------------------------------------------------------------------------------------------------


def need(adapter: Adapter, model: str) -> Any:
    (need,) = adapter.needs({"model": model, "input": [15339]})
    return need


def test_the_encoding_is_the_alias_s_or_the_openai_name_s_or_the_setting_s(
    bedrock_adapter_for: Callable[..., Adapter], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("bedrock_adapter_plugins.tokens.load_table", asked.append)
    aliases = {
        "mine": {"model": COHERE_V3, "encoding": "p50k_base"},
        "text-embedding-3-*": {"model": COHERE_V3, "encoding": "o200k_base"},
        "davinci": COHERE_V3,
        "other": COHERE_V3,
    }
    adapter = bedrock_adapter_for(
        aliases=aliases, default_embedding_model=COHERE_V3, options={"tokens": {"encoding": "gpt2"}}
    )
    names = (
        "mine",
        "text-embedding-3-small",
        "text-embedding-ada-002",
        "davinci",
        "other",
        COHERE_V3,
        "bedrock_adapter/mine",
    )
    for name in names:
        asyncio.run(need(adapter, name).load(None))
    assert asked == ["p50k_base", "o200k_base", "cl100k_base", "r50k_base", "gpt2", "gpt2", "p50k_base"]


def test_an_alias_with_an_unknown_encoding(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    with pytest.raises(ConfigError, match=r"aliases\.mine\.encoding: there is no encoding 'x'; known are cl100k_base"):
        bedrock_adapter_for(aliases={"mine": {"model": COHERE_V3, "encoding": "x"}})


# -- loading -------------------------------------------------------------------------------------------------------------


def test_encode_without_the_table_names_the_need(adapter: Adapter) -> None:
    with pytest.raises(NeedsIO) as caught:
        adapter.encode({"model": COHERE_V3, "input": [15339]})
    assert [caught.value.need] == adapter.needs({"model": COHERE_V3, "input": [15339]})


def test_texts_need_no_table(adapter: Adapter) -> None:
    for plain in ("a", ["a"], [{"type": "text", "text": "a"}], [[{"type": "text", "text": "a"}]], [], None):
        assert adapter.needs({"model": COHERE_V3, "input": plain}) == []


def test_a_table_is_read_once_and_in_a_thread(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    read = encodings._read

    def watched(encoding: encodings.Encoding) -> list[bytes]:
        threads.append(threading.current_thread())
        return read(encoding)

    monkeypatch.setattr(encodings, "_read", watched)

    async def load() -> list[Any]:
        return await asyncio.gather(*(CL100K.load(None) for _ in range(8)))

    tables = asyncio.run(load())
    assert all(table is tables[0] for table in tables)
    (thread,) = threads
    assert thread is not threading.main_thread()


def test_carried_tokens_are_openai_s(fresh: Path) -> None:
    """Written as OpenAI publishes them, they have OpenAI's checksum."""
    table = encodings.load_table("cl100k_base")
    lines = [b"%s %d\n" % (base64.b64encode(table.tokens[number]), number) for number in range(100_256)]
    assert hashlib.sha256(b"".join(lines)).hexdigest() == encodings._SHA256["cl100k_base"]


def test_a_damaged_carried_file(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lzma.decompress", lambda packed: b"\1" * 100_256 + b"a" * 100_256)
    with pytest.raises(ConfigError, match="damaged; reinstall"):
        encodings.load_table("cl100k_base")


def test_a_table_of_tiktoken_s_cache(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"aGVsbG8= 0\nIHdvcmxk 1\n"
    monkeypatch.setitem(encodings._SHA256, "o200k_base", hashlib.sha256(content).hexdigest())
    path = fresh / "fb374d419588a4632f3f557e76b4b70aebbca790"  # as tiktoken and LiteLLM call it
    path.write_bytes(content)
    table = encodings.load_table("o200k_base")
    assert table.join([0, 1, 199999]) == b"hello world<|endoftext|>"
    assert availability()[1] == {"encoding": "o200k_base", "offline": True, "source": str(path)}


def test_a_cached_file_that_is_not_openai_s_is_not_used(fresh: Path) -> None:
    (fresh / "9b5ad71b2ce5302211f9c61530b329a4922fc6a4").write_bytes(b"aGVsbG8= 15339\n")
    (fresh / "fb374d419588a4632f3f557e76b4b70aebbca790").write_bytes(b"aGVsbG8= 0\n")
    assert encodings.load_table("cl100k_base").join([15339]) == b"hello"
    assert not availability()[1]["offline"]


def test_an_encoding_that_is_not_there(
    fresh: Path, bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: BedrockEmulator
) -> None:
    adapter = bedrock_adapter_for(options={"tokens": {"encoding": "o200k_base"}})
    with pytest.raises(
        TokenDecodeError, match=r"o200k_base\.tiktoken as fb374d41\w+ in the directory that TIKTOKEN_CACHE_DIR"
    ):
        adapter.embeddings({"model": COHERE_V3, "input": [15339]})
    assert not bedrock_emulator.requests


def test_doctor_s_rows(fresh: Path) -> None:
    rows = {row["encoding"]: row for row in availability()}
    assert rows["cl100k_base"] == {"encoding": "cl100k_base", "offline": True, "source": "carried by bedrock-adapter"}
    assert not rows["o200k_base"]["offline"]
    assert "TIKTOKEN_CACHE_DIR" in rows["o200k_base"]["source"]
    assert {name for name, row in rows.items() if "litellm" in row["source"]} == {
        "o200k_base",
        "p50k_base",
        "p50k_edit",
    }


def test_litellm_s_copy_is_found_without_importing_it(tmp_path: Path) -> None:
    package = tmp_path / "litellm"
    (package / "litellm_core_utils" / "tokenizers").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    table = resources.files("bedrock_adapter_plugins") / "data" / "tokens" / "cl100k_base.xz"
    content = lzma.decompress(table.read_bytes())
    tokens, at = [], 100_256
    for length in content[:100_256]:
        tokens.append(content[at : at + length])
        at += length
    lines = [b"%s %d\n" % (base64.b64encode(token), number) for number, token in enumerate(tokens)]
    copy = package / "litellm_core_utils" / "tokenizers" / "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
    copy.write_bytes(b"".join(lines))
    code = (
        "from bedrock_adapter_plugins.tokens import availability, encodings\n"
        "print(availability()[0]['source'])\n"
        "print(encodings.load_table('cl100k_base').join([15339]).decode())"
    )
    environ = {key: value for key, value in os.environ.items() if "CACHE_DIR" not in key}
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**environ, "PYTHONPATH": str(tmp_path)},
        check=True,
    )
    assert run.stdout.splitlines() == [str(copy), "hello"]


def test_nothing_is_loaded_before_integers_come() -> None:
    code = (
        "import sys; from bedrock_adapter import Adapter; from bedrock_adapter_plugins import load_builtins\n"
        "adapter = Adapter(plugins=load_builtins(), autoload=False)\n"
        f"adapter.encode({{'model': {COHERE_V3!r}, 'input': ['a']}})\n"
        "from bedrock_adapter_plugins.tokens import encodings\n"
        "print('tiktoken' in sys.modules, 'litellm' in sys.modules, encodings._tables)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False False {}"
