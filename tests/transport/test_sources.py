"""Each source of region, endpoint and credentials on its own."""

import asyncio
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from bedrock_adapter.errors import ConfigError, CredentialsError, TransportError
from bedrock_adapter.transport.http import HttpTransport
from bedrock_adapter.transport.signing import Signer, Signers
from bedrock_adapter.wire import Target, WireRequest

HERE = Target()
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
ROLE = "arn:aws:iam::123456789012:role/r"
CONTROL = WireRequest("ListFoundationModels")


@pytest.fixture
def configure(bedrock_environment: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Sets variables; `config` and `credentials` are the texts of AWS's two files."""

    def run(config: str = "", credentials: str = "", **variables: str) -> None:
        for name, text in (("AWS_CONFIG_FILE", config), ("AWS_SHARED_CREDENTIALS_FILE", credentials)):
            file = tmp_path / name
            file.write_text(text)
            bedrock_environment.setenv(name, str(file))
        for name, value in variables.items():
            bedrock_environment.setenv(name, value)

    return run


def scope(received: Any) -> tuple[str, str]:
    """Access key and region that signed a request."""
    parts = received.headers["authorization"].split("Credential=")[1].split("/")
    return parts[0], parts[2]


def credentials(key: str) -> str:
    return (
        f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        "<SessionToken>token</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
    )


def sts(action: str, key: str) -> bytes:
    return f"<{action}Response><{action}Result>{credentials(key)}</{action}Result></{action}Response>".encode()


async def url(target: Target = HERE, service: str = "bedrock-runtime") -> str:
    return (await Signer(target).endpoint(service)).url


@pytest.mark.parametrize(
    ("variables", "target", "region"),
    [
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, Target(region="eu-west-3"), "eu-west-3"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, HERE, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, HERE, "eu-west-2"),
        ({}, HERE, "eu-north-1"),
        ({"AWS_PROFILE": "other"}, HERE, "sa-east-1"),
        ({}, Target(profile="other"), "sa-east-1"),
    ],
)
async def test_region(configure: Any, variables: dict[str, str], target: Target, region: str) -> None:
    configure("[default]\nregion = eu-north-1\n[profile other]\nregion = sa-east-1\n", **KEYS, **variables)
    assert await url(target) == f"https://bedrock-runtime.{region}.amazonaws.com"


async def test_no_region(configure: Any) -> None:
    configure(**KEYS)
    with pytest.raises(ConfigError, match="AWS_REGION"):
        await url()


