"""The ASGI host, over real sockets: what an OpenAI client sees."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

uvicorn = pytest.importorskip("uvicorn")
openai = pytest.importorskip("openai")

from bedrock_adapter import Adapter, Note  # noqa: E402
from bedrock_adapter.errors import AuthenticationError, ConfigError, ThrottledError  # noqa: E402
from bedrock_adapter.hosts import sse  # noqa: E402
from bedrock_adapter.hosts.asgi import anonymous, create_app  # noqa: E402
from bedrock_adapter.hosts.notes import notes_header  # noqa: E402
from bedrock_adapter.testing.emulator import BedrockEmulator  # noqa: E402
from bedrock_adapter.testing.scripted import ScriptedTransport, converse_events, converse_response  # noqa: E402

MODEL = "us.amazon.nova-lite-v1:0"
KEY = "sk-test"
CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of a uvicorn server in a thread."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="critical", lifespan="on", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        started = threading.Event()
        startup = server.startup

        async def told(*arguments: Any, **keywords: Any) -> None:
            await startup(*arguments, **keywords)
            started.set()

        server.startup = told
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        assert started.wait(30)
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


def ask(address: str, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(address, timeout=30)
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, data, {"authorization": f"Bearer {KEY}", **names})
    response = connection.getresponse()
    result = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    connection.close()
    return result


@pytest.fixture
def serve(bedrock_adapter_for: Callable[..., Adapter]) -> Iterator[Callable[..., str]]:
    """Serves an adapter: `serve(transport=...)` gives the address."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(*, auth: Any = KEY, **options: Any) -> str:
            return stack.enter_context(served(create_app(auth=auth, adapter=bedrock_adapter_for(**options))))

        yield start


# -- with the openai client ----------------------------------------------------------------------------------------------


def test_the_openai_client(bedrock_emulator: BedrockEmulator, serve: Callable[..., str]) -> None:
    address = serve(default_model=MODEL)
    with openai.OpenAI(base_url=f"http://{address}/v1", api_key=KEY, max_retries=0) as client:
        assert MODEL in [model.id for model in client.models.list()]
        assert client.models.retrieve(MODEL).id == MODEL
        answer = client.chat.completions.create(model="gpt-4o", messages=CHAT["messages"])
        assert answer.model == MODEL
        chunks = list(client.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True}))
        text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
        assert text == answer.choices[0].message.content
        assert chunks[-1].usage.total_tokens == answer.usage.total_tokens
        with pytest.raises(openai.NotFoundError) as unknown:
            client.chat.completions.create(**{**CHAT, "model": "acme.owl-1"})
        assert unknown.value.code == "model_not_found"
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(**CHAT, n=2)
        assert refused.value.param == "n"


async def test_the_async_openai_client(bedrock_emulator: BedrockEmulator, serve: Callable[..., str]) -> None:
    async with openai.AsyncOpenAI(base_url=f"http://{serve()}/api/v1", api_key=KEY, max_retries=0) as client:
        answers = await asyncio.gather(*(client.chat.completions.create(**CHAT) for _ in range(5)))
        assert {answer.choices[0].finish_reason for answer in answers} == {"stop"}


# -- routes, keys, errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["/v1", "/api/v1"])
def test_an_arn_in_the_path(bedrock_emulator: BedrockEmulator, serve: Callable[..., str], prefix: str) -> None:
    address = serve()
    listed = json.loads(ask(address, "GET", f"{prefix}/models")[2])["data"]
    arn = next(model["id"] for model in listed if model["id"].startswith("arn:"))
    assert json.loads(ask(address, "GET", f"{prefix}/models/{arn}")[2])["id"] == arn
    status, _, body = ask(address, "GET", f"{prefix}/models/acme.owl-1")
    assert (status, json.loads(body)["error"]["code"]) == (404, "model_not_found")


def test_health_needs_no_key(serve: Callable[..., str]) -> None:
    assert ask(serve(), "GET", "/health", authorization="")[0] == 200


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {KEY}", f"Bearer {KEY}x", "Bearer \u00e9"])
@pytest.mark.parametrize("call", [("GET", "/v1/models"), ("POST", "/v1/chat/completions"), ("POST", "/v1/embeddings")])
def test_a_wrong_key_is_refused(serve: Callable[..., str], call: tuple[str, str], given: str) -> None:
    status, _, body = ask(serve(), *call, authorization=given.encode("utf-8").decode("latin-1"))
    assert (status, json.loads(body)["error"]["code"]) == (401, "invalid_api_key")


def test_auth_must_be_chosen() -> None:
    with pytest.raises(ConfigError, match="BEDROCK_ADAPTER_API_KEY"):
        create_app()
    assert create_app(auth=anonymous)


