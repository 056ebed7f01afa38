"""A FastAPI gateway that existed before, with keys of its own, gains Bedrock in two ways:

/bedrock/v1/...   OpenAI's whole API: our ASGI application, mounted
/summaries        an endpoint of its own, which calls the `Adapter`

uvicorn app:app
"""

import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from bedrock_adapter import Adapter, AdapterError, Context, RequestError
from bedrock_adapter.hosts.asgi import create_app

MODEL = os.environ.get("SUMMARY_MODEL", "us.amazon.nova-lite-v1:0")
KEYS: dict[str, str] = json.loads(os.environ.get("GATEWAY_KEYS", "{}"))  # key -> team


class Authentication:
    """The gateway's own: who has a key is a team, for every path. The mounted application learns it from the scope's state."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"authorization", b"").removeprefix(b"Bearer ")
        team = next((team for key, team in KEYS.items() if hmac.compare_digest(given, key.encode())), None)
        if team is None:
            refusal = {"error": {"message": "unknown key", "type": "authentication_error", "param": None, "code": None}}
            await JSONResponse(refusal, 401)(scope, receive, send)
            return
        scope.setdefault("state", {})["identity"] = team
        await self.app(scope, receive, send)


adapter = Adapter()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Starlette runs no lifespan of mounted applications: whoever made the adapter closes it."""
    yield
    await adapter.aclose()


app = FastAPI(lifespan=lifespan)
app.add_middleware(Authentication)
app.mount("/bedrock", create_app(adapter=adapter, auth="host"))


class Asked(BaseModel):
    """The body of a request for a summary."""

    text: str


@app.post("/summaries")
async def summaries(body: Asked, request: Request) -> Any:
    """`{"text": "..."}` in, `{"summary": "...", "tokens": N}` out."""
    asked = {
        "model": MODEL,
        "messages": [
            {"role": "system", "content": "Summarise in one sentence."},
            {"role": "user", "content": body.text},
        ],
        "max_completion_tokens": 200,
    }
    answer = await adapter.achat(asked, context=Context(identity=request.state.identity))
    return {"summary": answer["choices"][0]["message"]["content"], "tokens": answer["usage"]["total_tokens"]}


@app.exception_handler(AdapterError)
async def failed(_: Request, error: Exception) -> JSONResponse:
    """Every error knows its HTTP status and says itself as OpenAI would."""
    assert isinstance(error, AdapterError)
    return JSONResponse(error.to_openai(), error.status, error.headers())


@app.exception_handler(RequestValidationError)
async def malformed(request: Request, error: Exception) -> JSONResponse:
    """What FastAPI finds wrong with a body, said as OpenAI would."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    param = ".".join(str(part) for part in first["loc"][1:])
    return await failed(request, RequestError(f"{param or 'body'}: {first['msg']}", param=param or None))
