"""`bedrock-adapter demo`, as a newcomer runs it."""

import os
import signal
import subprocess
import sys

import openai
import pytest

COMMAND = [sys.executable, "-m", "bedrock_adapter", "demo", "--keep"]


@pytest.mark.slow
@pytest.mark.proxy
def test_the_demo_shows_everything_and_stays_up() -> None:
    process = subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert process.stdout is not None
    seen, exports = "", {}
    for line in process.stdout:
        seen += line
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            exports[name] = value
            if name == "OPENAI_API_KEY":
                break
    try:
        assert set(exports) == {"OPENAI_BASE_URL", "OPENAI_API_KEY"}, seen
        for part in ("Models", "Chat", "Streaming", "Tools", "Reasoning", "Images", "Embeddings"):
            assert part in seen
        assert "The capital of France is Paris." in seen
        assert "calls get_current_location({})" in seen
        assert "17 * 24 = 408" in seen
        with openai.OpenAI(base_url=exports["OPENAI_BASE_URL"], api_key=exports["OPENAI_API_KEY"]) as client:
            answer = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Say owl"}])
            assert answer.choices[0].message.content == "owl"
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()
