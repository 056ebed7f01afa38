"""Other ways to start the proxy: beside a source checkout, by the command, with several workers."""

import sys
from pathlib import Path

import pytest

import bedrock_adapter

from .conftest import EMBEDDER, HELLO, MODEL
from .proxies import ONE_LINE, Proxy, running

pytestmark = pytest.mark.proxy

OWN_LIST = """
model_list:
  - model_name: mine
    litellm_params: {model: "%s", aws_access_key_id: AKIDMINE, aws_secret_access_key: s, aws_region_name: eu-west-1}
  - {model_name: vectors, litellm_params: {model: "%s"}}
"""


def ask(proxy: Proxy, model: str) -> str:
    with proxy.openai() as client:
        answer = client.chat.completions.create(model=model, messages=HELLO, reasoning_effort="low", max_tokens=4000)
    return str(answer.choices[0].message.content)


def test_config_beside_a_source_checkout(tmp_path: Path) -> None:
    """LiteLLM loads `<config dir>/bedrock_adapter/…` by file first: a second copy would know nothing of the first."""
    for name in ("bedrock_adapter", "plugins"):
        (tmp_path / name).symlink_to(Path(bedrock_adapter.__file__).parent.parent / name)
    config = ONE_LINE.replace("litellm_settings:", "litellm_settings:\n  drop_params: true") + OWN_LIST % (
        MODEL,
        EMBEDDER,
    )
    with running(tmp_path, config=config) as proxy:
        assert sorted(proxy.models()) == ["mine", "vectors"]  # an operator's own list is the only door
        assert ask(proxy, "mine")
        request = proxy.bedrock.requests[-1]
        assert "thinking" in request.body["additionalModelRequestFields"]
        assert "Credential=AKIDMINE/" in request.headers["authorization"]
        with proxy.openai() as client:
            assert len(client.embeddings.create(model="vectors", input="a", dimensions=256).data[0].embedding) == 256
            client.embeddings.create(model="vectors", input=[[9906, 1917]])
        assert proxy.bedrock.requests[-1].body["inputText"] == "Hello world"
        assert "ignores them" not in proxy.log.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
def test_command_with_two_workers(tmp_path: Path, server: str) -> None:
    arguments = [
        "--num_workers",
        "2",
        *(["--run_gunicorn"] if server == "gunicorn" else ["--timeout_worker_healthcheck", "120"]),
    ]
    code = "import sys; from bedrock_adapter.hosts.litellm.cli import run; sys.exit(run(sys.argv[1:]))"
    with running(tmp_path, *arguments, config=None, command=[sys.executable, "-c", code]) as proxy:
        for _ in range(3):  # a list that lacks anything comes from a worker that has not published yet
            proxy.wait_for(lambda: MODEL in proxy.models())
        assert all(ask(proxy, MODEL) for _ in range(8))