def test_a_hosts_identity_and_a_callable(
    bedrock_adapter_for: Callable[..., Adapter], monkeypatch: pytest.MonkeyPatch
) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    seen = []
    adapter = bedrock_adapter_for(transport=ScriptedTransport(converse_response("x")))
    answer = adapter.aanswer

    async def spy(request: Any, *, context: Any) -> Any:
        seen.append(context.identity)
        return await answer(request, context=context)

    monkeypatch.setattr(adapter, "aanswer", spy)

    async def check(request: Any) -> str:
        if request.headers.get("x-team") != "owls":
            raise AuthenticationError("owls only")
        return "owls"

    mounted = Starlette(
        routes=[
            Mount("/a", create_app(auth="host", adapter=adapter)),
            Mount("/b", create_app(auth=check, adapter=adapter)),
        ]
    )

    async def authenticated(scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})["identity"] = "team-1"
        await mounted(scope, receive, send)

    with served(authenticated) as address:
        assert ask(address, "POST", "/a/v1/chat/completions", CHAT)[0] == 200
        assert ask(address, "POST", "/b/v1/chat/completions", CHAT, x_team="owls")[0] == 200
        assert ask(address, "POST", "/b/v1/chat/completions", CHAT)[0] == 401
    assert seen == ["team-1", "owls"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"\xff", 400, "invalid_json"),
        (b"", 400, "invalid_json"),
        (b"[]", 400, "invalid_type"),
        (b"[" * 100_000, 400, "invalid_json"),
        (b"{}", 400, "invalid_value"),
        (b'{"temperature": NaN}', 400, "invalid_json"),
    ],
)
def test_bad_bodies(serve: Callable[..., str], body: bytes, status: int, code: str) -> None:
    got, _, said = ask(serve(), "POST", "/v1/chat/completions", body)
    assert (got, json.loads(said)["error"]["code"]) == (status, code)


def test_the_body_is_bounded_with_and_without_a_length(serve: Callable[..., str]) -> None:
    address = serve(max_body=100)
    assert ask(address, "POST", "/v1/chat/completions", b"x" * 101)[0] == 413
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request(
        "POST", "/v1/chat/completions", iter([b"x" * 60] * 2), {"authorization": f"Bearer {KEY}"}, encode_chunked=True
    )
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    ("call", "status"),
    [(("GET", "/nowhere"), 404), (("GET", "/v1/chat/completions"), 405), (("DELETE", "/v1/models"), 405)],
)
def test_unknown_paths_and_methods_answer_in_openais_form(
    serve: Callable[..., str], call: tuple[str, str], status: int
) -> None:
    got, _, body = ask(serve(), *call)
    assert got == status
    said = json.loads(body)["error"]
    assert set(said) == {"message", "type", "param", "code"}
    assert said["code"] == ("method_not_allowed" if status == 405 else "not_found")


def test_request_ids_go_in_and_out(serve: Callable[..., str]) -> None:
    address = serve(transport=ScriptedTransport(converse_response("x")))
    _, headers, _ = ask(address, "POST", "/v1/chat/completions", CHAT, x_request_id="mine-1")
    assert (headers["x-request-id"], headers["x-amzn-requestid"]) == ("mine-1", "scripted")
    generated = ask(address, "GET", "/health")[1]["x-request-id"]
    assert generated
    assert ask(address, "GET", "/health", x_request_id="x" * 200)[1]["x-request-id"] != "x" * 200


@pytest.mark.parametrize("stream", [False, True])
def test_notes_are_in_a_header(serve: Callable[..., str], stream: bool) -> None:
    transport = ScriptedTransport(converse_events("x") if stream else converse_response("x"))
    _, headers, _ = ask(
        serve(transport=transport), "POST", "/v1/chat/completions", {**CHAT, "user": "é", "stream": stream}
    )
    assert [note["param"] for note in json.loads(headers["x-bedrock-adapter-notes"])] == ["user"]


def test_many_notes_fit_a_header() -> None:
    notes = [Note(f"messages[{i}].name", "ignored", "é" * 40, "messages") for i in range(500)]
    text = notes_header(notes)
    assert len(text) <= 4096
    assert text.isascii()
    shown = json.loads(text)
    assert shown[-1] == {"more": 501 - len(shown)}


@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_bedrock_keep_their_status_and_headers(serve: Callable[..., str], stream: bool) -> None:
    address = serve(transport=ScriptedTransport(ThrottledError("slow down", retry_after=7, request_id="r1")))
    status, headers, body = ask(address, "POST", "/v1/chat/completions", {**CHAT, "stream": stream})
    assert (status, headers["retry-after"], headers["x-amzn-requestid"]) == (429, "7", "r1")
    assert json.loads(body)["error"] == {
        "message": "slow down",
        "type": "rate_limit_error",
        "param": None,
        "code": "rate_limit_exceeded",
    }


@pytest.mark.parametrize("stream", [False, True])
def test_an_unexpected_failure_tells_nothing_of_the_inside(serve: Callable[..., str], stream: bool) -> None:
    address = serve(transport=ScriptedTransport(RuntimeError("secret detail")))
    status, headers, body = ask(
        address, "POST", "/v1/chat/completions", {**CHAT, "stream": stream}, x_request_id="mine-1"
    )
    assert (status, headers["x-request-id"]) == (500, "mine-1")
    assert b"secret" not in body
    assert json.loads(body)["error"]["code"] == "internal_error"


