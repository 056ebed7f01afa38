"""Embeddings as real clients ask for them, over both hosts: base64 by default, token integers by default."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn")
openai = pytest.importorskip("openai")

from bedrock_adapter import Adapter  # noqa: E402

from ..hosts.litellm.proxies import KEY  # noqa: E402
from .conftest import EMBEDDER, Host  # noqa: E402

MODEL = EMBEDDER
ALIAS = "text-embedding-3-small"
TEXTS = ["The owl hoots at night.", "Bäume 🌳 und 木", "x"]


@pytest.fixture
def direct(bedrock_adapter_for: Callable[..., Adapter], bedrock_emulator: object) -> list[list[float]]:
    """What the vectors are, asked for without any client."""
    answer = bedrock_adapter_for().embeddings({"model": MODEL, "input": TEXTS})
    return [item["embedding"] for item in answer["data"]]


@pytest.fixture
def offline_tiktoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own tokenizer, from a file."""
    from bedrock_adapter_plugins.tokens.encodings import ENCODINGS, load_table

    table, encoding = load_table("cl100k_base"), ENCODINGS["cl100k_base"]
    lines = [
        b"%s %d\n" % (base64.b64encode(token), number)
        for number, token in table.tokens.items()
        if number not in encoding.special
    ]
    (tmp_path / encoding.cached_name).write_bytes(b"".join(lines))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))


def close(got: list[list[float]], wanted: list[list[float]]) -> bool:
    return [pytest.approx(vector, abs=1e-6) for vector in wanted] == got


@pytest.mark.parametrize("model", [MODEL, ALIAS])
def test_openai_client(host: Host, address: str, direct: list[list[float]], model: str) -> None:
    with openai.OpenAI(base_url=address, api_key=KEY, max_retries=0) as client:
        default = client.embeddings.create(model=model, input=TEXTS, user="me")
        floats = client.embeddings.create(model=model, input=TEXTS, encoding_format="float")
        short = client.embeddings.create(
            model=model, input=[[15339], [15339, 1917]], dimensions=256, extra_body={"input_type": "search_query"}
        )
        with pytest.raises(openai.BadRequestError, match="256, 512, 1024, 1536") as caught:
            client.embeddings.create(model=model, input="a", dimensions=7)
    assert close([item.embedding for item in default.data], direct)
    assert [item.embedding for item in floats.data] == direct
    assert default.model == (MODEL if host.name == "serve" else model), "LiteLLM echoes what the client asked for"
    assert default.usage.prompt_tokens > 0
    assert [len(item.embedding) for item in short.data] == [256, 256]
    assert caught.value.param == "dimensions"


async def test_async_openai_client_with_a_batch(address: str) -> None:
    async with openai.AsyncOpenAI(base_url=address, api_key=KEY, max_retries=0) as client:
        answer = await client.embeddings.create(model=MODEL, input=[f"text {number}" for number in range(300)])
        last = await client.embeddings.create(model=MODEL, input="text 299")
    assert [item.index for item in answer.data] == list(range(300))
    assert answer.data[299].embedding == last.data[0].embedding


@pytest.mark.usefixtures("offline_tiktoken")
def test_langchain_s_token_integers(address: str, direct: list[list[float]], host: Host) -> None:
    langchain = pytest.importorskip("langchain_openai")
    host.bedrock.requests.clear()
    with openai.DefaultHttpxClient() as http:  # closed here: the class itself never closes one
        embeddings = langchain.OpenAIEmbeddings(
            model=ALIAS, base_url=address, api_key=KEY, max_retries=0, http_client=http
        )
        assert close(embeddings.embed_documents(TEXTS), direct)
        assert close([embeddings.embed_query(TEXTS[1])], direct[1:2])
    sent: list[Any] = [request.body["texts"] for request in host.bedrock.requests if request.operation == "InvokeModel"]
    assert sent == [TEXTS, TEXTS[1:2]]


async def test_llama_index(address: str, direct: list[list[float]]) -> None:
    llama = pytest.importorskip("llama_index.embeddings.openai")
    with openai.DefaultHttpxClient() as http:
        async with openai.DefaultAsyncHttpxClient() as async_http:
            model = llama.OpenAIEmbedding(
                model_name=MODEL,
                api_base=address,
                api_key=KEY,
                max_retries=0,
                http_client=http,
                async_http_client=async_http,
            )
            assert close(model.get_text_embedding_batch(TEXTS), direct)
            assert close([model.get_query_embedding(TEXTS[0])], direct[:1])
            assert close(await model.aget_text_embedding_batch(TEXTS), direct)