@pytest.mark.parametrize(
    ("variables", "runtime", "control"),
    [
        ({}, "https://bedrock-runtime.us-east-1.amazonaws.com", "https://bedrock.us-east-1.amazonaws.com"),
        (
            {"AWS_USE_FIPS_ENDPOINT": "true"},
            "https://bedrock-runtime-fips.us-east-1.amazonaws.com",
            "https://bedrock-fips.us-east-1.amazonaws.com",
        ),
        (
            {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
            "https://bedrock-runtime.us-east-1.api.aws",
            "https://bedrock.us-east-1.api.aws",
        ),
        ({"AWS_ENDPOINT_URL": "http://all:1/"}, "http://all:1", "http://all:1"),
        (
            {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://r:1/base", "AWS_ENDPOINT_URL_BEDROCK": "http://c:1"},
            "http://r:1/base",
            "http://c:1",
        ),
        (
            {"AWS_ENDPOINT_URL": "http://all:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "https://bedrock-runtime.us-east-1.amazonaws.com",
            "https://bedrock.us-east-1.amazonaws.com",
        ),
        (
            {"AWS_REGION": "cn-north-1"},
            "https://bedrock-runtime.cn-north-1.amazonaws.com.cn",
            "https://bedrock.cn-north-1.amazonaws.com.cn",
        ),
        (
            {"AWS_PROFILE": "local"},
            "http://runtime.local:1",
            "http://control.local:1",
        ),
    ],
)
async def test_endpoints(configure: Any, variables: dict[str, str], runtime: str, control: str) -> None:
    configure(
        "[profile local]\nservices = mine\n[services mine]\n"
        "bedrock_runtime =\n  endpoint_url = http://runtime.local:1\n"
        "bedrock =\n  endpoint_url = http://control.local:1\n",
        **{"AWS_REGION": "us-east-1", **KEYS, **variables},
    )
    assert (await url(), await url(service="bedrock")) == (runtime, control)


async def test_endpoints_of_the_target_win(configure: Any) -> None:
    configure(**KEYS, AWS_REGION="us-east-1", AWS_ENDPOINT_URL="http://all:1")
    target = Target(runtime_endpoint="http://mine:1/", control_endpoint="http://mine:2")
    assert (await url(target), await url(target, "bedrock")) == ("http://mine:1", "http://mine:2")


@pytest.mark.parametrize("bad", ["ftp://host", "host:80", "https://", "http://host:99999", "http://[host"])
async def test_senseless_endpoint(configure: Any, bad: str) -> None:
    configure(**KEYS, AWS_REGION="us-east-1")
    with pytest.raises(ConfigError, match="http or https"):
        await url(Target(runtime_endpoint=bad))


async def send(server: Any, request: WireRequest, target: Target = HERE, **given: Any) -> Any:
    """The request as it arrived."""
    target = target.over(Target(runtime_endpoint=server.url, region="eu-west-1"))
    await HttpTransport(retries=0, **given).send(request, target)
    return server.requests[-1]


async def test_profile(server: Any, configure: Any, converse: WireRequest) -> None:
    configure(
        "[profile dev]\nregion = eu-west-1\n",
        "[dev]\naws_access_key_id = AKIDDEV\naws_secret_access_key = s\naws_session_token = tok\n",
    )
    received = await send(server, converse, Target(profile="dev"))
    assert scope(received) == ("AKIDDEV", "eu-west-1")
    assert received.headers["x-amz-security-token"] == "tok"
    with pytest.raises(ConfigError, match="profile"):
        await send(server, converse, Target(profile="absent"))


async def test_no_credentials(server: Any, configure: Any, converse: WireRequest) -> None:
    configure()
    with pytest.raises(CredentialsError, match="no usable AWS credentials") as caught:
        await send(server, converse)
    assert caught.value.status == 401
    with pytest.raises(ConfigError, match="together"):
        await send(server, converse, Target(access_key="AKIDONLY"))


async def test_container_credentials(server: Any, configure: Any, converse: WireRequest) -> None:
    configure(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{server.url}/creds", AWS_CONTAINER_AUTHORIZATION_TOKEN="let-me")
    server.reply(
        body=b'{"AccessKeyId":"AKIDTASK","SecretAccessKey":"s","Token":"t","Expiration":"2100-01-01T00:00:00Z"}'
    )
    received = await send(server, converse)
    assert server.requests[0].path == "/creds"
    assert server.requests[0].headers["authorization"] == "let-me"
    assert scope(received)[0] == "AKIDTASK"
    assert received.headers["x-amz-security-token"] == "t"


async def test_instance_credentials(server: Any, configure: Any, converse: WireRequest) -> None:
    configure(AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=server.url)
    server.reply(body=b"metadata-token")
    server.reply(body=b"my-role")
    server.reply(
        body=b'{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"AKIDEC2","SecretAccessKey":"s","Token":"t",'
        b'"Expiration":"2100-01-01T00:00:00Z","LastUpdated":"2020-01-01T00:00:00Z"}'
    )
    assert scope(await send(server, converse))[0] == "AKIDEC2"


async def test_assumed_role(server: Any, configure: Any, converse: WireRequest) -> None:
    configure(**KEYS)
    server.reply(body=sts("AssumeRole", "AKIDROLE"), headers={"Content-Type": "text/xml"})
    target = Target(role_arn=ROLE, role_session_name="me", external_id="ext", sts_endpoint=server.url)
    received = await send(server, converse, target)
    asked = parse_qs(server.requests[0].body.decode())
    assert (asked["Action"], asked["RoleArn"], asked["RoleSessionName"], asked["ExternalId"]) == (
        ["AssumeRole"], [ROLE], ["me"], ["ext"]
    )  # fmt: skip
    assert scope(server.requests[0]) == ("AKIDEXAMPLE", "eu-west-1")
    assert scope(received)[0] == "AKIDROLE"
    assert received.headers["x-amz-security-token"] == "token"


async def test_role_is_assumed_once_for_many_calls(server: Any, configure: Any, converse: WireRequest) -> None:
    configure(**KEYS)
    server.reply(body=sts("AssumeRole", "AKIDROLE"))
    transport = HttpTransport()
    target = Target(role_arn=ROLE, sts_endpoint=server.url, runtime_endpoint=server.url, region="eu-west-1")
    await asyncio.gather(*(transport.send(converse, target) for _ in range(20)))
    assert len(server.requests) == 21
    assert "RoleSessionName=bedrock-adapter" in server.requests[0].body.decode()


async def test_role_of_a_profile(server: Any, configure: Any, converse: WireRequest) -> None:
    configure(
        f"[profile up]\nrole_arn = {ROLE}\nsource_profile = base\nregion = eu-west-1\n",
        "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n",
        AWS_ENDPOINT_URL_STS=server.url,
    )
    server.reply(body=sts("AssumeRole", "AKIDROLE"))
    assert scope(await send(server, converse, Target(profile="up")))[0] == "AKIDROLE"
    assert scope(server.requests[0])[0] == "AKIDBASE"


async def test_refused_role(server: Any, configure: Any, converse: WireRequest) -> None:
    configure(**KEYS)
    error = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"
    server.reply(403, error.encode())
    with pytest.raises(CredentialsError, match="AssumeRole refused: AccessDenied: not you"):
        await send(server, converse, Target(role_arn=ROLE, sts_endpoint=server.url))


@pytest.mark.parametrize("as_file", [True, False])
async def test_web_identity(server: Any, configure: Any, converse: WireRequest, tmp_path: Path, as_file: bool) -> None:
    configure()
    token = "jwt.from.idp"
    if as_file:
        file = tmp_path / "token"
        file.write_text(token + "\n")
        token = str(file)
    server.reply(body=sts("AssumeRoleWithWebIdentity", "AKIDWEB"))
    received = await send(server, converse, Target(web_identity_token=token, role_arn=ROLE, sts_endpoint=server.url))
    assert parse_qs(server.requests[0].body.decode())["WebIdentityToken"] == ["jwt.from.idp"]
    assert "authorization" not in server.requests[0].headers
    assert scope(received)[0] == "AKIDWEB"


async def test_web_identity_that_cannot_work(
    server: Any, configure: Any, converse: WireRequest, tmp_path: Path
) -> None:
    configure()
    with pytest.raises(ConfigError, match="role_arn"):
        await send(server, converse, Target(web_identity_token="jwt"))
    absent = Target(web_identity_token=str(tmp_path / "absent"), role_arn=ROLE, sts_endpoint=server.url)
    with pytest.raises(ConfigError, match="cannot be read"):
        await send(server, converse, absent)


async def test_bearer_key(server: Any, configure: Any, converse: WireRequest) -> None:
    configure(AWS_BEARER_TOKEN_BEDROCK="from-environment", **KEYS)
    assert (await send(server, converse)).headers["authorization"] == "Bearer from-environment"
    received = await send(server, converse, Target(bearer_token="given"))
    assert received.headers["authorization"] == "Bearer given"
    assert "x-amz-date" not in received.headers
    assert scope(await send(server, converse, Target(access_key="AKIDMINE", secret_key="s")))[0] == "AKIDMINE"


async def test_bearer_key_over_plain_http(configure: Any) -> None:
    configure(AWS_REGION="us-east-1")
    for host in ("http://bedrock.example", "http://10.0.0.1:8080", "http://127.0.0.1.example"):
        with pytest.raises(ConfigError, match="plain http") as caught:
            await url(Target(bearer_token="very-secret", runtime_endpoint=host))
        assert "very-secret" not in caught.value.message
    for host in ("http://localhost:1", "http://127.0.0.9:1", "http://[::1]:1", "https://bedrock.example"):
        assert await url(Target(bearer_token="very-secret", runtime_endpoint=host)) == host


async def test_bearer_key_needs_no_region_where_the_endpoint_is_given(
    server: Any, configure: Any, converse: WireRequest
) -> None:
    configure()
    target = Target(bearer_token="given", runtime_endpoint=server.url)
    assert (await HttpTransport().send(converse, target)).status == 200


async def test_control_plane(server: Any, configure: Any) -> None:
    configure(**KEYS, AWS_REGION="us-east-1", AWS_ENDPOINT_URL_BEDROCK=server.url)
    await HttpTransport().send(CONTROL, HERE)
    (received,) = server.requests
    assert (received.method, received.path, received.body) == ("GET", "/foundation-models", b"")
    assert "/us-east-1/bedrock/aws4_request" in received.headers["authorization"]
    assert "content-type" not in received.headers


async def test_proxy(server: Any, configure: Any, converse: WireRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(**KEYS)
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("//", "//user:pass@"))
    target = Target(region="eu-west-1", runtime_endpoint="http://bedrock.invalid:8080")
    await HttpTransport().send(converse, target)
    (received,) = server.requests
    assert received.path == "http://bedrock.invalid:8080/model/m%3A0/converse"
    assert received.headers["host"] == "bedrock.invalid:8080"
    assert received.headers["proxy-authorization"].startswith("Basic ")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert (await send(server, converse)).path == "/model/m%3A0/converse"


async def test_proxy_that_refuses(
    server: Any, configure: Any, converse: WireRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(**KEYS)
    monkeypatch.setenv("HTTPS_PROXY", server.url.replace("//", "//user:pass@"))
    target = Target(region="eu-west-1", runtime_endpoint="https://bedrock.invalid")
    with pytest.raises(TransportError, match="the proxy refused: HTTP 501") as caught:
        await HttpTransport(retries=0).send(converse, target)
    assert caught.value.code == "proxy_error"
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass@127.0.0.1:1")
    with pytest.raises(TransportError) as caught:
        await HttpTransport(retries=0).send(converse, target)
    assert "user:pass" not in caught.value.message
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass@")
    with pytest.raises(ConfigError, match="proxy") as senseless:
        await HttpTransport(retries=0).send(converse, target)
    assert "user:pass" not in senseless.value.message


async def test_ca_bundle(tls_server: Any, configure: Any, converse: WireRequest, pem: Path, tmp_path: Path) -> None:
    configure(
        f"[profile own]\nca_bundle = {pem}\n", "[own]\naws_access_key_id = A\naws_secret_access_key = s\n", **KEYS
    )
    with pytest.raises(TransportError, match="TLS with Bedrock failed") as caught:
        await send(tls_server, converse)
    assert caught.value.code == "tls_error"
    await send(tls_server, converse, Target(profile="own"))
    configure(**KEYS, AWS_CA_BUNDLE=str(pem))
    await send(tls_server, converse)
    assert len(tls_server.requests) == 2
    for bundle in (tmp_path / "absent", tmp_path):
        configure(**KEYS, AWS_CA_BUNDLE=str(bundle))
        with pytest.raises((ConfigError, TransportError)):
            await send(tls_server, converse)


async def test_the_loop_runs_on_while_credentials_are_awaited(
    server: Any, configure: Any, converse: WireRequest, tmp_path: Path
) -> None:
    """A credential process that ends only once the loop has ticked."""
    ticked = tmp_path / "ticked"
    script = tmp_path / "process.py"
    script.write_text(
        "import json, pathlib, time\n"
        f"while not pathlib.Path({str(ticked)!r}).exists(): time.sleep(0.01)\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': 'AKIDPROC', 'SecretAccessKey': 's',"
        " 'SessionToken': 't', 'Expiration': '2100-01-01T00:00:00Z'}))\n"
    )
    configure(f"[profile slow]\ncredential_process = {sys.executable} {script}\n")
    calls = [asyncio.ensure_future(send(server, converse, Target(profile="slow"))) for _ in range(3)]
    await asyncio.sleep(0.2)
    given_up = calls.pop()
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    ticked.touch()
    assert [scope(received)[0] for received in await asyncio.gather(*calls)] == ["AKIDPROC"] * 2


class Source:
    """Credentials that say when they expire."""

    def __init__(self) -> None:
        self.left = 3600
        self.renewals = 0
        self.gate = threading.Event()
        self.gate.set()

    def refresh_needed(self, within: int | None = None) -> bool:
        return self.left < (900 if within is None else within)

    def get_frozen_credentials(self) -> Any:
        from botocore.credentials import ReadOnlyCredentials

        assert self.gate.wait(10)
        self.renewals += 1
        self.left = 3600
        return ReadOnlyCredentials(f"AKID{self.renewals}", "s", None)


async def test_renewal(configure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(**KEYS, AWS_REGION="eu-west-1")
    source = Source()
    monkeypatch.setattr("bedrock_adapter.transport.signing.credentials_of", lambda *_: source)
    signer = Signer(HERE)

    async def key() -> str:
        headers = await signer.sign("POST", "https://h/", {}, b"")
        return headers["Authorization"].split("=")[1].split("/")[0]

    assert [await key(), await key()] == ["AKID1", "AKID1"]
    source.left = 800  # still good: renewed behind the scenes
    source.gate.clear()
    assert [await key(), await key()] == ["AKID1", "AKID1"]
    source.gate.set()
    await signer._renewing.result()
    assert (await key()).startswith("AKID")
    before = source.renewals
    source.left = 300  # too short for a long call: renewed first, once for everybody
    assert set(await asyncio.gather(key(), key(), key())) == {f"AKID{before + 1}"}
    assert source.renewals == before + 1


def test_signers_are_bounded() -> None:
    signers = Signers()
    first = signers.get(Target(region="0"))
    for number in range(Signers.LIMIT):
        assert signers.get(Target(region="0")) is first
        signers.get(Target(region=f"r{number}"))
    assert len(signers._signers) == Signers.LIMIT
    assert signers.get(Target(region="0")) is first
    signers.forget(Target(region="0"), Signer(HERE))
    assert signers.get(Target(region="0")) is first
    signers.forget(Target(region="0"), first)
    assert signers.get(Target(region="0")) is not first


def test_merged_targets_mix_no_identities() -> None:
    base = Target(region="eu-west-1", access_key="A", secret_key="s", session_token="t", role_arn=ROLE, external_id="e")
    assert Target(access_key="B", secret_key="x").over(base) == Target(
        region="eu-west-1", access_key="B", secret_key="x"
    )
    assert Target(bearer_token="k").over(base) == Target(region="eu-west-1", bearer_token="k")
    assert Target(profile="p").over(base) == Target(region="eu-west-1", profile="p")
    other = Target(role_arn="other").over(base)
    assert (other.access_key, other.role_arn, other.external_id) == ("A", "other", None)
    assert Target(region="us-east-1").over(base).role_arn == ROLE
    assert Target(role_arn=ROLE).over(Target(bearer_token="k")).bearer_token is None