def test_browsers_of_allowed_origins(serve: Callable[..., str]) -> None:
    headers = {"origin": "https://chat.example", "access_control_request_method": "POST"}
    address = serve(cors_origins=("https://chat.example",))
    assert (
        ask(address, "OPTIONS", "/v1/chat/completions", **headers)[1]["access-control-allow-origin"]
        == "https://chat.example"
    )
    assert "access-control-allow-origin" not in ask(address, "GET", "/health", origin="https://evil.example")[1]


# -- streams -------------------------------------------------------------------------------------------------------------


def test_a_failure_in_the_middle_is_an_error_event_without_done(serve: Callable[..., str]) -> None:
    events: list[Any] = [*converse_events("Hi")[:3], ThrottledError("slow down")]
    status, _, body = ask(
        serve(transport=ScriptedTransport(events)), "POST", "/v1/chat/completions", {**CHAT, "stream": True}
    )
    assert status == 200
    *_, last = [line for line in body.split(b"\n") if line.startswith(b"data: ")]
    assert json.loads(last[6:])["error"]["code"] == "rate_limit_exceeded"
    assert b"[DONE]" not in body


def test_a_truncated_stream_is_an_error_event(serve: Callable[..., str]) -> None:
    address = serve(transport=ScriptedTransport(converse_events("Hi")[:3]))
    body = ask(address, "POST", "/v1/chat/completions", {**CHAT, "stream": True})[2]
    assert b'"code":"incomplete_stream"' in body
    assert b"[DONE]" not in body


class HeldTransport(ScriptedTransport):
    """A stream that waits for `release` before its second event, and says when it was closed."""

    def __init__(self, held: str) -> None:
        super().__init__(converse_events("Hello"))
        self.held = held
        self._go = asyncio.Event()
        self.dropped = threading.Event()

    async def open_stream(self, request: Any, target: Any, timeout: float | None = None) -> Any:
        self._loop = asyncio.get_running_loop()
        if self.held == "opening":
            await self._wait()
        stream = await super().open_stream(request, target, timeout)
        outer = self

        class Held:
            headers = stream.headers

            async def __aiter__(self) -> Any:
                async for number, batch in _numbered(stream):
                    if number == 2 and outer.held == "middle":
                        await outer._wait()
                    yield batch

            async def aclose(self) -> None:
                outer.dropped.set()
                await stream.aclose()

        return Held()

    async def send(self, *arguments: Any) -> Any:
        await self._wait()
        return await super().send(*arguments)

    def release(self) -> None:
        """From another thread."""
        self._loop.call_soon_threadsafe(self._go.set)

    async def _wait(self) -> None:
        try:
            await self._go.wait()
        except asyncio.CancelledError:
            self.dropped.set()
            raise


async def _numbered(stream: Any) -> Any:
    number = 0
    async for batch in stream:
        yield number, batch
        number += 1


@pytest.mark.parametrize("held", ["opening", "middle"])
def test_a_comment_keeps_a_silent_connection_alive(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.05)
    transport = HeldTransport(held)
    connection = http.client.HTTPConnection(serve(transport=transport), timeout=30)
    connection.request(
        "POST", "/v1/chat/completions", json.dumps({**CHAT, "stream": True}), {"authorization": f"Bearer {KEY}"}
    )
    response = connection.getresponse()
    seen = b""
    while b": keep-alive" not in seen:
        seen += response.read1(65536)
    transport.release()
    seen += response.read()
    assert b"[DONE]" in seen
    connection.close()


@pytest.mark.parametrize(("held", "stream"), [("opening", True), ("middle", True), ("opening", False)])
def test_when_the_client_leaves_bedrocks_side_is_dropped_at_once(
    serve: Callable[..., str], held: str, stream: bool
) -> None:
    transport = HeldTransport(held)
    connection = http.client.HTTPConnection(serve(transport=transport), timeout=30)
    connection.request(
        "POST", "/v1/chat/completions", json.dumps({**CHAT, "stream": stream}), {"authorization": f"Bearer {KEY}"}
    )
    if held == "middle":
        connection.getresponse().read1(10)
    connection.sock.close() if connection.sock else None
    connection.close()
    assert transport.dropped.wait(10)


def test_one_slow_stream_does_not_hold_up_others(serve: Callable[..., str]) -> None:
    transport = HeldTransport("middle")
    address = serve(transport=transport)
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request(
        "POST", "/v1/chat/completions", json.dumps({**CHAT, "stream": True}), {"authorization": f"Bearer {KEY}"}
    )
    response = connection.getresponse()
    assert ask(address, "GET", "/health")[0] == 200, "answered while the stream waits"
    transport.release()
    assert b"[DONE]" in response.read()
    connection.close()
