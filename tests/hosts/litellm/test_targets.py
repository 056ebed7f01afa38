"""`aws_*` and `api_key` of a deployment or request select endpoint and credentials; deployments never share them."""

from typing import Any

import litellm
import pytest

from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import EMBEDDER, HELLO, MODEL, Seen, Serve

ALL = {
    "aws_region_name": "eu-west-1",
    "aws_profile_name": "p",
    "aws_access_key_id": "AKIDOWN",
    "aws_secret_access_key": "s",
    "aws_session_token": "t",
    "aws_role_name": "arn:aws:iam::123456789012:role/r",
    "aws_session_name": "n",
    "aws_external_id": "x",
    "aws_web_identity_token": "w",
    "aws_sts_endpoint": "http://127.0.0.1:1",
    "aws_bedrock_runtime_endpoint": "http://127.0.0.1:2",
}


async def test_every_key_reaches_the_target(seen: Seen) -> None:
    with pytest.raises(litellm.BadRequestError):  # after the request was seen, before anything is sent
        await litellm.acompletion(model=MODEL, messages=HELLO, temperature="x", **ALL)
    target = seen.calls[-1].context.target
    assert (target.region, target.profile) == ("eu-west-1", "p")
    assert (target.access_key, target.secret_key, target.session_token) == ("AKIDOWN", "s", "t")
    assert (target.role_arn, target.role_session_name) == ("arn:aws:iam::123456789012:role/r", "n")
    assert (target.external_id, target.web_identity_token) == ("x", "w")
    assert (target.sts_endpoint, target.runtime_endpoint) == ("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert not any(name.startswith("aws_") for name in seen.request)


async def test_keys_and_region_sign_the_request(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    keys = {"aws_access_key_id": "AKIDOWN", "aws_secret_access_key": "s", "aws_region_name": "eu-west-1"}
    await litellm.acompletion(model=MODEL, messages=HELLO, **keys)
    await litellm.aembedding(model=EMBEDDER, input="a", **keys)
    await litellm.acompletion(model=MODEL, messages=HELLO)
    own, embedding, default = (request.headers["authorization"] for request in bedrock_emulator.requests)
    assert "Credential=AKIDOWN/" in own
    assert "/eu-west-1/" in own
    assert "Credential=AKIDOWN/" in embedding
    assert "Credential=AKIDEMULATOR/" in default
    assert "/us-east-1/" in default


async def test_deployments_of_a_router_do_not_share_credentials(
    serve: Serve, bedrock_emulator: BedrockEmulator
) -> None:
    models = [
        {
            "model_name": name,
            "litellm_params": {"model": MODEL, "aws_access_key_id": f"AKID{name}", "aws_secret_access_key": "s"},
        }
        for name in ("A", "B")
    ]
    router = litellm.Router(model_list=models)
    for name in ("A", "B", "A"):
        await router.acompletion(model=name, messages=HELLO)
    signed = [request.headers["authorization"].partition("Credential=")[2][:5] for request in bedrock_emulator.requests]
    assert signed == ["AKIDA", "AKIDB", "AKIDA"]


async def test_api_key_is_a_bedrock_api_key(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    await litellm.acompletion(model=MODEL, messages=HELLO, api_key="bedrock-api-key-1")
    assert bedrock_emulator.requests[-1].headers["authorization"] == "Bearer bedrock-api-key-1"


async def test_api_base_is_a_runtime_endpoint(
    seen: Seen, bedrock_emulator: BedrockEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:1")
    await litellm.acompletion(model=MODEL, messages=HELLO, api_base=bedrock_emulator.url)
    assert len(bedrock_emulator.requests) == 1


async def test_signers_are_bounded(
    serve: Serve, bedrock_emulator: BedrockEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bedrock_adapter.transport.signing import Signers

    monkeypatch.setattr(Signers, "LIMIT", 2)
    transport: Any = serve().transport
    for number in range(4):
        await litellm.acompletion(model=MODEL, messages=HELLO, api_key=f"key-{number}")
    assert len(transport._signers._signers) == 2


def test_litellm_does_not_warn_of_keys_that_we_read(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    litellm.Router(model_list=[{"model_name": "m", "litellm_params": {"model": MODEL, "aws_region_name": "eu-west-1"}}])
    assert "ignores them" not in caplog.text
