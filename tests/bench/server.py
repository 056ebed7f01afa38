"""A server to be measured, in a process of its own: `python server.py adapter|proxy`; prints its port.

`GET /cpu` answers with the CPU seconds that the process has used.
"""

import os
import socket
import sys
import time
from typing import Any

import uvicorn


class Metered:
    """An application with `/cpu` before it."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/cpu":
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": repr(time.process_time()).encode()})


class Proxy:
    """The least that a reverse proxy to Bedrock does: sign the body with SigV4, send it, relay what comes."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._session: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._lifespan(receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        url = self._upstream + scope["path"]
        headers = _signed(url, body)
        async with self._session.post(url, data=body, headers=headers) as response:
            kept = [(b"content-type", response.content_type.encode())]
            if response.content_length is not None:
                kept.append((b"content-length", str(response.content_length).encode()))
            await send({"type": "http.response.start", "status": response.status, "headers": kept})
            async for data in response.content.iter_any():
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._session is not None:
            await self._session.close()
        await send({"type": "lifespan.shutdown.complete"})


def _signed(url: str, body: bytes) -> dict[str, str]:
    request = AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
    SigV4Auth(CREDENTIALS, "bedrock", "us-east-1").add_auth(request)
    return dict(request.headers.items())


if sys.argv[1] == "adapter":
    from bedrock_adapter.hosts.asgi import create_app

    app: Any = create_app(auth="bench-key")
else:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    CREDENTIALS = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    app = Proxy(os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"])

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(Metered(app), log_level="warning", access_log=False)
uvicorn.Server(config).run(sockets=[listener])
